"""Sequences of a DICOM header as nested dictionaries, many times faster than as data sets.

Only what is asked for is looked at, so that the functional groups of a thousand frames take milliseconds.
"""

import struct
from typing import NamedTuple, TypeAlias

from sarcoma_review.dicom.elements import (
    DEEPEST,
    ITEM,
    ITEM_END,
    LONG_FORM,
    PIXEL_DATA,
    SEQUENCE_END,
    UNDEFINED,
)
from sarcoma_review.errors import DicomError

_EXPLICIT = {order: struct.Struct(f"{order}HH2sH").unpack_from for order in "<>"}
_LENGTH = {order: struct.Struct(f"{order}I").unpack_from for order in "<>"}

Item: TypeAlias = "dict[int, bytes | list[Item]]"
"""Values by tag: bytes as they stand in the file, or the items of a sequence."""


class Layout(NamedTuple):
    """How a data set is written.

    Attributes
    ----------
    implicit : bool
    order : {"<", ">"}
    sequences : frozenset of int
        Tags of the sequences to look into; others are stepped over.
    """

    implicit: bool
    order: str
    sequences: frozenset[int]


def walk(data: bytes, start: int, layout: Layout) -> Item:
    """Read a data set up to its pixels.

    Parameters
    ----------
    data : bytes
    start : int
        Where the first element lies.
    layout : Layout

    Returns
    -------
    dict
        With the pixels, where they are not encapsulated and `data` holds them.

    Raises
    ------
    DicomError
        If an element does not end where it must.
    """
    try:
        return _elements(data, (start, len(data)), layout, 0)[0]
    except struct.error:
        raise DicomError("a sequence in the header is cut off") from None


def _elements(data: bytes, span: tuple[int, int], layout: Layout, depth: int) -> tuple[Item, int]:
    """Elements of one item, and where they end."""
    found: Item = {}
    at, end = span
    while at < end:
        tag, vr, length, at = _head(data, at, layout)
        if tag == ITEM_END or (tag == PIXEL_DATA and length == UNDEFINED):
            return found, at
        if length == UNDEFINED or (tag in layout.sequences and vr in (b"SQ", b"UN", b"")):
            # PS3.5 6.2.2: a sequence whose kind is unknown is written implicit little endian
            inner = Layout(True, "<", layout.sequences) if vr == b"UN" else layout
            found[tag], at = _items(data, (at, _end(at, length, end)), inner, depth + 1)
            continue
        value_end = _end(at, length, end)
        found[tag] = data[at:value_end]
        at = value_end
    return found, at


def _end(at: int, length: int, limit: int) -> int:
    if length == UNDEFINED:
        return limit
    if at + length > limit:
        raise DicomError(f"an element of the header claims {length} bytes, {limit - at} are left")
    return at + length


def _head(data: bytes, at: int, layout: Layout) -> tuple[int, bytes, int, int]:
    """Tag, kind, length, and where the value begins."""
    group, element, vr, length = _EXPLICIT[layout.order](data, at)
    tag = group << 16 | element
    if layout.implicit or group == 0xFFFE:
        return tag, b"", _LENGTH[layout.order](data, at + 4)[0], at + 8
    if vr in LONG_FORM:
        return tag, vr, _LENGTH[layout.order](data, at + 8)[0], at + 12
    return tag, vr, length, at + 8


def _items(data: bytes, span: tuple[int, int], layout: Layout, depth: int) -> tuple[list[Item], int]:
    if depth > DEEPEST:
        raise DicomError(f"sequences of the header lie more than {DEEPEST} deep")
    items: list[Item] = []
    at, end = span
    while at < end:
        tag, _, length, at = _head(data, at, layout)
        if tag == SEQUENCE_END:
            return items, at
        if tag != ITEM:
            raise DicomError("a sequence of the header holds something that is not an item")
        item, at = _elements(data, (at, _end(at, length, end)), layout, depth)
        items.append(item)
    return items, at
