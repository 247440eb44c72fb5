"""Numbers that are none: identifiers in decimal strings, names in binary numbers, sequences that are not items."""

from pathlib import Path

import pydicom
import pytest
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from sarcoma_review.privacy import check, deidentify
from tests.privacy.case import HEADERS_ALONE, ct, save


def _with_raw(ds: Dataset, tag: int, vr: str, value: bytes) -> Dataset:
    ds._dict[Tag(tag)] = RawDataElement(Tag(tag), vr, len(value), value, 0, False, True)
    return ds


def _cleaned(ds: Dataset, folder: Path) -> Path:
    save(ds, folder / "source" / "1.dcm")
    places = folder / "source", folder / "clean"
    deidentify(*places, key_file=folder / "key.json", profile=HEADERS_ALONE["peer-learning"])
    return folder / "clean" / "CT-1" / "0001.dcm"


@pytest.mark.parametrize(
    "value", [b"943 476 5919", b"943-476-5919", b"9434765919.0", b"12.03.1999", b"020 7946 0958 "]
)
@pytest.mark.parametrize(("tag", "vr"), [(0x00180050, "DS"), (0x00181074, "DS"), (0x00200012, "IS")])
def test_an_identifier_written_as_a_number_shuts_the_gate(tmp_path: Path, tag: int, vr: str, value: bytes) -> None:
    clean = _cleaned(ct(), tmp_path)
    _with_raw(pydicom.dcmread(clean), tag, vr, value).save_as(clean)
    assert check(clean).outcome == "clean_first"


@pytest.mark.parametrize(
    ("tag", "vr", "value"),
    [(0x00189089, "FD", b"Brambleby^Otto 7 Lane ab"), (0x00181310, "US", b"Bramblex")],
    ids=["doubles", "shorts"],
)
def test_a_name_packed_into_binary_numbers_is_dropped(tmp_path: Path, tag: int, vr: str, value: bytes) -> None:
    assert value not in _cleaned(_with_raw(ct(), tag, vr, value), tmp_path).read_bytes()


def test_a_dose_in_becquerel_stays_to_its_last_digit(tmp_path: Path) -> None:
    ds = ct()
    ds.RadionuclideTotalDose = "392456704"
    assert pydicom.dcmread(_cleaned(ds, tmp_path)).RadionuclideTotalDose == 392456704


def test_a_sequence_of_another_vr_does_not_stop_the_run(tmp_path: Path) -> None:
    clean = _cleaned(_with_raw(ct(), 0x00400555, "OB", b"Bramblex"), tmp_path)
    assert b"Bramblex" not in clean.read_bytes()
