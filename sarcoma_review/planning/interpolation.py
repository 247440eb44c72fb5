"""Filling the slices between outlined ones."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.sparse.csgraph import connected_components

from sarcoma_review.errors import EmptyMaskError, PlanError
from sarcoma_review.planning.distance import Floats, signed_distance_mm
from sarcoma_review.planning.masks import Mask, bounding_box, inside, mask_on, require_square_corners
from sarcoma_review.volume import Volume

_ALL_ROUND = np.ones((3, 3), bool)
_Pair = tuple[Mask, Mask]


def interpolate(mask: Volume, *, axis: int) -> Volume:
    """Fill the slices between outlined ones by shape.

    Between two outlined slices each piece of the outline changes evenly from its shape on the one to its shape on the
    other, as measured by its signed distance map in mm, and moves evenly from place to place. Pieces that overlap,
    seen along the axis, belong together, be they split or joined; of the rest, those nearest to one another within
    their own size. A piece that has no counterpart shrinks to nothing towards the next outlined slice. Holes are
    treated as pieces of their own.

    Parameters
    ----------
    mask : Volume
        With at least two slices that hold a voxel; every empty slice between them is filled.
    axis : {0, 1, 2}
        Index axis across which the slices were outlined.

    Returns
    -------
    Volume
        Boolean; the outlined slices are exactly as they were, and none is added beyond the first and the last.

    Raises
    ------
    EmptyMaskError
        If fewer than two slices are outlined.
    GeometryError
        If the two axes of the slices do not meet at right angles. A gantry tilt along `axis` does no harm.
    PlanError
        If `axis` is not 0, 1 or 2.

    Notes
    -----
    Known bias: none on cones and cylinders, upright or oblique, beyond the voxels' staircase (about a quarter of a
    voxel). Where a tumour bulges between two outlined slices the bulge is missed: of a ball 0.4, 1.5
    and 5 % of the volume between them, where they lie a tenth, a fifth and two fifths of its radius apart.

    References
    ----------
    .. [1] Raya SP, Udupa JK. Shape-based interpolation of multidimensional objects. IEEE Trans Med Imaging.
       1990;9(1):32-42.

    Examples
    --------
    >>> drawn = np.zeros((5, 30, 30), bool)
    >>> drawn[0, 10:14, 10:14] = drawn[4, 6:18, 6:18] = True  # a pyramid from 4 to 12 voxels
    >>> filled = interpolate(Volume(drawn, np.diag([3.0, 1.0, 1.0, 1.0])), axis=0)
    >>> [int(np.sqrt(one.sum()).round()) for one in filled.array]
    [4, 6, 8, 10, 12]
    """
    if axis not in (0, 1, 2):
        raise PlanError(f"an index axis is 0 (slice), 1 (row) or 2 (column), got {axis}")
    in_plane = tuple(other for other in range(3) if other != axis)
    require_square_corners(mask, in_plane)
    whole = inside(mask).copy()
    outlined = np.flatnonzero(whole.any(axis=in_plane))
    if len(outlined) < 2:
        raise EmptyMaskError(f"interpolation needs at least 2 outlined slices, found {len(outlined)}")
    box = list(bounding_box(whole))
    box[axis] = slice(None)
    stack = np.moveaxis(whole[tuple(box)], axis, 0)
    spacing_mm = (mask.spacing_mm[in_plane[0]], mask.spacing_mm[in_plane[1]])
    for first, last in pairwise(outlined.tolist()):
        if last - first > 1:
            shares = np.arange(1, last - first) / (last - first)
            stack[first + 1 : last] = _between((stack[first], stack[last]), shares, spacing_mm)
    return mask_on(mask, whole)


def _between(ends: _Pair, shares: Floats, spacing_mm: tuple[float, float]) -> Mask:
    """Slices at `shares` (0 to 1) of the way between two, shape (len(shares), rows, columns)."""
    filled = (ndimage.binary_fill_holes(ends[0]), ndimage.binary_fill_holes(ends[1]))
    found = np.zeros((len(shares), *ends[0].shape), bool)
    for pair in _matched(filled, spacing_mm):
        found |= _morphed(pair, shares, spacing_mm)
    holes = (filled[0] & ~ends[0], filled[1] & ~ends[1])
    if holes[0].any() or holes[1].any():
        found &= ~_between(holes, shares, spacing_mm)
    return found


def _matched(ends: _Pair, spacing_mm: tuple[float, float]) -> Iterator[_Pair]:
    """Pieces of the two slices that belong together; where one has no counterpart, the other is empty."""
    (first, count), (second, others) = (ndimage.label(end, _ALL_ROUND) for end in ends)
    joined = np.zeros((count + others, count + others), bool)
    both = (first > 0) & (second > 0)
    joined[first[both] - 1, count + second[both] - 1] = True
    lone = np.flatnonzero(~(joined.any(axis=0) | joined.any(axis=1)))
    start, end = lone[lone < count], lone[lone >= count] - count
    for a, b in _neighbours(_discs(first, start + 1, spacing_mm), _discs(second, end + 1, spacing_mm)):
        joined[start[a], count + end[b]] = True
    number, group = connected_components(joined, directed=False)
    for name in range(number):
        members = np.flatnonzero(group == name)
        yield np.isin(first, members[members < count] + 1), np.isin(second, members[members >= count] - count + 1)


def _discs(labels: NDArray[np.int32], wanted: NDArray[np.int_], spacing_mm: tuple[float, float]) -> Floats:
    """Centre and radius in mm of the disc that is as large as each wanted piece, shape (n, 3)."""
    if not len(wanted):
        return np.empty((0, 3))
    centres = np.array(ndimage.center_of_mass(labels > 0, labels, wanted)) * spacing_mm
    areas = np.bincount(labels.ravel(), minlength=int(wanted.max()) + 1)[wanted] * spacing_mm[0] * spacing_mm[1]
    return np.column_stack([centres, np.sqrt(areas / np.pi)])


def _neighbours(first: Floats, second: Floats) -> list[tuple[int, int]]:
    """Discs that are each other's nearest and no further apart than the sum of their radii."""
    if not len(first) or not len(second):
        return []
    apart = np.linalg.norm(first[:, None, :2] - second[None, :, :2], axis=-1)
    nearest, back = apart.argmin(axis=1), apart.argmin(axis=0)
    return [
        (a, int(b))
        for a, b in enumerate(nearest)
        if back[b] == a and apart[a, b] <= 2.0 * (first[a, 2] + second[b, 2])
    ]


def _morphed(ends: _Pair, shares: Floats, spacing_mm: tuple[float, float]) -> Mask:
    present = [end.any() for end in ends]
    if not all(present):
        return _tapered(ends[0] if present[0] else ends[1], shares if present[0] else 1.0 - shares, spacing_mm)
    centres = [np.array(ndimage.center_of_mass(end)) for end in ends]
    move = centres[1] - centres[0]
    pad = int(np.ceil(np.abs(move).max())) + 2
    first, last = (signed_distance_mm(np.pad(end, pad), spacing_mm) for end in ends)
    inner = slice(pad, -pad)
    levels = [
        (1.0 - share) * ndimage.shift(first, share * move, order=1, mode="nearest")
        + share * ndimage.shift(last, (share - 1.0) * move, order=1, mode="nearest")
        for share in shares
    ]
    return np.stack(levels)[:, inner, inner] < 0


def _tapered(end: Mask, shares: Floats, spacing_mm: tuple[float, float]) -> Mask:
    """A piece that shrinks evenly to nothing, as a cone does, at shares 0 to 1 of its height."""
    distance = signed_distance_mm(np.pad(end, 1), spacing_mm)[1:-1, 1:-1]
    tapered: Mask = distance[None] - shares[:, None, None] * distance.min() < 0
    return tapered
