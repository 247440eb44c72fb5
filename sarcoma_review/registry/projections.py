"""Rows made from events, so that questions over all cases are quick; replay of the journal makes them anew."""

from collections.abc import Iterator
from itertools import groupby, islice
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, Table, delete, insert, select, update

from sarcoma_review.meeting import MeetingEntry
from sarcoma_review.registry.checks import DATED, DataFinding, findings_of
from sarcoma_review.registry.events import (
    EVENT,
    AchievedMargin,
    CaseOpened,
    Consent,
    Correction,
    Decision,
    Diagnosis,
    Event,
    Execution,
    Fact,
    FollowUpSeen,
    Function,
    HistologicalMargin,
    MarginPlan,
    Operation,
    Outcome,
    Staging,
    Treatment,
)
from sarcoma_review.registry.record import CaseRecord, effective
from sarcoma_review.registry.tables import (
    CASE,
    DECISION,
    EXECUTION,
    FINDING,
    JOURNAL,
    MARGIN,
    MEETING,
    MILESTONE,
    OF_EVENTS,
    OPENED,
    PROJECTIONS,
)

_AT_ONCE = 500
_CHECKED = frozenset(
    str(kind.model_fields["kind"].default) for kind in (*DATED, MarginPlan, Decision, Execution, Correction)
)
"""Kinds of which the data checks speak; no other one changes what they find."""
_LONGEST = 100
"""Entries of a case whose findings are kept: a longer one is looked at when it is asked about, so that writing to it
does not grow dearer with each entry."""
Rows = list[tuple[Table, dict[str, Any]]]


def project(connection: Connection, case_id: str, version: int, *, event: Event, recorded_at: str) -> None:
    """Bring the projections up to date with one new entry; a meeting is no case and has no row in them."""
    if isinstance(event, MeetingEntry):
        return
    if isinstance(event, Correction):
        for table in OF_EVENTS:
            key = (table.c.case_id == case_id) & (table.c.version == event.corrects)
            connection.execute(delete(table).where(key))
        written = [] if event.replacement is None else rows_of(case_id, event.corrects, event.replacement)
    else:
        written = rows_of(case_id, version, event)
    if version == 1:
        connection.execute(insert(CASE).values(case_id=case_id, version=1, opened_at=recorded_at))
    else:
        connection.execute(update(CASE).where(CASE.c.case_id == case_id).values(version=version))
    for table, values in written:
        connection.execute(insert(table).values(values))
    if event.kind in _CHECKED or version > _LONGEST:
        _check(connection, case_id, version)


def replay(connection: Connection) -> None:
    """Empty the projections and make them anew from the journal, a few hundred cases at a time."""
    for table in PROJECTIONS:
        connection.execute(delete(table))
    cases_left = _cases(connection)
    while cases := list(islice(cases_left, _AT_ONCE)):
        written: dict[Table, list[dict[str, Any]]] = {table: [] for table in PROJECTIONS}
        for rows in cases:
            for table, values in _rows_of_case(rows):
                written[table].append(values)
        for table, lines in written.items():
            if lines:
                connection.execute(insert(table), lines)


def _cases(connection: Connection) -> Iterator[list[Any]]:
    columns = (JOURNAL.c.case_id, JOURNAL.c.version, JOURNAL.c.recorded_at, JOURNAL.c.body)
    of_cases = JOURNAL.c.kind != MEETING
    query = select(*columns).where(of_cases).order_by(JOURNAL.c.case_id, JOURNAL.c.version)
    named = select(JOURNAL.c.case_id).where(of_cases).distinct().order_by(JOURNAL.c.case_id)
    # Each read is finished before anything is written: one connection does both.
    ids = [row.case_id for row in connection.execute(named)]
    for start in range(0, len(ids), _AT_ONCE):
        some = ids[start : start + _AT_ONCE]
        found = connection.execute(query.where(JOURNAL.c.case_id.between(some[0], some[-1]))).all()
        for _, rows in groupby(found, key=attrgetter("case_id")):
            yield list(rows)


def _rows_of_case(rows: list[Any]) -> Iterator[tuple[Table, dict[str, Any]]]:
    first, last = rows[0], rows[-1]
    yield CASE, {"case_id": first.case_id, "version": last.version, "opened_at": first.recorded_at}
    facts = effective((row.version, EVENT.validate_json(row.body)) for row in rows)
    for version, fact in facts.items():
        yield from rows_of(first.case_id, version, fact)
    if last.version <= _LONGEST:
        for values in _finding_rows(CaseRecord(first.case_id, last.version, facts)):
            yield FINDING, values


def _check(connection: Connection, case_id: str, version: int) -> None:
    """Look at a case anew, of which an entry was just written."""
    if version <= _LONGEST + 1:
        connection.execute(delete(FINDING).where(FINDING.c.case_id == case_id))
    if version <= _LONGEST and (written := _finding_rows(_checked(connection, case_id))):
        connection.execute(insert(FINDING), written)


def _checked(connection: Connection, case_id: str) -> CaseRecord:
    """As much of a case as the data checks speak of."""
    query = select(JOURNAL.c.version, JOURNAL.c.body).where(
        JOURNAL.c.case_id == case_id, JOURNAL.c.kind.in_(_CHECKED)
    )
    rows = connection.execute(query.order_by(JOURNAL.c.version)).all()
    facts = effective((row.version, EVENT.validate_json(row.body)) for row in rows)
    return CaseRecord(case_id, max((row.version for row in rows), default=0), facts)


def findings_of_long_cases(connection: Connection) -> list[DataFinding]:
    """Findings of the cases whose findings are not kept."""
    long = connection.execute(select(CASE.c.case_id).where(CASE.c.version > _LONGEST)).all()
    return [finding for row in long for finding in findings_of(_checked(connection, row.case_id))]


def _finding_rows(record: CaseRecord) -> list[dict[str, Any]]:
    return [
        {
            "case_id": record.case_id,
            "place": place,
            "version": finding.version,
            "rule": finding.rule,
            "text": finding.text,
            "after": finding.after and finding.after.isoformat(),
        }
        for place, finding in enumerate(findings_of(record))
    ]


def rows_of(case_id: str, version: int, fact: Fact) -> Rows:
    """The rows that one fact makes."""
    key = {"case_id": case_id, "version": version}
    match fact:
        case CaseOpened():
            names = ("centre", "diagnosis", "site", "sex", "age_band")
            return [(OPENED, key | {name: getattr(fact, name) for name in names})]
        case Decision():
            dissent = fact.dissent is not None
            return [(DECISION, key | {"modality": fact.modality, "agreement": fact.agreement, "dissent": dissent})]
        case Execution():
            done = {"decision_version": fact.decision_version, "carried_out": fact.carried_out}
            return [(EXECUTION, key | done)]
        case MarginPlan():
            return [
                (MARGIN, key | _margin(k, "planned", plane.name, plane.margin_mm, plane.interval_mm))
                for k, plane in enumerate(fact.planes)
            ]
        case AchievedMargin():
            return [
                (MARGIN, key | _margin(0, "achieved", fact.plane, fact.margin_mm, fact.interval_mm)),
                (MILESTONE, key | _milestone("achieved_margin", fact)),
            ]
        case HistologicalMargin():
            return [
                (MARGIN, key | _margin(0, "histology", fact.aspect, fact.margin_mm, (None, None))),
                (MILESTONE, key | _milestone("histology", fact, fact.residual or "")),
            ]
        case _:
            dated = _dated(fact)
            return [(MILESTONE, key | dated)] if dated else []


def _dated(fact: Fact) -> dict[str, Any] | None:
    match fact:
        case Outcome():
            suffix = f"_{fact.depth}" if fact.depth else ""
            return _milestone(fact.type + suffix, fact, fact.cause or fact.site or "")
        case Treatment():
            return _milestone(fact.modality, fact, fact.intent or "")
        case Consent():
            return _milestone("consent_given" if fact.given else "consent_refused", fact, fact.scope)
        case Operation() | Diagnosis() | Staging() | Function() | FollowUpSeen():
            return _milestone(fact.kind, fact, _detail(fact))
        case _:
            return None


def _detail(fact: Operation | Diagnosis | Staging | Function | FollowUpSeen) -> str:
    match fact:
        case Operation():
            return fact.procedure
        case Diagnosis():
            return fact.entity
        case Staging():
            return f"{fact.system} {fact.edition}: {fact.stage}"
        case Function():
            return f"{fact.instrument} {fact.score:g}/{fact.maximum:g}"
        case FollowUpSeen():
            return fact.state


def _milestone(type_: str, fact: Any, detail: str = "") -> dict[str, Any]:
    return {
        "type": type_,
        "on_date": fact.on_date.isoformat(),
        "precision": getattr(fact, "precision", "day"),
        "certainty": getattr(fact, "certainty", "certain"),
        "detail": detail,
    }


def _margin(
    place: int, stage: str, name: str, margin_mm: float | None, interval_mm: tuple[float | None, float | None]
) -> dict[str, Any]:
    low, high = interval_mm
    return {"place": place, "stage": stage, "name": name, "margin_mm": margin_mm, "low_mm": low, "high_mm": high}
