"""A pathway as data: its facts, its rules, where each stands in the document."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, get_args

from sarcoma_review.errors import PathwayError
from sarcoma_review.pathways.condition import Condition, Value

Level = Literal["must", "should", "may", "info", "redirect"]


@dataclass(frozen=True)
class Fact:
    """Something a pathway asks of a case; it may not be recorded, and that is not "no".

    Parameters
    ----------
    name, question : str
    values : tuple of str
        The words it may take; empty for yes or no.
    """

    name: str
    question: str
    values: tuple[str, ...] = ()

    def check(self, value: Value) -> None:
        """Refuse a value this fact cannot have.

        Raises
        ------
        PathwayError
            Naming the fact and what is allowed.
        """
        allowed: tuple[Value, ...] = self.values or (True, False)
        if value is not None and not any(
            value is word or (isinstance(word, str) and value == word) for word in allowed
        ):
            words = ", ".join(self.values) or "yes (True), no (False)"
            raise PathwayError(f"fact {self.name!r}: expected {words} or None for not recorded; found another value")


@dataclass(frozen=True)
class Rule:
    """One thing a document asks for.

    Parameters
    ----------
    id, statement : str
        In our own words.
    level : {"must", "should", "may", "info", "redirect"}
        By the document's own verb.
    when : Condition
        Whom it applies to.
    satisfied : Condition or None
        None for a redirect, which is not something to satisfy.
    exceptions : tuple of (Condition, str)
        With the reason.
    conflict : (Condition, str) or None
        When another rule of the same document allows what this one does not, with its id.
    overridden_by : str
        Id of a rule that goes before this one wherever it applies.
    stops : bool
        A redirect after which no other rule of the pathway applies.
    destination, citation, reading : str
        Where it sends the case; where it stands; how a doubtful text was read.
    """

    id: str
    statement: str
    level: Level
    when: Condition
    satisfied: Condition | None
    exceptions: tuple[tuple[Condition, str], ...]
    conflict: tuple[Condition, str] | None
    overridden_by: str
    stops: bool
    destination: str
    citation: str
    reading: str


@dataclass(frozen=True)
class Pathway:
    """A document as rules.

    Parameters
    ----------
    id, title, version, issued_by, source : str
    approved : date
    review_due : date
        Last day of the month in which a review is due.
    covers : Condition
        The cases the document speaks of at all.
    limits : tuple of str
        What these rules do not hold, such as a diagram that could not be read.
    facts : mapping of str to Fact
    rules : tuple of Rule
    """

    id: str
    title: str
    version: str
    issued_by: str
    source: str
    approved: date
    review_due: date
    covers: Condition
    limits: tuple[str, ...]
    facts: Mapping[str, Fact]
    rules: tuple[Rule, ...]

    def notice(self, on: date) -> str:
        """Version and review date in words, and whether the review is past due on a date."""
        approved = f"approved {self.approved.day} {self.approved:%B %Y}"
        text = f"version {self.version}, {approved}, review due {self.review_due:%B %Y}"
        return f"{text}: past its review date" if on > self.review_due else text

    def __repr__(self) -> str:
        return f"<Pathway {self.id}, version {self.version}, {len(self.rules)} rules>"


_PATHWAY_KEYS = {"id", "title", "version", "issued_by", "source", "approved", "review_due", "covers", "limits"}
_RULE_KEYS = {
    *("id", "statement", "level", "when", "satisfied", "exceptions", "conflict"),
    *("overridden_by", "stops", "destination", "citation", "reading"),
}


def parse(document: Mapping[str, Any]) -> Pathway:
    """Build a pathway from a TOML document.

    Raises
    ------
    PathwayError
        If a key is unknown or missing, a level is not one of the closed set, a condition names an unknown fact or a
        value it cannot have, two rules share an id, or a rule is overridden by one that does not exist.
    """
    name = str(document.get("id", "pathway"))
    _require_keys(document, _PATHWAY_KEYS | {"facts", "rules"}, {"reading"}, name)
    facts = {key: _fact(key, table) for key, table in document["facts"].items()}
    rules = tuple(_rule(table) for table in document["rules"])
    pathway = Pathway(
        **{key: document[key] for key in _PATHWAY_KEYS - {"covers", "limits"}},
        covers=Condition.parse(document["covers"], f"{name} covers"),
        limits=tuple(document["limits"]),
        facts=facts,
        rules=rules,
    )
    _check(pathway)
    return pathway


def _require_keys(table: Mapping[str, Any], required: set[str], optional: set[str], where: str) -> None:
    missing, unknown = required - set(table), set(table) - required - optional
    if missing:
        raise PathwayError(f"{where}: missing {', '.join(sorted(missing))}")
    if unknown:
        raise PathwayError(f"{where}: unknown key {', '.join(sorted(unknown))}")


def _fact(name: str, table: Mapping[str, Any]) -> Fact:
    _require_keys(table, {"question"}, {"values"}, f"fact {name}")
    return Fact(name, table["question"], tuple(table.get("values", ())))


def _rule(table: Mapping[str, Any]) -> Rule:
    where = f"rule {table.get('id', '?')}"
    required = {"id", "statement", "level", "when", "citation"}
    _require_keys(table, required, _RULE_KEYS - required, where)
    if table["level"] not in get_args(Level):
        raise PathwayError(f"{where}: level is one of {', '.join(get_args(Level))}; found {table['level']!r}")
    if ("satisfied" in table) == (table["level"] == "redirect"):
        raise PathwayError(f"{where}: every rule but a redirect says what satisfies it, and a redirect does not")
    conflict = table.get("conflict")
    return Rule(
        id=table["id"],
        statement=table["statement"],
        level=table["level"],
        when=Condition.parse(table["when"], where),
        satisfied=Condition.parse(table["satisfied"], where) if "satisfied" in table else None,
        exceptions=tuple((Condition.parse(e["when"], where), str(e["reason"])) for e in table.get("exceptions", ())),
        conflict=(Condition.parse(conflict["when"], where), str(conflict["with"])) if conflict else None,
        overridden_by=table.get("overridden_by", ""),
        stops=bool(table.get("stops", False)),
        destination=table.get("destination", ""),
        citation=table["citation"],
        reading=table.get("reading", ""),
    )


def _check(pathway: Pathway) -> None:
    ids = [rule.id for rule in pathway.rules]
    for rule in pathway.rules:
        if ids.count(rule.id) > 1:
            raise PathwayError(f"rule {rule.id}: two rules have this id")
        others = {rule.overridden_by, rule.conflict[1] if rule.conflict else ""} - {""}
        if not others <= set(ids) - {rule.id}:
            raise PathwayError(f"rule {rule.id}: points at a rule that is not there: {', '.join(sorted(others))}")
        conditions = [
            rule.when,
            *([rule.satisfied] if rule.satisfied else []),
            *(when for when, _ in rule.exceptions),
        ]
        _check_facts([*conditions, *([rule.conflict[0]] if rule.conflict else [])], pathway, f"rule {rule.id}")
    _check_facts([pathway.covers], pathway, "covers")
    overridden = {rule.id for rule in pathway.rules if rule.overridden_by}
    for rule in pathway.rules:
        if rule.overridden_by in overridden:
            raise PathwayError(f"rule {rule.id}: {rule.overridden_by}, which overrides it, is itself overridden")


def _check_facts(conditions: list[Condition], pathway: Pathway, where: str) -> None:
    for leaf in (leaf for condition in conditions for leaf in condition.leaves()):
        fact = pathway.facts.get(leaf.fact)
        if fact is None:
            raise PathwayError(f"{where}: no such fact: {leaf.fact}")
        for value in leaf.values:
            fact.check(value)
