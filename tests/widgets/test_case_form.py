import json
from datetime import date
from typing import Any

import pytest

from sarcoma_review.errors import ConflictError, PathwayError
from sarcoma_review.pathways import Pathway, load_pathway
from sarcoma_review.registry.events import CaseFact
from sarcoma_review.widgets import CaseForm

TODAY = date(2026, 11, 22)
SPINE, NETWORK = load_pathway("lsesn-spinal-2024"), load_pathway("bone-sarcoma-network")
SEQUENCES = load_pathway("primary-bone-sequences")


class Page:
    """What a browser page does: ask, and keep what is meant for it."""

    def __init__(self, form: CaseForm, monkeypatch: pytest.MonkeyPatch) -> None:
        self.form, self.heard = form, list[dict[str, Any]]()
        monkeypatch.setattr(form, "send", lambda words, _buffers=(): self.heard.append(words))

    def tell(self, **words: object) -> list[dict[str, Any]]:
        before = len(self.heard)
        self.form._handle_custom_msg({"page": "a", **words}, [])
        return self.heard[before:]


def form(*pathways: Pathway, **given: Any) -> CaseForm:
    return CaseForm(pathways or SPINE, on=TODAY, **given)


def test_nothing_is_recorded_until_somebody_says_so() -> None:
    assert form().facts == {}
    assert form(facts={"adult": None}).facts == {}
    assert repr(form(facts={"adult": False})) == "<CaseForm lsesn-spinal-2024: 1 of 32 recorded>"


def test_a_choice_reads_as_the_document_shows_it_and_is_kept_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = form(SEQUENCES)
    questions = Page(asked, monkeypatch).tell(t="hello")[0]["questions"]
    histology = next(question for question in questions if question["key"] == "histology")
    assert {"value": "ewing_sarcoma", "words": "Ewing sarcoma"} in histology["choices"]
    asked.answer("histology", "ewing_sarcoma")
    assert asked.facts == {"histology": "ewing_sarcoma"}
    assert "<td>Ewing sarcoma</td>" in asked._repr_mimebundle_()[0]["text/html"]  # type: ignore[index]


def test_an_answer_is_kept_undone_and_set_back_to_not_recorded() -> None:
    asked = form()
    asked.answer("adult", False)
    asked.answer("adult", True)
    asked.undo()
    assert asked.facts == {"adult": False}
    asked.answer("adult", None)
    assert asked.facts == {}
    asked.undo()
    asked.undo()
    asked.undo()
    assert asked.facts == {}


def test_every_change_is_an_event_and_none_is_written_twice() -> None:
    kept = list[CaseFact]()
    asked = form(record=kept.append)
    asked.answer("site", "spine")
    asked.answer("site", "spine")
    asked.answer("site", None)
    asked.answer("site", None)
    assert [(event.fact, event.value) for event in kept] == [("site", "spine"), ("site", None)]
    assert kept[0].asked_by == ("lsesn-spinal-2024, version 2",)
    assert kept[0].on_date == TODAY


def test_no_and_not_recorded_are_told_apart_on_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    page = Page(form(facts={"adult": False}), monkeypatch)
    [told] = page.tell(t="hello")
    assert told["answers"] == {"adult": False}
    adult = next(question for question in told["questions"] if question["key"] == "adult")
    assert adult["question"] == SPINE.facts["adult"].question
    assert [choice["words"] for choice in adult["choices"]] == ["yes", "no"]
    assert told["to"] == "a"
    assert told["rules"]["L05"] == SPINE.by_id["L05"].statement


def test_the_questions_that_settle_most_come_first_with_the_rules_that_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    page = Page(form(), monkeypatch)
    [told] = page.tell(t="hello")
    assert told["next"] == ["network"]
    assert len(told["waiting"]["network"]) == len(SPINE.rules)
    [now] = page.tell(t="answer", key="network", value="LSESN")
    assert (now["t"], now["undo"]) == ("state", "network")
    counts = [len(rules) for rules in now["waiting"].values()]
    assert counts == sorted(counts, reverse=True)
    assert now["next"] == list(now["waiting"])[:5]


def test_a_page_answers_undoes_and_is_told_what_was_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = form(NETWORK)
    page = Page(asked, monkeypatch)
    page.tell(t="answer", key="bone_cases_a_year", value=50)
    assert asked.facts == {"bone_cases_a_year": 50}
    [refused] = page.tell(t="answer", key="bone_cases_a_year", value="many")
    assert (refused["t"], refused["to"]) == ("refused", "a")
    assert "expected a number of cases a year" in refused["words"]
    page.tell(t="undo")
    assert asked.facts == {}


@pytest.mark.parametrize(
    "words", [{"key": "adult"}, {"key": "adult", "value": [True]}, {"key": 3, "value": True}, {}]
)
def test_what_is_no_answer_is_not_heard(words: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    assert Page(form(), monkeypatch).tell(t="answer", **words) == []


def test_what_the_registry_refuses_is_not_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_event: CaseFact) -> None:
        raise ConflictError("the case moved on")

    asked = form(record=refuse)
    [told] = Page(asked, monkeypatch).tell(t="answer", key="adult", value=True)
    assert told["words"] == "Not recorded: the case moved on"
    assert asked.facts == {}
    with pytest.raises(ConflictError, match="moved on"):
        asked.answer("adult", True)


def test_an_error_that_is_not_ours_is_raised_and_the_page_shows_what_is_recorded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def break_down(_event: CaseFact) -> None:
        raise OSError("disk /secret is full")

    page = Page(form(record=break_down), monkeypatch)
    monkeypatch.setattr(page.form.log, "warning", lambda *_, **__: None, raising=False)
    page.tell(t="answer", key="adult", value=True)
    assert page.heard[-1]["words"] == "Not recorded: an error in Python; see the log"
    assert page.heard[-1]["answers"] == {}


def test_a_question_of_two_documents_is_asked_once_and_one_name_for_two_questions_twice() -> None:
    asked = form(NETWORK, SEQUENCES)
    asked.answer("surgery", True)
    asked.answer("primary-bone-sequences:histology", "high_grade_osteosarcoma")
    assert asked.questions.by_key["surgery"].asked_by == (NETWORK.id, SEQUENCES.id)
    assert asked.questions.facts_for(NETWORK.id, asked.facts) == {"surgery": True}
    both = {"surgery": True, "histology": "high_grade_osteosarcoma"}
    assert asked.questions.facts_for(SEQUENCES.id, asked.facts) == both
    with pytest.raises(PathwayError, match="no question has the key 'histology'"):
        asked.answer("histology", "osteosarcoma")


def test_callers_hear_of_each_change() -> None:
    heard = list[dict[str, Any]]()
    asked = form()
    asked.on_change(heard.append)
    asked.answer("adult", True)
    asked.undo()
    assert heard == [{"adult": True}, {}]


def test_a_page_is_led_to_a_question_that_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = form()
    page = Page(asked, monkeypatch)
    asked.show("operator")
    assert page.heard == [{"t": "show", "key": "operator"}]
    with pytest.raises(PathwayError, match="no question has the key 'colour'"):
        asked.show("colour")


def test_what_cannot_be_is_refused_on_the_way_in() -> None:
    with pytest.raises(PathwayError, match="no question has the key 'colour'"):
        form(facts={"colour": "red"})
    with pytest.raises(PathwayError, match="fact 'adult': expected yes"):
        form(facts={"adult": "yes"})
    with pytest.raises(PathwayError, match="expected one or more different documents"):
        CaseForm([], on=TODAY)
    with pytest.raises(PathwayError, match="expected one or more different documents"):
        form(SPINE, SPINE)


def test_a_stored_notebook_says_what_is_recorded_and_what_waits() -> None:
    asked = form(facts={"network": "LSESN", "site": "paraspinal"})
    shown = asked._repr_mimebundle_()
    assert shown is not None
    still = shown[0]["text/html"]
    assert "2 of 32 questions recorded; 30 not recorded." in still
    assert "<td>Where does the tumour arise?</td><td>paraspinal</td>" in still
    assert "not recorded; waiting: " in still
    assert shown[0]["text/plain"] == repr(asked)


def test_the_answers_are_not_in_the_state_that_a_notebook_stores() -> None:
    state = form(facts={"network": "LSESN"}).get_state()
    own = {name for name in state if not name.startswith("_")} - {"layout", "tabbable", "tooltip"}
    assert own == set()
    assert "LSESN" not in json.dumps({name: value for name, value in state.items() if name not in ("_esm", "_css")})


def test_what_fails_after_the_recording_is_not_told_as_not_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[CaseFact] = []
    asked = form(record=kept.append)
    page = Page(asked, monkeypatch)

    def follow(_facts: object) -> None:
        raise PathwayError("the panel has gone")

    asked.on_change(follow)
    heard = page.tell(t="answer", key="adult", value=True)
    assert [event.value for event in kept] == [True]
    assert heard[-1]["words"] == "Recorded, but not followed everywhere: the panel has gone"
    assert page.tell(t="undo")[-1]["words"].startswith("Recorded, but")
    assert page.tell(t="answer", key="adult", value="often")[-1]["words"].startswith("Not recorded: ")
