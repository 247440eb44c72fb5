"""Where the frames of a file lie, and decoding one into its place."""

import struct
import zlib
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any, BinaryIO

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from sarcoma_review.dicom.instance import Instance
from sarcoma_review.errors import DecodeError, DicomError, TruncatedError, UnsupportedError
from sarcoma_review.privacy.decoders import DECODERS, JPEG, RLE

_NATIVE = frozenset(
    (ImplicitVRLittleEndian, ExplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian)
)
LOSSY = frozenset(f"{JPEG}.{kind}" for kind in (50, 81, 91, 203))
"""Transfer syntaxes that allow loss."""

_WAVELET = frozenset(f"{JPEG}.{kind}" for kind in (90, 91, 201, 202, 203))
_ITEM, _SEQUENCE_END = b"\xfe\xff\x00\xe0", b"\xfe\xff\xdd\xe0"
_BEGINNINGS = (b"\xff\xd8\xff", b"\xff\x4f\xff\x51", b"\0\0\0\x0c")  # JPEG, JPEG 2000 bare and in boxes
_HEADER_ALLOWANCE = 64 * 1024 * 1024
_NOT_FRAMES = frozenset((0xC4, 0xC8, 0xCC))  # DHT, JPG, DAC stand among the start-of-frame markers

Span = tuple[int, int]
"""Offset and length in a file, in bytes."""


def is_native(instance: Instance) -> bool:
    """Whether pixels stand in the file as they are, not compressed frame by frame."""
    return instance.transfer_syntax in _NATIVE


def require_known(syntax: str) -> None:
    """Refuse a transfer syntax that is not read.

    Raises
    ------
    UnsupportedError
    """
    if syntax not in _NATIVE and syntax not in DECODERS:
        raise UnsupportedError(f"transfer syntax {syntax or '(none)'} is not read by this version")


def frame_spans(file: BinaryIO, instance: Instance) -> list[Sequence[Span]]:
    """Where the compressed frames of a file lie, each in one or several fragments.

    Parameters
    ----------
    file : binary file
    instance : Instance
        Of encapsulated pixels.

    Returns
    -------
    list
        One entry for each of `Instance.frames`.

    Raises
    ------
    TruncatedError
        If the file ends before its fragments do.
    DecodeError
        If fragments cannot be told to frames.
    """
    table, fragments = _fragments(file, instance)
    frames = instance.frames
    if frames == 1 and fragments:
        return [fragments]
    if len(fragments) == frames:
        return [[fragment] for fragment in fragments]
    starts = np.frombuffer(table, "<u4").astype(int).tolist() if len(table) == 4 * frames else []
    if not starts or not set(starts) <= {at - fragments[0][0] for at, _ in fragments}:
        starts = _begun(file, fragments)
    grouped = _by_start(fragments, starts)
    if len(grouped) != frames or not all(grouped):
        raise DecodeError(
            f"{len(fragments)} fragments of pixels for {frames} frames, and no table that tells them apart"
        )
    return grouped


def _fragments(file: BinaryIO, instance: Instance) -> tuple[bytes, list[Span]]:
    """The basic offset table, and the fragments after it."""
    at, end = instance.pixel_offset, instance.stamp[0]
    table: bytes | None = None
    spans: list[Span] = []
    while True:
        file.seek(at)
        head = file.read(8)
        if len(head) < 8 and instance.pixel_length >= 0 and at >= instance.pixel_offset + instance.pixel_length:
            break
        if head[:4] == _SEQUENCE_END:
            break
        if len(head) < 8:
            raise TruncatedError(f"the file ends after {len(spans)} fragments of compressed pixels")
        (length,) = struct.unpack("<I", head[4:])
        if head[:4] != _ITEM or at + 8 + length > end:
            raise TruncatedError(f"fragment {len(spans) + 1} of compressed pixels goes beyond the end of the file")
        if table is None:
            table = file.read(length)
        else:
            spans.append((at + 8, length))
        at += 8 + length
    return table or b"", spans


def _begun(file: BinaryIO, fragments: Sequence[Span]) -> list[int]:
    """Where frames begin, told by the mark that begins a JPEG stream and stands nowhere within one."""
    starts = []
    for at, _ in fragments:
        file.seek(at)
        if file.read(4).startswith(_BEGINNINGS):
            starts.append(at - fragments[0][0])
    return starts


def _by_start(fragments: Sequence[Span], starts: Sequence[int]) -> list[Sequence[Span]]:
    """Fragments of each frame, told by where frames begin: bytes after the first fragment's item tag."""
    if not starts or not fragments:
        return []
    first = fragments[0][0]
    limits = [*starts, fragments[-1][0] - first + 1]
    return [
        [fragment for fragment in fragments if low <= fragment[0] - first < high] for low, high in pairwise(limits)
    ]


def decode(frame: bytes, syntax: str, into: NDArray[np.integer]) -> None:
    """Decode one compressed grey frame into its place, without a copy where the kinds meet.

    Parameters
    ----------
    frame : bytes
    syntax : str
        Transfer syntax UID.
    into : ndarray of int, shape (rows, columns)

    Raises
    ------
    UnsupportedError
        If the transfer syntax is not read.
    DecodeError
        If the frame is broken, or not of this size.
    """
    require_known(syntax)
    _require_shape(frame, syntax, (into.shape[0], into.shape[1]))
    plain = into.view(np.dtype(f"u{into.dtype.itemsize}"))
    try:
        if syntax == RLE:
            _decode_rle(frame, plain)
        else:
            _decode_stream(frame, DECODERS[syntax], plain)
    except (ValueError, RuntimeError, IndexError, MemoryError, OverflowError, TypeError) as problem:
        if isinstance(problem, DecodeError):
            raise
        raise DecodeError(f"pixels cannot be decoded ({syntax}): {type(problem).__name__}") from None


def _decode_rle(frame: bytes, into: NDArray[np.unsignedinteger]) -> None:
    if len(frame) < 64 or struct.unpack_from("<I", frame)[0] != into.dtype.itemsize:
        raise DecodeError(f"a run-length frame of {len(frame)} bytes has not one segment for each byte of a pixel")
    decoder: Callable[..., Any] = imagecodecs.dicomrle_decode
    found = len(decoder(frame, into.dtype, out=into.reshape(-1).view(np.uint8)))
    if found != into.nbytes:
        raise DecodeError(f"a run-length frame holds {found} bytes, the header says {into.nbytes}")


def _decode_stream(frame: bytes, decoder: Callable[..., Any], into: NDArray[np.unsignedinteger]) -> None:
    try:
        decoder(frame, out=into)
    except DecodeError:
        raise
    except ValueError:  # a stream of fewer bits than a pixel has room for
        narrow = np.empty(into.shape, np.uint8)
        if into.dtype.itemsize == 1:
            raise
        decoder(frame, out=narrow)
        into[...] = narrow


def _require_shape(frame: bytes, syntax: str, shape: tuple[int, int]) -> None:
    """Look at the size in the stream first: a false one must not make a decoder ask for memory."""
    if syntax == RLE:
        return
    if syntax in _WAVELET and not frame.rstrip(b"\0").endswith(b"\xff\xd9"):
        raise DecodeError("a wavelet-coded frame is cut off: its end marker is absent")  # OpenJPH says nothing
    found = _wavelet_shape(frame) if syntax in _WAVELET else _jpeg_shape(frame)
    if found != shape:
        raise DecodeError(f"coded image is {found} pixels, the header says {shape}")


def _wavelet_shape(frame: bytes) -> tuple[int, int] | None:
    """Rows and columns in the SIZ marker of a JPEG 2000 stream (ISO 15444-1 A.5.1), which may lie in boxes."""
    at = frame.find(b"\xff\x4f\xff\x51", 0, 4096)
    if at < 0 or len(frame) < at + 24:
        return None
    right, bottom, left, top = struct.unpack_from(">4I", frame, at + 8)
    return bottom - top, right - left


def _jpeg_shape(frame: bytes) -> tuple[int, int] | None:
    """Rows and columns in the start-of-frame marker of a JPEG or JPEG-LS stream (ITU-T T.81 B.2.2, T.87)."""
    at = 2
    while at + 9 <= len(frame) and frame[at] == 0xFF:
        marker = frame[at + 1]
        if marker == 0xF7 or (0xC0 <= marker <= 0xCF and marker not in _NOT_FRAMES):
            rows, columns = struct.unpack_from(">HH", frame, at + 5)
            return rows, columns
        at += 1 if marker == 0xFF else 2 + struct.unpack_from(">H", frame, at + 2)[0]
    return None


def inflated(file: BinaryIO, expected: int) -> bytes:
    """The data set of a deflated file, at most `expected` bytes and room for a header.

    Raises
    ------
    DicomError
        If the file is not deflated DICOM, or inflates to more.
    """
    head = file.read(144)
    if len(head) < 144 or head[128:138] != b"DICM\x02\x00\x00\x00UL":
        raise DicomError("a deflated file must begin with its meta information, and its length")
    file.seek(144 + struct.unpack_from("<I", head, 140)[0])
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    limit = expected + _HEADER_ALLOWANCE
    try:
        data = inflater.decompress(file.read(), limit)
    except zlib.error:
        raise DecodeError("deflated data cannot be inflated") from None
    if len(data) == limit:
        raise DicomError(f"deflated data hold more than the {expected} bytes of pixels that the header says")
    return data
