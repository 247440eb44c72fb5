import numpy as np
import pytest

from sarcoma_review.errors import EmptyMaskError, GeometryError, PlanError
from sarcoma_review.planning import Plane, ResectionPlan, TumourSurface, Uncertainty, resection_margins
from sarcoma_review.planning.specimen import specimen_margins_mm
from sarcoma_review.volume import Volume
from tests.planning.shapes import Ball, mask

ISO = (0.8, 0.8, 0.8)


def pair(
    tumour: Ball, specimen: Ball, spacing: tuple[float, float, float] = ISO, seed: int = 0
) -> tuple[TumourSurface, Volume]:
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
