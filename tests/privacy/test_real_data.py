"""The public studies beside the project: cleaned once, the gate is open, references hold, and nothing is lost."""

import json
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
from pydicom import Dataset, FileDataset, dcmread
from pydicom import data as packaged

from sarcoma_review.errors import NotDicomError
from sarcoma_review.privacy import DeidentificationReport, check, deidentify
from sarcoma_review.privacy.identity import Keyed, load_secret
from sarcoma_review.privacy.sources import quietly
from tests.conftest import require
from tests.privacy.case import HEADERS_ALONE

STUDIES = (
    *("crlm1004_ct_12slices", "d2n_enhanced", "d2n_failing", "d2n_nonisotropic_rescale", "dcm_qa_ts", "dcmqi"),
    *("dualecho_4vol_philips", "highdicom_test_files", "ibsi_STS_002", "ibsi_STS_025", "localizer_3plane"),
    *("rt_utils_mock", "sts001_mr_t2_rtss"),
)
PACKAGED = ("CT*.dcm", "MR_*.dcm", "emri*.dcm", "liver*.dcm", "report*.dcm")
NUMBERS = frozenset(("DS", "IS", "FD", "FL", "US", "SS", "UL", "SL"))
Cleaned = Callable[..., tuple[DeidentificationReport, Path]]
Pair = tuple[FileDataset, FileDataset]
Thigh = tuple[list[FileDataset], FileDataset]

pytestmark = pytest.mark.real_data


@pytest.fixture(scope="module")
def cleaned(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Cleaned:
    """Clean a public study, once."""

    @cache
    def run(study: str, profile: str = "peer-learning") -> tuple[DeidentificationReport, Path]:
        folder = tmp_path_factory.mktemp("real")
        key, chosen = folder / "secret.key", HEADERS_ALONE[profile]
        return deidentify(shared / "dicom" / study, folder / "out", key_file=key, profile=chosen), folder / "out"

    return run


def read(folder: Path) -> list[FileDataset]:
    return [dcmread(path) for path in sorted(folder.rglob("*.dcm"))]


@pytest.mark.parametrize("profile", HEADERS_ALONE)
@pytest.mark.parametrize("study", STUDIES)
def test_one_cleaning_opens_the_gate(shared: Path, cleaned: Cleaned, study: str, profile: str) -> None:
    assert check(shared / "dicom" / study).outcome != "open"
    report, out = cleaned(study, profile)
    found = check(out)
    assert (found.outcome, found.files_checked, found.faults) == ("open", len(report.written), ())


def test_every_file_is_written_or_listed(shared: Path, cleaned: Cleaned) -> None:
    report, _ = cleaned("dcmqi")
    files = sum(path.is_file() for path in (shared / "dicom" / "dcmqi").rglob("*"))
    assert len(report.written) + len(report.withheld) == files


@pytest.fixture
def thigh(cleaned: Cleaned) -> Thigh:
    """The slices of a thigh, and its structure set."""
    everything = read(cleaned("sts001_mr_t2_rtss")[1])
    slices = [ds for ds in everything if ds.Modality == "MR"]
    return slices, next(ds for ds in everything if ds.Modality == "RTSTRUCT")


def test_the_structure_set_still_points_at_its_slices(thigh: Thigh) -> None:
    slices, structures = thigh
    instances = {str(ds.SOPInstanceUID) for ds in slices}
    contours = [contour for roi in structures.ROIContourSequence for contour in roi.ContourSequence]
    pointed = {str(image.ReferencedSOPInstanceUID) for c in contours for image in c.ContourImageSequence}
    frame = structures.ReferencedFrameOfReferenceSequence[0]
    study = frame.RTReferencedStudySequence[0]
    assert len(slices) == 40
    assert pointed <= instances
    assert frame.FrameOfReferenceUID == slices[0].FrameOfReferenceUID
    assert study.RTReferencedSeriesSequence[0].SeriesInstanceUID == slices[0].SeriesInstanceUID


def test_the_regions_keep_their_names_and_contours(shared: Path, thigh: Thigh) -> None:
    before = dcmread(next((shared / "dicom" / "sts001_mr_t2_rtss").rglob("rtstruct*/*")))
    after = thigh[1]
    assert {roi.ROIName for roi in after.StructureSetROISequence} == {"GTV_Mass", "GTV_Edema"}
    for old, new in zip(before.ROIContourSequence, after.ROIContourSequence, strict=True):
        assert [c.ContourData for c in old.ContourSequence] == [c.ContourData for c in new.ContourSequence]


def pointing(everything: Sequence[Dataset]) -> list[bool]:
    """For each image that a segmentation points at, whether it is there."""
    instances = {str(ds.SOPInstanceUID) for ds in everything}
    series = [ds.ReferencedSeriesSequence for ds in everything if "ReferencedSeriesSequence" in ds]
    images = [image for sequence in series for one in sequence for image in one.ReferencedInstanceSequence]
    return sorted(str(image.ReferencedSOPInstanceUID) in instances for image in images)


def test_segmentations_still_point_at_their_images(shared: Path, cleaned: Cleaned) -> None:
    _, out = cleaned("dcmqi/segmentations")
    files = sorted((shared / "dicom" / "dcmqi" / "segmentations").rglob("*"), reverse=True)
    unique = {ds.SOPInstanceUID: ds for ds in map(dcmread, filter(_is_dicom, files))}  # the first in order is written
    before, after = pointing(list(unique.values())), pointing(read(out))
    assert any(before)
    assert before == after


@pytest.mark.parametrize("study", ["crlm1004_ct_12slices", "ibsi_STS_025", "d2n_enhanced", "localizer_3plane"])
def test_no_sample_changes(shared: Path, cleaned: Cleaned, study: str) -> None:
    report, out = cleaned(study)
    before = [dcmread(path) for path in sorted((shared / "dicom" / study).rglob("*")) if _is_image(path)]
    after = [ds for ds in read(out) if "PixelData" in ds]
    assert len(after) == len(report.written) - sum("PixelData" not in ds for ds in read(out)) > 0
    assert Counter(map(_digest, after)) <= Counter(map(_digest, before))


def _is_dicom(path: Path) -> bool:
    return path.is_file() and path.read_bytes()[128:132] == b"DICM"


def _is_image(path: Path) -> bool:
    return _is_dicom(path) and "PixelData" in dcmread(path)


def _digest(ds: Dataset) -> tuple[bytes, str]:
    return np.asarray(ds.pixel_array).tobytes(), str(ds.get("ImagePositionPatient", ""))


@pytest.fixture(scope="module")
def pairs(shared: Path, cleaned: Cleaned, tmp_path_factory: pytest.TempPathFactory) -> list[Pair]:
    """Every public object that is released, before and after: the studies, and what pydicom brings."""
    found = []
    for study in STUDIES:
        found += list(_paired(shared / "dicom" / study, cleaned(study)[1]))
    beside = Path(packaged.__file__).parent / "test_files"
    for path in sorted(chain(*map(beside.glob, PACKAGED))):
        folder = tmp_path_factory.mktemp("packaged")
        try:
            deidentify(path, folder / "out", key_file=folder / "secret.key", profile=HEADERS_ALONE["peer-learning"])
        except NotDicomError:  # truncated on purpose
            continue
        found += list(_paired(path, folder / "out"))
    return found


def _paired(source: Path, out: Path) -> Iterator[Pair]:
    identity = Keyed(load_secret(out.parent / "secret.key", apart_from=()), "")
    with quietly():
        after = {str(ds.SOPInstanceUID): ds for ds in read(out)}
        files = [source] if source.is_file() else sorted(source.rglob("*"))
        for ds in map(dcmread, filter(_is_dicom, files)):
            new = after.pop(identity.uid(str(ds.get("SOPInstanceUID", ""))), None)
            if new is not None:
                yield ds, new


def changed(before: Dataset, after: Dataset, listed: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Keyword and VR of each public element with a value, outside the table, that is not as it was."""
    for tag in list(before.keys()):
        element = before[tag]
        is_kind = element.VR in NUMBERS | {"CS", "SQ"} and element.keyword and tag.group >> 8 not in (0x50, 0x60)
        if tag.is_private or not is_kind or f"{tag:08x}" in listed:
            continue
        new = after[tag].value if tag in after else None
        if element.VR == "SQ":
            for old_item, new_item in zip(element.value, new or (), strict=False):
                yield from changed(old_item, new_item, listed)
        elif element.value not in ("", None) and str(new) != str(element.value):
            yield element.keyword, str(element.VR)


def test_nothing_that_the_profile_keeps_is_lost_or_changed(shared: Path, pairs: list[Pair]) -> None:
    """Numbers and defined terms that an independent copy of Table E.1-1 does not name stay, in every public object.

    Two kinds of defined term do not: a content label is written by people and keeps known words alone, and a blank
    behind a value that is not the last of several is padding.
    """
    rows = json.loads((shared / "reference" / "ps315_table_e1_1.json").read_text("utf-8"))
    rows = rows["rows"] if isinstance(rows, dict) else rows
    listed = frozenset(re.sub("[(), ]", "", str(row["tag"])).lower() for row in rows)
    with quietly():
        lost = Counter(found for before, after in pairs for found in changed(before, after, listed))
    del lost["ContentLabel", "CS"]
    assert len(pairs) > 500
    assert lost == Counter()


def faults(path: Path) -> Counter[str]:
    """What dciodvfy calls an error, values and identifiers left out of the messages."""
    told = subprocess.run(["dciodvfy", "-new", str(path)], capture_output=True, check=False)
    lines = (told.stdout + told.stderr).decode("latin-1").splitlines()
    plain = (re.sub(r"<[^>]*>|'[^']*'|\"[^\"]*\"|[0-9]+(?:\.[0-9]+){2,}|= .*", "*", line) for line in lines)
    return Counter(line for line in plain if line.startswith("Error"))


@pytest.mark.servers
def test_no_public_object_becomes_invalid(pairs: list[Pair]) -> None:
    """Three objects of each series at most; an error counts as new when the source has none of its kind."""
    require(shutil.which("dciodvfy") is not None, "dciodvfy")
    seen: Counter[str] = Counter()
    new: Counter[str] = Counter()
    for before, after in pairs:
        seen[str(before.get("SeriesInstanceUID"))] += 1
        if seen[str(before.get("SeriesInstanceUID"))] <= 3:
            new += faults(Path(str(after.filename))) - faults(Path(str(before.filename)))
    assert sum(min(count, 3) for count in seen.values()) > 80
    assert new == Counter()
