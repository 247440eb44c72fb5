"""Several plans of one resection, side by side, for discussion."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from sarcoma_review.errors import PlanError
from sarcoma_review.planning.body import resolved
from sarcoma_review.planning.bone import (
    BoneResection,
    bone_resected,
    border_findings,
    cells_of,
    resected_cells,
)
from sarcoma_review.planning.margins import MarginReport, resection_margins
from sarcoma_review.planning.resection import ResectionPlan
from sarcoma_review.planning.structures import (
    Outline,
    StructureDistance,
    against_plan,
    named,
    structure_distance,
    tumour_gap_mm,
)
from sarcoma_review.planning.surface import TumourSurface
from sarcoma_review.planning.uncertainty import NORMAL_95, Uncertainty
from sarcoma_review.volume import Segment, Volume

__all__ = [
    "Alternative",
    "BoneResection",
    "PlanComparison",
    "StructureDistance",
    "bone_resected",
    "compare_plans",
    "structure_distance",
]

Cell = str | float | None
_Section = dict[tuple[str, str], Cell]
_LIMITS_MM = (0.0, 1.0, 5.0)


@dataclass(frozen=True, eq=False)
class Alternative:
    """One plan of several, measured.

    Parameters
    ----------
    name : str
        What the plan is called.
    plan : ResectionPlan
        The plan itself.
    margins : MarginReport
        Its margins.
    bone : BoneResection or None
        What it does to the bone, where a bone was given.
    structures : tuple of StructureDistance
        In the order given.
    """

    name: str
    plan: ResectionPlan
    margins: MarginReport
    bone: BoneResection | None
    structures: tuple[StructureDistance, ...]


@dataclass(frozen=True, eq=False)
class PlanComparison:
    """Several plans side by side. It ranks none of them and adds nothing up.

    Parameters
    ----------
    alternatives : tuple of Alternative
        In the order given.
    """

    alternatives: tuple[Alternative, ...]

    def rows(self) -> list[dict[str, Cell]]:
        """Give one record for each quantity: its name, its unit, and its value under each plan's name.

        Returns
        -------
        list of dict
            Margins first, then bone, then structures. A plan without a plane of that name has ``None``.
        """
        return [row for section in (_least_margin, _planes, _bone, _structures) for row in self._rows(section)]

    @property
    def findings(self) -> Mapping[str, tuple[str, ...]]:
        """What limits the figures of each plan, by its name."""
        return MappingProxyType(
            {
                each.name: each.margins.findings + (each.bone.findings if each.bone else ())
                for each in self.alternatives
            }
        )

    def _rows(self, section: Callable[[Alternative], _Section]) -> list[dict[str, Cell]]:
        columns = {each.name: section(each) for each in self.alternatives}
        quantities = dict.fromkeys(quantity for column in columns.values() for quantity in column)
        rows: list[dict[str, Cell]] = []
        for name, unit in quantities:
            rows.append({"quantity": name, "unit": unit})
            rows[-1] |= {plan: column.get((name, unit)) for plan, column in columns.items()}
        return rows

    def __repr__(self) -> str:
        plans = ", ".join(f"{each.name!r} {_least(each.margins)}" for each in self.alternatives)
        return f"<PlanComparison of {len(self.alternatives)} plan(s), least margin: {plans}>"


def compare_plans(
    surface: TumourSurface,
    plans: Mapping[str, ResectionPlan],
    *,
    bone: Segment | Volume | None = None,
    structures: Mapping[str, Segment | Volume] = MappingProxyType({}),
    uncertainty: Uncertainty | None = None,
) -> PlanComparison:
    """Measure several plans of one resection in the same way, side by side.

    Parameters
    ----------
    surface : TumourSurface
        Of the tumour.
    plans : mapping of str to ResectionPlan
        By the names they are discussed under; the order is kept.
    bone : Segment or Volume, optional
        The bone that is cut; see `bone_resected`.
    structures : mapping of str to Segment or Volume
        What lies near; see `structure_distance`. The order is kept.
    uncertainty : Uncertainty, optional
        As for `resection_margins`, the same for every plan.

    Returns
    -------
    PlanComparison
        For discussion. Which plan is carried out, if any, is not decided here.

    Raises
    ------
    PlanError
        If there is no plan, or one has the name of a column of the table (``quantity``, ``unit``).

    Examples
    --------
    >>> import numpy as np
    >>> from sarcoma_review.planning import Plane, Uncertainty
    >>> z, y, x = np.mgrid[-20:21, -20:21, -20:21]
    >>> surface = TumourSurface.from_mask(Volume(x**2 + y**2 + z**2 <= 12.0**2, np.eye(4)))
    >>> cuts = {"near": Plane((20, 20, 35), (0.3, 0.2, 1)), "far": Plane((20, 20, 42), (0.3, 0.2, 1))}
    >>> plans = {name: ResectionPlan([cut]) for name, cut in cuts.items()}
    >>> comparison = compare_plans(surface, plans, uncertainty=Uncertainty(execution_sd_mm=3.0))
    >>> comparison  # 15 / sqrt(1.13) - 12 = 2.11 and 22 / sqrt(1.13) - 12 = 8.70
    <PlanComparison of 2 plan(s), least margin: 'near' 2.1 mm (95 % -3.8 to 8.0), 'far' 8.7 mm (95 % 2.8 to 14.6)>
    >>> comparison.rows()[4]["quantity"], round(comparison.rows()[4]["near"], 1)
    ('probability that the least margin is below 1 mm', 0.4)
    """
    if not plans:
        raise PlanError("a comparison needs at least one plan, got none")
    if columns := sorted({"quantity", "unit"} & set(plans)):
        raise PlanError(f"a plan cannot be called {columns[0]!r}: the table has a column of that name")
    cells = cells_of(bone, "the bone") if bone is not None else None
    borders = border_findings(bone) if bone is not None else ()
    outlines = [Outline.of(named(name, each)) for name, each in structures.items()]
    gaps = [tumour_gap_mm(outline, surface) for outline in outlines]

    def measured(name: str, plan: ResectionPlan) -> Alternative:
        body = resolved(plan, surface.mask)
        near = [
            against_plan(outline, body, tumour_distance_mm=gap, grid=surface.grid, uncertainty=uncertainty)
            for outline, gap in zip(outlines, gaps, strict=True)
        ]
        margins = resection_margins(surface, plan, uncertainty=uncertainty)
        taken = resected_cells(cells, body, findings=borders) if cells is not None else None
        return Alternative(name, plan, margins, taken, tuple(near))

    return PlanComparison(tuple(measured(name, plan) for name, plan in plans.items()))


def _least(margins: MarginReport) -> str:
    low, high = margins.interval_mm
    return f"{margins.minimum_mm:.1f} mm (95 % {low:.1f} to {high:.1f})"


def _least_margin(alternative: Alternative) -> _Section:
    margins = alternative.margins
    low, high = margins.interval_mm
    section: _Section = {("least margin", "mm"): margins.minimum_mm}
    section["least margin, 95 % from", "mm"] = low
    section["least margin, 95 % to", "mm"] = high
    for limit in _LIMITS_MM:
        section[f"probability that the least margin is below {limit:g} mm", ""] = margins.probability_below(limit)
    return section


def _planes(alternative: Alternative) -> _Section:
    section: _Section = {}
    for plane in alternative.margins.planes:
        section[f"margin to {plane.name}", "mm"] = plane.margin_mm
        section[f"margin to {plane.name}, 95 % from", "mm"] = plane.margin_mm - NORMAL_95 * plane.sd_mm
        section[f"margin to {plane.name}, 95 % to", "mm"] = plane.margin_mm + NORMAL_95 * plane.sd_mm
    return section


def _bone(alternative: Alternative) -> _Section:
    bone = alternative.bone
    if bone is None:
        return {}
    return {
        ("bone resected", "ml"): bone.resected_ml,
        ("bone sawn away", "ml"): bone.sawn_ml,
        ("bone kept", "ml"): bone.kept_ml,
        ("bone length resected", "mm"): bone.length_resected_mm,
        ("bone length kept", "mm"): bone.length_kept_mm,
        ("error of the bone lengths", "mm"): bone.length_error_mm,
    }


def _structures(alternative: Alternative) -> _Section:
    section: _Section = {}
    for each in alternative.structures:
        section[each.name, ""] = each.fate
        section[f"{each.name} to the tumour", "mm"] = each.tumour_distance_mm
        section[f"{each.name} to the nearest plane", "mm"] = each.plane_distance_mm
        section[f"{each.name} in the specimen", "ml"] = each.removed_ml
        section[f"{each.name} in the specimen", "%"] = each.removed_percent
    return section
