import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.spatial.transform import Rotation

from sarcoma_review.errors import PlanError
from sarcoma_review.planning import Plane, ResectionPlan, TumourSurface, Uncertainty, resection_margins
from sarcoma_review.planning.optimise import Constraints, TradeOff, hull_mm, trade_off
from sarcoma_review.planning.structures import structure_distance
from sarcoma_review.volume import Segment, Volume
from tests.planning.shapes import Array, Ball, Ellipsoid, mask

ISO = (0.8, 0.8, 0.8)
RADIUS, HALF = 14.0, 40.0
SECTION_ML_PER_MM = np.pi * RADIUS**2 / 1000.0
SAW = Uncertainty(segmentation_sd_mm=0.6, execution_sd_mm=0.8)
Triple = tuple[float, float, float]


def shaft_level(at: Array) -> Array:
    level: Array = np.maximum(np.hypot(at[..., 0], at[..., 1]) - RADIUS, np.abs(at[..., 2]) - HALF)
    return level


SHAFT = mask(shaft_level, np.random.default_rng(1), ISO, 44)
BALL = TumourSurface.from_mask(mask(Ball(np.array((0, 0, -12.0)), 10.0), np.random.default_rng(2), ISO, 26))
UP = ResectionPlan([Plane((0, 0, 30), (0, 0, 1), name="proximal")])


def curve(
    tumour: TumourSurface, template: ResectionPlan, constraints: Constraints, *, bone: Volume = SHAFT, seed: int = 7
) -> TradeOff:
    return trade_off(
        tumour, bone, template, constraints=constraints, uncertainty=SAW, rng=np.random.default_rng(seed)
    )


def test_one_plane_lies_1_645_standard_deviations_beyond_the_threshold() -> None:
    for point in curve(BALL, UP, Constraints((2.0, 6.0))).points:
        report = resection_margins(BALL, point.plan, uncertainty=SAW)
        assert report.planes[0].sd_mm > SAW.sd_mm
        assert report.minimum_mm == pytest.approx(point.threshold_mm + 1.6449 * report.planes[0].sd_mm, abs=1e-3)
        assert report.probability_below(point.threshold_mm) == pytest.approx(0.05, abs=1e-6)
        assert dict(point.margins_mm) == pytest.approx(dict(report.per_plane), abs=1e-6)
        assert point.sds_mm["proximal"] == pytest.approx(report.planes[0].sd_mm)


@pytest.mark.parametrize("normal", [(0.0, 0.0, 1.0), (0.2, 0.0, 1.0), (-0.1, 0.15, 1.0)])
def test_a_ball_in_a_straight_bone_is_cut_across_wherever_the_template_starts(normal: Triple) -> None:
    point = curve(BALL, ResectionPlan([Plane((0, 0, 30), normal)]), Constraints((5.0,))).points[0]
    margin = point.margins_mm["plane"]
    kept_mm = HALF + 12.0 - 10.0 - margin - 1.0  # ball's centre at -12, radius 10, kerf 1
    assert point.bone.kept_ml == pytest.approx(SECTION_ML_PER_MM * kept_mm, rel=0.01)
    assert point.bone.length_kept_mm == pytest.approx(kept_mm, abs=point.bone.length_error_mm)
    assert np.degrees(np.arccos(point.plan.planes[0].normal[2])) < 4.0  # flat there: 4 degrees cost 0.24 %


@pytest.mark.parametrize("max_tilt", [8.0, 40.0])
def test_a_slanting_tumour_is_cut_aslant_where_that_keeps_bone(max_tilt: float) -> None:
    turn = Rotation.from_euler("y", 50, degrees=True).as_matrix()
    shape = Ellipsoid(np.array((0, 0, -12.0)), (6, 6, 20), turn)
    tumour = TumourSurface.from_mask(mask(shape, np.random.default_rng(3), ISO, 36))
    point, straight = (curve(tumour, UP, Constraints((5.0,), max_tilt_deg=tilt)).points[0] for tilt in (max_tilt, 0))
    margin = point.margins_mm["proximal"]

    def meets_axis_at(angle: float) -> float:  # by symmetry the best tilt turns about y alone
        normal = np.array((np.sin(angle), 0, np.cos(angle)))
        return (shape.reach(normal) + margin + 1.0) / float(normal[2])

    limit = np.radians(max_tilt)
    least = minimize(lambda a: meets_axis_at(a[0]), [-limit / 2], bounds=[(-limit, limit)]).fun
    gain_mm = meets_axis_at(0) - least
    assert gain_mm > 1.5
    assert point.bone.kept_ml == pytest.approx(SECTION_ML_PER_MM * (HALF - least), rel=0.01)
    assert point.bone.kept_ml - straight.bone.kept_ml == pytest.approx(SECTION_ML_PER_MM * gain_mm, rel=0.1)
    assert point.tilts_deg["proximal"] <= max_tilt + 1e-6


NERVE = Segment("nerve", mask(Ball(np.array((18.0, 0, 20.0)), 5.0), np.random.default_rng(4), ISO, 30))


def test_a_spared_structure_ends_the_curve_where_the_closed_form_says() -> None:
    spare = {"nerve": (NERVE, 3.0)}
    sd = curve(BALL, UP, Constraints((0.0,), max_tilt_deg=0)).points[0].sds_mm["proximal"]
    most = (20.0 - 5.0) - 3.0 - 1.0 - (-12.0 + 10.0) - 1.645 * sd
    found = curve(BALL, UP, Constraints((most - 0.4, most + 0.4), max_tilt_deg=0, spared=spare))
    assert [point.threshold_mm for point in found.points] == [most - 0.4]
    assert [each.threshold_mm for each in found.infeasible] == [most + 0.4]
    assert "'nerve' would lie 2." in found.infeasible[0].reason
    assert found.infeasible[0].reason.endswith("mm outside the cut, not 3.0 mm outside")


def test_a_template_of_more_than_endless_planes_is_refused() -> None:
    whole = ResectionPlan(UP.planes, expansion_mm=5.0)
    with pytest.raises(PlanError, match="moves endless planes; expected them alone, found an expansion"):
        curve(BALL, whole, Constraints((1.0,)))


def test_a_spared_structure_turns_the_cut_at_the_price_of_bone() -> None:
    wide = Constraints((16.0,), max_tilt_deg=30)
    free = curve(BALL, UP, wide).points[0]
    forced = curve(BALL, UP, Constraints((16.0,), max_tilt_deg=30, spared={"nerve": (NERVE, 3.0)})).points[0]
    near, far = (structure_distance(NERVE, BALL, each.plan) for each in (free, forced))
    assert near.plane_distances_mm["proximal"] < 4.0
    assert far.fate == "kept"
    truth = float(forced.plan.planes[0].distance_mm(np.array([[18.0, 0.0, 20.0]]))[0]) - 5.0
    assert far.plane_distances_mm["proximal"] == pytest.approx(truth, abs=0.1)
    assert truth > 4.0 - 0.1  # 3 mm beyond a kerf of 1 mm, to what a voxel mask holds of the nerve
    assert forced.bone.kept_ml < free.bone.kept_ml - 0.1
    assert forced.plan.planes[0].normal[0] > 0.05  # the cut's far side drops away from the nerve


def test_a_structure_beyond_one_plane_does_not_hinder_the_other() -> None:
    below = Segment("vessel", mask(Ball(np.array((0, 0, -36.0)), 3.0), np.random.default_rng(5), ISO, 42))
    limits = Constraints((2.0, 4.0, 9.0), spared={"vessel": (below, 1.0)})
    found, free = curve(BALL, BOTH, limits), curve(BALL, BOTH, Constraints((2.0, 4.0)))
    assert [point.threshold_mm for point in found.points] == [2.0, 4.0]
    for point, unhindered in zip(found.points, free.points, strict=True):
        assert point.bone.kept_ml == pytest.approx(unhindered.bone.kept_ml, rel=0.003)
        assert structure_distance(below, BALL, point.plan).plane_distances_mm["distal"] >= 1.0 + 0.5  # and the kerf
    # z = -33 is 11 mm below the ball: 9 mm, 1.95 sd of 1 mm or more, kerf and distance do not fit, however tilted
    assert [each.threshold_mm for each in found.infeasible] == [9.0]


BOTH = ResectionPlan(
    [Plane((0, 0, 30), (0.1, 0, 1), name="proximal"), Plane((0, 0, -38), (0, 0.1, -1), name="distal", kerf_mm=0.5)]
)


def test_bone_kept_never_rises_with_the_margin() -> None:
    found = curve(BALL, BOTH, Constraints((9.0, 1.0, 3.0, 0.0, 12.0, 5.0), max_tilt_deg=12))
    assert [point.threshold_mm for point in found.points] == [0, 1, 3, 5, 9, 12]
    assert max(np.diff([point.bone.kept_ml for point in found.points])) <= 1e-9


def test_every_margin_of_two_planes_together_holds_with_the_probability_asked() -> None:
    point = curve(BALL, BOTH, Constraints((4.0,), probability=0.9)).points[0]
    report = resection_margins(BALL, point.plan, uncertainty=SAW)
    assert report.probability_below(4.0) == pytest.approx(0.1, abs=1e-6)
    assert [plane.name for plane in point.plan.planes] == ["proximal", "distal"]
    assert [plane.kerf_mm for plane in point.plan.planes] == [1.0, 0.5]


def test_two_cuts_across_a_bone_take_the_length_of_the_closed_form() -> None:
    point = curve(BALL, BOTH, Constraints((4.0,))).points[0]
    taken_mm = 2 * 10.0 + sum(point.margins_mm.values())
    assert point.bone.resected_ml == pytest.approx(SECTION_ML_PER_MM * taken_mm, rel=0.01)


def test_the_same_seed_gives_the_same_curve() -> None:
    first, second = (curve(BALL, BOTH, Constraints((1.0, 6.0))) for _ in range(2))
    assert first.rows() == second.rows()
    assert repr(first) == repr(second)
    assert repr(first).startswith("<TradeOff 1 mm: ")


def test_other_chances_change_little() -> None:
    kept = [curve(BALL, BOTH, Constraints((5.0,)), seed=seed).points[0].bone.kept_ml for seed in range(2)]
    assert np.ptp(kept) < 0.003 * max(kept)


def test_too_little_bone_kept_is_named_as_the_reason() -> None:
    found = curve(BALL, UP, Constraints((2.0, 12.0), min_length_kept_mm=32.0))
    assert [point.threshold_mm for point in found.points] == [2.0]
    assert "expected at least 32.0 mm" in found.infeasible[0].reason
    assert repr(found).endswith("; 12 mm: no plan found>")


@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_moving_and_turning_everything_keeps_the_same_bone(seed: int) -> None:
    rng = np.random.default_rng(seed)
    z, y, x = np.mgrid[-20:21, -12:13, -12:13]
    bone, lesion = x**2 + y**2 < 100, (x + 0.6 * z + 3) ** 2 + y**2 + (z / 2) ** 2 < 30
    motion = np.eye(4)
    motion[:3, :3], motion[:3, 3] = Rotation.random(rng=rng).as_matrix(), rng.uniform(-200, 200, 3)
    kept = []
    for move in (np.eye(4), motion):
        affine = move @ np.diag([1.0, 0.8, 0.8, 1.0])
        template = ResectionPlan([Plane(affine[:3, 3], move[:3, :3] @ (1, 0.1, 0))])
        tumour = TumourSurface.from_mask(Volume(lesion, affine))
        point = curve(tumour, template, Constraints((1.0,)), bone=Volume(bone, affine)).points[0]
        kept.append(point.bone.kept_ml)
    assert kept[1] == pytest.approx(kept[0], rel=0.002)


def test_a_structure_that_no_tilt_clears_is_said_to_lie_inside_the_cut() -> None:
    found = curve(BALL, UP, Constraints((30.0,), max_tilt_deg=5, spared={"nerve": (NERVE, 1.0)}))
    assert found.points == ()
    assert "'nerve' would lie" in found.infeasible[0].reason
    assert "mm inside the cut, not 1.0 mm outside" in found.infeasible[0].reason


def test_a_curve_carries_what_limits_its_images() -> None:
    cut_off = Volume(SHAFT.array[:, 30:], SHAFT.affine)
    found = curve(BALL, UP, Constraints((2.0,)), bone=cut_off)
    assert any("bone reaches the first row" in finding for finding in found.findings)


@pytest.mark.parametrize(
    ("thresholds", "limits", "message"),
    [
        ((), {}, "one or more"),
        ((-1.0,), {}, "at least 0"),
        ((1.0,), {"probability": 1.0}, "below 1 was expected, got 1"),
        ((1.0,), {"max_tilt_deg": 75.0}, "0 to 60 degrees was expected, got 75"),
        ((1.0,), {"min_length_kept_mm": -1.0}, "at least 0 mm, got -1"),
        ((1.0,), {"spared": {"nerve": (NERVE, -2.0)}}, "distance of a spared structure"),
    ],
)
def test_limits_that_cannot_be_are_refused(
    thresholds: tuple[float, ...], limits: dict[str, float], message: str
) -> None:
    with pytest.raises(PlanError, match=message):
        Constraints(thresholds, **limits)  # type: ignore[arg-type]


def test_a_tumour_without_thickness_has_all_its_points_for_a_hull() -> None:
    flat = np.array([(0.0, 0, 0), (4, 0, 0), (0, 4, 0), (4, 4, 0), (2, 2, 0)])
    assert (hull_mm(flat) == flat).all()
    assert len(hull_mm(np.vstack([flat, (0, 0, 3)]))) == 5
