"""The workbench without a page: `tests/browser/test_workbench.py` clicks the same way in a real notebook."""

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from pypdf import PdfReader

import sarcoma_review as sr
from sarcoma_review.planning import Plane
from sarcoma_review.privacy.faults import words_of
from sarcoma_review.registry import Operation
from sarcoma_review.workbench.page import Page
from tests.privacy.case import NAME, PATIENT_ID
from tests.room.visiting import Visitor, made, serving
from tests.workbench.raw import RADIUS_MM, raw_study

TODAY = date(2026, 11, 22)
Bench = Callable[[], sr.Workbench]


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("study")
    sr.deidentify(raw_study(home / "export"), home / "clean", key_file=home / "key")
    return home / "clean"


@pytest.fixture
def again(clean: Path, tmp_path: Path) -> Bench:
    """Open the same study anew, as after a restart."""
    return lambda: sr.review(clean, home=tmp_path / "cases", on=TODAY)


def said(page: Page) -> str:
    return str(page._said.value)


def test_a_raw_folder_is_shown_by_its_faults_and_cleaned_into_a_copy(tmp_path: Path) -> None:
    raw = raw_study(tmp_path / NAME / "export")
    bench = sr.review(raw, home=tmp_path / "cases", on=TODAY)
    assert repr(bench) == "<Workbench: no study open>"
    assert "PatientName" in repr(bench.bring_in._panel and bench.bring_in._panel._report)
    bench.bring_in._key.value = str(tmp_path / "secret" / "case.key")
    bench.bring_in.trying(lambda: bench.bring_in._clean(raw))
    assert "25 files were cleaned into a copy" in said(bench.bring_in)
    assert bench.tab == "Browse"
    kept = [str(path.relative_to(tmp_path / "cases")) for path in (tmp_path / "cases").rglob("*")]
    assert not any(NAME in name or PATIENT_ID in name for name in kept)
    assert NAME.encode() not in b"".join(path.read_bytes() for path in (tmp_path / "cases").rglob("*.dcm"))


def test_the_same_folder_cleaned_twice_is_one_case(tmp_path: Path) -> None:
    raw = raw_study(tmp_path / "export")
    for _ in range(2):
        bench = sr.review(raw, home=tmp_path / "cases", on=TODAY)
        bench.bring_in._key.value = str(tmp_path / "secret" / "case.key")
        bench.bring_in.trying(lambda: bench.bring_in._clean(raw))  # noqa: B023 (called at once)
    assert len(list((tmp_path / "cases").glob("case-*/dicom"))) == 1
    offered = dict(sr.review(home=tmp_path / "cases", on=TODAY).bring_in._known.options)
    assert [name for name in offered if name.startswith("case-")] == [next((tmp_path / "cases").glob("case-*")).name]


def test_tabs_are_made_when_they_are_opened(again: Bench) -> None:
    bench = again()
    assert bench.tab == "Browse"
    assert bench.browse.viewer is not None
    assert bench.outline._outliner is None
    assert bench.plan._planner is None


def test_a_plan_begins_above_the_tumour_and_goes_on_after_a_restart(again: Bench) -> None:
    bench = again()
    bench.tab = "Plan"
    # The ball's top lies 20 mm below the first plane; its voxels are up to half a slice off.
    assert bench.plan.planner.report.minimum_mm == pytest.approx(20.0, abs=0.2)
    low, high = bench.plan.planner.report.interval_mm
    assert low < 20.0 < high
    bench.plan.planner.set_plane(Plane((54, 45, 75), (0, 0, 1), name="cut 1"))
    expected = 75 - (3.0 + 3.0 * 12 + RADIUS_MM)
    assert bench.plan.planner.report.minimum_mm == pytest.approx(expected, abs=1.0)
    bench.plan._saw.value = "navigated"
    restarted = again()
    assert restarted.tab == "Plan"
    assert restarted.plan.planner.plan.planes[0].point_mm.tolist() == [54, 45, 75]
    assert restarted.plan._saw.value == "navigated"
    assert restarted.plan.planner.report.interval_mm == bench.plan.planner.report.interval_mm


def test_an_outline_that_changes_is_measured_anew(again: Bench) -> None:
    bench = again()
    bench.tab = "Plan"
    before = bench.plan.planner.report.minimum_mm
    bench.outline.outliner.draw("brush", "tumour", points=[[54.0, 45.0, 63.0]], radius_mm=4.0, axis=0, erase=False)
    bench.tab = "Case"
    bench.tab = "Plan"
    assert bench.plan.planner.report.minimum_mm < before - 5.0
    restarted = again()
    assert np.array_equal(restarted.outline.drawn[0].mask.array, bench.outline.drawn[0].mask.array)


def test_answers_go_into_the_registry_and_come_back(again: Bench) -> None:
    bench = again()
    bench.tab = "Pathway"
    form = bench.pathway._form
    assert form is not None
    key = next(k for k, q in form.questions.by_key.items() if not q.fact.values and not q.fact.unit)
    form.answer(key, True)
    restarted = again()
    assert restarted.pathway._form is not None
    assert restarted.pathway._form.facts == {key: True}


def test_the_words_of_a_case_reach_the_deck_and_stay(again: Bench, tmp_path: Path) -> None:
    bench = again()
    bench.tab = "Plan"
    bench.tab = "Case"
    written = {"question": "Is one cut enough?", "patient_views": "To run again", "timeline": "-6: pain\nbiopsy"}
    for name, text in written.items():
        bench.case._fields[name].value = text
    bench.case._keep_closest()
    restarted = again()
    assert restarted.case._fields["patient_views"].value == "To run again"
    restarted.tab = "Deck"
    restarted.deck._folder.value = str(tmp_path)
    text = "".join(page.extract_text() for page in PdfReader(restarted.deck.write(".pdf")).pages)
    assert "Is one cut enough?" in text
    assert "To run again" in text
    assert [event.when for event in restarted.case.case.timeline] == ["week −6", None]
    assert len(restarted.case.case.key_images) == 3
    assert restarted.case.case.options[0].margins is not None


def test_what_came_after_is_in_the_deck_only_when_it_is_revealed(again: Bench, tmp_path: Path) -> None:
    bench = again()
    bench.tab = "Case"
    bench.case._fields["question"].value = "Which way?"
    bench.case._fields["decision"].value = "Resection as planned"
    bench.tab = "Deck"
    bench.deck._folder.value = str(tmp_path)
    told = []
    for reveal in (False, True):
        bench.deck._reveal.value = reveal
        told.append("".join(page.extract_text() for page in PdfReader(bench.deck.write(".pdf")).pages))
    assert ["Resection as planned" in text for text in told] == [False, True]


def test_a_case_made_ready_is_shown_in_the_room_by_its_fingerprint(again: Bench, tmp_path: Path) -> None:
    bench, folder = again(), made(tmp_path / "room")
    bench.tab = "Case"
    bench.case._fields["question"].value = "Which way?"
    bench.case._fields["decision"].value = "Resection as planned"
    bench.tab = "Deck"
    bench.deck._room.value, bench.deck._agenda.value = str(folder.path), "case-1"
    assert bench.deck.trying(bench.deck.publish), said(bench.deck)
    with serving(folder) as address, Visitor(folder, address, "chair") as chair:
        chair.must("open_case", case_id="case-1")
        manifest = bench.deck._fingerprint.value
        chair.must("publish_images", case_id="case-1", manifest=manifest, looked=True)
        shown = chair.http.get("cases/case-1").text
    assert "Which way?" in shown
    assert "Resection as planned" not in shown


@pytest.mark.parametrize("place", ["", "none", "desktop"])
def test_a_folder_that_is_no_room_is_said_and_nothing_is_written(again: Bench, tmp_path: Path, place: str) -> None:
    bench = again()
    (tmp_path / "desktop").mkdir()
    bench.tab = "Deck"
    bench.deck._room.value = place and str(tmp_path / place)
    bench.deck._fingerprint.value = "of another case"
    bench.deck.trying(bench.deck.publish)
    assert "in this place no meeting was opened" in said(bench.deck)
    assert bench.deck._fingerprint.value == ""
    assert list((tmp_path / "desktop").iterdir()) == []
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("tab", ["Browse", "Outline", "Plan", "Pathway", "Case", "Deck", "Outcomes"])
def test_without_a_study_every_tab_says_so_in_one_line(tmp_path: Path, tab: str) -> None:
    bench = sr.review(home=tmp_path / "cases", on=TODAY)
    bench.tab = tab
    page = next(page for page in bench.pages if page.title == tab)
    assert "no study is open yet" in said(page)
    assert not (tmp_path / "cases").exists()


def test_a_name_in_a_text_is_refused_at_the_deck(again: Bench, tmp_path: Path) -> None:
    bench = again()
    bench.tab = "Case"
    bench.case._fields["question"].value = "Operated by Dr Smith?"
    bench.tab = "Deck"
    bench.deck._folder.value = str(tmp_path)
    bench.deck.trying(lambda: bench.deck.write(".html"))
    assert "expected roles and no person" in said(bench.deck)
    assert not list(tmp_path.glob("*.html"))


def test_what_is_no_study_is_said_and_not_raised(tmp_path: Path) -> None:
    bench = sr.review(tmp_path / "nothing", home=tmp_path / "cases", on=TODAY)
    assert "expected a folder of DICOM files" in said(bench.bring_in)
    assert str(tmp_path) not in said(bench.bring_in)


def test_damaged_state_is_put_aside_and_said(again: Bench, tmp_path: Path) -> None:
    again().tab = "Case"
    file = next((tmp_path / "cases").glob("case-*/case.json"))
    file.write_text("{")
    assert "put aside" in said(again().bring_in)
    assert file.with_suffix(".aside").read_text() == "{"


def test_the_state_holds_no_path_and_no_name(again: Bench, tmp_path: Path) -> None:
    bench = again()
    for page in bench.pages:
        bench.tab = page.title
    held = next((tmp_path / "cases").glob("case-*/case.json")).read_text()
    assert json.loads(held)["tab"] == "Outcomes"
    assert not any(word in held for word in (str(tmp_path), NAME, PATIENT_ID))


def test_a_fault_is_one_line_without_what_was_in_it() -> None:
    assert words_of(KeyError(NAME)) == "a fault of this program (KeyError); its details are not shown, for privacy"
    assert words_of(OSError(28, "No space left", f"/{NAME}")) == "the disk refused: No space left"


def test_an_outcome_is_recorded_for_the_case(again: Bench) -> None:
    bench = again()
    bench.tab = "Outcomes"
    bench.outcomes._open()
    assert bench._desk.registry.cases() == [bench._desk.work.case_id]
    bench.outcomes._read()
    assert repr(bench.outcomes._all.children[0]).startswith("<Dashboard")


def test_an_operation_is_recorded_from_which_curves_count(again: Bench) -> None:
    bench = again()
    bench.tab = "Outcomes"
    outcomes = bench.outcomes
    assert not outcomes.trying(outcomes._operate)
    assert "needs its day" in outcomes._said.value
    outcomes._operated_on.value = date(2025, 3, 1)
    outcomes._operation["precision"].value, outcomes._operation["procedure"].value = "month", "resection"
    assert outcomes.trying(outcomes._operate)
    record = bench._desk.registry.case(bench._desk.work.case_id)
    (operation,) = (fact for fact in record.facts.values() if isinstance(fact, Operation))
    assert (operation.precision, operation.procedure, operation.guidance) == ("month", "resection", None)
    outcomes._operated_on.value = date(2999, 1, 1)
    outcomes._operation["precision"].value, outcomes._operation["procedure"].value = "day", "resection"
    assert not outcomes.trying(outcomes._operate)
    assert "still to come" in outcomes._said.value


def test_a_stored_notebook_shows_how_to_begin(tmp_path: Path) -> None:
    shown = sr.review(home=tmp_path / "cases", on=TODAY)._repr_mimebundle_()
    assert shown["text/plain"] == "<Workbench: no study open>"
    assert "Run this cell to work" in shown["text/html"]
    assert "application/vnd.jupyter.widget-view+json" in shown


def test_plans_are_recorded_with_what_was_measured_and_the_words_the_case_has_by_now(again: Bench) -> None:
    bench = again()
    bench.tab = "Plan"
    bench.tab = "Outcomes"
    bench.outcomes._open()
    bench.tab = "Case"
    bench.case._fields["question"].value = "Which way?"
    bench.outcomes._record()
    record = bench._desk.registry.case(bench._desk.work.case_id)
    assert record.opened.question == "Which way?"
    (plan,) = record.plans
    report = bench.plan.planner.report
    assert (plan.plan, plan.segment, plan.minimum_mm) == ("Plan A", "tumour", report.minimum_mm)
    assert plan.planes[0].interval_mm == report.planes[0].interval_mm
    bench.tab = "Outcomes"
    before = record.version
    bench.tab = "Case"
    bench.tab = "Outcomes"
    assert bench._desk.registry.case(bench._desk.work.case_id).version == before
