"""The margin between a tumour and the planes of its resection."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from sarcoma_review.errors import PlanError
from sarcoma_review.planning.extent import least_by_component, least_by_direction, volume_beyond_ml
from sarcoma_review.planning.refine import furthest
from sarcoma_review.planning.resection import Plane, ResectionPlan
from sarcoma_review.planning.specimen import (
    specimen_margins_mm,
    specimen_sd_mm,
    specimen_volume_ml,
    tumour_outside_ml,
)
from sarcoma_review.planning.surface import TumourSurface
from sarcoma_review.planning.uncertainty import (
    Uncertainty,
    interval_of_minimum,
    probability_below,
    voxel_sd_mm,
)
from sarcoma_review.volume import Volume


@dataclass(frozen=True, eq=False)
class PlaneMargin:
    """The margin to one plane.

    Parameters
    ----------
    name : str
        The plane's.
    margin_mm : float
        Least distance from the tumour to the plane; below 0 where the plane cuts the tumour (how deep).
    position_mm : ndarray, shape (3,)
        Where on the tumour, LPS mm.
    sd_mm : float
        Standard deviation.
    unrefined_mm : float
        The margin at the nearest surface vertex, before the local refit.
    smoothed_away_mm : float
        How much wider the smoothed surface would have had the margin, where a voxel of the mask was taken instead.
    """

    name: str
    margin_mm: float
    position_mm: NDArray[np.float64]
    sd_mm: float
    unrefined_mm: float
    smoothed_away_mm: float = 0.0

    @property
    def interval_mm(self) -> tuple[float, float]:
        """95 % interval of this plane's margin, mm."""
        return interval_of_minimum([self.margin_mm], [self.sd_mm])


@dataclass(frozen=True, eq=False)
class MarginReport:
    """Margins of one plan: overall, per plane, and over the tumour's surface.

    Parameters
    ----------
    planes : tuple of PlaneMargin
        In the plan's order.
    distances_mm : ndarray, shape (n,)
        Margin at each vertex of the surface: the least over the planes.
    point_margins_mm, point_areas_mm2 : ndarray, shape (n + k,)
        Margin at each vertex and guard point, and the area it stands for.
    per_direction : mapping of str to float
        Least margin in mm of the surface that faces each side of the patient (R, L, A, P, I, S), at its vertices.
    per_component : tuple of float
        Least margin in mm of each separate piece of the mask, at its vertices, in the order of their numbers.
    breach_volume_ml : float
        Tumour that lies beyond any plane, or outside the specimen where that is more.
    specimen_volume_ml : float or None
        Of the specimen's mask; None for planes alone, which bound no body.
    findings : tuple of str
        What limits the result.
    uncertainty : Uncertainty or None
        What the standard deviations hold besides the voxels; None where nothing was told.
    """

    planes: tuple[PlaneMargin, ...]
    distances_mm: NDArray[np.float64]
    point_margins_mm: NDArray[np.float64]
    point_areas_mm2: NDArray[np.float64]
    per_direction: Mapping[str, float]
    per_component: tuple[float, ...]
    breach_volume_ml: float
    specimen_volume_ml: float | None
    findings: tuple[str, ...]
    uncertainty: Uncertainty | None = None

    def with_saw(self, execution_sd_mm: float) -> "MarginReport":
        """The same margins with the saw's error added to what was measured without it.

        Raises
        ------
        PlanError
            If the standard deviation is below 0 mm, or the report holds a saw's error already.
        """
        if self.uncertainty and self.uncertainty.execution_sd_mm:
            raise PlanError("the report holds the saw's error already; measure anew with another Uncertainty")
        added = replace(self.uncertainty or Uncertainty(), execution_sd_mm=execution_sd_mm)
        planes = tuple(replace(row, sd_mm=float(np.hypot(row.sd_mm, execution_sd_mm))) for row in self.planes)
        return replace(self, planes=planes, uncertainty=added)

    @property
    def breach_depth_mm(self) -> float:
        """How deep a plane passes into the tumour; 0 where none does."""
        return max(0.0, -self.minimum_mm)

    @property
    def closest(self) -> PlaneMargin:
        """The plane with the least margin."""
        return min(self.planes, key=lambda plane: plane.margin_mm)

    @property
    def minimum_mm(self) -> float:
        """Least margin over all planes, mm."""
        return self.closest.margin_mm

    @property
    def minimum_position_mm(self) -> NDArray[np.float64]:
        """Where on the tumour the margin is least, LPS mm."""
        return self.closest.position_mm

    @property
    def per_plane(self) -> Mapping[str, float]:
        """Margin in mm by the plane's name."""
        return MappingProxyType({plane.name: plane.margin_mm for plane in self.planes})

    @property
    def interval_mm(self) -> tuple[float, float]:
        """95 % interval of the least margin, mm; it allows for several planes being nearly as close."""
        return interval_of_minimum(*self._normals())

    def probability_below(self, limit_mm: float) -> float:
        """Probability that the least margin is below `limit_mm`."""
        return probability_below(*self._normals(), limit_mm)

    def area_fraction_below(self, limit_mm: float) -> float:
        """Share (0 to 1) of the tumour's surface whose margin is below `limit_mm`, weighted by area."""
        near = self.point_areas_mm2[self.point_margins_mm < limit_mm].sum()
        return float(near / self.point_areas_mm2.sum())

    def _normals(self) -> tuple[list[float], list[float]]:
        return [plane.margin_mm for plane in self.planes], [plane.sd_mm for plane in self.planes]

    def __repr__(self) -> str:
        low, high = self.interval_mm
        return (
            f"<MarginReport minimum {self.minimum_mm:.1f} mm (95 % {low:.1f} to {high:.1f}), "
            f"{self.closest.name}; {len(self.planes)} plane(s)>"
        )


def resection_margins(
    surface: TumourSurface, plan: ResectionPlan, *, uncertainty: Uncertainty | None = None
) -> MarginReport:
    """Measure the margin from a tumour to each plane of a plan.

    The margin to a plane is closed form: the plane's offset less the tumour's furthest reach along the normal.
    The reach is read off the surface, then refined by a local quadric fit, because the highest vertex of a
    surface made from voxels lies systematically too far out or in. The plane is the tumour-side face of the cut,
    so the kerf never counts as margin.

    Parameters
    ----------
    surface : TumourSurface
        Of the tumour.
    plan : ResectionPlan
        Planes in the same patient space.
    uncertainty : Uncertainty, optional
        What is known of the outline's, the registration's and the saw's error. Without it the outline is taken as
        right to within a voxel and the saw as exact, and a finding says so.

    Returns
    -------
    MarginReport
        A distance from imaging. It says nothing of residual tumour (R) and nothing of tissue barriers.

    Notes
    -----
    Known error on spheres and ellipsoids (root mean square): 0.02 mm at 0.8 mm voxels, 0.04 mm at 0.8 x 0.8 x 3 mm,
    and 0.07 mm at 1 x 1 x 5 mm, 0.25 mm there for planes parallel to the slices.

    Examples
    --------
    >>> import numpy as np
    >>> from sarcoma_review.planning import Plane, ResectionPlan, TumourSurface
    >>> from sarcoma_review.volume import Volume
    >>> z, y, x = np.mgrid[-20:21, -20:21, -20:21]
    >>> ball = Volume(x**2 + y**2 + z**2 <= 12.0**2, np.diag([1.0, 1.0, 1.0, 1.0]))
    >>> cut = Plane((20.0, 20.0, 42.0), (0.3, 0.2, 1.0), name="proximal")  # the ball's centre is (20, 20, 20)
    >>> report = resection_margins(TumourSurface.from_mask(ball), ResectionPlan([cut]))
    >>> round(report.minimum_mm, 1)  # 22 / sqrt(1.13) - 12 = 8.70
    8.7
    """
    rows = [_plane_margin(surface, plane, uncertainty) for plane in plan.planes]
    maps = [-plane.distance_mm(surface.points_mm) for plane in plan.planes]
    beyond_ml = volume_beyond_ml(surface.mask, plan.planes)
    if plan.specimen is not None:
        maps.append(specimen_margins_mm(surface, plan.specimen))
        rows.append(_specimen_margin(surface, plan.specimen, maps[-1], uncertainty))
        beyond_ml = max(beyond_ml, tumour_outside_ml(surface.mask, plan.specimen))
    planes, points = tuple(rows), np.min(maps, axis=0)
    return MarginReport(
        planes=planes,
        distances_mm=points[: len(surface.vertices)],
        point_margins_mm=points,
        point_areas_mm2=surface.point_areas_mm2,
        per_direction=MappingProxyType(least_by_direction(surface, points)),
        per_component=least_by_component(surface, points),
        breach_volume_ml=beyond_ml,
        specimen_volume_ml=specimen_volume_ml(plan.specimen),
        findings=surface.findings + _findings(planes, uncertainty),
        uncertainty=uncertainty,
    )


def _plane_margin(surface: TumourSurface, plane: Plane, uncertainty: Uncertainty | None) -> PlaneMargin:
    extra_sd_mm = uncertainty.sd_mm if uncertainty else voxel_sd_mm(surface.grid, plane.normal)
    reach = furthest(surface, plane.normal)
    return PlaneMargin(
        name=plane.name,
        margin_mm=float(-plane.distance_mm(reach.position_mm)),
        position_mm=reach.position_mm,
        sd_mm=float(np.hypot(reach.sd_mm, extra_sd_mm)),
        unrefined_mm=float(-plane.distance_mm(reach.vertex_mm)),
        smoothed_away_mm=reach.beyond_mm,
    )


def _specimen_margin(
    surface: TumourSurface, specimen: Volume, margins_mm: NDArray[np.float64], uncertainty: Uncertainty | None
) -> PlaneMargin:
    """The least margin to the specimen's surface, at a point of the tumour's; neither surface is refitted there."""
    at = int(np.argmin(margins_mm))
    outward = surface.points_mm[at] - surface.points_mm.mean(axis=0)
    outward /= max(float(np.linalg.norm(outward)), 1e-9)
    extra_sd_mm = uncertainty.sd_mm if uncertainty else voxel_sd_mm(surface.grid, outward)
    return PlaneMargin(
        name="specimen",
        margin_mm=float(margins_mm[at]),
        position_mm=surface.points_mm[at],
        sd_mm=float(np.hypot(specimen_sd_mm(surface, specimen, outward), extra_sd_mm)),
        unrefined_mm=float(margins_mm[at]),
    )


def _findings(planes: tuple[PlaneMargin, ...], uncertainty: Uncertainty | None) -> tuple[str, ...]:
    cut = [
        f"{plane.name!r} passes {-plane.margin_mm:.1f} mm into the tumour: intralesional"
        for plane in planes
        if plane.margin_mm < 0
    ]
    cut += [
        f"the margin to {plane.name!r} is that of a voxel which smoothing takes off ({plane.smoothed_away_mm:.1f} mm)"
        for plane in planes
        if plane.smoothed_away_mm > 0.1
    ]
    if uncertainty is None:
        cut.append("the interval takes the outline as right to within a voxel, and the saw as exact")
    return tuple(cut)
