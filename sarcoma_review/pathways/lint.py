"""What is wrong, or doubtful, in a document that a network writes of its own."""

import tomllib
from dataclasses import dataclass
from typing import Literal

from sarcoma_review.errors import PathwayError
from sarcoma_review.pathways.evaluate import Status
from sarcoma_review.pathways.model import Pathway, Rule
from sarcoma_review.pathways.parse import Fault, collect, tables
from sarcoma_review.pathways.reach import fact_sets
from sarcoma_review.pathways.wording import avoided_words, personal_signs


@dataclass(frozen=True)
class Finding:
    """One thing found in a document.

    Parameters
    ----------
    line : int
        From 1.
    kind : {"error", "warning"}
        A document with an error is not loaded; a warning is for the writer to think about.
    message : str
    """

    line: int
    kind: Literal["error", "warning"]
    message: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.kind}: {self.message}"


def lint(text: str) -> list[Finding]:
    r"""Everything wrong or doubtful in the TOML text of a pathway, in the order of its lines.

    Errors are the first of each table: unknown and missing keys, unknown facts, values a fact cannot have, ids given
    twice, overrides that point nowhere or run in a circle. Warnings are facts that no rule asks for, outcomes that
    are not kept shut before blind opinions, rules that can never be met, words a card should not say, and signs of a
    person.

    Examples
    --------
    >>> from sarcoma_review.pathways import pathway_text
    >>> lint(pathway_text("lsesn-spinal-2024"))
    []
    >>> print(*lint("id = 'p'\ncolour = 'red'"))
    line 2: error: p: unknown key colour
    """
    try:
        document = tables(text)
    except tomllib.TOMLDecodeError as problem:
        line = str(problem).rpartition("line ")[2].partition(",")[0]
        return [Finding(int(line) if line.isdigit() else text.count("\n") + 1, "error", f"not TOML: {problem}")]
    pathway, faults = collect(document)
    found = [Finding(fault.line(text), "error", fault.message) for fault in faults]
    found += _lines(text)
    if pathway is not None:
        found += [Finding(fault.line(text), "warning", fault.message) for fault in _doubts(pathway)]
    return sorted(found, key=lambda finding: finding.line)


def _lines(text: str) -> list[Finding]:
    found = []
    for number, line in enumerate(text.splitlines(), start=1):
        signs = [
            f"this looks like {sign}; a directory is a site's own file, by role" for sign in personal_signs(line)
        ]
        found += [Finding(number, "warning", message) for message in (*avoided_words(line), *signs)]
    return found


def _doubts(pathway: Pathway) -> list[Fault]:
    asked = {*pathway.covers.fact_names, *(name for rule in pathway.rules for name in rule.fact_names)}
    found = [
        Fault(f"fact {name}: no rule asks for it", f"facts.{name}") for name in pathway.facts if name not in asked
    ]
    found += [
        Fault(f'fact {name}: an outcome is seen before blind opinions without "afterwards = true"', f"facts.{name}")
        for name, fact in pathway.facts.items()
        if fact.group == "Outcome" and not fact.afterwards
    ]
    if pathway.approved and pathway.review_due and pathway.review_due < pathway.approved:
        found.append(Fault("review_due lies before approved", word="review_due"))
    for index, rule in enumerate(pathway.rules):
        message = _unreachable(pathway, rule)
        found += [Fault(message, "rules", index, "when")] if message else []
    return found


def _unreachable(pathway: Pathway, rule: Rule) -> str:
    wanted = Status.REDIRECTED if rule.level == "redirect" else Status.MET if rule.satisfied else Status.INFORMATION
    try:
        statuses = fact_sets(pathway, rule.id)
    except PathwayError as problem:
        return f"{problem}: not tried out"
    missing = [wanted] if wanted not in statuses else []
    missing += [Status.EXCEPTION] if rule.exceptions and Status.EXCEPTION not in statuses else []
    missing += [Status.CONFLICT] if rule.conflict and Status.CONFLICT not in statuses else []
    missing += [Status.OVERRIDDEN] if rule.overridden_by and Status.OVERRIDDEN not in statuses else []
    return f"rule {rule.id}: no facts ever give {', '.join(s.words for s in missing)}" if missing else ""
