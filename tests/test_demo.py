import json
import re
import shutil
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from sarcoma_review.demo import _known, _two_planes, walk
from sarcoma_review.errors import SarcomaReviewError
from sarcoma_review.planning import TumourSurface
from sarcoma_review.registry import CaseOpened, Registry
from sarcoma_review.volume import Volume

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "sample_dicom" / "distal_femur_osteosarcoma"
TODAY = date(2026, 11, 22)


def test_the_sample_patient_walks_from_the_gate_to_the_deck(tmp_path: Path) -> None:
    lines: list[str] = []
    result = walk(SAMPLE, tmp_path / "out", segment="tumour", today=TODAY, say=lines.append)
    assert set(result.truth) == {"proximal", "posterior", "medial"}
    assert dict(result.report.per_plane) == pytest.approx(dict(result.truth), abs=0.05)
    truth = json.loads((SAMPLE / "truth.json").read_text())["minimum"]
    assert result.report.minimum_mm == pytest.approx(truth["margin_mm"], abs=0.05)
    assert result.report.closest.name == truth["plane"]
    assert result.report.minimum_position_mm == pytest.approx(truth["position_mm"], abs=1.5)
    low, high = result.report.interval_mm
    assert low < truth["margin_mm"] < high
    said = "\n".join(lines)
    for word in ("gate ", "volume ", "margin ", "interval", "at ", "pathway ", "past its review date", "deck "):
        assert word in said
    assert result.deck.stat().st_size > 100_000
    registry = Registry.open(tmp_path / "out" / "registry.sqlite")
    case = registry.case("distal_femur_osteosarcoma")
    assert (len(case.imaging), len(case.plans)) == (2, 1)
    assert case.plans[0].minimum_mm == result.report.minimum_mm


def test_walking_twice_adds_to_the_journal_and_loses_nothing(tmp_path: Path) -> None:
    for _ in range(2):
        walk(SAMPLE, tmp_path, segment="tumour", today=TODAY, say=lambda _: None)
    registry = Registry.open(tmp_path / "registry.sqlite")
    assert len(registry.case("distal_femur_osteosarcoma").plans) == 2
    assert registry.verify() == []


@pytest.mark.real_data
def test_a_real_thigh_with_its_structure_set_walks_too(shared: Path, tmp_path: Path) -> None:
    lines: list[str] = []
    source = shared / "dicom" / "sts001_mr_t2_rtss"
    result = walk(source, tmp_path / "out", segment="GTV_Mass", today=TODAY, say=lines.append)
    assert any(line.startswith("gate       shut:") for line in lines)
    assert [str(volume) for volume in result.study.volumes] == ["<Volume MR 40 x 384 x 384, 5.20 x 0.52 x 0.52 mm>"]
    assert {segment.name for segment in result.study.segments} == {"GTV_Mass", "GTV_Edema"}
    assert set(result.report.per_plane) == {"proximal", "posterior"}
    assert 5 < result.report.minimum_mm < 12
    page = result.deck.read_text(encoding="utf-8")
    for trace in ("STS_001", "1.3.6.1.4.1.14519", str(shared)):
        assert trace not in page
        assert trace not in "\n".join(lines)
    assert "data:image/png" in page


def test_a_walk_that_fails_writes_nothing(tmp_path: Path) -> None:
    study = shutil.copytree(SAMPLE, tmp_path / "study")
    victim = sorted(study.glob("dicom/CT*/*.dcm"))[40]
    victim.unlink()
    with pytest.raises(SarcomaReviewError, match=r"slices are missing: gap of 1\.6 mm after slice"):
        walk(study, tmp_path / "out", segment="tumour", today=TODAY, say=lambda _: None)
    assert not (tmp_path / "out").exists()


def test_no_word_of_the_demo_claims_too_much(tmp_path: Path) -> None:
    lines: list[str] = []
    walk(SAMPLE, tmp_path, segment="tumour", today=TODAY, say=lines.append)
    assert not re.search(r"recommend|compliant|safe margin|predict|breach", "\n".join(lines), re.IGNORECASE)


def test_two_patients_in_one_folder_stay_two_cases(tmp_path: Path) -> None:
    walk(SAMPLE, tmp_path, segment="tumour", today=TODAY, say=lambda _: None)
    walk(
        SAMPLE / "dicom", tmp_path, segment="tumour", today=TODAY, say=lambda _: None
    )  # its truth is not believed here
    registry = Registry.open(tmp_path / "registry.sqlite")
    cases = registry.cases()
    assert len(cases) == 2
    assert cases[0] == "distal_femur_osteosarcoma"
    assert cases[1].startswith("SR-")
    assert len(list(tmp_path.glob("*.html"))) == 2


def test_a_case_with_other_imaging_is_refused_and_nothing_added(tmp_path: Path) -> None:
    registry = Registry.open(tmp_path / "registry.sqlite")
    registry.append("distal_femur_osteosarcoma", CaseOpened(question="?"))
    with pytest.raises(SarcomaReviewError, match="holds a case distal_femur_osteosarcoma with other imaging"):
        walk(SAMPLE, tmp_path, segment="tumour", today=TODAY, say=lambda _: None)
    assert registry.case("distal_femur_osteosarcoma").version == 1
    assert list(tmp_path.glob("*.html")) == []


@pytest.mark.parametrize("text", ['{"case_id": "Smith_John", "planes": []}', '{"case_id": 1}', "[]", "not json"])
def test_a_truth_that_is_not_the_sample_s_is_left_aside(tmp_path: Path, text: str) -> None:
    lines: list[str] = []
    (tmp_path / "truth.json").write_text(text)
    assert _known(tmp_path, lines.append).case_id == ""
    assert "left aside" in lines[0]
    assert "Smith" not in "".join(lines)


def test_planes_are_put_round_a_tumour_of_one_voxel() -> None:
    array = np.zeros((5, 5, 5), bool)
    array[2, 2, 2] = True
    surface = TumourSurface.from_mask(Volume(array, np.diag([3.0, 0.8, 0.8, 1.0])))
    assert [plane.name for plane in _two_planes(surface)] == ["proximal", "posterior"]
