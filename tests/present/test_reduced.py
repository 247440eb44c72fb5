from dataclasses import replace

import numpy as np
import pytest

from sarcoma_review.present.reduced import reduced
from sarcoma_review.volume import Segment, Volume


@pytest.fixture
def ct() -> Volume:
    """Values that say where a voxel lies: x + 2 y + 3 z in mm, on an oblique grid."""
    turn = np.array([[0.0, 0.6, 0.8], [0.0, 0.8, -0.6], [1.0, 0.0, 0.0]])
    affine = np.eye(4)
    affine[:3, :3] = turn @ np.diag([2.0, 0.5, 0.5])
    affine[:3, 3] = (-30, 10, 200)
    bare = Volume(np.zeros((20, 64, 80), np.float32), affine, slice_uids=("1.2",) * 20, modality="CT", head="a head")
    where = bare.position_mm(np.moveaxis(np.indices(bare.shape), 0, -1))
    return replace(bare, array=(where @ (1.0, 2.0, 3.0)).astype(np.float32))


def outlined(ct: Volume) -> Segment:
    mask = np.zeros(ct.shape, np.bool_)
    mask[8:12, 20:40, 30:50] = True
    return Segment("tumour", replace(ct, array=mask, slice_uids=()))


def test_every_voxel_stays_where_it_was_in_the_patient(ct: Volume) -> None:
    for found in (
        reduced(ct, most_voxels=20_000),
        reduced(ct, [outlined(ct)], around_mm=3),
        reduced(ct, most_voxels=900),
    ):
        small = found.volume
        where = small.position_mm(np.moveaxis(np.indices(small.shape), 0, -1))
        np.testing.assert_allclose(small.array, where @ (1.0, 2.0, 3.0), atol=1e-3)


def test_the_crop_leaves_so_many_mm_round_the_outline(ct: Volume) -> None:
    found = reduced(ct, [outlined(ct)], around_mm=3)
    assert found.volume.shape == (4 + 2 * 2, 20 + 2 * 6, 20 + 2 * 6)
    assert found.segments[0].volume_ml == pytest.approx(outlined(ct).volume_ml)
    assert found.words.startswith("Cropped for the deck, in voxels of 2.00 × 0.50 × 0.50 mm as scanned")


def test_the_finest_axes_are_halved_first_until_it_is_small_enough(ct: Volume) -> None:
    found = reduced(ct, [outlined(ct)], around_mm=100, most_voxels=26_000)
    assert found.volume.shape == (20, 32, 40)
    assert found.words == "Reduced to 2.00 × 1.00 × 1.00 mm voxels for the deck; measurements are of the full images."
    assert found.segments[0].volume_ml == pytest.approx(outlined(ct).volume_ml)  # its edges lie between the blocks
    assert found.segments[0].mask.grid.same_as(found.volume.grid)


def test_an_image_small_enough_is_left_as_scanned(ct: Volume) -> None:
    found = reduced(ct)
    np.testing.assert_array_equal(found.volume.array, ct.array)
    assert found.words == "As scanned, in voxels of 2.00 × 0.50 × 0.50 mm."


def test_what_the_gate_said_of_an_image_stays_with_it(ct: Volume) -> None:
    small = reduced(ct, most_voxels=5000).volume
    assert (small.head, small.modality, small.clearance) == ("a head", "CT", "array")
    assert small.slice_uids == ()


def test_whole_numbers_stay_whole(ct: Volume) -> None:
    small = reduced(replace(ct, array=np.full(ct.shape, -1000, np.int16)), most_voxels=5000).volume
    assert small.array.dtype == np.int16
    assert np.unique(small.array).tolist() == [-1000]
