"""The adversarial corpus and the coherent cases through the cleaner: nothing of identity stays, the picture does.

Assertions name kinds and counts; no planted value stands in a failing test's message.
"""

import datetime as dt
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from pydicom import Dataset, dcmread
from pydicom._uid_dict import UID_dictionary

from sarcoma_review.privacy import check, deidentify
from sarcoma_review.privacy.identity import Keyed, load_secret
from sarcoma_review.privacy.sources import quietly
from tests.conftest import require
from tests.privacy import coherent, corpus, scorer
from tests.privacy.canaries import Canary, Planter
from tests.privacy.case import HEADERS_ALONE, save

KEPT = (
    *("Rows", "Columns", "PixelSpacing", "ImagePositionPatient", "ImageOrientationPatient", "RescaleSlope", "KVP"),
    *("RescaleIntercept", "RescaleType", "ConvolutionKernel", "Manufacturer", "ManufacturerModelName", "Laterality"),
    *("SoftwareVersions", "ImageType", "SequenceName", "EchoTime", "RepetitionTime", "MagneticFieldStrength"),
    *("ReceiveCoilName", "ScanOptions", "BodyPartExamined", "InstanceNumber", "SeriesNumber", "WindowCenter"),
    *("ValueType", "ApprovalStatus", "ContentLabel", "SegmentationType", "PresentationLUTShape", "CompletionFlag"),
    *("SliceThickness", "PatientPosition", "Modality", "PixelBandwidth", "ImagingFrequency", "PixelData"),
)


@dataclass
class Case:
    """The coherent cases before and after."""

    profile: str
    source: Path
    out: Path
    planted: list[Canary] = field(repr=False)
    pairs: Sequence[tuple[Dataset, Dataset]] = field(repr=False)

    def of(self, modality: str) -> Sequence[tuple[Dataset, Dataset]]:
        return [pair for pair in self.pairs if pair[0].Modality == modality]


def written(planter: Planter, folder: Path) -> Path:
    for number, objects in enumerate(coherent.cases(planter)):
        for count, ds in enumerate(objects):
            save(ds, folder / f"{number}" / f"{count:03d}.dcm")
    return folder


def released(folder: Path, profile: str) -> Case:
    planter = Planter(11)
    source = written(planter, folder / "source")
    deidentify(source, folder / "out", key_file=folder / "key", profile=HEADERS_ALONE[profile])
    identity = Keyed(load_secret(folder / "key", apart_from=()), "")
    after = {ds.SOPInstanceUID: ds for ds in map(dcmread, sorted((folder / "out").rglob("*.dcm")))}
    before = [dcmread(path) for path in sorted(source.rglob("*.dcm"))]
    pairs = [(ds, after[identity.uid(ds.SOPInstanceUID)]) for ds in before]
    return Case(profile, source, folder / "out", planter.planted, pairs)


@pytest.fixture(scope="module")
def learning(tmp_path_factory: pytest.TempPathFactory) -> Case:
    return released(tmp_path_factory.mktemp("learning"), "peer-learning")


@pytest.fixture(scope="module")
def basic(tmp_path_factory: pytest.TempPathFactory) -> Case:
    return released(tmp_path_factory.mktemp("basic"), "basic")


@pytest.fixture(params=("learning", "basic"))
def case(request: pytest.FixtureRequest) -> Case:
    found: Case = request.getfixturevalue(request.param)
    return found


@pytest.mark.filterwarnings("ignore::UserWarning")  # values that are wrong for their VR are the point
@pytest.mark.parametrize(("seed", "profile"), [(1, "peer-learning"), (2, "basic")])
def test_no_planted_identifier_survives_the_adversarial_corpus(tmp_path: Path, seed: int, profile: str) -> None:
    planter = Planter(seed)
    for name, content in corpus.adversarial(planter):
        path = tmp_path / "source" / f"{name.replace('/', '_')}.dcm"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    chosen = HEADERS_ALONE[profile]
    report = deidentify(tmp_path / "source", tmp_path / "out", key_file=tmp_path / "key", profile=chosen)
    seen = scorer.survivors(tmp_path / "source", planter.planted)
    assert (seen.total() > 6000, len(report.withheld), len(report.written) > 250) == (True, 1, True)
    assert scorer.survivors(tmp_path / "out", planter.planted) == Counter()


def test_no_planted_identifier_survives_in_the_coherent_cases(case: Case) -> None:
    assert scorer.survivors(case.out, case.planted) == Counter()


def test_the_scorer_sees_what_it_planted(case: Case) -> None:
    assert scorer.survivors(case.source, case.planted).total() == len(case.planted)


def test_every_object_of_the_coherent_cases_is_released_and_open(case: Case) -> None:
    assert len(case.pairs) == 34
    assert check(case.out).outcome == "open"


def test_nothing_that_the_picture_needs_is_lost_or_changed(case: Case) -> None:
    lost = Counter(
        keyword
        for before, after in case.pairs
        for keyword in KEPT
        if keyword in before and before[keyword].value != after.get(keyword)
    )
    assert lost == Counter()


def test_a_description_keeps_its_words_and_loses_the_name(learning: Case) -> None:
    kept = {after.SeriesDescription for before, after in learning.pairs if before.Modality in ("CT", "MR")}
    assert kept == {"Femur left 3.0 mm"}
    segments = {after.SegmentSequence[0].SegmentDescription for _, after in learning.of("SEG")}
    regions = {after.StructureSetROISequence[0].ROIName for _, after in learning.of("RTSTRUCT")}
    words = {_words(after) for _, after in learning.of("PR")}
    assert (segments, regions, words) == ({"osteosarcoma"}, {"GTV"}, {"tumour"})


def _words(ds: Dataset) -> str:
    return str(ds.GraphicAnnotationSequence[0].TextObjectSequence[0].UnformattedTextValue)


def test_a_report_keeps_its_codes_numbers_and_words(learning: Case) -> None:
    for before, after in learning.of("SR"):
        kept = {item.ValueType: item for item in after.ContentSequence}
        assert [item.ValueType for item in after.ContentSequence] == [i.ValueType for i in before.ContentSequence]
        assert kept["TEXT"].TextValue == "tumour of left femur by"
        assert kept["NUM"].MeasuredValueSequence[0].NumericValue == 83.5
        assert kept["CODE"].ConceptCodeSequence[0].CodeMeaning == "Femur"
        assert kept["PNAME"].PersonName == "removed"


def test_safe_private_elements_stay_and_their_neighbours_go(learning: Case) -> None:
    for before, after in learning.of("MR"):
        old, new = (ds.private_block(0x0019, "SIEMENS MR HEADER") for ds in (before, after))
        assert [new[element].value for element in (0x0C, 0x0E)] == [old[element].value for element in (0x0C, 0x0E)]
        assert (0x27 in new, (0x0029, 0x0010) in after) == (False, False)


def uids(dataset: Dataset) -> Iterator[str]:
    for element in dataset.iterall():
        if element.VR == "UI" and "Class" not in element.keyword:
            yield from map(str, element.value if element.VM > 1 else [element.value])


def test_every_reference_still_points_at_the_same_object(case: Case) -> None:
    twin: dict[str, str] = {}
    for before, after in case.pairs:
        old, new = list(uids(before)), list(uids(after))
        assert len(old) == len(new)
        twin |= dict(zip(old, new, strict=True))
        assert [twin[uid] for uid in old] == new
    assert len(set(twin.values())) == len(twin)
    assert {uid for uid in twin if twin[uid] == uid} <= set(UID_dictionary)


MOMENTS = (("StudyDate", "StudyTime"), ("ContentDate", "ContentTime"), ("StructureSetDate", "StructureSetTime"))


def moments(ds: Dataset) -> Iterator[dt.datetime]:
    for date, time in (
        *MOMENTS,
        ("ReviewDate", "ReviewTime"),
        ("PresentationCreationDate", "PresentationCreationTime"),
    ):
        if date in ds:
            yield _moment(ds[date].value + ds[time].value)
    content = {item.ValueType: item for item in ds.get("ContentSequence", [])}
    if "DATE" in content:
        yield _moment(content["DATETIME"].DateTime)
        yield _moment(ds.VerifyingObserverSequence[0].VerificationDateTime)
        yield _moment(content["DATE"].Date + content["TIME"].Time)


def _moment(value: str) -> dt.datetime:
    return dt.datetime.strptime(value, "%Y%m%d%H%M%S")


def test_every_interval_is_kept_to_the_second_across_files_reports_and_structure_sets(learning: Case) -> None:
    shifts: dict[str, set[dt.timedelta]] = {}
    for before, after in learning.pairs:
        both = zip(moments(before), moments(after), strict=True)
        shifts.setdefault(after.PatientID, set()).update(new - old for old, new in both)
    assert {len(found) for found in shifts.values()} == {1}
    assert len(set().union(*shifts.values())) == 2


def test_cleaning_what_is_clean_changes_only_what_the_key_draws(case: Case, tmp_path: Path) -> None:
    report = deidentify(case.out, tmp_path / "again", key_file=tmp_path / "key", profile=HEADERS_ALONE[case.profile])
    assert set(report.actions) <= {"uid", "pseudonym", "date", "time", "datetime"}


def faults(path: Path) -> Counter[str]:
    told = subprocess.run(["dciodvfy", "-new", str(path)], capture_output=True, text=True, check=False)
    lines = (told.stdout + told.stderr).splitlines()
    return Counter(line for line in lines if line.startswith("Error"))


@pytest.mark.servers
def test_no_object_becomes_invalid(case: Case, tmp_path: Path) -> None:
    require(shutil.which("dciodvfy") is not None, "dciodvfy")
    new: Counter[str] = Counter()
    for before, after in case.pairs:
        if before.InstanceNumber in ("1", "2"):
            old = faults(save(before, tmp_path / "before.dcm"))
            new += faults(save(after, tmp_path / "after.dcm", meta=after.file_meta)) - old
    assert new == Counter()


def test_the_same_key_gives_the_same_identifiers_again(tmp_path: Path) -> None:
    source = written(Planter(5), tmp_path / "source")
    found = []
    for run in ("one", "two"):
        deidentify(source, tmp_path / run, key_file=tmp_path / "key", profile=HEADERS_ALONE["basic"])
        with quietly():
            found.append([dcmread(path).SOPInstanceUID for path in sorted((tmp_path / run).rglob("*.dcm"))])
    assert found[0] == found[1]
