"""What a dashboard shows: every panel as numbers, words and a table, under disclosure control before it is drawn."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np

from sarcoma_review.errors import OutcomeError
from sarcoma_review.outcomes import (
    Benchmark,
    Curve,
    Cusum,
    Endpoint,
    coarsen,
    cumulative_incidence,
    cusum,
    funnel,
    gray_test,
    kaplan_meier,
)
from sarcoma_review.outcomes.centres import FunnelPoint
from sarcoma_review.outcomes.comparison import FEWEST_EVENTS
from sarcoma_review.outcomes.disclosure import SMALL, Cell, CoarseCurve, hes
from sarcoma_review.outcomes.endpoints import YEAR_DAYS
from sarcoma_review.registry.cohort import Cohort
from sarcoma_review.registry.report import counts_by_centre, followed, mature_outcomes, with_interval

Audience = Literal["centre", "shared"]
Row = tuple[str, ...]
YEARS = (0, 1, 2, 5, 10)
FEWEST_SHOWN = 10
"""People that a curve, a mean or a chart stands on at least, where it is shared."""
SHARED_RULE = (
    "For sharing: counts of 1 to 7 are shown as *, others rounded to 5; curves are read at quarters of a year, end "
    f"where fewer than {FEWEST_SHOWN} are at risk, and are not drawn for 1 to 7 events; no point is one patient."
)


@dataclass(frozen=True, kw_only=True)
class Panel:
    """One subject.

    Parameters
    ----------
    title : str
    lines : tuple of str
    heads, rows : tuple
        The table that stands beside the picture.
    withheld : str
        Why no picture is drawn; empty where one is.
    """

    title: str
    lines: tuple[str, ...]
    heads: Row
    rows: tuple[Row, ...]
    withheld: str = ""


@dataclass(frozen=True, kw_only=True)
class CurvePanel(Panel):
    """Risk of an endpoint where other causes compete, and the net risk beside it.

    Parameters
    ----------
    years, risk, lower, upper, net : tuple of float
        The steps; limits are not numbers where there are none.
    at_risk : dict of int to Cell
        By whole year, just after it.
    net_words : str
        What the net risk means.
    """

    years: tuple[float, ...] = ()
    risk: tuple[float, ...] = ()
    lower: tuple[float, ...] = ()
    upper: tuple[float, ...] = ()
    net: tuple[float, ...] = ()
    at_risk: Mapping[int, Cell]
    net_words: str


@dataclass(frozen=True, kw_only=True)
class FunnelPanel(Panel):
    """Centres against a benchmark, alphabetically: not a ranking. Points are those that may be shown."""

    points: tuple[FunnelPoint, ...] = ()
    benchmark: Benchmark | None = None


@dataclass(frozen=True, kw_only=True)
class CusumPanel(Panel):
    """Operations in order of date against a benchmark."""

    chart: Cusum | None = None


@dataclass(frozen=True)
class Question:
    """What is asked of the outcomes.

    Parameters
    ----------
    endpoint : Endpoint
    audience : {"shared", "centre"}
        Whether it may leave the centre.
    benchmark : Benchmark, optional
        From outside these centres, or from earlier years.
    within_days : int
        The event counts within so long; who was not seen so long is not mature.
    """

    endpoint: Endpoint
    audience: Audience
    benchmark: Benchmark | None = None
    within_days: int = 730

    def count(self, number: int) -> Cell:
        """A count of people as it may be shown."""
        return hes(number) if self.shared else number

    @property
    def shared(self) -> bool:
        """Whether disclosure control applies."""
        return self.audience == "shared"

    @cached_property
    def name(self) -> str:
        """The endpoint in words."""
        return self.endpoint.name.replace("_", " ")


def curve_panel(people: Cohort, asked: Question) -> CurvePanel:
    """Cumulative incidence and net risk, with numbers at risk."""
    panel = CurvePanel(
        title=f"Risk of {asked.name} from the {asked.endpoint.time_zero}",
        lines=_curve_lines(people, asked),
        heads=("year", f"risk of {asked.name} (95 % interval)", "at risk", "net risk (95 % interval)"),
        rows=(),
        at_risk={},
        net_words=asked.endpoint.net_risk,
    )
    if why := _why_no_curve(people, asked):
        return replace(panel, withheld=f"no curve: {why}")
    years, real, net = _steps(people, asked)
    end = years[-1] if asked.shared else np.inf
    durations = np.asarray(people.durations) / YEAR_DAYS
    at_risk = {year: asked.count(int((durations > year).sum())) for year in YEARS if year <= end}
    rows = tuple(_curve_row(year, years, real, net=net, at_risk=at_risk) for year in YEARS[1:])
    risk, lower, upper = real
    return replace(panel, rows=rows, years=years, risk=risk, lower=lower, upper=upper, net=net[0], at_risk=at_risk)


Series = tuple[float, ...]
Limited = tuple[Series, Series, Series]
"""A risk with its lower and its upper limit, step by step."""


def _why_no_curve(people: Cohort, asked: Question) -> str:
    if not people.causes:
        return "no cases"
    if not asked.shared:
        return ""
    if sum(day >= YEAR_DAYS / 4 for day in people.durations) < FEWEST_SHOWN:
        return f"fewer than {FEWEST_SHOWN} cases were followed for a quarter of a year"
    # The height of a curve times the number of cases is the number of events.
    return "its height would give a small count away" if asked.count(sum(people.event_observed)) == SMALL else ""


def _steps(people: Cohort, asked: Question) -> tuple[Series, Limited, Limited]:
    real = cumulative_incidence(people.durations, people.causes)[1]
    survival = kaplan_meier(people.durations, people.event_observed)
    if asked.shared:
        coarse, net = (coarsen(each, step=YEAR_DAYS / 4, fewest_at_risk=FEWEST_SHOWN) for each in (real, survival))
        return tuple(t / YEAR_DAYS for t in coarse.time), _limited(coarse), _one_less(_limited(net))
    years = (0.0, *(float(t) / YEAR_DAYS for t in real.time))
    return years, _limited(real, start=(0.0,)), _one_less(_limited(survival, start=(1.0,)))


def _limited(curve: Curve | CoarseCurve, start: Series = ()) -> Limited:
    estimate, lower, upper = ((*start, *map(float, series)) for series in (curve.estimate, curve.lower, curve.upper))
    return estimate, lower, upper


def _one_less(survival: Limited) -> Limited:
    """The risk; what was the upper limit is the lower one."""
    risk, upper, lower = (tuple(round(1 - value, 9) for value in series) for series in survival)
    return risk, lower, upper


def _curve_lines(people: Cohort, asked: Question) -> Row:
    events = sum(people.event_observed)
    competing = ", ".join(asked.endpoint.competing).replace("_", " ") or "none"
    lines = [
        f"{asked.count(len(people.causes))} cases, {asked.count(events)} with {asked.name}, to {people.as_of}; "
        f"competing: {competing}"
    ]
    if people.causes and not (asked.shared and len(people.causes) < FEWEST_SHOWN):
        lines.append(followed(people))
        lines.append(f"between centres: {_test(people, events)}")
    if people.left_out:
        lines.append(f"{asked.count(len(people.left_out))} left out: no {asked.endpoint.time_zero} before the event")
    return tuple(lines)


def _test(people: Cohort, events: int) -> str:
    if events < FEWEST_EVENTS:
        return f"fewer than {FEWEST_EVENTS} events are counted, not tested"
    test = gray_test(people.durations, people.causes, people.groups)
    return f"Gray's test, p = {test.p_value:.2g}; not a ranking" if test.degrees_of_freedom else "one centre"


def _curve_row(year: int, years: Series, real: Limited, *, net: Limited, at_risk: Mapping[int, Cell]) -> Row:
    if year not in at_risk or year > years[-1]:
        return str(year), "not known", str(at_risk.get(year, "not shown")), "not known"
    place = int(np.searchsorted(np.asarray(years), year + 1e-9, side="right")) - 1
    risk, beside = (with_interval(*(series[place] for series in limited)) for limited in (real, net))
    return str(year), risk, str(at_risk[year]), beside


def funnel_panel(people: Cohort, asked: Question) -> FunnelPanel:
    """Mature cases of each centre against the benchmark, with the error rates of the comparison."""
    title = f"{asked.name.capitalize()} within {_period(asked.within_days)}, by centre: not a ranking"
    heads = ("centre", "events", "cases", "limits", "against the benchmark", "false alarm", "sees a doubling")
    if asked.benchmark is None:
        return FunnelPanel(title=title, lines=(), heads=heads, rows=(), withheld=_NO_BENCHMARK)
    mature = mature_outcomes(people, within_days=asked.within_days)
    counts = counts_by_centre(people, mature)
    shown = {centre: (asked.count(events), asked.count(cases)) for centre, (events, cases) in counts.items()}
    drawn = _drawn_points(counts, shown, asked.benchmark)
    rounded = "points and limits are those of the rounded counts, signals those of the true ones"
    lines = (
        f"benchmark {asked.benchmark.rate:.1%}: {asked.benchmark.source}",
        f"{asked.count(len(people.causes) - len(mature))} left out: operated on later, or not seen for so long",
        "crude rates: differences in case mix alone put centres outside; a signal is a reason to look",
    )
    return FunnelPanel(
        title=title,
        lines=(*lines, rounded) if asked.shared else lines,
        heads=heads,
        rows=tuple(_funnel_row(centre, cells, drawn.get(centre)) for centre, cells in shown.items()),
        withheld="" if drawn else "no funnel: no centre's counts may be shown",
        points=tuple(drawn.values()),
        benchmark=asked.benchmark,
    )


def _period(days: int) -> str:
    """A number of days in whole years where it is so many."""
    years = round(days / YEAR_DAYS)
    if years and abs(days - years * YEAR_DAYS) < years:  # 730 days are two years, and so are 731
        return "1 year" if years == 1 else f"{years} years"
    return f"{days} days"


def _drawn_points(
    counts: Mapping[str, tuple[int, int]], shown: Mapping[str, tuple[Cell, Cell]], benchmark: Benchmark
) -> dict[str, FunnelPoint]:
    """Points of the counts as they are shown; a signal is that of the true ones, as rounding must accuse nobody."""
    whole = {
        centre: (events, cases)
        for centre, (events, cases) in shown.items()
        if isinstance(events, int) and isinstance(cases, int)
    }
    signals = {point.centre: point.outside for point in funnel(counts, benchmark).points}
    return {point.centre: replace(point, outside=signals[point.centre]) for point in funnel(whole, benchmark).points}


_NO_BENCHMARK = "no benchmark is given: a rate from outside these centres, with its source, is needed"


def _funnel_row(centre: str, counts: tuple[Cell, Cell], point: FunnelPoint | None) -> Row:
    if point is None:
        return centre, *map(str, counts), *("not shown",) * 4
    limits = f"{'none' if point.lower is None else f'{point.lower:.1%}'} to {point.upper:.1%}"
    rates = f"{point.false_alarm:.1%}", f"{point.power_to_see_doubling:.0%} of the time"
    return centre, *map(str, counts), limits, point.outside or "inside", *rates


def cusum_panel(people: Cohort, asked: Question, *, centre: str | None = None) -> CusumPanel:
    """Mature operations of one centre, or of all, in order of date; a shared one is not drawn."""
    panel = CusumPanel(
        title=f"{asked.name.capitalize()}, operation by operation: {centre or 'all centres'}",
        lines=(),
        heads=("operations", "signals", "limit", "a false signal every", "a doubling shows after"),
        rows=(),
    )
    if asked.benchmark is None:
        return replace(panel, withheld=_NO_BENCHMARK)
    mature = mature_outcomes(people, within_days=asked.within_days)
    chosen = [place for place in mature if centre in (None, people.groups[place])]
    if len(chosen) < (FEWEST_SHOWN if asked.shared else 1):
        return replace(panel, withheld="no chart: too few mature operations")
    ordered = sorted(chosen, key=lambda place: (people.zeros[place], people.case_ids[place]))
    chart = cusum([mature[place] for place in ordered], [asked.benchmark.rate] * len(ordered))
    lines = (
        f"odds {chart.odds_ratio:g} times those of the benchmark, {asked.benchmark.rate:.1%}, are looked for",
        "a signal is a reason to look; only operations seen for long enough are in it",
    )
    panel = replace(panel, lines=lines, rows=(_cusum_row(chart, asked.count(len(ordered))),))
    if asked.shared:
        return replace(panel, withheld="not drawn for sharing: every step of this chart is one patient")
    return replace(panel, chart=chart)


def _cusum_row(chart: Cusum, operations: Cell) -> Row:
    runs = f"{chart.run_in_control:.0f} operations", f"{chart.run_doubled:.0f} operations on average"
    return str(operations), str(len(chart.signals)), f"{chart.limit:.2f}", *runs


def require_audience(audience: str) -> Audience:
    """The audience, if it is one.

    Raises
    ------
    OutcomeError
        If it is neither.
    """
    if audience == "shared":
        return "shared"
    if audience == "centre":
        return "centre"
    raise OutcomeError(f"the audience is shared or centre; found {audience}")
