"""The bytes of a DICOM file, element by element: where the data set ends, and what lies outside it.

A reader of data sets does not see what stands in the preamble, behind the last element, or in an element that comes
twice. This module does, and hands the rest on as a header to be parsed and pixels to be judged.
"""

import struct
import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from typing import NamedTuple

from pydicom.datadict import dictionary_has_tag, dictionary_VR
from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset

from sarcoma_review.errors import NotDicomError

IMPLICIT, EXPLICIT, DEFLATED, BIG_ENDIAN = (f"1.2.840.10008.1.2{end}" for end in ("", ".1", ".1.99", ".2"))
NATIVE = (IMPLICIT, EXPLICIT, DEFLATED, BIG_ENDIAN)

PREFIX_END = 132
UNDEFINED = 0xFFFFFFFF
DEEPEST = 24
_LONG = frozenset((b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"))
_SHORT = frozenset(b"AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US".split())
_SHORT_HEAD = struct.Struct("<HH2sH")
_INSTANCE = 0x00080018
_PIXELS = frozenset((0x7FE00008, 0x7FE00009, 0x7FE00010))
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD


class Element(NamedTuple):
    """Where an element lies in the bytes."""

    tag: int
    vr: bytes
    start: int
    length: int


@dataclass(frozen=True)
class Layout:
    """A DICOM file taken apart.

    Attributes
    ----------
    meta : mapping of int to bytes
        File meta elements, as they stand.
    transfer_syntax : str
        UID.
    data : bytes
        The data set up to its pixel data.
    pixels : bytes or None
        Value of the pixel data; with item headers if encapsulated.
    pixel_tag, pixel_vr : int, str
        (7FE0,0010) or a float kind, and its VR where the file states one; 0 and empty without pixel data.
    outside : tuple of str
        What lies where nothing should, or stands twice.
    elements : tuple of (int, int, int)
        Tag, start and end in `data` of each element of the root.
    """

    meta: dict[int, bytes]
    transfer_syntax: str
    data: bytes
    pixels: bytes | None
    pixel_tag: int
    pixel_vr: str
    outside: tuple[str, ...]
    elements: tuple[tuple[int, int, int], ...] = ()

    @property
    def encapsulated(self) -> bool:
        """Whether the pixels are compressed, frame by frame."""
        return self.transfer_syntax not in NATIVE

    def dataset(self) -> Dataset:
        """Parse the data set without its pixels."""
        implicit, little = self.transfer_syntax == IMPLICIT, self.transfer_syntax != BIG_ENDIAN
        return read_dataset(BytesIO(self.data), implicit, little)

    def part(self, tags: Collection[int]) -> Dataset:
        """Parse a few elements of the root alone. Files that are alike share the result: it is only to be read."""
        return _parsed(b"".join(self.raw(tags)), self.transfer_syntax)

    def raw(self, tags: Collection[int]) -> tuple[bytes, ...]:
        """Give a few elements of the root as they stand."""
        return tuple([self.data[start:end] for tag, start, end in self.elements if tag in tags])

    @property
    def instance(self) -> str:
        """The SOP instance UID, from its bytes; empty if it is absent."""
        raw = b"".join(self.raw((_INSTANCE,)))
        is_long = self.transfer_syntax != IMPLICIT and raw[4:6] in _LONG
        return raw[12 if is_long else 8 :].rstrip(b"\0 ").decode("latin-1")

    def meta_text(self, tag: int) -> str:
        """Give a file meta value as text, empty if it is absent."""
        return self.meta.get(tag, b"").rstrip(b"\0 ").decode("ascii", "replace")


@lru_cache(maxsize=64)
def _parsed(data: bytes, transfer_syntax: str) -> Dataset:
    return read_dataset(BytesIO(data), transfer_syntax == IMPLICIT, transfer_syntax != BIG_ENDIAN)


def is_dicom(head: bytes) -> bool:
    """Say whether a file's first bytes are those of DICOM."""
    return head[128:PREFIX_END] == b"DICM"


def layout(content: bytes) -> Layout:
    """Take a DICOM file apart.

    Raises
    ------
    NotDicomError
        If the bytes are not whole: truncated, or not a data set.
    """
    try:
        return _layout(content)
    except (struct.error, zlib.error, IndexError, UnicodeDecodeError):
        raise NotDicomError("not a whole DICOM file: it ends within an element or holds something else") from None


def _layout(content: bytes) -> Layout:
    if not is_dicom(content[:PREFIX_END]):
        raise NotDicomError('no DICOM file: expected "DICM" at byte 128')
    meta, start = _file_meta(content)
    syntax = meta.get(0x00020010, b"").rstrip(b"\0 ").decode("ascii")
    body = content
    outside = ["the preamble is not empty"] if content[:128].strip(b"\0") else []
    if syntax == DEFLATED:
        inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        body, start = inflater.decompress(content[start:]), 0
        outside += ["bytes after the deflated data set"] if inflater.unused_data.strip(b"\0") else []
    found, pixels, strange = _data_set(body, start, syntax)
    elements = tuple((tag, begin - start, end - start) for tag, begin, end in found)
    end = found[-1][2] if found else start
    tag, vr = (pixels.tag, pixels.vr.decode()) if pixels else (0, "")
    value = body[pixels.start : pixels.start + pixels.length] if pixels else None
    return Layout(meta, syntax, body[start:end], value, tag, vr, tuple(outside + strange), elements)


def _file_meta(content: bytes) -> tuple[dict[int, bytes], int]:
    meta, position = {}, PREFIX_END
    while struct.unpack_from("<H", content, position)[0] == 2:
        element = _element(content, position, "<", implicit=False)
        position = element.start + element.length
        meta[element.tag] = content[element.start : position]
        if position > len(content):
            raise NotDicomError("not a whole DICOM file: it ends within the file meta information")
    return meta, position


def _data_set(body: bytes, start: int, syntax: str) -> tuple[list[tuple[int, int, int]], Element | None, list[str]]:
    """What precedes the pixels, the pixels, and findings."""
    order, implicit = (">" if syntax == BIG_ENDIAN else "<"), syntax == IMPLICIT
    findings: list[str] = []
    elements: list[tuple[int, int, int]] = []
    last, position = -1, start
    while position < len(body):
        if syntax != BIG_ENDIAN and not implicit:
            last, position = _short_ones(body, position, last, elements)
            if position == len(body):
                break
        element = _element(body, position, order, implicit=implicit)
        if element.tag <= last:
            findings.append("elements out of order, or one twice")
        if element.tag in _PIXELS:
            end = _pixel_end(body, element)
            findings += ["bytes after the pixel data"] if end < len(body) else []
            return elements, element._replace(length=end - element.start), findings
        end = _after(body, element, order, implicit, 0, findings)
        elements.append((element.tag, position, end))
        last, position = element.tag, end
    return elements, None, findings


def _short_ones(data: bytes, position: int, last: int, elements: list[tuple[int, int, int]]) -> tuple[int, int]:
    """Walk over elements of the common kinds, in order, as far as they go; give the last tag and the next place."""
    while position + 8 <= len(data):
        group, number, vr, length = _SHORT_HEAD.unpack_from(data, position)
        tag, end = group << 16 | number, position + 8 + length
        if vr not in _SHORT or tag <= last or tag in _PIXELS or end > len(data):
            break
        elements.append((tag, position, end))
        last, position = tag, end
    return last, position


def _pixel_end(body: bytes, element: Element) -> int:
    if element.length != UNDEFINED:
        end = element.start + element.length
    else:
        end = element.start
        while True:
            tag, length = _item_header(body, end, "<")
            if tag not in (_ITEM, _SEQUENCE_END) or (tag == _SEQUENCE_END and length):
                raise NotDicomError("not a whole DICOM file: compressed pixel data hold something other than items")
            end += 8 + length
            if tag == _SEQUENCE_END:
                break
    if end > len(body):
        raise NotDicomError("truncated: the pixel data end early")
    return end


def _element(data: bytes, position: int, order: str, *, implicit: bool) -> Element:
    group, number = struct.unpack_from(f"{order}HH", data, position)
    tag = group << 16 | number
    if implicit:
        return Element(tag, _implicit_vr(tag), position + 8, struct.unpack_from("<I", data, position + 4)[0])
    vr = data[position + 4 : position + 6]
    if vr in _LONG:
        return Element(tag, vr, position + 12, struct.unpack_from(f"{order}I", data, position + 8)[0])
    if not (vr.isalpha() and vr.isupper()):
        raise NotDicomError("not a whole DICOM file: bytes that are no element")
    return Element(tag, vr, position + 8, struct.unpack_from(f"{order}H", data, position + 6)[0])


@lru_cache(maxsize=8192)
def _implicit_vr(tag: int) -> bytes:
    known = dictionary_has_tag(tag) and dictionary_VR(tag) == "SQ"
    return b"SQ" if known else b"UN"


def _after(data: bytes, element: Element, order: str, implicit: bool, depth: int, findings: list[str]) -> int:
    """Where the next element begins; items are walked through on the way."""
    end = None if element.length == UNDEFINED else element.start + element.length
    if end is not None and end > len(data):
        raise NotDicomError("truncated: the file ends within an element")
    if end is not None and element.vr != b"SQ":
        return end
    if depth > DEEPEST:
        raise NotDicomError(f"sequences nested deeper than {DEEPEST} levels")
    # A sequence that was unknown to its writer is encoded implicitly (PS3.5 6.2.2).
    inside_implicit = implicit or element.vr == b"UN"
    position = element.start
    while end is None or position < end:
        tag, length = _item_header(data, position, order)
        position += 8
        if tag == _SEQUENCE_END:
            return position
        if tag != _ITEM:
            raise NotDicomError("not a whole DICOM file: a sequence holds something other than items")
        position = _item(data, Element(tag, b"", position, length), order, inside_implicit, depth, findings)
    return _exactly(position, end)


def _item(data: bytes, item: Element, order: str, implicit: bool, depth: int, findings: list[str]) -> int:
    end = None if item.length == UNDEFINED else item.start + item.length
    last, position = -1, item.start
    while end is None or position < end:
        if _tag(data, position, order) == _ITEM_END:
            return position + 8
        element = _element(data, position, order, implicit=implicit)
        if element.tag <= last:
            findings.append("elements out of order, or one twice")
        last, position = element.tag, _after(data, element, order, implicit, depth + 1, findings)
    return _exactly(position, end)


def _exactly(position: int, end: int) -> int:
    if position != end:
        raise NotDicomError("not a whole DICOM file: an item is longer than its sequence")
    return end


def _tag(data: bytes, position: int, order: str) -> int:
    group, number = struct.unpack_from(f"{order}HH", data, position)
    return int(group << 16 | number)


def _item_header(data: bytes, position: int, order: str) -> tuple[int, int]:
    return _tag(data, position, order), struct.unpack_from(f"{order}I", data, position + 4)[0]


def items(value: bytes) -> Iterator[bytes]:
    """Give the items of encapsulated pixel data: the offset table, then the fragments."""
    position = 0
    while position < len(value):
        tag, length = _item_header(value, position, "<")
        if tag == _SEQUENCE_END:
            return
        yield value[position + 8 : position + 8 + length]
        position += 8 + length
