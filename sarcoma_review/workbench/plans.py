"""Plans as JSON keeps them: planes with their patches, by the plans' names."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from sarcoma_review.planning import Plane, ResectionPlan, TumourSurface

FIRST_MM = 20.0


def kept_plans(plans: Mapping[str, ResectionPlan]) -> dict[str, list[dict[str, Any]]]:
    """The planes of each plan.

    Examples
    --------
    >>> plan = ResectionPlan([Plane((0, 0, 10), (0, 0, 1), name="proximal")])
    >>> plans_kept(kept_plans({"A": plan}))["A"].planes
    (Plane((0.0, 0.0, 10.0) mm, normal (0.000, 0.000, 1.000), name='proximal', kerf_mm=1),)
    """
    return {name: [_kept(plane) for plane in plan.planes] for name, plan in plans.items()}


def plans_kept(kept: Mapping[str, list[dict[str, Any]]]) -> dict[str, ResectionPlan]:
    """Plans as they were kept.

    Raises
    ------
    PlanError
        If a plane is none.
    """
    return {
        name: ResectionPlan([Plane(words["point_mm"], words["normal"], **_rest(words)) for words in planes])
        for name, planes in kept.items()
    }


def first_plan(surface: TumourSurface) -> ResectionPlan:
    """One plane 20 mm above a tumour, to be moved: a place to begin, and no proposal."""
    up = np.array([0.0, 0.0, 1.0])
    top = surface.points_mm[np.argmax(surface.points_mm[:, 2])]
    return ResectionPlan([Plane(top + FIRST_MM * up, up, name="cut 1")])


def _kept(plane: Plane) -> dict[str, Any]:
    return {
        "name": plane.name,
        "point_mm": plane.point_mm.tolist(),
        "normal": plane.normal.tolist(),
        "kerf_mm": plane.kerf_mm,
        "patch_mm": None if plane.patch_mm is None else plane.patch_mm.tolist(),
    }


def _rest(words: Mapping[str, Any]) -> dict[str, Any]:
    return {name: words[name] for name in ("name", "kerf_mm", "patch_mm")}
