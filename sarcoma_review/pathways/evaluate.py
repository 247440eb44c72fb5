"""What each rule of a pathway says of a case. It decides nothing and never takes "not recorded" for "no"."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from sarcoma_review.errors import PathwayError
from sarcoma_review.pathways.condition import Condition, Value
from sarcoma_review.pathways.model import Level, Pathway, Rule


class Status(StrEnum):
    """What a rule says of a case."""

    MET = "met"
    NOT_MET = "not_met"
    NOT_RECORDED = "not_recorded"
    NOT_APPLICABLE = "not_applicable"
    APPLICABILITY_UNKNOWN = "applicability_unknown"
    EXCEPTION = "exception"
    OVERRIDDEN = "overridden"
    REDIRECTED = "redirected"
    CONFLICT = "conflict"

    @property
    def words(self) -> str:
        """As a reader sees it."""
        return "applicability not known" if self is Status.APPLICABILITY_UNKNOWN else self.value.replace("_", " ")


@dataclass(frozen=True)
class RuleResult:
    """One rule and what it says of a case.

    Parameters
    ----------
    rule_id : str
    status : Status
    level : {"must", "should", "may", "info", "redirect"}
    statement, destination, citation, reading : str
        As in the pathway.
    explanation : str
        One sentence on the status.
    facts : mapping of str to value
        The recorded facts it looked at.
    needs : tuple of str
        Facts, not recorded, that would settle it.
    notice : str
        The document's version and review date.
    """

    rule_id: str
    status: Status
    level: Level
    statement: str
    destination: str
    citation: str
    reading: str
    explanation: str
    facts: Mapping[str, Value]
    needs: tuple[str, ...]
    notice: str


def evaluate(pathway: Pathway, facts: Mapping[str, Value], *, on: date) -> list[RuleResult]:
    """Say of each rule of a pathway where a case stands.

    Parameters
    ----------
    pathway : Pathway
    facts : mapping of str to bool, str or None
        What is recorded; a fact that is absent or None is not recorded, which is never taken for "no".
    on : date
        The day of reading, for the notice of a review past due.

    Returns
    -------
    list of RuleResult
        One for each rule, in the document's order, the same every time.

    Raises
    ------
    PathwayError
        If a fact is not one of the pathway's, or has a value it cannot have.

    Examples
    --------
    >>> from datetime import date
    >>> from sarcoma_review.pathways import load_pathway
    >>> pathway = load_pathway("lsesn-spinal-2024")
    >>> facts = {"network": "LSESN", "adult": True, "status": "suspected"}
    >>> first = {result.rule_id: result for result in evaluate(pathway, facts, on=date(2026, 11, 22))}["L01"]
    >>> first.status.value, first.needs
    ('not_recorded', ('referred_to_specialist_centre',))
    """
    for name, value in facts.items():
        if name not in pathway.facts:
            raise PathwayError(f"pathway {pathway.id} has no fact named {name!r}")
        pathway.facts[name].check(value)
    rules = {rule.id: rule for rule in pathway.rules}
    stopper = next(
        (r.id for r in pathway.rules if r.stops and r.when.holds(facts) and pathway.covers.holds(facts)), ""
    )
    return [_result(pathway, rule, rules, facts, stopper, on) for rule in pathway.rules]


def _result(
    pathway: Pathway, rule: Rule, rules: Mapping[str, Rule], facts: Mapping[str, Value], stopper: str, on: date
) -> RuleResult:
    status, explanation, needs = _applicability(pathway, rule, facts, stopper) or _outcome(rule, rules, facts)
    if status is Status.NOT_MET:
        status, explanation, needs = _unless_sent_on(rules, facts) or (status, explanation, needs)
    looked_at = [*pathway.covers.facts(), *rule.when.facts(), *(rule.satisfied.facts() if rule.satisfied else ())]
    return RuleResult(
        rule_id=rule.id,
        status=status,
        level=rule.level,
        statement=rule.statement,
        destination=rule.destination,
        citation=rule.citation,
        reading=rule.reading,
        explanation=explanation,
        facts={name: facts[name] for name in dict.fromkeys(looked_at) if facts.get(name) is not None},
        needs=needs,
        notice=pathway.notice(on),
    )


_Outcome = tuple[Status, str, tuple[str, ...]]


def _applicability(pathway: Pathway, rule: Rule, facts: Mapping[str, Value], stopper: str) -> _Outcome | None:
    """The status of a rule that does not, or may not, speak of this case; None where it does."""
    if stopper and rule.id != stopper:
        return Status.NOT_APPLICABLE, f"Rule {stopper} sends the case to another pathway.", ()
    for condition, subject in ((pathway.covers, "The pathway"), (rule.when, "The rule")):
        holds = condition.holds(facts)
        if holds is False:
            return Status.NOT_APPLICABLE, f"{subject} does not speak of this case.", ()
        if holds is None:
            needs = condition.open_facts(facts)
            return Status.APPLICABILITY_UNKNOWN, f"Whether it applies is open: {_words(needs)} not recorded.", needs
    return None


def _unless_sent_on(rules: Mapping[str, Rule], facts: Mapping[str, Value]) -> _Outcome | None:
    """Where it is open whether another rule sends the case elsewhere, no rule of this pathway is "not met" yet."""
    for rule in rules.values():
        if rule.stops and rule.when.holds(facts) is None:
            needs = rule.when.open_facts(facts)
            why = f"Whether rule {rule.id} sends the case to another pathway is open: {_words(needs)} not recorded."
            return Status.APPLICABILITY_UNKNOWN, why, needs
    return None


def _outcome(rule: Rule, rules: Mapping[str, Rule], facts: Mapping[str, Value]) -> _Outcome:
    if rule.satisfied is None:
        return Status.REDIRECTED, f"The case belongs to another pathway: {rule.destination}.", ()
    over = rules[rule.overridden_by].when if rule.overridden_by else None
    if over and over.holds(facts):
        return Status.OVERRIDDEN, f"Rule {rule.overridden_by} goes before this one here. {rule.reading}".strip(), ()
    status, explanation, needs = _satisfaction(rule, rule.satisfied, facts)
    if status is Status.NOT_MET and over and over.holds(facts) is None:
        needs = over.open_facts(facts)
        why = f"Whether rule {rule.overridden_by} goes before it is open: {_words(needs)} not recorded."
        return Status.APPLICABILITY_UNKNOWN, why, needs
    return status, explanation, needs


def _satisfaction(rule: Rule, satisfied: Condition, facts: Mapping[str, Value]) -> _Outcome:
    holds = satisfied.holds(facts)
    if holds:
        return Status.MET, "Recorded as the pathway asks.", ()
    if holds is None:
        needs = satisfied.open_facts(facts)
        return Status.NOT_RECORDED, f"{_words(needs).capitalize()} not recorded.", needs
    if rule.conflict and rule.conflict[0].holds(facts):
        return Status.CONFLICT, f"Rule {rule.conflict[1]} of the same document allows what this one does not.", ()
    for when, reason in rule.exceptions:
        if when.holds(facts):
            return Status.EXCEPTION, f"The pathway's own exception is recorded: {reason}.", ()
    needs = tuple(dict.fromkeys(name for when, _ in rule.exceptions for name in when.open_facts(facts)))
    if needs:
        return Status.NOT_RECORDED, f"Whether the exception applies is open: {_words(needs)} not recorded.", needs
    return Status.NOT_MET, "Recorded otherwise than the pathway asks; for discussion.", ()


def _words(names: tuple[str, ...]) -> str:
    return ", ".join(name.replace("_", " ") for name in names)
