"""Conditions over facts that may not be recorded: Kleene's three-valued logic.

A condition is the word ``"always"``, or a table with one key out of ``all``, ``any``, ``not``, or ``fact`` with
``is`` or ``at_least``::

    {all = [{fact = "site", is = ["spine", "sacrum"]}, {not = {fact = "adult", is = false}}]}
    {fact = "bone_cases_a_year", at_least = 50}
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from sarcoma_review.errors import PathwayError

Value = bool | str | float | None
"""Of a fact: yes or no, one of its words, a number, or None where it is not recorded."""


class MisplacedError(PathwayError):
    """A fault in a document, with the word to look for when its line is wanted."""

    def __init__(self, message: str, word: str = "") -> None:
        super().__init__(message)
        self.word = word


@dataclass(frozen=True)
class Condition:
    """One node of a condition.

    Parameters
    ----------
    form : {"all", "any", "not", "fact"}
        ``all`` without parts is always true.
    parts : tuple of Condition
        Of ``all``, ``any`` and ``not``.
    fact : str
        Name, of ``fact``.
    values : tuple
        Any of these makes it true.
    at_least : float or None
        Makes a number true from this value on, the value itself included.
    """

    form: Literal["all", "any", "not", "fact"]
    parts: tuple["Condition", ...] = ()
    fact: str = ""
    values: tuple[Value, ...] = ()
    at_least: float | None = None

    @classmethod
    def parse(cls, table: Any, where: str) -> "Condition":
        """Read a condition from TOML.

        Raises
        ------
        PathwayError
            If a key is unknown, or more or fewer than one form is given.
        """
        if table == "always":
            return ALWAYS
        if not isinstance(table, dict):
            raise MisplacedError(f'{where}: a condition is "always" or stands in {{ }}; found {table!r}')
        keys = set(table)
        if keys in ({"fact", "is"}, {"fact", "at_least"}):
            return cls._leaf(table, where)
        if keys == {"not"}:
            return cls("not", (cls.parse(table["not"], where),))
        for form in ("all", "any"):
            if keys == {form} and isinstance(table[form], list) and table[form]:
                return cls(form, tuple(cls.parse(part, where) for part in table[form]))
        unknown = sorted(keys - {"all", "any", "not", "fact", "is", "at_least"}) or sorted(keys) or [""]
        found = ", ".join(sorted(keys)) or "an empty table"
        raise MisplacedError(
            f"{where}: a condition is all, any, not, or fact with is or at_least; found {found}", unknown[0]
        )

    @classmethod
    def _leaf(cls, table: Mapping[str, Any], where: str) -> "Condition":
        if not isinstance(table["fact"], str):
            raise MisplacedError(f"{where}: fact is the name of one fact, found {table['fact']!r}", "fact")
        if "is" in table:
            wanted = table["is"] if isinstance(table["is"], list) else [table["is"]]
            return cls("fact", fact=table["fact"], values=tuple(wanted))
        limit = table["at_least"]
        if isinstance(limit, bool) or not isinstance(limit, int | float) or not math.isfinite(limit):
            raise MisplacedError(f"{where}: at_least takes a number, found {limit!r}", "at_least")
        return cls("fact", fact=table["fact"], at_least=limit)

    def holds(self, facts: Mapping[str, Value]) -> bool | None:
        """True, False, or None where facts that are not recorded leave it open."""
        if self.form == "fact":
            value = facts.get(self.fact)
            if value is None:
                return None
            return value in self.values if self.at_least is None else float(value) >= self.at_least
        if self.form == "not":
            answer = self.parts[0].holds(facts)
            return None if answer is None else not answer
        decisive, open_part = self.form == "any", False
        for part in self.parts:
            answer = part.holds(facts)
            if answer is decisive:
                return decisive
            open_part = open_part or answer is None
        return None if open_part else not decisive

    def open_facts(self, facts: Mapping[str, Value]) -> tuple[str, ...]:
        """Facts, not recorded, that leave this condition open; none where it is settled."""
        if self.holds(facts) is not None:
            return ()
        if self.form == "fact":
            return (self.fact,)
        return tuple(dict.fromkeys(name for part in self.parts for name in part.open_facts(facts)))

    @cached_property
    def fact_names(self) -> tuple[str, ...]:
        """Every fact this condition looks at, in order."""
        return tuple(dict.fromkeys(leaf.fact for leaf in self.leaves()))

    def leaves(self) -> tuple["Condition", ...]:
        """Every ``fact`` node."""
        return (self,) if self.form == "fact" else tuple(leaf for part in self.parts for leaf in part.leaves())


ALWAYS = Condition("all")
"""True of every case."""
