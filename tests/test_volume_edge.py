"""Volumes at the edge to SimpleITK, and squaring sheared ones."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from sarcoma_review.errors import ShearedError
from sarcoma_review.volume import Volume

SHAPE = (4, 6, 7)
RAMP = np.array([1.5, -2.0, 0.7])


def affine(turn: tuple[float, ...], spacing: tuple[float, ...], lean: tuple[float, float]) -> NDArray[np.float64]:
    matrix = np.eye(4)
    matrix[:3, :3] = Rotation.from_euler("zyx", turn, degrees=True).as_matrix() * spacing
    matrix[:3, 0] += matrix[:3, 1:3] @ lean
    matrix[:3, 3] = (12.0, -34.0, 56.0)
    return matrix


def ramp(matrix: NDArray[np.float64]) -> Volume:
    """Each voxel holds what `RAMP` gives at its place."""
    blank = Volume(np.zeros(SHAPE), matrix)
    return Volume(blank.position_mm(np.moveaxis(np.indices(SHAPE), 0, -1)) @ RAMP, matrix)


TURNS = st.tuples(*[st.floats(-180, 180)] * 3)
SPACINGS = st.tuples(*[st.floats(0.3, 6)] * 3)
LEANS = st.tuples(st.floats(-2.5, 2.5), st.floats(-2.5, 2.5))


@settings(max_examples=60, deadline=None)
@given(turn=TURNS, spacing=SPACINGS)
def test_simpleitk_puts_every_voxel_in_the_same_place(turn: tuple[float, ...], spacing: tuple[float, ...]) -> None:
    volume = ramp(affine(turn, spacing, (0, 0)))
    image = volume.to_sitk()
    for index in np.argwhere(np.ones(SHAPE))[::17].tolist():
        place = image.TransformIndexToPhysicalPoint(index[::-1])
        assert place == pytest.approx(volume.position_mm(index).tolist(), abs=1e-6)
        assert image[tuple(index[::-1])] == volume.array[tuple(index)]


@settings(max_examples=60, deadline=None)
@given(turn=TURNS, spacing=SPACINGS, lean=LEANS)
def test_squared_voxels_hold_what_lies_at_their_place(
    turn: tuple[float, ...], spacing: tuple[float, ...], lean: tuple[float, float]
) -> None:
    squared = ramp(affine(turn, spacing, lean)).resample_orthogonal(outside=1e9)
    inside = squared.array < 1e8
    expected = squared.position_mm(np.argwhere(inside)) @ RAMP
    assert squared.grid.skew_deg() < 1e-5
    assert inside.any(axis=(1, 2)).all()
    assert np.abs(squared.array[inside] - expected).max() < 1e-6


@settings(max_examples=60, deadline=None)
@given(turn=TURNS, spacing=SPACINGS, lean=LEANS, index=st.tuples(*[st.floats(-20, 20)] * 3))
def test_index_and_position_undo_one_another(
    turn: tuple[float, ...], spacing: tuple[float, ...], lean: tuple[float, float], index: tuple[float, ...]
) -> None:
    volume = ramp(affine(turn, spacing, lean))
    assert volume.index(volume.position_mm(index)) == pytest.approx(index, abs=1e-6)


def test_a_sheared_volume_is_refused_until_it_is_squared() -> None:
    tilted = ramp(affine((0, 0, 0), (3, 1, 1), (np.tan(np.radians(14)) * 3, 0)))
    with pytest.raises(ShearedError, match=r"SimpleITK cannot hold .* sheared by 14\.0 degrees .*resample it first"):
        tilted.to_sitk()
    assert tilted.resample_orthogonal().to_sitk().GetSpacing() == pytest.approx((1, 1, 3))


def test_a_volume_without_shear_stays_itself() -> None:
    straight = ramp(affine((10, 20, 30), (3, 1, 1), (0, 0)))
    assert straight.resample_orthogonal() is straight


def test_masks_stay_masks_and_whole_numbers_whole() -> None:
    matrix = affine((0, 0, 0), (3, 1, 1), (0.5, 0.25))
    mask = Volume(np.ones(SHAPE, bool), matrix).resample_orthogonal()
    assert mask.array.dtype == bool
    assert mask.to_sitk().GetPixelIDTypeAsString() == "8-bit unsigned integer"
    counts = Volume(np.arange(168, dtype=np.int16).reshape(SHAPE), matrix).resample_orthogonal(outside=-5)
    assert counts.array.dtype == np.int16
    assert counts.array.min() == -5
    assert counts.issues == ("resampled to square corners: each slice moved within its plane, linear between pixels",)


def test_the_affine_for_tools_that_count_in_ras_turns_x_and_y() -> None:
    volume = ramp(affine((10, 20, 30), (3, 1, 1), (0.4, 0)))
    homogeneous = np.array([1, 2, 3, 1])
    assert (volume.ras_affine @ homogeneous)[:3] == pytest.approx(volume.position_mm((1, 2, 3)) * (-1, -1, 1))
