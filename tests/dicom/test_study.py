from pathlib import Path

import numpy as np
import pytest

from sarcoma_review.dicom import open_study, source_images
from sarcoma_review.errors import DicomError, MissingSlicesError, NotDeidentifiedError, NotDicomError
from sarcoma_review.privacy import deidentify
from tests.dicom.series import image, save

NAME = "Szczebrzeszynska"


def cleaned(folder: Path, *positions: float) -> Path:
    source = save(
        [image((0, 0, z), k, PatientID="x", PatientName=NAME) for k, z in enumerate(positions)], folder / "in"
    )
    deidentify(source, folder / "clean", key_file=folder / "case.key")
    return folder / "clean"


def test_a_study_that_names_a_patient_stays_shut_and_the_name_stays_out(tmp_path: Path) -> None:
    source = save([image((0, 0, 3 * k), k, PatientID="x", PatientName=NAME) for k in range(3)], tmp_path)
    with pytest.raises(NotDeidentifiedError, match=r"\(0010,0010\) PatientName") as refusal:
        open_study(source)
    assert NAME not in str(refusal.value)
    assert refusal.value.__cause__ is None or NAME not in str(refusal.value.__cause__)


def test_a_cleaned_study_opens_on_its_receipt_and_its_volumes_may_be_shown(tmp_path: Path) -> None:
    study = open_study(cleaned(tmp_path, 0, 3, 6))
    assert study.clearance == "receipt"
    (volume,) = study.volumes
    assert volume.clearance == "receipt"
    assert (volume.array // 100)[:, 0, 0].tolist() == [0, 1, 2]


def test_without_its_receipt_a_clean_study_opens_on_the_check(tmp_path: Path) -> None:
    folder = cleaned(tmp_path, 0, 3, 6)
    for receipt in folder.rglob("*.json"):
        receipt.unlink()
    assert open_study(folder).clearance == "checked"


def test_a_file_changed_after_the_receipt_keeps_the_gate_shut(tmp_path: Path) -> None:
    folder = cleaned(tmp_path, 0, 3, 6)
    victim = min(folder.rglob("*.dcm"))
    victim.write_bytes(victim.read_bytes()[:-2] + b"\x07\x07")
    with pytest.raises(NotDeidentifiedError, match="receipt"):
        open_study(folder)


def test_a_file_changed_after_the_gate_is_not_read(tmp_path: Path) -> None:
    folder = cleaned(tmp_path, 0, 3, 6)
    study = open_study(folder)
    victim = min(folder.rglob("*.dcm"))
    victim.write_bytes(victim.read_bytes() + b"\0\0")
    assert study.volumes == []
    assert any("changed after the study was opened" in issue for issue in study.issues)


def test_not_even_the_pseudonym_is_read_from_a_file_changed_after_the_gate(tmp_path: Path) -> None:
    folder = cleaned(tmp_path, 0, 3, 6)
    study, volume = open_study(folder), open_study(folder).volume(modality="CT")
    for victim in folder.rglob("*.dcm"):
        victim.write_bytes(victim.read_bytes() + b"\0\0")
    with pytest.raises(DicomError, match="a file changed after the study was opened"):
        _ = study.pseudonym
    with pytest.raises(DicomError, match="a file changed after the study was opened"):
        source_images(study.index, volume)


def test_what_cannot_be_stacked_is_an_issue_and_raises_when_asked_for(tmp_path: Path) -> None:
    study = open_study(cleaned(tmp_path, 0, 3, 9, 12))
    assert study.volumes == []
    assert any("slices are missing" in issue for issue in study.issues)
    with pytest.raises(MissingSlicesError, match=r"gap of 6\.0 mm"):
        study.volume(modality="CT")


def test_asking_for_what_is_not_there_lists_what_is(tmp_path: Path) -> None:
    study = open_study(cleaned(tmp_path, 0, 3, 6))
    with pytest.raises(DicomError, match=r"expected one volume \(MR\), found 0; the study holds: CT"):
        study.volume(modality="MR")
    with pytest.raises(DicomError, match="expected one segment named 'tumour', found 0; there are: none"):
        study.segment("tumour")


def test_a_folder_without_dicom_is_refused(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("Dear colleague")
    with pytest.raises(NotDicomError, match="DICOM"):
        open_study(tmp_path)


@pytest.mark.real_data
def test_outlines_of_real_studies_land_on_the_volume_they_were_drawn_on(shared: Path, tmp_path: Path) -> None:
    deidentify(shared / "dicom/ibsi_STS_002/dicom", tmp_path / "clean", key_file=tmp_path / "k.key")
    study = open_study(tmp_path / "clean")
    assert sorted(volume.modality for volume in study.volumes) == ["CT", "MR", "PT"]
    by_series = {volume.series_uid: volume for volume in study.volumes}
    found = {by_series[s.mask.series_uid].modality: int(np.count_nonzero(s.mask.array)) for s in study.segments}
    assert found == {"CT": 17090, "MR": 17090, "PT": 555}  # as another program counts them
