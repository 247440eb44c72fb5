"""A dashboard's panels of counts: margins planned and achieved, decisions carried out, follow-up, data quality."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np

from sarcoma_review.outcomes import Schedule
from sarcoma_review.outcomes.disclosure import Cell, hes
from sarcoma_review.registry.checks import DataFinding
from sarcoma_review.registry.cohort import MarginPair, Snapshot, overdue
from sarcoma_review.registry.overview import FEWEST_SHOWN, Audience, Panel, Row

_MOST_OVERDUE = 3


@dataclass(frozen=True, kw_only=True)
class CountPanel(Panel):
    """Counts by category, each as it may be shown."""

    counts: Mapping[str, Cell]
    unit: str = "cases"


@dataclass(frozen=True, kw_only=True)
class MarginPanel(Panel):
    """Achieved less planned margin, mm.

    Parameters
    ----------
    points : tuple of (planned mm, achieved mm)
        Empty where it is shared.
    years : tuple of (year, mean difference mm, standard deviation mm)
        Those years that may be shown.
    """

    points: tuple[tuple[float, float], ...] = ()
    years: tuple[tuple[int, float, float], ...] = ()


def margin_panel(pairs: Sequence[MarginPair], audience: Audience) -> MarginPanel:
    """Planned against achieved margins, by year of the measurement."""
    by_year: dict[int, list[MarginPair]] = {}
    for pair in pairs:
        by_year.setdefault(pair.on_date.year, []).append(pair)
    shared = audience == "shared"
    rows, years = [], []
    for year, found in by_year.items():
        # A patient may have several planes: people are counted, and planes are what is averaged.
        people = len({pair.case_id for pair in found})
        told = "not shown", "not shown"
        if people >= (FEWEST_SHOWN if shared else 2):
            difference = np.array([pair.achieved_mm - pair.planned_mm for pair in found])
            mean, deviation = float(difference.mean()), float(difference.std(ddof=1))
            years.append((year, round(mean, 2), round(deviation, 2)))
            told = f"{mean:+.1f} mm", f"{mean - 1.96 * deviation:+.1f} to {mean + 1.96 * deviation:+.1f} mm"
        rows.append((str(year), str(hes(people) if shared else people), *told))
    return MarginPanel(
        title="Margin: achieved less planned",
        lines=("distances at planes of the same name, from imaging; they say nothing of R0 or R1",),
        heads=("year", "cases", "mean difference", "95 % of differences"),
        rows=tuple(rows),
        withheld="" if years else "no picture: no year has enough cases with both margins",
        points=() if shared else tuple((pair.planned_mm, pair.achieved_mm) for pair in pairs),
        years=tuple(years),
    )


def execution_panel(counts: Mapping[str, Mapping[str, int]], audience: Audience) -> CountPanel:
    """How decisions were carried out, by modality; silence is not "no"."""
    flat = {f"{modality}: {answer}": n for modality, answers in counts.items() for answer, n in answers.items()}
    return _counted("Decisions carried out", ("decision", "number"), flat, audience=audience, unit="decisions")


def due_panel(known: Snapshot, schedule: Schedule, *, on: date, audience: Audience) -> CountPanel:
    """Living cases by the number of follow-up windows that closed without a visit."""
    missed = overdue(known, schedule, on=on)
    found = Counter(min(count, _MOST_OVERDUE) for count in missed.values())
    names = {count: f"{count} overdue" for count in range(_MOST_OVERDUE)} | {_MOST_OVERDUE: "3 or more overdue"}
    counts = {name: found[count] for count, name in names.items()} if missed else {}
    lines = (f"schedule: {schedule.title}", f"source: {schedule.source}", "not an appointment")
    return _counted("Follow-up windows", ("windows", "living cases"), counts, audience=audience, lines=lines)


def quality_panel(findings: Sequence[DataFinding], audience: Audience) -> CountPanel:
    """What in the cases cannot be, or is missing: cases by rule."""
    people = {(finding.rule, finding.case_id) for finding in findings}
    counts = dict(sorted(Counter(rule for rule, _ in people).items()))
    lines = ("a finding is a question to the centre, not a verdict",)
    return _counted("Questions about the data", ("finding", "cases"), counts, audience=audience, lines=lines)


def _counted(
    title: str,
    heads: Row,
    counts: Mapping[str, int],
    *,
    audience: Audience,
    lines: Row = (),
    unit: str = "cases",
) -> CountPanel:
    shown: dict[str, Cell] = dict(counts) if audience == "centre" else {name: hes(n) for name, n in counts.items()}
    rows = tuple((name, str(cell)) for name, cell in shown.items())
    withheld = "" if any(shown.values()) else "nothing to count"
    if shown and not any(isinstance(cell, int) and cell for cell in shown.values()):
        withheld = withheld or "no picture: every count is too small to be shown"
    return CountPanel(title=title, lines=lines, heads=heads, rows=rows, withheld=withheld, counts=shown, unit=unit)
