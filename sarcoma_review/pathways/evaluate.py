"""What each rule of a pathway says of a case. It decides nothing and never takes "not recorded" for "no".

A status that is settled stays: whatever else comes to be recorded, it does not change. Where a fact that is not
recorded could still change it, the rule is left open and says which fact.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from sarcoma_review.pathways.condition import Condition, MisplacedError, Value
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
    INFORMATION = "information"

    @property
    def words(self) -> str:
        """As a reader sees it."""
        return "applicability not known" if self is Status.APPLICABILITY_UNKNOWN else self.value.replace("_", " ")

    @property
    def mark(self) -> str:
        """A sign for it, told apart by its shape where colour is not seen."""
        return _MARKS[self]

    @property
    def settled(self) -> bool:
        """Whether nothing that comes to be recorded can change it."""
        return self not in (Status.NOT_RECORDED, Status.APPLICABILITY_UNKNOWN)


_MARKS = {
    Status.MET: "●",
    Status.NOT_MET: "○",
    Status.NOT_RECORDED: "?",
    Status.NOT_APPLICABLE: "–",
    Status.APPLICABILITY_UNKNOWN: "…",
    Status.EXCEPTION: "◐",
    Status.OVERRIDDEN: "⊘",
    Status.REDIRECTED: "➜",
    Status.CONFLICT: "◆",
    Status.INFORMATION: "i",
}


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
    facts : mapping of str to bool, str, float or None
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
            raise MisplacedError(f"pathway {pathway.id} has no fact named {name!r}", name)
        pathway.facts[name].check(value)
    notice = pathway.notice(on)
    return [_result(pathway, rule, facts, notice) for rule in pathway.rules]


def next_facts(results: Iterable[RuleResult]) -> list[str]:
    """The facts to ask for next, those that stand in the way of the most rules first.

    Where two stand in the way of as many, the one of the stronger duty comes first, then the one met first in the
    document. Whether a rule applies may hang on the answer, so one round of questions can bring a second.

    Examples
    --------
    >>> from datetime import date
    >>> from sarcoma_review.pathways import load_pathway
    >>> facts = {"network": "LSESN", "adult": True, "status": "suspected", "site": "spine", "surgery": False}
    >>> next_facts(evaluate(load_pathway("lsesn-spinal-2024"), facts, on=date(2026, 11, 22)))[:3]
    ['radiotherapy', 'tissue', 'emergency']
    """
    strength = {"must": 0, "redirect": 0, "should": 1, "may": 2, "info": 3}
    blocks: dict[str, list[int]] = {}
    for result in results:
        for name in result.needs:
            blocks.setdefault(name, []).append(strength[result.level])
    return sorted(blocks, key=lambda name: (-len(blocks[name]), min(blocks[name])))


_Outcome = tuple[Status, str, tuple[str, ...]]
"""Status, what is said of it (without the names of missing facts), and those facts."""


def answer(pathway: Pathway, rule: Rule, facts: Mapping[str, Value]) -> _Outcome:
    """Status, explanation and needs of one rule; the facts are taken as checked."""
    status, why, needs = _silence(pathway, rule, facts) or _override(pathway, rule, facts) or _outcome(rule, facts)
    if not needs:
        return status, why, needs
    missing = ", ".join(str(pathway.facts[name]) for name in needs)
    return (
        status,
        f"{why}: {missing} not recorded." if why else f"{missing[0].upper()}{missing[1:]} not recorded.",
        needs,
    )


def _result(pathway: Pathway, rule: Rule, facts: Mapping[str, Value], notice: str) -> RuleResult:
    status, explanation, needs = answer(pathway, rule, facts)
    return RuleResult(
        rule_id=rule.id,
        status=status,
        level=rule.level,
        statement=rule.statement,
        destination=rule.destination,
        citation=rule.citation,
        reading=rule.reading,
        explanation=explanation,
        facts={name: value for name in pathway.looks_at[rule.id] if (value := facts.get(name)) is not None},
        needs=needs,
        notice=notice,
    )


def _silence(pathway: Pathway, rule: Rule, facts: Mapping[str, Value]) -> _Outcome | None:
    """The status of a rule that does not, or may not, speak of this case; None where it does."""
    covered, applies = pathway.covers.holds(facts), rule.when.holds(facts)
    stops = [(other, _both(other, facts)) for other in pathway.stopping[rule.id]]
    if covered is False or applies is False:
        subject = "The pathway" if covered is False else "The rule"
        return Status.NOT_APPLICABLE, f"{subject} does not speak of this case.", ()
    sent_on = next((other.id for other, stopped in stops if stopped), "")
    if sent_on and covered:
        return Status.NOT_APPLICABLE, f"Rule {sent_on} sends the case to another pathway.", ()
    if not covered or applies is None:
        needs = (pathway.covers if covered is None else rule.when).open_facts(facts)
        return Status.APPLICABILITY_UNKNOWN, "Whether it applies is open", needs
    for other, stopped in stops:
        if stopped is None:
            needs = tuple(dict.fromkeys((*other.when.open_facts(facts), *_stop_of(other).open_facts(facts))))
            why = f"Whether rule {other.id} sends the case to another pathway is open"
            return Status.APPLICABILITY_UNKNOWN, why, needs
    return None


def _stop_of(rule: Rule) -> Condition:
    return rule.stops or rule.when


def _both(rule: Rule, facts: Mapping[str, Value]) -> bool | None:
    """Whether a rule applies and stops those after it."""
    answers = rule.when.holds(facts), _stop_of(rule).holds(facts)
    return False if False in answers else None if None in answers else True


def _override(pathway: Pathway, rule: Rule, facts: Mapping[str, Value]) -> _Outcome | None:
    """Where another rule goes before this one, or may; None where it does not, or this one is open by itself."""
    if not rule.overridden_by:
        return None
    over = pathway.by_id[rule.overridden_by].when
    goes_before = over.holds(facts)
    if goes_before:
        return Status.OVERRIDDEN, f"Rule {rule.overridden_by} of the same document goes before this one here.", ()
    if goes_before is None and _outcome(rule, facts)[0].settled:
        why = f"Whether rule {rule.overridden_by} goes before it is open"
        return Status.APPLICABILITY_UNKNOWN, why, over.open_facts(facts)
    return None


def _outcome(rule: Rule, facts: Mapping[str, Value]) -> _Outcome:
    """The status of a rule that applies."""
    if rule.level == "redirect":
        return Status.REDIRECTED, f"The case is sent on: {rule.destination}.", ()
    if rule.satisfied is None:
        return Status.INFORMATION, "For information; it asks for nothing.", ()
    holds = rule.satisfied.holds(facts)
    if holds:
        return Status.MET, "Recorded as the document asks.", ()
    if holds is None:
        needs = rule.satisfied.open_facts(facts)
        return Status.NOT_RECORDED, "", needs
    return _conflict(rule, facts) or _exception(rule, facts) or _not_met()


def _not_met() -> _Outcome:
    return Status.NOT_MET, "Recorded otherwise than the document asks; for discussion.", ()


def _conflict(rule: Rule, facts: Mapping[str, Value]) -> _Outcome | None:
    if rule.conflict is None:
        return None
    when, other = rule.conflict
    holds = when.holds(facts)
    if holds:
        return Status.CONFLICT, f"Rule {other} of the same document allows what this one does not.", ()
    if holds is None:
        needs = when.open_facts(facts)
        return Status.NOT_RECORDED, f"Whether rule {other} of the same document allows it is open", needs
    return None


def _exception(rule: Rule, facts: Mapping[str, Value]) -> _Outcome | None:
    for when, reason in rule.exceptions:
        if when.holds(facts):
            return Status.EXCEPTION, f"The document's own exception is recorded: {reason}.", ()
    needs = tuple(dict.fromkeys(name for when, _ in rule.exceptions for name in when.open_facts(facts)))
    if needs:
        return Status.NOT_RECORDED, "Whether the exception applies is open", needs
    return None
