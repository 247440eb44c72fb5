"""What hides beside the pixels: bytes behind native samples, and segments within compressed frames.

The samples themselves are never touched, with one exception: an overlay embedded in unused high bits is masked out.
"""

import re
import struct
from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate, generate_frames

from sarcoma_review.errors import NotDicomError, UnsupportedError
from sarcoma_review.privacy import structure

_JPEG = "1.2.840.10008.1.2.4."
_JPEG_KEPT = frozenset({*range(0xC0, 0xD0), 0xDB, 0xDC, 0xDD, 0xF7, 0xF8})
_JPEG_CUT = frozenset({*range(0xE0, 0xF0), 0xFE})
# Within a scan 0xFF is followed by a stuffed zero or a restart marker; in JPEG-LS by any byte below 0x80.
_END_OF_SCAN = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]", re.DOTALL)
_END_OF_LS_SCAN = re.compile(rb"\xff[\x80-\xcf\xd8-\xfe]", re.DOTALL)
_J2K_KEPT = frozenset((0x50, 0x51, 0x52, 0x53, 0x55, 0x57, 0x58, 0x59, 0x5C, 0x5D, 0x5E, 0x5F, 0x60, 0x61, 0x63))
_J2K_COMMENT, _J2K_TILE, _J2K_DATA = 0x64, 0x90, 0x93


def native_length(header: Dataset) -> int:
    """Give the bytes that the samples of an uncompressed image take, without padding."""
    frames = int(header.get("NumberOfFrames") or 1)
    samples = int(header.Rows) * int(header.Columns) * int(header.get("SamplesPerPixel", 1)) * frames
    return (samples * int(header.BitsAllocated) + 7) // 8


def native(header: Dataset, value: bytes, *, big_endian: bool = False) -> bytes:
    """Give the samples alone, little endian, padded to an even length with zero.

    Raises
    ------
    NotDicomError
        If there are fewer bytes than the header says.
    """
    length = native_length(header)
    if len(value) < length:
        raise NotDicomError(f"truncated: {len(value)} bytes of pixel data, expected {length}")
    if big_endian:
        value = swapped(value, max(int(header.BitsAllocated) // 8, 2))
    return _without_embedded_overlays(header, value[:length]) + b"\0" * (length % 2)


def swapped(value: bytes, width: int) -> bytes:
    """Reverse the bytes of each word of `width` bytes."""
    whole = len(value) // width * width
    return np.frombuffer(value[:whole], f">u{width}").astype(f"<u{width}").tobytes() + value[whole:]


def embedded_overlay_bits(header: Dataset) -> list[int]:
    """Give the bits of the samples that hold an overlay (60xx,0102) and not the image."""
    groups = sorted({tag.group for tag in header.keys() if tag.group >> 8 == 0x60})  # noqa: SIM118 - elements unparsed
    positions = (header.get((group, 0x0102)) for group in groups if (group, 0x3000) not in header)
    bits = [int(position.value) for position in positions if position is not None and position.value]
    return [bit for bit in bits if int(header.BitsStored) <= bit < int(header.BitsAllocated)]


def _without_embedded_overlays(header: Dataset, samples: bytes) -> bytes:
    bits = embedded_overlay_bits(header)
    if not bits or int(header.BitsAllocated) != 16:
        return samples
    mask = 0xFFFF & ~sum(1 << bit for bit in bits)
    return (np.frombuffer(samples, "<u2") & np.uint16(mask)).tobytes()


def compressed(header: Dataset, value: bytes, transfer_syntax: str) -> bytes:
    """Give encapsulated pixel data anew, each frame without what is not picture.

    Raises
    ------
    UnsupportedError
        If a frame cannot be walked through to its end.
    """
    return encapsulate(frames(header, value, transfer_syntax), has_bot=True)


def frames(header: Dataset, value: bytes, transfer_syntax: str) -> list[bytes]:
    """Give the frames of encapsulated pixel data, stripped."""
    strip = _STRIPPERS.get(transfer_syntax)
    if strip is None:
        raise UnsupportedError("a transfer syntax that this version does not look into")
    if embedded_overlay_bits(header):
        raise UnsupportedError("an overlay within compressed samples")
    number = int(header.get("NumberOfFrames") or 1)
    try:
        return [strip(frame) for frame in generate_frames(value, number_of_frames=number)]
    except UnsupportedError:
        raise
    except (struct.error, IndexError, ValueError, AttributeError, RuntimeError):
        raise UnsupportedError("compressed frames that cannot be walked through to their end") from None


def is_stripped(header: Dataset, value: bytes, transfer_syntax: str) -> bool:
    """Say whether encapsulated pixel data hold nothing but picture: no comment, no application data, no slack."""
    stripped = frames(header, value, transfer_syntax)
    offsets, *fragments = structure.items(value)
    # Writers may leave the offset table empty; they may pad a frame to an even length.
    expected = structure.items(encapsulate(stripped, has_bot=True))
    table = next(expected)
    return b"".join(fragments) == b"".join(expected) and offsets in (b"", table)


def _strip_jpeg(frame: bytes, end_of_scan: re.Pattern[bytes] = _END_OF_SCAN) -> bytes:
    """Cut APPn and COM segments, and what follows the end of the image."""
    if frame[:2] != b"\xff\xd8":
        raise UnsupportedError("a JPEG frame without a start of image")
    kept, position = [b"\xff\xd8"], 2
    while True:
        marker = _marker(frame, position)
        if marker == 0xD9:
            return b"".join([*kept, b"\xff\xd9"])
        end = position + 2 + struct.unpack_from(">H", frame, position + 2)[0]
        if marker == 0xDA:
            end = _scan_end(frame, end, end_of_scan)
        elif marker not in _JPEG_KEPT | _JPEG_CUT:
            raise UnsupportedError("a JPEG segment of unknown kind")
        kept += [] if marker in _JPEG_CUT else [frame[position:end]]
        position = end


def _scan_end(frame: bytes, start: int, pattern: re.Pattern[bytes]) -> int:
    found = pattern.search(frame, start)
    if found is None:
        raise UnsupportedError("a JPEG frame without an end of image")
    return found.start()


def _strip_jpeg_ls(frame: bytes) -> bytes:
    return _strip_jpeg(frame, _END_OF_LS_SCAN)


def _strip_j2k(frame: bytes) -> bytes:
    """Cut comments from the main header, and what follows the end of the codestream."""
    if frame[:4] != b"\xff\x4f\xff\x51":
        raise UnsupportedError("a JPEG 2000 frame that does not begin with a codestream")
    kept, position = [b"\xff\x4f"], 2
    while (marker := _marker(frame, position)) != _J2K_TILE:
        end = position + 2 + struct.unpack_from(">H", frame, position + 2)[0]
        if marker not in _J2K_KEPT and marker != _J2K_COMMENT:
            raise UnsupportedError("a JPEG 2000 segment of unknown kind")
        kept += [] if marker == _J2K_COMMENT else [frame[position:end]]
        position = end
    end = _tiles_end(frame, position)
    return b"".join([*kept, frame[position:end], b"\xff\xd9"])


def _tiles_end(frame: bytes, position: int) -> int:
    """Walk the tile parts by their lengths, to the end of codestream."""
    while _marker(frame, position) == _J2K_TILE:
        _refuse_tile_comments(frame, position + 12)
        length = struct.unpack_from(">I", frame, position + 6)[0]
        if length == 0:  # the last tile part may leave its length open; no packet holds the marker of the end
            return frame.index(b"\xff\xd9", position)
        position += length
    if _marker(frame, position) != 0xD9:
        raise UnsupportedError("a JPEG 2000 frame without an end of codestream")
    return position


def _refuse_tile_comments(frame: bytes, position: int) -> None:
    while (marker := _marker(frame, position)) != _J2K_DATA:
        if marker not in _J2K_KEPT:
            raise UnsupportedError("a comment within a tile of a JPEG 2000 frame")
        position += 2 + struct.unpack_from(">H", frame, position + 2)[0]


def _strip_rle(frame: bytes) -> bytes:
    """Check the header of an RLE frame: as many offsets as segments, and zeros behind them."""
    count, *offsets = struct.unpack_from("<16I", frame)
    used, rest = offsets[:count], offsets[count:]
    if not 1 <= count <= 15 or used[0] != 64 or used != sorted(used) or used[-1] >= len(frame) or any(rest):
        raise UnsupportedError("an RLE frame whose header does not fit")
    return frame


def _marker(frame: bytes, position: int) -> int:
    if frame[position] != 0xFF:
        raise UnsupportedError("a compressed frame that cannot be walked through")
    return frame[position + 1]


_STRIPPERS: Mapping[str, Callable[[bytes], bytes]] = MappingProxyType(
    dict.fromkeys((f"{_JPEG}{n}" for n in (50, 51, 57, 70)), _strip_jpeg)
    | dict.fromkeys((f"{_JPEG}{n}" for n in (80, 81)), _strip_jpeg_ls)
    | dict.fromkeys((f"{_JPEG}{n}" for n in (90, 91, 201, 202, 203)), _strip_j2k)
    | {"1.2.840.10008.1.2.5": _strip_rle}
)
