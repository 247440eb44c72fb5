import json
import os
import shutil
import stat
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sarcoma_review.dicom import Index, scan
from sarcoma_review.dicom import scan as scan_folder
from sarcoma_review.dicom.instance import Instance
from sarcoma_review.errors import DicomError
from tests.dicom.mutations import mutations
from tests.dicom.series import image, save

NAME = "Szczebrzeszynska"


@pytest.fixture(autouse=True)
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing waits two seconds for its files to count as settled; one test looks at that itself."""
    monkeypatch.setattr("sarcoma_review.dicom.stored_index._SETTLED_NS", -(10**12))


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files that are really opened."""
    opened: list[Path] = []
    module: Any = __import__("sarcoma_review.dicom.scan", fromlist=["read_instance"])
    whole = module.read_instance

    def counted(file: Path, *, home: object = None) -> Any:
        opened.append(file)
        return whole(file, home=home)

    monkeypatch.setattr(module, "read_instance", counted)
    return opened


def folder_of(tmp_path: Path) -> Path:
    folder = save(
        [image((0, 0, 3 * k), k, PatientName=NAME, PatientID="9434765919") for k in range(4)], tmp_path / "in"
    )
    save(
        [image((0, 5 * k, 0), k, SeriesInstanceUID="2.25.9", Modality="MR", EchoTime=k) for k in range(3)],
        folder / "b",
    )
    (folder / "letter.txt").write_text("Dear colleague")
    return folder


def values(index: Index) -> list[tuple[str, ...]]:
    return [
        tuple(repr(getattr(instance, field.name)) for field in fields(Instance))
        for entry in index.series.values()
        for instance in entry.instances
    ]


def test_a_second_scan_finds_the_same_and_opens_nothing(tmp_path: Path, reads: list[Path]) -> None:
    folder, kept = folder_of(tmp_path), tmp_path / "kept"
    plain, first = scan(folder), scan(folder, cache=kept)
    reads.clear()
    second = scan(folder, cache=kept)
    assert reads == []
    assert values(second) == values(first) == values(plain)
    assert second.skipped == plain.skipped
    (spec,) = second.series["2.25.2"].volumes()
    assert np.array_equal(spec.load().array, plain.series["2.25.2"].volumes()[0].load().array)


def test_what_changed_is_read_again_and_nothing_else(tmp_path: Path, reads: list[Path]) -> None:
    folder, kept = folder_of(tmp_path), tmp_path / "kept"
    scan(folder, cache=kept)
    changed, gone, new = folder / "file000", folder / "file001", folder / "new"
    times = changed.stat()
    data = changed.read_bytes()
    changed.write_bytes(data.replace(b"thigh", b"ankle"))  # of the same length
    os.utime(changed, ns=(times.st_atime_ns, times.st_mtime_ns))  # and dated back
    gone.rename(new)
    reads.clear()
    index = scan(folder, cache=kept)
    assert sorted(reads) == [changed, new]
    assert sorted(i.description for i in index.series["2.25.2"].instances) == ["ankle", "thigh", "thigh", "thigh"]
    reads.clear()
    assert values(scan(folder, cache=kept)) == values(index)
    assert reads == []


def test_a_file_that_has_just_changed_is_not_kept(
    tmp_path: Path, reads: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    folder = folder_of(tmp_path)
    scan(folder, cache=tmp_path / "kept")
    body = json.loads((tmp_path / "kept").read_bytes().partition(b"\n")[2])
    assert body == {"series": [], "refused": {}}
    assert reads == []  # nor is the count of this module in place any more


def test_the_index_holds_no_name_and_is_for_its_owner_alone(tmp_path: Path) -> None:
    folder, kept = folder_of(tmp_path), tmp_path / "kept"
    scan(folder, cache=kept)
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert NAME.encode() not in kept.read_bytes()
    assert b"9434765919" not in kept.read_bytes()
    assert str(tmp_path).encode() not in kept.read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in", "kept"]


def test_the_index_of_another_folder_is_not_believed(tmp_path: Path) -> None:
    folder, kept = folder_of(tmp_path), tmp_path / "kept"
    scan(folder, cache=kept)
    shutil.copytree(folder, tmp_path / "other")
    (tmp_path / "other" / "file000").unlink()
    assert len(scan(tmp_path / "other", cache=kept).series["2.25.2"].instances) == 3


def test_a_file_that_is_no_index_is_never_written_over(tmp_path: Path) -> None:
    folder = folder_of(tmp_path)
    before = (folder / "file000").read_bytes()
    with pytest.raises(DicomError, match="not an index of this program"):
        scan(folder, cache=folder / "file000")
    assert (folder / "file000").read_bytes() == before


def test_a_damaged_index_is_made_anew(tmp_path: Path) -> None:
    folder, kept = folder_of(tmp_path), tmp_path / "kept"
    expected = values(scan(folder, cache=kept))
    whole = kept.read_bytes()
    for data in mutations(whole[40:], 40, seed=11):
        kept.write_bytes(whole[:40] + data)
        assert values(scan_folder(folder, cache=kept)) == expected
    assert kept.read_bytes() == whole


def test_progress_begins_before_the_first_file_is_read(tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    scan(folder_of(tmp_path), progress=lambda done, total: seen.append((done, total)))
    assert seen == [(done, 8) for done in range(9)]
