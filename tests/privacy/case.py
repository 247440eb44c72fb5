"""A small identified case, invented: one CT slice, and what tests plant in it."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from pydicom import Dataset, Sequence
from pydicom.dataset import FileMetaDataset
from pydicom.filewriter import dcmwrite
from pydicom.uid import UID, CTImageStorage, ExplicitVRLittleEndian

from sarcoma_review.privacy.profile import PROFILES, Profile

HEADERS_ALONE: Mapping[str, Profile] = {name: replace(p, samples_slices=False) for name, p in PROFILES.items()}
"""The profiles for tests of headers: reading the pictures takes seconds a series, and has tests of its own."""
NAME = "Quillfeather"
PATIENT_ID = "ZK4711923"
PIXELS = np.arange(64, dtype=np.uint16).reshape(8, 8)


def ct(number: int = 1, *, date: str = "20240301", time: str = "101500") -> Dataset:
    """One identified CT slice of 8 x 8 pixels."""
    ds = Dataset()
    ds.SOPClassUID = CTImageStorage
    ds.SOPInstanceUID = f"1.2.826.0.1.999.1.{number}"
    ds.StudyInstanceUID, ds.SeriesInstanceUID = "1.2.826.0.1.999.2", f"1.2.826.0.1.999.3.{date}"
    ds.FrameOfReferenceUID = "1.2.826.0.1.999.4"
    ds.PatientName, ds.PatientID = f"{NAME}^Una", PATIENT_ID
    ds.PatientBirthDate, ds.PatientSex, ds.PatientAge = "20080517", "F", "015Y"
    ds.StudyDate, ds.StudyTime, ds.ContentDate, ds.ContentTime = date, time, date, time
    ds.AccessionNumber, ds.ReferringPhysicianName = "ACC778812", "Brambleby^Otto"
    ds.InstitutionName = "Wexcombe Infirmary"
    ds.Modality, ds.Manufacturer, ds.SeriesNumber, ds.InstanceNumber = "CT", "SIEMENS", "3", str(number)
    ds.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    ds.SeriesDescription = "Femur left 3.0 mm"
    ds.ImagePositionPatient, ds.ImageOrientationPatient = [0, 0, 3 * number], [1, 0, 0, 0, 1, 0]
    ds.PixelSpacing, ds.SliceThickness = [1, 1], "3"
    ds.Rows, ds.Columns, ds.SamplesPerPixel, ds.PhotometricInterpretation = 8, 8, 1, "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 16, 15, 0
    ds.PixelData = PIXELS.tobytes()
    ds["PixelData"].VR = "OW"
    return ds


def save(ds: Dataset, path: Path, *, syntax: UID = ExplicitVRLittleEndian, meta: Dataset | None = None) -> Path:
    """Write a data set as a DICOM file."""
    ds.file_meta = FileMetaDataset()
    ds.file_meta.update(meta or Dataset())
    ds.file_meta.TransferSyntaxUID = syntax
    path.parent.mkdir(parents=True, exist_ok=True)
    dcmwrite(path, ds, enforce_file_format=True)
    return path


def nested(ds: Dataset, depth: int) -> Dataset:
    """Give an item some levels down in sequences that no table mentions."""
    for _ in range(depth):
        item = Dataset()
        ds.AnatomicRegionSequence = Sequence([item])
        ds = item
    return ds
