"""A study as a hospital exports it, invented: a named patient's CT of 24 slices, with a ball outlined as tumour."""

from pathlib import Path

import numpy as np
from pydicom import Dataset

from sarcoma_review.dicom import write_seg
from sarcoma_review.volume import Segment, Volume
from tests.privacy.case import ct, save

SLICES, ROWS, COLUMNS = 24, 64, 72
SPACING_MM = (3.0, 1.5, 1.5)
CENTRE, RADIUS_MM = (12, 30, 36), 14.0
AFFINE = np.array([[0, 0, 1.5, 0], [0, 1.5, 0, 0], [3.0, 0, 0, 3.0], [0, 0, 0, 1]])


def tumour() -> Volume:
    """The ball that is outlined."""
    index = np.stack(np.meshgrid(*map(np.arange, (SLICES, ROWS, COLUMNS)), indexing="ij"), axis=-1)
    away = np.linalg.norm((index - CENTRE) * SPACING_MM, axis=-1)
    return Volume(away < RADIUS_MM, AFFINE)


def raw_study(folder: Path) -> Path:
    """Write the study, names and all."""
    ball = tumour().array
    noise = np.random.default_rng(4).normal(0, 12, ball.shape)
    values = (1024 + 40 + 160 * ball + noise).astype(np.uint16)
    images = [_slice(number, values[number - 1]) for number in range(1, SLICES + 1)]
    for number, image in enumerate(images, 1):
        save(image, folder / f"{number:04d}.dcm")
    frame = Volume(ball, AFFINE, "1.2.826.0.1.999.4", slice_uids=tuple(str(image.SOPInstanceUID) for image in images))
    write_seg([Segment("tumour", frame)], images=images).save_as(folder / "0100.dcm", enforce_file_format=True)
    return folder


def _slice(number: int, pixels: np.ndarray) -> Dataset:
    image = ct(number)
    image.Rows, image.Columns, image.PixelSpacing = ROWS, COLUMNS, [1.5, 1.5]
    image.StudyID, image.PositionReferenceIndicator, image.KVP = "1", "", "120"
    image.RescaleSlope, image.RescaleIntercept, image.RescaleType = "1", "-1024", "HU"
    image.PixelData = pixels.tobytes()
    image["PixelData"].VR = "OW"
    return image
