import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from sarcoma_review.planning import Plane, ResectionPlan, TumourSurface, Uncertainty, resection_margins
from sarcoma_review.volume import Volume
from tests.planning.shapes import Ball, Ellipsoid, directions, mask

ISO = (0.8, 0.8, 0.8)
THICK = (3.0, 0.8, 0.8)


def ellipsoid(rng: np.random.Generator) -> Ellipsoid:
    return Ellipsoid(rng.uniform(-1, 1, 3), (30, 18, 14), Rotation.random(rng=rng).as_matrix())


def errors(shape: Ball | Ellipsoid, spacing: tuple[float, float, float], seed: int, margin: float) -> list[float]:
    rng = np.random.default_rng(seed)
    surface = TumourSurface.from_mask(mask(shape, rng, spacing, 36))
    found = []
    for normal in directions(rng, 10):
        plan = ResectionPlan([Plane(normal * (shape.reach(normal) + margin), normal)])
        found.append(resection_margins(surface, plan).minimum_mm - margin)
    return found


@pytest.mark.parametrize("seed", range(4))
def test_phantom_a_a_centred_ball_keeps_ten_millimetres_all_round(seed: int) -> None:
    found = np.array(errors(Ball(np.zeros(3), 20.0), ISO, seed, 10.0))
    assert np.sqrt((found**2).mean()) <= 0.04
    assert np.abs(found).max() <= 0.1


@pytest.mark.parametrize("seed", range(4))
def test_phantom_b_an_off_centre_ball_in_a_round_specimen(seed: int) -> None:
    rng = np.random.default_rng(seed)
    away = directions(rng, 1)[0]
    tumour = Ball(7.0 * away, 20.0)
    surface = TumourSurface.from_mask(mask(tumour, rng, ISO, 36))
    report = resection_margins(surface, ResectionPlan([Plane(35.0 * away, away)]))  # R - r - d = 8
    assert report.minimum_mm == pytest.approx(8.0, abs=0.1)


def test_phantom_c_a_tilted_ellipsoid_has_the_margin_and_the_closest_point_of_the_closed_form() -> None:
    rng = np.random.default_rng(5)
    tumour = ellipsoid(rng)
    surface = TumourSurface.from_mask(mask(tumour, rng, ISO, 36))
    planes, truth = [], {}
    for normal, margin in zip(directions(rng, 3), (8.0, 12.5, 3.2), strict=True):
        name = f"{margin:g} mm"
        planes.append(Plane(normal * (tumour.reach(normal) + margin), normal, name=name))
        truth[name] = margin
    report = resection_margins(surface, ResectionPlan(planes))
    assert dict(report.per_plane) == pytest.approx(truth, abs=0.05)
    assert report.closest.name == "3.2 mm"
    assert np.linalg.norm(report.minimum_position_mm - tumour.furthest(planes[2].normal)) < 1.0
    assert report.interval_mm[0] < 3.2 < report.interval_mm[1]


def test_over_many_ellipsoids_the_error_stays_small_and_the_interval_holds_the_truth() -> None:
    iso = np.concatenate([errors(ellipsoid(np.random.default_rng(s)), ISO, s, 8.0) for s in range(6)])
    thick = np.concatenate([errors(ellipsoid(np.random.default_rng(s)), THICK, s, 8.0) for s in range(6)])
    assert np.sqrt((iso**2).mean()) <= 0.03
    assert np.sqrt((thick**2).mean()) <= 0.06


def test_a_plane_through_the_tumour_gives_a_negative_margin_and_says_intralesional() -> None:
    tumour = Ball(np.zeros(3), 15.0)
    surface = TumourSurface.from_mask(mask(tumour, np.random.default_rng(1), ISO, 20))
    report = resection_margins(surface, ResectionPlan([Plane((0, 0, 11), (0, 0, 1), name="distal")]))
    assert report.minimum_mm == pytest.approx(-4.0, abs=0.15)
    assert report.probability_below(0) > 0.999
    assert any(finding.startswith("'distal' passes ") and "intralesional" in finding for finding in report.findings)


def test_area_below_a_limit_is_that_of_the_ball_s_cap() -> None:
    radius, margin, limit = 20.0, 5.0, 15.0
    surface = TumourSurface.from_mask(mask(Ball(np.zeros(3), radius), np.random.default_rng(2), ISO, 26))
    report = resection_margins(surface, ResectionPlan([Plane((0, 0, radius + margin), (0, 0, 1))]))
    cap = (limit - margin) / (2 * radius)  # area of a cap of height h is 2 pi r h, of the ball 4 pi r^2
    assert report.area_fraction_below(limit) == pytest.approx(cap, abs=0.01)
    assert report.area_fraction_below(4.0) == 0
    assert report.area_fraction_below(100.0) == 1


def test_the_interval_grows_with_the_errors_it_is_told_of() -> None:
    surface = TumourSurface.from_mask(mask(Ball(np.zeros(3), 15.0), np.random.default_rng(3), ISO, 20))
    plan = ResectionPlan([Plane((0, 0, 25), (0, 0, 1))])
    voxels = resection_margins(surface, plan)
    sawn = resection_margins(surface, plan, uncertainty=Uncertainty(execution_sd_mm=3.0, registration_sd_mm=4.0))
    assert "the voxels' part alone: outline and saw are taken as exact" in voxels.findings[-1]
    assert sawn.findings == ("the interval takes the outline as exact: its error was not told",)
    told = resection_margins(surface, plan, uncertainty=Uncertainty(segmentation_sd_mm=1.0))
    assert told.findings == ("the interval takes the saw as exact: its error was not told",)
    assert told.with_saw(2.0).findings == ()
    assert voxels.with_saw(2.0).findings == ("the interval takes the outline as exact: its error was not told",)
    low, high = sawn.interval_mm
    assert (high - low) / 2 == pytest.approx(1.96 * 5.0, rel=1e-3)
    assert sawn.probability_below(10.0) == pytest.approx(0.5, abs=0.02)


def test_an_outlines_error_brings_the_margin_down_and_not_up() -> None:
    surface = TumourSurface.from_mask(mask(Ball(np.zeros(3), 15.0), np.random.default_rng(3), ISO, 20))
    plan = ResectionPlan([Plane((0, 0, 25), (0, 0, 1))])
    drawn = resection_margins(surface, plan, uncertainty=Uncertainty(segmentation_sd_mm=2.0)).planes[0]
    assert drawn.margin_mm == pytest.approx(10.0, abs=0.1)
    assert 0.2 < drawn.outline_shift_mm < 2.0  # a place beside the closest reaches further, by less than a deviation
    low, high = drawn.interval_mm
    assert 10.0 - low > high - 10.0


def test_nearly_equal_planes_make_the_least_margin_lower_than_either() -> None:
    surface = TumourSurface.from_mask(mask(Ball(np.zeros(3), 15.0), np.random.default_rng(3), ISO, 20))
    one = Plane((0, 0, 25), (0, 0, 1), name="a")
    both = ResectionPlan([one, Plane((0, 25, 0), (0, 1, 0), name="b")])
    alone = resection_margins(surface, ResectionPlan([one])).interval_mm
    assert resection_margins(surface, both).interval_mm[0] < alone[0]


def test_the_kerf_never_counts_as_margin() -> None:
    surface = TumourSurface.from_mask(mask(Ball(np.zeros(3), 10.0), np.random.default_rng(4), ISO, 15))
    thin, thick = (
        resection_margins(surface, ResectionPlan([Plane((0, 0, 18), (0, 0, 1), kerf_mm=mm)])) for mm in (0, 4)
    )
    assert thin.minimum_mm == thick.minimum_mm


@settings(max_examples=15, deadline=None)
@given(
    turn=st.tuples(*[st.floats(-180, 180)] * 3),
    shift=st.tuples(*[st.floats(-500, 500)] * 3),
    axes=st.permutations([0, 1, 2]),
    flip=st.tuples(*[st.booleans()] * 3),
)
def test_moving_turning_and_reordering_the_patient_leaves_the_margin(
    turn: tuple[float, ...], shift: tuple[float, ...], axes: list[int], flip: tuple[bool, ...]
) -> None:
    shape = Ellipsoid(np.array([0.3, -0.2, 0.1]), (14, 9, 7), np.eye(3))
    volume = mask(shape, np.random.default_rng(7), THICK, 18)
    plane = Plane((0, 0, 14), (0.3, 0.1, 1.0))
    before = resection_margins(TumourSurface.from_mask(volume), ResectionPlan([plane]))
    moved = np.eye(4)
    moved[:3, :3], moved[:3, 3] = Rotation.from_euler("zyx", turn, degrees=True).as_matrix(), shift
    array, reorder = volume.array.transpose(axes), np.eye(4)
    reorder[:3, :3] = np.eye(3)[:, axes]
    for axis, flipped in enumerate(flip):
        if flipped:
            back = np.eye(4)
            back[axis, axis], back[axis, 3] = -1, array.shape[axis] - 1
            array, reorder = np.flip(array, axis), reorder @ back
    there = Plane(moved[:3, :3] @ plane.point_mm + moved[:3, 3], moved[:3, :3] @ plane.normal)
    surface = TumourSurface.from_mask(Volume(array, moved @ volume.affine @ reorder))
    after = resection_margins(surface, ResectionPlan([there]))
    assert after.minimum_mm == pytest.approx(before.minimum_mm, abs=1e-3)
    assert after.interval_mm == pytest.approx(before.interval_mm, abs=1e-3)
