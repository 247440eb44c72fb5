from pathlib import Path

import imagecodecs
import numpy as np
import pytest
from pydicom import Dataset, dcmread
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import JPEG2000Lossless, JPEGLSLossless, RLELossless

from sarcoma_review.errors import NotDicomError, UnsupportedError
from sarcoma_review.privacy import check, deidentify, pixels
from tests.privacy.case import NAME, PIXELS, ct, save

COMMENT = f"patient {NAME}".encode()
JPEG_COMMENT = b"\xff\xfe" + (len(COMMENT) + 2).to_bytes(2, "big") + COMMENT
APP1 = b"\xff\xe1" + JPEG_COMMENT[2:]
J2K_COMMENT = b"\xff\x64" + (len(COMMENT) + 4).to_bytes(2, "big") + b"\x00\x01" + COMMENT


def jpeg_ls(extra: bytes = b"", behind: bytes = b"") -> bytes:
    frame = bytes(imagecodecs.jpegls_encode(PIXELS))
    return frame[:2] + extra + frame[2:] + behind


def jpeg2000(extra: bytes = b"") -> bytes:
    frame = bytes(imagecodecs.jpeg2k_encode(PIXELS, level=0, codecformat="j2k"))
    size_end = 4 + int.from_bytes(frame[4:6], "big")
    return frame[:size_end] + extra + frame[size_end:]


def compressed_ct(frame: bytes, syntax: str, path: Path) -> Path:
    ds = ct()
    ds.PixelData = encapsulate([frame])
    ds["PixelData"].VR = "OB"
    return save(ds, path, syntax=syntax)  # type: ignore[arg-type]


def only_frame(path: Path) -> bytes:
    return next(generate_frames(dcmread(path).PixelData, number_of_frames=1))


@pytest.mark.parametrize("extra", [JPEG_COMMENT, APP1, APP1 + JPEG_COMMENT])
def test_comments_and_application_data_are_cut_out_of_jpeg(tmp_path: Path, key: Path, extra: bytes) -> None:
    compressed_ct(jpeg_ls(extra, behind=COMMENT), JPEGLSLossless, tmp_path / "source" / "1.dcm")
    deidentify(tmp_path / "source", tmp_path / "out", key_file=key)
    written = tmp_path / "out" / "CT-1" / "0001.dcm"
    assert NAME.encode() not in written.read_bytes()
    assert np.array_equal(imagecodecs.jpegls_decode(only_frame(written)), PIXELS)


def test_comments_are_cut_out_of_jpeg_2000(tmp_path: Path, key: Path) -> None:
    compressed_ct(jpeg2000(J2K_COMMENT), JPEG2000Lossless, tmp_path / "source" / "1.dcm")
    deidentify(tmp_path / "source", tmp_path / "out", key_file=key)
    written = tmp_path / "out" / "CT-1" / "0001.dcm"
    assert NAME.encode() not in written.read_bytes()
    assert np.array_equal(imagecodecs.jpeg2k_decode(only_frame(written)), PIXELS)


@pytest.mark.parametrize(
    ("frame", "syntax", "why"),
    [
        (b"\x00\x00\x00\x0cjP  ", JPEG2000Lossless, "does not begin with a codestream"),
        (b"GIF89a", JPEGLSLossless, "without a start of image"),
        (b"\xff\xd8\xff\x01\x00\x04\x00\x00", JPEGLSLossless, "segment of unknown kind"),
        (b"\xff\xd8\xff\xda\x00\x04\x00\x00\x01\x02", JPEGLSLossless, "without an end of image"),
        (b"\xff\xd8\xff\xfe", JPEGLSLossless, "cannot be walked through"),
        (b"\xff" * 64, RLELossless, "RLE frame whose header does not fit"),
        (b"\xff\xd8", "1.2.840.10008.1.2.4.100", "transfer syntax that this version does not look into"),
    ],
)
def test_a_frame_that_cannot_be_walked_is_unsupported(frame: bytes, syntax: str, why: str) -> None:
    with pytest.raises(UnsupportedError, match=why):
        pixels.compressed(ct(), encapsulate([frame]), syntax)


def test_native_samples_are_padded_with_zero_and_nothing_else() -> None:
    header = Dataset()
    header.Rows, header.Columns, header.BitsAllocated, header.BitsStored = 3, 3, 8, 8
    assert pixels.native(header, b"123456789Q") == b"123456789\0"


def test_bits_are_counted_across_rows_and_frames() -> None:
    header = Dataset()
    header.Rows, header.Columns, header.BitsAllocated, header.NumberOfFrames = 23, 38, 1, 3
    assert pixels.native_length(header) == 328  # 2622 bits


def test_truncated_samples_are_refused() -> None:
    with pytest.raises(NotDicomError, match="truncated: 100 bytes of pixel data, expected 128"):
        pixels.native(ct(), bytes(100))


def test_big_endian_samples_are_turned() -> None:
    assert pixels.native(ct(), PIXELS.astype(">u2").tobytes(), big_endian=True) == PIXELS.tobytes()


def test_an_overlay_in_unused_high_bits_is_masked_out(tmp_path: Path, key: Path) -> None:
    ds = ct()
    ds.BitsStored, ds.HighBit = 12, 11
    ds.add_new(0x60000102, "US", 12)
    ds.PixelData = (PIXELS | 0x1000).tobytes()
    save(ds, tmp_path / "source" / "1.dcm")
    deidentify(tmp_path / "source", tmp_path / "out", key_file=key)
    assert dcmread(tmp_path / "out" / "CT-1" / "0001.dcm").PixelData == PIXELS.tobytes()


def test_a_comment_in_a_frame_keeps_the_gate_shut(opened: Path) -> None:
    path = opened / "CT-1" / "0001.dcm"
    ds = dcmread(path)
    ds.PixelData = encapsulate([jpeg_ls(JPEG_COMMENT)])
    ds["PixelData"].VR = "OB"
    ds.file_meta.TransferSyntaxUID = JPEGLSLossless
    ds.save_as(path)
    assert "bytes that are not picture" in [fault.rule for fault in check(path).faults]
