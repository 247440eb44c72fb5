from datetime import date

import pytest

from sarcoma_review.errors import PathwayError
from sarcoma_review.pathways import evaluate, load_pathway, next_facts, pathways
from sarcoma_review.pathways.condition import Value
from sarcoma_review.pathways.questions import Questions

TODAY = date(2026, 11, 22)
ALL = [load_pathway(name) for name in pathways()]


def test_every_fact_of_every_document_is_one_question() -> None:
    questions = Questions(ALL)
    asked = sum(len(question.asked_by) for question in questions.by_key.values())
    assert asked == sum(len(pathway.facts) for pathway in ALL)
    shared = [key for key, question in questions.by_key.items() if len(question.asked_by) > 1]
    assert shared == ["surgery"]


def test_a_question_of_one_document_has_the_name_of_its_fact() -> None:
    for pathway in ALL:
        assert list(Questions([pathway]).by_key) == list(pathway.facts)


def test_answers_go_to_the_documents_under_their_own_names_and_back() -> None:
    questions = Questions(ALL)
    answers: dict[str, Value] = {
        "surgery": True,
        "lsesn-spinal-2024:site": "sacrum",
        "separation-surgery:site": "spine",
        "adult": None,
    }
    assert questions.facts_for("lsesn-spinal-2024", answers) == {"surgery": True, "site": "sacrum"}
    assert questions.facts_for("separation-surgery", answers) == {"site": "spine"}
    assert questions.keyed("separation-surgery", {"site": "spine"}) == {"separation-surgery:site": "spine"}


def test_waiting_is_the_order_of_next_facts_with_the_rules_that_need_each() -> None:
    pathway = load_pathway("lsesn-spinal-2024")
    facts: dict[str, Value] = {"network": "LSESN", "adult": True, "status": "confirmed"}
    results = evaluate(pathway, facts, on=TODAY)
    questions = Questions([pathway])
    waiting = questions.waiting(questions.results(facts, on=TODAY))
    assert list(waiting) == next_facts(results)
    assert waiting["lss_mdt"] == tuple(result.rule_id for result in results if "lss_mdt" in result.needs)


def test_what_cannot_be_asked_is_refused() -> None:
    questions = Questions(ALL)
    questions.check("adult", None)
    with pytest.raises(PathwayError, match="no question has the key 'site'"):
        questions.check("site", "spine")
    with pytest.raises(PathwayError, match="fact 'adult': expected yes"):
        questions.check("adult", "yes")
    with pytest.raises(PathwayError, match="expected one or more different documents, found none"):
        Questions([])
