"""Small DICOM series whose every pixel says where it came from."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, MRImageStorage, generate_uid

ROWS, COLUMNS = 7, 9
AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
Array = NDArray[np.float64]


def image(position: Sequence[float] | Array, code: int, **changes: Any) -> Dataset:
    """One CT image; its stored values are code * 100 + row * 9 + column."""
    dataset = Dataset()
    dataset.SOPClassUID = CTImageStorage
    dataset.SOPInstanceUID = generate_uid()
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID, dataset.FrameOfReferenceUID = "2.25.1", "2.25.2", "2.25.3"
    dataset.Modality = "CT"
    dataset.SeriesDescription = "thigh"
    dataset.InstanceNumber = code + 1
    dataset.Rows, dataset.Columns = ROWS, COLUMNS
    dataset.PixelSpacing = [0.7, 0.8]
    dataset.ImageOrientationPatient = list(AXIAL)
    dataset.ImagePositionPatient = [float(mm) for mm in position]
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 16, 15, 1
    dataset.RescaleSlope, dataset.RescaleIntercept = 1, 0
    values = code * 100 + np.arange(ROWS * COLUMNS, dtype=np.int16)
    dataset.PixelData = values.astype("<i2").tobytes()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    for keyword, value in changes.items():
        setattr(dataset, keyword, value)
    if dataset.Modality == "MR":
        dataset.SOPClassUID = MRImageStorage
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    return dataset


def save(images: Sequence[Dataset], folder: Path) -> Path:
    """Write images under names that say nothing of their order."""
    folder.mkdir(parents=True, exist_ok=True)
    order = np.random.default_rng(len(images)).permutation(len(images))
    for name, k in enumerate(order):
        images[k].save_as(folder / f"file{name:03d}", enforce_file_format=True)
    return folder


def placement_error_mm(images: Sequence[Dataset], array: NDArray[Any], affine: Array) -> float:
    """Largest distance between where a voxel is said to lie and where its own image puts it."""
    codes, within = np.divmod(array.astype(int), 100)
    rows, columns = np.divmod(within, COLUMNS)
    index = np.stack(np.meshgrid(*[np.arange(n) for n in array.shape], indexing="ij"), axis=-1)
    said = index @ affine[:3, :3].T + affine[:3, 3]
    own = np.empty_like(said)
    for k, dataset in enumerate(images):
        here = codes == k
        across, down = np.reshape(dataset.ImageOrientationPatient, (2, 3)).astype(float)
        step_down, step_across = (float(mm) for mm in dataset.PixelSpacing)
        own[here] = np.asarray(dataset.ImagePositionPatient, float)
        own[here] += rows[here, None] * step_down * down + columns[here, None] * step_across * across
    return float(np.linalg.norm(said - own, axis=-1).max())
