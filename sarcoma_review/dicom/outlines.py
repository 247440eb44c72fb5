"""Closed contours of a mask's slice, finer than its pixels; holes are reached through a keyhole.

Readers differ in what two contours, one within the other, mean: some fill both, some turn over what both enclose. A
hole is therefore joined to what surrounds it by a cut of no width, which both read alike.
"""

import numpy as np
from numpy.typing import NDArray
from skimage.measure import find_contours

from sarcoma_review.volume import Volume

Floats = NDArray[np.float64]

_OFF_CENTRE = 0.005  # of a pixel: no line runs nearer to a pixel's centre, and rounding takes none across
_CUT = 0.2718  # of a pixel: cuts run between rows of pixel centres, through which no line then passes


def slice_outlines(values: NDArray[np.bool_] | NDArray[np.floating]) -> list[Floats]:
    """Follow one half round every region of a slice, by marching squares.

    Parameters
    ----------
    values : ndarray, shape (rows, columns)
        Boolean, or float in 0 to 1, of which one half and more is inside.

    Returns
    -------
    list of ndarray, shape (n, 2)
        Row and column of the corners, the first not repeated, one array for each region: with holes joined to it.
        Pixels that touch at corners alone are regions of their own.

    Examples
    --------
    >>> ring = np.ones((5, 5), bool)
    >>> ring[2, 2] = False
    >>> [len(outline) for outline in slice_outlines(ring)]  # 20 round it, 4 round the hole, 4 ends of the cut
    [28]
    """
    shares = values.astype(np.float64)
    sure = np.where(shares >= 0.5, np.maximum(shares, 0.5 + _OFF_CENTRE), np.minimum(shares, 0.5 - _OFF_CENTRE))
    closed = [line[:-1] - 1.0 for line in find_contours(np.pad(sure, 1), 0.5, fully_connected="low")]
    outer = [line for line in closed if _signed_area(line) > 0]
    holes = [line for line in closed if _signed_area(line) < 0]
    # A cut from a hole's rightmost place meets an outline that reaches further right: joined already.
    for hole in sorted(holes, key=lambda line: -float(line[:, 1].max())):
        _join(outer, hole)
    return outer


def mask_outlines(mask: Volume) -> dict[int, list[Floats]]:
    """Closed contours of a mask by slice number, LPS mm, each of shape (n, 3); see `slice_outlines`."""
    found = {}
    for number in np.flatnonzero((mask.array >= 0.5).any(axis=(1, 2))).tolist():
        flat = slice_outlines(mask.array[number])
        found[number] = [mask.position_mm(np.insert(line, 0, number, axis=1)) for line in flat]
    return found


def _signed_area(line: Floats) -> float:
    following = np.roll(line, -1, axis=0)
    return float((line[:, 1] * following[:, 0] - line[:, 0] * following[:, 1]).sum())


def _join(outer: list[Floats], hole: Floats) -> None:
    """Put a hole into the outline that lies to the right of its rightmost place."""
    at_row = float(hole[hole[:, 1].argmax(), 0]) + _CUT
    edges, columns = _crossings(hole, at_row)
    leaves = int(columns.argmax())
    start, edge = float(columns[leaves]), int(edges[leaves])
    beyond = [
        (float(column), number, int(before))
        for number, line in enumerate(outer)
        for before, column in zip(*_crossings(line, at_row), strict=True)
        if column > start
    ]
    stop, number, before = min(beyond)
    cut = np.array([[at_row, stop], [at_row, start]])
    turned = np.roll(hole, -(edge + 1), axis=0)
    line = outer[number]
    outer[number] = np.concatenate([line[: before + 1], cut, turned, cut[::-1], line[before + 1 :]])


def _crossings(line: Floats, at_row: float) -> tuple[NDArray[np.int_], Floats]:
    """Edges of a polygon that cross a row, by their first corner, and the columns where they do."""
    above = line[:, 0] <= at_row
    edges = np.flatnonzero(above != np.roll(above, -1))
    one, other = line[edges], line[(edges + 1) % len(line)]
    share = (at_row - one[:, 0]) / (other[:, 0] - one[:, 0])
    return edges, one[:, 1] + share * (other[:, 1] - one[:, 1])
