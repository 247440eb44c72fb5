"""The public studies beside the project: cleaned once, the gate is open and the references hold."""

from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset, dcmread

from sarcoma_review.privacy import check, deidentify

STUDIES = (
    *("crlm1004_ct_12slices", "d2n_enhanced", "d2n_failing", "d2n_nonisotropic_rescale", "dcm_qa_ts", "dcmqi"),
    *("dualecho_4vol_philips", "highdicom_test_files", "ibsi_STS_002", "ibsi_STS_025", "localizer_3plane"),
    *("rt_utils_mock", "sts001_mr_t2_rtss"),
)

pytestmark = pytest.mark.real_data


def read(folder: Path) -> list[Dataset]:
    return [dcmread(path) for path in sorted(folder.rglob("*.dcm"))]


@pytest.mark.parametrize("profile", ["peer-learning", "basic"])
@pytest.mark.parametrize("study", STUDIES)
def test_one_cleaning_opens_the_gate(shared: Path, tmp_path: Path, study: str, profile: str) -> None:
    assert check(shared / "dicom" / study).outcome != "open"
    report = deidentify(shared / "dicom" / study, tmp_path / "out", key_file=tmp_path / "secret.key", profile=profile)
    found = check(tmp_path / "out")
    assert (found.outcome, found.files_checked, found.faults) == ("open", len(report.written), ())


def test_every_file_is_written_or_listed(shared: Path, tmp_path: Path) -> None:
    source = shared / "dicom" / "dcmqi"
    report = deidentify(source, tmp_path / "out", key_file=tmp_path / "secret.key")
    assert len(report.written) + len(report.withheld) == sum(path.is_file() for path in source.rglob("*"))


@pytest.fixture
def thigh(shared: Path, tmp_path: Path) -> tuple[list[Dataset], Dataset]:
    """The slices of a thigh, and its structure set."""
    deidentify(shared / "dicom" / "sts001_mr_t2_rtss", tmp_path / "out", key_file=tmp_path / "secret.key")
    everything = read(tmp_path / "out")
    slices = [ds for ds in everything if ds.Modality == "MR"]
    return slices, next(ds for ds in everything if ds.Modality == "RTSTRUCT")


def test_the_structure_set_still_points_at_its_slices(thigh: tuple[list[Dataset], Dataset]) -> None:
    slices, structures = thigh
    instances = {str(ds.SOPInstanceUID) for ds in slices}
    contours = [contour for roi in structures.ROIContourSequence for contour in roi.ContourSequence]
    pointed = {str(image.ReferencedSOPInstanceUID) for c in contours for image in c.ContourImageSequence}
    frame = structures.ReferencedFrameOfReferenceSequence[0]
    study = frame.RTReferencedStudySequence[0]
    assert len(slices) == 40
    assert pointed <= instances
    assert frame.FrameOfReferenceUID == slices[0].FrameOfReferenceUID
    assert study.RTReferencedSeriesSequence[0].SeriesInstanceUID == slices[0].SeriesInstanceUID


def test_the_regions_keep_their_names_and_contours(shared: Path, thigh: tuple[list[Dataset], Dataset]) -> None:
    before = dcmread(next((shared / "dicom" / "sts001_mr_t2_rtss").rglob("rtstruct*/*")))
    after = thigh[1]
    assert {roi.ROIName for roi in after.StructureSetROISequence} == {"GTV_Mass", "GTV_Edema"}
    for old, new in zip(before.ROIContourSequence, after.ROIContourSequence, strict=True):
        assert [c.ContourData for c in old.ContourSequence] == [c.ContourData for c in new.ContourSequence]


def pointing(everything: list[Dataset]) -> list[bool]:
    """For each image that a segmentation points at, whether it is there."""
    instances = {str(ds.SOPInstanceUID) for ds in everything}
    series = [ds.ReferencedSeriesSequence for ds in everything if "ReferencedSeriesSequence" in ds]
    images = [image for sequence in series for one in sequence for image in one.ReferencedInstanceSequence]
    return sorted(str(image.ReferencedSOPInstanceUID) in instances for image in images)


def test_segmentations_still_point_at_their_images(shared: Path, tmp_path: Path) -> None:
    source = shared / "dicom" / "dcmqi" / "segmentations"
    deidentify(source, tmp_path / "out", key_file=tmp_path / "secret.key")
    files = [path for path in sorted(source.rglob("*"), reverse=True) if _is_dicom(path)]
    unique = {ds.SOPInstanceUID: ds for ds in map(dcmread, files)}  # the first in order is the one that is written
    before, after = pointing(list(unique.values())), pointing(read(tmp_path / "out"))
    assert any(before)
    assert before == after


@pytest.mark.parametrize("study", ["crlm1004_ct_12slices", "ibsi_STS_025", "d2n_enhanced", "localizer_3plane"])
def test_no_sample_changes(shared: Path, tmp_path: Path, study: str) -> None:
    report = deidentify(shared / "dicom" / study, tmp_path / "out", key_file=tmp_path / "secret.key")
    before = [dcmread(path) for path in sorted((shared / "dicom" / study).rglob("*")) if _is_image(path)]
    after = [ds for ds in read(tmp_path / "out") if "PixelData" in ds]
    assert len(after) == len(before) <= len(report.written)
    assert sorted(_digest(ds) for ds in before) == sorted(_digest(ds) for ds in after)


def _is_dicom(path: Path) -> bool:
    return path.is_file() and path.read_bytes()[128:132] == b"DICM"


def _is_image(path: Path) -> bool:
    return _is_dicom(path) and "PixelData" in dcmread(path)


def _digest(ds: Dataset) -> tuple[bytes, str]:
    return np.asarray(ds.pixel_array).tobytes(), str(ds.get("ImagePositionPatient", ""))
