"""Questions over all cases, answered from the projections: times for the estimators, centres, margins, follow-up.

Cases whose patient refused an audit are in no answer but that of the data checks.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Literal

from sqlalchemy import select

from sarcoma_review.outcomes import (
    Endpoint,
    Happening,
    OutcomeError,
    Schedule,
    TimeToEvent,
    overdue_count,
    time_to_event,
)
from sarcoma_review.outcomes.endpoints import day_range
from sarcoma_review.registry.checks import DataFinding, dated_ahead, in_order
from sarcoma_review.registry.consent import refused_cases
from sarcoma_review.registry.journal import Registry
from sarcoma_review.registry.projections import findings_of_long_cases
from sarcoma_review.registry.tables import DECISION, EXECUTION, FINDING, MARGIN, MILESTONE, OPENED

By = Literal["centre", "diagnosis", "site", "sex", "age_band"]
NOT_RECORDED = "not recorded"
_CONSENT = ("consent_given", "consent_refused")
_NOT_SEEN = (*_CONSENT, "histology", "achieved_margin")


@dataclass(frozen=True)
class Snapshot:
    """What all questions are answered from, read once; give it in place of a registry to ask several.

    Parameters
    ----------
    happenings : dict of str to list of Happening
        By case; those of a patient who refused an audit are not in it.
    opened : dict of str to dict
        How each case can be grouped.
    """

    happenings: dict[str, list[Happening]]
    opened: dict[str, dict[str, str | None]]


def snapshot(registry: Registry) -> Snapshot:
    """Read what is dated, and how cases are grouped."""
    columns = (MILESTONE.c.case_id, MILESTONE.c.type, MILESTONE.c.on_date, MILESTONE.c.precision)
    query = select(*columns).where(MILESTONE.c.certainty != "possible", MILESTONE.c.type.not_in(_NOT_SEEN))
    with registry.reading() as connection:
        refused = refused_cases(connection, "audit")
        rows = connection.execute(select(OPENED).order_by(OPENED.c.case_id)).mappings()
        opened = {row["case_id"]: dict(row) for row in rows if row["case_id"] not in refused}
        dated = connection.execute(query).all()
    # Many cases share a kind and a day: one value stands for all of them.
    happening = cache(lambda type_, on_date, precision: Happening(type_, date.fromisoformat(on_date), precision))
    happenings: dict[str, list[Happening]] = {case_id: [] for case_id in opened}
    for case_id, type_, on_date, precision in dated:
        if case_id in happenings:
            happenings[case_id].append(happening(type_, on_date, precision))
    return Snapshot(happenings, opened)


@dataclass(frozen=True)
class Cohort:
    """Times for the estimators, one for each case that has a time zero.

    Parameters
    ----------
    endpoint : Endpoint
    as_of : date
        The data cut.
    case_ids : tuple of str
    zeros : tuple of date
        From when the time of each runs.
    durations : tuple of int
        Days.
    causes : tuple of int
        0 censored, 1 the event, 2 and on the competing ones.
    groups : tuple of str
        "not recorded" where a case does not say.
    left_out : tuple of (case id, reason)
    """

    endpoint: Endpoint
    as_of: date
    case_ids: tuple[str, ...]
    zeros: tuple[date, ...]
    durations: tuple[int, ...]
    causes: tuple[int, ...]
    groups: tuple[str, ...]
    left_out: tuple[tuple[str, str], ...]

    @property
    def event_observed(self) -> tuple[bool, ...]:
        """Whether each had the event itself."""
        return tuple(cause == 1 for cause in self.causes)


def cohort(source: Registry | Snapshot, endpoint: Endpoint, *, as_of: date, by: By = "centre") -> Cohort:
    """Times to an endpoint for every case of a registry, with the cases left out and why.

    Happenings that are only possible are not counted; a patient who refused an audit is not in it at all.
    """
    known = _read(source)
    kept: dict[str, TimeToEvent] = {}
    left_out = []
    for case_id, happenings in known.happenings.items():
        try:
            kept[case_id] = time_to_event(endpoint, happenings, as_of=as_of)
        except OutcomeError as reason:
            left_out.append((case_id, str(reason)))
    times = kept.values()
    return Cohort(
        endpoint,
        as_of,
        case_ids=tuple(kept),
        zeros=tuple(time.zero for time in times),
        durations=tuple(time.days for time in times),
        causes=tuple(time.cause for time in times),
        groups=tuple(known.opened[case_id][by] or NOT_RECORDED for case_id in kept),
        left_out=tuple(left_out),
    )


def volumes_by_centre(source: Registry | Snapshot) -> dict[str, dict[int, int]]:
    """Number of cases operated on, by centre and year of the first operation."""
    known, counts = _read(source), defaultdict[str, Counter[int]](Counter)
    for case_id, happenings in known.happenings.items():
        years = [happening.day.year for happening in happenings if happening.type == "operation"]
        if years:
            counts[known.opened[case_id]["centre"] or NOT_RECORDED][min(years)] += 1
    return {centre: dict(sorted(years.items())) for centre, years in sorted(counts.items())}


def concordance(registry: Registry) -> dict[str, dict[str, int]]:
    """How decisions were carried out, by modality; those without word are "not recorded", which is not "no"."""
    decisions = select(DECISION.c.case_id, DECISION.c.version, DECISION.c.modality)
    executions = select(EXECUTION).order_by(EXECUTION.c.version)
    with registry.reading() as connection:
        refused = refused_cases(connection, "audit")
        known = {(row.case_id, row.decision_version): row.carried_out for row in connection.execute(executions)}
        counts = defaultdict[str, Counter[str]](Counter)
        for row in connection.execute(decisions):
            if row.case_id not in refused:
                counts[row.modality][known.get((row.case_id, row.version), NOT_RECORDED)] += 1
    return {modality: dict(sorted(found.items())) for modality, found in sorted(counts.items())}


@dataclass(frozen=True)
class MarginPair:
    """A plane's planned and achieved margin, mm, and the day the latter was measured."""

    case_id: str
    plane: str
    planned_mm: float
    achieved_mm: float
    on_date: date


def margin_pairs(registry: Registry) -> list[MarginPair]:
    """Planned against achieved margins, by day: the plane of that name in the last plan stands against each."""
    # The order of a plan's rows is that of the journal, so that the last plan stands.
    plan = select(MARGIN.c.case_id, MARGIN.c.name, MARGIN.c.margin_mm).where(MARGIN.c.stage == "planned")
    same = (MILESTONE.c.case_id == MARGIN.c.case_id) & (MILESTONE.c.version == MARGIN.c.version)
    done = select(MARGIN.c.case_id, MARGIN.c.name, MARGIN.c.margin_mm, MILESTONE.c.on_date).join(MILESTONE, same)
    with registry.reading() as connection:
        refused = refused_cases(connection, "audit")
        plans = connection.execute(plan.order_by(MARGIN.c.case_id, MARGIN.c.version)).all()
        achieved = connection.execute(done.where(MARGIN.c.stage == "achieved")).all()
    planned = {(case_id, name): margin_mm for case_id, name, margin_mm in plans if case_id not in refused}
    pairs = [
        MarginPair(case_id, name, planned[case_id, name], margin_mm, date.fromisoformat(on_date))
        for case_id, name, margin_mm, on_date in achieved
        if (case_id, name) in planned
    ]
    return sorted(pairs, key=lambda pair: (pair.on_date, pair.case_id, pair.plane))


def overdue(source: Registry | Snapshot, schedule: Schedule, *, on: date) -> dict[str, int]:
    """Number of follow-up windows overdue, for each living case the schedule is for, 0 too. Not an appointment."""
    found = {}
    for case_id, happenings in _read(source).happenings.items():
        zero = [day for each in happenings if each.type == schedule.time_zero and (day := each.by(on))]
        if not zero or any(each.type == "death" for each in happenings):
            continue
        seen = [
            day for each in happenings if each.type in ("follow_up_seen", "last_contact") and (day := each.by(on))
        ]
        found[case_id] = overdue_count(schedule, min(zero), seen=seen, on=on)
    return found


def check_registry(registry: Registry, *, on: date) -> list[DataFinding]:
    """What `check_case` finds in every case, read from what was found when its last entry was written.

    A case of more than a hundred entries is looked at now.
    """
    later = (MILESTONE.c.on_date > on.isoformat()) & MILESTONE.c.type.not_in(_CONSENT)
    found = select(FINDING.c.case_id, FINDING.c.version, FINDING.c.rule, FINDING.c.text)
    holds = FINDING.c.after.is_(None) | (FINDING.c.after < on.isoformat())
    columns = (MILESTONE.c.case_id, MILESTONE.c.version, MILESTONE.c.on_date, MILESTONE.c.precision)
    with registry.reading() as connection:
        findings = [DataFinding(*row) for row in connection.execute(found.where(holds))]
        findings += [finding for finding in findings_of_long_cases(connection) if finding.holds(on)]
        for case_id, version, text, precision in connection.execute(select(*columns).where(later)):
            day = date.fromisoformat(text)
            if day_range(day, precision)[0] > on:
                findings.append(dated_ahead(case_id, version, day))
    return in_order(findings)


def _read(source: Registry | Snapshot) -> Snapshot:
    return source if isinstance(source, Snapshot) else snapshot(source)
