"""A case presentation as a value: what the deck says, and nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

from sarcoma_review.pathways import Pathway, RuleResult
from sarcoma_review.pathways.ewing import EwingLocalTherapy
from sarcoma_review.planning import MarginReport, ResectionPlan
from sarcoma_review.present.figures import KeyImage
from sarcoma_review.volume import Segment, Volume

NOT_RECORDED = "not recorded"


@dataclass(frozen=True)
class Case:
    """One case, ready to be shown at a peer-learning meeting.

    Whatever is None is shown as "not recorded", never left out and never taken for "no".

    Parameters
    ----------
    case_id : str
        A pseudonym.
    question : str
        What the meeting is asked.
    prepared_on : date
        Passed in; decides whether a pathway's review is past due.
    purpose : {"peer_learning", "audit"}
    age_band, sex, site, side, diagnosis, history : str, optional
    imaging : sequence of Volume
        Oldest first.
    segments : sequence of Segment
    key_images : sequence of KeyImage
    plan, margins : optional
        The plan and what was measured of it.
    pathway, rule_results : optional
    ewing : EwingLocalTherapy, optional
        The local-therapy page, for a case that goes to the national Ewing MDT; the deck has no such page without it.
    findings : sequence of str
        What was noticed on the way: images left out, limits of the measurement.
    """

    case_id: str
    question: str
    prepared_on: date
    purpose: Literal["peer_learning", "audit"] = "peer_learning"
    age_band: str | None = None
    sex: str | None = None
    site: str | None = None
    side: str | None = None
    diagnosis: str | None = None
    history: str | None = None
    imaging: Sequence[Volume] = ()
    segments: Sequence[Segment] = ()
    key_images: Sequence[KeyImage] = ()
    plan: ResectionPlan | None = None
    margins: MarginReport | None = None
    pathway: Pathway | None = None
    rule_results: Sequence[RuleResult] = ()
    ewing: EwingLocalTherapy | None = None
    findings: Sequence[str] = ()

    def facts(self) -> list[tuple[str, str]]:
        """The patient and the tumour in words, in the order of a presentation."""
        sides = (
            ("Purpose", self.purpose.replace("_", " ")),
            ("Age", self.age_band),
            ("Sex", self.sex),
            ("Site", self.site),
            ("Side", self.side),
            ("Diagnosis", self.diagnosis),
            ("History", self.history),
        )
        return [(name, value or NOT_RECORDED) for name, value in sides]

    def imaging_lines(self) -> list[str]:
        """Each volume in one line: what it is, its voxels, and how oblique it lies."""
        return [_line(volume) for volume in self.imaging]

    def __repr__(self) -> str:
        return f"<Case {self.case_id}, {len(self.imaging)} volume(s), {len(self.key_images)} key image(s)>"


def _line(volume: Volume) -> str:
    spacing = " × ".join(f"{mm:.2f}" for mm in volume.spacing_mm)
    tilt = f", {volume.grid.tilt_deg:.0f}° oblique" if volume.grid.tilt_deg > 0.5 else ""
    name = f"{volume.modality} {volume.description}".strip()
    return f"{name}: {' × '.join(str(n) for n in volume.shape)} voxels of {spacing} mm (slice × row × column){tilt}"
