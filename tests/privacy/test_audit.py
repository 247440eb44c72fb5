"""The audit, the receipt, going on after a break, several processes, and the end of a key."""

import hashlib
import hmac
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydicom import dcmread

from sarcoma_review.errors import PrivacyError
from sarcoma_review.privacy import check, deidentify
from sarcoma_review.privacy.identity import forget_key
from sarcoma_review.privacy.receipt import RECEIPT_NAME, entry
from sarcoma_review.privacy.work import Bench, Done
from tests.privacy.case import NAME, PATIENT_ID, ct, save

AUDITS = ("deidentification_audit.json", "deidentification_audit.html")


@pytest.mark.parametrize("name", AUDITS)
def test_the_audit_counts_by_rule_and_names_nobody(opened: Path, name: str) -> None:
    said = (opened / name).read_text("utf-8")
    assert all(word in said for word in ("pseudonym", "113105", "2026c", "CT-1/0003.dcm"))
    assert not [word for word in (NAME, PATIENT_ID, "1.2.826", "Wexcombe", "20080517") if word in said]


def test_the_audit_tells_a_source_file_to_the_holder_of_the_key_alone(opened: Path, tmp_path: Path) -> None:
    secret = bytes.fromhex(json.loads((tmp_path / "secret.key").read_text())["secret"])
    source = (tmp_path / "identified" / "1.dcm").read_bytes()
    stated = json.loads((opened / AUDITS[0]).read_text())["files"][0]
    assert stated["source_hmac_sha256"] == hmac.new(secret, source, hashlib.sha256).hexdigest()
    assert hashlib.sha256(source).hexdigest() not in (opened / AUDITS[0]).read_text()


def test_a_receipt_written_anew_for_a_changed_file_opens_nothing(opened: Path) -> None:
    path = opened / "CT-1" / "0002.dcm"
    ds = dcmread(path)
    ds.PatientName = NAME
    ds.save_as(path)
    receipt = json.loads((opened / RECEIPT_NAME).read_text())
    receipt["files"]["CT-1/0002.dcm"] = entry(path.read_bytes())
    (opened / RECEIPT_NAME).write_text(json.dumps(receipt))
    assert "pseudonym" in [fault.rule for fault in check(opened).faults]


def test_every_single_flipped_bit_of_a_receipted_file_is_seen(opened: Path) -> None:
    path = opened / "CT-1" / "0002.dcm"
    content = bytearray(path.read_bytes())
    for position in range(0, len(content), 97):
        content[position] ^= 1
        path.write_bytes(bytes(content))
        assert check(opened).outcome != "open"
        content[position] ^= 1


def test_a_file_or_folder_called_after_somebody_keeps_the_gate_shut(opened: Path) -> None:
    (opened / RECEIPT_NAME).unlink()
    (opened / "CT-1").rename(opened / NAME)
    report = check(opened)
    assert {fault.rule for fault in report.faults} == {"the name of the file"}
    assert NAME not in repr(report)


def many(folder: Path, count: int = 70) -> Path:
    for number in range(1, count + 1):
        save(ct(number), folder / f"{number}.dcm")
    return folder


def test_two_processes_write_what_one_writes(tmp_path: Path, key: Path) -> None:
    source = many(tmp_path / "source")
    for jobs in (1, 2):
        deidentify(source, tmp_path / f"out{jobs}", key_file=key, jobs=jobs)
    outs = (tmp_path / "out1", tmp_path / "out2")
    one, two = ({p.relative_to(out).as_posix(): p.read_bytes() for p in _files(out)} for out in outs)
    assert one == two


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())


def test_a_run_that_was_broken_off_goes_on_where_it_stopped(
    tmp_path: Path, key: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, worked = many(tmp_path / "source", 6), []
    original = Bench._check

    def breaking(self: Bench, name: str, content: bytes, *, signed: bool) -> None:
        worked.append(name)
        if len(worked) == 4:
            raise KeyboardInterrupt("broken off")
        original(self, name, content, signed=signed)

    deidentify(many(tmp_path / "other", 1), tmp_path / "first", key_file=key)
    monkeypatch.setattr(Bench, "_check", breaking)
    with pytest.raises(KeyboardInterrupt, match="broken off"):
        deidentify(source, tmp_path / "out", key_file=key)
    assert not (tmp_path / "out").exists()
    deidentify(source, tmp_path / "out", key_file=key)
    assert len(worked) == 4 + 3
    assert check(tmp_path / "out").outcome == "open"
    assert not list(tmp_path.glob(".*"))


def test_what_is_known_of_a_file_holds_no_value_of_it() -> None:
    assert "tokens" not in repr(Done(1, "file 1"))


def test_a_forgotten_key_is_gone_and_something_else_stays(tmp_path: Path, key: Path) -> None:
    deidentify(many(tmp_path / "source", 1), tmp_path / "out", key_file=key)
    assert key.stat().st_mode & 0o777 == 0o600
    forget_key(key)
    assert not key.exists()
    key.write_text("a letter")
    with pytest.raises(PrivacyError, match=re.escape("the key file cannot be read")):
        forget_key(key)
    assert key.read_text() == "a letter"
