"""Changing the outline of a mask by distances in mm: growing, shrinking, smoothing."""

import numpy as np
import scipy  # its parts are loaded when they are used
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree

from sarcoma_review.errors import PlanError
from sarcoma_review.planning.distance import (
    Floats,
    distance_to_triangles_mm,
    faithful_level,
    level_surface,
    low_passed,
    signed_depth_mm,
)
from sarcoma_review.planning.masks import Crop, Mask, inside, mask_on, require_square_corners
from sarcoma_review.planning.resection import Expansion, towards_mm
from sarcoma_review.volume import Grid, Volume

_EVERY_NEIGHBOUR = np.ones((3, 3, 3), bool)


def grow_by(mask: Volume, mm: Expansion) -> Volume:
    """Expand a mask by a distance.

    Parameters
    ----------
    mask : Volume
        On a grid with square corners, unless `mm` has several values.
    mm : float or tuple of 3 or 6 floats
        One distance all round; or along patient x, y, z; or towards right, left, anterior, posterior, inferior,
        superior. With several, the margin in between is that of an ellipsoid, as in radiotherapy planning.

    Returns
    -------
    Volume
        Boolean; holds all of `mask`, and every voxel whose centre lies within the distance of its outline. It is cut
        off at the edge of the volume.

    Raises
    ------
    PlanError
        If a distance is negative or not finite.
    GeometryError
        If one distance is asked for on a sheared grid.

    Notes
    -----
    Distances run from a surface finer than the voxels (see `TumourSurface`), thin parts kept, so that the volume of
    a ball is right to the voxels that hold it. Known error: 0.02 to 0.1 voxel.

    Examples
    --------
    >>> block = np.zeros((9, 20, 20), bool)
    >>> block[3:6, 8:12, 8:12] = True
    >>> grown = grow_by(Volume(block, np.diag([3.0, 1.0, 1.0, 1.0])), 3.0)
    >>> np.flatnonzero(grown.array[:, 10, 10]).tolist()  # 3 mm are one slice
    [2, 3, 4, 5, 6]
    >>> np.flatnonzero(grown.array[4, 10]).tolist()  # and three columns
    [5, 6, 7, 8, 9, 10, 11, 12, 13, 14]
    """
    whole = inside(mask)
    towards = towards_mm(mm)
    if not whole.any() or not towards.any():
        return mask_on(mask, whole.copy())
    if np.ndim(mm) == 0:
        require_square_corners(mask)
        crop = Crop.of(whole, _voxels(mask.grid, float(towards[0, 0])))
        grown = _grown_all_round(crop.inside, mask.spacing_mm, float(towards[0, 0]))
    else:
        crop = Crop.of(whole, _reach_voxels(mask.grid, towards))
        grown = _grown_each_way(crop.inside, mask.grid, towards)
    return mask_on(mask, crop.put_back(grown, mask.shape))


def shrink_by(mask: Volume, mm: Expansion) -> Volume:
    """Erode a mask by a distance: the counterpart of `grow_by`, from its outside.

    Parameters
    ----------
    mask : Volume
        On a grid with square corners, unless `mm` has several values.
    mm : float or tuple of 3 or 6 floats
        As in `grow_by`; the value towards the left is taken off the left side.

    Returns
    -------
    Volume
        Boolean, within `mask`; empty where it is thinner than twice the distance. Where the edge of the volume cuts
        the mask, nothing is taken off: what lies beyond is unknown.

    Raises
    ------
    PlanError
        If a distance is negative or not finite.
    GeometryError
        If one distance is asked for on a sheared grid.
    """
    whole = inside(mask)
    towards = towards_mm(mm)
    if not whole.any() or not towards.any():
        return mask_on(mask, whole.copy())
    if np.ndim(mm) == 0:
        require_square_corners(mask)
        crop = Crop.of(whole, (3, 3, 3))
        taken = _grown_all_round(~crop.inside, mask.spacing_mm, float(towards[0, 0]))
    else:
        crop = Crop.of(whole, (3, 3, 3))
        taken = _grown_each_way(~crop.inside, mask.grid, towards[:, ::-1])
    return mask_on(mask, crop.put_back(crop.inside & ~taken, mask.shape))


def _voxels(grid: Grid, mm: float) -> tuple[int, int, int]:
    steps = [int(np.ceil(mm / spacing)) + 3 for spacing in grid.spacing_mm]
    return steps[0], steps[1], steps[2]


def _grown_all_round(part: Mask, spacing_mm: tuple[float, ...], mm: float) -> Mask:
    """Voxels in the part or within `mm` of its sub-voxel surface."""
    if part.all() or not part.any():
        return part
    # The surface lies between the voxels inside and those outside, so the distance to it is at most that to the
    # nearest voxel inside, and less by at most a voxel's diagonal.
    from_centres: Floats = ndimage.distance_transform_edt(~part, sampling=spacing_mm)
    grown: Mask = from_centres <= mm
    unsure = ~grown & (from_centres <= mm + float(np.linalg.norm(spacing_mm)))
    grown[unsure] = _within(np.argwhere(unsure).astype(np.float64) * spacing_mm, part, spacing_mm, mm)
    return grown


def _within(positions_mm: Floats, part: Mask, spacing_mm: tuple[float, ...], mm: float) -> Mask:
    vertices, faces = level_surface(faithful_level(part, spacing_mm), spacing_mm)
    edges = vertices[faces] - vertices[np.roll(faces, 1, axis=1)]
    # Every point of a triangle has a corner within its longest edge over the root of 3, and by Pythagoras the
    # nearest corner is no further than this from a position `mm` away; beyond, the tree says infinite.
    furthest = float(np.sqrt(mm**2 + (edges**2).sum(axis=-1).max() / 3.0))
    to_vertex = cKDTree(vertices).query(positions_mm, workers=-1, distance_upper_bound=furthest + 1e-6)[0]
    near: Mask = to_vertex <= mm
    unsure = ~near & np.isfinite(to_vertex)
    near[unsure] = distance_to_triangles_mm(positions_mm[unsure], vertices, faces) <= mm
    return near


def _reach_voxels(grid: Grid, towards: Floats) -> tuple[int, int, int]:
    steps = np.ceil(np.abs(np.linalg.inv(grid.affine[:3, :3])) @ towards.max(axis=1)).astype(int) + 3
    return int(steps[0]), int(steps[1]), int(steps[2])


def _grown_each_way(part: Mask, grid: Grid, towards: Floats) -> Mask:
    """Voxels in the part, or that an ellipsoid of another length each way reaches from its sub-voxel surface."""
    if part.all() or not part.any():
        return part
    axes = grid.affine[:3, :3]
    voxel = np.linalg.norm(axes, axis=1)[:, None]
    grown = part | _dilated(part, _ellipsoid(axes, towards))
    unsure = _dilated(part, _ellipsoid(axes, towards + voxel)) & ~grown
    vertices, _ = level_surface(faithful_level(part, grid.spacing_mm), grid.spacing_mm)
    places = (np.argwhere(unsure) @ axes.T, vertices / grid.spacing_mm @ axes.T)
    grown[unsure] = _reached(*places, np.maximum(towards, 0.1 * voxel))
    return grown


def _ellipsoid(axes: Floats, semi: Floats) -> Mask:
    """Offsets in index space within an ellipsoid of `semi` axes (3 patient axes, 2 senses), odd in size."""
    half = np.floor(np.abs(np.linalg.inv(axes)) @ semi.max(axis=1) + 1e-9).astype(int)
    steps = np.stack(np.meshgrid(*[np.arange(-n, n + 1) for n in half], indexing="ij"), axis=-1)
    held: Mask = _gauge(steps @ axes.T, np.maximum(semi, 1e-9)) <= 1.0 + 1e-9
    return held


def _gauge(offset: Floats, semi: Floats) -> Floats:
    """How far offsets (..., 3) reach, in shares of the ellipsoid's semi-axis on their side; 1 on its surface."""
    reached: Floats = np.linalg.norm(offset / np.where(offset < 0, semi[:, 0], semi[:, 1]), axis=-1)
    return reached


def _dilated(part: Mask, reach: Mask) -> Mask:
    wide = np.pad(part, [(n // 2, n // 2) for n in reach.shape], mode="edge")
    counts: Floats = scipy.signal.fftconvolve(wide.astype(np.float64), reach.astype(np.float64), mode="valid")
    return counts > 0.5


def _reached(positions_mm: Floats, vertices: Floats, semi: Floats) -> Mask:
    """Positions that the ellipsoid reaches from a vertex.

    In each octant the ellipsoid is part of one that is the same both ways, in whose own measure the nearest vertex
    can be looked up; a first look in the mean measure says which octant that is.
    """
    offset = _to_nearest(positions_mm, vertices, semi.mean(axis=1))
    reached: Mask = _gauge(offset, semi) <= 1.0
    own = np.where(offset < 0, semi[:, 0], semi[:, 1])
    for measure in np.unique(own[~reached], axis=0):
        some = np.flatnonzero(~reached & (own == measure).all(axis=1))
        reached[some] = _gauge(_to_nearest(positions_mm[some], vertices, measure), semi) <= 1.0
    return reached


def _to_nearest(positions_mm: Floats, vertices: Floats, measure: Floats) -> Floats:
    """Offset of each position from the vertex that is nearest in a measure (3,) along the axes."""
    nearest = cKDTree(vertices / measure).query(positions_mm / measure, workers=-1)[1]
    offset: Floats = positions_mm - vertices[nearest]
    return offset


def smooth(mask: Volume, *, radius_mm: float, limit_mm: float) -> Volume:
    """Smooth the outline of a mask, moving it by no more than a limit anywhere.

    The mask's signed distance map is low-passed by ``2 G - G * G``, which keeps curved surfaces where they are, and
    every change that would move the outline further than the limit is taken back.

    Parameters
    ----------
    mask : Volume
        On a grid with square corners.
    radius_mm : float
        Standard deviation of the Gaussian G, in the patient's mm along every axis; waves of the outline shorter than
        about four times this are levelled.
    limit_mm : float
        The furthest the outline may move. Below the voxel spacing nothing can move.

    Returns
    -------
    Volume
        Boolean. With D the distance between voxel centres: no voxel of the old mask is further than the limit from
        the new one, nor the other way round, and the same holds of the voxels outside. So thin parts longer than the
        limit stay, and every separate piece keeps a voxel at least.

    Raises
    ------
    PlanError
        If a distance is negative or not finite.
    GeometryError
        If the grid is sheared.
    """
    if not all(np.isfinite(mm) and mm >= 0 for mm in (radius_mm, limit_mm)):
        raise PlanError(f"smoothing takes at least 0 mm, got radius {radius_mm:g} mm and limit {limit_mm:g} mm")
    require_square_corners(mask)
    whole = inside(mask)
    if not whole.any() or limit_mm < min(mask.spacing_mm) or radius_mm == 0:
        return mask_on(mask, whole.copy())
    crop = Crop.of(whole, _voxels(mask.grid, 2.0 * radius_mm + limit_mm))
    old, spacing = crop.inside, mask.spacing_mm
    if old.all():
        return mask_on(mask, whole.copy())
    sigma = (radius_mm / spacing[0], radius_mm / spacing[1], radius_mm / spacing[2])
    signed = signed_depth_mm(old, spacing)
    new = low_passed(signed, sigma) < 0
    removed = _allowed(old & ~new & (signed >= -limit_mm), old, spacing, limit_mm)
    added = _allowed(new & ~old & (signed <= limit_mm), ~old, spacing, limit_mm)
    return mask_on(mask, crop.put_back((old & ~removed) | added, mask.shape))


def _allowed(taken: Mask, side: Mask, spacing_mm: tuple[float, ...], limit_mm: float) -> Mask:
    """What may be taken from a side of the outline, of voxels that lie no deeper than the limit.

    No piece as a whole, no part that leaves a voxel further than the limit from what
    stays, and no neck that holds two parts together. What comes back brings along what joins it to the rest.
    """
    labels, count = ndimage.label(side, _EVERY_NEIGHBOUR)
    stays = np.bincount(labels[side & ~taken], minlength=count + 1) > 0
    taken = taken & stays[labels]
    from_rest, nearest = ndimage.distance_transform_edt(taken | ~side, sampling=spacing_mm, return_indices=True)
    lost = (taken & (from_rest > limit_mm)) | _meetings(taken, side, nearest, count)
    if not lost.any():
        return taken
    reach = limit_mm + float(np.linalg.norm(spacing_mm))
    back = ndimage.distance_transform_edt(~lost, sampling=spacing_mm) <= reach
    allowed: NDArray[np.bool_] = taken & ~back
    return allowed


def _meetings(taken: Mask, side: Mask, nearest: NDArray[np.int32], before: int) -> Mask:
    """Voxels to be taken where two parts of the rest meet, if taking them would part one piece into several."""
    labels, count = ndimage.label(side & ~taken, _EVERY_NEIGHBOUR)
    if count <= before:
        return np.zeros(side.shape, bool)
    part = np.where(side, labels[tuple(nearest)], 0)
    highest = ndimage.maximum_filter(part, 3)
    lowest = ndimage.minimum_filter(np.where(side, part, count + 1), 3)
    meeting: Mask = taken & (highest != lowest)
    return meeting
