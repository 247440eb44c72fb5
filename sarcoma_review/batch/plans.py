"""Plans that were stored before, by pseudonym; what is measured of them, and how a registry gets it."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from sarcoma_review.dicom.study import Study
from sarcoma_review.errors import PlanError, RegistryError
from sarcoma_review.planning import MarginReport, Plane, ResectionPlan, TumourSurface, resection_margins
from sarcoma_review.registry import MarginPlan, Registry
from sarcoma_review.volume import Segment

_GEOMETRY = {"name", "point_mm", "normal", "kerf_mm"}


def stored_planes(path: Path, case_id: str) -> list[Plane]:
    """The planes that are stored for a case.

    Parameters
    ----------
    path : Path
        As `write_plans` writes it.
    case_id : str

    Raises
    ------
    PlanError
        If none is stored for the case, or the file cannot be read.
    """
    try:
        stored = json.loads(path.read_text("utf-8"))
        stated: list[dict[str, Any]] = stored.get(case_id, {}).get("planes", [])
        planes = [Plane(p["point_mm"], p["normal"], name=str(p["name"]), kerf_mm=float(p["kerf_mm"])) for p in stated]
    except PlanError:
        raise
    except (OSError, ValueError, AttributeError, KeyError, TypeError) as problem:
        raise PlanError(f"the file of plans cannot be read ({type(problem).__name__})") from None
    if not planes:
        raise PlanError("no plan is stored for this case")
    return planes


class Measured(NamedTuple):
    """An outline, the plan that is stored for its case, and what was measured of the two."""

    tumour: Segment
    plan: ResectionPlan
    report: MarginReport


def measured(study: Study, segment: str, plans: Path) -> Measured:
    """Measure the outline of this name to the plan that is stored for its case.

    Raises
    ------
    PlanError
        As `stored_planes`.
    SarcomaReviewError
        If the study has no such outline, or it cannot be measured.
    """
    plan = ResectionPlan(stored_planes(plans, study.pseudonym))
    tumour = study.segment(segment)
    return Measured(tumour, plan, resection_margins(TumourSurface.from_mask(tumour.mask), plan))


def write_plans(place: Path | str, path: Path) -> None:
    """Write the last plan of each case of a registry as JSON, planes by pseudonym.

    Raises
    ------
    RegistryError
        If there is no registry in this place.
    """
    if "://" not in str(place) and not Path(place).is_file():
        raise RegistryError("there is no registry in this place to take plans from")
    registry = Registry.open(place)
    try:
        plans = {case_id: registry.case(case_id).plans for case_id in registry.cases()}
    finally:
        registry.close()
    last = {
        case_id: {"planes": [plane.model_dump(include=_GEOMETRY) for plane in of[-1].planes]}
        for case_id, of in plans.items()
        if of
    }
    path.write_text(json.dumps(last, sort_keys=True), encoding="utf-8")


def record(events: Iterable[tuple[str, str]], registry: Registry) -> tuple[int, int]:
    """Give a registry what was measured of the cases it holds; what it has already is not written twice.

    Parameters
    ----------
    events : iterable of (str, str)
        Case, and `MarginPlan` as JSON.
    registry : Registry

    Returns
    -------
    tuple of int
        Events written, and events whose case the registry does not hold.
    """
    written = unknown = 0
    cases = set(registry.cases())
    for case_id, text in events:
        event = MarginPlan.model_validate_json(text)
        if case_id not in cases:
            unknown += 1
        elif event not in registry.case(case_id).plans:
            registry.append(case_id, event)
            written += 1
    return written, unknown
