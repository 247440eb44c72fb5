"""Data checks: what in a case cannot be, or is missing. A finding is a question to the centre, not a verdict.

A date known to the month or the year is a range of days: an order of dates is a finding where no day of the ranges
allows another.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import get_args

from sarcoma_review.outcomes.endpoints import day_range
from sarcoma_review.registry.events import (
    AchievedMargin,
    Decision,
    Diagnosis,
    Execution,
    FollowUpSeen,
    Function,
    HistologicalMargin,
    Operation,
    Outcome,
    Staging,
    Treatment,
)
from sarcoma_review.registry.record import CaseRecord

_NEEDS_OPERATION = ("local_recurrence", "wound_infection", "loosening", "loss_of_prosthesis", "revision")
_OF_PROSTHESIS = ("loosening", "loss_of_prosthesis")
Dated = (
    Diagnosis
    | Staging
    | Operation
    | Treatment
    | Outcome
    | Function
    | FollowUpSeen
    | AchievedMargin
    | HistologicalMargin
)
DATED: tuple[type[Dated], ...] = get_args(Dated)


@dataclass(frozen=True)
class DataFinding:
    """One thing to ask about.

    Parameters
    ----------
    case_id : str
    version : int
        Of the entry it is about.
    rule, text : str
    after : date, optional
        It is a finding only after this day.
    """

    case_id: str
    version: int
    rule: str
    text: str
    after: date | None = field(default=None, compare=False)

    def holds(self, on: date) -> bool:
        """Whether it is a finding on a day."""
        return self.after is None or self.after < on


def check_case(record: CaseRecord, *, on: date) -> list[DataFinding]:
    """Findings of one case as it stands on a day."""
    ahead = [
        dated_ahead(record.case_id, version, fact.on_date)
        for version, fact in record.facts.items()
        if isinstance(fact, Dated) and _days(fact)[0] > on
    ]
    return in_order([*ahead, *(finding for finding in findings_of(record) if finding.holds(on))])


def findings_of(record: CaseRecord) -> list[DataFinding]:
    """Findings of one case but for dates in the future, which only the day tells."""
    return in_order(DataFinding(record.case_id, *line) for rule in _RULES for line in rule(record))


def dated_ahead(case_id: str, version: int, day: date) -> DataFinding:
    """The finding that an entry's date lies in the future."""
    return DataFinding(case_id, version, "date in the future", f"dated {day}")


def in_order(findings: Iterable[DataFinding]) -> list[DataFinding]:
    """By case, entry and rule."""
    return sorted(findings, key=lambda finding: (finding.case_id, finding.version, finding.rule, finding.text))


Found = Iterator[tuple[int, str, str] | tuple[int, str, str, date]]


def _days(fact: Dated) -> tuple[date, date]:
    """First and last day on which it may have been; a visit is always known to the day."""
    return day_range(fact.on_date, "day" if isinstance(fact, FollowUpSeen) else fact.precision)


def _after_death(record: CaseRecord) -> Found:
    deaths = {v: _days(f)[1] for v, f in record.facts.items() if isinstance(f, Outcome) and f.type == "death"}
    if not deaths:
        return
    if len(deaths) > 1:
        yield list(deaths)[1], "two deaths", f"{len(deaths)} deaths are recorded"
    for version, fact in record.facts.items():
        reported_later = isinstance(fact, HistologicalMargin)
        if isinstance(fact, Dated) and not reported_later and _days(fact)[0] > max(deaths.values()):
            yield version, "event after death", f"{fact.kind} is dated after the death"


def _before_operation(record: CaseRecord) -> Found:
    operations = [_days(fact)[0] for fact in record.of(Operation)]
    for version, fact in record.facts.items():
        if not isinstance(fact, Outcome) or fact.type not in _NEEDS_OPERATION:
            continue
        if not operations:
            yield version, "no operation", f"{fact.type} is recorded, an operation is not"
        elif _days(fact)[1] < min(operations):
            yield version, "event before operation", f"{fact.type} is dated before the first operation"


def _before_diagnosis(record: CaseRecord) -> Found:
    days = [_days(fact)[0] for fact in record.of(Diagnosis)]
    for version, fact in record.facts.items():
        if days and isinstance(fact, Outcome | Operation) and _days(fact)[1] < min(days):
            yield version, "event before diagnosis", f"{fact.kind} is dated before the diagnosis"


def _prosthesis(record: CaseRecord) -> Found:
    operations = record.of(Operation)
    for version, fact in record.facts.items():
        of_prosthesis = isinstance(fact, Outcome) and fact.type in _OF_PROSTHESIS
        if of_prosthesis and operations and not any(operation.reconstruction for operation in operations):
            yield version, "no reconstruction", f"{getattr(fact, 'type', '')} is recorded, a reconstruction is not"


def _margins(record: CaseRecord) -> Found:
    names = {plane.name for plan in record.plans for plane in plan.planes}
    for version, fact in record.facts.items():
        if isinstance(fact, AchievedMargin) and fact.plane not in names:
            yield version, "no planned plane", "an achieved margin names a plane that no plan has"


def _decisions(record: CaseRecord) -> Found:
    answered = {fact.decision_version for fact in record.of(Execution)}
    for version, fact in record.facts.items():
        if not isinstance(fact, Decision):
            continue
        if version not in answered:
            yield version, "not recorded whether carried out", f"decision on {fact.modality}"
        for action in fact.actions:
            if action.due is not None and version not in answered:
                words = f"due {action.due} from {action.owner_role}"
                yield version, "action past its day", words, action.due


def _spans(record: CaseRecord) -> Found:
    for version, fact in record.facts.items():
        if not isinstance(fact, Treatment) or fact.ended is None:
            continue
        # The one precision of a course is that of its end too.
        if day_range(fact.ended, fact.precision)[1] < _days(fact)[0]:
            yield version, "end before start", f"{fact.modality} ended before it started"


def _depth(record: CaseRecord) -> Found:
    for version, fact in record.facts.items():
        if isinstance(fact, Outcome) and fact.type == "wound_infection" and fact.depth is None:
            yield version, "depth not recorded", "a wound infection without its depth counts for no deep infection"


_RULES: tuple[Callable[[CaseRecord], Found], ...] = (
    _after_death,
    _before_operation,
    _before_diagnosis,
    _prosthesis,
    _margins,
    _spans,
    _depth,
    _decisions,
)
