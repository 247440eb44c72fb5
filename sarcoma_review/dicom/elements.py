"""Which elements of a DICOM header finding and stacking need, and how pydicom reads them.

`sarcoma_review.dicom.header` reads the same from plain files, many times faster, and turns to this module for all
others. pydicom's values are the truth that both give.
"""

import io
import os
import struct
import zlib
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from pydicom import Dataset, dcmread
from pydicom.errors import BytesLengthException
from pydicom.multival import MultiValue
from pydicom.uid import DeflatedExplicitVRLittleEndian

from sarcoma_review.privacy.sources import quietly

BROKEN = (
    *(EOFError, ValueError, TypeError, AttributeError, KeyError, IndexError, NotImplementedError),
    *(OverflowError, RecursionError, MemoryError, struct.error, zlib.error, BytesLengthException),
)
"""What reading a broken file raises; found by cutting and flipping bytes."""

TEXTS = {
    "SOPClassUID": (0x00080016, "UI"),
    "SOPInstanceUID": (0x00080018, "UI"),
    "StudyInstanceUID": (0x0020000D, "UI"),
    "SeriesInstanceUID": (0x0020000E, "UI"),
    "FrameOfReferenceUID": (0x00200052, "UI"),
    "Modality": (0x00080060, "CS"),
    "ImageType": (0x00080008, "CS"),
    "PhotometricInterpretation": (0x00280004, "CS"),
    "SeriesDescription": (0x0008103E, "LO"),
    "RescaleType": (0x00281054, "LO"),
    "AcquisitionTime": (0x00080032, "TM"),
}

NUMBERS = {
    "SeriesNumber": (0x00200011, "IS"),
    "InstanceNumber": (0x00200013, "IS"),
    "NumberOfFrames": (0x00280008, "IS"),
    "EchoNumbers": (0x00180086, "IS"),
    "TemporalPositionIdentifier": (0x00200100, "IS"),
    "AcquisitionNumber": (0x00200012, "IS"),
    "PixelSpacing": (0x00280030, "DS"),
    "ImageOrientationPatient": (0x00200037, "DS"),
    "ImagePositionPatient": (0x00200032, "DS"),
    "EchoTime": (0x00180081, "DS"),
    "TriggerTime": (0x00181060, "DS"),
    "RescaleSlope": (0x00281053, "DS"),
    "RescaleIntercept": (0x00281052, "DS"),
    "DiffusionBValue": (0x00189087, "FD"),
    "SamplesPerPixel": (0x00280002, "US"),
    "Rows": (0x00280010, "US"),
    "Columns": (0x00280011, "US"),
    "BitsAllocated": (0x00280100, "US"),
    "BitsStored": (0x00280101, "US"),
    "HighBit": (0x00280102, "US"),
    "PixelRepresentation": (0x00280103, "US"),
}

ITEM, ITEM_END, SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
UNDEFINED = 0xFFFFFFFF
"""The length of a value that ends with a mark of its own."""

LONG_FORM = frozenset(b"OB OD OF OL OV OW SQ SV UC UN UR UT UV".split())
"""Kinds (VR) whose length takes four bytes where kinds are written out (PS3.5 7.1.2)."""

DEEPEST = 16
"""How deep sequences are followed into one another."""

PIXEL_DATA = 0x7FE00010
PIXEL_PADDING = 0x00280120
MODALITY_LUT = 0x00283000
OUTLINES = ("SEG", "RTSTRUCT")
"""Modalities of objects that lie on images of other series."""

_USUAL_READ = 65_536
_REFERENCES = ["ReferencedSeriesSequence", "ReferencedFrameOfReferenceSequence"]
_WANTED = [*TEXTS, *NUMBERS, "PixelPaddingValue", "ModalityLUTSequence"]


class Header(NamedTuple):
    """The values of `TEXTS` and `NUMBERS` that a file holds, and where its pixels lie.

    Attributes
    ----------
    texts : dict of str to str
        Several values of one element are joined with a backslash; nothing where absent or empty.
    numbers : dict of str to tuple of float
    padding : bytes
        PixelPaddingValue as stored, little endian; empty where absent.
    has_modality_lut : bool
    transfer_syntax : str
    pixel_offset, pixel_length : int
        Of PixelData in the file, in bytes; -1 where unknown, or its length undefined.
    """

    texts: dict[str, str]
    numbers: dict[str, tuple[float, ...]]
    padding: bytes
    has_modality_lut: bool
    transfer_syntax: str
    pixel_offset: int
    pixel_length: int


class BoundedFile(io.BufferedReader):
    """A file that sets no room aside for more than it holds, whatever length a broken element claims."""

    def read(self, size: int | None = -1) -> bytes:
        """Read as any file does, or to the end."""
        if size is not None and size > _USUAL_READ:
            size = min(size, max(0, os.fstat(self.fileno()).st_size - self.tell()))
        return super().read(size)


def read_with_pydicom(path: Path) -> Header:
    """Read the header of any DICOM file.

    Raises
    ------
    OSError
        If the file cannot be read from the disk.
    ValueError, TypeError, ...
        Any of `BROKEN`, where a value is not of its kind or the file is not DICOM.
    """
    with quietly(), BoundedFile(io.FileIO(path)) as file:
        dataset = dcmread(file, stop_before_pixels=True, specific_tags=_WANTED)
        return header_of(dataset, _pixel_place(file, dataset))


def header_of(dataset: Dataset, pixels: tuple[int, int] = (-1, -1)) -> Header:
    """Take from a data set what a header is read for; `pixels` is the place of PixelData in its file."""
    meta = getattr(dataset, "file_meta", {})
    return Header(
        {key: text for key in TEXTS if (text := _text(dataset.get(key)))},
        {key: numbers for key in NUMBERS if (numbers := _numbers(dataset.get(key)))},
        _padding(dataset),
        bool(dataset.get("ModalityLUTSequence")),
        str(meta.get("TransferSyntaxUID", "")),
        *pixels,
    )


def _values(value: Any) -> list[Any]:
    if value is None or value == "":
        return []
    return list(value) if isinstance(value, MultiValue | list) else [value]


def _text(value: Any) -> str:
    return "\\".join(str(part) for part in _values(value))


def _numbers(value: Any) -> tuple[float, ...]:
    return tuple(float(part) for part in _values(value))


def _padding(dataset: Dataset) -> bytes:
    value = dataset.get("PixelPaddingValue")
    if isinstance(value, bytes):  # of an ambiguous kind: as it stands in the file
        return value if dataset.original_encoding[1] else value[::-1]
    return b"" if not isinstance(value, int) else (value & 0xFFFF).to_bytes(2, "little")


def _pixel_place(file: BinaryIO, dataset: Dataset) -> tuple[int, int]:
    """Offset and length of PixelData, at whose tag pydicom has stopped; of a deflated file, nothing."""
    implicit, little = dataset.original_encoding
    if dataset.file_meta.get("TransferSyntaxUID", "") == DeflatedExplicitVRLittleEndian:
        return -1, -1
    start, head = file.tell(), file.read(12)
    order = "<" if little else ">"
    if len(head) < 8 or struct.unpack_from(f"{order}HH", head) != (PIXEL_DATA >> 16, PIXEL_DATA & 0xFFFF):
        return -1, -1
    size = 8 if implicit else 12
    (length,) = struct.unpack_from(f"{order}I", head, size - 4)
    return start + size, -1 if length == UNDEFINED else length


def referenced_uids(path: Path) -> frozenset[str]:
    """UIDs of the series and the images that an outline names.

    Raises
    ------
    OSError, ValueError, TypeError, ...
        As `read_with_pydicom`.
    """
    with quietly(), BoundedFile(io.FileIO(path)) as file:
        dataset = dcmread(file, stop_before_pixels=True, specific_tags=_REFERENCES)
        return _referenced(dataset)


def _referenced(dataset: Dataset) -> frozenset[str]:
    found = set()
    for series in dataset.get("ReferencedSeriesSequence", []):
        found.add(str(series.get("SeriesInstanceUID", "")))
        found |= {str(item.ReferencedSOPInstanceUID) for item in series.get("ReferencedInstanceSequence", [])}
    for frame in dataset.get("ReferencedFrameOfReferenceSequence", []):
        for study in frame.get("RTReferencedStudySequence", []):
            for series in study.get("RTReferencedSeriesSequence", []):
                found.add(str(series.get("SeriesInstanceUID", "")))
                found |= {str(item.ReferencedSOPInstanceUID) for item in series.get("ContourImageSequence", [])}
    return frozenset(found)
