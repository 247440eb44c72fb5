"""The gate against what was clean and then was given one identifier, or one flipped byte."""

import random
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import pytest
from pydicom import Dataset, dcmread
from pydicom.datadict import dictionary_VR, tag_for_keyword
from pydicom.sequence import Sequence

from sarcoma_review.errors import NotDicomError, PrivacyError
from sarcoma_review.privacy import deidentify
from sarcoma_review.privacy.gate import Gate
from sarcoma_review.privacy.sources import quietly
from sarcoma_review.privacy.structure import layout
from tests.privacy import coherent, corpus
from tests.privacy.canaries import Planter
from tests.privacy.case import HEADERS_ALONE, save

PLACED = ("at root", "in a sequence", "three deep", "in a private sequence")


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """One file of each kind, de-identified."""
    folder = tmp_path_factory.mktemp("mutants")
    for number, ds in enumerate(coherent.cases(Planter(21))[0][7:]):
        save(ds, folder / "source" / f"{number:03d}.dcm")
    profile = HEADERS_ALONE["peer-learning"]
    report = deidentify(folder / "source", folder / "out", key_file=folder / "key", profile=profile)
    return [(folder / "out" / name).read_bytes() for name in report.written]


def accepted(content: bytes, gate: Gate | None = None) -> bool:
    with quietly():
        try:
            return not (gate or Gate()).judged("a file", layout(content))
        except NotDicomError:
            return False


def read(content: bytes) -> Dataset:
    return dcmread(BytesIO(content))


def written(ds: Dataset) -> bytes:
    buffer = BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ds.save_as(buffer)
    return buffer.getvalue()


def with_one_row(clean: list[bytes], plant: Planter) -> Iterator[tuple[str, bytes]]:
    """One row of the table, once in each place."""
    for number, (tag, vr) in enumerate(corpus.rows()):
        for place in PLACED:
            value = plant.value(place, vr)
            if value is None or vr in ("TM", "AS", "DA", "DT") or (place != "at root" and vr == "UI"):
                continue  # a date or time looks like one that was shifted
            ds = read(clean[number % len(clean)])
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                corpus.PLACES[place](ds).add_new(tag, vr, value)
            yield f"{place} {vr}", written(ds)


def with_text(clean: list[bytes], plant: Planter) -> Iterator[tuple[str, bytes]]:
    """One name, NHS number, postcode, address or title in each attribute that keeps text."""
    spelt: tuple[Callable[[], str], ...] = (
        lambda: plant.word("text"),
        lambda: f"femur {plant.nhs('text')}",
        lambda: "knee ZE9 9ZZ",
        lambda: f"{plant.word('text')}@x.org",
        lambda: f"Dr {plant.word('text')}",
        lambda: "left 07700 900123",
        lambda: "born 17/05/2008",
    )
    for keyword in corpus.OFF_TABLE:
        tag = tag_for_keyword(keyword)
        if tag is None or dictionary_VR(tag) not in ("LO", "SH", "ST", "LT", "UT", "UC", "CS", "PN"):
            continue
        for number, spell in enumerate(spelt):
            ds = read(clean[number % len(clean)])
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                ds.add_new(tag, dictionary_VR(tag), spell())
            yield f"text in {keyword}", written(ds)


def test_no_mutant_with_one_identifier_is_accepted(clean: list[bytes]) -> None:
    plant = Planter(31)
    gate, count, passed = Gate(), 0, Counter[str]()
    for make in (with_one_row, with_text):
        for kind, content in make(clean, plant):
            count += 1
            passed[kind] += accepted(content, gate)
    assert +passed == Counter()
    assert count >= 2000


def test_every_clean_file_is_accepted(clean: list[bytes]) -> None:
    assert [accepted(content) for content in clean] == [True] * len(clean)


@pytest.mark.parametrize("seed", range(3))
def test_flipped_bytes_never_raise_anything_but_a_typed_error(clean: list[bytes], seed: int) -> None:
    chance = random.Random(seed)
    for content in clean:
        for _ in range(12):
            damaged = bytearray(content)
            for _ in range(chance.randint(1, 4)):
                damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
            accepted(bytes(damaged))


@pytest.mark.parametrize("seed", range(3))
def test_a_damaged_source_is_cleaned_left_out_or_withheld(tmp_path: Path, seed: int) -> None:
    chance = random.Random(100 + seed)
    for number, ds in enumerate(coherent.cases(Planter(seed))[0]):
        path = save(ds, tmp_path / "source" / f"{number:03d}.dcm")
        damaged = bytearray(path.read_bytes())
        damaged[chance.randrange(132, min(len(damaged), 2000))] ^= 1 << chance.randrange(8)
        path.write_bytes(bytes(damaged))
    try:
        deidentify(tmp_path / "source", tmp_path / "out", key_file=tmp_path / "key")
    except (PrivacyError, NotDicomError):
        assert not (tmp_path / "out").exists()
    else:
        assert (tmp_path / "out").is_dir()


def test_a_name_in_a_sequence_of_a_sequence_without_an_end_is_seen(clean: list[bytes]) -> None:
    ds = read(clean[0])
    inner, outer = Dataset(), Dataset()
    inner.PatientComments = Planter(1).word("deep")
    outer.AnatomicRegionModifierSequence = Sequence([inner])
    ds.AnatomicRegionSequence = Sequence([outer])
    ds["AnatomicRegionSequence"].is_undefined_length = True
    assert not accepted(written(ds))
