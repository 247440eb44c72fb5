"""Follow-up that a schedule asks for: windows due and overdue. Not an appointment."""

import tomllib
from bisect import bisect_left
from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from typing import Literal

from sarcoma_review.errors import OutcomeError


@dataclass(frozen=True)
class Span:
    """Up to `until_months` after time zero, a visit every `every_months` (shortest, longest)."""

    until_months: int
    every_months: tuple[int, int]


@dataclass(frozen=True)
class Schedule:
    """A schedule of follow-up, with the source that asks for it."""

    id: str
    title: str
    source: str
    time_zero: str
    spans: tuple[Span, ...]

    def __post_init__(self) -> None:
        """Refuse spans that do not follow each other, or a schedule from nowhere."""
        ends = [span.until_months for span in self.spans]
        steps = [span.every_months for span in self.spans]
        if not ends or ends != sorted(set(ends)) or not all(0 < low <= high for low, high in steps):
            raise OutcomeError(f"schedule {self.id}: spans end ever later, and intervals are shortest then longest")
        if not self.source.strip():
            raise OutcomeError(f"schedule {self.id}: a schedule names its source")


@dataclass(frozen=True)
class Window:
    """When a visit is due, and how that stands on a given day."""

    opens: date
    closes: date
    state: Literal["seen", "due", "overdue", "ahead"]


def schedules() -> dict[str, Schedule]:
    """The schedules that come with the package, by id.

    Examples
    --------
    >>> sorted(schedules())
    ['esmo-older-edition']
    """
    text = resources.files("sarcoma_review.outcomes").joinpath("data/follow_up.toml").read_text(encoding="utf-8")
    found = {}
    for entry in tomllib.loads(text)["schedule"]:
        spans = tuple(Span(span["until_months"], tuple(span["every_months"])) for span in entry.pop("spans"))
        found[entry["id"]] = Schedule(**entry, spans=spans)
    return found


def follow_up_windows(schedule: Schedule, time_zero: date, *, seen: Sequence[date], on: date) -> list[Window]:
    """Windows of a schedule for one patient, as they stand on a day.

    Each window closes at the longest interval after the one before it. A visit counts for the window whose close is
    nearest, whether early or late.

    Parameters
    ----------
    schedule : Schedule
    time_zero : date
    seen : sequence of date
        Of visits up to `on`.
    on : date

    Returns
    -------
    list of Window

    Examples
    --------
    >>> schedule = schedules()["esmo-older-edition"]
    >>> windows = follow_up_windows(schedule, date(2026, 1, 31), seen=[date(2026, 4, 20)], on=date(2026, 8, 1))
    >>> [(window.closes.isoformat(), window.state) for window in windows[:3]]
    [('2026-04-30', 'seen'), ('2026-07-31', 'overdue'), ('2026-10-31', 'ahead')]
    """
    months = _closing_months(schedule)
    done = _seen(schedule, time_zero, seen=seen, on=on)
    windows = []
    for index, (month, slack) in enumerate(months):
        opens, closes = add_months(time_zero, month - slack), add_months(time_zero, month)
        windows.append(Window(opens, closes, _state(index in done, opens, closes, on)))
    return windows


def overdue_count(schedule: Schedule, time_zero: date, *, seen: Sequence[date], on: date) -> int:
    """How many windows of a schedule have closed without a visit; as `follow_up_windows` says, and quicker.

    Examples
    --------
    >>> overdue_count(schedules()["esmo-older-edition"], date(2026, 1, 31), seen=[], on=date(2026, 8, 1))
    2
    """
    months = _closing_months(schedule)
    closed = bisect_left(months, (_months_between(time_zero, on), 0))
    if closed < len(months) and add_months(time_zero, months[closed][0]) < on:
        closed += 1
    done = _seen(schedule, time_zero, seen=seen, on=on)
    return closed - sum(place < closed for place in done)


def add_months(day: date, months: int) -> date:
    """The same day so many months on, or the last of that month.

    Examples
    --------
    >>> add_months(date(2026, 1, 31), 1)
    datetime.date(2026, 2, 28)
    """
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, day.day if day.day < 29 else min(day.day, monthrange(year, month + 1)[1]))


@cache
def _closing_months(schedule: Schedule) -> list[tuple[int, int]]:
    """Month in which each window closes, and by how many months it opens earlier."""
    found, month = [], 0
    for span in schedule.spans:
        low, high = span.every_months
        while month + high <= span.until_months:
            month += high
            found.append((month, high - low))
    return found


def _seen(schedule: Schedule, time_zero: date, *, seen: Sequence[date], on: date) -> set[int]:
    """Windows that a visit counts for: of each visit the one whose close is nearest, the earlier of two."""
    months = _closing_months(schedule)
    found = set()
    for day in seen:
        if time_zero < day <= on:
            after = bisect_left(months, (_months_between(time_zero, day), 0))
            # The nearest is the last that closes in a month before, or one of the two that follow it.
            near = range(max(after - 1, 0), min(after + 2, len(months)))
            found.add(min(near, key=lambda place: abs((add_months(time_zero, months[place][0]) - day).days)))
    return found


def _months_between(day: date, later: date) -> int:
    return (later.year - day.year) * 12 + later.month - day.month


def _state(seen: bool, opens: date, closes: date, on: date) -> Literal["seen", "due", "overdue", "ahead"]:
    if seen:
        return "seen"
    if closes < on:
        return "overdue"
    return "due" if opens <= on else "ahead"
