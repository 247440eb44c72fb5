"""One case as a time line: what was decided, done, achieved, seen and what happened, and what was corrected."""

from calendar import month_name
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sarcoma_review.outcomes import Happening, Schedule, follow_up_windows
from sarcoma_review.outcomes.follow_up import Window
from sarcoma_review.registry import (
    AchievedMargin,
    CaseOpened,
    CaseRecord,
    Consent,
    Correction,
    Decision,
    Diagnosis,
    Entry,
    Execution,
    FollowUpSeen,
    Function,
    HistologicalMargin,
    MarginPlan,
    Operation,
    Outcome,
    Staging,
    Treatment,
)
from sarcoma_review.registry.events import Fact

_GROUPS: tuple[tuple[str, tuple[type[Fact], ...]], ...] = (
    ("record", (CaseOpened, Consent)),
    ("found", (Diagnosis, Staging)),
    ("planned", (MarginPlan,)),
    ("decided", (Decision,)),
    ("done", (Execution, Operation, Treatment)),
    ("achieved", (AchievedMargin, HistologicalMargin)),
    ("seen", (FollowUpSeen, Function)),
    ("event", (Outcome,)),
)


_TIME_ZEROS: dict[str, type[Operation] | type[Diagnosis]] = {"operation": Operation, "diagnosis": Diagnosis}


@dataclass(frozen=True)
class Line:
    """One entry of a case for a reader.

    Parameters
    ----------
    version : int
    day : date
        By which it is sorted: that of recording where the entry has none.
    when, words : str
    group : str
        "decided", "done", "achieved", "seen", "event" and so on.
    recorded : str
        When, and by which role.
    changes : tuple of str
        Every correction with its reason.
    stands : bool
        False where it was taken back.
    """

    version: int
    day: date
    when: str
    words: str
    group: str
    recorded: str
    changes: tuple[str, ...]
    stands: bool


@dataclass(frozen=True)
class Due:
    """What a schedule asks for on a day: words, and the windows that are overdue, due, and next."""

    words: str
    source: str
    windows: tuple[str, ...] = ()


def time_line(history: Sequence[Entry], record: CaseRecord) -> list[Line]:
    """Every entry of a case that tells of the patient, by date; none is left out for being taken back."""
    changes = _changes(history)
    lines = list[Line]()
    latest = date.max
    for entry in reversed(history):
        if isinstance(entry.event, Correction) or not (group := group_of(entry.event)):
            continue
        fact = record.facts.get(entry.version, entry.event)
        # What has no day of its own stands before whatever was written after it.
        day = getattr(fact, "on_date", None)
        latest = day or min(latest, entry.recorded_at.date())
        lines.append(
            Line(
                version=entry.version,
                day=latest,
                when=day_words(day, getattr(fact, "precision", "day")) if day else "no date",
                words=fact_words(fact),
                group=group,
                recorded=f"written {day_words(entry.recorded_at.date())}{_by(entry)}",
                changes=tuple(changes.get(entry.version, ())),
                stands=entry.version in record.facts,
            )
        )
    return sorted(lines, key=lambda line: (line.day, line.version))


def _changes(history: Sequence[Entry]) -> dict[int, list[str]]:
    """What was done to each entry that was corrected, with the reasons."""
    found: dict[int, list[str]] = {}
    for entry in history:
        if isinstance(entry.event, Correction):
            how = "taken back" if entry.event.replacement is None else "corrected"
            words = f"{how} on {day_words(entry.recorded_at.date())}{_by(entry)}: {entry.event.reason}"
            found.setdefault(entry.event.corrects, []).append(words)
    return found


def other_entries(history: Sequence[Entry]) -> str:
    """What else the journal of a case holds, counted."""
    kinds = Counter(
        entry.event.kind.replace("_", " ")
        for entry in history
        if not isinstance(entry.event, Correction) and not group_of(entry.event)
    )
    return ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))


def due(record: CaseRecord, schedule: Schedule, *, on: date) -> Due:
    """Follow-up windows of one case as they stand on a day. Not an appointment."""
    source = f"{schedule.title}. Source: {schedule.source}. Not an appointment."
    if any(outcome.type == "death" for outcome in record.outcomes):
        return Due("No follow-up is due: death is recorded.", source)
    starts = [_settled(fact) for fact in record.of(_TIME_ZEROS[schedule.time_zero])]
    if not starts:
        return Due(f"No {schedule.time_zero} is recorded, from which the schedule runs.", source)
    visits = [visit.on_date for visit in record.of(FollowUpSeen)]
    contacts = [_settled(outcome) for outcome in record.outcomes if outcome.type == "last_contact"]
    windows = follow_up_windows(schedule, min(starts), seen=[*visits, *contacts], on=on)
    overdue = [f"overdue since {day_words(w.closes)}" for w in windows if w.state == "overdue"]
    open_now = [f"due {_span(w)}" for w in windows if w.state == "due"]
    ahead = [f"next {_span(w)}" for w in windows if w.state == "ahead"][:1]
    return Due(f"{len(overdue)} overdue, {len(open_now)} due.", source, (*overdue, *open_now, *ahead))


def group_of(fact: object) -> str:
    """Where an entry stands in the time line; empty for what is not of it."""
    return next((group for group, kinds in _GROUPS if isinstance(fact, kinds)), "")


def day_words(day: date, precision: str = "day") -> str:
    """A date as far as it is known.

    Examples
    --------
    >>> day_words(date(2026, 3, 1)), day_words(date(2026, 3, 1), "month"), day_words(date(2026, 1, 1), "year")
    ('1 March 2026', 'March 2026', '2026')
    """
    month = "" if precision == "year" else f"{month_name[day.month]} "
    return f"{f'{day.day} ' if precision == 'day' else ''}{month}{day.year}"


def fact_words(fact: object) -> str:
    """An entry in one line.

    Examples
    --------
    >>> fact_words(Outcome(type="wound_infection", depth="deep", on_date=date(2026, 3, 1), certainty="probable"))
    'wound infection, deep (probable)'
    """
    match fact:
        case Outcome():
            parts = [
                fact.type,
                fact.depth,
                fact.cause and f"cause: {fact.cause}",
                fact.site,
                fact.organism,
                fact.note,
            ]
            return _joined(parts, fact.certainty)
        case Diagnosis():
            return _joined([fact.entity, fact.site, fact.grade and f"grade {fact.grade}"], fact.certainty)
        case Decision():
            dissent = f"dissent: {fact.dissent}" if fact.dissent else None
            return _joined([f"{fact.modality}: {fact.decision}", fact.agreement, dissent])
        case Execution():
            return _joined([f"entry {fact.decision_version} carried out: {fact.carried_out}", fact.reason])
        case AchievedMargin() | HistologicalMargin() | MarginPlan():
            return _margin_words(fact)
        case _:
            return _other_words(fact)


def _margin_words(fact: AchievedMargin | HistologicalMargin | MarginPlan) -> str:
    match fact:
        case AchievedMargin():
            low, high = fact.interval_mm
            return (
                f"achieved margin at {fact.plane}: {fact.margin_mm:.1f} mm ({low:.1f} to {high:.1f}), {fact.method}"
            )
        case HistologicalMargin():
            distance = None if fact.margin_mm is None else f"{fact.margin_mm:g} mm"
            return _joined([f"histological margin, {fact.aspect}", fact.enneking, fact.residual, distance])
        case MarginPlan():
            return f"plan {fact.plan}: least margin {_distance_words(fact.minimum_mm, fact.interval_mm)}"


def _distance_words(distance_mm: float, interval_mm: tuple[float, float]) -> str:
    low, high = interval_mm
    return f"{distance_mm:.1f} mm ({low:.1f} to {high:.1f})"


def _other_words(fact: object) -> str:
    match fact:
        case Operation():
            return _joined([fact.procedure, fact.reconstruction, fact.guidance, fact.description])
        case Treatment():
            return _joined([fact.modality, fact.intent, fact.description])
        case Staging():
            return f"{fact.system} {fact.edition}: {fact.stage}"
        case FollowUpSeen():
            return _joined([f"seen: {fact.state}", fact.note])
        case Function():
            return f"{fact.instrument}: {fact.score:g} of {fact.maximum:g}"
        case Consent():
            return f"consent to {fact.scope}: {'given' if fact.given else 'refused'}"
        case CaseOpened():
            return f"case opened: {fact.question}"
        case _:
            return str(getattr(fact, "kind", "")).replace("_", " ")


def _joined(parts: Sequence[str | int | None], certainty: str = "certain") -> str:
    words = ", ".join(str(part).replace("_", " ") for part in parts if part)
    return words if certainty == "certain" else f"{words} ({certainty})"


def _span(window: Window) -> str:
    first, last = day_words(window.opens), day_words(window.closes)
    return last if first == last else f"{first} to {last}"


def _settled(fact: Operation | Diagnosis | Outcome) -> date:
    return Happening(fact.kind, fact.on_date, fact.precision).settled


def _by(entry: Entry) -> str:
    return f" by {entry.author}" if entry.author else ""
