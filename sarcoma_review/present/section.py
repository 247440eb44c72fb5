"""Where a slice of a volume lies on a picture: the Python twin of the viewer's ``geometry.js``.

A section is a plane of the scan's own grid, so that true acquired pixels are shown. The patient's right is on the
left of axial and coronal pictures; anterior is on top of axial ones and on the left of sagittal ones.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sarcoma_review.volume import LETTERS, Grid

View = Literal["axial", "coronal", "sagittal"]

# Patient axes (x, y, z) of each view: through, across the picture, down the picture; and whether down is plus.
_PATIENT = {"axial": (2, 0, 1, 1), "coronal": (1, 0, 2, -1), "sagittal": (0, 1, 2, -1)}
_SECOND_LETTER = np.sin(np.radians(20))


@dataclass(frozen=True, eq=False)
class Section:
    """One of the three views of a grid.

    Parameters
    ----------
    view : {"axial", "coronal", "sagittal"}
    through, horizontal, vertical : int
        Index axes (0 slice, 1 row, 2 column).
    to_picture : ndarray, shape (2, 2)
        One step along the horizontal (first column) and the vertical index axis, in mm right and down.
    letters : dict
        Of ``left``, ``right``, ``top`` and ``bottom``: the patient's sides; two where the scan is oblique.
    """

    view: View
    through: int
    horizontal: int
    vertical: int
    to_picture: NDArray[np.float64]
    letters: dict[str, str]


def section(grid: Grid, view: View) -> Section:
    """Say how a view shows a grid."""
    through, across, along, down_is_plus = _PATIENT[view]
    axes = grid.anatomical_axes
    horizontal, vertical = grid.affine[:3, axes[across]], grid.affine[:3, axes[along]]
    right = horizontal / np.linalg.norm(horizontal) * (1 if horizontal[across] >= 0 else -1)
    upright = vertical - (vertical @ right) * right
    sign = 1 if np.sign(vertical[along]) == down_is_plus else -1
    down = sign * upright / np.linalg.norm(upright)
    return Section(
        view=view,
        through=axes[through],
        horizontal=axes[across],
        vertical=axes[along],
        to_picture=np.array([[horizontal @ right, vertical @ right], [0.0, vertical @ down]]),
        letters={
            "left": direction_letters(-right),
            "right": direction_letters(right),
            "top": direction_letters(-down),
            "bottom": direction_letters(down),
        },
    )


def slice_at(grid: Grid, seen: Section, position_mm: Sequence[float] | NDArray[np.float64]) -> int:
    """The number of the slice nearest to a position (LPS mm), which may be none of the grid's.

    Half way between two slices it is the higher, as on a page, so that a still shows what was seen.

    Examples
    --------
    >>> grid = Grid((4, 8, 8), np.diag([1.0, 1.0, 3.0, 1.0])[:, [2, 1, 0, 3]])
    >>> [slice_at(grid, section(grid, "axial"), (0, 0, z_mm)) for z_mm in (1.4, 1.5, 7.5)]
    [0, 1, 3]
    """
    return math.floor(float(grid.index(position_mm)[seen.through]) + 0.5)


def direction_letters(direction: NDArray[np.float64]) -> str:
    """The letter of an LPS unit vector, and a second one where it runs more than 20 degrees towards it.

    Examples
    --------
    >>> direction_letters(np.array([1.0, 0.0, 0.0]))
    'L'
    >>> direction_letters(np.array([-0.8, 0.0, 0.6]))
    'RS'
    """
    ranked = np.argsort(-np.abs(direction), kind="stable")[:2]
    shown = [axis for rank, axis in enumerate(ranked) if rank == 0 or abs(direction[axis]) > _SECOND_LETTER]
    return "".join(LETTERS[axis][int(direction[axis] > 0)] for axis in shown)


def plane_line(
    grid: Grid,
    seen: Section,
    slice_number: int,
    point_mm: NDArray[np.float64],
    normal: NDArray[np.float64],
    *,
    patch_mm: NDArray[np.float64] | None = None,
) -> NDArray[np.float64] | None:
    """Where a plane crosses a slice.

    Parameters
    ----------
    grid : Grid
    seen : Section
    slice_number : int
        Index along the section's through axis.
    point_mm, normal : ndarray, shape (3,)
        Of the plane, LPS.
    patch_mm : ndarray, shape (k, 3), optional
        Corners, in order, of the convex polygon where the plane ends, LPS mm; no more than that is drawn.

    Returns
    -------
    ndarray, shape (2, 2), or None
        Two ends as (horizontal, vertical) index, on the slice's outer edge or where the patch ends; None where the
        plane or its patch misses the slice.
    """
    if patch_mm is not None:
        return _patch_line(grid, seen, slice_number, np.asarray(patch_mm, np.float64))
    steps = grid.affine[:3, :3].T @ normal
    rest = normal @ (point_mm - grid.affine[:3, 3]) - steps[seen.through] * slice_number
    a, b = steps[seen.horizontal], steps[seen.vertical]
    width, height = grid.shape[seen.horizontal] - 0.5, grid.shape[seen.vertical] - 0.5
    ends = []
    if abs(b) > 1e-12:
        ends += [(h, (rest - a * h) / b) for h in (-0.5, width)]
    if abs(a) > 1e-12:
        ends += [((rest - b * v) / a, v) for v in (-0.5, height)]
    slack = 1e-6
    inside = [(h, v) for h, v in ends if -0.5 - slack <= h <= width + slack and -0.5 - slack <= v <= height + slack]
    if len(inside) < 2:
        return None
    apart = max(((p, q) for p in inside for q in inside), key=lambda pair: np.hypot(*np.subtract(*pair)))
    return np.array(apart, np.float64) if apart[0] != apart[1] else None


def _patch_line(
    grid: Grid, seen: Section, slice_number: int, corners_mm: NDArray[np.float64]
) -> NDArray[np.float64] | None:
    """Where the rim of a convex polygon passes through a slice, cut off at the slice's outer edge."""
    index = grid.index(corners_mm)
    heights = index[:, seen.through] - slice_number
    flat = index[:, [seen.horizontal, seen.vertical]]
    following = np.roll(np.arange(len(flat)), -1)
    crossed = np.flatnonzero((heights < 0) != (heights[following] < 0))
    if len(crossed) != 2:
        return None
    share = heights[crossed] / (heights[crossed] - heights[following[crossed]])
    start, end = flat[crossed] + share[:, None] * (flat[following[crossed]] - flat[crossed])
    # Shares of the line that lie within the slice, along each axis (Liang and Barsky).
    size = np.array([grid.shape[seen.horizontal], grid.shape[seen.vertical]])
    low, high = 0.0, 1.0
    for along, first, last in zip(end - start, -0.5 - start, size - 0.5 - start, strict=True):
        if along == 0.0 and (first > 0.0 or last < 0.0):
            return None
        if along != 0.0:
            ends = sorted((first / along, last / along))
            low, high = max(low, ends[0]), min(high, ends[1])
    return np.array([start + low * (end - start), start + high * (end - start)]) if low < high else None
