"""Mutual information of two images under a rigid transform, with its exact slope, at a fixed choice of places.

SimpleITK brings the images near; its optimisers stop short along a direction in which little changes, such as a
bone's shaft. There the last millimetre is settled here, by a quasi-Newton climb that learns the curvature.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, gaussian_gradient_magnitude, map_coordinates
from scipy.optimize import minimize

from sarcoma_review.planning.alignment import Matrix, Region, moved, turned

BINS = 32
BLOCKS = 8
_SMOOTHING = 0.8


@dataclass(frozen=True, eq=False)
class Information:
    """Places on the fixed image, what it shows there, and the moving image they are compared with.

    A pose is six numbers in mm beside a base transform: a turn about the middle of what counts, times the
    region's radius, and a shift.

    Parameters
    ----------
    fixed, moving : Region
    points_mm : ndarray, shape (n, 3)
        In fixed space; between voxels at random, so that no lattice of places favours a pose.
    fixed_bins : ndarray of int, shape (n,)
    blocks : ndarray of int, shape (n,)
        Which of 8 parts of the region each place lies in.
    """

    fixed: Region
    moving: Region
    points_mm: Matrix
    fixed_bins: NDArray[np.intp]
    blocks: NDArray[np.int8]

    @classmethod
    def sampled(cls, fixed: Region, moving: Region, *, count: int, seed: int) -> "Information":
        """Choose places at random, the same for the same seed: the more of them the steeper the image there.

        Most of a limb is even muscle, fat or air, which says nothing of where it lies.
        """
        fixed, moving = _smoothed(fixed), _smoothed(moving)
        rng = np.random.default_rng(seed)
        steepness = gaussian_gradient_magnitude(fixed.array, 1.0, mode="nearest")[fixed.counts].astype(np.float64)
        share = np.cumsum(steepness + 0.25 * steepness.mean() + 1e-12)
        chosen = np.searchsorted(share, rng.uniform(0.0, share[-1], count))
        index = np.argwhere(fixed.counts)[chosen] + rng.uniform(-0.5, 0.5, (count, 3))
        level = map_coordinates(fixed.array, index.T, order=1, mode="nearest")
        bins = np.clip((level * BINS).astype(np.intp), 0, BINS - 1)
        points = fixed.grid.position_mm(index)
        return cls(fixed, moving, points, bins, _blocks(points - fixed.centre_mm))

    def without(self, block: int) -> "Information":
        """The same, one part of the region left out."""
        return self._only(self.blocks != block)

    def _only(self, keep: NDArray[np.bool_]) -> "Information":
        return replace(
            self, points_mm=self.points_mm[keep], fixed_bins=self.fixed_bins[keep], blocks=self.blocks[keep]
        )

    def within(self, transform: Matrix) -> "Information":
        """The same, only the places that a transform puts inside what counts of the moving image."""
        index = self.moving.grid.index(moved(transform, self.points_mm))
        inside = np.asarray(((index >= 1) & (index <= np.array(self.moving.array.shape) - 2)).all(axis=1), bool)
        inside[inside] = self.moving.counts[tuple(np.rint(index[inside]).astype(np.intp).T)]
        return self._only(inside)

    def transform(self, pose: Matrix, base: Matrix) -> Matrix:
        """The transform a pose stands for, shape (4, 4)."""
        matrix: Matrix = base @ turned(pose[:3] / self.fixed.radius_mm, pose[3:], self.fixed.centre_mm)
        return matrix

    def climb(self, start: Matrix, *, curvature: Matrix | None = None) -> "Summit":
        """Find the nearest best transform.

        The places that count are those inside both images at the start: were they to change during the climb,
        the way would have steps.

        Parameters
        ----------
        start : ndarray, shape (4, 4)
        curvature : ndarray, shape (6, 6), optional
            Inverse second derivatives from a climb like this one, which make it quick.
        """
        seen = self.within(start)
        options: dict[str, object] = {"gtol": 1e-5, "maxiter": 60}
        if curvature is not None:
            options["hess_inv0"] = curvature
        found = minimize(seen.loss, np.zeros(6), (start,), jac=True, method="BFGS", options=options)
        inverse = (found.hess_inv + found.hess_inv.T) / 2
        return Summit(self.transform(found.x, start), -float(found.fun), inverse, len(seen.points_mm))

    def value(self, transform: Matrix) -> float:
        """Mutual information under a transform, nats, over the places that it puts inside both images."""
        return -self.within(transform).loss(np.zeros(6), transform)[0]

    def loss(self, pose: Matrix, base: Matrix) -> tuple[float, Matrix]:
        """Minus the mutual information in nats, and its slope per mm."""
        grid, count = self.moving.grid, len(self.points_mm)
        if not count:
            return 0.0, np.zeros(6)
        index = grid.index(moved(self.transform(pose, base), self.points_mm))
        level, slope = _trilinear(self.moving.array, index)
        level, slope = level * BINS, slope @ (np.linalg.inv(grid.affine[:3, :3]) * BINS)
        first = np.floor(level).astype(np.intp) - 1
        weight, change = _cubic(level - 1.0 - first)
        flat, size = self.fixed_bins * (BINS + 4) + first + 1, BINS * (BINS + 4)
        counted = [np.bincount(flat + k, weights=weight[k], minlength=size) for k in range(4)]
        joint = (np.sum(counted, axis=0) / count).reshape(BINS, BINS + 4)
        apart = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0, keepdims=True)
        logs = np.log(np.maximum(joint, 1e-12) / np.maximum(apart, 1e-12))
        push = np.sum([change[k] * logs.ravel()[flat + k] for k in range(4)], axis=0) / count
        return -float((joint * logs).sum()), -self._gathered(push[:, None] * slope, pose, base)

    def _gathered(self, force: Matrix, pose: Matrix, base: Matrix) -> Matrix:
        """Slopes at places in moving space, gathered into the slope by pose."""
        force = force @ base[:3, :3]
        turn = turned(pose[:3] / self.fixed.radius_mm, np.zeros(3), np.zeros(3))[:3, :3]
        torque = np.cross((self.points_mm - self.fixed.centre_mm) @ turn.T, force).sum(axis=0)
        by_turn = _left_jacobian(pose[:3] / self.fixed.radius_mm).T @ torque / self.fixed.radius_mm
        return np.concatenate([by_turn, force.sum(axis=0)])


@dataclass(frozen=True, eq=False)
class Summit:
    """Where a climb ended.

    Parameters
    ----------
    transform : ndarray, shape (4, 4)
    information : float
        Mutual information there, nats.
    curvature : ndarray, shape (6, 6)
        Inverse of its second derivatives by pose, mm² per nat, as the climb learnt them.
    places : int
        That were compared.
    """

    transform: Matrix
    information: float
    curvature: Matrix
    places: int


def _smoothed(region: Region) -> Region:
    """A region with its noise averaged away: 0.8 of the smallest voxel edge, alike in every direction."""
    least = min(region.grid.spacing_mm)
    sigma = [_SMOOTHING * least / mm for mm in region.grid.spacing_mm]
    return replace(region, array=gaussian_filter(region.array, sigma))


def _blocks(away: Matrix) -> NDArray[np.int8]:
    """Halves of halves of halves along the region's own axes, longest first; of equal size."""
    axes = np.linalg.svd(away[::7], full_matrices=False)[2]
    part = np.zeros(len(away), np.int8)
    for axis in axes:
        along, before = away @ axis, part.copy()
        part = part * 2
        for number in np.unique(before):
            half = before == number
            part[half & (along > np.median(along[half]))] += 1
    return np.asarray(part, np.int8)


def _cubic(t: Matrix) -> tuple[list[Matrix], list[Matrix]]:
    """Cubic B-spline weights of the four bins round a level, and their slopes; t is 0 to 1 past the second."""
    u = 1.0 - t
    weight = [u**3 / 6, (3 * t**3 - 6 * t**2 + 4) / 6, (3 * u**3 - 6 * u**2 + 4) / 6, t**3 / 6]
    slope = [-(u**2) / 2, (3 * t**2 - 4 * t) / 2, -(3 * u**2 - 4 * u) / 2, t**2 / 2]
    return weight, slope


def _trilinear(array: NDArray[np.float32], index: Matrix) -> tuple[Matrix, Matrix]:
    """Values and slopes (per index step) between voxels, shape (n,) and (n, 3)."""
    index = np.clip(index, 0.0, np.array(array.shape) - 1.000001)
    corner = index.astype(np.intp)
    (a, b, c), strides = (index - corner).T, np.array([array.shape[1] * array.shape[2], array.shape[2], 1])
    at, flat = corner @ strides, array.ravel()
    v = [flat[at + i * strides[0] + j * strides[1] + k] for i in (0, 1) for j in (0, 1) for k in (0, 1)]
    along = [v[n] + c * (v[n + 1] - v[n]) for n in (0, 2, 4, 6)]
    near, far = along[0] + b * (along[1] - along[0]), along[2] + b * (along[3] - along[2])
    by_c = [v[n + 1] - v[n] for n in (0, 2, 4, 6)]
    near_c, far_c = by_c[0] + b * (by_c[1] - by_c[0]), by_c[2] + b * (by_c[3] - by_c[2])
    by_b = (1 - a) * (along[1] - along[0]) + a * (along[3] - along[2])
    slope = np.stack([far - near, by_b, near_c + a * (far_c - near_c)], axis=1)
    return near + a * (far - near), slope


def _left_jacobian(vector: Matrix) -> Matrix:
    """How a rotation answers a change of its rotation vector, shape (3, 3)."""
    angle = float(np.linalg.norm(vector))
    x, y, z = vector
    hat = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    if angle < 1e-6:
        return np.asarray(np.eye(3) + hat / 2)
    first, second = (1 - np.cos(angle)) / angle**2, (angle - np.sin(angle)) / angle**3
    return np.asarray(np.eye(3) + first * hat + second * hat @ hat)
