import json
import shutil
from pathlib import Path

import pytest

from sarcoma_review.privacy.gate import Gate, admit, check
from sarcoma_review.privacy.receipt import RECEIPT_NAME, is_sealed, verify_receipt
from sarcoma_review.privacy.sources import Source
from tests.privacy.case import ct, save


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


@pytest.fixture
def looked_into(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files that the gate looked into in full."""
    names: list[str] = []
    judge = Gate.faults

    def noted(gate: Gate, source: Source, **stated: bool) -> object:
        names.append(source.path.name)
        return judge(gate, source, **stated)

    monkeypatch.setattr(Gate, "faults", noted)
    return names


def test_of_a_sealed_folder_one_file_is_looked_into(opened: Path, looked_into: list[str]) -> None:
    assert admit(opened).clearance == "receipt"
    assert looked_into == ["0001.dcm"]


def test_an_edited_receipt_saves_nothing_and_gives_no_clearance(opened: Path, looked_into: list[str]) -> None:
    edited(opened, date="2031-01-01")
    assert not is_sealed(opened)
    assert admit(opened).clearance == "checked"
    assert looked_into == ["0001.dcm", "0002.dcm", "0003.dcm"]


def test_a_receipt_of_an_older_edition_of_the_rules_saves_nothing(
    opened: Path, looked_into: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sarcoma_review.privacy.receipt.RULES", 99)
    assert admit(opened).clearance == "checked"
    assert len(looked_into) == 3


def test_an_identified_file_that_is_added_keeps_the_gate_shut(opened: Path) -> None:
    save(ct(9), opened / "CT-1" / "0004.dcm")
    report = check(opened)
    assert report.outcome == "clean_first"
    assert {fault.file for fault in report.faults} == {"CT-1/0004.dcm"}


def test_a_removed_file_keeps_the_gate_shut(opened: Path) -> None:
    (opened / "CT-1" / "0003.dcm").unlink()
    assert check(opened).outcome == "clean_first"


def test_the_receipt_of_another_case_opens_nothing(opened: Path, tmp_path: Path) -> None:
    for number in (1, 2, 3):
        save(ct(number), tmp_path / "other" / "CT-1" / f"{number:04d}.dcm")
    shutil.copy(opened / RECEIPT_NAME, tmp_path / "other" / RECEIPT_NAME)
    report = check(tmp_path / "other")
    assert report.outcome == "clean_first"
    assert "pseudonym" in {fault.rule for fault in report.faults if fault.file.endswith("0003.dcm")}


def test_a_receipt_laid_beside_other_files_closes_the_folder(opened: Path, tmp_path: Path) -> None:
    shutil.copytree(opened / "CT-1", tmp_path / "elsewhere" / "MR-1")
    shutil.copy(opened / RECEIPT_NAME, tmp_path / "elsewhere" / RECEIPT_NAME)
    absent = [fault.rule for fault in check(tmp_path / "elsewhere").faults]
    assert absent == [f"entry {n} of the receipt: the file is absent" for n in (1, 2, 3)]
