"""Bringing two images of one body together: the search for a rigid transform by mutual information.

Matrices here are 4 x 4 and take fixed positions to moving positions, LPS mm.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray
from scipy.ndimage import find_objects, map_coordinates
from scipy.spatial.transform import Rotation

from sarcoma_review.errors import EmptyMaskError, GeometryError
from sarcoma_review.planning.lattice import sitk_image
from sarcoma_review.volume import Grid, Volume

Matrix = NDArray[np.float64]

LEVELS_MM = (6.0, 3.0)
"""Voxels are averaged up to about this size."""

LEAST_OVERLAP = 0.25
"""Share of the fixed image (of what counts of it) that must lie inside the moving image."""

_BINS = 40
_SAMPLES = 20_000
_SHIFTS_MM = (-32.0, -16.0, 0.0, 16.0, 32.0)
_BORDER = 4


@dataclass(frozen=True, eq=False)
class Region:
    """An image, cut down to the part that counts.

    Parameters
    ----------
    array : ndarray of float32, shape (slices, rows, columns)
        Levels from 0 to 1: half of a voxel's level is its value, half its rank, so that fat and muscle lie well
        apart beside bone and air.
    grid : Grid
    counts : ndarray of bool, same shape
    """

    array: NDArray[np.float32]
    grid: Grid
    counts: NDArray[np.bool_]

    @classmethod
    def of(cls, volume: Volume, focus: Volume | None, what: str) -> "Region":
        """Cut a volume down to its focus and a border for smoothing; all of it counts where there is no focus.

        Raises
        ------
        EmptyMaskError
            If the focus has no voxels.
        GeometryError
            If the focus lies on another grid.
        """
        if focus is None:
            return cls(_levels(volume.array), volume.grid, np.ones(volume.shape, bool))
        if not focus.grid.same_as(volume.grid):
            raise GeometryError(f"the focus must lie on the grid of the {what} volume, {volume}; got {focus}")
        counts = np.asarray(focus.array > 0.5 if focus.array.dtype.kind == "f" else focus.array, bool)
        if not counts.any():
            raise EmptyMaskError(f"the focus on the {what} volume has no voxels: expected at least one, found 0")
        box = find_objects(counts.astype(np.uint8))[0]
        wide = tuple(slice(max(0, part.start - _BORDER), part.stop + _BORDER) for part in box)
        affine = volume.affine.copy()
        affine[:3, 3] = volume.position_mm([part.start for part in wide])
        cut = _levels(volume.array)[wide]
        return cls(cut, Grid((cut.shape[0], cut.shape[1], cut.shape[2]), affine), counts[wide])

    def image(self, voxel_mm: float) -> sitk.Image:
        """The image with voxels averaged up to about a size."""
        factors = [max(1, round(voxel_mm / mm)) for mm in self.grid.spacing_mm]
        factors = [min(factor, max(1, n // 4)) for factor, n in zip(factors, self.grid.shape, strict=True)]
        image: sitk.Image = sitk.BinShrink(sitk_image(self.array, self.grid), [int(f) for f in factors[::-1]])
        return image

    @cached_property
    def points_mm(self) -> Matrix:
        """A few thousand positions that count, evenly taken, shape (n, 3)."""
        index = np.argwhere(self.counts)
        return self.grid.position_mm(index[:: max(1, len(index) // 4000)])

    @cached_property
    def centre_mm(self) -> Matrix:
        """Middle of what counts, shape (3,)."""
        return np.asarray(self.points_mm.mean(axis=0), np.float64)

    @cached_property
    def radius_mm(self) -> float:
        """Root mean square distance of what counts from its middle."""
        return float(np.sqrt(((self.points_mm - self.centre_mm) ** 2).sum(axis=1).mean()))


def _levels(array: NDArray[Any]) -> NDArray[np.float32]:
    """Values as levels from 0 to 1, the mean of where they stand in the range and of their rank."""
    ranks = np.linspace(0.0, 1.0, 257)
    values = np.quantile(array.ravel()[:: max(1, array.size // 200_000)].astype(np.float64), ranks)
    low, high = values[1], values[-2]
    if high <= low:
        return np.zeros(array.shape, np.float32)
    knots, first = np.unique(values, return_index=True)
    last = np.append(first[1:], len(values)) - 1
    rank = (ranks[first] + ranks[last]) / 2
    level = (np.clip((knots - low) / (high - low), 0.0, 1.0) + rank) / 2
    return np.asarray(np.interp(array, knots, level), np.float32)


def overlap(matrix: Matrix, fixed: Region, moving: Region) -> float:
    """Share of the fixed region that a transform puts inside the moving one."""
    index = np.rint(moving.grid.index(moved(matrix, fixed.points_mm))).astype(np.intp)
    within = np.asarray(((index >= 0) & (index < moving.grid.shape)).all(axis=1), bool)
    within[within] = moving.counts[tuple(index[within].T)]
    return float(within.mean())


def moved(matrix: Matrix, positions_mm: Matrix) -> Matrix:
    """Positions (..., 3) taken through a 4 x 4 matrix."""
    position: Matrix = positions_mm @ matrix[:3, :3].T + matrix[:3, 3]
    return position


def turned(rotation_vector: Matrix, shift_mm: Matrix, about_mm: Matrix) -> Matrix:
    """The matrix that turns about a position by a rotation vector (radians) and then shifts."""
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_rotvec(rotation_vector).as_matrix()
    matrix[:3, 3] = about_mm - matrix[:3, :3] @ about_mm + shift_mm
    return matrix


def starts(fixed: Region, moving: Region) -> list[Matrix]:
    """Where to begin, best first: as the images lie, or middle on middle, each tried with shifts round about.

    Scored by the mutual information of a few thousand voxels; starts that put too little of one image
    inside the other are left out.
    """
    coarse = sitk.GetArrayFromImage(moving.image(LEVELS_MM[0]))
    bases = [np.zeros(3), moving.centre_mm - fixed.centre_mm]
    shifts = [base + np.array(shift) for base in bases for shift in product(_SHIFTS_MM, repeat=3)]
    scored: list[tuple[float, int, Matrix]] = []
    for shift in shifts:
        matrix = turned(np.zeros(3), shift, fixed.centre_mm)
        if overlap(matrix, fixed, moving) >= LEAST_OVERLAP:
            scored.append((_information(matrix, fixed, moving, coarse), len(scored), matrix))
    chosen: list[Matrix] = []
    for _, _, matrix in sorted(scored, key=lambda row: (-row[0], row[1])):
        if all(np.linalg.norm(matrix[:3, 3] - other[:3, 3]) > 20.0 for other in chosen):
            chosen.append(matrix)
    return chosen[:3]


def _information(matrix: Matrix, fixed: Region, moving: Region, coarse: NDArray[np.float32]) -> float:
    """Mutual information (nats) of the fixed image and a coarse moving one, at a few thousand places."""
    here = map_coordinates(fixed.array, fixed.grid.index(fixed.points_mm).T, order=0)
    scale = np.array(coarse.shape) / np.array(moving.grid.shape)
    index = (moving.grid.index(moved(matrix, fixed.points_mm)) + 0.5) * scale - 0.5
    there = map_coordinates(coarse, index.T, order=1, cval=np.nan)
    seen = np.isfinite(there)
    joint = np.histogram2d(here[seen], there[seen], bins=24)[0] / seen.sum()
    apart = joint.sum(axis=1, keepdims=True) * joint.sum(axis=0, keepdims=True)
    some = joint > 0
    return float((joint[some] * np.log(joint[some] / apart[some])).sum() * seen.mean() ** 0.5)


@dataclass(frozen=True, eq=False)
class Search:
    """A search at one voxel size, run as often as needed.

    Parameters
    ----------
    fixed, moving : Region
    voxel_mm : float
        Of both images, about; 0 for their own.
    """

    fixed: Region
    moving: Region
    voxel_mm: float

    @cached_property
    def _images(self) -> tuple[sitk.Image, sitk.Image]:
        return self.fixed.image(self.voxel_mm), self.moving.image(self.voxel_mm)

    def run(self, start: Matrix, *, seed: int, first_step_mm: float = 0.0) -> Matrix:
        """Climb to the nearest best transform.

        Parameters
        ----------
        start : ndarray, shape (4, 4)
        seed : int
            Chooses the voxels that are compared; one seed, one result.
        first_step_mm : float
            0 for about half a voxel.

        Raises
        ------
        GeometryError
            If the search walked out of the images.
        """
        method, transform = self._method(start, seed)
        step = first_step_mm or max(self.voxel_mm, min(self.fixed.grid.spacing_mm)) / 2
        method.SetOptimizerAsRegularStepGradientDescent(
            step, step * 0.01, 120, relaxationFactor=0.6, gradientMagnitudeTolerance=1e-9
        )
        try:
            method.Execute(*self._images)
        except RuntimeError as problem:
            raise GeometryError("registration failed: the images lost each other during the search") from problem
        return _matrix(transform)

    def value(self, matrix: Matrix, *, seed: int) -> float:
        """Mutual information (nats; more is better) under a transform; minus infinity where nothing overlaps."""
        method, _ = self._method(matrix, seed)
        try:
            return float(-method.MetricEvaluate(*self._images))
        except RuntimeError:
            return -np.inf

    def _method(self, start: Matrix, seed: int) -> tuple[sitk.ImageRegistrationMethod, sitk.Euler3DTransform]:
        method = sitk.ImageRegistrationMethod()
        method.SetNumberOfThreads(1)  # sums in one order: the same bits every time
        method.SetMetricAsMattesMutualInformation(_BINS)
        method.SetInterpolator(sitk.sitkLinear)
        self._count_only(method, self.fixed.counts, seed)
        transform = sitk.Euler3DTransform()
        transform.SetCenter(self.fixed.centre_mm.tolist())
        transform.SetMatrix(start[:3, :3].ravel().tolist(), 1e-6)
        at_centre = start[:3, :3] @ self.fixed.centre_mm + start[:3, 3]
        transform.SetTranslation((at_centre - self.fixed.centre_mm).tolist())
        method.SetInitialTransform(transform, True)
        # A turn by one radian moves what counts by its radius: so all six steps are in mm.
        method.SetOptimizerScales([self.fixed.radius_mm**2] * 3 + [1.0] * 3)
        return method, transform

    def _count_only(self, method: sitk.ImageRegistrationMethod, counts: NDArray[np.bool_], seed: int) -> None:
        if not counts.all():
            method.SetMetricFixedMask(sitk_image(counts.astype(np.uint8), self.fixed.grid))
        if not self.moving.counts.all():
            method.SetMetricMovingMask(sitk_image(self.moving.counts.astype(np.uint8), self.moving.grid))
        voxels = float(np.prod(self._images[0].GetSize())) * counts.mean()
        method.SetMetricSamplingStrategy(method.RANDOM)
        method.SetMetricSamplingPercentage(min(1.0, _SAMPLES / voxels), seed)


def _matrix(transform: sitk.Euler3DTransform) -> Matrix:
    turn = np.array(transform.GetMatrix()).reshape(3, 3)
    centre = np.array(transform.GetCenter())
    matrix = np.eye(4)
    matrix[:3, :3] = turn
    matrix[:3, 3] = centre + np.array(transform.GetTranslation()) - turn @ centre
    return matrix
