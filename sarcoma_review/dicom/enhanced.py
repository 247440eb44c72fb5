"""Frames of enhanced multi-frame images: where each lies, and what its values mean, by its functional groups."""

import struct
from dataclasses import replace
from functools import lru_cache
from typing import Any, NamedTuple

from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ImplicitVRLittleEndian

from sarcoma_review.dicom import codecs
from sarcoma_review.dicom.elements import BROKEN
from sarcoma_review.dicom.instance import Instance, made, place_fault, placement
from sarcoma_review.dicom.nested import Item, Layout, walk
from sarcoma_review.errors import DicomError

_SHARED, _PER_FRAME = 0x52009229, 0x52009230
_MEASURES, _POSITION, _ORIENTATION, _VALUES, _CONTENT = 0x00289110, 0x00209113, 0x00209116, 0x00289145, 0x00209111
_ECHO, _DIFFUSION, _GRADIENT, _CARDIAC = 0x00189114, 0x00189117, 0x00189076, 0x00209118
_FRAME_TYPES = (0x00189226, 0x00189329, 0x00189751)  # MR, CT, PET
_SEQUENCES = frozenset(
    (_SHARED, _PER_FRAME, _MEASURES, _POSITION, _ORIENTATION, _VALUES, _CONTENT, _ECHO, _DIFFUSION, _GRADIENT)
) | {_CARDIAC, *_FRAME_TYPES}

_PLACE = (
    ("PixelSpacing", _MEASURES, 0x00280030),
    ("ImagePositionPatient", _POSITION, 0x00200032),
    ("ImageOrientationPatient", _ORIENTATION, 0x00200037),
)
_MOST_DIMENSIONS = 9
_SIZES = {"H": 2, "I": 4, "d": 8}
_LARGEST_HEADER = 256 * 1024 * 1024


class _Groups(NamedTuple):
    """Functional groups of one frame: its own, and those of all frames that it has none of."""

    groups: Item
    order: str

    def value(self, sequence: int, tag: int) -> bytes:
        """An element of the first item of a sequence; empty where there is none."""
        items = self.groups.get(sequence)
        if not items or not isinstance(items, list):
            return b""
        value = items[0].get(tag, b"")
        return value if isinstance(value, bytes) else b""

    def text(self, sequence: int, tag: int) -> str:
        return _text(self.value(sequence, tag))

    def numbers(self, sequence: int, tag: int) -> tuple[float, ...]:
        return _numbers(self.value(sequence, tag))

    def packed(self, value: bytes, kind: str) -> tuple[float, ...]:
        return struct.unpack_from(f"{self.order}{len(value) // _SIZES[kind]}{kind}", value)

    def spelt(self, sequence: int, tag: int, kind: str) -> str:
        value = self.value(sequence, tag)
        return "\\".join([f"{number:.15g}" for number in self.packed(value, kind)]) if value else ""


def _text(value: bytes) -> str:
    return value.decode("latin-1").strip(" \0")


@lru_cache(4096)
def _numbers(value: bytes) -> tuple[float, ...]:
    """Numbers of an element; most are the same in all frames."""
    text = _text(value)
    return tuple(map(float, text.split("\\"))) if text else ()


def frames_of(image: Instance) -> list[Instance]:
    """Each frame of a multi-frame image as an image of its own, in the file's order.

    Parameters
    ----------
    image : Instance

    Returns
    -------
    list of Instance
        Where the frames cannot be told, the image itself with the reason as its fault.
    """
    try:
        image.require_unchanged()
        shared, frames, order = _functional_groups(image)
    except DicomError as problem:
        return [replace(image, fault=str(problem))]
    except (OSError, *BROKEN) as problem:
        return [replace(image, fault=f"functional groups cannot be read ({type(problem).__name__})")]
    if len(frames) != image.frames:
        reason = f"multi-frame image of {image.frames} frames, found functional groups of {len(frames)}"
        return [replace(image, fault=reason)]
    groups = (shared | {sequence: items for sequence, items in own.items() if items} for own in frames)
    return [_frame(image, number, _Groups(group, order)) for number, group in enumerate(groups)]


def _functional_groups(image: Instance) -> tuple[Item, list[Item], str]:
    """What all frames share; what each has; and the byte order."""
    data, start = _header(image)
    order = ">" if image.transfer_syntax == ExplicitVRBigEndian else "<"
    header = walk(data, start, Layout(image.transfer_syntax == ImplicitVRLittleEndian, order, _SEQUENCES))
    shared, frames = header.get(_SHARED, []), header.get(_PER_FRAME, [])
    if not isinstance(shared, list) or not isinstance(frames, list):
        raise DicomError("functional groups are not sequences")
    return (shared[0] if shared else {}), frames, order


def _header(image: Instance) -> tuple[bytes, int]:
    """The bytes before the pixels, and where the data set begins in them."""
    with image.path.open("rb") as file:
        if image.transfer_syntax == DeflatedExplicitVRLittleEndian:
            size = image.rows * image.columns * image.frames * image.bits_allocated // 8
            return codecs.inflated(file, size), 0
        if not 0 < image.pixel_offset <= _LARGEST_HEADER:
            raise DicomError("multi-frame image without pixels, or too large a header")
        data = file.read(image.pixel_offset)
    if data[128:132] != b"DICM" or data[132:140] != b"\x02\x00\x00\x00UL\x04\x00":
        raise DicomError("a multi-frame file must begin with its meta information, and its length")
    head = 8 if image.transfer_syntax == ImplicitVRLittleEndian else 12  # of PixelData itself
    return data[:-head], 144 + struct.unpack_from("<I", data, 140)[0]


def _frame(image: Instance, number: int, groups: _Groups) -> Instance:
    own = {"frame": number, "number": number + 1}
    try:
        place = {keyword: groups.numbers(sequence, tag) for keyword, sequence, tag in _PLACE}
        own |= _rescale(image, groups) | {"split_values": _split_values(groups)}
    except (ValueError, struct.error):
        return replace(image, frame=number, fault=f"frame {number + 1}: a number in its functional groups is broken")
    if fault := place_fault(place):
        return replace(image, frame=number, fault=f"frame {number + 1}: {fault}")
    return made(vars(image) | own | placement(place))


def _rescale(image: Instance, groups: _Groups) -> dict[str, Any]:
    slope, intercept = (_single(groups.numbers(_VALUES, tag)) for tag in (0x00281053, 0x00281052))
    return {
        "slope": image.slope if slope is None else slope,
        "intercept": image.intercept if intercept is None else intercept,
        "rescale_type": groups.text(_VALUES, 0x00281054) or image.rescale_type,
    }


def _single(values: tuple[float, ...]) -> float | None:
    return values[0] if values else None


def _split_values(groups: _Groups) -> tuple[str, ...]:
    """In the order of `SPLIT_KEYS`; then the gradient, and the indices of the file's own dimensions."""
    diffusion = groups.groups.get(_DIFFUSION)
    inner = _Groups(diffusion[0], groups.order) if isinstance(diffusion, list) and diffusion else groups
    gradient = inner.value(_GRADIENT, 0x00189089)
    indices = groups.packed(groups.value(_CONTENT, 0x00209157), "I")
    dimensions = [f"{index:g}" for index in indices[:_MOST_DIMENSIONS]]
    return (
        groups.spelt(_ECHO, 0x00189082, "d"),
        "",
        groups.spelt(_CONTENT, 0x00209128, "I"),
        groups.spelt(_CARDIAC, 0x00209153, "d"),
        groups.spelt(_DIFFUSION, 0x00189087, "d"),
        next((text for tag in _FRAME_TYPES if (text := groups.text(tag, 0x00089007))), ""),
        groups.text(_CONTENT, 0x00189074),
        groups.spelt(_CONTENT, 0x00209156, "H"),
        "\\".join([f"{part:.9g}" for part in groups.packed(gradient, "d")]),
        *dimensions,
        *[""] * (_MOST_DIMENSIONS - len(dimensions)),
    )
