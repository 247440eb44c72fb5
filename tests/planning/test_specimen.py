from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from sarcoma_review.errors import EmptyMaskError, GeometryError, PlanError
from sarcoma_review.planning import Plane, ResectionPlan, TumourSurface, Uncertainty, resection_margins
from sarcoma_review.planning.specimen import measure_specimen, specimen_margins_mm
from sarcoma_review.volume import Grid, Volume
from tests.planning.grids import REARRANGED, rearranged
from tests.planning.shapes import Ball, Spacing, directions, mask
from tests.planning.solids import Box, Finger

Array = NDArray[np.float64]
Solid = Ball | Box | Finger

ISO = (0.8, 0.8, 0.8)


def pair(tumour: Solid, specimen: Solid, spacing: Spacing = ISO, seed: int = 0) -> tuple[TumourSurface, Volume]:
    """Two solids on one grid: the same seed gives the same lattice."""
    solids = [mask(solid, np.random.default_rng(seed), spacing, 42) for solid in (tumour, specimen)]
    return TumourSurface.from_mask(solids[0]), solids[1]


def test_phantom_a_concentric_balls_are_ten_millimetres_apart_everywhere() -> None:
    surface, specimen = pair(Ball(np.zeros(3), 20.0), Ball(np.zeros(3), 30.0))
    report = resection_margins(surface, ResectionPlan(specimen=specimen), uncertainty=Uncertainty())
    assert np.sqrt(((report.distances_mm - 10.0) ** 2).mean()) < 0.1
    assert report.minimum_mm == pytest.approx(10.0, abs=0.5)
    assert report.specimen_volume_ml == pytest.approx(4 / 3 * np.pi * 27, rel=0.003)
    assert report.breach_volume_ml == 0


@pytest.mark.parametrize("seed", range(3))
def test_phantom_b_an_off_centre_ball_has_the_closed_form_s_least_and_mean(seed: int) -> None:
    away = np.array([0.6, -0.48, 0.64])
    surface, specimen = pair(Ball(7.0 * away, 20.0), Ball(np.zeros(3), 35.0), seed=seed)
    report = resection_margins(surface, ResectionPlan(specimen=specimen), uncertainty=Uncertainty())
    areas = surface.vertex_areas_mm2
    assert report.minimum_mm == pytest.approx(35 - 20 - 7, abs=0.4)
    assert (report.distances_mm * areas).sum() / areas.sum() == pytest.approx(35 - 20 - 49 / 60, abs=0.05)
    assert np.linalg.norm(report.minimum_position_mm - 27.0 * away) < 7.0
    low, high = report.interval_mm
    assert low < 8.0 < high


def test_phantom_e_a_breach_has_its_depth_and_its_volume() -> None:
    surface, specimen = pair(Ball(np.array([0.0, 0.0, 16.0]), 10.0), Ball(np.zeros(3), 22.0))
    report = resection_margins(surface, ResectionPlan(specimen=specimen))
    assert report.minimum_mm == pytest.approx(-4.0, abs=0.4)
    assert report.breach_volume_ml == pytest.approx(0.6367, rel=0.02)
    assert any("'specimen' passes" in finding and "intralesional" in finding for finding in report.findings)


def test_a_specimen_and_a_plane_are_measured_side_by_side() -> None:
    surface, specimen = pair(Ball(np.zeros(3), 20.0), Ball(np.zeros(3), 30.0))
    plan = ResectionPlan([Plane((0, 0, 24), (0, 0, 1), name="distal")], specimen=specimen)
    report = resection_margins(surface, plan)
    assert set(report.per_plane) == {"distal", "specimen"}
    assert report.closest.name == "distal"
    assert report.distances_mm.min() == pytest.approx(4.0, abs=0.3)


def test_a_specimen_that_fills_the_image_is_measured_to_the_image_s_edge() -> None:
    tumour = mask(Ball(np.zeros(3), 8.0), np.random.default_rng(1), ISO, 16)
    whole = Volume(np.ones(tumour.shape, bool), tumour.affine)
    margins = specimen_margins_mm(TumourSurface.from_mask(tumour), whole)
    assert np.isfinite(margins).all()
    assert margins.min() > 4


def test_what_cannot_be_measured_is_refused() -> None:
    surface, specimen = pair(Ball(np.zeros(3), 10.0), Ball(np.zeros(3), 20.0))
    with pytest.raises(EmptyMaskError, match="expected at least one, found 0"):
        specimen_margins_mm(surface, Volume(np.zeros_like(specimen.array), specimen.affine))
    elsewhere = TumourSurface.from_mask(Volume(specimen.array, specimen.affine, "2.25.1"))
    with pytest.raises(GeometryError, match="tumour and specimen: expected one frame of reference"):
        specimen_margins_mm(elsewhere, Volume(specimen.array, specimen.affine, "2.25.2"))
    with pytest.raises(PlanError, match="used twice: specimen"):
        ResectionPlan([Plane((0, 0, 0), (0, 0, 1), name="specimen")], specimen=specimen)


def over_seeds(
    make: Callable[[Array, Array], tuple[Solid, Solid, float]], spacing: Spacing, seeds: int = 10
) -> Array:
    """Error and standard deviation (seeds, 2) of the least margin, on grids tilted and shifted at random."""
    rows = []
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        tumour, specimen, truth = make(directions(rng, 1)[0], Rotation.random(rng=rng).as_matrix())
        surface, volume = pair(tumour, specimen, spacing, seed + 50)
        found = measure_specimen(surface, volume)
        rows.append((found.margin_mm - truth, found.sd_mm))
    return np.array(rows)


def rms(values: Array) -> float:
    return float(np.sqrt((values**2).mean()))


def off_centre(away: Array, _: Array) -> tuple[Solid, Solid, float]:
    return Ball(7 * away, 20.0), Ball(np.zeros(3), 35.0), 8.0


def breach(away: Array, _: Array) -> tuple[Solid, Solid, float]:
    return Ball(16 * away, 10.0), Ball(np.zeros(3), 22.0), -4.0


def in_a_box(_: Array, turn: Array) -> tuple[Solid, Solid, float]:
    return Ball(3 * turn[:, 0], 15.0), Box(turn, (25.0, 26.0, 28.0)), 7.0


def finger(away: Array, _: Array) -> tuple[Solid, Solid, float]:
    return Finger(away, 18.0, 32.0, 5.0), Ball(np.zeros(3), 40.0), 3.0


@pytest.mark.slow
@pytest.mark.parametrize("make", [off_centre, breach, in_a_box])
@pytest.mark.parametrize(("spacing", "limit"), [(ISO, 0.05), ((3.0, 0.8, 0.8), 0.1), ((5.0, 1.0, 1.0), 0.2)])
def test_the_least_margin_lies_a_small_part_of_a_voxel_off_and_says_so(
    make: Callable[[Array, Array], tuple[Solid, Solid, float]], spacing: Spacing, limit: float
) -> None:
    error, sd = over_seeds(make, spacing).T
    assert rms(error) <= limit
    assert 0.2 < rms(error / sd) < 1.5


@pytest.mark.slow
def test_phantom_d_the_tip_of_a_finger_is_met_on_small_voxels() -> None:
    error, sd = over_seeds(finger, ISO, 5).T
    assert rms(error) <= 0.05
    assert rms(error / sd) < 1.6


@pytest.mark.slow
def test_a_finger_that_thick_slices_do_not_resolve_has_a_wide_error() -> None:
    error, sd = over_seeds(finger, (5.0, 1.0, 1.0), 5).T
    assert sd.min() > 0.3
    assert rms(error / sd) < 2.5


def test_a_wall_along_the_voxels_is_known_no_better_than_half_a_voxel() -> None:
    grid = np.diag([5.0, 1.0, 1.0, 1.0])[[2, 1, 0, 3]]  # slices along z
    position = Grid((17, 81, 81), grid).position_mm(np.moveaxis(np.indices((17, 81, 81)), 0, -1))
    tumour = np.asarray(np.square(position - (40, 40, 36)).sum(axis=-1) < 14**2)
    box = (np.abs(position - (40, 40, 40)) < (30, 30, 22.4)).all(axis=-1)  # a face between two slices, 12.4 mm off
    found = measure_specimen(TumourSurface.from_mask(Volume(tumour, grid)), Volume(np.asarray(box), grid))
    assert abs(found.wall_mm[2] - 17.6) < 2.6
    assert found.sd_mm > 0.8 * 5.0 / np.sqrt(12.0)


def test_touching_surfaces_have_a_margin_of_nought() -> None:
    away = np.array([0.6, -0.48, 0.64])
    surface, specimen = pair(Ball(15.0 * away, 20.0), Ball(np.zeros(3), 35.0))
    assert measure_specimen(surface, specimen).margin_mm == pytest.approx(0.0, abs=0.05)


def test_the_closest_pair_lies_on_both_surfaces() -> None:
    away = np.array([0.6, -0.48, 0.64])
    found = measure_specimen(*pair(Ball(7.0 * away, 20.0), Ball(np.zeros(3), 35.0)))
    assert found.fitted
    assert np.linalg.norm(found.position_mm - 7.0 * away) == pytest.approx(20.0, abs=0.08)
    assert np.linalg.norm(found.wall_mm) == pytest.approx(35.0, abs=0.08)
    assert np.linalg.norm(found.wall_mm - found.position_mm) == pytest.approx(found.margin_mm, abs=0.01)


@pytest.mark.parametrize(("order", "flipped"), REARRANGED)
def test_the_specimen_s_axes_may_run_in_any_order(order: tuple[int, ...], flipped: tuple[int, ...]) -> None:
    surface, specimen = pair(Ball(np.array([3.0, 2.0, -4.0]), 12.0), Ball(np.zeros(3), 24.0), (3.0, 0.8, 0.8))
    found, again = (measure_specimen(surface, one) for one in (specimen, rearranged(specimen, order, flipped)))
    assert again.margin_mm == pytest.approx(found.margin_mm, abs=0.02)
    assert np.allclose(again.margins_mm, found.margins_mm, atol=0.05)


def test_a_specimen_on_another_oblique_grid_with_other_voxels_is_measured_in_patient_space() -> None:
    away = np.array([0.6, -0.48, 0.64])
    tumour = mask(Ball(7.0 * away, 20.0), np.random.default_rng(1), (3.0, 0.8, 0.8), 42)
    specimen = mask(Ball(np.zeros(3), 35.0), np.random.default_rng(2), (1.0, 1.2, 1.2), 42)
    found = measure_specimen(TumourSurface.from_mask(tumour), specimen)
    assert found.margin_mm == pytest.approx(8.0, abs=0.15)


def test_a_slit_of_one_voxel_in_the_specimen_is_not_smoothed_over() -> None:
    z, y, x = np.mgrid[-30:31, -30:31, -30:31]
    ball, body = x**2 + y**2 + z**2 < 12**2, x**2 + y**2 + z**2 < 26**2
    body &= ~((abs(x) < 1) & (abs(y) < 1) & (z > 18))
    found = measure_specimen(TumourSurface.from_mask(Volume(ball, np.eye(4))), Volume(body, np.eye(4)))
    assert found.margin_mm == pytest.approx(19 - 12, abs=0.6)


def test_a_specimen_that_its_image_cuts_is_said_to_be_unknown_beyond() -> None:
    tumour = mask(Ball(np.zeros(3), 8.0), np.random.default_rng(1), ISO, 16)
    whole = Volume(np.ones(tumour.shape, bool), tumour.affine)
    found = measure_specimen(TumourSurface.from_mask(tumour), whole)
    assert len(found.findings) == 6
    assert "specimen reaches the first slice: what lies beyond is unknown" in found.findings
    inner = mask(Ball(np.zeros(3), 14.0), np.random.default_rng(1), ISO, 16)
    assert measure_specimen(TumourSurface.from_mask(tumour), inner).findings == ()


def test_a_specimen_thinner_than_the_smoothing_is_refused() -> None:
    surface, specimen = pair(Ball(np.zeros(3), 10.0), Ball(np.zeros(3), 20.0))
    speck = np.zeros_like(specimen.array)
    speck[20, 20, 20] = True
    with pytest.raises(EmptyMaskError, match="specimen is thinner than a voxel"):
        measure_specimen(surface, Volume(speck, specimen.affine))
