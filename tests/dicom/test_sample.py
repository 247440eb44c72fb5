import json
import shutil
import subprocess
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread

from sarcoma_review.dicom import open_study
from sarcoma_review.dicom.sample import write_patient
from sarcoma_review.errors import PrivacyError
from sarcoma_review.phantom import PATIENTS, Patient
from sarcoma_review.privacy.gate import check
from tests.conftest import require

SAMPLES = Path(__file__).parents[2] / "sample_dicom"
SHIPPED = SAMPLES / "distal_femur_osteosarcoma"
CASES = tuple(make.__name__ for make in PATIENTS)


def thin(patient: Patient) -> Patient:
    """The patient with three slices of each image and no outlines."""
    images = tuple(
        replace(image, volume=replace(image.volume, array=image.volume.array[:3])) for image in patient.images
    )
    return replace(patient, images=images, segments=())


FIXTURES = ("patient", "pelvis", "spine")
"""The fixture of each shipped patient."""


@pytest.fixture
def shipped(request: pytest.FixtureRequest) -> Patient:
    """Each shipped patient in turn."""
    found: Patient = request.getfixturevalue(request.param)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("shipped", FIXTURES, indirect=True)
def test_the_shipped_patient_is_what_the_phantom_makes_bit_for_bit(shipped: Patient, tmp_path: Path) -> None:
    made, stands = write_patient(shipped, tmp_path), SAMPLES / shipped.case_id
    names = {path.relative_to(made) for path in made.rglob("*") if path.is_file()}
    assert names == {path.relative_to(stands) for path in stands.rglob("*") if path.is_file()}
    different = [name for name in names if (made / name).read_bytes() != (stands / name).read_bytes()]
    assert different == []


def test_a_patient_is_not_written_over(patient: Patient, tmp_path: Path) -> None:
    write_patient(thin(patient), tmp_path)
    with pytest.raises(PrivacyError, match="destination"):
        write_patient(thin(patient), tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("shipped", FIXTURES, indirect=True)
def test_the_shipped_images_hold_what_the_phantom_drew(shipped: Patient) -> None:
    study = open_study(SAMPLES / shipped.case_id)
    assert study.clearance == "receipt"
    for drawn in (image for image in shipped.images if image.study == "preoperative"):
        read = study.volume(modality=drawn.volume.modality, description=drawn.volume.description)
        assert np.array_equal(read.array, drawn.volume.array)
        assert read.grid.same_as(drawn.volume.grid, tolerance_mm=1e-4)
    for segment in shipped.segments:
        assert np.array_equal(study.segment(segment.name).mask.array, segment.mask.array)
    assert len({volume.frame_of_reference_uid for volume in study.volumes}) == 1


def test_the_sample_is_small_and_says_how_it_was_made() -> None:
    size = sum(path.stat().st_size for path in SAMPLES.rglob("*") if path.is_file())
    assert size <= 25e6
    assert "sarcoma-review phantom" in (SAMPLES / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("case", CASES)
def test_each_patient_says_what_it_was_made_from(case: str) -> None:
    truth = json.loads((SAMPLES / case / "truth.json").read_text(encoding="utf-8"))
    assert set(truth) >= {"planes", "tumour", "minimum"}
    assert f"`{case}`" in (SAMPLES / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("case", CASES)
def test_no_shipped_patient_asks_to_be_cleaned_and_none_shows_a_head(case: str) -> None:
    assert check(SAMPLES / case).outcome == "open"
    study = open_study(SAMPLES / case)
    assert [volume.head for volume in study.volumes] == [""] * len(study.volumes)
    assert study.issues == []


def test_the_study_after_the_operation_stands_beside_the_case(patient: Patient, tmp_path: Path) -> None:
    home = write_patient(thin(patient), tmp_path)
    later = home.with_name(f"{home.name}_postoperative")
    assert {path.name for path in tmp_path.iterdir()} == {home.name, later.name}
    before, after = open_study(home), open_study(later)
    assert [volume.modality for volume in before.volumes] == ["CT", "MR"]
    drawn, read = patient.images[2].volume, after.volume(modality="CT")
    assert after.clearance == "receipt"
    assert np.array_equal(read.array, drawn.array[:3])
    assert read.position_mm((2, 50, 50)) == pytest.approx(drawn.position_mm((2, 50, 50)), abs=1e-4)
    assert read.frame_of_reference_uid != before.volumes[0].frame_of_reference_uid
    truth = json.loads((later / "truth.json").read_text(encoding="utf-8"))
    assert truth["achieved"] == patient.truth["achieved"]
    assert "achieved" not in json.loads((home / "truth.json").read_text(encoding="utf-8"))


def test_both_studies_are_one_patient_and_keep_the_days_between(patient: Patient, tmp_path: Path) -> None:
    home = write_patient(thin(patient), tmp_path)
    later = home.with_name(f"{home.name}_postoperative")
    first, second = (dcmread(min(case.glob("dicom/CT-*/*.dcm"))) for case in (home, later))
    assert first.PatientID == second.PatientID
    assert first.StudyInstanceUID != second.StudyInstanceUID
    days = [datetime.strptime(str(each.StudyDate), "%Y%m%d") for each in (first, second)]
    assert (days[1] - days[0]).days == 133  # 14 May to 24 September


def test_both_studies_are_written_with_the_same_bytes_every_time(patient: Patient, tmp_path: Path) -> None:
    def digests(folder: Path) -> dict[str, bytes]:
        write_patient(thin(patient), folder)
        return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    assert digests(tmp_path / "one") == digests(tmp_path / "two")


@pytest.mark.slow
def test_the_shipped_study_after_the_operation_is_what_the_phantom_makes(patient: Patient, tmp_path: Path) -> None:
    shipped = SAMPLES / f"{SHIPPED.name}_postoperative"
    require(shipped.is_dir(), "the shipped study after the operation")
    images = (*thin(patient).images[:2], patient.images[2])
    made = write_patient(replace(patient, images=images, segments=()), tmp_path)
    made = made.with_name(shipped.name)
    names = {path.relative_to(made) for path in made.rglob("*") if path.is_file()}
    assert names == {path.relative_to(shipped) for path in shipped.rglob("*") if path.is_file()}
    assert [name for name in names if (made / name).read_bytes() != (shipped / name).read_bytes()] == []


@pytest.mark.servers
@pytest.mark.parametrize("case", CASES)
def test_the_shipped_objects_are_valid_dicom(case: str) -> None:
    require(shutil.which("dciodvfy") is not None, "dciodvfy (package dicom3tools)")
    for series in sorted((SAMPLES / case / "dicom").glob("*-*/")):
        path = min(series.glob("*.dcm"))
        said = subprocess.run(["dciodvfy", str(path)], capture_output=True, text=True, check=False).stderr
        assert [line for line in said.splitlines() if line.startswith("Error")] == [], dcmread(path).Modality
