"""Distances to the edge of a mask, finer than its voxels."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, sparse
from skimage.measure import marching_cubes

from sarcoma_review.errors import EmptyMaskError
from sarcoma_review.planning.masks import Mask

Floats = NDArray[np.float64]
Numbers = NDArray[np.int_]

_EVERY_NEIGHBOUR = np.ones((3, 3, 3), bool)
_FEW, _SOME = 64, 2500  # positions measured together; how many share a first choice of vertices
_ROUNDING = 1e-12  # of a squared distance


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
    """Distance from positions to the nearest point of a triangle mesh; exact but for rounding.

    No triangle is left out unless it is sure to lie further off: no point of it is nearer than its nearest corner by
    more, squared, than the squared radius of the least circle round it.

    Parameters
    ----------
    positions_mm : ndarray, shape (k, 3)
    vertices : ndarray, shape (n, 3)
    faces : ndarray of int, shape (m, 3)

    Returns
    -------
    ndarray, shape (k,)
        mm, never below zero; within 1e-9 mm of every triangle tried one by one.

    Raises
    ------
    EmptyMaskError
        If the mesh has no triangles.

    Examples
    --------
    >>> import numpy as np
    >>> corners = np.array([[0.0, 0.0, 0.0], [3.0, 0.0, 0.0], [0.0, 3.0, 0.0]])
    >>> distance_to_triangles_mm(np.array([[1.0, 1.0, 2.0]]), corners, np.array([[0, 1, 2]], np.int32)).round(6)
    array([2.])
    """
    pairs = _nearest_pairs(positions_mm, vertices, faces)
    return np.sqrt(_least(len(positions_mm), pairs))


def signed_distance_to_triangles_mm(positions_mm: Floats, vertices: Floats, faces: NDArray[np.int32]) -> Floats:
    """Distance to a closed triangle mesh, below zero inside; the faces run counter-clockwise seen from outside.

    Where an edge or a corner is nearest, the triangle that faces the position most squarely tells the side.

    Parameters
    ----------
    positions_mm, vertices, faces
        As for `distance_to_triangles_mm`.

    Returns
    -------
    ndarray, shape (k,)
        mm.

    Raises
    ------
    EmptyMaskError
        If the mesh has no triangles.
    """
    pairs = _nearest_pairs(positions_mm, vertices, faces)
    count = len(positions_mm)
    squared = _least(count, pairs)
    nearest = pairs.squared <= squared[pairs.position] + 1e-9 * (1e-3 + squared[pairs.position])
    before, behind = np.zeros(count), np.zeros(count)
    np.maximum.at(before, pairs.position[nearest], pairs.side_mm[nearest])
    np.maximum.at(behind, pairs.position[nearest], -pairs.side_mm[nearest])
    return np.where(behind > before, -1.0, 1.0) * np.sqrt(squared)


@dataclass(frozen=True, eq=False)
class _Pairs:
    """Positions and triangles near them, by number: squared distance, and signed distance to the triangle's plane."""

    position: Numbers
    squared: Floats
    side_mm: Floats


def _least(count: int, pairs: _Pairs) -> Floats:
    least = np.full(count, np.inf)
    np.minimum.at(least, pairs.position, pairs.squared)
    return least


def _nearest_pairs(positions_mm: Floats, vertices: Floats, faces: NDArray[np.int32]) -> _Pairs:
    """Each position with every triangle that may hold its nearest point."""
    if not len(faces):
        raise EmptyMaskError("a surface without triangles: expected at least one, found 0")
    mesh = _Mesh(vertices, faces)
    nearest, position, vertex = _near_vertices(positions_mm, mesh.vertices, float(mesh.bulge_mm2.max()))
    first = mesh.measured(positions_mm, np.arange(len(positions_mm)), nearest)
    least = _least(len(positions_mm), first)
    off = positions_mm[position] - mesh.vertices[vertex]
    squared = np.einsum("ij,ij->i", off, off) * (1 - _ROUNDING)
    more = (vertex != nearest[position]) & (squared <= least[position] + mesh.bulge_mm2[vertex])
    second = mesh.measured(positions_mm, position[more], vertex[more], least)
    return _Pairs(
        np.concatenate([first.position, second.position]),
        np.concatenate([first.squared, second.squared]),
        np.concatenate([first.side_mm, second.side_mm]),
    )


def _near_vertices(positions_mm: Floats, vertices: Floats, slack: float) -> tuple[Numbers, Numbers, Numbers]:
    """The nearest vertex (k,) of each position; and pairs of a position and a vertex nearly as near.

    Nearly: further off, squared, by `slack` at most. Positions are halved until few are left. Squared distances are
    kept as ``|vertex|^2 - 2 position . vertex``, a matrix product.
    """
    middle = vertices.mean(axis=0)
    rows = np.ones((len(positions_mm), 4))
    rows[:, :3] = -2.0 * (positions_mm - middle)
    columns = np.empty((4, len(vertices)))
    columns[:3] = (vertices - middle).T
    columns[3] = np.einsum("ij,ij->j", columns[:3], columns[:3])
    slack += _ROUNDING * float(columns[3].max() + np.einsum("ij,ij->i", rows, rows).max(initial=0.0))
    nearest = np.zeros(len(rows), np.int_)
    pairs = [(nearest[:0], nearest[:0])]
    parts = [(np.arange(len(rows)), columns, np.arange(len(vertices)))] if len(rows) else []
    while parts:
        some, near, numbers = parts.pop()
        low, high = rows[some].min(axis=0), rows[some].max(axis=0)
        if len(some) <= _FEW or _SOME / 2 < len(some) <= _SOME:
            kept = _kept(near, low, high, slack)
            near, numbers = near.take(kept, axis=1), numbers[kept]
        if len(some) > _FEW:
            half = len(some) // 2
            order = some[np.argpartition(rows[some, np.argmax(high - low)], half)]
            parts += [(order[:half], near, numbers), (order[half:], near, numbers)]
            continue
        squared = rows[some] @ near
        nearest[some] = numbers[squared.argmin(axis=1)]
        one, other = np.divmod(np.flatnonzero(squared <= squared.min(axis=1)[:, None] + slack), len(numbers))
        pairs.append((some[one], numbers[other]))
    position, vertex = (np.concatenate(part) for part in zip(*pairs, strict=True))
    return nearest, position, vertex


def _kept(near: Floats, low: Floats, high: Floats, slack: float) -> Numbers:
    """Vertices that may be the nearest, or nearly so, of a position within a box.

    Out is a vertex further from the box's middle than another one, by more than can change within the box.
    """
    squared = 0.5 * (low + high) @ near
    star = squared.argmin()
    change = 0.5 * (high - low)[:3] @ np.abs(near[:3] - near[:3, star, None])
    return np.flatnonzero(squared - change <= squared[star] + slack)


class _Mesh:
    """A triangle mesh and, for each vertex, the triangles round it; vertices of no triangle are left out."""

    def __init__(self, vertices: Floats, faces: NDArray[np.int32]) -> None:
        used = np.bincount(faces.ravel(), minlength=len(vertices)) > 0
        faces = (np.cumsum(used) - 1)[faces]
        self.vertices = vertices[used]
        self._corners = self.vertices[faces]
        ones, ends = np.ones(faces.size, np.int8), np.arange(0, faces.size + 1, 3)
        table = sparse.csr_matrix((ones, faces.ravel(), ends), shape=(len(faces), len(self.vertices))).tocsc()
        self._first, self._triangles = table.indptr, table.indices
        normals = np.cross(self._corners[:, 1] - self._corners[:, 0], self._corners[:, 2] - self._corners[:, 0])
        self._normals = normals / np.maximum(np.linalg.norm(normals, axis=1), 1e-300)[:, None]
        self.bulge_mm2 = np.maximum.reduceat(_bulge_mm2(self._corners)[self._triangles], self._first[:-1])

    def measured(
        self, positions_mm: Floats, position: Numbers, vertex: Numbers, least: Floats | None = None
    ) -> _Pairs:
        """Measure positions to the triangles round the vertex each is paired with, where the plane is near enough."""
        counts = self._first[vertex + 1] - self._first[vertex]
        skipped = np.repeat(self._first[vertex] - np.cumsum(counts) + counts, counts)
        triangle = self._triangles[skipped + np.arange(len(skipped))]
        position = np.repeat(position, counts)
        off = positions_mm[position] - self._corners[triangle, 0]
        side = np.einsum("ij,ij->i", off, self._normals[triangle])
        if least is not None:
            near = np.flatnonzero(side * side * (1 - 1e-9) <= least[position] + _ROUNDING)
            position, triangle, side = position[near], triangle[near], side[near]
        return _Pairs(position, _squared_mm2(positions_mm[position], self._corners[triangle]), side)


def _bulge_mm2(corners: Floats) -> Floats:
    """How much nearer, squared, a point of a triangle can be than the nearest of its corners.

    The squared radius of the least circle round it: on its longest edge where it is obtuse, else through its corners.
    """
    edges = corners - corners[:, [1, 2, 0]]
    lengths = np.einsum("ijk,ijk->ij", edges, edges)
    longest, total = lengths.max(axis=1), lengths.sum(axis=1)
    sixteen_areas = total**2 - 2.0 * np.einsum("ij,ij->i", lengths, lengths)
    acute = 2.0 * longest < total * (1 - 1e-6)
    circle = lengths.prod(axis=1) / np.where(acute, sixteen_areas, 1.0)
    bulge: Floats = np.where(acute, np.minimum(circle, longest / 3.0), longest / 4.0) * (1 + 1e-6)
    return bulge


def _squared_mm2(points: Floats, corners: Floats) -> Floats:
    """Squared distance from points (k, 3) to a triangle each, of corners (k, 3, 3).

    A triangle's points are ``a + s u + t v`` with s and t at least 0 and s + t at most 1; the squared distance is a
    quadratic in s and t, least inside the triangle or else on one of its three edges.
    """
    a, u = corners[:, 0], corners[:, 1] - corners[:, 0]
    v, off = corners[:, 2] - a, points - a
    uu, uv, vv, ou, ov, oo = (
        np.einsum("ij,ij->i", p, q) for p, q in ((u, u), (u, v), (v, v), (off, u), (off, v), (off, off))
    )

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
