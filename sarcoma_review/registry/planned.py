"""A plan with what was measured of it, as the registry keeps it."""

from sarcoma_review.planning import MarginReport, ResectionPlan
from sarcoma_review.registry.events import MarginPlan, PlannedMargin


def margin_plan(plan: ResectionPlan, report: MarginReport, segment: str, *, name: str = "A") -> MarginPlan:
    """The event of a plan of planes and its margins.

    Parameters
    ----------
    plan : ResectionPlan
    report : MarginReport
        Of this plan.
    segment : str
        Name of the tumour's outline.
    name : str
        Of the plan, among the case's alternatives.
    """
    rows = [
        PlannedMargin(
            name=plane.name,
            point_mm=tuple(plane.point_mm.tolist()),
            normal=tuple(plane.normal.tolist()),
            kerf_mm=plane.kerf_mm,
            margin_mm=row.margin_mm,
            interval_mm=row.interval_mm,
        )
        for plane, row in zip(plan.planes, report.planes, strict=True)
    ]
    return MarginPlan(
        plan=name,
        segment=segment,
        planes=tuple(rows),
        minimum_mm=report.minimum_mm,
        interval_mm=report.interval_mm,
        findings=report.findings,
    )
