"""The cards of one document: their order, their words, and what changed since the last look."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any

from sarcoma_review.pathways import Fact, Pathway, RuleResult, Status
from sarcoma_review.registry.events import PathwaySeen
from sarcoma_review.widgets.twin import paragraph, table

_SECTIONS = {
    "interlock": "Interlocks: read before all else",
    "redirect": "Sends the case on",
    "must": "Must",
    "should": "Should",
    "may": "May",
    "info": "For information",
}
_ORDER = (
    Status.REDIRECTED,
    Status.NOT_MET,
    Status.CONFLICT,
    Status.NOT_RECORDED,
    Status.APPLICABILITY_UNKNOWN,
    Status.EXCEPTION,
    Status.OVERRIDDEN,
    Status.MET,
    Status.INFORMATION,
    Status.NOT_APPLICABLE,
)


@dataclass(frozen=True)
class Change:
    """A rule that says something else than at the last look."""

    rule_id: str
    before: Status
    now: Status

    def __str__(self) -> str:
        return f"{self.rule_id}: {self.before.words} → {self.now.words}"


@dataclass(frozen=True)
class Sheet:
    """One document's results; without the document where only its results were given."""

    pathway: Pathway | None
    results: tuple[RuleResult, ...]

    @property
    def id(self) -> str:
        """The document's id; empty where it was not given."""
        return self.pathway.id if self.pathway else ""

    @property
    def statuses(self) -> dict[str, Status]:
        """By rule."""
        return {result.rule_id: result.status for result in self.results}

    @property
    def summary(self) -> str:
        """How many rules say what."""
        counts = Counter(result.status for result in self.results)
        words = ", ".join(f"{counts[status]} {status.words}" for status in _ORDER if counts[status])
        return f"{self.id or 'results'}: {words or 'no rules'}"

    def changes(self, look: Mapping[str, Status]) -> list[Change]:
        """What changed since a look; a rule that was not there then is no change."""
        pairs = [(result, look.get(result.rule_id, result.status)) for result in self.results]
        return [
            Change(result.rule_id, before, result.status) for result, before in pairs if before is not result.status
        ]

    def sections(self) -> Iterator[tuple[str, list[RuleResult]]]:
        """The results that speak of this case, by heading: interlocks, then by level, then by status."""
        spoken = [result for result in self.results if result.status is not Status.NOT_APPLICABLE]
        ordered = sorted(spoken, key=lambda result: (self._place(result), _ORDER.index(result.status)))
        for place, some in groupby(ordered, key=self._place):
            yield list(_SECTIONS.values())[place], list(some)

    def silent(self) -> list[str]:
        """Rules that do not speak of this case."""
        return [result.rule_id for result in self.results if result.status is Status.NOT_APPLICABLE]

    def fact_label(self, name: str) -> str:
        """A fact within a sentence."""
        return str(self.pathway.facts[name]) if self.pathway else name.replace("_", " ")

    def used(self, result: RuleResult) -> list[str]:
        """The recorded facts that a rule looked at, in words."""
        facts = self.pathway.facts if self.pathway else {}
        return [
            f"{self.fact_label(name)}: {facts.get(name, Fact(name, '')).words(value).strip()}"
            for name, value in result.facts.items()
        ]

    def _place(self, result: RuleResult) -> int:
        interlock = self.pathway is not None and self.pathway.by_id[result.rule_id].interlock
        return list(_SECTIONS).index("interlock" if interlock else result.level)


def sheet_words(
    sheet: Sheet, look: Mapping[str, Status], *, on: date | None, last: PathwaySeen | None
) -> dict[str, Any]:
    """One document for a page."""
    changed = {change.rule_id: change.before.words for change in sheet.changes(look)}
    return {
        "id": sheet.id,
        "title": sheet.pathway.title if sheet.pathway else "Results",
        "notice": notice(sheet, on),
        "past": past_review(sheet, on),
        "last": last_look(sheet, last),
        "counts": [
            {"status": status.value, "mark": status.mark, "words": status.words, "count": count}
            for status, count in sorted(Counter(sheet.statuses.values()).items(), key=lambda p: _ORDER.index(p[0]))
        ],
        "sections": [
            {"title": title, "cards": [_card(sheet, result, changed) for result in results]}
            for title, results in sheet.sections()
        ],
        "silent": [f"{rule} (was {changed[rule]})" if rule in changed else rule for rule in sheet.silent()],
        "notes": _notes(sheet),
    }


def _card(sheet: Sheet, result: RuleResult, changed: Mapping[str, str]) -> dict[str, Any]:
    return {
        "id": result.rule_id,
        "level": result.level,
        "status": result.status.value,
        "mark": result.status.mark,
        "words": result.status.words,
        "was": changed.get(result.rule_id, ""),
        "statement": result.statement,
        "explanation": result.explanation,
        "destination": result.destination,
        "source": f"{result.citation}; {result.notice}",
        "reading": result.reading,
        "needs": [{"fact": name, "words": sheet.fact_label(name)} for name in result.needs],
        "used": sheet.used(result),
    }


def notice(sheet: Sheet, on: date | None) -> str:
    """Version and review date of the document."""
    if sheet.pathway and on:
        return sheet.pathway.notice(on)
    return sheet.results[0].notice if sheet.results else ""


def past_review(sheet: Sheet, on: date | None) -> bool:
    """Whether the document's review is past due."""
    return "past its review date" in notice(sheet, on)


def last_look(sheet: Sheet, last: PathwaySeen | None) -> str:
    """When the document was marked as seen, and whether it was in another version."""
    if last is None or sheet.pathway is None:
        return ""
    day = f"Seen last on {last.on_date.day} {last.on_date:%B %Y}"
    other = last.document_version != sheet.pathway.version
    return f"{day}, in version {last.document_version} of the document" if other else day


def _notes(sheet: Sheet) -> list[dict[str, Any]]:
    if sheet.pathway is None:
        return []
    lists = {
        "Where the document disagrees with itself": sheet.pathway.conflicts,
        "How doubtful passages were read": sheet.pathway.readings,
        "What these rules do not hold": (sheet.pathway.source, *sheet.pathway.limits),
    }
    return [{"title": title, "lines": list(lines)} for title, lines in lists.items() if lines]


def sheet_html(sheet: Sheet, look: Mapping[str, Status], *, on: date | None) -> str:
    """One document as still HTML."""
    changed = {change.rule_id: change.before.words for change in sheet.changes(look)}
    rows = [
        (
            result.rule_id,
            result.level,
            f"{result.status.mark} {result.status.words}"
            + (f" (was {changed[result.rule_id]})" if result.rule_id in changed else ""),
            result.statement,
            result.explanation,
            result.citation,
        )
        for _, results in sheet.sections()
        for result in results
    ]
    silent = ", ".join(sheet.silent())
    parts = (
        paragraph(f"{sheet.pathway.title}: {notice(sheet, on)}" if sheet.pathway else notice(sheet, on)),
        table(("Rule", "Level", "Status", "What is asked", "Why", "Source"), rows),
        paragraph(f"Do not speak of this case: {silent}." if silent else ""),
    )
    return "".join(parts)
