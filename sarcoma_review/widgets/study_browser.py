"""The study browser: what a study holds, by pictures, and what was left out, with the reasons."""

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import anywidget

from sarcoma_review.errors import PresentationError
from sarcoma_review.present import thumbnail
from sarcoma_review.volume import Segment, Volume, require_clearance
from sarcoma_review.widgets.settings import Checked, image_words

STATIC = Path(__file__).parent / "static"
Opened = Callable[[Volume], object]
"""Called with the volume that was opened."""


class StudyLike(Protocol):
    """What the browser asks of a study: that of `sarcoma_review.open_study` has it."""

    @property
    def volumes(self) -> Sequence[Volume]:
        """Every volume that can be shown."""

    @property
    def segments(self) -> Sequence[Segment]:
        """Every outlined structure."""

    @property
    def skipped(self) -> Sequence[tuple[Path, str]]:
        """Files and images that are in no volume, each with the reason."""

    @property
    def issues(self) -> Sequence[str]:
        """What was refused, and what should be known."""


class StudyBrowser(anywidget.AnyWidget):
    """Every volume of a study as a picture to open, and everything that was left out, counted by reason.

    A click, or Enter, opens a volume; arrow keys go from one to the next. Files are counted, never named.

    Parameters
    ----------
    study : StudyLike
        Its pictures travel to a page that asks for them, and are never stored in the notebook.

    Attributes
    ----------
    chosen : int
        The number of the volume that is open, from 0; -1 before one is. May be set, which opens it.

    Raises
    ------
    PrivacyError
        If a volume or an outline did not come through the privacy gate.

    Notes
    -----
    A picture is the middle slice as it was acquired, in the window in which the viewer opens.

    Examples
    --------
    >>> import numpy as np
    >>> from types import SimpleNamespace
    >>> ct = Volume(np.zeros((10, 64, 64), np.int16), np.diag([3.0, 0.8, 0.8, 1.0]), modality="CT")
    >>> browser = StudyBrowser(SimpleNamespace(volumes=[ct], segments=[], skipped=[], issues=[]))
    >>> browser
    <StudyBrowser CT 10 x 64 x 64; nothing left out>
    >>> browser.on_open(print)
    >>> browser.chosen = 0
    <Volume CT 10 x 64 x 64, 3.00 x 0.80 x 0.80 mm>
    """

    _esm = STATIC / "browser.js"
    _css = STATIC / "browser.css"

    chosen = Checked(lambda browser, number: _checked_number(number, browser.volumes)).tag(sync=True)

    def __init__(self, study: StudyLike) -> None:
        self._volumes, self._segments = tuple(study.volumes), tuple(study.segments)
        for volume in (*self._volumes, *(segment.mask for segment in self._segments)):
            require_clearance(volume, "The study browser")
        self._left_out = Counter(reason for _, reason in study.skipped)
        self._issues = tuple(study.issues)
        self._guard = threading.RLock()
        self._opened: list[Opened] = []
        super().__init__(chosen=-1)
        self.observe(lambda _change: self._tell(), "chosen")
        self.on_msg(self._answer)

    @property
    def volumes(self) -> tuple[Volume, ...]:
        """The volumes to choose from, in the study's order."""
        return self._volumes

    @property
    def volume(self) -> Volume | None:
        """The volume that is open, or None."""
        return None if self.chosen < 0 else self._volumes[self.chosen]

    @property
    def segments(self) -> tuple[Segment, ...]:
        """Structures outlined on the volume that is open."""
        return () if self.volume is None else self._outlined(self.volume)

    @property
    def left_out(self) -> dict[str, int]:
        """How many files and images were left out, by reason, the most frequent first."""
        return dict(self._left_out.most_common())

    def on_open(self, callback: Opened) -> None:
        """Call a function with each volume that is opened, here or on a page, anew where it was open already.

        Parameters
        ----------
        callback : callable
            Takes the volume. Jupyter may call it from a thread of its own, while a cell runs.
        """
        self._opened.append(callback)

    def __repr__(self) -> str:
        kinds = ", ".join(image_words(volume) for volume in self._volumes)
        left = self._left_out.total()
        return f"<StudyBrowser {kinds or 'no volumes'}; {f'{left} left out' if left else 'nothing left out'}>"

    def _tell(self) -> None:
        if self.volume is not None:
            for callback in self._opened:
                callback(self.volume)

    def _outlined(self, volume: Volume) -> tuple[Segment, ...]:
        return tuple(segment for segment in self._segments if segment.mask.grid.same_as(volume.grid))

    def _answer(self, _widget: object, asked: dict[str, Any], _buffers: object) -> None:
        with self._guard:
            match asked:
                case {"t": "hello", "page": str(page)}:
                    self.send({"t": "study", "to": page, **self._words()})
                    for n, picture in enumerate(self._pictures):
                        self.send({"t": "picture", "to": page, "n": n}, [picture])
                case {"t": "open", "n": int(n)} if 0 <= n < len(self._volumes):
                    if self.chosen == n:
                        self._tell()
                    self.chosen = n

    @cached_property
    def _pictures(self) -> list[bytes]:
        return [thumbnail(volume) for volume in self._volumes]

    def _words(self) -> dict[str, Any]:
        """All but the pictures, for a page."""
        return {
            "volumes": [self._volume_words(volume) for volume in self._volumes],
            "left_out": [{"reason": reason, "count": count} for reason, count in self.left_out.items()],
            "issues": list(self._issues),
        }

    def _volume_words(self, volume: Volume) -> dict[str, Any]:
        return {
            "modality": volume.modality,
            "description": volume.description,
            "shape": volume.shape,
            "spacing_mm": volume.spacing_mm,
            "tilt_deg": volume.grid.tilt_deg,
            "outlines": [segment.name for segment in self._outlined(volume)],
        }


def _checked_number(number: int, volumes: Sequence[Volume]) -> int:
    if number != int(number) or not -1 <= number < len(volumes):
        raise PresentationError(f"the study has volumes 0 to {len(volumes) - 1}, and -1 for none; found {number}")
    return int(number)
