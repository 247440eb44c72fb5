import json
from pathlib import Path

import pytest

from sarcoma_review.privacy.gate import admit, check
from sarcoma_review.privacy.receipt import RECEIPT_NAME, verify_receipt


def edited(folder: Path, **changes: object) -> None:
    path = folder / RECEIPT_NAME
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def test_a_fresh_case_has_a_receipt_that_fits(opened: Path) -> None:
    content = json.loads((opened / RECEIPT_NAME).read_text())
    assert verify_receipt(opened) == []
    assert (content["tool"], content["profile"], content["table_edition"]) == (
        "sarcoma_review",
        "peer-learning",
        "2026c",
    )
    assert sorted(content["files"]) == ["CT-1/0001.dcm", "CT-1/0002.dcm", "CT-1/0003.dcm"]


def test_a_changed_file_is_seen(opened: Path) -> None:
    path = opened / "CT-1" / "0002.dcm"
    path.write_bytes(path.read_bytes()[:-2] + b"\1\1")
    assert verify_receipt(opened) == ["entry 2 of the receipt: the file was changed"]
    assert [fault.rule for fault in check(opened).faults] == ["entry 2 of the receipt: the file was changed"]


def test_an_absent_file_is_seen(opened: Path) -> None:
    (opened / "CT-1" / "0003.dcm").unlink()
    assert verify_receipt(opened) == ["entry 3 of the receipt: the file is absent"]


def test_a_file_besides_is_not_covered_and_no_problem(opened: Path) -> None:
    (opened / "CT-1" / "0003.dcm").rename(opened / "CT-1" / "0004.dcm")
    copy = opened / "CT-1" / "0003.dcm"
    copy.write_bytes((opened / "CT-1" / "0004.dcm").read_bytes())
    assert verify_receipt(opened) == []
    assert admit(opened).clearance == "checked"


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"files": {"a": 1}}', "[" * 100_000])
def test_something_else_in_its_place_is_seen(opened: Path, content: str) -> None:
    (opened / RECEIPT_NAME).write_text(content)
    assert verify_receipt(opened) == ["the receipt cannot be read"]


def test_a_receipt_that_points_outside_is_seen(opened: Path) -> None:
    edited(opened, files={"../secret.key": {"sha256": "", "size": 1}}, files_count=1)
    assert verify_receipt(opened) == ["entry 1 of the receipt points outside its folder"]


def test_a_receipt_short_of_an_entry_is_seen(opened: Path) -> None:
    edited(opened, files_count=4)
    assert verify_receipt(opened) == ["the receipt does not hold the number of files that it states"]


def test_a_folder_without_one_says_so(tmp_path: Path) -> None:
    assert verify_receipt(tmp_path) == ["no receipt in the folder"]
