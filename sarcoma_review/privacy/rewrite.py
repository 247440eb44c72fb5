"""One file written anew: what the rules keep, a fresh file meta group, an empty preamble."""

import struct
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

from pydicom.dataset import Dataset

from sarcoma_review.privacy import markers, pixels
from sarcoma_review.privacy.clean import Cleaning
from sarcoma_review.privacy.memo import Memo, cleaned_elements, encoded
from sarcoma_review.privacy.profile import Profile
from sarcoma_review.privacy.structure import BIG_ENDIAN, EXPLICIT, PREFIX_END, Layout

IMPLEMENTATION_UID: Final = "2.25.287302845216839452367410598231764520191"
"""Names this program in file meta information; drawn once at random."""

_WORD_BYTES: Final = {b"OW": 2, b"OF": 4, b"OL": 4, b"OD": 8, b"OV": 8}
_PIXEL_DATA: Final = 0x7FE00010
_ENDLESS: Final = 0xFFFFFFFF


@dataclass(frozen=True)
class Manner:
    """How the files of one patient are rewritten.

    Parameters
    ----------
    run : Cleaning
        The rules, and the patient's new identity.
    memo : Memo
        What has been cleaned already.
    version : str
        Of this program, for the marks.
    """

    run: Cleaning
    memo: Memo
    version: str


class Picture(NamedTuple):
    """Pixels without text, and the elements that describe them."""

    layout: Layout
    header: Dataset


def rewritten(layout: Layout, header: Dataset, manner: Manner, signed: Picture | None = None) -> bytes:
    """Give the de-identified file.

    Parameters
    ----------
    layout : Layout
        The source, taken apart.
    header : Dataset
        Its elements about pixels, and its class.
    manner : Manner
    signed : Picture, optional
        What takes the place of the file's pixels after a person has looked at them.

    Raises
    ------
    NotDicomError
        If there are fewer pixels than the header says.
    UnsupportedError
        If compressed frames cannot be walked through.
    """
    elements = cleaned_elements(layout, manner.run, manner.memo)
    if layout.transfer_syntax == BIG_ENDIAN:
        elements = {tag: _turned(element) for tag, element in elements.items()}
    elements |= _marks(manner.run.identity.pseudonym(""), manner.run.profile, manner.version, signed is not None)
    picture = signed or Picture(layout, header)
    if signed is not None:
        elements |= _looked_at(signed.header)
    if picture.layout.pixels is not None:
        elements[_PIXEL_DATA] = _pixels(*picture)
    instance = manner.run.identity.uid(layout.instance)
    syntax = picture.layout.transfer_syntax if picture.layout.encapsulated else EXPLICIT
    body = b"".join(element for _, element in sorted(elements.items()))
    return _prefix(str(header.SOPClassUID), instance, syntax) + body


@lru_cache(maxsize=64)
def _marks(pseudonym: str, profile: Profile, version: str, signed: bool) -> dict[int, bytes]:
    dataset = Dataset()
    dataset.PatientName = dataset.PatientID = pseudonym
    markers.stamp(dataset, profile, version, signed=signed)
    return {int(element.tag): encoded(element) for element in dataset}


def _looked_at(header: Dataset) -> dict[int, bytes]:
    """What the pixels are after blanking, and that nothing is burned into them now."""
    changed = Dataset()
    changed.BurnedInAnnotation = "NO"
    for keyword in ("PhotometricInterpretation", "PlanarConfiguration"):
        if keyword in header:
            changed[keyword] = header[keyword]
    return {int(element.tag): encoded(element) for element in changed}


def _pixels(layout: Layout, header: Dataset) -> bytes:
    value = layout.pixels or b""
    group, element = _PIXEL_DATA >> 16, _PIXEL_DATA & 0xFFFF
    if layout.encapsulated:
        packed = pixels.compressed(header, value, layout.transfer_syntax)
        end = struct.pack("<HHI", 0xFFFE, 0xE0DD, 0)
        return struct.pack("<HH2sHI", group, element, b"OB", 0, _ENDLESS) + packed + end
    big_endian = layout.transfer_syntax == BIG_ENDIAN and layout.pixel_vr == "OW"
    packed = pixels.native(header, value, big_endian=big_endian)
    vr = b"OW" if int(header.BitsAllocated) > 8 else b"OB"
    return struct.pack("<HH2sHI", group, element, vr, 0, len(packed)) + packed


def _turned(element: bytes) -> bytes:
    """Turn the bytes of a look-up table, which pydicom leaves as they stand."""
    width = _WORD_BYTES.get(element[4:6])
    return element if width is None else element[:12] + pixels.swapped(element[12:], width)


def _prefix(sop_class: str, instance: str, syntax: str) -> bytes:
    """Preamble and file meta group."""
    uids = ((2, sop_class), (3, instance), (0x10, syntax), (0x12, IMPLEMENTATION_UID))
    version = struct.pack("<HH2sHI", 2, 1, b"OB", 0, 2) + b"\0\1"
    meta = version + b"".join(_short(number, b"UI", uid.encode(), b"\0") for number, uid in uids)
    meta += _short(0x13, b"SH", b"SARCOMA_REVIEW", b" ")
    length = struct.pack("<HH2sHI", 2, 0, b"UL", 4, len(meta))
    return bytes(PREFIX_END - 4) + b"DICM" + length + meta


def _short(number: int, vr: bytes, value: bytes, padding: bytes) -> bytes:
    value += padding * (len(value) % 2)
    return struct.pack("<HH2sH", 2, number, vr, len(value)) + value
