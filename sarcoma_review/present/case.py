"""A case presentation as a value: what the deck says, and nothing else."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import date
from typing import Any, Literal

from sarcoma_review.errors import PresentationError
from sarcoma_review.pathways import Pathway, RuleResult
from sarcoma_review.pathways.ewing import EwingLocalTherapy
from sarcoma_review.pathways.wording import personal_signs
from sarcoma_review.planning import MarginReport, ResectionPlan
from sarcoma_review.present.afterwards import Afterwards, Event, LearningPoint
from sarcoma_review.present.figures import KeyImage
from sarcoma_review.staging import Classification
from sarcoma_review.volume import Segment, Volume


@dataclass(frozen=True)
class Option:
    """One way to treat, for discussion beside the others.

    Parameters
    ----------
    name : str
        Unlike that of any other option of the case.
    plan, margins : optional
        The planned resection and what was measured of it; neither for an option without surgery.
    for_, against : sequence of str
        Reasons, one a line.

    Raises
    ------
    PresentationError
        If margins are given without their plan, or with what operation or histology told: that comes after the
        opinions and stands in `Afterwards`.
    """

    name: str
    plan: ResectionPlan | None = None
    margins: MarginReport | None = None
    for_: Sequence[str] = ()
    against: Sequence[str] = ()

    def __post_init__(self) -> None:
        for reasons in ("for_", "against"):
            if isinstance(said := getattr(self, reasons), str):  # one reason, written without brackets round it
                object.__setattr__(self, reasons, (said,))
        if self.margins is not None and self.plan is None:
            raise PresentationError(f"option {self.name!r}: margins are shown with their plan; found none")
        assessment = self.margins.assessment if self.margins else None
        if assessment is not None and assessment.basis != "imaging":
            raise PresentationError(
                f"option {self.name!r}: a planned margin is recorded by imaging; what {assessment.basis} told is "
                "seen after the opinions: give it as Afterwards(assessment=...)"
            )


@dataclass(frozen=True)
class Pathology:
    """What the pathologist wrote; whatever is None is not recorded.

    Parameters
    ----------
    report : str, optional
        Tissue and histological type, as reported.
    grade : str, optional
        With its system.
    review : str, optional
        Whether a specialist sarcoma pathologist has reviewed it.
    molecular : str, optional
        Molecular and genomic tests.
    """

    report: str | None = None
    grade: str | None = None
    review: str | None = None
    molecular: str | None = None


@dataclass(frozen=True, eq=False)
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
    timeline : sequence of Event
        In weeks from diagnosis, which names no day of the patient's.
    performance_status, comorbidity, patient_views, psychosocial : str, optional
    imaging : sequence of Volume
        Oldest first.
    segments : sequence of Segment
        The tumour first.
    key_images : sequence of KeyImage
        The one to be seen first, first.
    pathology : Pathology
    stage : sequence of Classification
        Each with its edition.
    options : sequence of Option
        Two or more, for a discussion.
    pathway, rule_results : optional
    ewing : EwingLocalTherapy, optional
        The local-therapy page, for a case that goes to the national Ewing MDT; the deck has no such page without it.
    findings : sequence of str
        What was noticed on the way: images left out, limits of the measurement.
    after : Afterwards, optional
        What members may see only when they have given their opinions.

    Raises
    ------
    PresentationError
        If a text holds an e-mail address, a telephone number or a name with a title, two options share a name, or
        what was done names an option that the case has not.
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
    timeline: Sequence[Event] = ()
    performance_status: str | None = None
    comorbidity: str | None = None
    patient_views: str | None = None
    psychosocial: str | None = None
    imaging: Sequence[Volume] = ()
    segments: Sequence[Segment] = ()
    key_images: Sequence[KeyImage] = ()
    pathology: Pathology = Pathology()
    stage: Sequence[Classification] = ()
    options: Sequence[Option] = ()
    pathway: Pathway | None = None
    rule_results: Sequence[RuleResult] = ()
    ewing: EwingLocalTherapy | None = None
    findings: Sequence[str] = ()
    after: Afterwards | None = None

    def __post_init__(self) -> None:
        names = [option.name for option in self.options]
        if len(set(names)) < len(names):
            raise PresentationError(f"every option has a name of its own, found {', '.join(map(repr, names))}")
        if self.after and self.after.option not in (None, *names):
            known = ", ".join(map(repr, names)) or "none"
            raise PresentationError(f"what was done names option {self.after.option!r}; the case has {known}")
        for name, text in _typed(self):
            if signs := personal_signs(text):
                raise PresentationError(f"{name}: expected roles and no person, found what looks like {signs[0]}")

    def volumes(self) -> list[Volume]:
        """Every volume of the case, those made after surgery last."""
        return [*self.imaging, *(self.after.imaging if self.after else ())]

    def __repr__(self) -> str:
        return f"<Case {self.case_id}, {len(self.imaging)} volume(s), {len(self.key_images)} key image(s)>"


_WRITTEN = (Option, Pathology, Event, LearningPoint, Afterwards, KeyImage, Case)


def _typed(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """What somebody wrote, with the field it stands in."""
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _typed(each, name)
    elif isinstance(value, _WRITTEN):
        for field in fields(value):
            yield from _typed(getattr(value, field.name), field.name.replace("_", " ").strip())
