"""What every object that this package writes has in common: patient, marks, identifiers and time."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset, FileMetaDataset
from pydicom.filebase import DicomBytesIO
from pydicom.filewriter import write_dataset
from pydicom.uid import PYDICOM_IMPLEMENTATION_UID, ExplicitVRLittleEndian

from sarcoma_review.dicom.modality import header_with
from sarcoma_review.dicom.scan import Index
from sarcoma_review.errors import GeometryError, ReferenceNotFoundError, UnsupportedError
from sarcoma_review.volume import Grid, Segment, Volume

MAKER = "sarcoma_review"

_STUDY = (
    *("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "PatientAge", "PatientSize", "PatientWeight"),
    *("StudyInstanceUID", "StudyDate", "StudyTime", "StudyID", "StudyDescription", "AccessionNumber"),
    "ReferringPhysicianName",
)
_MAY_BE_EMPTY = (
    *("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime", "StudyID"),
    *("AccessionNumber", "ReferringPhysicianName"),
)
MARKS = (
    *("PatientIdentityRemoved", "DeidentificationMethod", "DeidentificationMethodCodeSequence"),
    "LongitudinalTemporalInformationModified",
)
"""What says that an image is de-identified: whatever is drawn from it says so too."""
_ON_IMAGE_MM = 0.1  # how far a mask's slice may lie from the image it is said to be drawn on


NOTHING: Mapping[str, object] = MappingProxyType({})


def source_images(index: Index, volume: Volume) -> list[Dataset]:
    """Read the headers of a volume's images, in the order of its slices: what the writers refer to.

    Parameters
    ----------
    index : Index
        Of the folder that the volume came from, such as `Study.index`.
    volume : Volume

    Raises
    ------
    ReferenceNotFoundError
        If the volume does not know its images, or one of them is not in the index.
    DicomError
        If a file changed since it was indexed.
    """
    known = {each.sop_instance_uid: each for entry in index.series.values() for each in entry.instances}
    absent = sum(uid not in known for uid in volume.slice_uids)
    if absent or not volume.slice_uids:
        raise ReferenceNotFoundError(
            f"expected an image for each of the volume's {volume.shape[0]} slices, {absent or 'all'} are not there"
        )
    return [header_with(known[uid]) for uid in volume.slice_uids]


def require_images(segments: Sequence[Segment], images: Sequence[Dataset]) -> Grid:
    """Give the grid that segments share, if each slice of it lies on its image.

    Raises
    ------
    ReferenceNotFoundError
        If there is not one image for each slice.
    GeometryError
        If there is no segment, the segments' grids differ, or a slice does not lie on its image.
    """
    if not segments:
        raise GeometryError("expected at least one segment, found none")
    grid = segments[0].mask.grid
    if not all(segment.mask.grid.same_as(grid) for segment in segments):
        raise GeometryError("expected segments on one grid, found several")
    require_on_images(grid, images)
    return grid


def require_on_images(grid: Grid, images: Sequence[Dataset]) -> None:
    """Refuse a grid whose slices do not lie on these images, in this order.

    Raises
    ------
    ReferenceNotFoundError
        If there is not one image for each slice.
    GeometryError
        If the first or the last voxel of a slice lies more than 0.1 mm from that of its image.
    UnsupportedError
        If the images are frames of one enhanced object.
    """
    if any(int(image.get("NumberOfFrames") or 1) > 1 for image in images):
        raise UnsupportedError("expected single images to refer to, found an enhanced multi-frame object")
    slices, rows, columns = grid.shape
    if slices != len(images):
        raise ReferenceNotFoundError(f"expected an image for each of {slices} slices, found {len(images)} images")
    ends = [[(number, 0, 0), (number, rows - 1, columns - 1)] for number in range(slices)]
    apart = np.linalg.norm(grid.position_mm(ends) - [_ends_mm(image) for image in images], axis=2)
    if not (apart <= _ON_IMAGE_MM).all():
        worst = float(np.nan_to_num(apart, nan=np.inf).max())
        raise GeometryError(
            f"expected each slice of a mask on its image, within {_ON_IMAGE_MM} mm; one lies {worst:.1f} mm off: "
            "order the images as the slices"
        )


def _ends_mm(image: Dataset) -> NDArray[np.float64]:
    """Where the first and the last voxel of an image lie, LPS mm; not numbers where it does not say so."""
    stated = [image.get(word) for word in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing")]
    if not all(stated):
        return np.full((2, 3), np.nan)
    first, directions, spacing = (np.array(value, np.float64) for value in stated)
    across, down = directions.reshape(2, 3)
    last = first + across * spacing[1] * (image.Columns - 1) + down * spacing[0] * (image.Rows - 1)
    return np.array([first, last])


def begun(image: Dataset, sop_class: str, *, modality: str, series_number: int) -> Dataset:
    """Start an object of the patient and study of an image, with the marks of its de-identification."""
    dataset = Dataset()
    carry(image, dataset, (*_STUDY, *MARKS))
    for keyword in _MAY_BE_EMPTY:
        if keyword not in dataset:
            setattr(dataset, keyword, "")
    dataset.SpecificCharacterSet = image.get("SpecificCharacterSet") or "ISO_IR 192"
    dataset.SOPClassUID, dataset.Modality, dataset.SeriesNumber = sop_class, modality, series_number
    dataset.InstanceNumber = 1
    dataset.Manufacturer = dataset.ManufacturerModelName = MAKER
    dataset.SoftwareVersions = "1"
    add_moments(image, dataset, "Series", "InstanceCreation")
    return dataset


def carry(image: Dataset, dataset: Dataset, keywords: Iterable[str]) -> None:
    """Copy what an image states of these."""
    for keyword in keywords:
        if keyword in image:
            dataset[keyword] = image[keyword]


def add_moments(image: Dataset, dataset: Dataset, *groups: str) -> None:
    """Set dates and times, such as ``Content``, to those of the image's study: the clock is not asked."""
    for group in groups:
        setattr(dataset, f"{group}Date", image.get("StudyDate") or "19000101")
        setattr(dataset, f"{group}Time", image.get("StudyTime") or "000000")


def finished(dataset: Dataset, uids: tuple[str, str] | None, extra: Mapping[str, object]) -> Dataset:
    """Give an object what the caller says of it, its identifiers and the head of its file.

    Parameters
    ----------
    dataset : pydicom.Dataset
        Changed in place.
    uids : tuple of str, optional
        Series and SOP instance UID; where absent, both are drawn from the content, the same every time.
    extra : mapping
        DICOM keywords and values to set last.
    """
    for keyword, value in extra.items():
        setattr(dataset, keyword, value)
    content = encoded(dataset) if uids is None else b""
    dataset.SeriesInstanceUID, dataset.SOPInstanceUID = uids or (
        own_uid("series", content),
        own_uid("instance", content),
    )
    dataset.file_meta = file_meta(dataset)
    return dataset


def file_meta(dataset: Dataset) -> FileMetaDataset:
    """The head of a file that holds an object, uncompressed."""
    meta = FileMetaDataset()
    meta.FileMetaInformationGroupLength, meta.FileMetaInformationVersion = 0, b"\0\1"
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = PYDICOM_IMPLEMENTATION_UID
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    return meta


def encoded(dataset: Dataset) -> bytes:
    """The bytes of a data set, from which identifiers are drawn."""
    buffer = DicomBytesIO()
    buffer.is_little_endian, buffer.is_implicit_VR = True, False
    write_dataset(buffer, dataset)
    data: bytes = buffer.getvalue()
    return data


def own_uid(*parts: str | bytes) -> str:
    """A UID drawn from what it stands for, in the form of those that the de-identifier writes.

    Examples
    --------
    >>> own_uid("series", "thigh") == own_uid("series", "thigh")
    True
    """
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "big") + data)
    return f"2.25.{int.from_bytes(digest.digest()[:15], 'big')}"


def reference(image: Dataset) -> Dataset:
    """An item that points at an image."""
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = image.SOPClassUID, image.SOPInstanceUID
    return item


def by_series(images: Sequence[Dataset], keyword: str) -> list[Dataset]:
    """An item for each series, with what points at its images, once each, in the sequence of that keyword."""
    items: dict[str, Dataset] = {}
    for image in {str(image.SOPInstanceUID): image for image in images}.values():
        uid = str(image.SeriesInstanceUID)
        if uid not in items:
            items[uid] = Dataset()
            items[uid].SeriesInstanceUID = uid
            setattr(items[uid], keyword, [])
        items[uid][keyword].value.append(reference(image))
    return list(items.values())


def evidence_of(objects: Sequence[Dataset]) -> Dataset:
    """An item that names the objects of a study, by series, that a report speaks of."""
    study = Dataset()
    study.StudyInstanceUID = objects[0].StudyInstanceUID
    study.ReferencedSeriesSequence = by_series(objects, "ReferencedSOPSequence")
    return study


def decimal(value: float, digits: int = 4) -> str:
    """A DICOM decimal string, well below its 16 characters for whatever lies within 100 km.

    >>> decimal(-12.34567), decimal(3.0), decimal(-0.00001)
    ('-12.3457', '3', '0')
    """
    return f"{round(value, digits) + 0.0:.{digits}f}".rstrip("0").rstrip(".")
