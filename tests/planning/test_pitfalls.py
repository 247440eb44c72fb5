"""What goes wrong when margins are measured on masks, where no other file tests it."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from sarcoma_review.errors import GeometryError
from sarcoma_review.planning import Plane, ResectionPlan, TumourSurface, Uncertainty, resection_margins
from sarcoma_review.volume import Volume
from tests.planning.grids import REARRANGED, rearranged
from tests.planning.shapes import Array, Ball, aligned, enclosed_ml, is_closed, mask

ISO = (0.8, 0.8, 0.8)
ORIGIN = np.zeros(3)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_tumour_at_the_edge_of_the_image_has_a_closed_surface_and_a_finding(axis: int) -> None:
    ball = aligned(Ball(ORIGIN, 8.0), np.random.default_rng(0), (1, 1, 1), 12)
    half = Volume(np.take(ball.array, range(12), axis), ball.affine)
    surface = TumourSurface.from_mask(half)
    assert is_closed(surface.faces)
    assert enclosed_ml(surface.vertices, surface.faces) == pytest.approx(surface.volume_ml, rel=0.08)  # a rounded rim
    (finding,) = surface.findings
    assert finding.startswith(f"tumour reaches the last {('slice', 'row', 'column')[axis]}")


def test_a_cavity_does_not_widen_the_mean_margin() -> None:
    solids = [mask(Ball(ORIGIN, mm), np.random.default_rng(1), (1, 1, 1), 33) for mm in (20.0, 12.0, 30.0)]
    shell = Volume(solids[0].array & ~solids[1].array, solids[0].affine)
    surface = TumourSurface.from_mask(shell)
    report = resection_margins(surface, ResectionPlan(specimen=solids[2]), uncertainty=Uncertainty())
    mean = np.average(report.distances_mm, weights=surface.vertex_areas_mm2)
    assert mean == pytest.approx(10.0, abs=0.05)  # with the cavity's own surface it would be 12.1
    assert surface.volume_ml == pytest.approx(4 / 3 * np.pi * (8.0 - 1.728), rel=0.01)  # the cavity is no tumour


@pytest.mark.parametrize(("spacing", "share"), [(ISO, 0.005), ((3.0, 0.8, 0.8), 0.015), ((5.0, 1.0, 1.0), 0.03)])
def test_thick_slices_do_not_shrink_the_surface(spacing: tuple[float, float, float], share: float) -> None:
    for seed in range(4):
        surface = TumourSurface.from_mask(mask(Ball(ORIGIN, 20.0), np.random.default_rng(seed), spacing, 26))
        assert enclosed_ml(surface.vertices, surface.faces) == pytest.approx(4 / 3 * np.pi * 8.0, rel=share)


@pytest.mark.parametrize(("order", "flipped"), REARRANGED)
def test_faces_turn_outward_however_the_axes_run(order: tuple[int, ...], flipped: tuple[int, ...]) -> None:
    ball = mask(Ball(ORIGIN, 8.0), np.random.default_rng(3), (3.0, 0.8, 0.8), 14)
    surface = TumourSurface.from_mask(rearranged(ball, order, flipped))
    assert is_closed(surface.faces)
    assert enclosed_ml(surface.vertices, surface.faces) == pytest.approx(4 / 3 * np.pi * 0.512, rel=0.03)


@pytest.mark.parametrize("degrees", [0, 20, 45])
def test_an_oblique_face_weighs_by_its_area(degrees: float) -> None:
    normal = Rotation.from_euler("zyx", (degrees, degrees, 0), degrees=True).apply((0.0, 0.0, 1.0))

    def slab(at: Array) -> Array:
        """A disc of radius 18 mm, 8 mm thick."""
        along = at @ normal
        across = np.linalg.norm(at - along[..., None] * normal, axis=-1)
        level: Array = np.maximum(np.abs(along) - 4.0, across - 18.0)
        return level

    surface = TumourSurface.from_mask(aligned(slab, np.random.default_rng(4), ISO, 22))
    report = resection_margins(surface, ResectionPlan([Plane(14 * normal, normal)]))
    whole = 2 * np.pi * 18**2 + 2 * np.pi * 18 * 8
    assert report.area_fraction_below(10 + 1.0) == pytest.approx(
        (np.pi * 18**2 + 2 * np.pi * 18) / whole, abs=0.03
    )  # rims are rounded


def test_a_sheared_specimen_grid_is_refused_too() -> None:
    ball = mask(Ball(ORIGIN, 8.0), np.random.default_rng(5), (1, 1, 1), 12)
    sheared = ball.affine.copy()
    sheared[:3, 0] += 0.2 * sheared[:3, 1]
    with pytest.raises(GeometryError, match="sheared by"):
        resection_margins(
            TumourSurface.from_mask(ball), ResectionPlan(specimen=Volume(np.ones(ball.shape, bool), sheared))
        )
