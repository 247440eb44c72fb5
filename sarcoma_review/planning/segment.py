"""Outlining by value and by connection: thresholds, growing, islands, holes.

Every function takes and gives `Volume` values and changes none. A mask is boolean; a fractional one counts where it
is above one half. Parts hang together over faces, edges and corners (26 neighbours); gaps between them over faces
alone.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import ndimage
from skimage.segmentation import flood

from sarcoma_review.errors import EmptyMaskError, GeometryError, PlanError
from sarcoma_review.planning.masks import Mask, bounding_box, inside, mask_on, require_one_grid
from sarcoma_review.volume import Volume

_EVERY_NEIGHBOUR = np.ones((3, 3, 3), bool)


def threshold(volume: Volume, low: float, high: float, *, within: Volume | None = None) -> Volume:
    """Mark the voxels whose value lies in a range.

    Parameters
    ----------
    volume : Volume
        An image.
    low, high : float
        In the image's units, both inclusive; infinite for an open end.
    within : Volume, optional
        Mask on the grid of `volume` outside which nothing is marked.

    Returns
    -------
    Volume
        Boolean, on the grid of `volume`. A voxel that is not a number is never inside.

    Raises
    ------
    PlanError
        If `low` is above `high`, or one is not a number.
    GeometryError
        If `within` lies on another grid.

    Notes
    -----
    Known bias: a voxel is marked whole or not at all, so that partly filled voxels at an edge move it by up to half
    a voxel, outward or inward with the choice of `low` and `high`.

    Examples
    --------
    >>> ct = Volume(np.array([[[-50.0, 150.0, 300.0, np.nan]]]), np.eye(4))
    >>> threshold(ct, 150, 300).array.tolist()
    [[[False, True, True, False]]]
    """
    if not low <= high:
        raise PlanError(f"a threshold runs from low to high, got {low:g} to {high:g}{_units(volume)}")
    marked = (volume.array >= low) & (volume.array <= high)
    if within is None:
        return mask_on(volume, marked)
    require_one_grid(volume, within, "image and mask to stay within")
    return mask_on(volume, marked & inside(within), within)


def grow(
    volume: Volume,
    seed_mm: ArrayLike,
    *,
    low: float,
    high: float,
    within: Volume | None = None,
    max_distance_mm: float | None = None,
) -> Volume:
    """Mark the voxels in a range of values that hang together with a place (region growing).

    Parameters
    ----------
    volume : Volume
        An image.
    seed_mm : array_like, shape (3,)
        Where to begin, LPS mm; the voxel there is the seed.
    low, high : float
        In the image's units, both inclusive.
    within : Volume, optional
        Mask on the grid of `volume` that growth does not leave.
    max_distance_mm : float, optional
        Growth stays within this straight distance of `seed_mm`, as voxel centres go.

    Returns
    -------
    Volume
        Boolean, on the grid of `volume`.

    Raises
    ------
    GeometryError
        If the seed lies outside the volume, or `within` on another grid.
    EmptyMaskError
        If the seed's own voxel is not in the range, not in `within` or not within the distance.
    PlanError
        If `low` is above `high`, or the distance is negative or not finite.

    Notes
    -----
    Known bias: one voxel in the range is bridge enough, so growth leaks through thin walls; `max_distance_mm` and
    `within` are there to stop it.

    Examples
    --------
    >>> ct = Volume(np.array([[[300, 310, 0, 320]]]), np.eye(4), units="HU")
    >>> grow(ct, (0, 0, 1), low=200, high=400).array.tolist()
    [[[True, True, False, False]]]
    """
    if max_distance_mm is not None and not 0 <= max_distance_mm < np.inf:
        raise PlanError(f"growth stays within a distance of at least 0 mm and finite, got {max_distance_mm:g} mm")
    seed = _seed_index(volume, np.asarray(seed_mm, np.float64))
    value = float(volume.array[seed])
    if not low <= value <= high:
        raise EmptyMaskError(
            f"nothing grows: the seed's value is {value:g}{_units(volume)}, expected {low:g} to "
            f"{high:g}{_units(volume)}"
        )
    box = _box_round(volume, np.asarray(seed_mm, np.float64), max_distance_mm)
    allowed = threshold(volume, low, high, within=within).array
    part = allowed[box]
    if max_distance_mm is not None:
        part = part & (_distance_from_mm(volume, box, seed_mm) <= max_distance_mm)
    at = tuple(n - side.start for n, side in zip(seed, box, strict=True))
    if not all(0 <= n < size for n, size in zip(at, part.shape, strict=True)) or not part[at]:
        raise EmptyMaskError("nothing grows: the seed's voxel lies outside the mask or the distance to stay within")
    grown = np.zeros(volume.shape, bool)
    grown[box] = flood(part.view(np.uint8), at, footprint=_EVERY_NEIGHBOUR)
    return mask_on(volume, grown, *([] if within is None else [within]))


def _units(volume: Volume) -> str:
    return f" {volume.units}" if volume.units else ""


def _seed_index(volume: Volume, seed_mm: NDArray[np.float64]) -> tuple[int, int, int]:
    place = volume.index(seed_mm)
    nearest = np.floor(place + 0.5)
    if not ((nearest >= 0) & (nearest < volume.shape)).all():
        at = ", ".join(f"{mm:.1f}" for mm in seed_mm)
        found = ", ".join(f"{n:.1f}" for n in place)
        raise GeometryError(
            f"the seed at ({at}) mm lies outside the volume: expected an index (slice, row, column) within "
            f"{volume.shape}, found ({found})"
        )
    return int(nearest[0]), int(nearest[1]), int(nearest[2])


def _box_round(volume: Volume, seed_mm: NDArray[np.float64], distance_mm: float | None) -> tuple[slice, ...]:
    """Voxels that may lie within a distance of a place, on sheared grids too."""
    if distance_mm is None:
        return tuple(slice(0, size) for size in volume.shape)
    reach = distance_mm * np.linalg.norm(np.linalg.inv(volume.affine[:3, :3]), axis=1)
    place = volume.index(seed_mm)
    low, high = np.ceil(place - reach), np.floor(place + reach) + 1
    return tuple(
        slice(int(max(0, a)), int(max(a, min(b, n)))) for a, b, n in zip(low, high, volume.shape, strict=True)
    )


def _distance_from_mm(volume: Volume, box: tuple[slice, ...], place_mm: ArrayLike) -> NDArray[np.float64]:
    offset = np.asarray(place_mm, np.float64) - volume.affine[:3, 3]
    squared = 0.0
    for axis in range(3):  # one patient axis at a time, so that no array of positions is laid out
        parts = [volume.affine[axis, n] * np.arange(side.start, side.stop) for n, side in enumerate(box)]
        along = parts[0][:, None, None] + parts[1][:, None] + parts[2]
        squared = squared + (along - offset[axis]) ** 2
    distance: NDArray[np.float64] = np.sqrt(squared)
    return distance


@dataclass(frozen=True)
class Component:
    """One connected piece of a mask.

    Parameters
    ----------
    volume_ml : float
        Its voxels' volume.
    centre_mm : tuple of float
        Its centre of mass, LPS mm; a bent piece need not hold it.
    touches_edge : bool
        Whether it reaches the edge of the volume, beyond which it may go on.
    """

    volume_ml: float
    centre_mm: tuple[float, float, float]
    touches_edge: bool


def components(mask: Volume) -> tuple[Component, ...]:
    """List the connected pieces of a mask (26 neighbours), largest first.

    Parameters
    ----------
    mask : Volume

    Returns
    -------
    tuple of Component
        Empty for an empty mask. Pieces of one volume stand in the order of their centres' x, y, z.

    Examples
    --------
    >>> mask = Volume(np.array([[[True, False, True, True]]]), np.diag([10.0, 10.0, 10.0, 1.0]))
    >>> [round(piece.volume_ml, 3) for piece in components(mask)]
    [2.0, 1.0]
    """
    return _pieces(mask)[0]


def islands(mask: Volume, *, keep: int | None = None, min_volume_ml: float | None = None) -> Volume:
    """Keep the largest pieces of a mask and drop the rest.

    Parameters
    ----------
    mask : Volume
    keep : int, optional
        How many pieces to keep, the largest first (see `components`); all if not given.
    min_volume_ml : float, optional
        Pieces below this volume are dropped.

    Returns
    -------
    Volume
        Boolean. A dropped piece may be a skip metastasis: `components` tells what there was.

    Raises
    ------
    PlanError
        If `keep` is below 1 or the volume is not a number of at least 0 ml.
    """
    if keep is not None and keep < 1:
        raise PlanError(f"islands keeps at least 1 piece, got {keep}")
    if min_volume_ml is not None and not min_volume_ml >= 0:
        raise PlanError(f"a piece's least volume is at least 0 ml, got {min_volume_ml:g} ml")
    found, labels, numbers = _pieces(mask)
    # A volume read off `components` keeps its own piece, whatever the last binary digit.
    least = (min_volume_ml or 0.0) * (1 - 1e-9)
    kept = [number for piece, number in zip(found, numbers, strict=True) if piece.volume_ml >= least][:keep]
    chosen = np.zeros(len(numbers) + 1, bool)
    chosen[kept] = True
    whole = np.zeros(mask.shape, bool)
    if kept:
        whole[bounding_box(inside(mask))] = chosen[labels]
    return mask_on(mask, whole)


def _pieces(mask: Volume) -> tuple[tuple[Component, ...], NDArray[np.int32], list[int]]:
    """Pieces in order, the labels of the box round them all, and the label of each piece."""
    whole = inside(mask)
    if not whole.any():
        return (), np.zeros((0, 0, 0), np.int32), []
    box = bounding_box(whole)
    labels, count = ndimage.label(whole[box], _EVERY_NEIGHBOUR)
    sizes = np.bincount(labels.ravel(), minlength=count + 1)[1:]
    starts = np.array([side.start for side in box])
    middles = np.array(ndimage.center_of_mass(labels > 0, labels, np.arange(1, count + 1)))
    centres = (np.round(mask.position_mm(middles + starts), 6) + 0.0).tolist()
    edges = _on_the_edge(labels, box, mask.shape)
    pieces = [
        Component(float(sizes[n] * mask.grid.voxel_volume_ml), (c[0], c[1], c[2]), n + 1 in edges)
        for n, c in enumerate(centres)
    ]
    order = sorted(range(count), key=lambda n: (-sizes[n], *pieces[n].centre_mm))
    return tuple(pieces[n] for n in order), labels, [n + 1 for n in order]


def _on_the_edge(labels: NDArray[np.int32], box: tuple[slice, ...], shape: tuple[int, ...]) -> set[int]:
    faces: list[NDArray[np.int32]] = []
    for axis, (side, size) in enumerate(zip(box, shape, strict=True)):
        faces += [labels.take(0, axis).ravel()] if side.start == 0 else []
        faces += [labels.take(-1, axis).ravel()] if side.stop == size else []
    return {int(label) for label in np.unique(np.concatenate(faces))} if faces else set()


def fill_holes(mask: Volume, *, max_volume_ml: float | None = None, axis: int | None = None) -> Volume:
    """Fill the cavities of a mask.

    Parameters
    ----------
    mask : Volume
    max_volume_ml : float, optional
        Larger cavities stay open; with `axis`, larger holes of one slice.
    axis : {0, 1, 2}, optional
        Fill what each slice across this index axis encloses by itself, open to its neighbours or not. Without it
        only what the mask encloses on all sides is filled.

    Returns
    -------
    Volume
        Boolean. What is open towards the edge of the volume is no cavity.

    Raises
    ------
    PlanError
        If `axis` is not 0, 1 or 2, or the volume is not a number of at least 0 ml.

    Examples
    --------
    >>> ring = Volume(np.array([[[1, 1, 1], [1, 0, 1], [1, 1, 1]]], bool), np.eye(4))
    >>> int(fill_holes(ring).array.sum()), int(fill_holes(ring, axis=0).array.sum())
    (8, 9)
    """
    if axis not in (None, 0, 1, 2):
        raise PlanError(f"an index axis is 0 (slice), 1 (row) or 2 (column), got {axis}")
    if max_volume_ml is not None and not max_volume_ml >= 0:
        raise PlanError(f"a cavity's largest volume is at least 0 ml, got {max_volume_ml:g} ml")
    whole = inside(mask).copy()
    if not whole.any():
        return mask_on(mask, whole)
    box = bounding_box(whole)
    gaps, count = _gaps(whole[box], axis)
    volumes = np.bincount(gaps.ravel(), minlength=count + 1) * mask.grid.voxel_volume_ml
    filled = volumes <= (np.inf if max_volume_ml is None else max_volume_ml * (1 + 1e-9))
    filled[_outer(gaps, axis)] = False
    filled[0] = False
    whole[box] |= filled[gaps][1:-1, 1:-1, 1:-1]
    return mask_on(mask, whole)


def _gaps(part: Mask, axis: int | None) -> tuple[NDArray[np.int32], int]:
    """Number the gaps of a part, with one voxel of gap round it."""
    faces = ndimage.generate_binary_structure(3, 1)
    if axis is not None:
        faces = faces.copy()
        np.moveaxis(faces, axis, 0)[[0, 2]] = False
    labels, count = ndimage.label(~np.pad(part, 1), faces)
    return labels, int(count)


def _outer(gaps: NDArray[np.int32], axis: int | None) -> NDArray[np.int32]:
    rims = [gaps.take(end, across).ravel() for across in range(3) if across != axis for end in (0, -1)]
    return np.unique(np.concatenate(rims))


def combine(a: Volume, b: Volume, how: Literal["union", "intersection", "difference"]) -> Volume:
    """Join two masks.

    Parameters
    ----------
    a, b : Volume
        On one grid.
    how : {"union", "intersection", "difference"}
        In either, in both, in `a` but not in `b`.

    Returns
    -------
    Volume
        Boolean, on the grid of `a`.

    Raises
    ------
    GeometryError
        If the grids or the frames of reference differ.
    PlanError
        If `how` is none of the three.
    """
    require_one_grid(a, b, f"{how} of two masks")
    first, second = inside(a), inside(b)
    joined = {"union": first | second, "intersection": first & second, "difference": first & ~second}
    if how not in joined:
        raise PlanError(f"masks are joined by union, intersection or difference, got {how!r}")
    return mask_on(a, joined[how], b)
