"""Short reports of estimates, as values and as lines, for use inside a centre: they are not suppressed."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import numpy as np

from sarcoma_review.errors import RegistryError
from sarcoma_review.outcomes import (
    ENDPOINTS,
    Benchmark,
    Endpoint,
    cumulative_incidence,
    funnel,
    gray_test,
    kaplan_meier,
    median_follow_up,
)
from sarcoma_review.outcomes.endpoints import YEAR_DAYS
from sarcoma_review.registry.cohort import Cohort, cohort
from sarcoma_review.registry.journal import Registry

Report = tuple[Any, list[str]]


def curve_report(registry: Registry, endpoint: str, *, as_of: date) -> Report:
    """Risk of an endpoint at 1, 2, 5 and 10 years, net risk beside it, groups tested where events are enough."""
    people = _cohort(registry, endpoint, as_of)
    real = cumulative_incidence(people.durations, people.causes)[1]
    net = kaplan_meier(people.durations, people.event_observed)
    lines = [
        f"{endpoint} from {people.endpoint.time_zero}, to {as_of}; {len(people.causes)} cases, "
        f"{sum(people.event_observed)} events; competing: {', '.join(people.endpoint.competing) or 'none'}",
        followed(people),
    ]
    rows = []
    for year in (1, 2, 5, 10):
        risk = real.interval_at(year * YEAR_DAYS)
        value, low, high = (_none(each) for each in risk)
        at_risk = int((np.array(people.durations) >= year * YEAR_DAYS).sum())
        rows.append({"year": year, "risk": value, "low": low, "high": high, "at_risk": at_risk})
        free, lowest, highest = net.interval_at(year * YEAR_DAYS)
        beside = f"{people.endpoint.net_risk}: {with_interval(1 - free, 1 - highest, 1 - lowest)}"
        aside = "" if np.isnan(free) else f"; {beside}"
        lines.append(f"{year:2d} y: {with_interval(*risk)}; {at_risk} at risk{aside}")
    test = gray_test(people.durations, people.causes, people.groups).describe()
    lines += [f"by centre, not a ranking: {test}", *_left_out(people)]
    return {"endpoint": endpoint, "cases": len(people.causes), "risk": rows, "left_out": len(people.left_out)}, lines


def centre_report(
    registry: Registry, endpoint: str, *, as_of: date, benchmark: float, source: str, within_days: int
) -> Report:
    """Centres against a benchmark; only cases seen so long, or with the event before, count."""
    people = _cohort(registry, endpoint, as_of)
    mature = mature_outcomes(people, within_days=within_days)
    immature = len(people.causes) - len(mature)
    chart = funnel(counts_by_centre(people, mature), Benchmark(benchmark, source))
    lines = [
        *chart.describe(),
        f"benchmark {benchmark:.1%}: {source}",
        f"{immature} cases operated on later, or not seen for {within_days} days, are left out",
        "crude rates: differences in case mix alone put centres outside; not a ranking",
        *_left_out(people),
    ]
    return [vars(point) for point in chart.points], lines


def mature_outcomes(people: Cohort, *, within_days: int) -> dict[int, int]:
    """Whether each had the event within so many days, by place in the cohort.

    Left out is whose time zero lies less than so many days before the data cut, whatever has happened since, as of
    those only the unlucky would count; and who was lost from sight earlier.
    """
    latest = people.as_of - timedelta(days=within_days)
    return {
        place: int(cause == 1 and days <= within_days)
        for place, (zero, days, cause) in enumerate(zip(people.zeros, people.durations, people.causes, strict=True))
        if zero <= latest and (cause or days >= within_days)
    }


def counts_by_centre(people: Cohort, mature: Mapping[int, int]) -> dict[str, tuple[int, int]]:
    """Events and cases of each centre, in alphabetical order."""
    counts: dict[str, tuple[int, int]] = {}
    for place, event in mature.items():
        events, cases = counts.get(people.groups[place], (0, 0))
        counts[people.groups[place]] = (events + event, cases + 1)
    return dict(sorted(counts.items()))


def _cohort(registry: Registry, endpoint: str, as_of: date) -> Cohort:
    chosen: Endpoint | None = ENDPOINTS.get(endpoint)
    if chosen is None:
        raise RegistryError(f"no such endpoint; there are {', '.join(sorted(ENDPOINTS))}")
    people = cohort(registry, chosen, as_of=as_of)
    if not people.causes:
        raise RegistryError(f"no case has a time zero for {endpoint} ({chosen.time_zero})")
    return people


def _left_out(people: Cohort) -> list[str]:
    reasons = sorted({reason for _, reason in people.left_out})
    return [f"{sum(r == reason for _, r in people.left_out)} left out: {reason}" for reason in reasons]


def followed(people: Cohort) -> str:
    """Median follow-up in words, with its 95 % interval; whom anything befell, death too, was not followed longer."""
    ended = [cause > 0 for cause in people.causes]
    median, *limits = (
        "not reached" if np.isnan(days) else f"{days / YEAR_DAYS:.1f} years"
        for days in median_follow_up(people.durations, ended)
    )
    return f"median follow-up {median} (95 % interval {' to '.join(limits)})"


def with_interval(value: float, low: float, high: float) -> str:
    """A risk with its interval, as far as they are known."""
    if np.isnan(value):
        return "not known"
    return f"{value:.1%} ({'no interval' if np.isnan(low) else f'{low:.1%} to {high:.1%}'})"


def _none(value: float) -> float | None:
    return None if np.isnan(value) else round(value, 6)
