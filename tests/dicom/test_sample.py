import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread

from sarcoma_review.dicom import open_study
from sarcoma_review.dicom.sample import write_patient
from sarcoma_review.errors import PrivacyError
from sarcoma_review.phantom import Patient
from tests.conftest import require

SAMPLES = Path(__file__).parents[2] / "sample_dicom"
SHIPPED = SAMPLES / "distal_femur_osteosarcoma"


@pytest.mark.slow
def test_the_shipped_patient_is_what_the_phantom_makes_bit_for_bit(patient: Patient, tmp_path: Path) -> None:
    made = write_patient(patient, tmp_path)
    names = {path.relative_to(made) for path in made.rglob("*") if path.is_file()}
    assert names == {path.relative_to(SHIPPED) for path in SHIPPED.rglob("*") if path.is_file()}
    different = [name for name in names if (made / name).read_bytes() != (SHIPPED / name).read_bytes()]
    assert different == []
    with pytest.raises(PrivacyError, match="destination"):
        write_patient(patient, tmp_path)


@pytest.mark.slow
def test_the_shipped_images_hold_what_the_phantom_drew(patient: Patient) -> None:
    study = open_study(SHIPPED)
    assert study.clearance == "receipt"
    for drawn in patient.images:
        read = study.volume(modality=drawn.volume.modality)
        assert np.array_equal(read.array, drawn.volume.array)
        assert read.grid.same_as(drawn.volume.grid, tolerance_mm=1e-4)
    for segment in patient.segments:
        assert np.array_equal(study.segment(segment.name).mask.array, segment.mask.array)
    assert len({volume.frame_of_reference_uid for volume in study.volumes}) == 1


def test_the_sample_is_small_and_says_how_it_was_made() -> None:
    size = sum(path.stat().st_size for path in SAMPLES.rglob("*") if path.is_file())
    assert size <= 25e6
    assert "sarcoma-review phantom" in (SAMPLES / "README.md").read_text(encoding="utf-8")
    assert set(json.loads((SHIPPED / "truth.json").read_text())) >= {"planes", "tumour", "minimum"}


@pytest.mark.servers
def test_the_shipped_objects_are_valid_dicom() -> None:
    require(shutil.which("dciodvfy") is not None, "dciodvfy (package dicom3tools)")
    for kind in ("CT", "MR", "SEG"):
        path = min(SHIPPED.glob(f"dicom/{kind}-*/*.dcm"))
        said = subprocess.run(["dciodvfy", str(path)], capture_output=True, text=True, check=False).stderr
        assert [line for line in said.splitlines() if line.startswith("Error")] == [], dcmread(path).Modality
