import base64
import zlib

import numpy as np
import pytest

from sarcoma_review.planning.masks import inside
from sarcoma_review.present import wire
from sarcoma_review.present.scene import opening_position
from sarcoma_review.volume import Segment, Volume
from tests.widgets.page_code import node


def _restored(pixels: wire.Pixels) -> np.ndarray:
    return pixels.slope * pixels.stored.astype(np.float64) + pixels.intercept


@pytest.mark.parametrize(
    ("kind", "low", "high"),
    [
        (np.int16, -32768, 32767),
        (np.uint16, 0, 65535),
        (np.uint8, 0, 255),
        (np.int32, 100_000, 165_535),
        (np.int64, -70_000, -10_000),
        (np.uint64, 2**40, 2**40 + 65_535),
        (np.float32, -1024, 3071),
        (">i2", -1024, 3071),
    ],
)
def test_whole_numbers_travel_exactly(kind: str, low: int, high: int) -> None:
    array = np.linspace(low, high, 4 * 5 * 6).round().astype(kind).reshape(4, 5, 6)
    pixels = wire.encode(array)
    assert (pixels.stored.dtype, pixels.slope, pixels.blank) == (np.dtype("<i2"), 1.0, None)
    np.testing.assert_array_equal(_restored(pixels), array.astype(np.float64))


def test_an_int16_volume_is_not_copied() -> None:
    array = np.zeros((3, 4, 5), np.int16)
    assert np.shares_memory(wire.encode(array).stored, array)


def test_a_mask_travels_as_nought_and_one() -> None:
    assert wire.encode(np.array([[[False, True]]])).stored.tolist() == [[[0, 1]]]


def test_fractions_are_off_by_half_a_slope_at_most() -> None:
    array = np.random.default_rng(3).normal(5.0, 2.0, (6, 7, 8))
    pixels = wire.encode(array)
    assert pixels.slope == pytest.approx((array.max() - array.min()) / 65534)
    assert np.abs(_restored(pixels) - array).max() <= pixels.slope * 0.500001


def test_a_wide_range_of_whole_numbers_travels_in_even_steps() -> None:
    array = np.arange(0, 1_000_000, 9973, dtype=np.int32)[:100].reshape(4, 5, 5)
    pixels = wire.encode(array)
    assert np.abs(_restored(pixels) - array).max() <= pixels.slope * 0.500001


@pytest.mark.parametrize("missing", [np.nan, np.inf, -np.inf])
def test_a_voxel_without_a_number_is_blank(missing: float) -> None:
    array = np.array([[[1.0, missing, 2.0]]])
    pixels = wire.encode(array)
    assert pixels.blank == -32768
    assert (pixels.stored == -32768).tolist() == [[[False, True, False]]]
    assert _restored(pixels)[0, 0, [0, 2]] == pytest.approx([1.0, 2.0])


def test_a_volume_without_any_number_still_travels() -> None:
    assert (wire.encode(np.full((2, 2, 2), np.nan)).stored == wire.BLANK).all()


def test_one_value_everywhere_travels() -> None:
    np.testing.assert_array_equal(_restored(wire.encode(np.full((2, 2, 2), 0.25))), 0.25)


def _mask(array: np.ndarray) -> Segment:
    return Segment("structure", Volume(array, np.eye(4)))


def test_masks_share_one_box_one_bit_each() -> None:
    one, other = np.zeros((2, 8, 9, 10), bool)
    one[2:4, 3:5, 4:7] = True
    other[3:7, 4:6, 2:5] = True
    masks = wire.pack([_mask(one), _mask(other)], (8, 9, 10))
    whole = np.zeros((8, 9, 10), np.uint8)
    whole[tuple(slice(o, o + n) for o, n in zip(masks.origin, masks.bits.shape, strict=True))] = masks.bits
    assert (masks.origin, masks.bits.shape) == ((2, 3, 2), (5, 3, 5))
    np.testing.assert_array_equal(whole & 1, one)
    np.testing.assert_array_equal(whole >> 1, other)


def test_empty_masks_need_no_voxel() -> None:
    assert wire.pack([_mask(np.zeros((2, 2, 2), bool))], (2, 2, 2)).bits.size == 0


@pytest.mark.parametrize("shape", [(7, 33, 29), (300, 96, 128), (1, 2500, 2000), (3, 1, 1)])
def test_the_parts_make_the_volume_again(shape: tuple[int, int, int]) -> None:
    array = np.random.default_rng(4).integers(-1000, 3000, shape).astype(np.int16)
    pixels = wire.encode(array)
    rebuilt = np.full(array.size, -9999, np.int16)
    for part in wire.parts([pixels], wire.pack([], shape)):
        assert part.data.nbytes <= 16 << 20
        if part.layer == "pixels":
            rebuilt[part.offset : part.offset + part.data.size] = part.data
    np.testing.assert_array_equal(rebuilt.reshape(shape), array)


def test_the_middle_comes_before_the_ends() -> None:
    pixels = wire.encode(np.zeros((100, 512, 512), np.int16))
    slabs = [part for part in wire.parts([pixels], wire.pack([], (100, 512, 512))) if part.layer == "pixels"]
    centres = [abs((part.offset + part.data.size / 2) / 512**2 - 50) for part in slabs]
    assert len(centres) == 4
    assert centres == sorted(centres)


@pytest.mark.parametrize(("shape", "step"), [((8, 8, 8), 2), ((184, 208, 208), 2), ((300, 512, 512), 4)])
def test_the_preview_comes_first_and_is_small(shape: tuple[int, int, int], step: int) -> None:
    pixels = wire.Pixels(np.zeros(shape, np.int16), 1.0, 0.0, None)
    first = wire.parts([pixels], wire.pack([], shape))[0]
    assert wire.preview_step(pixels) == step
    assert (first.layer, first.data.shape) == ("preview", tuple(-(-n // step) for n in shape))
    assert first.data.nbytes <= 4 << 20


UNPACKING = """
import { addUp, inflate } from "./js/unpack.js";
const found = [];
for (const { packed, voxels } of JSON.parse(process.argv[1])) {
  const bytes = Buffer.from(packed, "base64");
  const stored = new Int16Array(voxels);
  const steps = new Uint8Array(2 * voxels);
  await inflate(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), steps);
  addUp(steps, stored, 0);
  found.push([...stored]);
}
console.log(JSON.stringify(found));
"""


def test_a_page_unpacks_the_voxels_that_were_packed() -> None:
    rng = np.random.default_rng(8)
    arrays = [rng.integers(-32768, 32768, 500), rng.normal(40, 12, 4000), np.repeat([-1024, 3071, -1024], 30)]
    parts = [wire.Part("pixels", 0, 0, array.astype("<i2")) for array in arrays]
    asked = [{"packed": base64.b64encode(part.packed()).decode(), "voxels": part.data.size} for part in parts]
    assert node(UNPACKING, asked) == [part.data.tolist() for part in parts]


def test_noise_of_12_hu_travels_in_less_than_half_and_air_in_nothing() -> None:
    noise = np.random.default_rng(9).normal(40, 12, 1 << 20).astype("<i2")
    assert len(wire.Part("pixels", 0, 0, noise).packed()) < 0.45 * noise.nbytes  # log2(12 sqrt(4 pi e)) bits = 6.1
    assert len(wire.Part("pixels", 0, 0, np.full_like(noise, -1024)).packed()) < 0.01 * noise.nbytes


def test_other_numbers_are_deflated_as_they_are() -> None:
    faces = np.arange(30, dtype="<u4")
    assert zlib.decompress(wire.Part("faces", 0, 0, faces).packed(), -15) == faces.tobytes()


def test_the_same_voxels_in_the_same_shape_have_one_name() -> None:
    array = np.random.default_rng(2).integers(0, 99, (4, 6, 8)).astype(np.int16)
    name = wire.encode(array).id
    assert wire.encode(array.copy()).id == wire.encode(array.astype(np.int32)).id == name
    changed = array.copy()
    changed[3, 5, 7] += 1
    others = {wire.encode(array.reshape(6, 4, 8)).id, wire.encode(changed).id}
    assert len(others | {name}) == 3


def test_a_fractional_mask_is_inside_where_planning_says_so() -> None:
    """Exactly one half is outside, on a page as in every measurement."""
    shares = np.zeros((2, 3, 4))
    shares[0, 1, 1], shares[1, 2, 3] = 0.5, 0.51
    mask = Volume(shares, np.eye(4))
    packed = wire.pack([Segment("tumour", mask)], mask.shape)
    assert packed.origin == (1, 2, 3)
    assert int(packed.bits.sum()) == int(inside(mask).sum()) == 1
    np.testing.assert_allclose(opening_position(mask, [Segment("tumour", mask)]), mask.position_mm((1, 2, 3)))
