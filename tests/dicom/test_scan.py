from pathlib import Path

import pytest

from sarcoma_review.dicom import scan
from sarcoma_review.errors import NotDicomError
from tests.dicom.series import image, save


def test_what_is_not_dicom_is_listed_with_the_reason(tmp_path: Path) -> None:
    save([image((0, 0, 3 * k), k) for k in range(3)], tmp_path / "deep" / "down")
    (tmp_path / "letter.txt").write_text("Dear colleague")
    whole = (tmp_path / "deep/down/file000").read_bytes()
    (tmp_path / "cut.dcm").write_bytes(whole[:200])
    (tmp_path / "empty.dcm").write_bytes(b"")
    seen: list[tuple[int, int]] = []
    index = scan(tmp_path, progress=lambda done, total: seen.append((done, total)))
    assert [len(entry.instances) for entry in index.series.values()] == [3]
    assert sorted(path.name for path, _ in index.skipped) == ["cut.dcm", "empty.dcm", "letter.txt"]
    assert {reason for path, reason in index.skipped if path.name != "cut.dcm"} == {"not DICOM"}
    assert all("truncated" in reason for path, reason in index.skipped if path.name == "cut.dcm")
    assert seen[-1] == (6, 6)


@pytest.mark.parametrize("length", range(130, 900, 37))
def test_a_header_cut_anywhere_never_raises(tmp_path: Path, length: int) -> None:
    save([image((0, 0, 0), 0)], tmp_path)
    whole = (tmp_path / "file000").read_bytes()
    (tmp_path / "file000").write_bytes(whole[:length])
    index = scan(tmp_path)
    assert len(index.series) + len(index.skipped) == 1


def test_a_single_file_is_indexed(tmp_path: Path) -> None:
    save([image((0, 0, 0), 0)], tmp_path)
    assert len(scan(tmp_path / "file000").series) == 1


def test_a_path_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotDicomError, match="no such file or folder"):
        scan(tmp_path / "nowhere")
    assert scan(tmp_path).series == {}
