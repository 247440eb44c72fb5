"""What the geometry of one DICOM image says, without its pixels."""

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from sarcoma_review.dicom.elements import BROKEN, OUTLINES, Header, header_of, referenced_uids
from sarcoma_review.errors import DicomError

SPLIT_KEYS = (
    "EchoTime",
    "EchoNumbers",
    "TemporalPositionIdentifier",
    "TriggerTime",
    "DiffusionBValue",
    "ImageType",
    "AcquisitionTime",
    "AcquisitionNumber",
)
"""What tells two images of one place apart, the surest first."""

_PLACE = {"PixelSpacing": 2, "ImageOrientationPatient": 6, "ImagePositionPatient": 3}
_NOWHERE = {
    "spacing_mm": (1.0, 1.0),
    "row_direction": np.array((1.0, 0.0, 0.0)),
    "column_direction": np.array((0.0, 1.0, 0.0)),
    "position_mm": np.zeros(3),
}
_WHOLE = ("BitsAllocated", "BitsStored", "HighBit", "SamplesPerPixel", "PixelRepresentation")
_ENHANCED = frozenset(
    f"1.2.840.10008.5.1.4.1.1.{kind}"
    for kind in ("2.1", "2.2", "4.1", "4.3", "4.4", "6.2", "13.1.1", "13.1.2", "13.1.3", "128.1", "130")
)


@dataclass(frozen=True, eq=False)
class Instance:
    """One DICOM file, as far as finding, stacking and reading need it.

    Parameters
    ----------
    path : Path
    sop_class_uid, sop_instance_uid, study_uid, series_uid, modality, description : str
    series_number, number : int
        SeriesNumber and InstanceNumber, hints only; 0 where absent.
    rows, columns, frames : int
        0 rows where the object is no image.
    spacing_mm : tuple of float
        Between rows, between columns.
    row_direction, column_direction : ndarray, shape (3,)
        Unit vectors, LPS: along a row (growing column index), along a column (growing row index).
    position_mm : ndarray, shape (3,)
        Centre of the first voxel, LPS mm.
    frame_of_reference_uid : str or None
    split_values : tuple of str
        The values of `SPLIT_KEYS`, as text; numbers in one spelling, empty where absent.
    fault : str
        Why the image cannot be placed in the patient; empty where it can, and of a multi-frame image, whose
        geometry stands in its functional groups and not here.
    stamp : tuple of int
        Size and time of change of the file when it was indexed.
    transfer_syntax : str
    pixel_offset, pixel_length : int
        Where the value of PixelData begins in the file and its length as declared, in bytes. The length is -1
        where it is undefined (encapsulated); the offset -1 where unknown, the file deflated or without pixels.
        The file may be shorter than declared.
    bits_allocated, bits_stored, high_bit, samples : int
        0 where absent.
    signed : bool
    photometric, rescale_type : str
    slope, intercept : float or None
        None where absent.
    padding : int or None
        PixelPaddingValue, with the sign of the pixels.
    has_modality_lut : bool
    home : object
        Keeps the temporary folder of an unpacked archive from being taken away; None elsewhere.
    frame : int
        Which frame of a multi-frame file this is, from 0; such a frame has the place and values of its own.
    """

    path: Path
    sop_class_uid: str
    sop_instance_uid: str
    study_uid: str
    series_uid: str
    modality: str
    description: str
    series_number: int
    number: int
    rows: int
    columns: int
    frames: int
    spacing_mm: tuple[float, float]
    row_direction: NDArray[np.float64]
    column_direction: NDArray[np.float64]
    position_mm: NDArray[np.float64]
    frame_of_reference_uid: str | None
    split_values: tuple[str, ...]
    fault: str
    stamp: tuple[int, int]
    transfer_syntax: str
    pixel_offset: int
    pixel_length: int
    bits_allocated: int
    bits_stored: int
    high_bit: int
    signed: bool
    samples: int
    photometric: str
    slope: float | None
    intercept: float | None
    padding: int | None
    rescale_type: str
    has_modality_lut: bool
    home: object = None
    frame: int = 0

    def require_unchanged(self, handle: int | None = None) -> None:
        """Refuse a file that changed since it was indexed: the privacy gate has not seen what it holds now.

        Parameters
        ----------
        handle : int, optional
            Of the file, where it is open already: so that what was looked at is what will be read.

        Raises
        ------
        DicomError
        """
        if stamp_of(self.path if handle is None else handle) != self.stamp:
            raise DicomError("a file changed after the study was opened; open the study anew")

    @property
    def normal(self) -> NDArray[np.float64]:
        """Unit vector across the image, right-handed with its rows and columns."""
        return np.cross(self.row_direction, self.column_direction)

    def referenced_uids(self) -> frozenset[str]:
        """The series and the images that an outline (SEG, RTSTRUCT) was drawn on, read from its file.

        Raises
        ------
        DicomError
            If the file changed, or cannot be read.
        """
        self.require_unchanged()
        try:
            return referenced_uids(self.path)
        except (OSError, *BROKEN) as problem:
            raise DicomError(f"what the outline lies on cannot be read ({type(problem).__name__})") from None

    @property
    def is_multiframe(self) -> bool:
        """Whether the geometry stands frame by frame in functional groups, or the image holds several frames."""
        return _is_multiframe(self.modality, self.sop_class_uid, self.frames)

    def __repr__(self) -> str:
        return f"<Instance {self.modality} {self.rows} x {self.columns}>"


def stamp_of(path: Path | int) -> tuple[int, int]:
    """Size and time of change of a file, or of an open handle, in bytes and ns; zeros where it cannot be seen."""
    try:
        status = os.stat(path)  # noqa: PTH116 (a path's own method takes no handle)
    except OSError:
        return (0, 0)
    return status.st_size, status.st_mtime_ns


def made(values: dict[str, Any]) -> Instance:
    """An instance of all its values at once, as unpickling makes one; the dictionary becomes its own.

    A frozen class sets them one by one, which takes longer than walking half a header.
    """
    instance = object.__new__(Instance)
    object.__setattr__(instance, "__dict__", values)
    return instance


def from_dataset(dataset: Dataset, path: Path) -> Instance:
    """Read the header of a data set that is open already; the place of its pixels stays unknown.

    Raises
    ------
    ValueError, TypeError, AttributeError
        As pydicom, where a value is not of its kind.
    """
    return from_header(header_of(dataset), path, stamp_of(path))


def from_header(header: Header, path: Path, stamp: tuple[int, int], *, home: object = None) -> Instance:
    """Put what a header says in the terms of stacking.

    Raises
    ------
    ValueError, OverflowError
        Where a number is not a single whole one; `scan` lists the file with that reason.
    """
    values = {"path": path, "stamp": stamp, "frame": 0, "home": home}
    return made(values | _named(header) | _placed(header) | _stored(header))


def _named(header: Header) -> dict[str, Any]:
    """What the object is, and what it belongs to."""
    texts, numbers = header.texts, header.numbers
    return {
        "sop_class_uid": texts.get("SOPClassUID", ""),
        "sop_instance_uid": texts.get("SOPInstanceUID", ""),
        "study_uid": texts.get("StudyInstanceUID", ""),
        "series_uid": texts.get("SeriesInstanceUID", ""),
        "modality": texts.get("Modality", ""),
        "description": texts.get("SeriesDescription", ""),
        "series_number": _whole(numbers, "SeriesNumber"),
        "number": _whole(numbers, "InstanceNumber"),
        "frame_of_reference_uid": texts.get("FrameOfReferenceUID"),
        "split_values": tuple([texts.get(key) or _spelt(numbers.get(key)) for key in SPLIT_KEYS]),
    }


def _placed(header: Header) -> dict[str, Any]:
    """Where it lies; nowhere, with the fault, where that is not said."""
    numbers = header.numbers
    frames = _whole(numbers, "NumberOfFrames") or 1
    multiframe = _is_multiframe(header.texts.get("Modality", ""), header.texts.get("SOPClassUID", ""), frames)
    rows = _whole(numbers, "Rows")
    fault = "" if rows else "no rows and columns: not an image, or its header is truncated"
    if rows and not multiframe:
        fault = place_fault(numbers)
    size = {"rows": rows, "columns": _whole(numbers, "Columns"), "frames": frames, "fault": fault}
    return size | (_NOWHERE if fault or multiframe else placement(numbers))


def placement(numbers: Mapping[str, tuple[float, ...]]) -> dict[str, Any]:
    """Spacing, directions and position of an image, of numbers in which `place_fault` finds none."""
    row, column = _directions(numbers["ImageOrientationPatient"])
    position = np.array(numbers["ImagePositionPatient"])
    spacing = numbers["PixelSpacing"]
    return {"spacing_mm": spacing, "row_direction": row, "column_direction": column, "position_mm": position}


@lru_cache(256)
def _directions(cosines: tuple[float, ...]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Unit vectors along a row and along a column; all images of a series share them."""
    return _unit(cosines[:3]), _unit(cosines[3:])


def _unit(vector: tuple[float, ...]) -> NDArray[np.float64]:
    unit: NDArray[np.float64] = np.array(vector) / math.hypot(*vector)
    unit.setflags(write=False)
    return unit


def _stored(header: Header) -> dict[str, Any]:
    """How its pixels are stored and what they mean."""
    numbers, texts = header.numbers, header.texts
    whole = _whole_numbers(*map(numbers.get, _WHOLE))
    padding = header.padding
    return {
        **whole,
        "transfer_syntax": header.transfer_syntax,
        "pixel_offset": header.pixel_offset,
        "pixel_length": header.pixel_length,
        "photometric": texts.get("PhotometricInterpretation", ""),
        "slope": _single(numbers, "RescaleSlope"),
        "intercept": _single(numbers, "RescaleIntercept"),
        "padding": int.from_bytes(padding, "little", signed=whole["signed"]) if len(padding) == 2 else None,
        "rescale_type": texts.get("RescaleType", ""),
        "has_modality_lut": header.has_modality_lut,
    }


@lru_cache(256)
def _whole_numbers(*values: tuple[float, ...] | None) -> dict[str, Any]:
    """How pixels are stored, by the values of `_WHOLE`; all images of a series share it."""
    allocated, stored, high, samples, signed = (int(_only(value) or 0) for value in values)
    return {
        "bits_allocated": allocated,
        "bits_stored": stored,
        "high_bit": high,
        "samples": samples,
        "signed": signed == 1,
    }


def _is_multiframe(modality: str, sop_class_uid: str, frames: int) -> bool:
    return modality not in OUTLINES and (frames > 1 or sop_class_uid in _ENHANCED)


def _single(numbers: Mapping[str, tuple[float, ...]], keyword: str) -> float | None:
    return _only(numbers.get(keyword))


def _only(values: tuple[float, ...] | None) -> float | None:
    if values is None:
        return None
    (value,) = values
    return value


def _whole(numbers: Mapping[str, tuple[float, ...]], keyword: str) -> int:
    return int(_single(numbers, keyword) or 0)


@lru_cache(256)
def _spelt(values: tuple[float, ...] | None) -> str:
    return "\\".join([f"{value + 0.0:.15g}" for value in values]) if values else ""  # 2.0 and 2, 0 and -0 alike


def place_fault(numbers: Mapping[str, tuple[float, ...]]) -> str:
    """Why PixelSpacing, ImageOrientationPatient and ImagePositionPatient place no image; empty where they do."""
    for keyword, count in _PLACE.items():
        values = numbers.get(keyword, ())
        if len(values) != count:
            return f"no place in the patient: {keyword} has {len(values)} numbers, expected {count}"
        if not all(map(math.isfinite, values)):
            return f"no place in the patient: {keyword} is not finite"
    if min(numbers["PixelSpacing"]) <= 0:
        return "no place in the patient: PixelSpacing is not above 0 mm"
    return _fault_of_orientation(numbers["ImageOrientationPatient"])


@lru_cache(256)
def _fault_of_orientation(cosines: tuple[float, ...]) -> str:
    row, column = cosines[:3], cosines[3:]
    across = sum(map(lambda a, b: a * b, row, column))
    if abs(math.hypot(*row) - 1) > 1e-2 or abs(math.hypot(*column) - 1) > 1e-2 or abs(across) > 1e-2:
        return "no place in the patient: ImageOrientationPatient is not two unit vectors at a right angle"
    return ""
