"""Compressed pixels: every coding gives back what went in; whatever is broken is refused by type."""

import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.encaps import encapsulate
from pydicom.pixels.encoders.base import RLELosslessEncoder
from pydicom.uid import UID, RLELossless

from sarcoma_review.dicom import codecs
from sarcoma_review.dicom.scan import scan
from sarcoma_review.errors import DecodeError, SarcomaReviewError, TruncatedError, UnsupportedError
from sarcoma_review.volume import Volume
from tests.dicom.enhanced_series import enhanced
from tests.dicom.series import COLUMNS, ROWS, image, save

JPEG = "1.2.840.10008.1.2.4"


def rle(pixels: NDArray[Any]) -> bytes:
    plain = pixels.view(f"u{pixels.itemsize}")
    coded: bytes = RLELosslessEncoder.encode(
        plain, rows=plain.shape[0], columns=plain.shape[1], samples_per_pixel=1, bits_allocated=8 * plain.itemsize,
        bits_stored=8 * plain.itemsize, pixel_representation=0, photometric_interpretation="MONOCHROME2",
        number_of_frames=1,
    )  # fmt: skip
    return coded


ENCODERS: dict[str, Callable[[NDArray[Any]], bytes]] = {
    f"{JPEG}.57": lambda pixels: bytes(imagecodecs.ljpeg_encode(pixels, bitspersample=pixels.itemsize * 8)),
    f"{JPEG}.70": lambda pixels: bytes(imagecodecs.ljpeg_encode(pixels, bitspersample=pixels.itemsize * 8)),
    f"{JPEG}.80": lambda pixels: bytes(imagecodecs.jpegls_encode(pixels)),
    f"{JPEG}.90": lambda pixels: bytes(imagecodecs.jpeg2k_encode(pixels, level=0, codecformat="j2k")),
    f"{JPEG}.201": lambda pixels: bytes(imagecodecs.htj2k_encode(pixels)),
    RLELossless: rle,
}
EVERY = pytest.mark.parametrize("syntax", ENCODERS)


def noise(shape: tuple[int, int] = (ROWS, COLUMNS), bits: int = 12) -> NDArray[np.uint16]:
    return np.random.default_rng(7).integers(0, 1 << bits, shape).astype(np.uint16)


def compressed(syntax: str, frame: bytes, **changes: Any) -> list[Dataset]:
    images = [image((0, 0, 3 * k), k, PixelRepresentation=0, **changes) for k in range(3)]
    for dataset in images:
        dataset.PixelData = encapsulate([frame])
        dataset["PixelData"].VR = "OB"
        dataset.file_meta.TransferSyntaxUID = UID(syntax)
    return images


def load(images: list[Dataset], folder: Path) -> Volume:
    (spec,) = next(iter(scan(save(images, folder)).series.values())).volumes()
    return spec.load()


@EVERY
def test_what_was_coded_without_loss_comes_back(syntax: str, tmp_path: Path) -> None:
    pixels = noise()
    volume = load(compressed(syntax, ENCODERS[syntax](pixels), BitsStored=12, HighBit=11), tmp_path)
    assert volume.array.dtype == np.int16
    assert all(np.array_equal(plane, pixels) for plane in volume.array)


@EVERY
def test_streams_of_eight_bits_fill_pixels_of_sixteen_and_of_eight(syntax: str) -> None:
    narrow = noise(bits=8).astype(np.uint8)
    coded = ENCODERS[syntax](narrow)
    into = np.zeros(narrow.shape, np.uint8)
    codecs.decode(coded, syntax, into)
    assert np.array_equal(into, narrow)
    if syntax != RLELossless:  # which codes bytes of a pixel and so knows its width
        wide = np.zeros(narrow.shape, np.int16)
        codecs.decode(coded, syntax, wide)
        assert np.array_equal(wide, narrow)


@EVERY
def test_a_stream_of_another_size_is_refused(syntax: str) -> None:
    coded = ENCODERS[syntax](noise((ROWS, COLUMNS + 1)))
    with pytest.raises(DecodeError, match=r"the header says|cannot be decoded"):
        codecs.decode(coded, syntax, np.zeros((ROWS, COLUMNS), np.uint16))


@EVERY
@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9])
def test_a_stream_that_is_cut_off_is_refused(syntax: str, share: float) -> None:
    coded = ENCODERS[syntax](noise((64, 64)))
    with pytest.raises(DecodeError, match=r"cut off|cannot be decoded|coded image is|run-length frame|breaks off"):
        codecs.decode(coded[: int(share * len(coded))], syntax, np.zeros((64, 64), np.uint16))


def test_a_size_in_the_stream_beyond_the_header_is_refused_before_memory_is_asked_for() -> None:
    coded = bytearray(ENCODERS[f"{JPEG}.90"](noise()))
    at = coded.index(b"\xff\x51") + 6
    coded[at : at + 8] = b"\x00\x0f\xff\xff" * 2
    with pytest.raises(DecodeError, match=r"coded image is \(1048575, 1048575\) pixels, the header says \(7, 9\)"):
        codecs.decode(bytes(coded), f"{JPEG}.90", np.zeros((ROWS, COLUMNS), np.uint16))


def test_a_transfer_syntax_that_is_not_read_is_named(tmp_path: Path) -> None:
    images = compressed(f"{JPEG}.102", b"\0" * 32)
    with pytest.raises(UnsupportedError, match=r"slice 1 of 3: transfer syntax 1\.2\.840.*102 is not read"):
        load(images, tmp_path)


def test_a_coding_that_allows_loss_is_told(tmp_path: Path) -> None:
    volume = load(compressed(f"{JPEG}.81", ENCODERS[f"{JPEG}.80"](noise())), tmp_path)
    assert volume.issues == ("coded in a transfer syntax that allows loss",)


def test_a_frame_in_several_fragments_is_put_together(tmp_path: Path) -> None:
    pixels = noise((64, 64))
    images = compressed(f"{JPEG}.80", bytes(100), Rows=64, Columns=64)
    for dataset in images:
        dataset.PixelData = encapsulate([ENCODERS[f"{JPEG}.80"](pixels)], fragments_per_frame=3)
    assert np.array_equal(load(images, tmp_path).array[1], pixels)


@pytest.mark.parametrize("first", ["native", f"{JPEG}.80", RLELossless])
def test_one_stack_may_hold_compressed_images_and_others(first: str, tmp_path: Path) -> None:
    pixels = noise(bits=16)  # takes more room coded than plain, so that no file is too short
    images = compressed(f"{JPEG}.80", ENCODERS[f"{JPEG}.80"](pixels))
    images[0] = image((0, 0, 0), 0, PixelRepresentation=0, PixelData=pixels.tobytes())
    if first != "native":
        images[0] = compressed(first, ENCODERS[first](pixels))[0]
        images[1] = image((0, 0, 3), 1, PixelRepresentation=0, PixelData=pixels.tobytes())
    for dataset in images:
        dataset.SeriesInstanceUID = "2.25.2"
    assert all(np.array_equal(plane, pixels) for plane in load(images, tmp_path).array)


@pytest.mark.parametrize("syntax", [f"{JPEG}.{kind}" for kind in (70, 80, 90, 201)])
@pytest.mark.parametrize("table", ["absent", "wrong"])
def test_frames_in_fragments_that_no_table_tells_apart_are_told_by_their_beginnings(
    syntax: str, table: str, tmp_path: Path
) -> None:
    planes = [noise(bits=12) + k for k in range(3)]
    dataset = enhanced(3, PixelRepresentation=0)
    dataset.PixelData = encapsulate([ENCODERS[syntax](plane) for plane in planes], fragments_per_frame=2)
    if table == "absent":
        dataset.PixelData = dataset.PixelData[:4] + bytes(4) + dataset.PixelData[20:]
    else:
        dataset.PixelData = dataset.PixelData[:12] + b"\x02" + dataset.PixelData[13:]
    dataset["PixelData"].VR = "OB"
    dataset.file_meta.TransferSyntaxUID = UID(syntax)
    assert np.array_equal(load([dataset], tmp_path).array, planes)


@pytest.mark.parametrize(("cut", "error"), [(40, TruncatedError), (9, TruncatedError)])
def test_a_file_that_ends_within_its_fragments_is_refused(
    cut: int, error: type[SarcomaReviewError], tmp_path: Path
) -> None:
    folder = save(compressed(f"{JPEG}.80", ENCODERS[f"{JPEG}.80"](noise())), tmp_path)
    for file in folder.iterdir():
        file.write_bytes(file.read_bytes()[:-cut])
    (spec,) = next(iter(scan(folder).series.values())).volumes()
    with pytest.raises(error, match="slice 1 of 3: "):
        spec.load()


@pytest.mark.parametrize("seed", range(40))
@EVERY
def test_a_stream_with_bytes_turned_is_decoded_or_refused_by_type(syntax: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    coded = bytearray(ENCODERS[syntax](noise((16, 16))))
    for at in rng.integers(0, len(coded), 1 + seed % 4):
        coded[at] = rng.integers(256)
    with suppress(DecodeError):
        codecs.decode(bytes(coded), syntax, np.zeros((16, 16), np.uint16))


def broken_high_throughput() -> bytes:
    rng = np.random.default_rng(10)
    coded = bytearray(ENCODERS[f"{JPEG}.201"](noise((16, 16))))
    for at in rng.integers(0, len(coded), 3):
        coded[at] = rng.integers(256)
    return bytes(coded)


def test_a_high_throughput_stream_whose_decoder_stops_silently_is_refused() -> None:
    hook = sys.unraisablehook
    with pytest.raises(DecodeError, match="its decoder stopped"):
        codecs.decode(broken_high_throughput(), f"{JPEG}.201", np.zeros((16, 16), np.uint16))
    assert sys.unraisablehook is hook


def test_among_threads_only_the_broken_high_throughput_streams_are_refused() -> None:
    whole, broken = ENCODERS[f"{JPEG}.201"](noise((16, 16))), broken_high_throughput()

    def refused(frame: bytes) -> bool:
        try:
            codecs.decode(frame, f"{JPEG}.201", np.zeros((16, 16), np.uint16))
        except DecodeError:
            return True
        return False

    hook = sys.unraisablehook
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(refused, [whole, broken, whole] * 60)) == [False, True, False] * 60
    assert sys.unraisablehook is hook
