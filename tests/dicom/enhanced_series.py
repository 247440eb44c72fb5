"""Enhanced multi-frame images whose every pixel says where it came from."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from pydicom import Dataset
from pydicom.uid import EnhancedCTImageStorage, EnhancedMRImageStorage, EnhancedPETImageStorage

from tests.dicom.series import AXIAL, COLUMNS, ROWS, image

_CLASSES = {"CT": EnhancedCTImageStorage, "MR": EnhancedMRImageStorage, "PT": EnhancedPETImageStorage}


def item(**values: Any) -> list[Dataset]:
    """A sequence of one item."""
    dataset = Dataset()
    for keyword, value in values.items():
        setattr(dataset, keyword, value)
    return [dataset]


def enhanced(
    frames: int,
    *,
    modality: str = "CT",
    positions: Sequence[Sequence[float]] | None = None,
    groups: Sequence[dict[str, Any]] | None = None,
    **changes: Any,
) -> Dataset:
    """Frames with stored values frame * 100 + row * 9 + column, axial every 3 mm unless told otherwise.

    `groups` adds functional groups to each frame, such as ``{"MREchoSequence": item(EffectiveEchoTime=80.0)}``.
    """
    dataset = image((0, 0, 0), 0, Modality=modality)
    for keyword in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "RescaleSlope"):
        delattr(dataset, keyword)
    del dataset.RescaleIntercept
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = _CLASSES[modality]
    dataset.NumberOfFrames = frames
    shared = Dataset()
    shared.PixelMeasuresSequence = item(PixelSpacing=[0.7, 0.8])
    shared.PlaneOrientationSequence = item(ImageOrientationPatient=list(AXIAL))
    shared.PixelValueTransformationSequence = item(RescaleSlope=1, RescaleIntercept=0, RescaleType="US")
    dataset.SharedFunctionalGroupsSequence = [shared]
    dataset.PerFrameFunctionalGroupsSequence = [
        _frame((positions or [(0, 0, 3 * n) for n in range(frames)])[k], groups[k] if groups else {})
        for k in range(frames)
    ]
    values = np.arange(frames)[:, None] * 100 + np.arange(ROWS * COLUMNS)
    dataset.PixelData = values.astype("<i2").tobytes()
    dataset["PixelData"].VR = "OW"
    for keyword, value in changes.items():
        setattr(dataset, keyword, value)
    return dataset


def _frame(position: Sequence[float], groups: dict[str, Any]) -> Dataset:
    frame = Dataset()
    frame.PlanePositionSequence = item(ImagePositionPatient=[float(mm) for mm in position])
    for keyword, value in groups.items():
        setattr(frame, keyword, value)
    return frame
