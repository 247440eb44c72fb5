from collections.abc import Callable
from pathlib import Path

import pytest
from pydicom import Dataset, dcmread

from sarcoma_review.privacy import deidentify
from tests.privacy.case import ct, save


@pytest.fixture
def key(tmp_path: Path) -> Path:
    return tmp_path / "secret.key"


@pytest.fixture
def clean(tmp_path: Path, key: Path) -> Callable[[Dataset], tuple[Dataset, bytes]]:
    """De-identify one data set; give the result, and its bytes."""

    def run(ds: Dataset) -> tuple[Dataset, bytes]:
        save(ds, tmp_path / "source" / "one.dcm")
        report = deidentify(tmp_path / "source", tmp_path / "out", key_file=key)
        written = tmp_path / "out" / report.written[0]
        return dcmread(written), written.read_bytes()

    return run


@pytest.fixture
def opened(tmp_path: Path, key: Path) -> Path:
    """A de-identified case of three slices."""
    for number in (1, 2, 3):
        save(ct(number), tmp_path / "identified" / f"{number}.dcm")
    deidentify(tmp_path / "identified", tmp_path / "case", key_file=key)
    return tmp_path / "case"
