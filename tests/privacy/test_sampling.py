import json
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from pydicom import dcmread

from sarcoma_review.errors import PrivacyError
from sarcoma_review.privacy import burned_in, check, deidentify, pictures
from sarcoma_review.privacy.blanking import TextLine
from sarcoma_review.privacy.contact_sheet import ContactSheet
from sarcoma_review.privacy.gate import admit
from sarcoma_review.privacy.objects import UNREAD, needs_reading
from sarcoma_review.privacy.receipt import AUDIT_NAMES, RECEIPT_NAME, read_entries
from sarcoma_review.privacy.rehearsal import pretend_identified
from sarcoma_review.privacy.sampling import TEXT_SEEN, sampled
from tests.privacy.case import HEADERS_ALONE, NAME, PIXELS, ct, save
from tests.privacy.picture import film, grey

DAY = date(2026, 11, 22)


def series(folder: Path, *, number: int, slices: int, pixels: NDArray[np.uint16]) -> None:
    """A CT series of which the middle slice holds these pixels."""
    for n in range(slices):
        ds = ct(10 * number + n)
        ds.SeriesInstanceUID = f"1.2.826.0.1.999.3.{number}"
        shown = pixels if n == slices // 2 else PIXELS
        ds.Rows, ds.Columns, ds.PixelData = *shown.shape, shown.tobytes()
        save(ds, folder / f"{number:02d}{n:02d}.dcm")


def test_first_middle_and_last_are_looked_at() -> None:
    assert sampled(range(7)) == [0, 3, 6]
    assert sampled([]) == []


def test_a_series_with_text_in_its_middle_slice_is_withheld_and_the_other_released(tmp_path: Path) -> None:
    series(tmp_path / "in", number=1, slices=3, pixels=grey((f"{NAME} Una", 12, 10)))
    series(tmp_path / "in", number=2, slices=2, pixels=grey())
    report = deidentify(tmp_path / "in", tmp_path / "out", key_file=tmp_path / "key")
    assert [reason for _, reason in report.withheld] == [TEXT_SEEN] * 3
    assert len(report.written) == 2
    assert check(tmp_path / "out").outcome == "open"


def test_a_case_of_which_nothing_is_left_leaves_nothing_behind(tmp_path: Path) -> None:
    series(tmp_path / "in", number=1, slices=1, pixels=grey((f"{NAME} Una", 12, 10)))
    with pytest.raises(PrivacyError, match="needs a signed contact sheet"):
        deidentify(tmp_path / "in", tmp_path / "out", key_file=tmp_path / "key")
    assert [path.name for path in tmp_path.iterdir()] == ["in"]


def test_a_signed_series_is_released_with_its_text_blanked(tmp_path: Path) -> None:
    picture = grey((f"{NAME} Una", 12, 10))
    series(tmp_path / "in", number=1, slices=3, pixels=picture)
    signature = ContactSheet.of(tmp_path / "in").sign("radiologist", DAY)
    report = deidentify(tmp_path / "in", tmp_path / "out", key_file=tmp_path / "key", signature=signature)
    shown = dcmread(tmp_path / "out" / report.written[1]).pixel_array
    assert (shown[14:28, 12:130] == picture.min()).all()
    assert (shown[60:] == picture[60:]).all()


def test_without_the_extra_slices_are_released_and_films_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(burned_in, "is_available", lambda: False)
    series(tmp_path / "in", number=1, slices=2, pixels=grey())
    save(film(number=9), tmp_path / "in" / "0900.dcm")
    report = deidentify(tmp_path / "in", tmp_path / "out", key_file=tmp_path / "key")
    assert len(report.written) == 2
    assert [reason.partition("; ")[2] for _, reason in report.withheld] == [burned_in.INSTALL]


def test_a_signed_film_is_released_and_a_file_changed_since_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = TextLine((10, 5, 32, 150), "", is_marker=False)
    monkeypatch.setattr(pictures, "find_text", lambda _image, **_named: [line])
    for number in (1, 2):
        save(film(number=number), tmp_path / "in" / f"{number:04d}.dcm")
    signature = ContactSheet.of(tmp_path / "in").sign("radiologist", DAY)
    save(film(grey(("another name", 50, 60)), number=2), tmp_path / "in" / "0002.dcm")
    report = deidentify(tmp_path / "in", tmp_path / "out", key_file=tmp_path / "key", signature=signature)
    assert [name for name, _ in report.withheld] == ["0002.dcm"]
    assert check(tmp_path / "out").outcome == "open"
    released = tmp_path / "out" / report.written[0]
    content = bytearray(released.read_bytes())
    content[-1000] ^= 1
    released.write_bytes(bytes(content))
    assert check(tmp_path / "out").outcome == "refuse"


def test_a_rehearsal_names_somebody_in_every_file(tmp_path: Path) -> None:
    sample = Path(__file__).parents[2] / "sample_dicom" / "distal_femur_osteosarcoma" / "dicom" / "MR-3"
    assert pretend_identified(sample, tmp_path / "archive") == 37
    report = check(tmp_path / "archive")
    named = {fault.file for fault in report.faults if fault.keyword == "PatientName"}
    assert report.outcome == "refuse"
    assert len(named) == 36


def test_nobodys_real_images_are_given_another_name(tmp_path: Path) -> None:
    save(ct(), tmp_path / "in" / "0001.dcm")
    with pytest.raises(PrivacyError, match="de-identified slices to rehearse on"):
        pretend_identified(tmp_path / "in", tmp_path / "archive")


REFORMATTED = ["DERIVED", "SECONDARY", "MPR"]


def reformats(folder: Path) -> None:
    for number in (1, 2):
        ds = ct(number)
        ds.ImageType = REFORMATTED
        save(ds, folder / f"{number:04d}.dcm")


def test_slices_made_from_others_open_by_a_receipt_that_says_they_were_read_and_not_without(tmp_path: Path) -> None:
    reformats(tmp_path / "in")
    deidentify(tmp_path / "in", tmp_path / "out", key_file=tmp_path / "key")
    assert admit(tmp_path / "out").clearance == "receipt"
    (tmp_path / "out" / RECEIPT_NAME).unlink()
    report = check(tmp_path / "out")
    assert report.outcome == "clean_first"
    assert {(fault.keyword, fault.rule) for fault in report.faults} == {("ImageType", UNREAD)}


def test_slices_made_from_others_are_withheld_where_nothing_can_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(burned_in, "is_available", lambda: False)
    reformats(tmp_path / "in")
    save(ct(3, date="20240402"), tmp_path / "in" / "0003.dcm")
    report = deidentify(tmp_path / "in", tmp_path / "out", key_file=tmp_path / "key")
    assert [reason for _, reason in report.withheld] == [UNREAD] * 2
    assert check(tmp_path / "out").outcome == "open"


def test_a_look_that_was_left_out_by_decision_stands_in_receipt_and_audit(tmp_path: Path) -> None:
    reformats(tmp_path / "in")
    deidentify(tmp_path / "in", tmp_path / "out", key_file=tmp_path / "key", profile=HEADERS_ALONE["basic"])
    assert {entry["read"] for entry in read_entries(tmp_path / "out").values()} == {"left out"}
    assert json.loads((tmp_path / "out" / AUDIT_NAMES[0]).read_text())["slices_sampled_for_text"] == "no"


@pytest.mark.parametrize(
    ("image_type", "needs"),
    [
        (["ORIGINAL", "PRIMARY", "AXIAL"], False),
        (["DERIVED", "PRIMARY", "DIFFUSION", "ADC"], False),
        (REFORMATTED, True),
        (["ORIGINAL", "SECONDARY"], True),
        (["DERIVED"], True),
    ],
)
def test_first_hand_slices_need_no_reading(image_type: list[str], needs: bool) -> None:
    ds = ct()
    ds.ImageType = image_type
    assert needs_reading(ds) is needs
