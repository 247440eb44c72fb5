import numpy as np
import pytest
from numpy.typing import NDArray

from sarcoma_review.errors import GeometryError, PlanError
from sarcoma_review.phantom import Patient
from sarcoma_review.planning import (
    Plane,
    ResectionPlan,
    TumourSurface,
    grow_by,
    left_in_place,
    register,
    threshold,
)
from sarcoma_review.planning.achieved import AchievedPlane, AchievedReport, compare_achieved
from sarcoma_review.planning.cut_face import fitted, minimum_zone_mm
from sarcoma_review.planning.registration import Registration
from sarcoma_review.volume import Grid, Volume

Array = NDArray[np.float64]
PLAN = ResectionPlan([Plane((0, 0, 50), (0, 0, 1), name="proximal", kerf_mm=1.0)])


def ellipse(tilt_deg: float, offset_mm: float, *, noise_mm: float = 0.0, count: int = 3000) -> Array:
    """Phantom F: points of a cut, tilted along the long axis, over an ellipse of half axes 30 and 20 mm."""
    rng = np.random.default_rng(2)
    turn = np.linspace(0, 2 * np.pi, 360, endpoint=False)
    radius, angle = np.sqrt(rng.uniform(0, 1, count)), rng.uniform(0, 2 * np.pi, count)
    x = np.concatenate([30 * np.cos(turn), 30 * radius * np.cos(angle)])
    y = np.concatenate([20 * np.sin(turn), 20 * radius * np.sin(angle)])
    z = 50 + offset_mm + np.tan(np.radians(tilt_deg)) * x + rng.normal(0, noise_mm, len(x))
    return np.column_stack([x, y, z])


def only(report: AchievedReport) -> AchievedPlane:
    assert len(report.planes) == 1
    return report.planes[0]


def known(transform: Array, runs: Array | None = None, floor_mm: float = 0.0) -> Registration:
    grid = Grid((2, 2, 2), np.eye(4))
    return Registration(transform, grid, np.zeros((1, 3)), np.empty((0, 4, 4)) if runs is None else runs, floor_mm)


@pytest.mark.parametrize(("tilt_deg", "offset_mm"), [(0.0, 2.0), (3.0, 1.2), (5.0, -2.5)])
def test_phantom_f_has_the_figures_of_the_closed_form(tilt_deg: float, offset_mm: float) -> None:
    cut = only(compare_achieved(PLAN, ellipse(tilt_deg, offset_mm), registration=None))
    rise = 30 * np.tan(np.radians(tilt_deg))
    assert cut.deviation_max_mm.raw == pytest.approx(offset_mm + rise, abs=1e-9)
    assert cut.deviation_min_mm.raw == pytest.approx(offset_mm - rise, abs=1e-9)
    assert cut.location_zone_mm.raw == pytest.approx(2 * (abs(offset_mm) + rise), abs=1e-9)
    assert cut.parallelism_mm.raw == pytest.approx(2 * rise, abs=1e-9)
    assert cut.flatness_mm.raw == pytest.approx(0.0, abs=1e-6)
    assert cut.angle_deg.value == pytest.approx(tilt_deg, abs=1e-6)


def test_noise_widens_the_raw_figures_and_the_robust_ones_less() -> None:
    cut = only(compare_achieved(PLAN, ellipse(3.0, 1.2, noise_mm=0.1), registration=None))
    assert 0.5 < cut.flatness_mm.value < cut.flatness_mm.raw <= cut.flatness_bound_mm.raw
    assert cut.angle_deg.value == pytest.approx(3.0, abs=0.05)
    assert cut.deviation_mean_mm.value == pytest.approx(1.2, abs=0.05)


def test_points_off_the_cut_do_not_count() -> None:
    stray = np.random.default_rng(8).uniform((-30, -20, 42), (30, 20, 58), (600, 3))
    cut = only(compare_achieved(PLAN, np.vstack([ellipse(3.0, 1.2), stray]), registration=None))
    assert cut.angle_deg.value == pytest.approx(3.0, abs=0.05)
    assert cut.deviation_mean_mm.value == pytest.approx(1.2, abs=0.05)


def test_flatness_is_the_narrowest_zone_and_not_the_least_squares_one() -> None:
    points = np.array([(0.0, 0, 0), (10, 0, 0), (0, 10, 0), (10, 10, 0), (5, 5, 1), (1, 1, 0.5)])
    plane = fitted(points, np.array([0, 0, 1.0]), robust=False)
    assert minimum_zone_mm(points, plane) == pytest.approx(1.0, abs=1e-6)
    assert np.ptp(plane.heights_mm(points)) > 1.0


def test_planes_are_compared_by_name_and_a_missing_one_is_a_finding() -> None:
    plan = ResectionPlan([*PLAN.planes, Plane((0, 40, 0), (0, 1, 0), name="posterior")])
    report = compare_achieved(plan, [Plane((0, 38, 0), (0, 1, 0), name="posterior")], registration=None)
    assert report.per_plane["posterior"].deviation_mean_mm.value == pytest.approx(-2.0, abs=1e-9)
    assert report.findings == ("no cut face within 10 mm of plane 'proximal': not compared",)
    with pytest.raises(PlanError, match="no plane named lateral"):
        compare_achieved(plan, [Plane((0, 38, 0), (0, 1, 0), name="lateral")], registration=None)


def test_the_registration_takes_the_cut_back_to_the_plan() -> None:
    turn = np.array([[0.0, -1, 0, 12], [1, 0, 0, -7], [0, 0, 1, 300], [0, 0, 0, 1]])
    there = ellipse(3.0, 1.2) @ turn[:3, :3].T + turn[:3, 3]
    cut = only(compare_achieved(PLAN, there, registration=known(turn)))
    assert cut.deviation_mean_mm.value == pytest.approx(1.2, abs=0.05)
    assert cut.parallelism_mm.raw == pytest.approx(60 * np.tan(np.radians(3)), abs=1e-6)


def test_the_registrations_error_widens_the_interval() -> None:
    shifted = np.tile(np.eye(4), (8, 1, 1))
    shifted[:, 2, 3] = np.linspace(-0.2, 0.2, 8)
    sd = float(np.sqrt(7 / 8 * (shifted[:, 2, 3] ** 2).sum()))
    cut = only(compare_achieved(PLAN, ellipse(3.0, 1.2), registration=known(np.eye(4), shifted)))
    low, high = cut.deviation_mean_mm.interval
    assert high - low == pytest.approx(2 * 1.96 * sd, rel=0.12)
    low, high = only(
        compare_achieved(PLAN, ellipse(3.0, 1.2), registration=known(np.eye(4)))
    ).deviation_mean_mm.interval
    assert high - low < 1e-6


def test_margin_error_is_achieved_less_planned_margin_in_closed_form() -> None:
    z, y, x = np.mgrid[0:41, 0:41, 0:41]
    affine = np.array([[0.0, 0, 1, -20], [0, 1, 0, -20], [1, 0, 0, 5], [0, 0, 0, 1]])
    ball = TumourSurface.from_mask(Volume((x - 20) ** 2 + (y - 20) ** 2 + (z - 20) ** 2 <= 12.0**2, affine))
    cut = only(compare_achieved(PLAN, ellipse(4.0, -2.0), registration=None, tumour=ball))
    tilt = np.radians(4.0)
    expected = (48 - 25) * np.cos(tilt) - 12 - (50 - 25 - 12)  # the ball's centre is (0, 0, 25)
    assert cut.margin_error_mm is not None
    assert cut.margin_error_mm.value == pytest.approx(expected, abs=0.1)


@pytest.mark.parametrize("mirror", [1.0, -1.0])
@pytest.mark.parametrize("as_mask", [False, True])
def test_a_cut_on_bone_is_found_and_the_kerf_taken_off(mirror: float, as_mask: bool) -> None:
    affine = np.array([[0.0, 0, 0.8 * mirror, -20 * mirror], [0, 0.8, 0, -20], [0.8, 0, 0, 30], [0, 0, 0, 1]])
    index = np.stack(np.meshgrid(*[np.arange(n) for n in (60, 50, 50)], indexing="ij"), axis=-1)
    at = index @ affine[:3, :3].T + affine[:3, 3]
    beyond = at[..., 2] - (50 - 2.0 + 1.0 + np.tan(np.radians(3)) * at[..., 0])  # 2 mm short, kerf 1 mm
    ring = np.hypot(at[..., 0], at[..., 1])
    cover = np.clip(0.5 + beyond / 0.8, 0, 1) * np.clip(0.5 + (13 - ring) / 0.8, 0, 1) * np.clip(ring - 7, 0, 1)
    bone = Volume(cover > 0.5 if as_mask else np.rint(1450 * cover + 40).astype(np.int16), affine)
    cut = only(compare_achieved(PLAN, bone, registration=None))
    assert cut.deviation_mean_mm.value == pytest.approx(-2.0, abs=0.2 if as_mask else 0.06)
    assert cut.angle_deg.value == pytest.approx(3.0, abs=0.5 if as_mask else 0.2)
    assert cut.points > 100


def test_the_sample_patients_cut_is_that_of_the_truth(patient: Patient) -> None:
    truth, later = patient.truth["achieved"], patient.images[2].volume
    plan = ResectionPlan([Plane(p["point_mm"], p["normal"], name=p["name"]) for p in patient.truth["planes"]])
    surface = TumourSurface.from_mask(patient.segments[0].mask)
    moved = known(np.array(truth["to_postoperative"]))
    report = compare_achieved(plan, later, registration=moved, tumour=surface)
    cut, made = only(report), truth["planes"][0]
    assert cut.margin_error_mm is not None
    assert cut.deviation_mean_mm.value == pytest.approx(made["bone_section"]["mean_mm"], abs=0.06)
    assert cut.angle_deg.value == pytest.approx(made["angle_deg"], abs=0.1)
    assert cut.location_zone_mm.value == pytest.approx(made["bone_section"]["zone_mm"], abs=0.3)
    assert cut.margin_error_mm.value == pytest.approx(made["margin_error_mm"], abs=0.1)
    assert [finding.split("'")[1] for finding in report.findings] == ["posterior", "medial"]


def test_registered_by_what_stayed_the_cut_lies_within_a_fifth_of_a_millimetre_of_the_truth(patient: Patient) -> None:
    truth, before, later = patient.truth["achieved"], patient.images[0].volume, patient.images[2].volume
    plan = ResectionPlan([Plane(p["point_mm"], p["normal"], name=p["name"]) for p in patient.truth["planes"]])
    body = grow_by(threshold(before, -300, np.inf), 5.0)
    registration = register(
        before, later, focus=left_in_place(body, plan), target_mm=patient.truth["planes"][0]["point_mm"]
    )
    cut, made = only(compare_achieved(plan, later, registration=registration)), truth["planes"][0]
    assert cut.deviation_mean_mm.value == pytest.approx(made["bone_section"]["mean_mm"], abs=0.2)
    low, high = cut.deviation_mean_mm.interval
    assert low < made["bone_section"]["mean_mm"] < high
    assert cut.angle_deg.value == pytest.approx(made["angle_deg"], abs=0.3)


def test_an_image_of_another_frame_is_refused(patient: Patient) -> None:
    grid = Grid((2, 2, 2), np.eye(4))
    runs = np.empty((0, 4, 4))
    other = Registration(np.eye(4), grid, np.zeros((1, 3)), runs, moving_frame_uid="2.25.12345678")
    with pytest.raises(GeometryError, match="lies in frame of reference …"):
        compare_achieved(PLAN, patient.images[2].volume, registration=other)


def test_vertices_of_another_shape_are_refused() -> None:
    with pytest.raises(PlanError, match=r"\(n, 3\) positions in mm, got \(4, 2\)"):
        compare_achieved(PLAN, np.zeros((4, 2)), registration=None)
