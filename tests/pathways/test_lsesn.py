import json
from datetime import date
from pathlib import Path

import pytest

from sarcoma_review.errors import PathwayError
from sarcoma_review.pathways import Status, evaluate, load_pathway
from sarcoma_review.pathways.condition import Value

TODAY = date(2026, 11, 22)
PATHWAY = load_pathway("lsesn-spinal-2024")


@pytest.mark.real_data
def test_every_reference_vector_has_the_expected_statuses(shared: Path) -> None:
    vectors = json.loads((shared / "reference" / "lsesn_vectors.json").read_text())["vectors"]
    assert len(vectors) >= 11
    for vector in vectors:
        statuses = {r.rule_id: r.status.value for r in evaluate(PATHWAY, vector["facts"], on=TODAY)}
        found = {rule: statuses[rule] for rule in vector["expected"]}
        assert found == vector["expected"], vector["id"]


def status(rule: str, **facts: Value) -> Status:
    results = evaluate(PATHWAY, {"network": "LSESN", "adult": True, **facts}, on=TODAY)
    return next(result.status for result in results if result.rule_id == rule)


def test_nothing_recorded_is_never_not_met() -> None:
    for result in evaluate(PATHWAY, {}, on=TODAY):
        assert result.status is Status.APPLICABILITY_UNKNOWN
        assert result.needs == ("network",)


def test_a_case_of_another_network_is_not_covered() -> None:
    results = evaluate(PATHWAY, {"network": "other", "adult": False, "status": "confirmed"}, on=TODAY)
    assert {result.status for result in results} == {Status.NOT_APPLICABLE}
    assert {result.explanation for result in results} == {"The pathway does not speak of this case."}


def test_a_child_is_sent_on_and_no_other_rule_speaks() -> None:
    results = evaluate(PATHWAY, {"network": "LSESN", "adult": False, "status": "confirmed"}, on=TODAY)
    assert results[0].status is Status.REDIRECTED
    assert {result.status for result in results[1:]} == {Status.NOT_APPLICABLE}


def test_the_exception_of_urgency_is_asked_for_before_late_discussion_counts() -> None:
    late: dict[str, Value] = {"status": "confirmed", "site": "spine", "lss_mdt": "after"}
    assert status("L05", **late) is Status.NOT_RECORDED
    assert status("L05", **late, clinically_urgent=False) is Status.NOT_MET
    assert status("L05", **late, clinically_urgent=True) is Status.EXCEPTION


def test_an_open_override_keeps_a_rule_from_being_not_met() -> None:
    facts: dict[str, Value] = {
        "status": "confirmed",
        "tissue": "bone",
        "site": "spine",
        "referred_to_rnoh": False,
        "surgery": True,
    }
    assert status("L03", **facts) is Status.APPLICABILITY_UNKNOWN
    assert status("L03", **facts, skull_base_involved=False, transnasal_approach=False) is Status.NOT_MET
    assert status("L03", **facts, skull_base_involved=True) is Status.OVERRIDDEN


def test_nothing_is_not_met_while_the_case_may_belong_to_the_children_s_pathway() -> None:
    facts: dict[str, Value] = {"status": "confirmed", "referred_to_specialist_centre": False}
    assert status("L01", **facts) is Status.NOT_MET
    assert status("L01", **facts, adult=None) is Status.APPLICABILITY_UNKNOWN
    open_ones = evaluate(PATHWAY, {"network": "LSESN", **facts}, on=TODAY)
    assert next(result.needs for result in open_ones if result.rule_id == "L01") == ("adult",)


def test_a_core_member_who_is_not_designated_is_a_conflict_that_is_shown_and_not_decided() -> None:
    facts: dict[str, Value] = {"site": "spine", "surgery": True, "operator": "core", "centre_sag_defined": True}
    assert status("L10", **facts) is Status.MET
    assert status("L11", **facts) is Status.CONFLICT
    assert len(PATHWAY.conflicts) == 2
    assert "L11" in PATHWAY.conflicts[0]


def test_an_operator_who_is_not_recorded_may_still_be_the_conflict() -> None:
    facts: dict[str, Value] = {"site": "spine", "surgery": True, "centre_sag_defined": False}
    assert status("L11", **facts) is Status.NOT_RECORDED
    assert status("L11", **facts, operator="neither") is Status.NOT_MET


def test_met_is_not_said_while_another_rule_may_go_before_or_the_case_may_be_a_child_s() -> None:
    facts: dict[str, Value] = {"status": "confirmed", "tissue": "bone", "site": "spine", "referred_to_rnoh": True}
    assert status("L03", **facts, surgery=True) is Status.APPLICABILITY_UNKNOWN
    assert status("L03", **facts, surgery=False) is Status.MET
    assert status("L03", **facts, surgery=False, adult=None) is Status.APPLICABILITY_UNKNOWN


def test_support_for_visiting_surgeons_is_asked_for_only_where_it_would_help() -> None:
    facts: dict[str, Value] = {"surgery": True, "surgery_centre": "RNOH"}
    assert status("L09", **facts, other_site_expertise=False) is Status.NOT_APPLICABLE
    assert status("L09", **facts, other_site_expertise=True) is Status.NOT_RECORDED
    assert status("L09", **facts, other_site_expertise=True, visiting_surgeon=True) is Status.MET


def test_an_unplanned_excision_is_recorded_with_its_place() -> None:
    assert status("L15") is Status.NOT_RECORDED
    assert status("L15", unplanned_excision=False) is Status.MET
    assert status("L15", unplanned_excision=True) is Status.NOT_RECORDED
    assert status("L15", unplanned_excision=True, excision_place="elsewhere") is Status.MET


def test_background_and_document_control_ask_for_nothing() -> None:
    assert status("L17") is Status.INFORMATION
    assert status("L18") is Status.INFORMATION


def test_every_rule_of_the_document_stands_and_the_readings_are_declared() -> None:
    assert [rule.id for rule in PATHWAY.rules] == ["G1", "G2", *(f"L{n:02}" for n in range(1, 19))]
    assert [reading[:2] for reading in PATHWAY.readings] == [f"{letter}." for letter in "ABCDEFGH"]


def test_the_facts_used_are_those_of_every_rule_that_bears_on_it() -> None:
    facts: dict[str, Value] = {"network": "LSESN", "adult": True, "site": "spine", "skull_base_involved": False}
    result = next(r for r in evaluate(PATHWAY, facts, on=TODAY) if r.rule_id == "L03")
    assert result.facts == facts


@pytest.mark.parametrize(
    ("on", "past"), [(date(2026, 3, 31), False), (date(2026, 4, 1), True), (date(2024, 3, 22), False)]
)
def test_the_notice_says_when_the_review_is_past_due(on: date, past: bool) -> None:
    notice = evaluate(PATHWAY, {}, on=on)[0].notice
    assert notice.startswith("version 2, approved 22 March 2024, review due March 2026")
    assert ("past its review date" in notice) is past


def test_an_unknown_fact_is_refused() -> None:
    with pytest.raises(PathwayError, match="no fact named 'grade'"):
        evaluate(PATHWAY, {"grade": True}, on=TODAY)


@pytest.mark.parametrize(("fact", "value"), [("adult", "yes"), ("site", "femur"), ("adult", 1), ("site", True)])
def test_a_value_a_fact_cannot_have_is_refused(fact: str, value: bool | str) -> None:
    with pytest.raises(PathwayError, match=rf"fact '{fact}': expected .* or None for not recorded"):
        evaluate(PATHWAY, {fact: value}, on=TODAY)


def test_no_name_number_or_address_of_a_person_is_shipped() -> None:
    text = (Path(__file__).parents[2] / "sarcoma_review/pathways/data/lsesn-spinal-2024.toml").read_text()
    assert "@" not in text
    assert not any(len(word) >= 7 and word.isdigit() for word in text.replace("-", " ").split())
