import datetime as dt
import importlib
import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset, Sequence, dcmread
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ImplicitVRLittleEndian

from sarcoma_review.errors import NotDicomError, PrivacyError
from sarcoma_review.privacy import check, deidentify, markers, rewrite, tokens
from sarcoma_review.privacy.identity import is_pseudonym
from tests.privacy.case import NAME, PATIENT_ID, PIXELS, ct, nested, save

MODULE = importlib.import_module("sarcoma_review.privacy.work")

Clean = Callable[[Dataset], tuple[Dataset, bytes]]


def spellings(word: str) -> list[bytes]:
    return [word.lower().encode(), word.lower().encode("utf-16-le")]


def holds(content: bytes, word: str) -> bool:
    return any(spelling in content.lower() for spelling in spellings(word))


@pytest.mark.parametrize("depth", [0, 1, 3])
@pytest.mark.parametrize(
    ("tag", "vr"),
    [
        (0x00104000, "LT"),  # in the table
        (0x0008103E, "LO"),  # cleaned
        (0x00081050, "PN"),
        (0x00700081, "LO"),  # outside the table
        (0x00400280, "ST"),
        (0x00091001, "LO"),  # private
        (0x00081303, "LO"),  # in the table, unknown to pydicom
        (0x00201041, "LO"),  # a number by its dictionary
        (0x00081030, "UN"),
        (0x00081190, "UR"),
        (0x00181000, "LO"),
        (0x00400241, "AE"),
    ],
)
def test_a_planted_name_goes_at_every_depth(clean: Clean, tag: int, vr: str, depth: int) -> None:
    ds = ct()
    nested(ds, depth).add_new(tag, vr, b"Thistlewood " if vr == "UN" else "Thistlewood")
    assert not holds(clean(ds)[1], "Thistlewood")


def test_names_in_every_corner_of_a_file_go(clean: Clean) -> None:
    ds = ct()
    block = Dataset()
    block.add_new(0x00091001, "LO", "Thistlewood")
    ds.add_new(0x00090010, "LO", "ACME")
    ds.add_new(0x00091002, "SQ", Sequence([block]))
    ds.add_new(0x60003000, "OW", b"Thistlewood.")
    ds.add_new(0xFFFCFFFC, "OB", b"Thistlewood.")
    ds.PixelData += b"Thistlewood."
    ds.preamble = b"Thistlewood".ljust(128, b"\0")
    assert not holds(clean(ds)[1], "Thistlewood")


def test_file_meta_and_bytes_behind_the_data_set_do_not_pass(tmp_path: Path, key: Path) -> None:
    meta = Dataset()
    meta.SourceApplicationEntityTitle = "THISTLEWOOD"
    path = save(ct(), tmp_path / "source" / "Thistlewood.dcm", meta=meta)
    path.write_bytes(path.read_bytes() + b"Thistlewood")
    report = deidentify(tmp_path / "source", tmp_path / "out", key_file=key)
    assert report.written == ("CT-1/0001.dcm",)
    assert not holds((tmp_path / "out" / "CT-1" / "0001.dcm").read_bytes(), "Thistlewood")


def test_what_makes_the_picture_useful_stays(clean: Clean) -> None:
    ds, _ = clean(ct())
    assert np.array_equal(ds.pixel_array, PIXELS)
    assert (ds.SeriesDescription, ds.Manufacturer, ds.Modality) == ("Femur left 3.0 mm", "SIEMENS", "CT")
    assert (ds.ImagePositionPatient, ds.PixelSpacing, ds.InstanceNumber) == ([0, 0, 3], [1, 1], 1)
    assert (ds.PatientSex, ds.PatientAge, ds.PatientBirthDate) == ("F", "015Y", "")


def test_name_and_number_become_one_pseudonym_and_the_marks_are_set(clean: Clean) -> None:
    ds, _ = clean(ct())
    assert is_pseudonym(ds.PatientID)
    assert ds.PatientName == ds.PatientID
    assert ds.PatientIdentityRemoved == "YES"
    assert ds.LongitudinalTemporalInformationModified == "MODIFIED"
    codes = [item.CodeValue for item in ds.DeidentificationMethodCodeSequence]
    assert codes == ["113100", "113103", "113104", "113105", "113107", "113108", "113111"]


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian])
def test_every_native_encoding_becomes_explicit_little_endian(tmp_path: Path, key: Path, syntax: str) -> None:
    ds = ct()
    if syntax == ExplicitVRBigEndian:
        ds.PixelData = PIXELS.astype(">u2").tobytes()
    save(ds, tmp_path / "source" / "1.dcm", syntax=syntax)  # type: ignore[arg-type]
    deidentify(tmp_path / "source", tmp_path / "out", key_file=key)
    new = dcmread(tmp_path / "out" / "CT-1" / "0001.dcm")
    assert new.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.1"
    assert np.array_equal(new.pixel_array, PIXELS)


def test_the_interval_between_two_studies_stays_to_the_second(tmp_path: Path, key: Path) -> None:
    save(ct(1, date="20240301", time="101500"), tmp_path / "source" / "1.dcm")
    save(ct(2, date="20240531", time="235959"), tmp_path / "source" / "2.dcm")
    report = deidentify(tmp_path / "source", tmp_path / "out", key_file=key)
    read = [dcmread(tmp_path / "out" / name) for name in report.written]
    first, second = (dt.datetime.strptime(ds.StudyDate + ds.StudyTime, "%Y%m%d%H%M%S") for ds in read)
    assert second - first == dt.datetime(2024, 5, 31, 23, 59, 59) - dt.datetime(2024, 3, 1, 10, 15)
    assert first.year < 2024


def test_the_same_key_gives_the_same_files_again_and_another_does_not(tmp_path: Path, key: Path) -> None:
    save(ct(), tmp_path / "source" / "1.dcm")
    for out, secret in (("a", key), ("b", key), ("c", tmp_path / "other.key")):
        deidentify(tmp_path / "source", tmp_path / out, key_file=secret)
    a, b, c = ((tmp_path / out / "CT-1" / "0001.dcm").read_bytes() for out in "abc")
    assert a == b != c


def test_a_result_may_be_deidentified_again(opened: Path, tmp_path: Path, key: Path) -> None:
    deidentify(opened, tmp_path / "again", key_file=key)
    assert check(tmp_path / "again").outcome == "open"


def test_the_basic_profile_empties_more_and_is_open_too(tmp_path: Path, key: Path) -> None:
    save(ct(), tmp_path / "source" / "1.dcm")
    deidentify(tmp_path / "source", tmp_path / "out", key_file=key, profile="basic")
    ds = dcmread(tmp_path / "out" / "CT-1" / "0001.dcm")
    assert (ds.PatientSex, ds.StudyDate, ds.get("PatientAge"), ds.get("SeriesDescription")) == ("", "", None, None)
    assert ds.LongitudinalTemporalInformationModified == "REMOVED"
    assert check(tmp_path / "out").outcome == "open"


def test_two_patients_get_a_folder_each(tmp_path: Path, key: Path) -> None:
    save(ct(1), tmp_path / "source" / "1.dcm")
    other = ct(2)
    other.PatientID = "ZK0000001"
    save(other, tmp_path / "source" / "2.dcm")
    report = deidentify(tmp_path / "source", tmp_path / "out", key_file=key)
    assert sorted(report.written) == sorted(f"{case}/CT-1/0001.dcm" for case in report.case_id)
    assert len(report.case_id) == 2


def test_of_two_files_with_one_uid_the_second_is_withheld(tmp_path: Path, key: Path) -> None:
    save(ct(1), tmp_path / "source" / "1.dcm")
    save(ct(1, date="20240302"), tmp_path / "source" / "2.dcm")
    report = deidentify(tmp_path / "source", tmp_path / "out", key_file=key)
    assert report.withheld == (("2.dcm", "its SOP instance UID is that of another file"),)


def test_what_is_withheld_is_listed_without_its_name(tmp_path: Path, key: Path) -> None:
    whole = save(ct(1), tmp_path / "source" / "1.dcm").read_bytes()
    (tmp_path / "source" / f"{NAME}.dcm").write_bytes(whole[:-10])
    (tmp_path / "source" / f"{NAME}.txt").write_text(NAME)
    capture = ct(2)
    capture.SOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    save(capture, tmp_path / "source" / "capture.dcm")
    report = deidentify(tmp_path / "source", tmp_path / "out", key_file=key)
    assert [name for name, _ in report.withheld] == ["file 2", "file 3", "file 4"]
    assert NAME not in str(report.withheld) + repr(report)


@pytest.mark.usefixtures("opened")
def test_the_receipt_and_report_count_and_name_nobody(tmp_path: Path, key: Path) -> None:
    seen: list[tuple[int, int]] = []
    report = deidentify(
        tmp_path / "identified",
        tmp_path / "out",
        key_file=key,
        progress=lambda done, total: seen.append((done, total)),
    )
    assert seen == [(1, 3), (2, 3), (3, 3)]
    assert report.actions["pseudonym"] == 6
    assert report.receipt == tmp_path / "out" / "deidentification_receipt.json"
    assert not any(word in report.receipt.read_text() for word in (NAME, PATIENT_ID, "1.2.826"))


def test_a_name_in_a_machine_code_goes_with_it(clean: Clean) -> None:
    ds = ct()
    ds.Manufacturer = f"for {NAME}"
    assert clean(ds)[0].Manufacturer == "removed"


def test_a_leak_withholds_the_case_and_leaves_nothing(
    tmp_path: Path, key: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def leaking(*args: object) -> bytes:
        content: bytes = original(*args)
        return content.replace(b"SIEMENS ", b"Una Una ")

    original = MODULE.rewritten
    monkeypatch.setattr(MODULE, "rewritten", leaking)
    monkeypatch.setattr(tokens, "SHORTEST", 3)
    save(ct(), tmp_path / "source" / "1.dcm")
    with pytest.raises(
        PrivacyError, match=re.escape("identity remains at (0008,0070): the case is withheld")
    ) as caught:
        deidentify(tmp_path / "source", tmp_path / "out", key_file=key)
    assert NAME not in str(caught.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["source"]


def test_a_result_that_the_gate_refuses_is_withheld(
    tmp_path: Path, key: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rewrite._marks.cache_clear()
    monkeypatch.setattr(markers, "stamp", lambda *_, **__: None)
    save(ct(), tmp_path / "source" / "1.dcm")
    with pytest.raises(PrivacyError, match="did not pass the gate: the case is withheld"):
        deidentify(tmp_path / "source", tmp_path / "out", key_file=key)
    rewrite._marks.cache_clear()
    assert not (tmp_path / "out").exists()


def test_a_failure_within_withholds_the_case_and_quotes_nothing(
    tmp_path: Path, key: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failing(*_: object, **__: object) -> Dataset:
        raise TypeError(f"cannot write {NAME}")

    monkeypatch.setattr(MODULE, "rewritten", failing)
    save(ct(), tmp_path / "source" / "1.dcm")
    with pytest.raises(PrivacyError, match=r"1.dcm could not be rewritten \(TypeError\)") as caught:
        deidentify(tmp_path / "source", tmp_path / "out", key_file=key)
    assert NAME not in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_nothing_to_release_is_an_error(tmp_path: Path, key: Path) -> None:
    ds = ct()
    ds.BurnedInAnnotation = "YES"
    save(ds, tmp_path / "source" / "1.dcm")
    with pytest.raises(PrivacyError, match="nothing could be released: burned-in annotation"):
        deidentify(tmp_path / "source", tmp_path / "out", key_file=key)


def test_a_folder_without_dicom_is_an_error(tmp_path: Path, key: Path) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "notes.txt").write_text("x")
    with pytest.raises(NotDicomError, match="found 1 other files"):
        deidentify(tmp_path / "source", tmp_path / "out", key_file=key)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("source", "destination", "why"),
    [
        ("nowhere", "out", "the source does not exist"),
        ("identified", "identified/out", "lie one in the other"),
        ("identified", ".", "lie one in the other"),
        ("identified", "case", "the destination holds something"),
    ],
)
@pytest.mark.usefixtures("opened")
def test_wrong_places_are_refused(tmp_path: Path, key: Path, source: str, destination: str, why: str) -> None:
    with pytest.raises(PrivacyError, match=why):
        deidentify(tmp_path / source, tmp_path / destination, key_file=key)


@pytest.mark.usefixtures("opened")
def test_an_empty_destination_and_new_folders_above_it_will_do(tmp_path: Path, key: Path) -> None:
    (tmp_path / "empty").mkdir()
    for destination in ("empty", "new/below"):
        deidentify(tmp_path / "identified", tmp_path / destination, key_file=key)
        assert check(tmp_path / destination).outcome == "open"
    assert json.loads(key.read_text())["tool"] == "sarcoma_review"


def test_regions_of_a_structure_set_stay_apart_when_their_names_go(clean: Clean) -> None:
    ds = ct()
    names = ["GTV_Mass", NAME, f"margin {NAME} 12/03/2024"]
    ds.StructureSetROISequence = Sequence(Dataset() for _ in names)
    for number, (item, name) in enumerate(zip(ds.StructureSetROISequence, names, strict=True), 1):
        item.ROINumber, item.ROIName = number, name
    assert [item.ROIName for item in clean(ds)[0].StructureSetROISequence] == ["GTV_Mass", "ROI 2", "margin"]
