from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import ndimage

from sarcoma_review.errors import EmptyMaskError, GeometryError, PlanError
from sarcoma_review.planning.segment import Component, combine, components, fill_holes, grow, islands, threshold
from sarcoma_review.volume import Volume
from tests.planning.grids import REARRANGED, as_before, oblique, rearranged

CUBE = np.diag([10.0, 10.0, 10.0, 1.0])  # one voxel is 1 ml
MASKS = arrays(bool, st.tuples(*[st.integers(1, 6)] * 3))
IMAGES = arrays(np.float64, st.tuples(*[st.integers(2, 5)] * 3), elements=st.floats(-100, 100))


def approximately(piece: Component) -> dict[str, Any]:
    return {name: pytest.approx(value, abs=2e-6) for name, value in vars(piece).items()}


def line(*values: Any, units: str = "HU") -> Volume:
    return Volume(np.array([[values]]), CUBE, "1.2.3", units=units, clearance="receipt")


def test_both_bounds_of_a_threshold_are_inside_and_nan_never_is() -> None:
    marked = threshold(line(-1.0, 0.0, 5.0, 5.1, np.nan, np.inf), 0, 5)
    assert marked.array.tolist() == [[[False, True, True, False, False, False]]]
    assert threshold(line(np.nan, np.inf, 2.0), -np.inf, np.inf).array.tolist() == [[[False, True, True]]]


def test_a_threshold_keeps_the_place_and_the_clearance_but_not_the_units() -> None:
    marked = threshold(line(1, 2), 0, 1)
    assert marked.frame_of_reference_uid == "1.2.3"
    assert (marked.clearance, marked.units, marked.array.dtype) == ("receipt", "", np.dtype(bool))


def test_a_threshold_stays_within_a_mask() -> None:
    within = line(True, False, True)
    assert threshold(line(1, 1, 9), 0, 5, within=within).array.tolist() == [[[True, False, False]]]


def test_what_comes_from_an_ungated_volume_stays_ungated() -> None:
    ungated = Volume(np.ones((1, 1, 2), bool), CUBE, "1.2.3", clearance="ungated")
    assert threshold(line(1, 2), 0, 1, within=ungated).clearance == "ungated"
    assert combine(line(True, False), ungated, "union").clearance == "ungated"


@pytest.mark.parametrize(("low", "high"), [(5, 1), (np.nan, 3)])
def test_a_threshold_the_wrong_way_round_is_refused(low: float, high: float) -> None:
    with pytest.raises(PlanError, match=r"from low to high, got .* to [13] HU"):
        threshold(line(1, 2), low, high)


def test_growth_fills_a_ball_and_nothing_else() -> None:
    image = np.zeros((20, 40, 40))
    z, y, x = np.mgrid[:20, :40, :40]
    ball = (3 * (z - 10)) ** 2 + (y - 12) ** 2 + (x - 12) ** 2 < 10**2
    image[ball] = 300
    image[10, 35, 35] = 300  # not connected
    volume = oblique(image)
    grown = grow(volume, volume.position_mm((10.2, 12.3, 11.8)), low=200, high=400)
    assert np.array_equal(grown.array, ball)


def test_growth_passes_over_corners() -> None:
    image = np.zeros((3, 3, 3))
    image[0, 0, 0] = image[1, 1, 1] = image[2, 2, 2] = 1
    assert grow(Volume(image, CUBE), (0, 0, 0), low=1, high=1).array.sum() == 3


def test_growth_stops_at_a_distance_in_mm() -> None:
    volume = oblique(np.ones((21, 41, 41)))
    seed = volume.position_mm((10, 20, 20))
    grown = grow(volume, seed, low=0, high=2, max_distance_mm=7.0)
    everywhere = volume.position_mm(np.moveaxis(np.indices(volume.shape), 0, -1))
    assert np.array_equal(grown.array, np.linalg.norm(everywhere - seed, axis=-1) <= 7.0)


def test_growth_does_not_leave_the_mask_it_is_given() -> None:
    grown = grow(line(1, 1, 1, 1), (0, 0, 0), low=1, high=1, within=line(True, True, False, True))
    assert grown.array.tolist() == [[[True, True, False, False]]]


def test_a_seed_outside_the_volume_is_refused() -> None:
    with pytest.raises(
        GeometryError, match=r"seed at \(0\.0, 0\.0, 26\.0\) mm .* within \(1, 1, 3\), found .* 2\.6\)"
    ):
        grow(line(1, 2, 3), (0, 0, 26), low=0, high=5)


def test_a_seed_out_of_range_is_refused() -> None:
    with pytest.raises(EmptyMaskError, match=r"seed's value is 40 HU, expected 100 to 300 HU"):
        grow(line(40, 200), (0, 0, 0), low=100, high=300)
    with pytest.raises(EmptyMaskError, match=r"value is nan, expected 100 to 300"):
        grow(line(np.nan, 200, units=""), (0, 0, 0), low=100, high=300)


def test_a_seed_outside_the_mask_to_stay_within_is_refused() -> None:
    with pytest.raises(EmptyMaskError, match="outside the mask"):
        grow(line(1, 1), (0, 0, 0), low=0, high=5, within=line(False, True))


@pytest.mark.parametrize("distance", [-1.0, np.nan, np.inf])
def test_a_distance_that_is_none_is_refused(distance: float) -> None:
    with pytest.raises(PlanError, match=r"stays within a distance .* got"):
        grow(line(1, 1), (0, 0, 0), low=0, high=5, max_distance_mm=distance)


def test_pieces_are_listed_with_volume_place_and_edge() -> None:
    array = np.zeros((9, 9, 9), bool)
    array[4:6, 4:6, 4:6] = array[0, 0, 0:2] = array[8, 2, 2] = True
    found = components(Volume(array, CUBE))
    assert [round(piece.volume_ml, 9) for piece in found] == [8, 2, 1]
    assert [piece.centre_mm for piece in found[:2]] == [(45, 45, 45), (0, 0, 5)]
    assert [piece.touches_edge for piece in found] == [False, True, True]


def test_an_empty_mask_has_no_pieces() -> None:
    empty = Volume(np.zeros((2, 2, 2), bool), CUBE)
    assert components(empty) == ()
    assert not islands(empty, keep=1).array.any()
    assert not fill_holes(empty).array.any()


def test_islands_keep_the_largest_and_those_large_enough() -> None:
    mask = line(True, True, True, False, True, True, False, True)
    assert islands(mask, keep=1).array.sum() == 3
    assert islands(mask, min_volume_ml=2.0).array.sum() == 5
    assert islands(mask, keep=1, min_volume_ml=4.0).array.sum() == 0
    assert islands(mask).array.sum() == 6


def test_of_two_pieces_of_one_size_the_one_further_to_the_right_comes_first() -> None:
    array = np.zeros((1, 1, 5), bool)
    array[0, 0, [0, 4]] = True
    volume = Volume(array, CUBE[[2, 1, 0, 3]])  # columns run to the left
    for turned in (volume, rearranged(volume, (0, 1, 2), (2,))):
        assert components(turned)[0].centre_mm == (0, 0, 0)
        assert turned.position_mm(np.argwhere(islands(turned, keep=1).array)[0]).tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("wrong", "message"), [({"keep": 0}, "at least 1 piece, got 0"), ({"min_volume_ml": -1.0}, "got -1 ml")]
)
def test_islands_without_sense_are_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(PlanError, match=message):
        islands(line(True), **wrong)


def hollow() -> Volume:
    array = np.ones((7, 7, 9), bool)
    array[0] = array[6] = array[:, 0] = array[:, 6] = array[:, :, 0] = array[:, :, 8] = False
    array[3, 3, 2] = array[3, 3, 4:7] = False
    return Volume(array, CUBE)


def test_cavities_are_filled_up_to_a_volume() -> None:
    mask = hollow()
    assert fill_holes(mask).array.sum() == mask.array.sum() + 4
    assert fill_holes(mask, max_volume_ml=1.0).array.sum() == mask.array.sum() + 1
    assert fill_holes(mask, max_volume_ml=0.5).array.sum() == mask.array.sum()


def test_a_tunnel_is_filled_only_across_its_own_axis() -> None:
    array = np.ones((5, 7, 7), bool)
    array[:, 3, 3] = False
    mask = Volume(np.pad(array, 1), CUBE)
    assert fill_holes(mask).array.sum() == mask.array.sum()
    assert fill_holes(mask, axis=0).array.sum() == mask.array.sum() + 5
    assert fill_holes(mask, axis=1).array.sum() == mask.array.sum()


def test_a_gap_that_the_edge_of_the_volume_closes_is_no_cavity() -> None:
    array = np.ones((3, 3, 3), bool)
    array[1, 1, 0] = False
    assert fill_holes(Volume(array, CUBE)).array.sum() == 26
    assert fill_holes(Volume(array, CUBE), axis=2).array.sum() == 27


def test_filling_without_sense_is_refused() -> None:
    with pytest.raises(PlanError, match=r"index axis is 0 .* got 3"):
        fill_holes(hollow(), axis=3)
    with pytest.raises(PlanError, match=r"at least 0 ml, got -2 ml"):
        fill_holes(hollow(), max_volume_ml=-2)


@pytest.mark.parametrize(("how", "expected"), [("union", 3), ("intersection", 1), ("difference", 1)])
def test_masks_are_joined(how: Literal["union", "intersection", "difference"], expected: int) -> None:
    assert combine(line(True, True, False), line(False, True, True), how).array.sum() == expected


def test_masks_on_two_grids_are_not_joined() -> None:
    other = Volume(np.ones((1, 1, 2), bool), np.diag([5.0, 10, 10, 1]))
    with pytest.raises(GeometryError, match=r"one grid, found <Volume 1 x 1 x 3, 10.* mm> and <Volume 1 x 1 x 2, 5"):
        combine(line(True, True, False), other, "union")
    moved = CUBE.copy()
    moved[0, 3] = 4.0
    with pytest.raises(GeometryError, match=r"first voxels lie 4\.00 mm apart"):
        combine(Volume(np.ones((1, 1, 1)), CUBE), Volume(np.ones((1, 1, 1)), moved), "union")
    with pytest.raises(GeometryError, match="one frame of reference"):
        combine(line(True), Volume(np.ones((1, 1, 1)), CUBE, "9.9"), "union")


def test_an_unknown_way_to_join_is_refused() -> None:
    with pytest.raises(PlanError, match=r"got 'minus'"):
        combine(line(True), line(True), "minus")  # type: ignore[arg-type]


def test_a_fractional_mask_counts_above_one_half() -> None:
    assert components(line(0.5, 0.6, 0.2, 1.0))[0].volume_ml == pytest.approx(1.0)
    assert combine(line(0.5, 0.6), line(False, False), "union").array.tolist() == [[[False, True]]]


@given(IMAGES)
def test_thresholding_a_threshold_changes_nothing(array: Any) -> None:
    once = threshold(Volume(array, CUBE), -10, 30)
    assert np.array_equal(threshold(once, 1, 1).array, once.array)


@given(MASKS, st.integers(1, 4))
def test_keeping_islands_and_filling_holes_twice_changes_nothing_more(array: Any, keep: int) -> None:
    mask = Volume(array, CUBE)
    kept = islands(mask, keep=keep)
    assert np.array_equal(islands(kept, keep=keep).array, kept.array)
    for axis in (None, 0, 1, 2):
        filled = fill_holes(mask, axis=axis)
        assert np.array_equal(fill_holes(filled, axis=axis).array, filled.array)


@given(MASKS)
def test_cavities_are_those_that_another_program_fills(array: Any) -> None:
    assert np.array_equal(fill_holes(Volume(array, CUBE)).array, ndimage.binary_fill_holes(array))


@settings(max_examples=30)
@given(MASKS)
def test_pieces_and_holes_do_not_depend_on_the_order_of_axes(array: Any) -> None:
    mask = oblique(array)
    for order, flipped in REARRANGED:
        turned = rearranged(mask, order, flipped)
        assert [vars(piece) for piece in components(turned)] == [approximately(piece) for piece in components(mask)]
        for change in (fill_holes, lambda one: islands(one, keep=1)):
            assert np.array_equal(as_before(change(turned).array, order, flipped), change(mask).array)
