"""The commands of one case, on the sample patient as a surgeon prepared it at the workbench."""

import json
from pathlib import Path

import pytest

from sarcoma_review.cli import deck
from sarcoma_review.cli_case import case, margins
from sarcoma_review.errors import PlanError, PresentationError
from sarcoma_review.workbench import review

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "sample_dicom" / "distal_femur_osteosarcoma"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder of cases in which the sample patient's words were written down."""
    bench = review(SAMPLE, home=tmp_path / "cases")
    desk = bench.case._desk
    desk.work.folder.keep("words", {"question": "Can the vessels stay?", "site": "distal femur"})
    return tmp_path / "cases"


def test_a_case_says_its_pages_and_what_nobody_recorded(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert case(SAMPLE, home, as_json=True) == 1
    said = json.loads(capsys.readouterr().out)
    assert "Question to the meeting" in said["pages"]
    assert {"Diagnosis", "Performance status"} <= set(said["not_recorded"])
    assert "Site" not in said["not_recorded"]


def test_a_case_that_was_never_prepared_has_no_question(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert case(SAMPLE, tmp_path / "cases") == 1
    assert "not recorded: Question, " in capsys.readouterr().out
    with pytest.raises(PresentationError, match="question"):
        deck(tmp_path / "deck.html", SAMPLE, home=tmp_path / "cases", as_demo=False, reveal=False, template=None)


def test_the_deck_of_a_prepared_case_says_what_was_written(home: Path, tmp_path: Path) -> None:
    deck(tmp_path / "deck.html", SAMPLE, home=home, as_demo=False, reveal=False, template=None)
    assert "Can the vessels stay?" in (tmp_path / "deck.html").read_text(encoding="utf-8")


def test_margins_are_those_known_in_closed_form(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    truth = json.loads((SAMPLE / "truth.json").read_text(encoding="utf-8"))
    pseudonym = review(SAMPLE, home=tmp_path).case._desk.work.study.pseudonym
    plans = tmp_path / "plans.json"
    plans.write_text(json.dumps({pseudonym: {"planes": truth["planes"]}}))
    margins(SAMPLE, plans, as_json=True)
    measured = {row["plane"]: row["margin_mm"] for row in json.loads(capsys.readouterr().out)["planes"]}
    assert measured == pytest.approx({row["name"]: row["margin_mm"] for row in truth["planes"]}, abs=0.6)


def test_a_study_without_a_stored_plan_is_refused(tmp_path: Path) -> None:
    (tmp_path / "plans.json").write_text("{}")
    with pytest.raises(PlanError, match="no plan is stored for this case"):
        margins(SAMPLE, tmp_path / "plans.json")
