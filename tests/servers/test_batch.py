"""Many studies of a real archive: all of them, and nothing kept but what was found."""

import tempfile
from pathlib import Path

import httpx
import pytest

from sarcoma_review import batch
from sarcoma_review.batch import Options
from sarcoma_review.batch.studies import Place, listed
from sarcoma_review.batch.work import Job, work
from sarcoma_review.dicom.multipart import joined
from sarcoma_review.dicom.web import Archive
from tests.batch.many import SLICES
from tests.batch.test_archive import files

COUNT = 130  # more than a page of the listing


@pytest.fixture(scope="module")
def filled(orthanc: str, tmp_path_factory: pytest.TempPathFactory) -> Archive:
    """An archive that holds more studies than one page lists; the gate is not asked, for the phantom needs none."""
    folder = tmp_path_factory.mktemp("sent")
    kind = {"Content-Type": 'multipart/related; type="application/dicom"; boundary=edge'}
    with httpx.Client(timeout=60, headers=kind) as client:
        for seed in range(COUNT):
            client.post(f"{orthanc}/studies", content=joined(files(seed, folder), b"edge")).raise_for_status()
    return Archive(orthanc)


@pytest.mark.servers
def test_every_study_of_an_archive_is_a_row_and_a_second_run_fetches_none(filled: Archive, tmp_path: Path) -> None:
    made = batch.run("scan", filled, out=tmp_path / "found.csv", workers=2)
    known = {f"1.2.3.{seed}" for seed in range(COUNT)}
    assert known <= {place.name for place in listed(filled).places}
    of_ours = [row for row in made.rows() if set(made.place(row.study)) <= known]
    assert [row.cells["images"] for row in of_ours] == [SLICES] * COUNT
    assert made.failed == 0
    assert batch.run("scan", filled, out=tmp_path / "found.csv", workers=2).known == made.done
    assert "1.2.3." not in (tmp_path / "found.csv").read_text()


@pytest.mark.servers
def test_nothing_that_was_fetched_is_kept(filled: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    done = work(Job(0, Place("1.2.3.7", SLICES), "", "scan", Options(), filled, "run", b""))
    assert done.row.cells["images"] == SLICES
    assert list(tmp_path.iterdir()) == []
