"""Files with bytes turned, cut off, or of nonsense: values or a typed error, never a crash, never more memory."""

import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset

from sarcoma_review.dicom.scan import scan
from sarcoma_review.errors import SarcomaReviewError
from tests.dicom.enhanced_series import enhanced
from tests.dicom.series import image
from tests.dicom.test_codecs import ENCODERS, compressed, noise

MOST_BYTES = 100e6
"""Beside what the interpreter holds; the files are a few kB, and a header may say no more than they are long."""


def plain(_: str) -> list[Dataset]:
    return [image((0, 0, 3 * k), k) for k in range(3)]


def coded(syntax: str) -> list[Dataset]:
    return compressed(syntax, ENCODERS[syntax](noise()))


def multiframe(_: str) -> list[Dataset]:
    return [enhanced(4)]


KINDS = [(plain, ""), (multiframe, ""), *((coded, syntax) for syntax in ENCODERS)]


def files(images: list[Dataset], folder: Path) -> list[Path]:
    paths = [folder / f"{k}.dcm" for k in range(len(images))]
    for dataset, path in zip(images, paths, strict=True):
        dataset.save_as(path, enforce_file_format=True)
    return paths


def read_all(folder: Path) -> None:
    for entry in scan(folder).series.values():
        for spec in entry.volumes():
            try:
                spec.load()
            except SarcomaReviewError:
                continue


@pytest.mark.timeout(60)
@pytest.mark.filterwarnings("ignore::UserWarning")  # pydicom, of values that are not of their kind
@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize(("kind", "syntax"), KINDS, ids=lambda value: getattr(value, "__name__", value))
def test_a_broken_file_is_read_or_refused_by_type(kind: object, syntax: str, seed: int, tmp_path: Path) -> None:
    rng = np.random.default_rng(seed)
    assert callable(kind)
    paths = files(kind(syntax), tmp_path)
    whole = paths[0].read_bytes()
    tracemalloc.start()
    for _ in range(12):
        broken = bytearray(whole)
        for at in rng.integers(132, len(broken), int(rng.integers(1, 6))):
            broken[at] = (0, 255, int(rng.integers(256)))[rng.integers(3)]
        cut = len(broken) if rng.random() < 0.6 else int(rng.integers(len(broken)))
        paths[0].write_bytes(bytes(broken[:cut]))
        read_all(tmp_path)
    assert tracemalloc.get_traced_memory()[1] < MOST_BYTES
    tracemalloc.stop()
