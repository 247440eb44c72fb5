"""Two schemes to click on, drawn here: the WBB clock of a vertebra, and the zones of pelvic resection."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Generic, Literal, TypeVar, get_args

from sarcoma_review.errors import PathwayError
from sarcoma_review.staging.resection import PELVIC_ZONES
from sarcoma_review.staging.spine import WBB_LAYERS, WeinsteinBorianiBiagini

Read = TypeVar("Read")
Numbering = Literal["original", "SOSG"]
_RADII = (100.0, 82.0, 64.0, 46.0, 29.0, 13.0)
"""Of the rings A to E from outside in, in units of the picture."""
_SECTOR_DEG = 30.0


@dataclass(frozen=True)
class Shape:
    """One field to click on.

    Parameters
    ----------
    id : str
    path : str
        SVG path, in units of the picture.
    words : str
        What it is called.
    row, column : int
        Where arrow keys find it.
    """

    id: str
    path: str
    words: str
    row: int
    column: int


@dataclass(frozen=True)
class Letter:
    """A text in the picture, about its own middle."""

    x: float
    y: float
    text: str


@dataclass(frozen=True)
class Picture(Generic[Read]):
    """A scheme: its fields, and what chosen fields mean to `sarcoma_review.staging`.

    Parameters
    ----------
    title, note : str
        The note says how the picture lies, and whose scheme it is.
    box : tuple of float
        Left, top, width and height of the picture.
    shapes : tuple of Shape
    letters : tuple of Letter
    read : callable
        From the ids of chosen fields to a value of `sarcoma_review.staging`; not called where none is chosen.
    words : callable
        That value in words that need no title.
    """

    title: str
    note: str
    box: tuple[float, float, float, float]
    shapes: tuple[Shape, ...]
    letters: tuple[Letter, ...]
    read: Callable[[frozenset[str]], Read]
    words: Callable[[Read], str] = str


def clock(numbering: Numbering, levels: tuple[str, ...]) -> Picture[WeinsteinBorianiBiagini]:
    """The WBB clock as on an axial image: front above, the patient's left on the right of the picture.

    Raises
    ------
    PathwayError
        If the numbering is not stated.
    """
    if numbering not in get_args(Numbering):
        raise PathwayError("WBB numbering: expected original or SOSG; sectors without it name no place")

    def read(chosen: frozenset[str]) -> WeinsteinBorianiBiagini:
        sectors, layers = {int(cell[:-1]) for cell in chosen}, {cell[-1] for cell in chosen}
        return WeinsteinBorianiBiagini(frozenset(sectors), frozenset(layers), numbering=numbering, levels=levels)

    way = "clockwise" if numbering == "original" else "counter-clockwise"
    note = (
        f"Numbering: {numbering}, drawn {way} from the spinous process, as on an axial image (front above, "
        "the patient's left on the right). The text read does not state the view of the original; it is drawn in "
        "this one."
    )
    shapes = tuple(_cell(sector, ring, numbering) for ring in range(5) for sector in range(1, 13))
    letters = [_at(108, sector, numbering, str(sector)) for sector in range(1, 13)]
    rings = [Letter(0, -(outer + inner) / 2, name) for name, (outer, inner) in zip(WBB_LAYERS, _rings(), strict=True)]
    places = (
        Letter(0, -122, "front"),
        Letter(0, 123, "spinous process"),
        Letter(-132, 0, "right"),
        Letter(132, 0, "left"),
    )
    return Picture("WBB clock", note, (-150, -132, 300, 264), shapes, (*letters, *rings, *places), read)


def _rings() -> list[tuple[float, float]]:
    return list(pairwise(_RADII))


def _angle(sector: float, numbering: Numbering) -> float:
    """Of a sector's end, in degrees from below, counter-clockwise on the screen."""
    turned = _SECTOR_DEG * sector
    return -turned if numbering == "original" else turned


def _point(radius: float, degrees: float) -> tuple[float, float]:
    """Screen: x to the right, y downward; 0 degrees below, 90 on the right."""
    return radius * math.sin(math.radians(degrees)), radius * math.cos(math.radians(degrees))


def _at(radius: float, sector: int, numbering: Numbering, text: str) -> Letter:
    x, y = _point(radius, _angle(sector - 0.5, numbering))
    return Letter(round(x, 1), round(y, 1), text)


def _cell(sector: int, ring: int, numbering: Numbering) -> Shape:
    (outer, inner), layer = _rings()[ring], list(WBB_LAYERS)[ring]
    first, last = sorted((_angle(sector - 1, numbering), _angle(sector, numbering)))
    corners = [_point(outer, first), _point(outer, last), _point(inner, last), _point(inner, first)]
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = corners
    path = (
        f"M{x0:.2f} {y0:.2f}A{outer:g} {outer:g} 0 0 0 {x1:.2f} {y1:.2f}"
        f"L{x2:.2f} {y2:.2f}A{inner:g} {inner:g} 0 0 1 {x3:.2f} {y3:.2f}Z"
    )
    return Shape(f"{sector}{layer}", path, f"sector {sector}, layer {layer}: {WBB_LAYERS[layer]}", ring, sector - 1)


_OUTLINES = {
    "I": "M-14 -62C-40 -96 -92 -98 -112 -62C-124 -38 -114 -14 -96 4L-58 16C-46 -2 -34 -14 -22 -30Z",
    "II": "M-96 4C-110 18 -108 44 -90 54C-74 62 -58 54 -52 42L-58 16Z",
    "III": "M-52 42L-10 38C-4 38 -2 44 -2 50L-4 66L-16 70C-34 84 -50 102 -64 112C-76 114 -84 106 -82 96L-84 56"
    "C-72 62 -58 54 -52 42ZM-34 58C-44 58 -62 64 -66 74C-68 84 -62 88 -56 84C-46 78 -36 72 -32 64Z",
    "IV": "M-14 -62L34 -62C42 -40 36 -8 20 18C14 28 6 28 0 18C-6 4 -18 -20 -22 -30Z",
}
_LETTERS = {"I": (-70.0, -40.0), "II": (-80.0, 32.0), "III": (-22.0, 48.0), "IV": (8.0, -26.0)}


def pelvis() -> Picture[frozenset[str]]:
    """One half of the pelvis with the sacrum, from the front; the side is recorded elsewhere."""
    shapes = tuple(
        Shape(zone, _OUTLINES[zone], f"zone {zone}: {words}", 0, n)
        for n, (zone, words) in enumerate(PELVIC_ZONES.items())
    )
    letters = tuple(Letter(*_LETTERS[zone], zone) for zone in PELVIC_ZONES)
    note = "Zones of Enneking and Dunham on one half of the pelvis, from the front; a sketch, not to scale."
    return Picture("Pelvic resection zones", note, (-128, -104, 176, 224), shapes, letters, frozenset, _pelvic_words)


def _pelvic_words(zones: frozenset[str]) -> str:
    return f"Pelvic {'zone' if len(zones) == 1 else 'zones'} {', '.join(sorted(zones))}"
