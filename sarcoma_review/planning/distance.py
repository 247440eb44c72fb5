"""Distances to the edge of a mask, finer than its voxels."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import cKDTree
from skimage.measure import marching_cubes

from sarcoma_review.planning.masks import Mask

Floats = NDArray[np.float64]

_EVERY_NEIGHBOUR = np.ones((3, 3, 3), bool)
_CANDIDATES = 16
_AT_ONCE = 20_000


def signed_distance_mm(inside: Mask, spacing_mm: tuple[float, ...]) -> Floats:
    """Distance of every voxel centre to the edge of a mask, mm, below zero inside; in two or three dimensions.

    The edge runs half way between a voxel inside and its neighbour outside: from the distance to the nearest voxel
    centre across the edge, half a voxel's extent in that direction is taken off.

    Parameters
    ----------
    inside : ndarray of bool
        Both inside and outside must occur.
    spacing_mm : tuple of float
        Along each axis, at right angles.

    Returns
    -------
    ndarray, shape of `inside`
        Known error: about a quarter of a voxel (root mean square), since the edge is a staircase.
    """
    return np.where(inside, -_to_nearest(inside, spacing_mm), _to_nearest(~inside, spacing_mm))


def _to_nearest(inside: Mask, spacing_mm: tuple[float, ...]) -> Floats:
    distance, nearest = ndimage.distance_transform_edt(inside, sampling=spacing_mm, return_indices=True)
    squared = np.zeros(inside.shape)
    for axis, mm in enumerate(spacing_mm):
        steps = np.arange(inside.shape[axis]).reshape([-1 if n == axis else 1 for n in range(inside.ndim)])
        squared += ((nearest[axis] - steps) * mm * mm) ** 2
    half_extent = 0.5 * np.sqrt(squared) / np.maximum(distance, 1e-12)
    shorter: Floats = distance - np.minimum(half_extent, 0.5 * distance)
    return shorter


def signed_depth_mm(inside: Mask, spacing_mm: tuple[float, ...]) -> Floats:
    """Distance in mm to the nearest voxel centre across the edge, below zero inside; nowhere zero."""
    outside: Floats = ndimage.distance_transform_edt(~inside, sampling=spacing_mm)
    outside -= ndimage.distance_transform_edt(inside, sampling=spacing_mm)
    return outside


def low_passed(signed: Floats, sigma: tuple[float, float, float]) -> Floats:
    """Level after ``2 G - G * G``, a Gaussian with its second moment taken out: curved surfaces do not shrink.

    Parameters
    ----------
    signed : ndarray, shape (slices, rows, columns)
    sigma : tuple of float
        Standard deviation of the Gaussian, voxels along each axis.
    """
    once = ndimage.gaussian_filter(signed, sigma, mode="nearest")
    level: Floats = 2.0 * once - ndimage.gaussian_filter(once, sigma, mode="nearest")
    return level


def faithful_level(inside: Mask, spacing_mm: tuple[float, ...]) -> Floats:
    """Level whose zero surface is finer than the voxels and true to them: below zero at every voxel inside alone.

    The signed depth is low-passed (sigma 1 voxel) and then held to the mask. A voxel that smoothing would only just
    lose keeps the surface a tenth of a voxel beyond its centre; a part that smoothing would lose as a whole keeps the
    surface half way to its neighbours.
    """
    level = low_passed(signed_depth_mm(inside, spacing_mm), (1.0, 1.0, 1.0))
    least = 0.1 * min(spacing_mm)
    for side, sign in ((inside, -1.0), (~inside, 1.0)):
        across = side & (level * sign <= 0)
        kept = ndimage.binary_dilation(side & ~across, _EVERY_NEIGHBOUR)
        lost = ndimage.binary_propagation(across & ~kept, _EVERY_NEIGHBOUR, mask=across)
        level[across] = sign * least
        level[lost] = sign * min(spacing_mm)
        # The neighbours of a lost part too, or the surface between would not lie half way.
        rim = ndimage.binary_dilation(lost, _EVERY_NEIGHBOUR) & ~side
        level[rim] = -sign * min(spacing_mm)
    return level


def level_surface(level: Floats, spacing_mm: tuple[float, ...]) -> tuple[Floats, NDArray[np.int32]]:
    """Vertices (n, 3), in mm from the first voxel along the axes, and faces (m, 3) of a level's zero surface."""
    vertices, faces, _, _ = marching_cubes(level, 0.0)
    return vertices * np.asarray(spacing_mm), faces


def distance_to_triangles_mm(positions_mm: Floats, vertices: Floats, faces: NDArray[np.int32]) -> Floats:
    """Distance from positions (k, 3) to the nearest point of a triangle mesh.

    Of every position the 16 triangles with the nearest centres are measured exactly. On surfaces made from voxels the
    nearest triangle is nearly always among them: against 128, none was off by more than 0.001 mm on 0.8 mm voxels,
    and the worst of 47 000 by 0.1 mm on slices ten times as thick as their pixels.

    Returns
    -------
    ndarray, shape (k,)
        mm, never below zero.
    """
    corners = vertices[faces]
    tree = cKDTree(corners.mean(axis=1))
    count = min(_CANDIDATES, len(faces))
    found = np.empty(len(positions_mm))
    for start in range(0, len(positions_mm), _AT_ONCE):
        some = positions_mm[start : start + _AT_ONCE]
        near = tree.query(some, k=count, workers=-1)[1].reshape(len(some), count)
        found[start : start + _AT_ONCE] = _squared_mm2(some, corners, near).min(axis=1)
    return np.sqrt(found)


def _squared_mm2(points: Floats, corners: Floats, near: NDArray[np.int_]) -> Floats:
    """Squared distance from points (k, 3) to some triangles each (k, n), of all corners (m, 3, 3).

    A triangle's points are ``a + s u + t v`` with s and t at least 0 and s + t at most 1; the squared distance is a
    quadratic in s and t, least inside the triangle or else on one of its three edges.
    """
    a, u = corners[:, 0], corners[:, 1] - corners[:, 0]
    v = corners[:, 2] - corners[:, 0]
    uu, uv, vv = (np.einsum("ij,ij->i", p, q)[near] for p, q in ((u, u), (u, v), (v, v)))
    off = points[:, None] - a[near]
    ou, ov, oo = (np.einsum("ijk,ijk->ij", off, q) for q in (u[near], v[near], off))

    def squared(s: Floats, t: Floats | float) -> Floats:
        distance: Floats = oo - 2 * (s * ou + t * ov) + s * s * uu + 2 * s * t * uv + t * t * vv
        return distance

    tiny = 1e-30
    area = np.maximum(uu * vv - uv * uv, tiny)
    s, t = (vv * ou - uv * ov) / area, (uu * ov - uv * ou) / area
    along_u = np.clip(ou / np.maximum(uu, tiny), 0, 1)
    along_v = np.clip(ov / np.maximum(vv, tiny), 0, 1)
    third = np.clip((ov - ou + uu - uv) / np.maximum(uu - 2 * uv + vv, tiny), 0, 1)
    edges = np.minimum(squared(along_u, 0.0), np.minimum(squared(0.0 * along_v, along_v), squared(1 - third, third)))
    inside = (s >= 0) & (t >= 0) & (s + t <= 1) & (area > tiny)
    return np.maximum(np.where(inside, squared(s, t), edges), 0.0)
