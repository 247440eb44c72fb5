"""Images with masks drawn on them, and what other programs say of the objects made from them."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

from sarcoma_review.volume import Segment, Volume
from tests.conftest import require
from tests.dicom.series import image

PATIENT = {
    **{"PatientName": "", "PatientID": "x", "PatientBirthDate": "", "PatientSex": "", "StudyDate": "20240101"},
    **{"StudyTime": "101010", "AccessionNumber": "", "StudyID": "", "ReferringPhysicianName": ""},
    **{"SeriesNumber": 1, "SliceThickness": 3, "BodyPartExamined": "KNEE"},
}
AFFINE = np.array([[0, 0, 0.8, -10.3], [0, 0.7, 0, 5.2], [3, 0, 0, 0], [0, 0, 0, 1.0]])


def images(shape: tuple[int, int, int] = (5, 7, 9)) -> list[Dataset]:
    """One CT image for each slice."""
    blank = np.zeros(shape[1:], "<i2").tobytes()
    size = {"Rows": shape[1], "Columns": shape[2], "PixelData": blank}
    return [image((-10.3, 5.2, 3 * k), 0, InstanceNumber=k + 1, **PATIENT, **size) for k in range(shape[0])]


def segment(name: str, mask: NDArray[np.generic]) -> Segment:
    return Segment(name, Volume(mask, AFFINE, "2.25.3"))


def outlined() -> tuple[list[Dataset], Volume, list[Segment]]:
    """Five images, and two segments on them that overlap and leave two slices empty."""
    masks = np.random.default_rng(0).random((2, 5, 7, 9)) < 0.3
    masks[:, 1] = masks[:, 4] = False
    volume = Volume(np.zeros((5, 7, 9)), AFFINE, "2.25.3")
    return images(), volume, [segment(n, m) for n, m in zip(("tumour", "femur"), masks, strict=True)]


def faults(dataset: Dataset, path: Path) -> list[str]:
    """What dciodvfy calls an error in an object."""
    require(shutil.which("dciodvfy") is not None, "dciodvfy (package dicom3tools)")
    dataset.save_as(path, enforce_file_format=True)
    said = subprocess.run(["dciodvfy", str(path)], capture_output=True, text=True, check=False)
    assert len(said.stderr.splitlines()) > 0
    return [line for line in said.stderr.splitlines() if line.startswith("Error")]
