"""Plans and margins as a page reads them, and planes as a page writes them."""

from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

from sarcoma_review.errors import PlanError
from sarcoma_review.planning import BoneResection, MarginReport, Plane, StructureDistance
from sarcoma_review.widgets.typed import typed_line

LIMITS_MM = (0, 1, 5, 10, 20)
_CHANCES_MM = (0, 1, 5)


def plane_from(words: dict[str, Any], old: Plane | None) -> Plane:
    """The plane a page speaks of; what it leaves out is the old plane's.

    Raises
    ------
    PlanError
        If a number is missing or is none, or the name is not 1 to 40 letters.
    """
    name = typed_line(str(words.get("name", "")), "a plane's name", least=1, most=40, error=PlanError)
    try:
        point = np.array(words["point_mm"], np.float64)
        normal = np.array(words["normal"], np.float64)
        kerf = float(words.get("kerf_mm", old.kerf_mm if old else 1.0))
    except (KeyError, TypeError, ValueError):
        raise PlanError(f"plane {name!r}: point, normal and kerf are numbers; the page sent something else") from None
    return Plane(point, normal, name=name, kerf_mm=kerf)


def moved(old: Plane, new: Plane) -> Plane:
    """A plane in its new pose, its patch carried along with it: turned the shortest way, about its point."""
    if old.patch_mm is None:
        return new
    turn, _ = Rotation.align_vectors(new.normal[None], old.normal[None])
    corners = turn.apply(old.patch_mm - old.point_mm) + new.point_mm
    return Plane(new.point_mm, new.normal, name=new.name, kerf_mm=new.kerf_mm, patch_mm=corners)


def least_words(report: MarginReport) -> list[float]:
    """The least margin and its 95 % interval, mm."""
    return [report.minimum_mm, *report.interval_mm]


def report_words(report: MarginReport) -> dict[str, Any]:
    """A report as a page shows it; numbers in mm, shares from 0 to 1."""
    return {
        "rows": [
            {"name": row.name, "margin": row.margin_mm, "interval": row.interval_mm, "closest": row is report.closest}
            for row in report.planes
        ],
        "least": least_words(report),
        "position_mm": report.minimum_position_mm.tolist(),
        "limits": LIMITS_MM,
        "fractions": _shares(report),
        "chances": [[mm, report.probability_below(mm)] for mm in _CHANCES_MM],
        "structures": [_structure(each) for each in report.structures],
        "bone": _bone_mm(report.bone),
        "findings": report.findings,
    }


def _shares(report: MarginReport) -> list[float]:
    """Share of the surface in each bin, as `DragState.area_fractions` gives them."""
    below = [0.0, *(report.area_fraction_below(mm) for mm in LIMITS_MM), 1.0]
    return np.diff(below).tolist()


def _structure(each: StructureDistance) -> dict[str, Any]:
    return {
        "name": each.name,
        "fate": each.fate,
        "tumour": [each.tumour_distance_mm, *each.tumour_interval_mm],
        "plane": each.plane_interval_mm and [each.plane_distance_mm, *each.plane_interval_mm],
    }


def _bone_mm(bone: BoneResection | None) -> list[float] | None:
    """Lengths of bone taken and left, and how far either may be wrong."""
    return None if bone is None else [bone.length_resected_mm, bone.length_kept_mm, bone.length_error_mm]
