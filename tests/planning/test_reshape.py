from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from scipy import ndimage

from sarcoma_review.errors import GeometryError, PlanError
from sarcoma_review.planning.reshape import grow_by, shrink_by, smooth
from sarcoma_review.planning.segment import components
from sarcoma_review.volume import Volume
from tests.planning.grids import REARRANGED, as_before, oblique, rearranged
from tests.planning.shapes import Ball, Ellipsoid, mask

Bools = NDArray[np.bool_]
Spacing = tuple[float, float, float]

ISO, THICK = (0.8, 0.8, 0.8), (3.0, 0.8, 0.8)
SHAPES = arrays(bool, st.tuples(*[st.integers(3, 9)] * 3))


def ball(radius: float, spacing: Spacing, half_mm: float = 32) -> Volume:
    """The same grid for every radius."""
    return mask(Ball(np.zeros(3), radius), np.random.default_rng(4), spacing, half_mm)


def radius_mm(volume: Volume) -> float:
    """Of the ball as large as the mask."""
    return float((np.count_nonzero(volume.array) * volume.grid.voxel_volume_ml * 750 / np.pi) ** (1 / 3))


@pytest.mark.parametrize(("spacing", "tolerance_mm"), [(ISO, 0.1), (THICK, 0.2)])
@pytest.mark.parametrize("distance", [2.0, 5.0, 9.5])
def test_a_ball_grows_and_shrinks_to_the_ball_of_that_radius(
    spacing: Spacing, tolerance_mm: float, distance: float
) -> None:
    start = ball(20.0, spacing)
    assert radius_mm(grow_by(start, distance)) == pytest.approx(20 + distance, abs=tolerance_mm)
    assert radius_mm(shrink_by(start, distance)) == pytest.approx(20 - distance, abs=tolerance_mm)


@pytest.mark.parametrize("spacing", [ISO, THICK])
def test_no_voxel_of_a_grown_ball_is_off_by_more_than_part_of_a_voxel(spacing: Spacing) -> None:
    grown, shrunk = (change(ball(20.0, spacing), 6.0) for change in (grow_by, shrink_by))
    off = 0.5 * float(np.linalg.norm(spacing))
    assert not (grown.array & ~ball(26 + off, spacing).array).any()
    assert not (ball(26 - off, spacing).array & ~grown.array).any()
    assert not (shrunk.array & ~ball(14 + off, spacing).array).any()
    assert not (ball(14 - off, spacing).array & ~shrunk.array).any()


def test_a_block_grows_by_whole_voxels_and_shrinks_back() -> None:
    block = np.zeros((12, 30, 30), bool)
    block[4:8, 10:20, 10:20] = True
    start = Volume(block, np.diag([3.0, 1, 1, 1]))
    grown = grow_by(start, 3.0)
    assert np.flatnonzero(grown.array[:, 15, 15]).tolist() == [3, 4, 5, 6, 7, 8]
    assert np.flatnonzero(grown.array[5, 15]).tolist() == list(range(7, 23))
    assert np.array_equal(shrink_by(start, 3.0).array.nonzero()[0], np.repeat([5, 6], 16))


def block_on_patient_axes(spacing: Spacing = (3.0, 1.0, 1.0)) -> Volume:
    """Slices to the head, rows to the back, columns to the left; 4 x 10 x 10 voxels from 0 mm."""
    array = np.zeros((24, 50, 50), bool)
    array[10:14, 20:30, 20:30] = True
    matrix = np.eye(4)
    matrix[:3, :3] = np.eye(3)[:, ::-1] * spacing
    return Volume(array, matrix)


def extent(volume: Volume) -> list[list[int]]:
    return [np.flatnonzero(volume.array.any(axis=rest))[[0, -1]].tolist() for rest in ((1, 2), (0, 2), (0, 1))]


def test_each_side_grows_and_shrinks_by_its_own_distance() -> None:
    start = block_on_patient_axes()
    grown = grow_by(start, (1, 2, 3, 4, 6, 9))  # right, left, anterior, posterior, inferior, superior
    assert extent(grown) == [[8, 16], [17, 33], [19, 31]]
    assert extent(grow_by(start, (5, 0, 3))) == [[9, 14], [20, 29], [15, 34]]
    assert extent(shrink_by(start, (1, 2, 3, 4, 3, 0))) == [[11, 13], [23, 25], [21, 27]]


def test_a_grown_ball_is_an_ellipsoid_on_the_patients_axes_whatever_the_grid() -> None:
    grown = grow_by(ball(0.9, ISO), (6.0, 10.0, 20.0))
    smaller, larger = (
        mask(Ellipsoid(np.zeros(3), (6 + off, 10 + off, 20 + off), np.eye(3)), np.random.default_rng(4), ISO, 32)
        for off in (0.2, 1.6)
    )
    assert not (smaller.array & ~grown.array).any()
    assert not (grown.array & ~larger.array).any()


def test_growing_alike_in_every_direction_is_growing_all_round() -> None:
    start = ball(15.0, ISO)
    several, one = grow_by(start, (5, 5, 5, 5, 5, 5)), grow_by(start, 5)
    assert radius_mm(several) == pytest.approx(radius_mm(one), abs=0.05)


@pytest.mark.parametrize("change", [grow_by, shrink_by])
def test_no_distance_changes_nothing(change: Any) -> None:
    start = ball(7.0, THICK, 12)
    for nothing in (0.0, (0, 0, 0)):
        assert np.array_equal(change(start, nothing).array, start.array)
    empty = Volume(np.zeros((3, 3, 3), bool), np.eye(4))
    assert not change(empty, 5.0).array.any()


def test_a_single_voxel_grows_in_all_directions() -> None:
    array = np.zeros((11, 21, 21), bool)
    array[5, 10, 10] = True
    grown = grow_by(Volume(array, np.diag([2.0, 1, 1, 1])), 4.0)
    assert extent(grown) == [[3, 7], [6, 14], [6, 14]]


def test_a_thin_finger_grows_as_far_as_the_rest() -> None:
    array = np.zeros((30, 30, 60), bool)
    array[10:20, 10:20, 5:20] = True
    array[15, 15, 20:45] = True
    grown = grow_by(Volume(array, np.eye(4)), 5.0)
    assert np.flatnonzero(grown.array[15, 15]).max() in (49, 50)
    assert np.count_nonzero(grown.array[:, :, 35]) == pytest.approx(np.pi * 5.4**2, rel=0.15)


def test_where_the_edge_of_the_volume_cuts_the_mask_nothing_is_taken_off() -> None:
    array = np.zeros((10, 20, 20), bool)
    array[:, 5:15, 5:15] = True
    for distance in (3.0, (3.0, 3.0, 3.0)):
        shrunk = shrink_by(Volume(array, np.eye(4)), distance).array
        assert extent(Volume(shrunk, np.eye(4))) == [[0, 9], [8, 11], [8, 11]]
    full = Volume(np.ones((4, 4, 4), bool), np.eye(4))
    assert shrink_by(full, 2.0).array.all()
    assert shrink_by(full, (1, 2, 3)).array.all()
    assert grow_by(full, (1, 2, 3)).array.all()
    assert grow_by(full, 2.0).array.all()


def test_a_mask_thinner_than_twice_the_distance_is_gone() -> None:
    assert not shrink_by(ball(4.0, ISO, 8), 5.0).array.any()


@pytest.mark.parametrize(("margin", "message"), [(-1.0, "at least 0 mm"), (np.inf, "finite"), ((1, 2), "1, 3 or 6")])
def test_a_margin_that_is_none_is_refused(margin: Any, message: str) -> None:
    with pytest.raises(PlanError, match=message):
        grow_by(ball(4.0, ISO, 8), margin)


def test_a_sheared_grid_is_refused() -> None:
    sheared = np.eye(4)
    sheared[1, 0] = 0.27
    volume = Volume(np.ones((4, 4, 4), bool), sheared)
    for change in (grow_by, shrink_by):
        with pytest.raises(GeometryError, match=r"sheared by 15\.1 degrees"):
            change(volume, 1.0)
    with pytest.raises(GeometryError, match=r"sheared by 15\.1 degrees"):
        smooth(volume, radius_mm=1, limit_mm=2)


@settings(max_examples=15, deadline=None)
@given(SHAPES, st.floats(0.5, 6.0))
def test_growing_adds_and_shrinking_takes_away(array: Bools, distance: float) -> None:
    start = oblique(np.pad(array, 1))
    assert not (start.array & ~grow_by(start, distance).array).any()
    assert not (shrink_by(start, distance).array & ~start.array).any()


@settings(max_examples=15, deadline=None)
@given(SHAPES, st.floats(0.5, 6.0))
def test_growing_and_shrinking_hardly_depend_on_the_order_of_axes(array: Bools, distance: float) -> None:
    start = oblique(np.pad(array, 1))
    for change in (grow_by, shrink_by):
        one, other = sorted((change(start, distance - 0.2).array, change(start, distance + 0.2).array), key=np.sum)
        for order, flipped in REARRANGED:  # the triangles of a surface fall otherwise, by a part of a voxel
            turned = as_before(change(rearranged(start, order, flipped), distance).array, order, flipped)
            assert not (one & ~turned).any()
            assert not (turned & ~other).any()


def furthest_mm(part: Bools, rest: Bools, spacing: Spacing) -> float:
    """From a voxel of one part to the nearest of another; 0 where there is none to start from."""
    if not part.any():
        return 0.0
    return float(ndimage.distance_transform_edt(~rest, sampling=spacing)[part].max())


@settings(max_examples=60, deadline=None)
@given(SHAPES, st.floats(0.3, 4.0), st.floats(0.5, 8.0))
def test_smoothing_moves_the_outline_by_no_more_than_its_limit(array: Bools, radius: float, limit: float) -> None:
    start = oblique(np.pad(array, 6))
    old, new = start.array, smooth(start, radius_mm=radius, limit_mm=limit).array
    for one, other in ((old, new), (new, old), (~old, ~new), (~new, ~old)):
        assert furthest_mm(one, other, start.spacing_mm) <= limit + 1e-9
    pieces, count = ndimage.label(old, np.ones((3, 3, 3)))
    assert len(np.unique(pieces[new & old])) == count + (0 in pieces[new & old])


@settings(max_examples=10, deadline=None)
@given(SHAPES)
def test_smoothing_does_not_depend_on_the_order_of_axes(array: Bools) -> None:
    start = oblique(np.pad(array, 2))
    smoothed = smooth(start, radius_mm=1.5, limit_mm=3.0).array
    for order, flipped in REARRANGED:
        turned = smooth(rearranged(start, order, flipped), radius_mm=1.5, limit_mm=3.0)
        assert np.array_equal(as_before(turned.array, order, flipped), smoothed)


@pytest.mark.parametrize("spacing", [ISO, THICK])
def test_smoothing_takes_noise_off_a_ball_and_keeps_its_size(spacing: Spacing) -> None:
    truth = ball(16.0, spacing, 22)
    edge = ndimage.binary_dilation(truth.array) ^ ndimage.binary_erosion(truth.array)
    rough = truth.array ^ (edge & (np.random.default_rng(0).random(truth.shape) < 0.3))
    smoothed = smooth(Volume(rough, truth.affine), radius_mm=2.0, limit_mm=4.0)
    assert np.count_nonzero(smoothed.array ^ truth.array) < 0.2 * np.count_nonzero(rough ^ truth.array)
    assert radius_mm(smooth(truth, radius_mm=2.0, limit_mm=4.0)) == pytest.approx(16, abs=0.1)


def test_smoothing_keeps_a_finger_a_speck_and_a_neck() -> None:
    array = np.zeros((30, 30, 70), bool)
    array[10:20, 10:20, 5:20] = array[10:20, 10:20, 24:40] = True
    array[15, 15, 20:24] = True  # a neck of 4 mm
    array[15, 15, 40:60] = True  # a finger of 20 mm
    array[25, 25, 65] = True  # a speck
    smoothed = smooth(Volume(array, np.eye(4)), radius_mm=2.0, limit_mm=3.0)
    assert len(components(smoothed)) == 2
    assert smoothed.array[25, 25, 65]
    assert np.flatnonzero(smoothed.array[15, 15, :62]).max() >= 59 - 3


def test_a_limit_below_the_voxels_or_no_radius_changes_nothing() -> None:
    start = ball(7.0, THICK, 12)
    assert np.array_equal(smooth(start, radius_mm=3, limit_mm=0.7).array, start.array)
    assert np.array_equal(smooth(start, radius_mm=0, limit_mm=5).array, start.array)
    for array in (np.zeros((3, 3, 3), bool), np.ones((3, 3, 3), bool)):
        assert np.array_equal(smooth(Volume(array, np.eye(4)), radius_mm=2, limit_mm=5).array, array)


def test_smoothing_without_sense_is_refused() -> None:
    with pytest.raises(PlanError, match=r"radius -1 mm and limit 2 mm"):
        smooth(ball(4.0, ISO, 8), radius_mm=-1, limit_mm=2)
