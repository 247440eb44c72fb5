"""The measurements and notes of one viewer: numbered, as pages place them and as pages draw them."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from sarcoma_review.errors import GeometryError
from sarcoma_review.volume import Volume
from sarcoma_review.widgets.marks_file import MarksFile
from sarcoma_review.widgets.measure import (
    Angle,
    Measurement,
    measure_angle,
    measure_length,
    measure_region,
    pin_note,
)

MOST = 200
"""Measurements and notes in one viewer: more are a page's mistake."""


class Marks:
    """Measurements by number; a number is not given twice.

    Parameters
    ----------
    images : mapping of str to Volume
        What may be measured, ``"first"`` and perhaps ``"beside"``, all in one patient space.
    file : str or Path, optional
        Keeps them, where one is given; what it holds is measured anew.

    Raises
    ------
    GeometryError
        If the file holds something else, or was begun on another image.
    """

    def __init__(self, images: Mapping[str, Volume], file: str | Path | None = None) -> None:
        self._images = dict(images)
        self._file = None if file is None else MarksFile(Path(file), self._images["first"])
        self._held: dict[int, Measurement] = {}
        self._last = 0
        self.replace([self.measure(one) for one in (self._file.read() if self._file else ())])

    @property
    def values(self) -> tuple[Measurement, ...]:
        """All, in the order in which they were made."""
        return tuple(self._held.values())

    def replace(self, measurements: Iterable[Measurement]) -> None:
        """Hold these and no others, numbered from 1.

        Raises
        ------
        GeometryError
            If there are more than 200, or one belongs to an image that is not shown.
        """
        kept = tuple(measurements)
        for one in kept:
            self._image(one.image)
        if len(kept) > MOST:
            raise GeometryError(f"a viewer holds up to {MOST} measurements, found {len(kept)}")
        self._held, self._last = dict(enumerate(kept, 1)), len(kept)

    def measure(self, asked: Mapping[str, Any]) -> Measurement:
        """Compute what a page asks for.

        Raises
        ------
        GeometryError
            If it cannot be measured.
        """
        kind, image = str(asked.get("kind", "")), str(asked.get("image", ""))
        points, volume = asked.get("points", ()), self._image(image)
        match kind:
            case "length":
                return measure_length(volume, points, image=image)
            case "angle":
                return measure_angle(volume, points, image=image)
            case "ellipse" | "rectangle":
                return measure_region(volume, kind, points, image=image)
            case "note":
                return pin_note(points, str(asked.get("text", "")), image=image)
        raise GeometryError(f"a measurement is a length, angle, ellipse, rectangle or note, found {kind!r}")

    def add(self, measurement: Measurement) -> None:
        """Hold one more.

        Raises
        ------
        GeometryError
            If there are 200 already.
        """
        if len(self._held) >= MOST:
            raise GeometryError(f"a viewer holds up to {MOST} measurements; delete one first")
        self._last += 1
        self._held[self._last] = measurement

    def remove(self, number: int) -> None:
        """Let one go; one that is gone already stays so."""
        self._held.pop(number, None)

    def save(self) -> None:
        """Put all into the file, where there is one.

        Raises
        ------
        GeometryError
            If it cannot be written.
        """
        if self._file:
            self._file.write(self.values)

    def words(self) -> list[dict[str, Any]]:
        """Describe all of them to a page."""
        return [_words(number, measurement) for number, measurement in self._held.items()]

    def _image(self, name: str) -> Volume:
        if name not in self._images:
            raise GeometryError(f"no image {name!r} is measured here; there are {', '.join(self._images)}")
        return self._images[name]


def _words(number: int, measurement: Measurement) -> dict[str, Any]:
    points = [list(point) for point in measurement.points_mm]
    return {
        "n": number,
        "kind": measurement.kind,
        "image": measurement.image,
        "points": points,
        "words": measurement.words,
        "place": points[1] if isinstance(measurement, Angle) else points[0],
    }
