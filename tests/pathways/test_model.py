import copy
import itertools
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sarcoma_review.errors import PathwayError
from sarcoma_review.pathways import evaluate
from sarcoma_review.pathways.condition import Condition, Value
from sarcoma_review.pathways.library import load_pathway
from sarcoma_review.pathways.parse import parse

DOCUMENT: dict[str, Any] = {
    "id": "p",
    "title": "t",
    "version": "1",
    "issued_by": "n",
    "source": "s",
    "approved": date(2024, 1, 1),
    "review_due": date(2025, 1, 31),
    "covers": {"fact": "a", "is": True},
    "limits": [],
    "facts": {
        "a": {"question": "a?"},
        "site": {"question": "where?", "values": ["x", "y"]},
        "n": {"question": "how many?", "unit": "cases"},
    },
    "rules": [
        {
            "id": "R1",
            "statement": "s",
            "level": "must",
            "when": {"fact": "a", "is": True},
            "satisfied": {"fact": "site", "is": "x"},
            "citation": "1",
        }
    ],
}


def changed(path: list[Any], value: Any) -> dict[str, Any]:
    document = copy.deepcopy(DOCUMENT)
    at: Any = document
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    return document


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (["colour"], 1, "p: unknown key colour"),
        (["rules", 0, "colour"], 1, "rule R1: unknown key colour"),
        (["rules", 0, "level"], "shall", "level is one of must, should, may, info, redirect; found 'shall'"),
        (["rules", 0, "level"], "redirect", "every rule but a redirect says what satisfies it"),
        (["rules", 0, "when"], {"fact": "b", "is": True}, "rule R1: no such fact: b"),
        (["rules", 0, "when"], {"fact": "site", "is": "z"}, 'rule R1: site is "x", "y"; found .z.'),
        (["rules", 0, "when"], {"fact": "a", "equals": True}, "a condition is all, any, not, or fact with is"),
        (["rules", 0, "when"], {"all": []}, "a condition is all, any, not"),
        (["rules", 0, "when"], True, 'a condition is "always" or stands in { }; found True'),
        (["rules", 0, "overridden_by"], "R9", "points at a rule that is not there: R9"),
        (["rules", 0, "overridden_by"], "R1", "overridden_by points at the rule itself"),
        (["rules", 0, "when"], {"fact": "site", "at_least": 2}, "at_least asks for a fact with a unit: site"),
        (["rules", 0, "when"], {"fact": "n", "is": 2}, "is asks for a fact without one: n"),
        (["rules", 0, "when"], {"fact": "n", "at_least": "2"}, "at_least takes a number, found .2."),
        (["rules", 0, "when"], {}, "a condition is all, any, not, .*; found an empty table"),
        (["rules", 0, "when"], "sometimes", 'a condition is "always" or stands in { }; found .sometimes.'),
        (["rules", 0, "scope"], "ward", "scope is case or service; found 'ward'"),
        (["rules", 0, "stops"], True, "only a redirect stops a pathway"),
        (["rules", 0, "interlock"], "yes", "interlock is true or false"),
        (["rules", 0, "statement"], 3, "statement is a text"),
        (["rules", 0, "conflict"], {"when": "always"}, "conflict hold when and with"),
        (["rules", 0, "exceptions"], [{"reason": "r"}], "exceptions hold when and reason"),
        (["facts", "a", "values"], ["x", "x"], "values are a list of different words"),
        (["facts", "n", "values"], ["x"], "has values or a unit, not both"),
        (["facts", "n", "group"], 3, "fact n: group is a text"),
        (["facts", "n", "afterwards"], "yes", "fact n: afterwards is true or false"),
        (["facts", "a"], "a?", "fact a: expected a table"),
        (["approved"], "2024-01-01", 'approved is a date such as 2026-03-31, without quotes, or "not stated"'),
        (["limits"], "none", "limits is a list of texts"),
        (["covers"], {"fact": "b", "is": True}, "covers: no such fact: b"),
    ],
)
def test_a_wrong_document_is_refused_with_the_place(path: list[Any], value: Any, message: str) -> None:
    with pytest.raises(PathwayError, match=message):
        parse(changed(path, value))


def test_missing_keys_double_ids_and_circles_are_refused() -> None:
    without = copy.deepcopy(DOCUMENT)
    del without["approved"]
    with pytest.raises(PathwayError, match="p: missing approved"):
        parse(without)
    rule = DOCUMENT["rules"][0]
    with pytest.raises(PathwayError, match="R1: two rules have this id"):
        parse(changed(["rules"], [rule, rule]))
    one_more = {**rule, "id": "R3"}
    three = [{**rule, "overridden_by": "R2"}, {**rule, "id": "R2", "overridden_by": "R3"}, one_more]
    with pytest.raises(PathwayError, match="R1: R2, which overrides it, is itself overridden"):
        parse(changed(["rules"], three))
    one_more["overridden_by"] = "R1"
    with pytest.raises(PathwayError, match="R1: circular overrides: R2, which overrides it"):
        parse(changed(["rules"], three))
    circle = [{**rule, "id": "R1", "overridden_by": "R2"}, {**rule, "id": "R2", "overridden_by": "R1"}]
    with pytest.raises(PathwayError, match="R2, which overrides it, is itself overridden"):
        parse(changed(["rules"], circle))


def test_an_unknown_pathway_is_refused_with_those_there_are() -> None:
    with pytest.raises(PathwayError, match=r"no pathway named 'nowhere'; there are: .*lsesn-spinal-2024"):
        load_pathway("nowhere")


leaf = st.builds(
    lambda name, value: Condition("fact", fact=name, values=(value,)), st.sampled_from("abcd"), st.booleans()
)
conditions = st.recursive(
    leaf,
    lambda inner: st.one_of(
        st.builds(lambda part: Condition("not", (part,)), inner),
        st.builds(
            lambda form, parts: Condition(form, tuple(parts)),
            st.sampled_from(["all", "any"]),
            st.lists(inner, min_size=1, max_size=3),
        ),
    ),
    max_leaves=8,
)


@given(conditions, st.dictionaries(st.sampled_from("abcd"), st.booleans()))
def test_a_settled_answer_stays_whatever_the_missing_facts_turn_out_to_be(
    condition: Condition, known: dict[str, Value]
) -> None:
    answer = condition.holds(known)
    missing = [name for name in "abcd" if name not in known]
    completions = [
        condition.holds({**known, **dict(zip(missing, values, strict=True))})
        for values in itertools.product([True, False], repeat=len(missing))
    ]
    assert None not in completions
    if answer is not None:
        assert set(completions) == {answer}
        assert condition.open_facts(known) == ()
    else:
        assert set(condition.open_facts(known)) <= set(missing)
        assert condition.open_facts(known)


def test_a_value_is_said_in_words_and_none_is_not_recorded() -> None:
    pathway = parse(DOCUMENT)
    assert [pathway.facts["a"].words(value) for value in (True, False, None)] == ["yes", "no", "not recorded"]
    assert pathway.facts["n"].words(12) == "12 cases"
    assert pathway.facts["site"].words("x") == "x"
    assert repr(pathway) == "<Pathway p, version 1, 1 rules>"


def test_a_label_stands_for_a_name_in_a_sentence() -> None:
    document = changed(["facts", "site", "label"], "place of the tumour")
    result = evaluate(parse(document), {"a": True}, on=date(2024, 6, 1))[0]
    assert result.explanation == "Place of the tumour not recorded."
