import gc
import os
import shutil
import stat
import struct
import zipfile
from pathlib import Path

import pydicom.data
import pytest
from pydicom import dcmread

from sarcoma_review.dicom import container, open_study, scan
from sarcoma_review.dicom.scan import files_of
from sarcoma_review.errors import DicomError, NotDeidentifiedError, SarcomaReviewError, UnsupportedError
from tests.dicom.mutations import mutations
from tests.dicom.series import image, save
from tests.dicom.test_study import cleaned

LISTED = Path(pydicom.data.__file__).parent / "test_files" / "dicomdirtests"


def zipped(folder: Path, *, method: int = zipfile.ZIP_DEFLATED) -> Path:
    archive = folder.with_suffix(".zip")
    with zipfile.ZipFile(archive, "w", method) as out:
        for name, file in files_of(folder).items():
            out.write(file, name)
    return archive


def with_member(folder: Path, member: zipfile.ZipInfo | str, content: bytes = b"x") -> Path:
    with zipfile.ZipFile(folder / "archive.zip", "w") as out:
        out.writestr(member, content)
    return folder / "archive.zip"


def series(folder: Path) -> Path:
    return save([image((0, 0, 3 * k), k) for k in range(3)], folder / "deep" / "down").parent


def test_an_archive_holds_what_its_folder_holds(tmp_path: Path) -> None:
    folder = series(tmp_path)
    (folder / "letter.txt").write_text("Dear colleague")
    index, inside = scan(folder), scan(zipped(folder))
    assert inside.series.keys() == index.series.keys()
    assert [path.name for path, _ in inside.skipped] == ["letter.txt"]
    (spec,) = inside.series["2.25.2"].volumes()
    assert spec.load().array.shape == (3, 7, 9)


def test_an_archive_lives_as_long_as_anything_found_in_it_and_no_longer(tmp_path: Path) -> None:
    spec = scan(zipped(series(tmp_path))).series["2.25.2"].volumes()[0]
    gc.collect()
    home = spec.instances[0].path.parents[1]
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert spec.load().array.shape == (3, 7, 9)
    del spec
    gc.collect()
    assert not home.exists()


def test_a_study_opens_from_an_archive_on_its_receipt_and_through_the_gate(tmp_path: Path) -> None:
    assert open_study(zipped(cleaned(tmp_path, 0, 3, 6))).clearance == "receipt"
    (volume,) = open_study(zipped(cleaned(tmp_path / "again", 0, 3, 6))).volumes
    assert volume.array.shape == (3, 7, 9)
    with pytest.raises(NotDeidentifiedError, match="PatientName"):
        open_study(zipped(tmp_path / "in"))


@pytest.mark.parametrize("name", ["../out", "a/../../out", "/etc/out", "\\out", "a\\..\\..\\out", "C:/out", "C:out"])
def test_a_name_that_leads_out_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(DicomError, match="leads out of it"):
        scan(with_member(tmp_path, name))
    assert [path.name for path in tmp_path.iterdir()] == ["archive.zip"]


def test_a_link_is_refused(tmp_path: Path) -> None:
    member = zipfile.ZipInfo("link")
    member.create_system, member.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    with pytest.raises(DicomError, match="a link or a device"):
        scan(with_member(tmp_path, member, b"/etc/passwd"))


def test_an_encrypted_archive_is_refused(tmp_path: Path) -> None:
    archive = with_member(tmp_path, "a")
    data = bytearray(archive.read_bytes())
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    archive.write_bytes(data)
    with pytest.raises(DicomError, match="encrypted"):
        scan(archive)


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_packing_that_could_fill_the_memory_is_refused(method: int, tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError, match="packed by method"):
        scan(zipped(series(tmp_path), method=method))


def test_two_members_of_one_name_are_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as out:
        out.writestr("one", b"1")
        out.writestr("./one", b"2")
    with pytest.raises(DicomError, match="two members of one name"):
        scan(tmp_path / "a.zip")


def test_a_bomb_is_refused_by_what_comes_out_and_not_by_what_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(container, "_ALWAYS_ALLOWED_BYTES", 1_000_000)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "zeros").write_bytes(bytes(8_000_000))
    archive = zipped(tmp_path / "in")
    left = set(Path(os.environ.get("TMPDIR", "/tmp")).glob("sarcoma_review-*"))
    with pytest.raises(DicomError, match="far more than its size allows"):
        scan(archive)
    data = archive.read_bytes()
    archive.write_bytes(data.replace(struct.pack("<I", 8_000_000), struct.pack("<I", 1_000)))
    assert [reason for _, reason in scan(archive).skipped] == ["damaged in the archive"]  # no more came out than said
    gc.collect()
    assert set(Path(os.environ.get("TMPDIR", "/tmp")).glob("sarcoma_review-*")) <= left


def test_a_list_of_members_that_could_fill_the_memory_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(container, "_LARGEST_LIST_BYTES", 10)
    with pytest.raises(DicomError, match="list of members takes"):
        scan(zipped(series(tmp_path)))


def in_the_larger_form(archive: Path, length: int) -> Path:
    """The archive with the list of its members described a second time, as those beyond 4 GB have it."""
    whole = archive.read_bytes()
    start, end = whole.index(b"PK\x01\x02"), whole.index(b"PK\x05\x06")
    large = struct.pack("<4sQ2H2I4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 3, 3, length or end - start, start)
    locator = struct.pack("<4sIQI", b"PK\x06\x07", 0, end, 1)
    archive.write_bytes(whole[:end] + large + locator + whole[end:])
    return archive


def test_the_larger_form_of_an_archive_is_read(tmp_path: Path) -> None:
    assert list(scan(in_the_larger_form(zipped(series(tmp_path)), 0)).series) == ["2.25.2"]


def test_the_length_that_the_larger_form_gives_is_looked_at_too(tmp_path: Path) -> None:
    with pytest.raises(DicomError, match="list of members takes"):
        scan(in_the_larger_form(zipped(series(tmp_path)), 1 << 40))


def test_an_archive_inside_is_listed_and_not_opened(tmp_path: Path) -> None:
    folder = series(tmp_path)
    shutil.move(zipped(folder), folder / "inner.zip")
    for index in (scan(folder), scan(zipped(folder))):
        assert [reason for _, reason in index.skipped] == ["an archive among the files, not opened"]


def test_a_damaged_member_is_listed(tmp_path: Path) -> None:
    archive = zipped(series(tmp_path), method=zipfile.ZIP_STORED)
    data = bytearray(archive.read_bytes())
    data[400] ^= 0xFF
    archive.write_bytes(data)
    index = scan(archive)
    assert [reason for _, reason in index.skipped] == ["damaged in the archive"]
    assert [len(entry.instances) for entry in index.series.values()] == [2]


@pytest.mark.parametrize("at_end", [False, True])
def test_a_damaged_archive_is_refused_or_listed_and_never_a_crash(at_end: bool, tmp_path: Path) -> None:
    whole = zipped(series(tmp_path)).read_bytes()
    for data in mutations(whole[::-1] if at_end else whole, 150, seed=3, within=600):
        (tmp_path / "bad.zip").write_bytes(data[::-1] if at_end else data)
        try:
            scan(tmp_path / "bad.zip")
        except SarcomaReviewError as refusal:
            assert "archive" in str(refusal)  # noqa: PT017


def test_a_dicom_file_with_an_archive_behind_it_is_a_dicom_file(tmp_path: Path) -> None:
    (file,) = save([image((0, 0, 0), 0)], tmp_path / "in").iterdir()
    (tmp_path / "both").write_bytes(file.read_bytes() + zipped(tmp_path / "in").read_bytes())
    assert list(scan(tmp_path / "both").series) == ["2.25.2"]


def test_where_a_dicomdir_and_the_disk_disagree_is_noted_and_the_disk_is_believed(tmp_path: Path) -> None:
    shutil.copytree(LISTED, tmp_path / "disc")
    named = sum("ReferencedFileID" in record for record in dcmread(LISTED / "DICOMDIR").DirectoryRecordSequence)
    gone, other = tmp_path / "disc/77654033/CR1/6154", tmp_path / "disc/98892003/new"
    shutil.move(gone, other)
    for place in (tmp_path / "disc", tmp_path / "disc" / "DICOMDIR"):
        index = scan(place)
        notes = {path: note for path, note in index.notes if "TINY" not in str(path) and "TINY" not in path.name}
        assert notes[gone] == "named by the DICOMDIR and not there"
        assert notes[other] == "there and not named by the DICOMDIR"
        assert sum(len(entry.instances) for entry in index.series.values()) >= named


def test_a_file_that_the_dicomdir_names_and_that_was_skipped_is_not_said_to_be_absent(tmp_path: Path) -> None:
    shutil.copytree(LISTED, tmp_path / "disc")
    broken = tmp_path / "disc/77654033/CR1/6154"
    broken.write_bytes(b"no image any more")
    index = scan(tmp_path / "disc")
    assert dict(index.skipped)[broken] == "not DICOM"
    assert dict(index.notes)[broken] == "named by the DICOMDIR and left out: not DICOM"


def test_a_damaged_member_that_the_dicomdir_names_is_not_said_to_be_absent(tmp_path: Path) -> None:
    shutil.copytree(LISTED, tmp_path / "disc")
    packed = zipped(tmp_path / "disc", method=zipfile.ZIP_STORED)
    wanted = (LISTED / "77654033/CR1/6154").read_bytes()
    data = packed.read_bytes()
    packed.write_bytes(data.replace(wanted, wanted[:-9] + b"otherwise"))
    notes = {path.name: note for path, note in scan(packed).notes}
    assert notes["6154"] == "named by the DICOMDIR and left out: damaged in the archive"


def test_a_damaged_dicomdir_is_noted_and_never_a_crash(tmp_path: Path) -> None:
    save([image((0, 0, 0), 0)], tmp_path)
    (tmp_path / "DICOMDIR").write_text("no list")
    assert (tmp_path / "DICOMDIR", "a DICOMDIR that cannot be read") in scan(tmp_path).notes
    for data in mutations((LISTED / "DICOMDIR").read_bytes(), 60, seed=5):
        (tmp_path / "DICOMDIR").write_bytes(data)
        assert list(scan(tmp_path).series) == ["2.25.2"]
