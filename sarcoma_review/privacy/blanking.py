"""What is taken out of a picture: lines of text as bands, and all outside the regions of an ultrasound picture."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Box = tuple[int, int, int, int]
"""Top, left, bottom, right in pixels; bottom and right lie outside."""


@dataclass(frozen=True)
class TextLine:
    """One line of text in a picture.

    Attributes
    ----------
    box : tuple of int
        Top, left, bottom, right in pixels; bottom and right lie outside.
    characters : str
        What was read. It may name a patient, and so is no part of the repr.
    is_marker : bool
        A marker of the side, the direction or the view: it stays in the picture.
    """

    box: Box
    characters: str = field(repr=False)
    is_marker: bool


@dataclass(frozen=True)
class Blanking:
    """What is taken out of a file's pictures.

    Attributes
    ----------
    lines : tuple of TextLine
        Lines of text, and markers that stay; without what was read.
    regions : tuple of Box
        Parts of an ultrasound picture that are image: all outside goes. Empty where the file names none.
    """

    lines: tuple[TextLine, ...] = ()
    regions: tuple[Box, ...] = ()

    @property
    def changes_something(self) -> bool:
        """Whether a pixel is blanked at all."""
        return bool(self.regions) or any(not line.is_marker for line in self.lines)

    def mask(self, shape: tuple[int, ...]) -> NDArray[np.bool_]:
        """Mark the pixels that go, on a picture of this many rows and columns."""
        return mask(shape, self.lines, self.regions)


def mask(shape: tuple[int, ...], lines: Iterable[TextLine], regions: Iterable[Box] = ()) -> NDArray[np.bool_]:
    """Mark what is blanked: each line from the nearer side of the picture to one line height beyond its other end.

    A detector cuts letters off at the ends of a line, so that its box alone is not enough. Markers stay, unless a box
    of text lies over them.

    Parameters
    ----------
    shape : tuple of int
        Rows and columns.
    lines : iterable of TextLine
        As `find_text` gives them.
    regions : iterable of Box
        Where there are any, all outside them is blanked too.
    """
    texts: list[Box] = []
    markers: list[Box] = []
    for line in lines:
        (markers if line.is_marker else texts).append(line.box)
    taken = np.zeros(shape, dtype=np.bool_)
    for boxes, state in (([_band(box, shape[1]) for box in texts], True), (markers, False), (texts, True)):
        for box in boxes:
            taken[slices_of(box)] = state
    inside = np.zeros(shape, dtype=np.bool_)
    for region in regions:
        inside[slices_of(region)] = True
    return taken | ~inside if inside.any() else taken


def blank(
    array: NDArray[Any], lines: Iterable[TextLine], *, regions: Iterable[Box] = (), dark: Any = None
) -> NDArray[Any]:
    """Give a copy of a picture, or of frames of one size, without its lines of text.

    Parameters
    ----------
    array : ndarray, shape (rows, columns), (rows, columns, 3), (frames, rows, columns) or (frames, rows, columns, 3)
        Stored values; the last axis is one of samples where it is 3 or 4 long.
    lines : iterable of TextLine
        As `find_text` gives them.
    regions : iterable of Box
        Where there are any, all outside them goes too.
    dark : scalar or array of one value per sample
        What blanked pixels become; the least value of the array where not given.
    """
    rows_axis = array.ndim - (3 if array.ndim > 2 and array.shape[-1] in (3, 4) else 2)
    taken = mask(array.shape[rows_axis : rows_axis + 2], lines, regions)
    blanked = array.copy()
    blanked[(slice(None),) * rows_axis + (taken,)] = array.min() if dark is None else dark
    return blanked


def _band(box: Box, columns: int) -> Box:
    top, left, bottom, right = box
    height = bottom - top
    margin = max(2, height // 5)
    if left <= columns - right:
        left, right = 0, min(columns, right + height)
    else:
        left, right = max(0, left - height), columns
    return max(0, top - margin), left, bottom + margin, right


def slices_of(box: Box) -> tuple[slice, slice]:
    """The rows and columns of a box."""
    return slice(box[0], box[2]), slice(box[1], box[3])
