import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from sarcoma_review.errors import EmptyMaskError, GeometryError
from sarcoma_review.planning import Plane, ResectionPlan, TumourSurface, resection_margins
from sarcoma_review.planning.contours import fractional_mask
from sarcoma_review.volume import Grid, Volume
from tests.planning.shapes import Array, affine, enclosed_ml, is_closed

Spacing = tuple[float, float, float]
FLAT = Grid((5, 30, 30), np.array([[0, 0, 1, 0], [0, 1, 0, 0], [2, 0, 0, 0], [0, 0, 0, 1.0]]))
TURN = np.linspace(0, 2 * np.pi, 240, endpoint=False)


def turned_grid(spacing: Spacing, seed: int) -> Grid:
    shape, matrix = affine(np.random.default_rng(seed), spacing, 28)
    return Grid((shape[0], shape[1], shape[2]), matrix)


def drawn(grid: Grid, semi_axes: Spacing, every: int = 1, start: float = 0.0) -> list[Array]:
    """Outlines of an ellipsoid at the origin, its axes along slices, rows and columns, on every so many slices."""
    units = grid.affine[:3, :3] / np.array(grid.spacing_mm)
    a, b, c = semi_axes
    contours = []
    for at in np.arange(start, grid.shape[0] - 1, every):
        height = float(grid.position_mm((at, 0, 0)) @ units[:, 0])
        if abs(height) < a:
            share = np.sqrt(1 - (height / a) ** 2)
            around = np.stack([np.full(240, height), share * b * np.cos(TURN), share * c * np.sin(TURN)], axis=1)
            contours.append(around @ units.T)
    return contours


def square(low: float, high: float, z: float = 4.0) -> Array:
    return np.array([(low, low, z), (high, low, z), (high, high, z), (low, high, z)])


def off_ball(surface: TumourSurface) -> float:
    """Root mean square distance from the ball of 20 mm, by area, mm."""
    off = np.linalg.norm(surface.vertices, axis=1) - 20.0
    return float(np.sqrt(np.average(off**2, weights=surface.vertex_areas_mm2)))


@pytest.mark.parametrize(
    ("spacing", "rms"), [((0.8, 0.8, 0.8), 0.03), ((3.0, 0.8, 0.8), 0.06), ((5.0, 1.0, 1.0), 0.1)]
)
def test_circles_of_a_ball_make_a_better_ball_than_their_binary_mask(spacing: Spacing, rms: float) -> None:
    grid = turned_grid(spacing, 3)
    surface = TumourSurface.from_contours(drawn(grid, (20, 20, 20)), grid)
    middles = grid.position_mm(np.moveaxis(np.indices(grid.shape), 0, -1))
    binary = TumourSurface.from_mask(Volume(np.linalg.norm(middles, axis=-1) < 20, grid.affine))
    assert off_ball(surface) < rms
    assert off_ball(surface) < 0.5 * off_ball(binary)
    assert is_closed(surface.faces)
    assert surface.findings == ()


def test_an_ellipsoid_has_its_margin_in_closed_form() -> None:
    grid = turned_grid((3.0, 0.8, 0.8), 4)
    units = grid.affine[:3, :3] / np.array(grid.spacing_mm)
    surface = TumourSurface.from_contours(drawn(grid, (24, 14, 18)), grid)
    for way in ((1, 0.4, 0.2), (0.1, 1, 0.3), (-0.3, 0.2, 1)):
        local = np.array(way) / np.linalg.norm(way)
        reach = float(np.sqrt(((local * (24, 14, 18)) ** 2).sum()))
        report = resection_margins(surface, ResectionPlan([Plane((reach + 8) * units @ local, units @ local)]))
        assert report.minimum_mm == pytest.approx(8.0, abs=0.2)
    assert surface.volume_ml == pytest.approx(4 / 3 * np.pi * 24 * 14 * 18 / 1000, rel=0.003)


@settings(max_examples=25, deadline=None)
@given(st.tuples(*[st.floats(10, 19)] * 2), st.tuples(*[st.floats(1.5, 9)] * 2))
def test_an_ellipse_covers_its_area(centre: tuple[float, float], semi_axes: tuple[float, float]) -> None:
    ellipse = np.stack(
        [
            centre[0] + semi_axes[0] * np.cos(TURN),
            centre[1] + semi_axes[1] * np.sin(TURN),
            np.full(240, 4.0),
        ],
        axis=1,
    )
    share = fractional_mask([ellipse], FLAT).array[2]
    polygon = 120 * np.sin(2 * np.pi / 240) * semi_axes[0] * semi_axes[1]  # of the 240 corners, not of the ellipse
    rim = 2 * np.pi * np.hypot(*semi_axes) / np.sqrt(2)  # mm, at least; each mm of it is told to a share of a voxel
    assert share.sum() == pytest.approx(polygon, abs=0.006 * rim)
    assert share.dtype == np.float32


def test_a_polygon_along_the_pixels_covers_each_by_its_exact_share() -> None:
    share = fractional_mask([square(9.75, 20.25)], FLAT).array[2]
    assert share[15, 9] == pytest.approx(0.0)
    assert share[15, 10] == pytest.approx(0.75)  # columns run from 9.5 to 10.5
    assert share[10, 10] == pytest.approx(0.75 * 0.75)
    assert share.sum() == pytest.approx(10.5**2)


def keyhole() -> Array:
    outer, inner = square(5, 25), square(10, 20)[::-1]
    return np.concatenate([outer, outer[:1], inner[[3, 0, 1, 2, 3]], outer[:1]])


@pytest.mark.parametrize("contours", [[square(5, 25), square(10, 20)], [keyhole()]], ids=["two contours", "keyhole"])
def test_a_hole_stays_a_hole(contours: list[Array]) -> None:
    mask = fractional_mask(contours, FLAT)
    assert mask.array[2].sum() == pytest.approx(20.0**2 - 10.0**2, rel=1e-3)
    assert mask.array[2, 15, 15] == 0
    surface = TumourSurface.from_contours(contours, FLAT)
    assert enclosed_ml(surface.vertices, surface.faces) == pytest.approx(
        0.6, rel=0.08
    )  # rims are rounded by a part of a voxel


@pytest.mark.parametrize("start", [0.0, 0.4])
def test_contours_on_every_third_slice_or_between_the_slices_are_filled_by_shape(start: float) -> None:
    grid = turned_grid((1.0, 0.8, 0.8), 5)
    contours = drawn(grid, (20, 20, 20), every=3, start=start)
    surface = TumourSurface.from_contours(contours, grid)
    assert off_ball(surface) < 0.08
    assert surface.volume_ml == pytest.approx(4 / 3 * np.pi * 8, rel=0.01)


def test_a_single_contour_is_one_slice_thick() -> None:
    surface = TumourSurface.from_contours([square(5, 25)], FLAT)
    assert np.ptp(surface.vertices[:, 2]) == pytest.approx(2.0, abs=1e-6)
    assert surface.volume_ml == pytest.approx(0.8)


def test_two_lesions_are_not_joined_and_the_gap_is_a_finding() -> None:
    grid = Grid((30, 30, 30), FLAT.affine)
    contours = [square(8, 20, 2.0 * number) for number in (3, 4, 5, 20, 21, 22)]
    surface = TumourSurface.from_contours(contours, grid)
    assert surface.components == 2
    assert surface.volume_ml == pytest.approx(6 * 12 * 12 * 2 / 1000)
    assert any("1 gap(s) between contours" in finding for finding in surface.findings)


def test_what_reaches_beside_the_grid_is_named() -> None:
    surface = TumourSurface.from_contours([square(-5, 15)], FLAT)
    assert surface.findings[0] == "1 contour(s) reach beside the grid and are cut off there"
    assert surface.volume_ml == pytest.approx(15.5**2 * 2 / 1000)
    assert surface.vertices[:, 0].min() == pytest.approx(-5, abs=0.05)


def tilted() -> Array:
    contour = square(5, 25)
    contour[0, 2] += 3.0
    return contour


@pytest.mark.parametrize(
    ("contours", "message"),
    [
        ([square(5, 25), tilted()], r"contour 2 does not lie along the slices: expected within 0\.50 mm .* 3\.00 mm"),
        ([square(5, 25, 14.0)], r"contour 1 lies beyond the slices: expected from 0 to 4, found slice 7\.0"),
        ([square(5, 25)[:2]], r"contour 1: expected 3 or more points of 3 finite numbers, got \(2, 3\)"),
        ([np.full((4, 3), np.nan)], "finite numbers"),
    ],
)
def test_no_contour_is_dropped_without_a_word(contours: list[NDArray[np.float64]], message: str) -> None:
    with pytest.raises(GeometryError, match=message):
        fractional_mask(contours, FLAT)


def test_contours_that_hold_nothing_are_refused() -> None:
    with pytest.raises(EmptyMaskError, match="at least one closed contour, found 0"):
        fractional_mask([], FLAT)
    with pytest.raises(EmptyMaskError, match=r"1 contour\(s\) enclose no voxel's middle"):
        TumourSurface.from_contours([square(5.2, 5.4)], FLAT)
    with pytest.raises(EmptyMaskError, match=r"2 contour\(s\) enclose no voxel's middle"):
        TumourSurface.from_contours([square(5, 25), square(5, 25)], FLAT)


def test_a_sheared_grid_is_refused() -> None:
    matrix = FLAT.affine.copy()
    matrix[1, 0] = 0.5  # rows lie 0.5 mm further on with every slice
    contour = square(5, 25)
    with pytest.raises(GeometryError, match="sheared by"):
        TumourSurface.from_contours([contour], Grid(FLAT.shape, matrix))
