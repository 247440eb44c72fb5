import os
import tracemalloc
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import pydicom.data
import pytest
from pydicom import Dataset
from pydicom.errors import InvalidDicomError
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ImplicitVRLittleEndian

from sarcoma_review.dicom.elements import BROKEN, Header, read_with_pydicom
from sarcoma_review.dicom.header import read_header
from sarcoma_review.dicom.instance import Instance
from sarcoma_review.dicom.scan import read_instance
from tests.dicom.mutations import mutations
from tests.dicom.series import image

PACKAGED = Path(pydicom.data.__file__).parent
VARIED = ("CT_small.dcm", "MR_small_implicit.dcm", "rtplan.dcm", "JPEG2000.dcm", "reportsi.dcm", "nested_priv_SQ.dcm")


def truth(path: Path) -> Header | None:
    """What pydicom reads; None where it refuses."""
    try:
        return read_with_pydicom(path)
    except (InvalidDicomError, OSError, *BROKEN):
        return None


def walked(path: Path) -> Header | None:
    """What the walk reads; None where it leaves the file to pydicom, or says as pydicom does that it is not DICOM."""
    try:
        return read_header(path)[0]
    except InvalidDicomError:
        assert truth(path) is None
        return None


def shown(header: Header | None) -> str:
    """All values as text, so that not-a-number equals itself and 1 equals 1.0."""
    if header is None:
        return "refused"
    numbers = {key: tuple(map(float, values)) for key, values in sorted(header.numbers.items())}
    return repr((sorted(header.texts.items()), numbers, header[2:]))


def unequal(paths: Iterator[Path]) -> tuple[list[Path], int]:
    """Files whose header the walk gives otherwise than pydicom, and how many it gives at all."""
    given = [(path, header) for path in paths if (header := walked(path)) is not None]
    return [path for path, header in given if shown(header) != shown(truth(path))], len(given)


def written(folder: Path, dataset: Dataset, **options: Any) -> Path:
    dataset.save_as(folder / "file", enforce_file_format=True, **options)
    return folder / "file"


def test_every_file_that_pydicom_brings_is_read_as_pydicom_reads_it() -> None:
    wrong, given = unequal(path for path in sorted(PACKAGED.rglob("*")) if path.is_file())
    assert wrong == []
    assert given > 100


@pytest.mark.real_data
def test_every_real_file_is_read_as_pydicom_reads_it(shared: Path) -> None:
    wrong, given = unequal(path for path in sorted((shared / "dicom").rglob("*")) if path.is_file())
    assert wrong == []
    assert given > 400


@pytest.mark.parametrize("name", VARIED)
def test_a_damaged_file_is_read_as_pydicom_reads_it_or_left_to_it(name: str, tmp_path: Path) -> None:
    (original,) = PACKAGED.rglob(name)
    given = 0
    for data in mutations(original.read_bytes(), 60, seed=len(name)):
        (tmp_path / "file").write_bytes(data)
        header = walked(tmp_path / "file")
        given += header is not None
        assert header is None or shown(header) == shown(truth(tmp_path / "file"))
    assert given or name == "nested_priv_SQ.dcm"


@pytest.mark.parametrize(
    "name", [*VARIED, "MR_small_bigendian.dcm", "image_dfl.dcm", "liver_1frame.dcm", "UN_sequence.dcm"]
)
def test_a_damaged_file_is_an_instance_or_a_reason_and_never_a_crash(name: str, tmp_path: Path) -> None:
    (original,) = PACKAGED.rglob(name)
    for data in mutations(original.read_bytes(), 40, seed=7):
        (tmp_path / "file").write_bytes(data)
        read_instance(tmp_path / "file")


@pytest.mark.parametrize("syntax", [ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian])
def test_pydicom_reads_what_the_walk_leaves_to_it(syntax: str, tmp_path: Path) -> None:
    dataset = image((1, 2, 3), 4, EchoTime=2.5, PixelPaddingValue=-2000)
    plain, _ = read_header(written(tmp_path, dataset))
    dataset.file_meta.TransferSyntaxUID = UID(syntax)
    dataset["PixelData"].VR = "OW"
    path = written(tmp_path, dataset, overwrite=True)
    assert plain is not None
    assert read_header(path)[0] is None
    assert read_with_pydicom(path)[:4] == plain[:4]


def test_the_pixels_lie_where_the_header_says(tmp_path: Path) -> None:
    dataset = image((0, 0, 0), 1)
    path = written(tmp_path, dataset)
    header, (size, _) = read_header(path)
    assert header is not None
    assert path.read_bytes()[header.pixel_offset :][: header.pixel_length] == dataset.PixelData
    assert size == path.stat().st_size


def test_a_header_longer_than_the_first_read_is_walked_to_its_end(tmp_path: Path) -> None:
    dataset = image((0, 0, 0), 1)
    block = dataset.private_block(0x0009, "LONG", create=True)
    block.add_new(1, "OB", bytes(300_000))
    header, _ = read_header(written(tmp_path, dataset))
    assert header is not None
    assert shown(header) == shown(truth(tmp_path / "file"))
    assert header.pixel_offset > 300_000


def test_sequences_of_undefined_length_are_walked_over(tmp_path: Path) -> None:
    dataset, item, inner = image((0, 0, 0), 1), Dataset(), Dataset()
    inner.Rows, item.Columns = 1, 2  # those of an item are not those of the image
    item.SourceImageSequence = [inner]
    dataset.ReferencedImageSequence = [item, item]
    for holder in (dataset["ReferencedImageSequence"], item["SourceImageSequence"]):
        holder.is_undefined_length = True
    item.is_undefined_length_sequence_item = True
    for syntax in (ImplicitVRLittleEndian, "1.2.840.10008.1.2.1"):
        dataset.file_meta.TransferSyntaxUID = UID(syntax)
        header, _ = read_header(written(tmp_path, dataset))
        assert header is not None
        assert header.numbers["Rows"] == (7,)


def test_a_deflated_bomb_is_not_inflated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sarcoma_review.dicom.header._LARGEST_INFLATED", 1_000_000)
    dataset = image((0, 0, 0), 1)
    dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    dataset.PixelData = bytes(2_000_000)
    assert "ValueError" in str(read_instance(written(tmp_path, dataset)))
    dataset.PixelData = bytes(20_000)
    assert not isinstance(read_instance(written(tmp_path, dataset)), str)


def test_a_length_beyond_the_file_takes_no_memory(tmp_path: Path) -> None:
    whole = written(tmp_path, image((0, 0, 0), 1)).read_bytes()
    at = whole.index(b"\x08\x00\x3e\x10LO")
    (tmp_path / "file").write_bytes(whole[:at] + b"\x08\x00\x3e\x10UT\0\0\xf0\xff\xff\xff" + whole[at + 8 :])
    tracemalloc.start()
    try:
        read_instance(tmp_path / "file")
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert read_instance(tmp_path / "pipe") == "cannot be read: not a regular file"


def test_an_instance_has_all_its_values(tmp_path: Path) -> None:
    found = read_instance(written(tmp_path, image((0, 0, 0), 1)))
    assert isinstance(found, Instance)
    assert vars(found).keys() == {field.name for field in fields(Instance)}
