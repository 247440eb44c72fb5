"""What the geometry of one DICOM image says, without its pixels."""

import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from sarcoma_review.errors import DicomError

BROKEN = (
    *(EOFError, ValueError, TypeError, AttributeError, KeyError, IndexError, NotImplementedError),
    *(OverflowError, RecursionError, struct.error, zlib.error),
)
"""What reading a broken file raises; found by cutting and flipping bytes."""

TAGS = (
    "SOPClassUID",
    "SOPInstanceUID",
    "StudyInstanceUID",
    "SeriesInstanceUID",
    "Modality",
    "SeriesDescription",
    "SeriesNumber",
    "InstanceNumber",
    "ImageType",
    "Rows",
    "Columns",
    "NumberOfFrames",
    "PixelSpacing",
    "ImageOrientationPatient",
    "ImagePositionPatient",
    "FrameOfReferenceUID",
    "EchoTime",
    "EchoNumbers",
    "TemporalPositionIdentifier",
    "TriggerTime",
    "DiffusionBValue",
    "AcquisitionTime",
    "AcquisitionNumber",
    "ReferencedSeriesSequence",
    "ReferencedFrameOfReferenceSequence",
)

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


@dataclass(frozen=True, eq=False)
class Instance:
    """One DICOM file, as far as finding and stacking need it.

    Parameters
    ----------
    path : Path
    sop_class_uid, sop_instance_uid, study_uid, series_uid, modality, description : str
    number : int
        InstanceNumber, a hint only; 0 where absent.
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
        The values of `SPLIT_KEYS`, as text.
    referenced_uids : frozenset of str
        Of an outline (SEG, RTSTRUCT): the series and the images it was drawn on.
    fault : str
        Why the image cannot be placed in the patient; empty where it can.
    stamp : tuple of int
        Size and time of change of the file when it was indexed.
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
    referenced_uids: frozenset[str]
    fault: str
    stamp: tuple[int, int]

    def require_unchanged(self) -> None:
        """Refuse a file that changed since it was indexed: the privacy gate has not seen what it holds now.

        Raises
        ------
        DicomError
        """
        if _stamp(self.path) != self.stamp:
            raise DicomError("a file changed after the study was opened; open the study anew")

    @property
    def normal(self) -> NDArray[np.float64]:
        """Unit vector across the image, right-handed with its rows and columns."""
        return np.cross(self.row_direction, self.column_direction)


def from_dataset(dataset: Dataset, path: Path) -> Instance:
    """Read the header of one instance.

    Raises
    ------
    ValueError, TypeError, AttributeError
        As pydicom, where a value is not of its kind; `scan` lists the file with that reason.
    """
    numbers = {
        key: _numbers(dataset, key) for key in ("PixelSpacing", "ImageOrientationPatient", "ImagePositionPatient")
    }
    fault = _fault(dataset, numbers)
    orientation = numbers["ImageOrientationPatient"] if not fault else np.array([1.0, 0, 0, 0, 1, 0])
    return Instance(
        path=path,
        sop_class_uid=str(dataset.SOPClassUID),
        sop_instance_uid=str(dataset.SOPInstanceUID),
        study_uid=str(dataset.get("StudyInstanceUID", "")),
        series_uid=str(dataset.get("SeriesInstanceUID", "")),
        modality=str(dataset.get("Modality", "")),
        description=str(dataset.get("SeriesDescription", "") or ""),
        series_number=int(dataset.get("SeriesNumber", 0) or 0),
        number=int(dataset.get("InstanceNumber", 0) or 0),
        rows=int(dataset.get("Rows", 0) or 0),
        columns=int(dataset.get("Columns", 0) or 0),
        frames=int(dataset.get("NumberOfFrames", 1) or 1),
        spacing_mm=(1.0, 1.0) if fault else (numbers["PixelSpacing"][0], numbers["PixelSpacing"][1]),
        row_direction=orientation[:3] / np.linalg.norm(orientation[:3]),
        column_direction=orientation[3:] / np.linalg.norm(orientation[3:]),
        position_mm=np.zeros(3) if fault else numbers["ImagePositionPatient"],
        frame_of_reference_uid=str(dataset.get("FrameOfReferenceUID", "") or "") or None,
        split_values=tuple(str(dataset.get(key, "")) for key in SPLIT_KEYS),
        referenced_uids=_referenced(dataset),
        fault=fault,
        stamp=_stamp(path),
    )


def _stamp(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except OSError:
        return (0, 0)
    return status.st_size, status.st_mtime_ns


def _referenced(dataset: Dataset) -> frozenset[str]:
    """UIDs of the series and the images an outline names."""
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


def _numbers(dataset: Dataset, keyword: str) -> NDArray[np.float64]:
    value = dataset.get(keyword)
    return np.array([] if value is None else [float(part) for part in np.atleast_1d(value)], np.float64)


def _fault(dataset: Dataset, numbers: dict[str, NDArray[np.float64]]) -> str:
    if not dataset.get("Rows"):
        return "no rows and columns: not an image, or its header is truncated"
    if int(dataset.get("NumberOfFrames", 1) or 1) > 1:
        return "multi-frame image, not read by this version"
    expected = {"PixelSpacing": 2, "ImageOrientationPatient": 6, "ImagePositionPatient": 3}
    for keyword, count in expected.items():
        if len(numbers[keyword]) != count:
            return f"no place in the patient: {keyword} has {len(numbers[keyword])} numbers, expected {count}"
        if not np.isfinite(numbers[keyword]).all():
            return f"no place in the patient: {keyword} is not finite"
    if (numbers["PixelSpacing"] <= 0).any():
        return "no place in the patient: PixelSpacing is not above 0 mm"
    row, column = numbers["ImageOrientationPatient"].reshape(2, 3)
    lengths = np.linalg.norm(row), np.linalg.norm(column)
    if abs(lengths[0] - 1) > 1e-2 or abs(lengths[1] - 1) > 1e-2 or abs(row @ column) > 1e-2:
        return "no place in the patient: ImageOrientationPatient is not two unit vectors at a right angle"
    return ""
