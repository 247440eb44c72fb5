import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
from pydicom import Dataset, dcmread
from pydicom.uid import UID, ExplicitVRBigEndian

from sarcoma_review.errors import NotDeidentifiedError, NotDicomError
from sarcoma_review.privacy import check, deidentify
from sarcoma_review.privacy.gate import admit
from tests.privacy.case import HEADERS_ALONE, NAME, PATIENT_ID, ct, nested, save

SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"


def first(opened: Path) -> Path:
    return opened / "CT-1" / "0001.dcm"


def changed(opened: Path, change: Callable[[Dataset], object]) -> list[str]:
    """Rules that find fault after a change to a clean file; its receipt is put aside."""
    (opened / "deidentification_receipt.json").unlink()
    ds = dcmread(first(opened))
    change(ds)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ds.save_as(first(opened))
    report = check(opened)
    assert NAME not in repr(report)
    return [fault.rule for fault in report.faults]


def test_a_deidentified_case_is_open_by_its_receipt(opened: Path) -> None:
    assert repr(check(opened)) == "PrivacyReport('open', 3 files, 0 faults)"
    admission = admit(opened)
    assert (admission.clearance, len(admission.files), admission.skipped) == ("receipt", 3, ())


def test_a_single_file_of_a_case_is_covered_by_the_receipt_above_it(opened: Path) -> None:
    assert admit(first(opened)).clearance == "receipt"


def test_without_a_receipt_a_clean_case_is_open_by_its_content(opened: Path) -> None:
    (opened / "deidentification_receipt.json").unlink()
    assert admit(opened).clearance == "checked"


def test_an_identified_file_is_to_be_cleaned_first(tmp_path: Path) -> None:
    report = check(save(ct(), tmp_path / "1.dcm"))
    assert report.outcome == "clean_first"
    named = next(fault for fault in report.faults if fault.keyword == "PatientName")
    assert (named.file, named.path, named.rule, named.value) == (
        "1.dcm",
        "(0010,0010)",
        "pseudonym",
        "PN, 16 characters, holds a name in DICOM's form",
    )


def test_the_refusal_lists_faults_and_no_value(tmp_path: Path) -> None:
    save(ct(), tmp_path / f"{NAME}.dcm")
    with pytest.raises(
        NotDeidentifiedError, match=r"not de-identified \(\d+ faults\): de-identify it first"
    ) as caught:
        admit(tmp_path)
    message = str(caught.value)
    assert "... and" in message
    assert len(message.splitlines()) == 12
    assert not [word for word in (NAME, PATIENT_ID, "Wexcombe", "Brambleby", "20080517") if word in message]


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (lambda ds: setattr(ds, "PatientName", NAME), "pseudonym"),
        (lambda ds: setattr(ds, "PatientID", "SR-AAAAAAAAAA"), "pseudonym"),
        (lambda ds: setattr(ds, "PatientBirthDate", "20080517"), "empty"),
        (lambda ds: setattr(ds, "InstitutionName", NAME), "remove"),
        (lambda ds: setattr(ds, "PatientAge", "017Y"), "age"),
        (lambda ds: setattr(ds, "SeriesDescription", f"femur {NAME}"), "text"),
        (lambda ds: setattr(ds, "StationName", "CTWEX1"), "remove"),
        (lambda ds: setattr(ds, "SOPInstanceUID", "1.2.3.4"), "uid"),
        (lambda ds: setattr(ds, "SequenceName", NAME), "technical"),
        (lambda ds: setattr(ds, "SoftwareVersions", f"{NAME}^Una"), "technical"),
        (lambda ds: setattr(ds, "BodyPartExamined", NAME.upper()), "label"),
        (lambda ds: setattr(ds, "PatientIdentityRemoved", "NO"), "mark absent or not ours"),
        (lambda ds: setattr(ds, "DeidentificationMethod", f"by {NAME}"), "mark absent or not ours"),
        (lambda ds: ds.pop("LongitudinalTemporalInformationModified"), "mark absent or not ours"),
        (lambda ds: ds.pop("DeidentificationMethodCodeSequence"), "mark absent or not ours"),
        (
            lambda ds: setattr(ds.DeidentificationMethodCodeSequence[0], "CodeMeaning", NAME),
            "mark absent or not ours",
        ),
        (lambda ds: setattr(nested(ds, 3), "PatientComments", NAME), "remove"),
        (lambda ds: setattr(nested(ds, 3), "DeidentificationMethod", NAME), "marker"),
        (lambda ds: nested(ds, 2).add_new(0x00091001, "LO", NAME), "private"),
        (lambda ds: ds.add_new(0x00081303, "LO", NAME), "unknown"),
        (lambda ds: ds.add_new(0x00104000, "UN", NAME.encode()), "remove"),
        (lambda ds: ds.add_new(0x00280120, "LO", NAME), "wrong VR"),
        (lambda ds: ds.add_new(0x60004000, "LT", NAME), "group"),
        (lambda ds: ds.add_new(0xFFFCFFFC, "OB", NAME.encode()), "bytes after the pixel data"),
        (lambda ds: setattr(ds, "AcquisitionNumber", "4434765919"), "number"),
        (lambda ds: ds.file_meta.add_new(0x00020016, "AE", "WEXCOMBE"), "file meta"),
        (lambda ds: setattr(ds.file_meta, "ImplementationClassUID", UID("1.2.3.4")), "uid"),
        (lambda ds: setattr(ds, "preamble", NAME.encode().ljust(128, b"\0")), "the preamble is not empty"),
    ],
)
def test_one_identifier_keeps_the_gate_shut(opened: Path, change: Callable[[Dataset], object], rule: str) -> None:
    assert rule in changed(opened, change)


def test_bytes_behind_the_data_set_keep_the_gate_shut(opened: Path) -> None:
    (opened / "deidentification_receipt.json").unlink()
    with first(opened).open("ab") as file:
        file.write(NAME.encode())
    assert [fault.rule for fault in check(opened).faults] == ["bytes after the pixel data"]


def test_an_element_that_stands_twice_keeps_the_gate_shut(opened: Path) -> None:
    (opened / "deidentification_receipt.json").unlink()
    content = first(opened).read_bytes()
    element = b"\x08\x00\x60\x00CS\x02\x00CT"
    hidden = b"\x08\x00\x60\x00CS\x0c\x00" + NAME.encode()
    first(opened).write_bytes(content.replace(element, hidden + element))
    assert "elements out of order, or one twice" in [fault.rule for fault in check(opened).faults]


def test_another_encoding_than_ours_is_written_anew_first(tmp_path: Path) -> None:
    ds = ct()
    ds.PixelData = ds.PixelData[::-1]
    report = check(save(ds, tmp_path / "1.dcm", syntax=ExplicitVRBigEndian))
    assert "written anew as explicit little endian" in [fault.rule for fault in report.faults]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            lambda ds: setattr(ds, "SOPClassUID", UID(SECONDARY_CAPTURE)),
            "a kind of picture that habitually carries text (SC)",
        ),
        (lambda ds: setattr(ds, "BurnedInAnnotation", "YES"), "burned-in annotation, as the file itself says"),
        (lambda ds: setattr(ds, "ImageType", ["DERIVED", "SECONDARY", "SCREEN SAVE"]), "a drawn or coloured picture"),
        (lambda ds: setattr(ds, "PhotometricInterpretation", "RGB"), "a drawn or coloured picture"),
        (lambda ds: ds.pop("Rows"), "an image whose header does not say its size"),
        (lambda ds: ds.pop("PixelData"), "an image without pixel data"),
    ],
)
def test_what_cannot_be_judged_is_refused(opened: Path, change: Callable[[Dataset], object], reason: str) -> None:
    rules = changed(opened, change)
    assert len(rules) == 1
    assert rules[0].startswith(reason)
    assert check(opened).outcome == "refuse"


def test_files_that_are_not_dicom_are_listed(opened: Path) -> None:
    (opened / f"{NAME}.txt").write_text(NAME)
    report = check(opened)
    assert (report.outcome, report.files_checked) == ("open", 3)
    assert [reason.split(":")[0] for _, reason in report.skipped] == ["no DICOM file"]
    assert NAME not in str(report.skipped)


def test_dicom_that_is_not_whole_cannot_be_judged_and_is_to_be_cleaned_away(opened: Path, tmp_path: Path) -> None:
    whole = first(opened).read_bytes()
    (opened / "0101.dcm").write_bytes(whole[:900])
    (opened / "0102.dcm").write_bytes(whole[:-20])
    report = check(opened)
    assert (report.outcome, report.files_checked) == ("clean_first", 3)
    assert [fault.rule for fault in report.faults] == ["a DICOM file that cannot be read, and so not be judged"] * 2
    assert [reason.split(":")[0] for _, reason in report.skipped] == ["truncated"] * 2
    done = deidentify(opened, tmp_path / "clean", key_file=tmp_path / "key", profile=HEADERS_ALONE["peer-learning"])
    assert len(done.withheld) == 2
    assert check(tmp_path / "clean").outcome == "open"


@pytest.mark.parametrize("found", [0, 2])
def test_a_folder_without_dicom_says_what_was_expected(tmp_path: Path, found: int) -> None:
    folder = tmp_path / NAME
    folder.mkdir()
    for number in range(found):
        (folder / f"{number}.txt").write_text("x")
    with pytest.raises(NotDicomError, match=f'expected files with "DICM" at byte 128, found {found} other') as caught:
        admit(folder)
    assert NAME not in str(caught.value)


def test_nothing_that_pydicom_says_about_a_value_is_heard(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    ds = ct()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ds.StudyDate, ds.PatientAge, ds.SpecificCharacterSet = NAME, NAME, NAME
        path = save(ds, tmp_path / "1.dcm")
    caplog.clear()
    assert check(path).outcome == "clean_first"
    assert NAME not in caplog.text + "".join(capsys.readouterr())
