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
    with pytest.raises(PlanError, match="at least one plane or a specimen, got none"):
        ResectionPlan([])
    with pytest.raises(PlanError, match="used twice: cut"):
        ResectionPlan([Plane((0, 0, 0), (0, 0, 1), name="cut"), Plane((0, 0, 1), (0, 1, 0), name="cut")])


def test_a_negative_standard_deviation_is_refused() -> None:
    with pytest.raises(PlanError, match="at least 0"):
        Uncertainty(execution_sd_mm=-1.0)
