import numpy as np
import pytest

from sarcoma_review.planning import PlanDrag, Plane, ResectionPlan, TumourSurface, resection_margins
from sarcoma_review.planning.patches import step_cut
from tests.planning.shapes import Ball, mask


def ball() -> TumourSurface:
    return TumourSurface.from_mask(mask(Ball(np.zeros(3), 12.0), np.random.default_rng(0), (0.8, 0.8, 0.8), 16))


def steps(high_mm: float) -> list[Plane]:
    return list(
        step_cut(
            Plane((0, 0, high_mm), (0, 0, 1), name="high"),
            Plane((4, 0, 0), (1, 0, 0), name="riser"),
            Plane((0, 0, 15), (0, 0, 1), name="low"),
        )
    )


def test_a_plane_moved_back_and_forth_leaves_no_trace() -> None:
    near, far = Plane((0, 0, 16), (0, 0, 1), name="a"), Plane((0, 0, 14), (0.3, 0, 1), name="a")
    drag = PlanDrag(ball(), [near, Plane((0, 20, 0), (0, 1, 0), name="b")])
    before = drag.state().distances_mm.copy()
    moved = drag.update(0, far).distances_mm.copy()
    assert not np.allclose(moved, before)
    assert np.array_equal(drag.update(0, near).distances_mm, before)


def test_cuts_that_end_are_dragged_as_they_are_measured() -> None:
    surface = ball()
    drag = PlanDrag(surface, steps(20))
    for number, plane in enumerate(steps(17)):
        state = drag.update(number, plane)
    report = resection_margins(surface, ResectionPlan(steps(17)))
    assert state.distances_mm == pytest.approx(report.distances_mm, abs=1e-4)


def test_a_cut_that_ends_no_more_bounds_no_other() -> None:
    surface = ball()
    endless = [Plane(plane.point_mm, plane.normal, name=plane.name) for plane in steps(17)]
    drag = PlanDrag(surface, steps(17))
    for number, plane in enumerate(endless):
        state = drag.update(number, plane)
    report = resection_margins(surface, ResectionPlan(endless))
    assert state.distances_mm == pytest.approx(report.distances_mm, abs=1e-4)
