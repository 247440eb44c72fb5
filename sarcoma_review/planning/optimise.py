"""What a wider margin costs in bone: a curve of plans, for discussion.

The curve shows what straight cuts near a template can do under the limits given. It chooses nothing: which
margin is wanted, and which plan is carried out, is for the surgeons who discuss it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import ConvexHull, QhullError
from scipy.special import ndtri

from sarcoma_review.errors import PlanError
from sarcoma_review.planning.bone import BoneResection, Cells, border_findings, cells_of, resected_cells
from sarcoma_review.planning.margins import resection_margins
from sarcoma_review.planning.resection import ResectionPlan
from sarcoma_review.planning.structures import Outline, clearance_mm
from sarcoma_review.planning.surface import TumourSurface
from sarcoma_review.planning.tilt import Cut, Scene, Spared, cut_from, descend, same_tilts
from sarcoma_review.planning.uncertainty import Uncertainty
from sarcoma_review.volume import Segment, Volume

_BLOCKS = 12_000  # of bone, in the search; the figures of the result come from every voxel
_POINTS = 3_000  # of a spared structure, in the search; the result is checked on all of them
_ROUNDS = 2
_SWEEPS = 3
_SLACK_MM = 0.1  # the search stays this much further from spared structures than the result has to


@dataclass(frozen=True, eq=False)
class Constraints:
    """Limits on the plans of a trade-off.

    Parameters
    ----------
    thresholds_mm : sequence of float
        The margins, at least 0 mm, at each of which bone is to be kept.
    probability : float
        All margins of a plan together are at least the threshold with this probability (from 0.5 up to, and not, 1).
    max_tilt_deg : float
        How far each plane may turn from the template's normal; 0 leaves its direction alone.
    spared : mapping of str to (Segment or Volume, float)
        Structures that have to stay outside the specimen, and the mm by which, beyond the kerf.
    min_length_kept_mm : float
        Least length of bone kept, all pieces together, as `bone_resected` measures it.

    Raises
    ------
    PlanError
        If a number is outside its range.
    """

    thresholds_mm: tuple[float, ...]
    probability: float = field(default=0.95, kw_only=True)
    max_tilt_deg: float = field(default=15.0, kw_only=True)
    spared: Mapping[str, tuple[Segment | Volume, float]] = field(
        default_factory=lambda: MappingProxyType({}), kw_only=True
    )
    min_length_kept_mm: float = field(default=0.0, kw_only=True)

    def __post_init__(self) -> None:
        thresholds = tuple(sorted({float(mm) for mm in self.thresholds_mm}))
        if not thresholds or not all(np.isfinite(mm) and mm >= 0 for mm in thresholds):
            raise PlanError(f"thresholds are margins in mm, one or more, each at least 0; got {thresholds}")
        if not 0.5 <= self.probability < 1:
            raise PlanError(f"a probability of at least 0.5 and below 1 was expected, got {self.probability:g}")
        if not 0 <= self.max_tilt_deg <= 60:
            raise PlanError(f"a largest tilt of 0 to 60 degrees was expected, got {self.max_tilt_deg:g}")
        if not all(np.isfinite(mm) and mm >= 0 for _, mm in self.spared.values()):
            raise PlanError("the distance of a spared structure is a number of mm, at least 0")
        if not (np.isfinite(self.min_length_kept_mm) and self.min_length_kept_mm >= 0):
            raise PlanError(f"a length of bone kept is at least 0 mm, got {self.min_length_kept_mm:g}")
        object.__setattr__(self, "thresholds_mm", thresholds)


@dataclass(frozen=True, eq=False)
class TradeOffPoint:
    """One margin, and a plan that keeps much bone at it.

    Parameters
    ----------
    threshold_mm : float
        Reached by every margin of the plan with the probability asked for.
    plan : ResectionPlan
        Names and kerfs as in the template.
    margins_mm, sds_mm : mapping of str to float
        Margin and its standard deviation by the plane's name, as `resection_margins` reports them.
    bone : BoneResection
        Of the plan.
    tilts_deg : mapping of str to float
        How far each plane is turned from the template's, by its name.
    """

    threshold_mm: float
    plan: ResectionPlan
    margins_mm: Mapping[str, float]
    sds_mm: Mapping[str, float]
    bone: BoneResection
    tilts_deg: Mapping[str, float]


@dataclass(frozen=True)
class Infeasible:
    """A margin for which no plan within the limits was found, and which limit stood in the way."""

    threshold_mm: float
    reason: str


@dataclass(frozen=True, eq=False)
class TradeOff:
    """Bone kept against the margin asked for.

    Parameters
    ----------
    points : tuple of TradeOffPoint
        By rising threshold; the volume of bone kept never rises with it.
    infeasible : tuple of Infeasible
        By rising threshold.
    findings : tuple of str
        What limits the curve.
    """

    points: tuple[TradeOffPoint, ...]
    infeasible: tuple[Infeasible, ...]
    findings: tuple[str, ...]

    def rows(self) -> list[dict[str, float]]:
        """Give one record for each point, units in the names."""
        return [_row(point) for point in self.points]

    def __repr__(self) -> str:
        pairs = ", ".join(f"{point.threshold_mm:g} mm: {point.bone.kept_ml:.1f} ml kept" for point in self.points)
        none = ", ".join(f"{each.threshold_mm:g} mm: no plan found" for each in self.infeasible)
        return f"<TradeOff {'; '.join(filter(None, (pairs, none)))}>"


def trade_off(
    surface: TumourSurface,
    bone: Segment | Volume,
    template: ResectionPlan,
    *,
    constraints: Constraints,
    uncertainty: Uncertainty | None,
    rng: np.random.Generator,
) -> TradeOff:
    """Find, for each of several margins, straight cuts near a template that keep much bone.

    Each plane of the template may move along its normal and tilt. A plane at a given tilt lies as close to the
    tumour as its share of the probability lets it (with `k` planes, each reaches the threshold with probability
    ``p ** (1 / k)``, which for one plane and 0.95 is 1.645 standard deviations beyond it); only tilts are searched.

    Parameters
    ----------
    surface : TumourSurface
        Of the tumour.
    bone : Segment or Volume
        Of which as much as can be is kept; the kerf is not kept.
    template : ResectionPlan
        Gives the number of cuts, their rough directions, names and kerfs.
    constraints : Constraints
        The margins asked for, and the limits.
    uncertainty : Uncertainty or None
        As for `resection_margins`; None leaves the voxels' error alone.
    rng : numpy.random.Generator
        For some of the tilts tried; the same seed gives the same curve.

    Returns
    -------
    TradeOff
        For discussion. It holds no opinion on which margin is enough.

    Raises
    ------
    PlanError
        If the template has more than endless planes.
    EmptyMaskError
        If the bone or a spared structure has no voxels.
    GeometryError
        If the grid of a spared structure is sheared.

    Notes
    -----
    The bone kept is the union of what each plane keeps, so planes do not come apart exactly: they are tilted in turn,
    several times over, each with the others held still. The result is a local best; another arrangement of
    cuts may keep more. A spared structure counts as clear where each point of it lies far enough beyond one
    of the planes, which asks a little more than its true distance to the specimen does. `min_length_kept_mm` is
    checked on the plan that keeps most volume, not searched for.

    Examples
    --------
    >>> import numpy as np
    >>> from sarcoma_review.planning import Plane, Uncertainty
    >>> z, y, x = np.mgrid[-30:61, -15:16, -15:16]
    >>> lps = [[0, 0, 1, -15], [0, 1, 0, -15], [1, 0, 0, -30], [0, 0, 0, 1]]
    >>> shaft = Volume(x**2 + y**2 < 14.3**2, lps)
    >>> ball = TumourSurface.from_mask(Volume(x**2 + y**2 + z**2 < 10.2**2, lps))
    >>> template = ResectionPlan([Plane((0, 0, 40), (0, 0, 1), name="proximal")])
    >>> curve = trade_off(ball, shaft, template, constraints=Constraints((5.0, 10.0)),
    ...                   uncertainty=Uncertainty(execution_sd_mm=1.0), rng=np.random.default_rng(1))
    >>> [round(row["bone_kept_ml"]) for row in curve.rows()]
    [27, 24]
    """
    _require_endless_planes(template)
    search = _Search.over(surface, bone, template, constraints, uncertainty)
    cuts = search.start()
    reached: tuple[Cut, ...] | None = None
    points: list[TradeOffPoint] = []
    refused: list[Infeasible] = []
    # From the widest margin down: the plan of a wider margin, moved in, is always a plan for the next one,
    # which is why the bone kept cannot rise with the margin.
    for threshold in reversed(constraints.thresholds_mm):
        cuts = search.turned(cuts, threshold, rng)
        tried = [cuts] if reached is None or same_tilts(cuts, reached) else [cuts, search.asked(reached, threshold)]
        found = [(search.point(each, threshold), each) for each in tried]
        allowed = [(point, each) for point, each in found if not search.refusal(point)]
        if allowed:
            best, reached = max(allowed, key=lambda pair: pair[0].bone.kept_ml)
            points.append(best)
        else:
            refused.append(Infeasible(threshold, search.refusal(found[0][0])))
    return TradeOff(tuple(reversed(points)), tuple(reversed(refused)), search.findings)


@dataclass(frozen=True, eq=False)
class _Search:
    """All that stays the same from one threshold to the next."""

    surface: TumourSurface
    template: ResectionPlan
    constraints: Constraints
    uncertainty: Uncertainty | None
    scene: Scene
    cells: Cells
    spared: Mapping[str, tuple[NDArray[np.float64], float]]
    findings: tuple[str, ...]

    @classmethod
    def over(
        cls,
        surface: TumourSurface,
        bone: Segment | Volume,
        template: ResectionPlan,
        constraints: Constraints,
        uncertainty: Uncertainty | None,
    ) -> "_Search":
        """Outline, coarsen and project once."""
        cells = cells_of(bone, "the bone")
        spared = {name: (_points_mm(name, tissue), mm) for name, (tissue, mm) in constraints.spared.items()}
        scene = Scene(
            reach_mm=hull_mm(surface.points_mm),
            bone=cells.coarser(_BLOCKS),
            spared=tuple(Spared(_telling(points), mm + _SLACK_MM) for points, mm in spared.values()),
            max_tilt=float(np.radians(constraints.max_tilt_deg)),
        )
        findings = surface.findings + border_findings(bone)
        return cls(surface, template, constraints, uncertainty, scene, cells, spared, findings)

    def start(self) -> tuple[Cut, ...]:
        """The template's planes, measured."""
        axes = self.surface.grid.affine[:3, :3] / self.surface.grid.spacing_mm
        return self._measured([cut_from(plane, axes) for plane in self.template.planes])

    def asked(self, cuts: tuple[Cut, ...], threshold_mm: float) -> tuple[Cut, ...]:
        """The same tilts, moved to where each margin is just what the threshold asks."""
        sigmas = float(ndtri(self.constraints.probability ** (1 / len(cuts))))
        return tuple(replace(cut, margin_mm=threshold_mm + sigmas * cut.sd_mm + cut.shift_mm) for cut in cuts)

    def turned(self, cuts: tuple[Cut, ...], threshold_mm: float, rng: np.random.Generator) -> tuple[Cut, ...]:
        """Search from given tilts; after each round the margins of what turned are measured anew."""
        cuts = self.asked(cuts, threshold_mm)
        for _ in range(_ROUNDS):
            turned = self._descended(cuts, rng)
            changed = [after.tilt is not before.tilt for after, before in zip(turned, cuts, strict=True)]
            if not any(changed):
                break
            fresh = iter(self._measured([cut for cut, new in zip(turned, changed, strict=True) if new]))
            cuts = tuple(next(fresh) if new else cut for cut, new in zip(turned, changed, strict=True))
            cuts = self.asked(cuts, threshold_mm)
        return cuts

    def point(self, cuts: tuple[Cut, ...], threshold_mm: float) -> TradeOffPoint:
        """Measure a plan on every voxel of the bone."""
        plan = ResectionPlan([cut.plane(self.scene.reach_mm) for cut in cuts])
        return TradeOffPoint(
            threshold_mm=threshold_mm,
            plan=plan,
            margins_mm=MappingProxyType({cut.template.name: cut.margin_mm for cut in cuts}),
            sds_mm=MappingProxyType({cut.template.name: cut.sd_mm for cut in cuts}),
            bone=resected_cells(self.cells, plan, findings=self.findings),
            tilts_deg=MappingProxyType({cut.template.name: _norm_deg(cut.tilt) for cut in cuts}),
        )

    def refusal(self, point: TradeOffPoint) -> str:
        """Say which limit a plan breaks; nothing where it keeps them all."""
        broken = []
        for name, (points, distance) in self.spared.items():
            clear = clearance_mm(point.plan, points)
            if clear < distance:
                side = "outside" if clear >= 0 else "inside"
                broken.append(f"{name!r} would lie {abs(clear):.1f} mm {side} the cut, not {distance:.1f} mm outside")
        kept, least = point.bone.length_kept_mm, self.constraints.min_length_kept_mm
        if kept < least:
            broken.append(f"the bone kept would be {kept:.1f} mm long, expected at least {least:.1f} mm")
        return "; ".join(broken)

    def _descended(self, cuts: tuple[Cut, ...], rng: np.random.Generator) -> tuple[Cut, ...]:
        for _ in range(_SWEEPS):
            before, cuts = cuts, descend(self.scene, cuts, rng)
            if same_tilts(cuts, before):
                break
        return cuts

    def _measured(self, cuts: list[Cut]) -> tuple[Cut, ...]:
        """Ask for the margins once at each new tilt: moving a plane along its normal moves its margin as much."""
        planes = [replace(cut, margin_mm=0.0, excess_mm=0.0).plane(self.scene.reach_mm) for cut in cuts]
        rows = resection_margins(self.surface, ResectionPlan(planes), uncertainty=self.uncertainty).planes
        pairs = zip(cuts, rows, strict=True)
        return tuple(
            replace(cut, excess_mm=-row.margin_mm, sd_mm=row.sd_mm, shift_mm=row.outline_shift_mm)
            for cut, row in pairs
        )


def _require_endless_planes(template: ResectionPlan) -> None:
    more = [
        what
        for what, given in (
            ("a patch", template.patches),
            ("a specimen", template.specimen is not None),
            ("an expansion", template.expansion_mm is not None),
            ("a spared zone", template.spared),
        )
        if given
    ]
    if more:
        raise PlanError(f"a trade-off moves endless planes; expected them alone, found {more[0]}")


def _row(point: TradeOffPoint) -> dict[str, float]:
    closest = min(point.margins_mm, key=lambda name: point.margins_mm[name])
    return {
        "threshold_mm": point.threshold_mm,
        "least_margin_mm": point.margins_mm[closest],
        "least_margin_sd_mm": point.sds_mm[closest],
        "bone_kept_ml": point.bone.kept_ml,
        "bone_resected_ml": point.bone.resected_ml,
        "length_kept_mm": point.bone.length_kept_mm,
        "length_resected_mm": point.bone.length_resected_mm,
        "length_error_mm": point.bone.length_error_mm,
        "largest_tilt_deg": max(point.tilts_deg.values()),
    }


def hull_mm(points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
    """Corners of the convex hull of points (n, 3); all of them where they span no volume."""
    try:
        corners: NDArray[np.float64] = points_mm[ConvexHull(points_mm).vertices]
    except QhullError:
        return points_mm
    return corners


def _points_mm(name: str, tissue: Segment | Volume) -> NDArray[np.float64]:
    return Outline.of(Segment(name, tissue.mask if isinstance(tissue, Segment) else tissue)).points_mm


def _telling(points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
    """Points enough for the search: the corners of the hull, which say all of one plane, and some of the rest."""
    return np.concatenate([hull_mm(points_mm), points_mm[:: 1 + len(points_mm) // _POINTS]])


def _norm_deg(tilt: NDArray[np.float64]) -> float:
    return float(np.degrees(np.linalg.norm(tilt)))
