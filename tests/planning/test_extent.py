import numpy as np
import pytest

from sarcoma_review.planning import Plane, ResectionPlan, TumourSurface, resection_margins
from sarcoma_review.planning.drag import PlanDrag
from sarcoma_review.planning.extent import vertex_normals
from sarcoma_review.volume import Volume
from tests.planning.shapes import Ball, mask

ISO = (0.8, 0.8, 0.8)
CUBE = np.diag([1.0, 1.0, 1.0, 1.0])


def ball(radius: float, seed: int = 0) -> TumourSurface:
    return TumourSurface.from_mask(mask(Ball(np.zeros(3), radius), np.random.default_rng(seed), ISO, radius + 6))


@pytest.mark.parametrize("depth", [2.0, 4.0, 12.0])
def test_tumour_beyond_a_plane_is_the_ball_s_cap(depth: float) -> None:
    surface = ball(15.0)
    plane = Plane(np.array([0.2, -0.3, 0.9]) / np.linalg.norm([0.2, -0.3, 0.9]) * (15 - depth), (0.2, -0.3, 0.9))
    report = resection_margins(surface, ResectionPlan([plane]))
    cap_ml = np.pi * depth**2 * (3 * 15.0 - depth) / 3 / 1000
    assert report.breach_volume_ml == pytest.approx(cap_ml, rel=0.02)
    assert report.breach_depth_mm == pytest.approx(depth, abs=0.1)


def test_two_planes_count_what_both_cut_off_once() -> None:
    surface = ball(15.0)
    halves = [Plane((0, 0, 0), (0, 0, 1), name="a"), Plane((0, 0, 0), (0, 1, 0), name="b")]
    report = resection_margins(surface, ResectionPlan(halves))
    assert report.breach_volume_ml == pytest.approx(0.75 * surface.volume_ml, rel=0.01)


def test_no_breach_is_nought() -> None:
    report = resection_margins(ball(10.0), ResectionPlan([Plane((0, 0, 20), (0, 0, 1))]))
    assert (report.breach_volume_ml, report.breach_depth_mm) == (0.0, 0.0)


def test_each_side_of_the_patient_has_its_own_margin() -> None:
    faces = {"L": (18, 0, 0), "R": (-16, 0, 0), "P": (0, 21, 0), "A": (0, -30, 0), "S": (0, 0, 25), "I": (0, 0, -40)}
    planes = [Plane(point, point, name=letter) for letter, point in faces.items()]
    report = resection_margins(ball(10.0), ResectionPlan(planes))
    assert list(report.per_direction) == ["R", "L", "A", "P", "I", "S"]
    for letter, point in faces.items():
        alone = float(np.linalg.norm(point)) - 10.0  # the facing side is nearest to its own plane, or to a nearer one
        assert report.per_direction[letter] <= alone + 0.3
    assert report.per_direction["R"] == pytest.approx(6.0, abs=0.2)
    assert report.per_direction["L"] == pytest.approx(8.0, abs=0.2)


def test_each_piece_has_its_own_margin_even_a_speck() -> None:
    array = np.zeros((60, 40, 40), bool)
    array[10:30, 10:30, 10:30] = True
    array[50, 20, 20:22] = True
    report = resection_margins(
        TumourSurface.from_mask(Volume(array, CUBE)), ResectionPlan([Plane((55, 20, 20), (1, 0, 0))])
    )
    assert len(report.per_component) == 2
    assert report.per_component[0] == pytest.approx(55 - 29.5, abs=0.5)
    assert report.per_component[1] == pytest.approx(55 - 50.5, abs=0.51)
    assert min(report.per_component) == pytest.approx(report.minimum_mm)


def test_normals_point_outward() -> None:
    surface = ball(12.0)
    outward = surface.vertices / np.linalg.norm(surface.vertices, axis=1, keepdims=True)
    assert np.einsum("ij,ij->i", vertex_normals(surface), outward).min() > 0.95


def test_dragging_gives_what_measuring_anew_gives() -> None:
    surface = ball(15.0)
    planes = [Plane((0, 0, 22), (0, 0.1, 1), name="a"), Plane((0, 30, 0), (0, 1, 0), name="b")]
    drag = PlanDrag(surface, planes)
    moved = Plane((0, 19, 0), (0.2, 1, 0), name="b")
    state = drag.update(1, moved)
    report = resection_margins(surface, ResectionPlan([planes[0], moved]))
    assert state.distances_mm == pytest.approx(report.distances_mm, abs=1e-4)
    assert state.minimum_mm == pytest.approx(min(row.unrefined_mm for row in report.planes), abs=1e-4)
    below = np.cumsum(state.area_fractions)
    assert below[:5] == pytest.approx([report.area_fraction_below(mm) for mm in (0, 1, 5, 10, 20)], abs=1e-3)
    assert below[-1] == pytest.approx(1.0)
