"""The face that a saw left on bone, found on an image and fitted by a plane."""

from dataclasses import dataclass

import numpy as np
import scipy  # its parts are loaded when they are used
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial import ConvexHull, cKDTree
from skimage.measure import marching_cubes

from sarcoma_review.planning.resection import Plane
from sarcoma_review.volume import Volume

Points = NDArray[np.float64]

REACH_MM = 10.0
"""How far from the planned plane a face is looked for, along its normal."""

_FACING_DEG = 25.0
_LEAST_POINTS = 40
_DRAWS = 200
_NEAR_MM = 0.6
_PAD = 4


@dataclass(frozen=True, eq=False)
class FittedPlane:
    """A plane through points, in axes of its own.

    Parameters
    ----------
    centre_mm, normal : ndarray, shape (3,)
        Weighted middle of the points; unit normal.
    weights : ndarray, shape (n,)
        What each point counted, 0 to 1.
    covariance : ndarray, shape (3, 3)
        Of the height at the middle (mm) and the slopes along `axes`.
    axes : ndarray, shape (2, 3)
        Unit vectors within the plane.
    """

    centre_mm: Points
    normal: Points
    weights: Points
    covariance: Points
    axes: Points

    def heights_mm(self, positions_mm: Points) -> Points:
        """Signed distance of positions (n, 3) from the plane."""
        heights: Points = (positions_mm - self.centre_mm) @ self.normal
        return heights


def face_on_bone(image: Volume, plane: Plane, *, bone_hu: float) -> Points:
    """Points on the bone's cut face that looks back at the specimen, finer than the voxels.

    The surface lies at half the step between the bone near the plane and what is beside it, so that a blurred edge
    is found where it is. Only surface that faces the specimen within 25 degrees counts, and not its rim.

    Parameters
    ----------
    image : Volume
        CT in HU, or a mask of bone (boolean, or float from 0 to 1).
    plane : Plane
        As planned, in the image's space.
    bone_hu : float
        What is bone on a CT, to begin with.

    Returns
    -------
    ndarray, shape (n, 3)
        LPS mm in the image's space; empty where no such face lies within `REACH_MM` of the plane.
    """
    bone = _bone_near(image, plane, bone_hu)
    if bone is None:
        return np.empty((0, 3))
    part, box = bone
    values, level = _edge(image, part, box)
    if not values.min() < level < values.max():
        return np.empty((0, 3))
    corner = np.array([side.start for side in box])
    index, faces, _, _ = marching_cubes(values, level)
    vertices = image.position_mm(index + corner)
    return _facing(vertices, _outward(vertices, faces, image), plane)


def _bone_near(image: Volume, plane: Plane, bone_hu: float) -> tuple[NDArray[np.bool_], tuple[slice, ...]] | None:
    """The largest piece of bone that the slab round the plane holds, within a box with a border."""
    above = image.array > (bone_hu if image.array.dtype.kind in "iu" else 0.5)
    step = plane.normal @ image.affine[:3, :3]
    s, r, c = np.ogrid[tuple(slice(0, n) for n in image.shape)]
    distance = float(plane.normal @ (image.affine[:3, 3] - plane.point_mm)) + step[0] * s + step[1] * r + step[2] * c
    pieces, count = ndimage.label(above & (np.abs(distance) < REACH_MM))
    if not count:
        return None
    largest = 1 + int(np.argmax(np.bincount(pieces.ravel())[1:]))
    part = pieces == largest
    found = ndimage.find_objects(part.astype(np.uint8))[0]
    box = tuple(
        slice(max(0, side.start - _PAD), min(n, side.stop + _PAD)) for side, n in zip(found, image.shape, strict=True)
    )
    return part[box], box


def _edge(image: Volume, part: NDArray[np.bool_], box: tuple[slice, ...]) -> tuple[Points, float]:
    """The image in the box, and the value halfway between the piece of bone and what surrounds it."""
    values = image.array[box].astype(np.float64)
    if image.array.dtype.kind not in "iu":
        return np.asarray(ndimage.gaussian_filter(values, 0.7)), 0.5
    core = ndimage.binary_erosion(part, iterations=2)
    wide = ndimage.binary_dilation(part, iterations=3)
    shell = wide & ~ndimage.binary_dilation(part, iterations=2)
    if not core.any() or not shell.any():
        return values, np.inf
    return values, float(np.median(values[core]) + np.median(values[shell])) / 2


def _outward(vertices: Points, faces: NDArray[np.int32], image: Volume) -> Points:
    """Unit normals at the vertices, out of the bone."""
    corners = vertices[faces]
    doubled = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals = np.stack(
        [np.bincount(faces.ravel(), np.repeat(doubled[:, k], 3), minlength=len(vertices)) for k in range(3)], axis=1
    )
    lengths = np.linalg.norm(normals, axis=1, keepdims=True) + 1e-12
    # skimage winds the faces by index; an affine that mirrors turns them round
    sign = -np.sign(np.linalg.det(image.affine[:3, :3]))
    return np.asarray(sign * normals / lengths)


def _facing(vertices: Points, outward: Points, plane: Plane) -> Points:
    near = np.abs(plane.distance_mm(vertices)) < REACH_MM - 1.0
    faces_back = (outward @ -plane.normal > np.cos(np.radians(_FACING_DEG))) & near
    if faces_back.sum() < _LEAST_POINTS:
        return np.empty((0, 3))
    others, face = vertices[~faces_back & near], vertices[faces_back]
    if not len(others):
        return np.asarray(face)
    away, _ = cKDTree(others).query(face)
    inner: Points = face[away > _rim_mm(face)]
    return inner if len(inner) >= _LEAST_POINTS else np.empty((0, 3))


def _rim_mm(face: Points) -> float:
    """How much of the edge the image's blur rounds off: twice the distance of neighbouring vertices, or 1 mm."""
    gaps, _ = cKDTree(face).query(face, k=2)
    return max(1.0, 2.0 * float(np.median(gaps[:, 1])))


def consensus(points: Points, plane: Plane, *, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Which points lie near the one plane that most lie near, within 30 degrees of the planned one (RANSAC)."""
    best = np.zeros(len(points), bool)
    for _ in range(_DRAWS):
        a, b, c = points[rng.choice(len(points), 3, replace=False)]
        normal = np.cross(b - a, c - a)
        size = np.linalg.norm(normal)
        if size < 1.0 or abs(normal @ plane.normal) < np.cos(np.radians(30.0)) * size:
            continue
        near = np.abs((points - a) @ (normal / size)) < _NEAR_MM
        best = near if near.sum() > best.sum() else best
    return best


def fitted(points: Points, toward: Points, *, robust: bool = True) -> FittedPlane:
    """The plane through points by least squares; robust: those far off count less (Tukey's weights, 20 rounds).

    Parameters
    ----------
    points : ndarray, shape (n, 3)
    toward : ndarray, shape (3,)
        The side to which the normal points.
    robust : bool
    """
    weights = np.ones(len(points))
    for _ in range(20 if robust else 1):
        centre = weights @ points / weights.sum()
        axes = np.linalg.svd((points - centre) * np.sqrt(weights)[:, None], full_matrices=False)[2]
        normal = axes[2] * (1.0 if axes[2] @ toward >= 0 else -1.0)
        heights = (points - centre) @ normal
        scale = max(1.4826 * float(np.median(np.abs(heights))), 1e-6)
        if robust:
            weights = np.maximum(1.0 - (heights / (4.685 * scale)) ** 2, 0.0) ** 2
    flat = (points - centre) @ axes[:2].T
    terms = np.column_stack([np.ones(len(points)), flat]) * np.sqrt(weights)[:, None]
    # neighbouring vertices share voxels: about a quarter of them speak for themselves
    variance = 4.0 * float(weights @ heights**2 / weights.sum())
    covariance = variance * np.linalg.pinv(terms.T @ terms)
    return FittedPlane(centre, normal, weights, covariance, axes[:2])


def minimum_zone_mm(points: Points, plane: FittedPlane) -> float:
    """The least distance of two parallel planes that hold all points between them (flatness, ISO 12781-1), mm."""
    flat, heights = (points - plane.centre_mm) @ plane.axes.T, plane.heights_mm(points)
    if np.ptp(heights) < 1e-9:
        return 0.0
    hull = ConvexHull(np.column_stack([flat, heights]), qhull_options="QJ").vertices
    u, v, h = flat[hull, 0], flat[hull, 1], heights[hull]
    ones = np.ones(len(hull))
    over = np.column_stack([-u, -v, -ones, -ones])  # h - (au + bv + c) <= half
    under = np.column_stack([u, v, ones, -ones])
    free = [(None, None)] * 3 + [(0, None)]
    found = scipy.optimize.linprog((0, 0, 0, 1), np.vstack([over, under]), np.concatenate([-h, h]), bounds=free)
    a, b, _, half = found.x
    return float(2.0 * half / np.sqrt(1.0 + a * a + b * b))
