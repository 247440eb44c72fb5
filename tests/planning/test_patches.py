"""Cuts that end, against boxes, steps and balls whose distances are known."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from sarcoma_review.errors import PlanError
from sarcoma_review.planning import (
    Plane,
    ResectionPlan,
    TumourSurface,
    bone_resected,
    clipped,
    resection_margins,
    step_cut,
    structure_distance,
)
from sarcoma_review.planning.patches import outside_mm, plane_margins_mm
from sarcoma_review.volume import Segment, Volume
from tests.planning.shapes import Ball, mask

Array = NDArray[np.float64]
UPRIGHT = np.array([[0.0, 0, 1, 0], [0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1]])
STEP = ((22.0, "high"), (14.0, "low"))


def step(turn: Array | None = None, *, riser_mm: float = 4.0) -> tuple[Plane, Plane, Plane]:
    """A step round the origin: taken is z < 14, or z < 22 where x < 4; turned as a whole."""
    r = np.eye(3) if turn is None else turn
    high, low = (Plane(r @ (0, 0, z), r @ (0, 0, 1), name=name) for z, name in STEP)
    return step_cut(high, Plane(r @ (riser_mm, 0, 18), r @ (1, 0, 0), name="riser"), low)


@pytest.mark.parametrize("seed", range(6))
def test_the_inner_corner_of_a_step_is_as_far_as_pythagoras_says(seed: int) -> None:
    rng = np.random.default_rng(seed)
    surface = TumourSurface.from_mask(mask(Ball(np.zeros(3), 10.0), rng, (0.8, 0.8, 0.8), 16.0))
    report = resection_margins(surface, ResectionPlan(step(Rotation.random(random_state=seed).as_matrix())))
    to_corner = np.hypot(4.0, 14.0) - 10.0  # an endless low tread would say 4.0
    assert report.per_plane["high"] == pytest.approx(12.0, abs=0.08)
    assert report.per_plane["low"] == pytest.approx(to_corner, abs=0.08)
    assert report.per_plane["riser"] == pytest.approx(to_corner, abs=0.08)
    assert report.minimum_mm == pytest.approx(report.distances_mm.min(), abs=0.2)
    assert report.breach_volume_ml == 0
    assert not [finding for finding in report.findings if "past the end" in finding]


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=50, deadline=None)
def test_a_point_is_taken_if_it_lies_below_the_low_tread_or_behind_the_step(seed: int) -> None:
    rng = np.random.default_rng(seed)
    turn = Rotation.random(random_state=seed).as_matrix()
    points = rng.uniform(-60, 60, (300, 3))
    x, _, z = points.T
    taken = (z < 14) | ((z < 22) & (x < 4))
    outside = outside_mm(ResectionPlan(step(turn)), points @ turn.T)
    assert ((outside < 0) == taken).all()


def test_the_distance_to_a_patch_is_that_to_the_nearest_of_many_points_of_it() -> None:
    rng = np.random.default_rng(3)
    corners = np.array([(0, 0, 5), (20, 0, 5), (25, 10, 5), (10, 18, 5), (-4, 9, 5)], np.float64)
    patch = Plane((0, 0, 5), (0, 0, 1), patch_mm=corners)
    weights = rng.dirichlet(np.full(5, 0.4), 200_000)
    points = rng.uniform(-30, 40, (40, 3))
    apart = np.abs(plane_margins_mm(ResectionPlan([patch]), points)[0])
    densely = [np.linalg.norm(weights @ corners - point, axis=1).min() for point in points]
    assert (apart <= np.array(densely) + 1e-9).all()
    assert apart == pytest.approx(densely, abs=0.3)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=20, deadline=None)
def test_a_patch_wider_than_everything_is_the_endless_plane(seed: int) -> None:
    rng = np.random.default_rng(seed)
    plane = Plane(rng.uniform(-10, 10, 3), rng.normal(size=3))
    points = rng.uniform(-30, 30, (100, 3))
    ended = clipped(plane, reach_mm=500)
    assert plane_margins_mm(ResectionPlan([ended]), points)[0] == pytest.approx(-plane.distance_mm(points))


def test_a_riser_through_the_tumour_has_the_depth_and_volume_of_a_cap() -> None:
    # The riser runs 4 mm from the middle of a ball that reaches up to z = 28, above the low tread's end.
    ball = Ball(np.array([0.0, 0.0, 18.0]), 3.9 + 2.0)
    surface = TumourSurface.from_mask(mask(ball, np.random.default_rng(5), (0.5, 0.5, 0.5), 30.0))
    high, low = (Plane((0, 0, z), (0, 0, 1), name=name) for z, name in ((40, "high"), (-10, "low")))
    deep = step_cut(high, Plane((4, 0, 18), (1, 0, 0), name="riser"), low)
    report = resection_margins(surface, ResectionPlan(deep))
    height = 1.9
    assert report.per_plane["riser"] == pytest.approx(-height, abs=0.05)
    cap_ml = np.pi * height**2 * (3 * 5.9 - height) / 3 / 1000
    assert report.breach_volume_ml == pytest.approx(cap_ml, rel=0.02)
    assert "'riser' passes 1.9 mm into the tumour: intralesional" in report.findings


def test_a_tumour_that_goes_on_past_a_cut_that_ends_is_a_finding() -> None:
    surface = TumourSurface.from_mask(mask(Ball(np.zeros(3), 12.0), np.random.default_rng(1), (1, 1, 1), 18.0))
    short = Plane((0, 0, 5), (0, 0, 1), name="short", patch_mm=[(-3, -3, 5), (3, -3, 5), (3, 3, 5), (-3, 3, 5)])
    found = resection_margins(surface, ResectionPlan([short])).findings
    assert "the tumour goes on past the end of 'short', which does not part it there" in found


def test_bone_and_structures_follow_the_step() -> None:
    block = np.zeros((50, 20, 20), bool)
    block[5:45, 2:18, 2:18] = True  # 16 x 16 x 40 mm, x and y from 1.5 to 17.5, z from 4.5 to 44.5
    bone = Volume(block, UPRIGHT)
    high, low = (Plane((0, 0, z), (0, 0, 1), name=name, kerf_mm=0) for z, name in ((34.5, "high"), (14.5, "low")))
    plan = ResectionPlan(step_cut(high, Plane((9.5, 0, 0), (1, 0, 0), name="riser", kerf_mm=0), low))
    assert bone_resected(bone, plan).resected_ml == pytest.approx((16 * 16 * 10 + 8 * 16 * 20) / 1000, rel=1e-6)
    spot = np.zeros_like(block)
    spot[22:27, 8:12, 13:16] = True
    surface = TumourSurface.from_mask(
        mask(Ball(np.array([5.0, 9.0, 9.0]), 3.0), np.random.default_rng(0), (1, 1, 1), 20.0)
    )
    nerve = structure_distance(Segment("nerve", Volume(spot, UPRIGHT)), surface, plan)
    assert nerve.fate == "kept"  # an endless low tread and riser would both say so, an endless high tread would not
    assert nerve.plane_distances_mm["riser"] == pytest.approx(3.0, abs=0.3)
    assert nerve.plane_distances_mm["low"] == pytest.approx(7.0, abs=0.3)


def test_a_plane_that_others_leave_nothing_of_is_refused() -> None:
    with pytest.raises(PlanError, match="nothing of plane 'high' is left within 20 mm"):
        clipped(Plane((0, 0, 0), (0, 0, 1), name="high"), behind=[Plane((-30, 0, 0), (1, 0, 0))], reach_mm=20)
