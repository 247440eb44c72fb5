import numpy as np
import pytest
from numpy.typing import NDArray

from sarcoma_review.errors import EmptyMaskError, GeometryError
from sarcoma_review.planning import Plane, ResectionPlan, TumourSurface, resection_margins
from sarcoma_review.volume import Volume
from tests.planning.shapes import Ball, mask

CUBE = np.diag([1.0, 1.0, 1.0, 1.0])


def area_and_volume(surface: TumourSurface) -> tuple[float, float]:
    a, b, c = surface.vertices[surface.faces].transpose(1, 0, 2)
    return float(surface.vertex_areas_mm2.sum()), float(np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6)


@pytest.mark.parametrize("spacing", [(0.8, 0.8, 0.8), (3.0, 0.8, 0.8)])
def test_a_ball_has_the_area_and_volume_of_a_ball(spacing: tuple[float, float, float]) -> None:
    surface = TumourSurface.from_mask(mask(Ball(np.zeros(3), 20.0), np.random.default_rng(0), spacing, 25))
    area, volume = area_and_volume(surface)
    assert area == pytest.approx(4 * np.pi * 400, rel=0.02)
    assert volume == pytest.approx(4 / 3 * np.pi * 8000, rel=0.02)  # positive: faces turn outward
    off = np.linalg.norm(surface.vertices, axis=1) - 20
    assert np.sqrt((off**2).mean()) < (0.08 if spacing[0] < 1 else 0.25)


def test_a_fractional_mask_is_followed_at_one_half() -> None:
    z = np.mgrid[0:12, 0:12, 0:12][0].astype(float)
    fractions = np.clip(7.3 - z, 0, 1)  # full up to slice 6, 0.3 in slice 7: the edge lies at 6.8
    fractions[:, :3] = fractions[:, 9:] = fractions[:, :, :3] = fractions[:, :, 9:] = 0
    surface = TumourSurface.from_mask(Volume(fractions, CUBE))
    assert surface.vertices[:, 0].max() == pytest.approx(6 + (1.0 - 0.5) / (1.0 - 0.3), abs=1e-6)


def test_a_cavity_is_filled_for_the_surface() -> None:
    ball = mask(Ball(np.zeros(3), 15.0), np.random.default_rng(0), (1, 1, 1), 18)
    middle = tuple(n // 2 for n in ball.shape)
    hollow = ball.array.copy()
    hollow[tuple(slice(m - 4, m + 4) for m in middle)] = False
    solid, shell = (TumourSurface.from_mask(Volume(array, ball.affine)) for array in (ball.array, hollow))
    assert np.array_equal(solid.vertices, shell.vertices)


def speck(size: int) -> NDArray[np.bool_]:
    array = np.zeros((60, 60, 60), bool)
    array[10:30, 20:40, 20:40] = True
    array[50, 30, 30 : 30 + size] = True
    return array


@pytest.mark.parametrize("size", [1, 2])
def test_a_skip_lesion_of_one_or_two_voxels_keeps_its_margin(size: int) -> None:
    surface = TumourSurface.from_mask(Volume(speck(size), CUBE))
    report = resection_margins(surface, ResectionPlan([Plane((55, 30, 30), (1, 0, 0))]))
    assert surface.components == 2
    assert report.minimum_mm == pytest.approx(4.5, abs=0.51)  # the voxel's own face is at 50.5
    assert report.minimum_mm <= 5.0


def test_a_thin_finger_is_never_lost() -> None:
    def ball_with_finger(at: NDArray[np.float64]) -> NDArray[np.float64]:
        along = np.clip(at[..., 2], 0, 32)
        finger = np.linalg.norm(at - np.stack([0 * along, 0 * along, along], -1), axis=-1) - 1.5
        nearest: NDArray[np.float64] = np.minimum(np.linalg.norm(at, axis=-1) - 18, finger)
        return nearest

    for spacing in ((0.8, 0.8, 0.8), (3.0, 0.8, 0.8)):
        volume = mask(ball_with_finger, np.random.default_rng(0), spacing, 40)
        held = volume.position_mm(np.argwhere(volume.array))[:, 2].max()  # how far the mask itself reaches
        report = resection_margins(TumourSurface.from_mask(volume), ResectionPlan([Plane((0, 0, 40), (0, 0, 1))]))
        assert report.minimum_mm <= 40 - held + 0.5 * np.linalg.norm(spacing)


@pytest.mark.parametrize("wide", [1, 2])
@pytest.mark.parametrize("long", [2, 3, 5])
def test_a_thin_tail_of_thick_slices_is_never_smoothed_away(wide: int, long: int) -> None:
    z, y, x = np.mgrid[:24, :50, :50]
    array = (0.8 * x - 20) ** 2 + (0.8 * y - 20) ** 2 + (3.0 * z - 24) ** 2 < 14**2
    top = int(np.argwhere(array)[:, 0].max())
    array[top + 1 : top + 1 + long, 25 : 25 + wide, 25 : 25 + wide] = True
    affine = np.array([[0, 0, 0.8, 0], [0, 0.8, 0, 0], [3.0, 0, 0, 0], [0, 0, 0, 1]])
    centre = 3.0 * (top + long)  # of the tail's last voxel
    report = resection_margins(
        TumourSurface.from_mask(Volume(array, affine)), ResectionPlan([Plane((0, 0, centre + 10), (0, 0, 1))])
    )
    assert 8.5 - 1e-9 <= report.minimum_mm <= 10.0 + 1e-9  # the voxel's far face, and its centre


@pytest.mark.parametrize("normal", [(1, 1, 0), (1, 1, 1), (0, 1, 1), (1, 0, 0)])
@pytest.mark.parametrize("shape", [(1, 8, 8), (3, 8, 8), (8, 8, 8), (1, 1, 1), (2, 1, 1)])
def test_no_margin_says_that_tumour_ends_before_a_marked_voxel(
    shape: tuple[int, int, int], normal: tuple[int, int, int]
) -> None:
    array = np.zeros((20, 20, 20), bool)
    array[5 : 5 + shape[0], 5 : 5 + shape[1], 5 : 5 + shape[2]] = True
    volume = Volume(array, np.diag([0.8, 0.8, 0.8, 1.0]))
    plane = Plane((20, 20, 20), normal)
    marked = -plane.distance_mm(volume.position_mm(np.argwhere(array))).max()
    report = resection_margins(TumourSurface.from_mask(volume), ResectionPlan([plane]))
    assert report.minimum_mm <= marked + 1e-9
    assert report.minimum_mm >= marked - 0.8 * np.sqrt(3)


def test_a_lost_satellite_counts_in_the_area_near_a_plane() -> None:
    array = np.zeros((60, 40, 40), bool)
    array[5:25, 10:30, 10:30] = True
    array[50, 20, 20:22] = True
    report = resection_margins(
        TumourSurface.from_mask(Volume(array, CUBE)), ResectionPlan([Plane((51, 20, 20), (1, 0, 0))])
    )
    assert 0 < report.area_fraction_below(5) < 0.05


def test_a_tumour_cut_by_the_field_of_view_is_a_finding() -> None:
    array = np.zeros((20, 20, 20), bool)
    array[0:8, 5:15, 5:15] = True
    findings = TumourSurface.from_mask(Volume(array, CUBE)).findings
    assert findings == ("tumour reaches the first slice: what lies beyond is unknown",)


def test_a_tumour_that_fills_the_volume_is_measured_all_the_same() -> None:
    surface = TumourSurface.from_mask(Volume(np.ones((5, 5, 5), bool), CUBE))
    assert len(surface.findings) == 6
    assert np.isfinite(surface.vertices).all()
    assert len(surface.faces) > 0


def test_an_empty_mask_is_refused() -> None:
    with pytest.raises(EmptyMaskError, match=r"expected at least one, found 0"):
        TumourSurface.from_mask(Volume(np.zeros((4, 4, 4), bool), CUBE))


def test_a_sheared_grid_is_refused() -> None:
    sheared = CUBE.copy()
    sheared[1, 0] = 0.27
    with pytest.raises(GeometryError, match=r"sheared by 15\.1 degrees .*resample it first"):
        TumourSurface.from_mask(Volume(np.ones((4, 4, 4), bool), sheared))
