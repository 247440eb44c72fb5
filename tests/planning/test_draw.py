from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sarcoma_review.errors import GeometryError, PlanError
from sarcoma_review.planning.draw import paint, polygon
from sarcoma_review.volume import Volume
from tests.planning.grids import REARRANGED, as_before, oblique, rearranged

PLACES = st.lists(st.tuples(*[st.floats(-2, 12)] * 3), min_size=1, max_size=4)


def blank(shape: tuple[int, int, int] = (11, 41, 41)) -> Volume:
    return oblique(np.zeros(shape, bool))


def from_place(volume: Volume, place: Any) -> Any:
    everywhere = volume.position_mm(np.moveaxis(np.indices(volume.shape), 0, -1))
    return np.linalg.norm(everywhere - place, axis=-1)


def test_a_ball_brush_paints_what_lies_within_its_radius() -> None:
    volume = blank()
    place = volume.position_mm((5, 20, 20))
    painted = paint(volume, [place], radius_mm=7.5)
    assert np.array_equal(painted.array, from_place(volume, place) <= 7.5)


def test_a_disc_brush_stays_on_its_slice() -> None:
    volume = blank()
    place = volume.position_mm((5.4, 20, 20))
    painted = paint(volume, [place], radius_mm=7.5, plane_axis=0)
    on_slice = from_place(volume, volume.position_mm((5, 20, 20))) <= 7.5
    on_slice[[*range(5), *range(6, 11)]] = False
    assert np.array_equal(painted.array, on_slice)


def test_a_stroke_is_a_capsule_along_its_line() -> None:
    volume = blank((9, 60, 90))
    ends = volume.position_mm([(4, 30, 15), (4, 30, 75)])  # 48 mm apart
    painted = paint(volume, ends, radius_mm=8.0)
    ml = np.count_nonzero(painted.array) * volume.grid.voxel_volume_ml
    assert ml == pytest.approx((np.pi * 8**2 * 48 + 4 / 3 * np.pi * 8**3) / 1000, rel=0.02)


def test_a_brush_finer_than_a_voxel_paints_what_the_stroke_runs_through() -> None:
    volume = blank()
    painted = paint(volume, volume.position_mm([(5, 10.4, 3.4), (5, 10.4, 9.3)]), radius_mm=0.0)
    assert np.argwhere(painted.array).tolist() == [[5, 10, column] for column in range(3, 10)]


def test_erasing_takes_away_and_painting_leaves_the_first_mask_as_it_was() -> None:
    volume = blank()
    place = [volume.position_mm((5, 20, 20))]
    painted = paint(volume, place, radius_mm=9)
    erased = paint(painted, place, radius_mm=5, erase=True)
    assert np.array_equal(erased.array, painted.array & ~paint(volume, place, radius_mm=5).array)
    assert not volume.array.any()


def test_a_stroke_outside_the_volume_paints_only_what_is_inside() -> None:
    volume = blank()
    outside = volume.position_mm((5, -3, 20))
    painted = paint(volume, [outside], radius_mm=4.1)
    assert np.array_equal(painted.array, from_place(volume, outside) <= 4.1)
    assert painted.array.any()
    assert not paint(volume, [volume.position_mm((50, 90, 90))], radius_mm=4.0).array.any()


def test_a_brush_is_round_in_the_patient_on_a_sheared_grid_too() -> None:
    matrix = blank().affine.copy()
    matrix[1, 0] = 0.8
    volume = Volume(np.zeros((11, 41, 41), bool), matrix)
    place = volume.position_mm((5, 20, 20))
    assert np.array_equal(paint(volume, [place], radius_mm=9).array, from_place(volume, place) <= 9)


@settings(max_examples=30, deadline=None)
@given(PLACES, st.floats(0, 9))
def test_a_brush_does_not_depend_on_the_order_of_axes(places: Any, radius: float) -> None:
    volume = blank((5, 9, 11))
    stroke = volume.position_mm(np.array(places) + 1e-4)
    painted = paint(volume, stroke, radius_mm=radius)
    for order, flipped in REARRANGED:
        turned = paint(rearranged(volume, order, flipped), stroke, radius_mm=radius)
        assert np.count_nonzero(as_before(turned.array, order, flipped) ^ painted.array) == 0


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"stroke_mm": np.empty((0, 3))}, r"at least 1 place\(s\) of 3 numbers"),
        ({"stroke_mm": [(0, 0, np.nan)]}, "finite places"),
        ({"radius_mm": -1.0}, "at least 0 mm, got -1 mm"),
        ({"plane_axis": 3}, r"index axis is 0 .* got 3"),
    ],
)
def test_a_brush_without_sense_is_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(PlanError, match=message):
        paint(**{"mask": blank(), "stroke_mm": [(0, 0, 300)], "radius_mm": 2.0, **wrong})


def test_a_disc_brush_that_leaves_its_slice_is_refused() -> None:
    volume = blank()
    stroke = volume.position_mm([(5, 10, 10), (5, 10, 20), (6, 10, 30)])
    with pytest.raises(GeometryError, match=r"stroke lies on no slice: expected within 1\.50 mm .* found 3\.00 mm"):
        paint(volume, stroke, radius_mm=3, plane_axis=0)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_polygon_on_a_slice_across_any_axis_has_its_area(axis: int) -> None:
    volume = blank((40, 60, 70))
    turn = np.radians(np.arange(0, 360, 5))
    index = np.insert(np.stack([19.5 + 15.3 * np.cos(turn), 20 + 15.3 * np.sin(turn)], axis=1), axis, 7.3, axis=1)
    drawn = polygon(volume, volume.position_mm(index)).array
    assert np.flatnonzero(drawn.any(axis=tuple({0, 1, 2} - {axis}))).tolist() == [7]
    assert np.count_nonzero(drawn) == pytest.approx(np.pi * 15.3**2, rel=0.02)


def test_a_polygon_that_crosses_itself_leaves_out_what_it_encloses_twice() -> None:
    star = [(np.cos(a), np.sin(a)) for a in np.arange(5) * 4 * np.pi / 5]
    index = [(2, 20 + 15 * y, 20 + 15 * x) for x, y in star]
    volume = blank()
    drawn = polygon(volume, volume.position_mm(index)).array[2]
    assert not drawn[20, 20]
    assert drawn[20, 31]


def test_a_polygon_erases_and_is_cut_off_at_the_edge() -> None:
    volume = Volume(np.ones((3, 9, 9), bool), np.eye(4))
    corners = [(1, -5, -5), (1, -5, 3.5), (1, 3.5, 3.5), (1, 3.5, -5)]
    erased = polygon(volume, corners, erase=True)
    assert np.count_nonzero(~erased.array) == 16
    assert np.count_nonzero(~erased.array[1]) == 16
    beside = [(1, y - 20, x) for _, y, x in corners]
    assert polygon(volume, beside, erase=True).array.all()


@pytest.mark.parametrize(
    ("index", "message"),
    [
        ([(2, 3, 3), (4, 9, 3), (6, 3, 9)], r"polygon lies on no slice: expected within 1\.50 mm .* found 6\.00 mm"),
        ([(20, 3, 3), (20, 9, 3), (20, 3, 9)], r"outside the volume: expected a slice below 11, got 20"),
    ],
)
def test_a_polygon_on_no_slice_is_refused(index: Any, message: str) -> None:
    with pytest.raises(GeometryError, match=message):
        polygon(blank(), blank().position_mm(index))


def test_a_polygon_of_two_corners_is_refused() -> None:
    with pytest.raises(PlanError, match=r"a polygon has at least 3 place\(s\)"):
        polygon(blank(), [(0, 0, 0), (1, 1, 1)])
