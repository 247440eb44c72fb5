"""The margin between a tumour and the cuts of its resection."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from sarcoma_review.planning.body import expanded, resolved, specimen_volume_ml
from sarcoma_review.planning.bone import bone_resected
from sarcoma_review.planning.extent import least_by_component, least_by_direction, volume_beyond_ml
from sarcoma_review.planning.facing import facing_patch
from sarcoma_review.planning.outline_error import outline_error
from sarcoma_review.planning.patches import beyond_patches, feet_mm, plane_margins_mm
from sarcoma_review.planning.refine import furthest
from sarcoma_review.planning.report import MarginReport, PlaneMargin, taken_as_exact
from sarcoma_review.planning.resection import Expansion, Plane, ResectionPlan, towards_mm
from sarcoma_review.planning.spared import measure_spared
from sarcoma_review.planning.specimen import measure_specimen, specimen_margins_mm
from sarcoma_review.planning.structures import named, structure_distance
from sarcoma_review.planning.surface import TumourSurface
from sarcoma_review.planning.uncertainty import Uncertainty
from sarcoma_review.volume import Segment, Volume

__all__ = ["MarginReport", "PlaneMargin", "resection_margins"]

Array = NDArray[np.float64]
_TOUCHING_MM = 0.1
_PAST_MM = 0.5


def resection_margins(
    surface: TumourSurface,
    plan: ResectionPlan,
    *,
    structures: Mapping[str, Segment | Volume] = MappingProxyType({}),
    bone: Segment | Volume | None = None,
    uncertainty: Uncertainty | None = None,
) -> MarginReport:
    """Measure the margin from a tumour to each part of a plan.

    The margin to a plane is closed form: the plane's offset less the tumour's furthest reach along the normal.
    The reach is read off the surface, then refined by a local quadric fit, because the highest vertex of a
    surface made from voxels lies systematically too far out or in. The plane is the tumour-side face of the cut,
    so the kerf never counts as margin.

    Parameters
    ----------
    surface : TumourSurface
        Of the tumour.
    plan : ResectionPlan
        In the same patient space.
    structures : mapping of str to Segment or Volume
        Cord, roots, vessels, joint, growth plate or others, by name; see `structure_distance`.
    bone : Segment or Volume, optional
        The bone that is cut; see `bone_resected`.
    uncertainty : Uncertainty, optional
        What is known of the outline's, the registration's and the saw's error. Without it the interval holds the
        voxels' part alone, and a finding says so.

    Returns
    -------
    MarginReport
        A distance from imaging. It says nothing of residual tumour (R) and nothing of tissue barriers.

    Notes
    -----
    Known error on spheres and ellipsoids (root mean square): 0.02 mm at 0.8 mm voxels, 0.04 mm at 0.8 x 0.8 x 3 mm,
    and 0.06 mm at 1 x 1 x 5 mm, 0.3 mm there for planes along the slices (`benchmarks/margin_peers.py`).

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
    maps = plane_margins_mm(plan, surface.points_mm)
    found = [_plane(surface, plane, margins) for plane, margins in zip(plan.planes, maps, strict=True)]
    limits: tuple[str, ...] = ()
    if plan.specimen is not None:
        specimen, limits = _specimen(surface, plan.specimen)
        found.append(specimen)
    grown = None if plan.expansion_mm is None else expanded(surface.mask, plan.expansion_mm)
    if plan.expansion_mm is not None and grown is not None:
        found.append(_expansion(surface, plan.expansion_mm, grown))
    found += [_spared(surface, zone) for zone in plan.spared]
    planes = tuple(each.row(surface, uncertainty or Uncertainty()) for each in found)
    points = np.min([each.margins_mm for each in found], axis=0)
    body = resolved(plan, surface.mask, grown=grown)
    near = (structure_distance(named(name, each), surface, body, uncertainty=uncertainty)
            for name, each in structures.items())  # fmt: skip
    return MarginReport(
        planes=planes,
        distances_mm=points[: len(surface.vertices)],
        point_margins_mm=points,
        point_areas_mm2=surface.point_areas_mm2,
        per_direction=MappingProxyType(least_by_direction(surface, points)),
        per_component=least_by_component(surface, points),
        breach_volume_ml=volume_beyond_ml(surface, body),
        specimen_volume_ml=specimen_volume_ml(body),
        findings=surface.findings + limits + _findings(planes, uncertainty) + _past_patches(surface, plan),
        structures=tuple(near),
        bone=None if bone is None else bone_resected(bone, body),
        uncertainty=uncertainty,
    )


@dataclass(frozen=True, eq=False)
class _Found:
    """A margin as the voxels give it, before what else is uncertain is added."""

    name: str
    margins_mm: Array
    margin_mm: float
    position_mm: Array
    direction: Array
    sd_mm: float
    smoothed_away_mm: float = 0.0

    def row(self, surface: TumourSurface, known: Uncertainty) -> PlaneMargin:
        outline = outline_error(surface, self.margins_mm, self.direction, known)
        parts = (self.sd_mm, outline.sd_mm, known.registration_sd_mm, known.execution_sd_mm)
        return PlaneMargin(
            name=self.name,
            margin_mm=self.margin_mm,
            position_mm=self.position_mm,
            sd_mm=float(np.linalg.norm(parts)),
            unrefined_mm=float(self.margins_mm.min()),
            outline_shift_mm=outline.shift_mm,
            smoothed_away_mm=self.smoothed_away_mm,
        )


def _plane(surface: TumourSurface, plane: Plane, margins: Array) -> _Found:
    if plane.patch_mm is None:
        reach, direction = furthest(surface, plane.normal), plane.normal
        margin = float(-plane.distance_mm(reach.position_mm))
    else:
        facing = facing_patch(surface, plane, margins)
        reach, direction, margin = facing.reach, facing.direction, facing.margin_mm
    return _Found(plane.name, margins, margin, reach.position_mm, direction, reach.sd_mm, reach.beyond_mm)


def _specimen(surface: TumourSurface, specimen: Volume) -> tuple[_Found, tuple[str, ...]]:
    body = measure_specimen(surface, specimen)
    outward = (body.wall_mm - body.position_mm) * np.sign(body.margin_mm)
    apart = float(np.linalg.norm(outward))
    direction = outward / apart if apart > _TOUCHING_MM else _away(surface, body.position_mm)
    found = _Found("specimen", body.margins_mm, body.margin_mm, body.position_mm, direction, body.sd_mm)
    return found, body.findings


def _spared(surface: TumourSurface, zone: Segment) -> _Found:
    kept = measure_spared(surface, zone.mask)
    return _Found(zone.name, kept.margins_mm, kept.margin_mm, kept.position_mm, kept.direction, kept.sd_mm)


def _away(surface: TumourSurface, position_mm: Array) -> Array:
    outward = position_mm - surface.points_mm.mean(axis=0)
    unit: Array = outward / max(float(np.linalg.norm(outward)), 1e-9)
    return unit


def _expansion(surface: TumourSurface, expansion_mm: Expansion, grown: Volume) -> _Found:
    """An expansion is least where it was asked to be least, at the tumour's own end on that side."""
    towards = towards_mm(expansion_mm)
    axis, side = divmod(int(np.argmin(towards)), 2)
    direction = np.eye(3)[axis] * (1.0 if side else -1.0)
    least = float(towards.min())
    if (towards == least).all():
        margins = np.full(len(surface.points_mm), least)
    else:
        margins = np.maximum(specimen_margins_mm(surface, grown), least)
    reach = furthest(surface, direction)
    return _Found("expansion", margins, least, reach.position_mm, direction, reach.sd_mm)


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
    return (*cut, *taken_as_exact(uncertainty))


def _past_patches(surface: TumourSurface, plan: ResectionPlan) -> tuple[str, ...]:
    """Name the patches past whose ends the tumour goes on: the cut as outlined does not part it there."""
    if not plan.patches:
        return ()
    beyond = beyond_patches(plan.patches, surface.points_mm)
    found = []
    for number, plane in enumerate(plan.patches):
        points = surface.points_mm[(beyond.distance_mm > 0) & (beyond.nearest == number)]
        past = np.linalg.norm(points - feet_mm(plane, points), axis=1) - np.abs(plane.distance_mm(points))
        if (past > _PAST_MM).any():
            found.append(f"the tumour goes on past the end of {plane.name!r}, which does not part it there")
    return tuple(found)
