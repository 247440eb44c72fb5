"""From a TOML document to a pathway; whatever is wrong is refused with its line."""

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeVar, get_args

from sarcoma_review.errors import PathwayError
from sarcoma_review.pathways.condition import ALWAYS, Condition, MisplacedError
from sarcoma_review.pathways.model import Fact, Level, Pathway, Rule, Scope

T = TypeVar("T")
NOT_STATED = "not stated"
_TEXTS = ("id", "title", "version", "issued_by", "source")
_DATES = ("approved", "review_due")
_LISTS = ("limits", "readings", "conflicts")
_RULE_TEXTS = ("id", "statement", "citation", "destination", "reading", "overridden_by")
_RULE_KEYS = {*_RULE_TEXTS, "level", "when", "satisfied", "exceptions", "conflict", "stops", "interlock", "scope"}
_RULE_REQUIRED = {"id", "statement", "level", "when", "citation"}


@dataclass(frozen=True)
class Fault:
    """Something wrong in a document.

    Parameters
    ----------
    message : str
    table : str
        ``"rules"``, ``"facts.NAME"``, or empty for the head of the document.
    index : int
        Of the rule, from 0.
    word : str
        What to look for in that table.
    """

    message: str
    table: str = ""
    index: int = 0
    word: str = ""

    def line(self, text: str) -> int:
        """The line of the document it stands in, from 1."""
        lines = text.splitlines()
        first, last = _block(lines, self.table, self.index)
        word = re.escape(self.word)
        for pattern in (rf"^\s*{word}\s*=", rf'"{word}"', rf"\b{word}\b") if self.word else ():
            for number in range(first, last):
                if re.search(pattern, lines[number]) and not lines[number].lstrip().startswith("#"):
                    return number + 1
        return max(min(first + 1, len(lines)), 1)


def _block(lines: list[str], table: str, index: int) -> tuple[int, int]:
    """First and past-the-last line of a table, from 0; the whole document where it has no header of its own."""
    headers = [(n, m[1].strip()) for n, line in enumerate(lines) if (m := re.match(r"\s*\[\[?([^\[\]]+)\]", line))]
    own = [(n, name) for n, name in headers if name == table]
    if table and index >= len(own):
        return 0, len(lines)
    start = own[index][0] if table else -1
    later = [n for n, name in headers if n > start and not (table and name.startswith(f"{table}."))]
    return max(start, 0), later[0] if later else len(lines)


def parse(document: Mapping[str, Any]) -> Pathway:
    """Build a pathway from a TOML document that is read already.

    Raises
    ------
    PathwayError
        If a key is unknown or missing, a level is not one of the closed set, a condition names an unknown fact or a
        value it cannot have, two rules share an id, a rule is overridden by one that does not exist, or overrides run
        in a circle.
    """
    pathway, faults = collect(document)
    if pathway is None:
        raise PathwayError(faults[0].message)
    return pathway


def read_pathway(text: str, name: str = "pathway") -> Pathway:
    """Build a pathway from the text of a TOML document, such as one that a network wrote of its own.

    Raises
    ------
    PathwayError
        As `parse`, with the line: ``name line 12: rule R1: unknown key colour``.

    Examples
    --------
    >>> read_pathway("id = 'p'", "ours.toml")
    Traceback (most recent call last):
    sarcoma_review.errors.PathwayError: ours.toml line 1: p: missing approved, covers, facts, ...
    """
    try:
        document = tables(text)
    except tomllib.TOMLDecodeError as problem:
        raise PathwayError(f"{name}: not TOML: {problem}") from None
    pathway, faults = collect(document)
    if pathway is None:
        raise PathwayError(f"{name} line {faults[0].line(text)}: {faults[0].message}")
    return pathway


def tables(text: str) -> dict[str, Any]:
    """The tables of a TOML text; the mark that some editors put before a text in UTF-8 is passed over.

    Raises
    ------
    tomllib.TOMLDecodeError
        If it is not TOML, or its conditions are nested deeper than can be read.
    """
    try:
        return tomllib.loads(text.removeprefix("\ufeff"))
    except RecursionError:
        raise tomllib.TOMLDecodeError("conditions are nested too deep to be read") from None


def collect(document: Mapping[str, Any]) -> tuple[Pathway | None, list[Fault]]:
    """A pathway, or None and the faults: the first of each table, and of the whole when the tables are right."""
    faults: list[Fault] = []
    name = str(document.get("id", "pathway"))
    _try(faults, "", 0, _require_head, document, name)
    if faults:
        return None, faults
    facts = {key: _try(faults, f"facts.{key}", 0, _fact, key, table) for key, table in document["facts"].items()}
    rules = [_try(faults, "rules", n, _rule, table) for n, table in enumerate(document["rules"])]
    covers = _try(faults, "", 0, _condition, document, "covers", name)
    if faults or covers is None:
        return None, faults
    head: dict[str, Any] = {key: document[key] for key in _TEXTS}
    head |= {key: None if document[key] == NOT_STATED else document[key] for key in _DATES}
    head |= {key: tuple(document.get(key, ())) for key in _LISTS}
    pathway = Pathway(
        **head,
        evidence=document.get("evidence", ""),
        covers=covers,
        facts={key: fact for key, fact in facts.items() if fact},
        rules=tuple(rule for rule in rules if rule),
    )
    _try(faults, "", 0, _check_facts, (pathway.covers,), pathway, "covers")
    for n, rule in enumerate(pathway.rules):
        _try(faults, "rules", n, _check_rule, rule, pathway)
    return None if faults else pathway, faults


def _try(faults: list[Fault], table: str, index: int, build: Callable[..., T], *arguments: Any) -> T | None:
    try:
        return build(*arguments)
    except MisplacedError as problem:
        faults.append(Fault(str(problem), table, index, problem.word))
        return None


def _require_head(document: Mapping[str, Any], name: str) -> None:
    required = {*_TEXTS, *_DATES, "covers", "facts", "rules"}
    _require_keys(document, required, {*_LISTS, "evidence"}, name)
    _require_texts(document, (*_TEXTS, "evidence"), required, name)
    for key in _LISTS:
        texts = document.get(key, [])
        right = isinstance(texts, list) and all(isinstance(text, str) for text in texts)
        _require(right, f"{name}: {key} is a list of texts", key)
    for key in _DATES:
        value = document[key]
        right = value == NOT_STATED or (isinstance(value, date) and not isinstance(value, datetime))
        _require(right, f'{name}: {key} is a date such as 2026-03-31, without quotes, or "{NOT_STATED}"', key)
    _require(isinstance(document["facts"], dict), f"{name}: facts are tables, [facts.NAME]", "facts")
    rules = document["rules"]
    _require(isinstance(rules, list) and bool(rules), f"{name}: rules are tables, one [[rules]] or more", "rules")


def _require(right: bool, message: str, word: str = "") -> None:
    if not right:
        raise MisplacedError(message, word)


def _require_texts(table: Mapping[str, Any], keys: tuple[str, ...], required: set[str], where: str) -> None:
    """Refuse what is not a text, and an empty one where something has to be said."""
    for key in keys:
        text = table.get(key, "")
        _require(isinstance(text, str), f"{where}: {key} is a text", key)
        _require(bool(text.strip()) or key not in required, f"{where}: {key} is empty", key)


def _require_keys(table: Mapping[str, Any], required: set[str], optional: set[str], where: str) -> None:
    _require(isinstance(table, dict), f"{where}: expected a table")
    missing, unknown = required - set(table), sorted(set(table) - required - optional)
    _require(not unknown, f"{where}: unknown key {', '.join(unknown)}", unknown[0] if unknown else "")
    _require(not missing, f"{where}: missing {', '.join(sorted(missing))}")


def _fact(name: str, table: Mapping[str, Any]) -> Fact:
    where = f"fact {name}"
    _require_keys(table, {"question"}, {"values", "unit", "label", "group", "shown_as", "afterwards"}, where)
    values = table.get("values", [])
    right = isinstance(values, list) and all(isinstance(word, str) and word for word in values)
    _require(right and len(set(values)) == len(values), f"{where}: values are a list of different words", "values")
    _require(not (values and "unit" in table), f"{where}: has values or a unit, not both", "unit")
    _require_texts(table, ("question", "unit", "label", "group"), {"question"}, where)
    shown_as = table.get("shown_as", {})
    right = isinstance(shown_as, dict) and all(isinstance(text, str) and text.strip() for text in shown_as.values())
    right = right and set(shown_as) <= set(values)
    _require(right, f"{where}: shown_as is a table with a text for some of its values", "shown_as")
    afterwards = table.get("afterwards", False)
    _require(isinstance(afterwards, bool), f"{where}: afterwards is true or false", "afterwards")
    texts = {key: table.get(key, "") for key in ("unit", "label", "group")}
    return Fact(name, table["question"], tuple(values), **texts, shown_as=shown_as, afterwards=afterwards)


def _rule(table: Mapping[str, Any]) -> Rule:
    where = f"rule {table.get('id', '?') if isinstance(table, dict) else '?'}"
    _require_keys(table, _RULE_REQUIRED, _RULE_KEYS - _RULE_REQUIRED, where)
    _require_texts(table, _RULE_TEXTS, _RULE_REQUIRED, where)
    level, scope = table["level"], table.get("scope", "case")
    _require(
        level in get_args(Level), f"{where}: level is one of {', '.join(get_args(Level))}; found {level!r}", "level"
    )
    _require(scope in get_args(Scope), f"{where}: scope is case or service; found {scope!r}", "scope")
    _require(isinstance(table.get("interlock", False), bool), f"{where}: interlock is true or false", "interlock")
    _require_satisfied(table, where)
    return Rule(
        id=table["id"],
        statement=table["statement"],
        level=level,
        when=_condition(table, "when", where),
        satisfied=_condition(table, "satisfied", where) if "satisfied" in table else None,
        exceptions=_exceptions(table, where),
        conflict=_with_text(table["conflict"], "with", where, "conflict") if "conflict" in table else None,
        overridden_by=table.get("overridden_by", ""),
        stops=_stops(table, where),
        interlock=table.get("interlock", False),
        scope=scope,
        destination=table.get("destination", ""),
        citation=table["citation"],
        reading=table.get("reading", ""),
    )


def _require_satisfied(table: Mapping[str, Any], where: str) -> None:
    """A redirect asks for nothing, information may, every other rule must."""
    redirect, asks = table["level"] == "redirect", "satisfied" in table
    right = not asks if redirect else asks or table["level"] == "info"
    message = (
        "every rule but a redirect says what satisfies it, and a redirect does not; information may leave it out"
    )
    _require(right, f"{where}: {message}", "satisfied" if asks else "level")
    extra = next((key for key in ("exceptions", "conflict") if key in table and not asks), "")
    _require(not extra, f"{where}: {extra} without satisfied", extra)
    _require(redirect or "stops" not in table, f"{where}: only a redirect stops a pathway", "stops")


def _stops(table: Mapping[str, Any], where: str) -> Condition | None:
    stops = table.get("stops", False)
    return None if stops is False else ALWAYS if stops is True else _condition(table, "stops", where)


def _condition(table: Mapping[str, Any], key: str, where: str) -> Condition:
    try:
        return Condition.parse(table[key], where)
    except MisplacedError as problem:
        raise MisplacedError(str(problem), problem.word or key) from None


def _exceptions(table: Mapping[str, Any], where: str) -> tuple[tuple[Condition, str], ...]:
    given = table.get("exceptions", [])
    _require(isinstance(given, list), f"{where}: exceptions are a list, in square brackets", "exceptions")
    return tuple(_with_text(entry, "reason", where, "exceptions") for entry in given)


def _with_text(entry: Any, key: str, where: str, word: str) -> tuple[Condition, str]:
    _require(isinstance(entry, dict) and set(entry) == {"when", key}, f"{where}: {word} hold when and {key}", word)
    _require(isinstance(entry[key], str), f"{where}: {key} is a text", key)
    return _condition(entry, "when", where), entry[key]


def _check_rule(rule: Rule, pathway: Pathway) -> None:
    where, ids = f"rule {rule.id}", [other.id for other in pathway.rules]
    _require(ids.count(rule.id) == 1, f"{where}: two rules have this id", rule.id)
    others = {"overridden_by": rule.overridden_by, "conflict": rule.conflict[1] if rule.conflict else ""}
    for key, other in others.items():
        _require(other != rule.id, f"{where}: {key} points at the rule itself", key)
        _require(not other or other in ids, f"{where}: {key} points at a rule that is not there: {other}", key)
    _check_facts(rule.conditions, pathway, where)
    over = pathway.by_id.get(rule.overridden_by)
    if over and over.overridden_by:
        circle = "circular overrides: " if _in_a_circle(rule, pathway) else ""
        raise MisplacedError(f"{where}: {circle}{over.id}, which overrides it, is itself overridden", "overridden_by")


def _in_a_circle(rule: Rule, pathway: Pathway) -> bool:
    over, seen = rule.overridden_by, set[str]()
    while over in pathway.by_id and over not in seen:
        seen.add(over)
        over = pathway.by_id[over].overridden_by
    return rule.id in seen


def _check_facts(conditions: tuple[Condition, ...], pathway: Pathway, where: str) -> None:
    for leaf in (leaf for condition in conditions for leaf in condition.leaves()):
        fact = pathway.facts.get(leaf.fact)
        if fact is None:
            raise MisplacedError(f"{where}: no such fact: {leaf.fact}", leaf.fact)
        kind = (
            "at_least asks for a fact with a unit" if leaf.at_least is not None else "is asks for a fact without one"
        )
        _require((leaf.at_least is not None) == bool(fact.unit), f"{where}: {kind}: {leaf.fact}", leaf.fact)
        _require(bool(leaf.values) != bool(fact.unit), f"{where}: is without a value", leaf.fact)
        for value in leaf.values:
            allowed = ", ".join(f'"{word}"' for word in fact.values) or "true or false, without quotes"
            word = value if isinstance(value, str) else leaf.fact
            _require(fact.allows(value), f"{where}: {leaf.fact} is {allowed}; found {value!r}", word)
