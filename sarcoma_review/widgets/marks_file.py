"""Measurements and notes on disk, beside a case: where they lie, not their numbers, which are computed anew."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sarcoma_review.errors import GeometryError
from sarcoma_review.volume import Volume
from sarcoma_review.widgets.fingerprint import fingerprint
from sarcoma_review.widgets.measure import Measurement, Note

VERSION = 1


class MarksFile:
    """A file of measurements, begun on one image.

    Parameters
    ----------
    path : Path
        Begun when the first measurement is kept.
    volume : Volume
        The first image.

    Raises
    ------
    GeometryError
        If the file holds something else, or was begun on another image.
    """

    def __init__(self, path: Path, volume: Volume) -> None:
        self._path = path
        self._head = {"measurements": VERSION, **fingerprint(volume)}

    def read(self) -> list[dict[str, Any]]:
        """What was kept, each as a page would ask for it; nothing where there is no file yet."""
        if not self._path.exists():
            return []
        try:
            held = json.loads(self._path.read_text(encoding="utf-8"))
            marks = held.pop("marks")
        except (ValueError, KeyError, AttributeError):
            raise GeometryError(f"{self._path.name} holds no measurements: another file is needed") from None
        if held != self._head or not isinstance(marks, list):
            raise GeometryError(f"{self._path.name} was begun on another image: expected the same grid and voxels")
        return marks

    def write(self, measurements: Sequence[Measurement]) -> None:
        """Put these in the place of what was kept, whole or not at all.

        Raises
        ------
        GeometryError
            If the file cannot be written.
        """
        text = json.dumps({**self._head, "marks": [_words(one) for one in measurements]}, indent=1)
        half = self._path.with_name(self._path.name + ".part")
        try:
            with half.open("w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            half.replace(self._path)
        except OSError as error:
            raise GeometryError(f"the measurements were not saved: {error.strerror}") from error


def _words(one: Measurement) -> dict[str, Any]:
    text = {"text": one.text} if isinstance(one, Note) else {}
    return {"kind": one.kind, "image": one.image, "points": [list(point) for point in one.points_mm], **text}
