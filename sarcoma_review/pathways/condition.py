"""Conditions over facts that may not be recorded: Kleene's three-valued logic.

A condition is a table with one key out of ``all``, ``any``, ``not``, or ``fact`` with ``is``::

    {all = [{fact = "site", is = ["spine", "sacrum"]}, {not = {fact = "adult", is = false}}]}
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sarcoma_review.errors import PathwayError

Value = bool | str | None
"""Of a fact: yes or no, one of its words, or None where it is not recorded."""


@dataclass(frozen=True)
class Condition:
    """One node of a condition.

    Parameters
    ----------
    form : {"all", "any", "not", "fact"}
    parts : tuple of Condition
        Of ``all``, ``any`` and ``not``.
    fact : str
        Name, of ``fact``.
    values : tuple
        Any of these makes it true.
    """

    form: Literal["all", "any", "not", "fact"]
    parts: tuple["Condition", ...] = ()
    fact: str = ""
    values: tuple[Value, ...] = ()

    @classmethod
    def parse(cls, table: Any, where: str) -> "Condition":
        """Read a condition from TOML.

        Raises
        ------
        PathwayError
            If a key is unknown, or more or fewer than one form is given.
        """
        if not isinstance(table, dict):
            raise PathwayError(f"{where}: a condition is a table, found {type(table).__name__}")
        keys = set(table)
        if keys == {"fact", "is"}:
            wanted = table["is"] if isinstance(table["is"], list) else [table["is"]]
            return cls("fact", fact=str(table["fact"]), values=tuple(wanted))
        if keys == {"not"}:
            return cls("not", (cls.parse(table["not"], where),))
        for form in ("all", "any"):
            if keys == {form} and isinstance(table[form], list) and table[form]:
                return cls(form, tuple(cls.parse(part, where) for part in table[form]))
        raise PathwayError(f"{where}: a condition is all, any, not, or fact with is; found {', '.join(sorted(keys))}")

    def holds(self, facts: Mapping[str, Value]) -> bool | None:
        """True, False, or None where facts that are not recorded leave it open."""
        if self.form == "fact":
            value = facts.get(self.fact)
            return None if value is None else value in self.values
        answers = [part.holds(facts) for part in self.parts]
        if self.form == "not":
            return None if answers[0] is None else not answers[0]
        decisive = self.form == "any"
        if decisive in answers:
            return decisive
        return None if None in answers else not decisive

    def open_facts(self, facts: Mapping[str, Value]) -> tuple[str, ...]:
        """Facts, not recorded, that leave this condition open; none where it is settled."""
        if self.holds(facts) is not None:
            return ()
        if self.form == "fact":
            return (self.fact,)
        return tuple(dict.fromkeys(name for part in self.parts for name in part.open_facts(facts)))

    def facts(self) -> tuple[str, ...]:
        """Every fact this condition looks at, in order."""
        if self.form == "fact":
            return (self.fact,)
        return tuple(dict.fromkeys(name for part in self.parts for name in part.facts()))

    def leaves(self) -> tuple["Condition", ...]:
        """Every ``fact`` node."""
        return (self,) if self.form == "fact" else tuple(leaf for part in self.parts for leaf in part.leaves())
