from collections.abc import Iterator
from functools import cache

import pytest

from sarcoma_review.errors import PathwayError
from sarcoma_review.pathways import Pathway, Rule, Status, load_pathway, pathways
from sarcoma_review.pathways.condition import ALWAYS, Value
from sarcoma_review.pathways.reach import assignments, fact_sets

Table = dict[frozenset[tuple[str, Value]], Status]
RULES = [(name, rule.id) for name in pathways() for rule in load_pathway(name).rules]
load = cache(load_pathway)


@cache
def table(name: str, rule_id: str) -> Table:
    return {frozenset(facts.items()): status for facts, status in assignments(load(name), rule_id)}


def one_fact_less(answers: Table) -> Iterator[tuple[Status, Status]]:
    for facts, status in answers.items():
        for fact in facts:
            yield status, answers[facts - {fact}]


@pytest.mark.parametrize(("name", "rule_id"), RULES)
def test_with_one_fact_less_a_rule_says_the_same_or_is_open(name: str, rule_id: str) -> None:
    # So forgetting never makes a "met" of a "not met", and learning never takes a settled status back.
    for known, less in one_fact_less(table(name, rule_id)):
        assert less is known or not less.settled


def statuses_by_form(pathway: Pathway, rule: Rule) -> set[Status]:
    """What a rule can say, read off its form alone."""
    expected = set[Status]()
    if rule.level == "redirect":
        expected = {Status.REDIRECTED}
    elif rule.satisfied is None:
        expected = {Status.INFORMATION}
    else:
        expected = {Status.MET, Status.NOT_RECORDED}
        # A rule that only asks for a record is never "not met".
        if any(rule.satisfied.holds(dict(facts)) is False for facts in table(pathway.id, rule.id)):
            expected |= {Status.NOT_MET}
    expected |= {Status.EXCEPTION} if rule.exceptions else set()
    expected |= {Status.CONFLICT} if rule.conflict else set()
    expected |= {Status.OVERRIDDEN} if rule.overridden_by else set()
    if rule.when != ALWAYS or pathway.covers != ALWAYS or pathway.stopping[rule.id]:
        expected |= {Status.NOT_APPLICABLE, Status.APPLICABILITY_UNKNOWN}
    return expected


@pytest.mark.parametrize(("name", "rule_id"), RULES)
def test_every_rule_has_a_fact_set_for_each_of_its_statuses(name: str, rule_id: str) -> None:
    pathway = load(name)
    assert set(table(name, rule_id).values()) == statuses_by_form(pathway, pathway.by_id[rule_id])


def test_the_fact_sets_found_give_the_statuses_they_stand_for() -> None:
    sets = fact_sets(load("lsesn-spinal-2024"), "L11")
    assert sets[Status.CONFLICT]["operator"] == "core"
    assert sets[Status.NOT_MET]["operator"] == "neither" or sets[Status.NOT_MET]["centre_sag_defined"] is False


def test_a_rule_that_is_not_there_is_refused() -> None:
    with pytest.raises(PathwayError, match="pathway lsesn-spinal-2024 has no rule L99"):
        fact_sets(load("lsesn-spinal-2024"), "L99")
