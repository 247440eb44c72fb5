"""Write a synthetic patient as DICOM, the way a scanner would, and send it through the de-identifier."""

import json
import tempfile
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
from pydicom import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import CTImageStorage, JPEGLSLossless, MRImageStorage, generate_uid

from sarcoma_review.dicom.segments import write_seg
from sarcoma_review.phantom import Patient, SyntheticImage
from sarcoma_review.privacy import deidentify
from sarcoma_review.volume import Volume

_TAKEN = {"preoperative": datetime(2024, 5, 14, 10, 30), "postoperative": datetime(2024, 9, 24, 14, 5)}
"""Invented days; the de-identifier shifts them like any other, both by as much."""
_STORED_OFFSET = {"CT": 1024, "MR": 0}
_CLASSES = {"CT": CTImageStorage, "MR": MRImageStorage}
_PAIRED = {"KNEE"}
"""Body parts of which a header has to say the side, be it nothing (PS3.3 C.7.3.1)."""
_TRUTH_AFTER = ("case_id", "rng_seed", "frame", "achieved")


def write_patient(
    patient: Patient, folder: str | Path, *, progress: Callable[[int, int], None] | None = None
) -> Path:
    """Write a synthetic patient's images, outlines and truth, one study to a folder.

    The files are made as a scanner makes them, losslessly compressed (JPEG-LS), and then go through `deidentify`
    with a key that is the same every time, so that they carry its marks and receipt, and come out bit for bit
    alike wherever the same versions of the codecs run.

    Parameters
    ----------
    patient : Patient
    folder : path-like
        Takes a folder named after the case, and beside it, where there are images from after the operation, one
        more with ``_postoperative`` added; neither may exist yet.
    progress : callable, optional
        Called with files done and files in all.

    Returns
    -------
    Path
        The case's folder: DICOM below ``dicom/``, and ``truth.json``. The second folder has the same in it; its
        truth is what was achieved of the plan.

    Raises
    ------
    PrivacyError
        If the case's folder is there already and not empty.
    """
    home = Path(folder) / patient.case_id
    truth = {key: value for key, value in patient.truth.items() if key != "achieved"}
    _write_study(patient, "preoperative", truth, home=home, progress=progress)
    if any(image.study == "postoperative" for image in patient.images):
        known = {key: patient.truth[key] for key in patient.truth if key in _TRUTH_AFTER}
        later = home.with_name(f"{home.name}_postoperative")
        _write_study(patient, "postoperative", known, home=later, progress=progress)
    return home


def _write_study(
    patient: Patient,
    study: str,
    truth: dict[str, Any],
    *,
    home: Path,
    progress: Callable[[int, int], None] | None,
) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        scanner, key = Path(scratch, "scanner"), Path(scratch, "case.key")
        scanner.mkdir()
        # One secret for both studies: the patient and the days between them stay the same.
        key.write_text(json.dumps({"secret": bytes(range(32)).hex()}))
        for number, dataset in enumerate(_datasets(patient, study)):
            dataset.save_as(scanner / f"{number:04d}.dcm", enforce_file_format=True)
        home.mkdir(parents=True, exist_ok=True)
        deidentify(scanner, home / "dicom", key_file=key, progress=progress)
    (home / "truth.json").write_text(json.dumps(truth, indent=1) + "\n", encoding="utf-8")


def _datasets(patient: Patient, study: str) -> list[Dataset]:
    every: list[Dataset] = []
    for number, image in enumerate(patient.images, start=1):
        if image.study != study:
            continue
        images = [_image(patient, image, number, k) for k in range(image.volume.shape[0])]
        if number == 1 and patient.segments:
            every.append(_outlines(patient, images))
        every += images
    return every


def _image(patient: Patient, image: SyntheticImage, series_number: int, k: int) -> Dataset:
    volume, taken = image.volume, _TAKEN[image.study]
    dataset = _patient_and_study(patient, image.study)
    dataset.SOPClassUID = _CLASSES[volume.modality]
    dataset.SOPInstanceUID = _uid(patient, "instance", series_number, k)
    dataset.SeriesInstanceUID = _uid(patient, "series", series_number)
    dataset.Modality = volume.modality
    dataset.SeriesNumber = series_number
    dataset.SeriesDescription = volume.description
    dataset.Manufacturer = "sarcoma_review phantom"
    if image.acquisition["BodyPartExamined"] in _PAIRED:
        dataset.Laterality = ""
    dataset.FrameOfReferenceUID = _uid(patient, *_words("frame", image.study))
    dataset.PositionReferenceIndicator = ""
    dataset.InstanceNumber = k + 1
    dataset.AcquisitionNumber = 1
    dataset.ImageType = (
        ["ORIGINAL", "PRIMARY", "AXIAL"] if volume.modality == "CT" else ["ORIGINAL", "PRIMARY", "OTHER"]
    )
    for date in ("SeriesDate", "AcquisitionDate", "ContentDate"):
        setattr(dataset, date, f"{taken:%Y%m%d}")
        setattr(dataset, date.replace("Date", "Time"), f"{taken:%H%M%S}")
    if volume.modality == "MR":
        dataset.ScanOptions = ""
    for keyword, value in image.acquisition.items():
        setattr(dataset, keyword, value)
    _place(dataset, volume, k)
    _pixels(dataset, volume, k)
    return dataset


def _patient_and_study(patient: Patient, study: str) -> Dataset:
    dataset, taken = Dataset(), _TAKEN[study]
    dataset.SpecificCharacterSet = "ISO_IR 192"
    dataset.PatientName = "Phantom^Synthetic"
    dataset.PatientID = patient.case_id.upper()
    dataset.PatientBirthDate = ""
    dataset.PatientSex = patient.sex
    dataset.PatientAge = patient.age
    dataset.StudyInstanceUID = _uid(patient, *_words("study", study))
    dataset.StudyDate, dataset.StudyTime = f"{taken:%Y%m%d}", f"{taken:%H%M%S}"
    dataset.StudyID = ""
    dataset.AccessionNumber = ""
    dataset.ReferringPhysicianName = ""
    dataset.StudyDescription = patient.study
    return dataset


def _words(what: str, study: str) -> tuple[str, ...]:
    """What a UID of a study is made from; the first study's need no second word."""
    return (what,) if study == "preoperative" else (what, study)


def _place(dataset: Dataset, volume: Volume, k: int) -> None:
    _, rows, columns = volume.shape
    row_direction, column_direction = (volume.affine[:3, axis] / volume.spacing_mm[axis] for axis in (2, 1))
    dataset.ImagePositionPatient = [_decimal(mm) for mm in volume.position_mm((k, 0, 0))]
    dataset.ImageOrientationPatient = [_decimal(part) for part in (*row_direction, *column_direction)]
    dataset.PixelSpacing = [_decimal(volume.spacing_mm[1]), _decimal(volume.spacing_mm[2])]
    dataset.Rows, dataset.Columns = rows, columns


def _decimal(value: float) -> str:
    """A DICOM decimal string: at most 16 characters, to a ten-millionth."""
    return f"{value + 0.0:.7f}".rstrip("0").rstrip(".") or "0"


def _pixels(dataset: Dataset, volume: Volume, k: int) -> None:
    offset = _STORED_OFFSET[volume.modality]
    stored = (volume.array[k].astype(np.int32) + offset).clip(0, 4095).astype(np.uint16)
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 12, 11
    dataset.PixelRepresentation = 0
    if volume.modality == "CT":
        dataset.RescaleIntercept, dataset.RescaleSlope, dataset.RescaleType = -offset, 1, "HU"
    dataset.PixelData = encapsulate([bytes(imagecodecs.jpegls_encode(stored))])
    dataset["PixelData"].VR = "OB"
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = JPEGLSLossless
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID


def _outlines(patient: Patient, images: Sequence[Dataset]) -> Dataset:
    uids = (_uid(patient, "series", 90), _uid(patient, "instance", 90, 1))
    taken = _TAKEN["preoperative"]
    when = {"Date": f"{taken:%Y%m%d}", "Time": f"{taken:%H%M%S}"}
    extra: dict[str, object] = {"SeriesDescription": patient.outlines}
    for group in ("Series", "Content", "InstanceCreation"):
        extra |= {f"{group}{part}": value for part, value in when.items()}
    seg = write_seg(patient.segments, images=images, uids=uids, extra=extra)
    dimensions = seg.DimensionOrganizationSequence[0].DimensionOrganizationUID
    _fix(seg, str(dimensions), _uid(patient, "dimensions"))
    return seg


def _fix(dataset: Dataset, drawn_uid: str, uid: str) -> None:
    """Put a fixed UID where the library drew one by chance, and a fixed time where it took the clock's."""
    for element in dataset.iterall():
        if element.VR == "UI" and element.value == drawn_uid:
            element.value = uid
        elif element.VR == "DT":
            element.value = f"{_TAKEN['preoperative']:%Y%m%d%H%M%S}"


def _uid(patient: Patient, *what: object) -> str:
    return generate_uid(entropy_srcs=[patient.case_id, *(str(part) for part in what)])
