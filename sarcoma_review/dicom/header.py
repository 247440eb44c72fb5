"""Read the header of a plain DICOM file in one go, without building a data set.

Explicit and implicit little endian are walked element by element, only the wanted values are looked at. Whatever is
odd (another encoding, no preamble, a length that does not fit, a value not of its kind) is no business of this
module: it answers None and pydicom reads the file. So a value given here is the value that pydicom gives.
"""

import errno
import os
import stat
import struct
import zlib
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from pydicom.charset import python_encoding
from pydicom.errors import InvalidDicomError
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from sarcoma_review.dicom.elements import (
    DEEPEST,
    ITEM,
    ITEM_END,
    LONG_FORM,
    MODALITY_LUT,
    NUMBERS,
    PIXEL_DATA,
    PIXEL_PADDING,
    SEQUENCE_END,
    TEXTS,
    UNDEFINED,
    Header,
)

# A pipe would be waited for: it is opened without waiting, and refused.
_OPENING = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
_FIRST_READ = 16 * 1024
_LARGEST_READ = 16 * 1024 * 1024  # beyond it pydicom, which seeks
_LARGEST_INFLATED = 512 * 1024 * 1024
_LONGEST_VALUE = 4096

_EXPLICIT = struct.Struct("<I2sH").unpack_from
_IMPLICIT = struct.Struct("<II").unpack_from
_LENGTH = struct.Struct("<I").unpack_from

_SHORT = frozenset(b"AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US".split())

_ENCAPSULATED, _RLE = "1.2.840.10008.1.2.4.", "1.2.840.10008.1.2.5"
_DEFLATED_TOO = ("1.2.840.10008.1.2.4.95", "1.2.840.10008.1.2.4.205")

Raw = dict[int, tuple[bytes | None, bytes]]
"""Wanted elements: kind (VR) as the file says, None where implicit; value."""


class _OddError(Exception):
    """Not for this module."""


def _swapped(tag: int) -> int:
    """A tag as its four bytes read in one little-endian number: what the walk compares."""
    return (tag & 0xFFFF) << 16 | tag >> 16


_ITEM, _ITEM_END, _SEQUENCE_END = _swapped(ITEM), _swapped(ITEM_END), _swapped(SEQUENCE_END)
_PIXELS = _swapped(PIXEL_DATA)
_SYNTAX, _CHARSET = _swapped(0x00020010), _swapped(0x00080005)
_LUT, _PADDING = _swapped(MODALITY_LUT), _swapped(PIXEL_PADDING)
_TEXTS = {_swapped(tag): (key, vr.encode()) for key, (tag, vr) in TEXTS.items()}
_NUMBERS = {_swapped(tag): (key, vr.encode()) for key, (tag, vr) in NUMBERS.items()}
_WANTED = frozenset([*_TEXTS, *_NUMBERS, _CHARSET, _LUT, _PADDING])
# Pixels of another kind or in a short element, and the marks of items outside a sequence.
_MISPLACED = frozenset((_PIXELS, _swapped(0x7FE00008), _swapped(0x7FE00009), _ITEM, _ITEM_END, _SEQUENCE_END))
_WATCHED = _WANTED | _MISPLACED


def read_header(path: Path) -> tuple[Header | None, tuple[int, int]]:
    """Read what `Header` holds, where the file is a plain one.

    Returns
    -------
    header : Header or None
        None where the file needs pydicom.
    stamp : tuple of int
        Size and time of change of what was read, in bytes and ns.

    Raises
    ------
    OSError
        If the file cannot be read from the disk.
    InvalidDicomError
        If it is not DICOM.
    """
    handle = os.open(path, _OPENING)
    try:
        status = os.fstat(handle)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "not a regular file")
        return _in_growing_parts(handle, status.st_size), (status.st_size, status.st_mtime_ns)
    finally:
        os.close(handle)


def _in_growing_parts(handle: int, size: int) -> Header | None:
    data, part = b"", _FIRST_READ
    while True:
        data += os.read(handle, part - len(data))
        if data[128:132] != b"DICM":
            raise InvalidDicomError
        try:
            return walk(data, complete=len(data) >= size)
        except _OddError:
            return None
        except struct.error:  # the walk left what was read so far
            if len(data) < part or len(data) >= size or part >= _LARGEST_READ:
                return None
        part *= 8


def require_inflatable(path: Path) -> None:
    """Refuse a deflated file that would fill the memory, before pydicom inflates it whole.

    Raises
    ------
    ValueError
    """
    with path.open("rb") as file:
        try:
            syntax, start = _meta(file.read(_FIRST_READ))
        except (struct.error, _OddError):
            return
        if syntax != DeflatedExplicitVRLittleEndian:
            return
        file.seek(start)
        stream, left = zlib.decompressobj(-zlib.MAX_WBITS), _LARGEST_INFLATED
        data = file.read(_FIRST_READ)
        while data and left > 0:
            left -= len(stream.decompress(data, _LARGEST_READ))
            data = stream.unconsumed_tail or file.read(_FIRST_READ)
    if left <= 0:
        raise ValueError("a deflated file inflates to too much")


def walk(data: bytes, *, complete: bool) -> Header:
    """Walk the beginning of a file; `complete` says that it is all of the file.

    Raises
    ------
    struct.error
        If the header goes on beyond the end of `data`.
    _OddError
        If it is not for this module.
    """
    syntax, start = _meta(data)
    if syntax == ImplicitVRLittleEndian:
        found, pixels = _walk_implicit(data, start, complete)
    elif syntax == ExplicitVRLittleEndian or _is_encapsulated(syntax):
        found, pixels = _walk_explicit(data, start, complete)
    else:
        raise _OddError
    return _header(found, syntax, pixels)


def _is_encapsulated(syntax: str) -> bool:
    return (syntax.startswith(_ENCAPSULATED) and syntax not in _DEFLATED_TOO) or syntax == _RLE


def _meta(data: bytes) -> tuple[str, int]:
    """Transfer syntax, and where the data set begins."""
    at, syntax = 132, b""
    while True:
        tag, vr, length = _EXPLICIT(data, at)
        if tag & 0xFFFF != 2:
            break
        start = at + 8
        if vr in LONG_FORM:
            (length,) = _LENGTH(data, start)
            start += 4
        elif vr not in _SHORT:
            raise _OddError
        if tag == _SYNTAX:
            syntax = data[start : start + length]
        at = start + length
    if tag & 0xFFFF < 8:
        raise _OddError
    return syntax.rstrip(b"\0 ").decode("latin-1"), at


def _walk_explicit(data: bytes, at: int, complete: bool) -> tuple[Raw, tuple[int, int]]:
    found: Raw = {}
    end = len(data) if complete else -1
    while at != end:
        tag, vr, length = _EXPLICIT(data, at)
        start = at + 8
        if vr not in _SHORT:
            start, length = _long_length(data, start, vr)
            if tag == _PIXELS:
                return found, (start, length)
            if length == UNDEFINED:
                at = _past_undefined(data, start, _past_explicit, vr == b"SQ" and tag not in _WANTED)
                continue
        at = start + length
        if tag in _WATCHED:
            if tag in _MISPLACED:
                raise _OddError
            found[tag] = vr, data[start:at]
    return found, (-1, -1)


def _long_length(data: bytes, at: int, vr: bytes) -> tuple[int, int]:
    if vr not in LONG_FORM:
        raise _OddError
    return at + 4, _LENGTH(data, at)[0]


def _walk_implicit(data: bytes, at: int, complete: bool) -> tuple[Raw, tuple[int, int]]:
    if data[at + 4 : at + 6].isalpha():
        raise _OddError  # explicit in truth
    found: Raw = {}
    end = len(data) if complete else -1
    while at != end:
        tag, length = _IMPLICIT(data, at)
        start = at + 8
        at = start + length
        if tag == _PIXELS:
            return found, (start, length)
        if length == UNDEFINED:
            at = _past_undefined(data, start, _past_implicit, tag not in _WATCHED)
        elif tag in _WATCHED:
            if tag in _MISPLACED:
                raise _OddError
            found[tag] = None, data[start:at]
    return found, (-1, -1)


_Step = Callable[[bytes, int, int], tuple[int, bool]]
"""Past one element of an item: where the next one begins, and whether this one was the end of the item."""


def _past_undefined(data: bytes, at: int, step: _Step, expected: bool, depth: int = 0) -> int:
    """Where a sequence of undefined length ends."""
    if not expected or depth > DEEPEST:
        raise _OddError
    while True:
        tag, length = _IMPLICIT(data, at)
        at += 8
        if tag == _SEQUENCE_END and length == 0:
            return at
        if tag != _ITEM:
            raise _OddError
        at = _past_item(data, at, length, step, depth)


def _past_item(data: bytes, at: int, length: int, step: _Step, depth: int) -> int:
    end = None if length == UNDEFINED else at + length
    while end is None or at < end:
        at, ended = step(data, at, depth)
        if ended and end is None:
            return at
        if ended:
            raise _OddError
    if at != end:
        raise _OddError
    return at


def _past_explicit(data: bytes, at: int, depth: int) -> tuple[int, bool]:
    tag, vr, length = _EXPLICIT(data, at)
    if tag == _ITEM_END and vr == b"\0\0" and length == 0:
        return at + 8, True
    if vr in _SHORT:
        return at + 8 + length, False
    if vr not in LONG_FORM:
        raise _OddError
    (length,) = _LENGTH(data, at + 8)
    if length == UNDEFINED:
        return _past_undefined(data, at + 12, _past_explicit, vr == b"SQ", depth + 1), False
    return at + 12 + length, False


def _past_implicit(data: bytes, at: int, depth: int) -> tuple[int, bool]:
    tag, length = _IMPLICIT(data, at)
    if tag == _ITEM_END and length == 0:
        return at + 8, True
    if length == UNDEFINED:
        return _past_undefined(data, at + 8, _past_implicit, True, depth + 1), False
    return at + 8 + length, False


def _header(found: Raw, syntax: str, pixels: tuple[int, int]) -> Header:
    try:
        texts, numbers = _values(found)
    except (ValueError, OverflowError, struct.error):
        raise _OddError from None
    offset, length = pixels
    return Header(
        texts, numbers, _padding(found), _has_lut(found), syntax, offset, -1 if length == UNDEFINED else length
    )


def _values(found: Raw) -> tuple[dict[str, str], dict[str, tuple[float, ...]]]:
    texts, numbers = {}, {}
    charset = found.get(_CHARSET, (None, b""))[1]
    for tag, (vr, value) in found.items():
        if tag in _NUMBERS:
            key, expected = _NUMBERS[tag]
            if values := _parsed(expected, value):
                numbers[key] = values
        elif tag in _TEXTS:
            key, expected = _TEXTS[tag]
            if text := _text(expected, value, charset):
                texts[key] = text
        else:
            continue
        if vr != expected and vr is not None:
            raise _OddError
    return texts, numbers


@lru_cache(4096)
def _text(vr: bytes, value: bytes, charset: bytes) -> str:
    _require_short(value)
    if vr != b"LO":
        return value.decode("latin-1").rstrip(" \0")
    name = charset.rstrip(b" \0").decode("latin-1")
    if name == "ISO_IR 13" or name not in python_encoding or b"\x1b" in value:
        raise _OddError
    parts = value.decode(python_encoding[name]).split("\\")
    return "\\".join([part.rstrip("\0 ") for part in parts])


def _require_short(value: bytes) -> None:
    if len(value) > _LONGEST_VALUE:
        raise _OddError


@lru_cache(4096)
def _parsed(vr: bytes, value: bytes) -> tuple[float, ...]:
    """Numbers of an element; most are the same in all images of a series."""
    _require_short(value)
    if vr == b"US":
        return struct.unpack(f"<{len(value) // 2}H", value)
    if vr == b"FD":
        return struct.unpack(f"<{len(value) // 8}d", value)
    value = value.rstrip(b" \0")
    if not value:
        return ()
    parts = value.split(b"\\")
    return tuple(map(float, parts if vr == b"DS" else map(int, parts)))


def _padding(found: Raw) -> bytes:
    vr, value = found.get(_PADDING, (None, b""))
    if vr not in (None, b"US", b"SS") or len(value) not in (0, 2):
        raise _OddError
    return value


def _has_lut(found: Raw) -> bool:
    vr, value = found.get(_LUT, (None, b""))
    if vr not in (None, b"SQ"):
        raise _OddError
    return bool(value)
