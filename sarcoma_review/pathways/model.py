"""A pathway as data: its facts, its rules, where each stands in the document."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Literal

from sarcoma_review.pathways.condition import Condition, MisplacedError, Value

Level = Literal["must", "should", "may", "info", "redirect"]
Scope = Literal["case", "service"]


@dataclass(frozen=True)
class Fact:
    """Something a pathway asks of a case; it may not be recorded, and that is not "no".

    Parameters
    ----------
    name, question : str
    values : tuple of str
        The words it may take; empty for yes or no, and for a number.
    unit : str
        Of a number; empty for yes or no, and for words.
    label : str
        Short, for a sentence; its name in words where it has none.
    group : str
        The heading it stands under in a form; empty for none.
    shown_as : mapping of str to str
        How a value reads where that is more than its own word without underscores: what is kept is the value.
    afterwards : bool
        Whether it tells what was done or what came of it: who gives a blind opinion must not see it before.
    """

    name: str
    question: str
    values: tuple[str, ...] = ()
    unit: str = ""
    label: str = ""
    group: str = ""
    shown_as: Mapping[str, str] = field(default_factory=dict, hash=False)
    afterwards: bool = False

    def __str__(self) -> str:
        return self.label or self.name.replace("_", " ")

    def check(self, value: Value) -> None:
        """Refuse a value this fact cannot have.

        Raises
        ------
        PathwayError
            Naming the fact and what is allowed.
        """
        if value is not None and not self.allows(value):
            words = f"a number of {self.unit}" if self.unit else ", ".join(self.values) or "yes (True), no (False)"
            message = f"fact {self.name!r}: expected {words} or None for not recorded; found another value"
            raise MisplacedError(message, self.name)

    def allows(self, value: Value) -> bool:
        """Whether it can be recorded as this."""
        if self.unit:
            return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        if self.values:
            return isinstance(value, str) and value in self.values
        return isinstance(value, bool)

    def words(self, value: Value) -> str:
        """A value as a reader sees it; "not recorded" for None."""
        if value is None:
            return "not recorded"
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, str):
            return self.shown_as.get(value, value.replace("_", " "))
        return f"{value:g} {self.unit}"


@dataclass(frozen=True)
class Rule:
    """One thing a document asks for, or tells.

    Parameters
    ----------
    id, statement : str
        In our own words.
    level : {"must", "should", "may", "info", "redirect"}
        By the document's own verb.
    when : Condition
        Whom it applies to.
    satisfied : Condition or None
        None for a redirect, and for information that asks for nothing.
    exceptions : tuple of (Condition, str)
        With the reason.
    conflict : (Condition, str) or None
        When another rule of the same document allows what this one does not, with its id.
    overridden_by : str
        Id of a rule that goes before this one wherever it applies.
    stops : Condition or None
        Of a redirect: where it applies and this holds too, no later question of the pathway is answered.
    interlock : bool
        Answered before all others: no other rule silences it.
    scope : {"case", "service"}
        Whether the facts are those of one case or of a whole service.
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
    stops: Condition | None
    interlock: bool
    scope: Scope
    destination: str
    citation: str
    reading: str

    @cached_property
    def conditions(self) -> tuple[Condition, ...]:
        """Every condition of the rule."""
        single = (self.when, self.satisfied, self.stops, self.conflict[0] if self.conflict else None)
        return tuple(c for c in (*single, *(when for when, _ in self.exceptions)) if c is not None)

    @cached_property
    def fact_names(self) -> tuple[str, ...]:
        """Every fact the rule looks at, in order."""
        return tuple(dict.fromkeys(name for condition in self.conditions for name in condition.fact_names))


@dataclass(frozen=True)
class Pathway:
    """A document as rules.

    Parameters
    ----------
    id, title, version, issued_by, source : str
    approved, review_due : date or None
        None where the document states none. `review_due` is the last day of the month in which a review is due.
    evidence : str
        What the document itself rests on, where that must be said on every card.
    covers : Condition
        The cases the document speaks of at all.
    limits, readings, conflicts : tuple of str
        What these rules do not hold, such as a diagram that could not be read; how doubtful passages were read; where
        the document disagrees with itself, which is shown and never resolved.
    facts : mapping of str to Fact
    rules : tuple of Rule
    """

    id: str
    title: str
    version: str
    issued_by: str
    source: str
    approved: date | None
    review_due: date | None
    evidence: str
    covers: Condition
    limits: tuple[str, ...]
    readings: tuple[str, ...]
    conflicts: tuple[str, ...]
    facts: Mapping[str, Fact]
    rules: tuple[Rule, ...]

    def notice(self, on: date) -> str:
        """Version and review date in words, and whether the review is past due on a date."""
        day = self.approved
        approved = f"approved {day.day} {day:%B %Y}" if day else "date of approval not stated"
        due = f"review due {self.review_due:%B %Y}" if self.review_due else "date of review not stated"
        text = f"version {self.version}, {approved}, {due}"
        if self.review_due and on > self.review_due:
            text += ": past its review date"
        return f"{text}; {self.evidence}" if self.evidence else text

    @cached_property
    def by_id(self) -> Mapping[str, Rule]:
        """The rules by their ids."""
        return {rule.id: rule for rule in self.rules}

    @cached_property
    def stopping(self) -> Mapping[str, tuple[Rule, ...]]:
        """For each rule, those that may silence it: all that stop, of stopping rules only the earlier ones."""
        stops = [rule for rule in self.rules if rule.stops]
        earlier = {rule.id: stops[: stops.index(rule)] if rule.stops else stops for rule in self.rules}
        return {rule.id: () if rule.interlock else tuple(earlier[rule.id]) for rule in self.rules}

    @cached_property
    def looks_at(self) -> Mapping[str, tuple[str, ...]]:
        """For each rule, every fact its result can depend on, in order."""
        answer = {}
        for rule in self.rules:
            others = [*self.stopping[rule.id], *([self.by_id[rule.overridden_by]] if rule.overridden_by else [])]
            names = [*self.covers.fact_names, *rule.fact_names]
            names += [name for other in others for c in (other.when, other.stops) if c for name in c.fact_names]
            answer[rule.id] = tuple(dict.fromkeys(names))
        return answer

    def __repr__(self) -> str:
        return f"<Pathway {self.id}, version {self.version}, {len(self.rules)} rules>"
