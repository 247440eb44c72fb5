import numpy as np
import pytest

from sarcoma_review.errors import PlanError
from sarcoma_review.planning import Plane, ResectionPlan, Uncertainty


def test_distance_is_positive_on_the_patient_s_side() -> None:
    plane = Plane((1, 2, 3), (0, 3, 4))
    assert plane.distance_mm([(1, 2, 8), (1, 2, 3), (1, -3, 3)]) == pytest.approx([4, 0, -3])


@pytest.mark.parametrize(
    ("point", "normal", "kerf", "message"),
    [
        ((0, 0, 0), (0, 0, 0), 1, "no direction"),
        ((0, 0, np.nan), (0, 0, 1), 1, "finite"),
        ((0, 0, 0), (0, np.inf, 1), 1, "finite"),
        ((0, 0), (0, 0, 1), 1, "3 numbers each"),
        ((0, 0, 0), (0, 0, 1), -0.5, r"at least 0 mm, got -0\.5 mm"),
    ],
)
def test_a_plane_that_cannot_be_is_refused(
    point: tuple[float, ...], normal: tuple[float, ...], kerf: float, message: str
) -> None:
    with pytest.raises(PlanError, match=message):
        Plane(point, normal, kerf_mm=kerf)


def test_a_plan_needs_planes_with_names_of_their_own() -> None:
    with pytest.raises(PlanError, match="at least one plane, a specimen or an expansion, got none"):
        ResectionPlan([])
    with pytest.raises(PlanError, match="used twice: cut"):
        ResectionPlan([Plane((0, 0, 0), (0, 0, 1), name="cut"), Plane((0, 0, 1), (0, 1, 0), name="cut")])


@pytest.mark.parametrize(
    ("corners", "message"),
    [
        ([(0, 0, 0), (1, 0, 0)], r"3 or more corners of 3 finite numbers, got \(2, 3\)"),
        ([(0, 0, 0), (10, 0, 0), (0, 10, 0.4)], r"within 0\.1 mm; one lies 0\.4 mm off"),
        ([(0, 0, 0), (10, 10, 0), (10, 0, 0), (0, 10, 0)], "convex polygon with its corners in order"),
        ([(0, 0, 0), (10, 0, 0), (2, 2, 0), (0, 10, 0)], "convex polygon with its corners in order"),
        ([(0, 0, 0), (10, 0, 0), (10, 0, 0)], "convex polygon with its corners in order"),
    ],
)
def test_a_patch_that_is_no_convex_polygon_on_its_plane_is_refused(
    corners: list[tuple[float, float, float]], message: str
) -> None:
    with pytest.raises(PlanError, match=message):
        Plane((0, 0, 0), (0, 0, 1), patch_mm=corners)


def test_an_expansion_of_two_distances_or_below_nothing_is_refused() -> None:
    with pytest.raises(PlanError, match="1, 3 or 6 distances in mm, got 2"):
        ResectionPlan(expansion_mm=(1.0, 2.0))  # type: ignore[arg-type]
    with pytest.raises(PlanError, match="at least 0 mm and finite"):
        ResectionPlan(expansion_mm=-1.0)


def test_a_negative_standard_deviation_is_refused() -> None:
    with pytest.raises(PlanError, match="at least 0"):
        Uncertainty(execution_sd_mm=-1.0)
