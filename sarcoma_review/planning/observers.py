"""How far several observers' outlines of one tumour agree."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy import ndimage
from scipy.spatial import cKDTree

from sarcoma_review.errors import EmptyMaskError, PlanError
from sarcoma_review.planning.distance import (
    Floats,
    distance_to_triangles_mm,
    level_surface,
    signed_depth_mm,
)
from sarcoma_review.planning.masks import (
    Mask,
    bounding_box,
    inside,
    mask_on,
    require_one_grid,
    require_square_corners,
)
from sarcoma_review.planning.surface import TumourSurface
from sarcoma_review.volume import Grid, Segment, Volume

_PAD = 3  # voxels of background round the outlines, so that no surface is left open


@dataclass(frozen=True)
class ObserverPair:
    """Agreement of two outlines.

    Parameters
    ----------
    first, second : int
        Which of the outlines, counted from 0.
    dice : float
        Twice the common volume over the sum of both; 1 where they are the same.
    volume_difference_percent : float
        Second less first, in per cent of their mean.
    mean_mm : float
        Mean distance between the two surfaces, both ways, weighted by area.
    p95_mm : float
        Distance that 95 % of the area of both surfaces keeps within.
    maximum_mm : float
        Largest distance (Hausdorff).
    """

    first: int
    second: int
    dice: float
    volume_difference_percent: float
    mean_mm: float
    p95_mm: float
    maximum_mm: float


@dataclass(frozen=True, eq=False)
class ObserverReport:
    """Agreement of several outlines of one structure.

    Parameters
    ----------
    pairs : tuple of ObserverPair
        Every two of them, in the order given.
    agreement_volume_ml, union_volume_ml : float
        Volume that all of them hold, and that at least one holds.
    boundary_sd_mm : float
        Standard deviation between observers of where the outline lies, over the mean surface (root mean square,
        weighted by area): the ``segmentation_sd_mm`` of `Uncertainty`.
    mean_mask : Volume
        Float in 0 to 1: the share of observers who hold each voxel.
    findings : tuple of str
        What limits the result.
    """

    pairs: tuple[ObserverPair, ...]
    agreement_volume_ml: float
    union_volume_ml: float
    boundary_sd_mm: float
    mean_mask: Volume
    findings: tuple[str, ...] = ()

    def __repr__(self) -> str:
        least = min(pair.dice for pair in self.pairs)
        furthest = max(pair.maximum_mm for pair in self.pairs)
        return (
            f"<ObserverReport {len(self.pairs)} pair(s), least Dice {least:.2f}, largest distance {furthest:.1f} mm, "
            f"boundary sd {self.boundary_sd_mm:.1f} mm>"
        )


def compare_observers(masks: Sequence[Segment]) -> ObserverReport:
    """Compare the outlines that several observers, or one at several times, drew of one structure.

    Parameters
    ----------
    masks : sequence of Segment
        At least two, on one grid with square corners.

    Returns
    -------
    ObserverReport

    Raises
    ------
    PlanError
        If there are fewer than two.
    EmptyMaskError
        If one holds no voxel.
    GeometryError
        If grids or frames of reference differ, or the grid is sheared.

    Notes
    -----
    Distances run from the vertices of one sub-voxel surface (`TumourSurface`) to the nearest point of the other's
    triangles. Known bias: none between smooth outlines beyond those surfaces' own error (0.05 to 0.10 mm on 0.8 mm
    voxels); the largest distance is an extreme and so errs upward, by up to 0.7 of the largest voxel spacing.
    Cavities are not compared: the surfaces are the outer ones. Dice and volumes count voxels. Observers who share a
    habit share an error that no comparison shows.

    The standard deviation is that of the signed distances from the mean surface to each outline, with one degree of
    freedom taken off; from two observers it is known no better than to a factor of about two.

    References
    ----------
    .. [1] Dice LR. Measures of the amount of ecologic association between species. Ecology. 1945;26(3):297-302.

    Examples
    --------
    >>> z, y, x = np.mgrid[-16:17, -16:17, -16:17]
    >>> from_centre = np.sqrt(x**2 + y**2 + z**2)
    >>> drawn = [Segment("tumour", Volume(from_centre < radius, np.eye(4))) for radius in (10, 12)]
    >>> report = compare_observers(drawn)
    >>> round(report.pairs[0].dice, 1), round(report.pairs[0].mean_mm, 1), round(report.boundary_sd_mm, 1)
    (0.7, 2.0, 1.4)
    """
    _require_comparable(masks)
    whole = [inside(segment.mask) for segment in masks]
    box = bounding_box(np.logical_or.reduce(whole))
    arrays = [array[box] for array in whole]
    surfaces = [TumourSurface.from_mask(segment.mask) for segment in masks]
    votes = np.sum(arrays, axis=0)
    first = masks[0].mask
    mean = np.zeros(first.shape, np.float32)
    mean[box] = votes / len(masks)
    return ObserverReport(
        pairs=tuple(_pair(one, other, arrays, surfaces) for one, other in combinations(range(len(masks)), 2)),
        agreement_volume_ml=float(np.count_nonzero(votes == len(masks)) * first.grid.voxel_volume_ml),
        union_volume_ml=float(np.count_nonzero(votes) * first.grid.voxel_volume_ml),
        boundary_sd_mm=_boundary_sd_mm(arrays, surfaces, first.grid, corner=[side.start for side in box]),
        mean_mask=mask_on(first, mean, *[segment.mask for segment in masks]),
        findings=tuple(dict.fromkeys(finding for surface in surfaces for finding in surface.findings)),
    )


def _require_comparable(masks: Sequence[Segment]) -> None:
    if len(masks) < 2:
        raise PlanError(f"comparing observers takes at least 2 outlines, got {len(masks)}")
    for number, segment in enumerate(masks):
        require_one_grid(masks[0].mask, segment.mask, f"outlines 1 and {number + 1}")
        if not inside(segment.mask).any():
            raise EmptyMaskError(f"outline {number + 1} of {len(masks)}: expected at least one voxel, found 0")
    require_square_corners(masks[0].mask)


def _pair(one: int, other: int, arrays: list[Mask], surfaces: list[TumourSurface]) -> ObserverPair:
    sizes = [int(np.count_nonzero(arrays[n])) for n in (one, other)]
    common = int(np.count_nonzero(arrays[one] & arrays[other]))
    there, back = (_distances(surfaces[a], surfaces[b]) for a, b in ((one, other), (other, one)))
    distances = np.concatenate([there[0], back[0]])
    areas = np.concatenate([there[1], back[1]])
    if not areas.any():  # nothing but specks: every point of their outline counts alike
        areas = np.ones_like(distances)
    return ObserverPair(
        first=one,
        second=other,
        dice=2.0 * common / sum(sizes),
        volume_difference_percent=200.0 * (sizes[1] - sizes[0]) / sum(sizes),
        mean_mm=float(np.average(distances, weights=areas)),
        p95_mm=_weighted_quantile(distances, areas, 0.95),
        maximum_mm=float(distances.max()),
    )


def _distances(start: TumourSurface, end: TumourSurface) -> tuple[Floats, Floats]:
    """Distance in mm from each vertex and guard point of one surface to the other, and the area it stands for."""
    points = start.points_mm
    found = np.full(len(points), np.inf)
    if len(end.faces):
        found = distance_to_triangles_mm(points, end.vertices, end.faces)
    if len(end.guard_points_mm):
        found = np.minimum(found, cKDTree(end.guard_points_mm).query(points, workers=-1)[0])
    return found, np.concatenate([start.vertex_areas_mm2, np.zeros(len(start.guard_points_mm))])


def _weighted_quantile(values: Floats, weights: Floats, share: float) -> float:
    order = np.argsort(values)
    reached = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(reached, share * reached[-1])])


def _boundary_sd_mm(arrays: list[Mask], surfaces: list[TumourSurface], grid: Grid, *, corner: list[int]) -> float:
    """Root mean square, over the mean surface, of the standard deviation of signed distances to each outline."""
    padded = [np.pad(array, _PAD) for array in arrays]
    signed = [signed_depth_mm(array, grid.spacing_mm) for array in padded]
    mean = np.mean(signed, axis=0)
    # Outlines so far apart that no place is inside on average have no mean surface; their common hull stands in.
    level = mean if mean.min() < 0 else signed_depth_mm(np.logical_or.reduce(padded), grid.spacing_mm)
    vertices, faces = level_surface(level, grid.spacing_mm)
    index = vertices / grid.spacing_mm
    position_mm = grid.position_mm(index - _PAD + corner)
    offsets = [_offsets_mm(position_mm, index, one, surface) for one, surface in zip(signed, surfaces, strict=True)]
    a, b, c = vertices[faces].transpose(1, 0, 2)
    areas = np.linalg.norm(np.cross(b - a, c - a), axis=1)
    weights = np.bincount(faces.ravel(), weights=np.repeat(areas, 3), minlength=len(vertices))
    return float(np.sqrt(np.average(np.var(offsets, axis=0, ddof=1), weights=weights)))


def _offsets_mm(position_mm: Floats, index: Floats, signed: Floats, surface: TumourSurface) -> Floats:
    """Signed distance in mm of places to an outline, below zero inside."""
    sampled: Floats = ndimage.map_coordinates(signed, index.T, order=1, mode="nearest")
    if not len(surface.faces):
        return sampled
    return np.copysign(distance_to_triangles_mm(position_mm, surface.vertices, surface.faces), sampled)
