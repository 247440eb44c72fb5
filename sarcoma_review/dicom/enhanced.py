"""Frames of enhanced multi-frame images: where each lies, and what its values mean, by its functional groups."""

import struct
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from sarcoma_review.dicom import codecs
from sarcoma_review.dicom.instance import BROKEN, Instance, place_fault
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
_LARGEST_HEADER = 256 * 1024 * 1024


class _Groups(NamedTuple):
    """Functional groups of one frame: its own first, then those that all frames share."""

    own: Item
    shared: Item
    order: str

    def item(self, sequence: int) -> Item:
        """The first item of a sequence; empty where there is none."""
        for group in (self.own, self.shared):
            items = group.get(sequence)
            if isinstance(items, list) and items:
                return items[0]
        return {}

    def text(self, sequence: int, tag: int) -> str:
        value = self.item(sequence).get(tag, b"")
        return value.decode("latin-1").strip(" \0") if isinstance(value, bytes) else ""

    def numbers(self, sequence: int, tag: int) -> tuple[float, ...]:
        text = self.text(sequence, tag)
        return tuple(float(part) for part in text.split("\\")) if text else ()

    def packed(self, value: bytes | list[Item], kind: str) -> tuple[float, ...]:
        if not isinstance(value, bytes):
            return ()
        count = len(value) // struct.calcsize(kind)
        return struct.unpack_from(f"{self.order}{count}{kind}", value)

    def spelt(self, sequence: int, tag: int, kind: str) -> str:
        numbers = self.packed(self.item(sequence).get(tag, b""), kind)
        return "\\".join(f"{number:.15g}" for number in numbers)


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
    return [_frame(image, number, _Groups(own, shared, order)) for number, own in enumerate(frames)]


def _functional_groups(image: Instance) -> tuple[Item, list[Item], str]:
    """What all frames share; what each has; and the byte order."""
    data, start = _header(image)
    order = ">" if image.transfer_syntax == codecs.BIG_ENDIAN else "<"
    header = walk(data, start, Layout(image.transfer_syntax == codecs.IMPLICIT, order, _SEQUENCES))
    shared, frames = header.get(_SHARED, []), header.get(_PER_FRAME, [])
    if not isinstance(shared, list) or not isinstance(frames, list):
        raise DicomError("functional groups are not sequences")
    return (shared[0] if shared else {}), frames, order


def _header(image: Instance) -> tuple[bytes, int]:
    """The bytes before the pixels, and where the data set begins in them."""
    with image.path.open("rb") as file:
        if image.transfer_syntax == codecs.DEFLATED:
            size = image.rows * image.columns * image.frames * image.bits_allocated // 8
            return codecs.inflated(file, size), 0
        if not 0 < image.pixel_offset <= _LARGEST_HEADER:
            raise DicomError("multi-frame image without pixels, or too large a header")
        data = file.read(image.pixel_offset)
    if data[128:132] != b"DICM" or data[132:140] != b"\x02\x00\x00\x00UL\x04\x00":
        raise DicomError("a multi-frame file must begin with its meta information, and its length")
    head = 8 if image.transfer_syntax == codecs.IMPLICIT else 12  # of PixelData itself
    return data[:-head], 144 + struct.unpack_from("<I", data, 140)[0]


def _frame(image: Instance, number: int, groups: _Groups) -> Instance:
    try:
        place = {keyword: groups.numbers(sequence, tag) for keyword, sequence, tag in _PLACE}
        slope, intercept = (_single(groups.numbers(_VALUES, tag)) for tag in (0x00281053, 0x00281052))
        split = _split_values(groups)
    except (ValueError, struct.error):
        return replace(image, frame=number, fault=f"frame {number + 1}: a number in its functional groups is broken")
    if fault := place_fault(place):
        return replace(image, frame=number, fault=f"frame {number + 1}: {fault}")
    spacing, position, orientation = place.values()
    row, column = np.array(orientation[:3]), np.array(orientation[3:])
    return replace(
        image,
        frame=number,
        number=number + 1,
        spacing_mm=(spacing[0], spacing[1]),
        row_direction=row / np.linalg.norm(row),
        column_direction=column / np.linalg.norm(column),
        position_mm=np.array(position),
        slope=image.slope if slope is None else slope,
        intercept=image.intercept if intercept is None else intercept,
        rescale_type=groups.text(_VALUES, 0x00281054) or image.rescale_type,
        split_values=split,
    )


def _single(values: tuple[float, ...]) -> float | None:
    return values[0] if values else None


def _split_values(groups: _Groups) -> tuple[str, ...]:
    """In the order of `SPLIT_KEYS`; then the gradient, and the indices of the file's own dimensions."""
    diffusion = groups.item(_DIFFUSION).get(_GRADIENT)
    gradient = diffusion[0].get(0x00189089, b"") if isinstance(diffusion, list) and diffusion else b""
    indices = groups.packed(groups.item(_CONTENT).get(0x00209157, b""), "I")
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
        "\\".join(f"{part:.9g}" for part in groups.packed(gradient, "d")),
        *dimensions,
        *[""] * (_MOST_DIMENSIONS - len(dimensions)),
    )
