"""What lies open on the workbench: one study, the folder its work is kept in, and the registry."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any

from sarcoma_review.dicom import Study
from sarcoma_review.errors import PresentationError
from sarcoma_review.privacy.identity import is_pseudonym
from sarcoma_review.registry import Event, Registry
from sarcoma_review.volume import Segment, Volume
from sarcoma_review.workbench.case_folder import CaseFolder, case_key
from sarcoma_review.workbench.recording import opening, reworded

NO_STUDY = "no study is open yet: bring one in first"
SCANS = "dicom"
"""The folder of a case that holds its cleaned images, where they were brought in here."""


@dataclass(frozen=True, eq=False)
class Work:
    """The work on one study.

    Parameters
    ----------
    study : Study
    folder : CaseFolder
    case_id : str
        The patient's pseudonym, or the study's key where there is none.
    """

    study: Study
    folder: CaseFolder
    case_id: str

    @cached_property
    def volumes(self) -> list[Volume]:
        """Every volume that can be shown."""
        return self.study.volumes

    def outlined(self, volume: Volume) -> list[Segment]:
        """Structures that came with the study, drawn on a volume; the tumour first."""
        on_it = [each for each in self.study.segments if each.mask.grid.same_as(volume.grid)]
        return sorted(on_it, key=lambda each: each.name.casefold() != "tumour")

    @property
    def number(self) -> int:
        """Of the volume that is worked on: the one chosen, else the first that carries outlines, else the first.

        Raises
        ------
        PresentationError
            If the study has no volume.
        """
        if not self.volumes:
            raise PresentationError("no volume of this study can be shown; see what was left out under Browse")
        chosen = self.folder.get("volume", None)
        if isinstance(chosen, int) and 0 <= chosen < len(self.volumes):
            return chosen
        return next((n for n, volume in enumerate(self.volumes) if self.outlined(volume)), 0)

    @property
    def plans(self) -> dict[str, list[dict[str, Any]]]:
        """The planes of each plan laid on this volume, as JSON keeps them; positions mean nothing on another."""
        kept: dict[str, list[dict[str, Any]]] = self.folder.get(f"plans {self.number}", {})
        return kept

    def keep_plans(self, plans: dict[str, list[dict[str, Any]]]) -> None:
        """Keep the planes of each plan laid on this volume."""
        self.folder.keep(f"plans {self.number}", plans)

    @property
    def volume(self) -> Volume:
        """The volume that is worked on."""
        return self.volumes[self.number]


@dataclass(eq=False)
class Desk:
    """The open work, and what all tabs share.

    Parameters
    ----------
    home : Path
        Folder of all cases.
    on : date
        The day of the work.
    given : Registry, optional
        Without one, the registry of `home`.
    """

    home: Path
    on: date
    given: Registry | None = None
    _work: Work | None = None
    _opened: list[Callable[[Work], object]] = field(default_factory=list)

    @property
    def is_open(self) -> bool:
        """Whether there is a study to work on."""
        return self._work is not None

    @property
    def work(self) -> Work:
        """The open work.

        Raises
        ------
        PresentationError
            If no study is open.
        """
        if self._work is None:
            raise PresentationError(NO_STUDY)
        return self._work

    @cached_property
    def registry(self) -> Registry:
        """The registry, made with its first use."""
        if self.given is not None:
            return self.given
        self.home.mkdir(parents=True, exist_ok=True)
        return Registry.open(self.home / "registry.sqlite")

    def on_open(self, callback: Callable[[Work], object]) -> None:
        """Call a function with the work on each study that is opened."""
        self._opened.append(callback)

    def open(self, study: Study) -> None:
        """Take a study up where the work on it stopped."""
        key = case_key(study.index.series)
        known = study.pseudonym if is_pseudonym(study.pseudonym) else f"case-{key}"
        self._work = Work(study, CaseFolder(self.home / f"case-{key}"), known)
        for callback in self._opened:
            callback(self._work)

    def record(self, event: Event) -> None:
        """Write an event of this case into the registry, once it says what the case's form says."""
        self.tell_registry()
        self.registry.append(self.work.case_id, event)

    def tell_registry(self) -> None:
        """Open the case in the registry, or correct how it was opened, with what its form says by now."""
        case_id, words = self.work.case_id, self.work.folder.get("words", {})
        if not self.is_recorded:
            self.registry.append(case_id, opening(words))
        elif correction := reworded(self.registry.case(case_id), words):
            self.registry.append(case_id, correction)

    @property
    def is_recorded(self) -> bool:
        """Whether the registry knows this case."""
        return self.work.case_id in self.registry.cases()
