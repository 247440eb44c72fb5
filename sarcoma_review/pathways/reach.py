"""Which statuses a rule can have, each with a set of facts that gives it."""

import math
from collections.abc import Iterator
from itertools import product

from sarcoma_review.errors import PathwayError
from sarcoma_review.pathways.condition import Value
from sarcoma_review.pathways.evaluate import Status, answer
from sarcoma_review.pathways.model import Fact, Pathway

_MOST = 500_000


def fact_sets(pathway: Pathway, rule_id: str) -> dict[Status, dict[str, Value]]:
    """For each status that a rule can have, facts that give it; found by trying everything that can be recorded.

    Raises
    ------
    PathwayError
        If there is no such rule, or its facts combine in more than half a million ways.

    Examples
    --------
    >>> from sarcoma_review.pathways import load_pathway
    >>> fact_sets(load_pathway("lsesn-spinal-2024"), "L05")[Status.EXCEPTION]["clinically_urgent"]
    True
    """
    found: dict[Status, dict[str, Value]] = {}
    for facts, status in assignments(pathway, rule_id):
        found.setdefault(status, facts)
    return found


def assignments(pathway: Pathway, rule_id: str) -> Iterator[tuple[dict[str, Value], Status]]:
    """Everything that can be recorded, or not, of the facts a rule looks at, with the status it gives.

    Of a number, each limit that a rule sets is tried, and a number just below it.
    """
    if rule_id not in pathway.by_id:
        raise PathwayError(f"pathway {pathway.id} has no rule {rule_id}")
    names = pathway.looks_at[rule_id]
    choices = [(None, *_values(pathway, pathway.facts[name])) for name in names]
    ways = math.prod(len(values) for values in choices)
    if ways > _MOST:
        raise PathwayError(
            f"rule {rule_id}: its {len(names)} facts combine in {ways} ways; {_MOST} at most are tried"
        )
    rule = pathway.by_id[rule_id]
    for values in product(*choices):
        facts: dict[str, Value] = {
            name: value for name, value in zip(names, values, strict=True) if value is not None
        }
        yield facts, answer(pathway, rule, facts)[0]


def _values(pathway: Pathway, fact: Fact) -> tuple[Value, ...]:
    if not fact.unit:
        return fact.values or (True, False)
    conditions = (pathway.covers, *(condition for rule in pathway.rules for condition in rule.conditions))
    leaves = (leaf for condition in conditions for leaf in condition.leaves() if leaf.fact == fact.name)
    limits = {leaf.at_least for leaf in leaves if leaf.at_least is not None}
    return tuple(sorted({value for limit in limits for value in (limit, limit - 1)}))
