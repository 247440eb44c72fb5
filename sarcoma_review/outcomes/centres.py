"""Comparing centres with a benchmark, with the error rates of the comparison printed; never a ranking.

A funnel of crude rates will accuse somebody: differences in case mix alone put centres outside. Show observed against
expected beside it, and take a signal as a reason to look.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import bdtr, bdtrik, chdtri

from sarcoma_review.errors import OutcomeError

FEWEST_CENTRES = 10
"""Below this many centres between-centre spread cannot be told from an outlier."""


@dataclass(frozen=True)
class Benchmark:
    """A rate to compare with, and where it comes from."""

    rate: float
    source: str

    def __post_init__(self) -> None:
        """Refuse a rate that is none, and a rate from nowhere."""
        if not 0 < self.rate < 1 or not self.source.strip():
            raise OutcomeError(f"a benchmark is a rate between 0 and 1 with its source; found {self.rate:g}")


@dataclass(frozen=True)
class FunnelPoint:
    """One centre against the benchmark.

    Parameters
    ----------
    centre : str
    events, people : int
    rate : float
    lower, upper : float or None
        Limits of the rate; ``None`` for a lower one that would lie at or below 0: this centre cannot signal low.
    outside : {"above", "below", None}
    false_alarm : float
        Probability that a centre of this size lies outside although its rate is the benchmark's.
    false_alarm_above : float
        The part of that which lies above.
    power_to_see_doubling : float
        Probability that it lies above although its rate is twice that; 1 less this is what the chart misses.
    """

    centre: str
    events: int
    people: int
    rate: float
    lower: float | None
    upper: float
    outside: str | None
    false_alarm: float
    false_alarm_above: float
    power_to_see_doubling: float


@dataclass(frozen=True)
class Funnel:
    """Every centre against one benchmark, in the order given: not a ranking."""

    benchmark: Benchmark
    level: float
    points: tuple[FunnelPoint, ...]

    def describe(self) -> list[str]:
        """One line for each centre, with what the chart can and cannot see."""
        return [
            f"{p.centre}: {p.events} of {p.people}; limits "
            f"{'none' if p.lower is None else f'{p.lower:.1%}'} to {p.upper:.1%}; {p.outside or 'inside'}; "
            f"false alarm {p.false_alarm:.1%}, sees a doubling {p.power_to_see_doubling:.0%} of the time"
            for p in self.points
        ]


def funnel_limits(people: int, rate: float, quantiles: Sequence[float]) -> list[float]:
    """Exact binomial limits of a rate, interpolated between counts; may lie below 0.

    References
    ----------
    .. [1] Spiegelhalter DJ. Funnel plots for comparing institutional performance. Stat Med. 2005;24:1185-1202.

    Examples
    --------
    >>> [round(limit, 5) for limit in funnel_limits(25, 0.10, [0.025, 0.975])]
    [-0.02607, 0.21404]
    """
    limits = []
    for quantile in quantiles:
        count = _binomial_quantile(quantile, people, rate)
        below = float(bdtr(count - 1, people, rate)) if count else 0.0
        reached = float(bdtr(count, people, rate))
        limits.append((count - (reached - quantile) / (reached - below)) / people)
    return limits


def funnel(
    counts: Mapping[str, tuple[int, int]], benchmark: Benchmark, *, level: float = 0.95, overdispersed: bool = False
) -> Funnel:
    """Place centres against a benchmark, with the actual error rates at each centre's size.

    Parameters
    ----------
    counts : mapping of str to (events, people)
    benchmark : Benchmark
        From outside these centres, or from earlier years.
    level : float, default: 0.95
        Nominal; the actual one is printed for each centre.
    overdispersed : bool, default: False
        Widen limits by the spread between centres. Refused below ten centres, where an outlier widens the limits it
        is judged by.

    Returns
    -------
    Funnel

    Raises
    ------
    OutcomeError
        If counts cannot be such, or overdispersion is asked for with fewer than ten centres.

    Examples
    --------
    >>> chart = funnel({"A": (4, 50), "B": (11, 50)}, Benchmark(0.10, "pooled, five earlier years"))
    >>> [point.outside for point in chart.points]
    [None, 'above']
    """
    for centre, (events, people) in counts.items():
        if not 0 <= events <= people or people < 1:
            raise OutcomeError(f"centre {centre}: events are 0 to the number of people; found {events} of {people}")
    spread = _dispersion(counts, benchmark.rate) if overdispersed else 0.0
    points = [_point(name, *pair, rate=benchmark.rate, level=level, spread=spread) for name, pair in counts.items()]
    return Funnel(benchmark, level, tuple(points))


@dataclass(frozen=True)
class ObservedExpected:
    """Observed over expected events of a centre, with an exact Poisson interval."""

    centre: str
    observed: int
    expected: float
    ratio: float
    lower: float
    upper: float


def observed_expected(
    centres: Sequence[str], observed: Sequence[int], expected: Sequence[float], *, level: float = 0.95
) -> list[ObservedExpected]:
    """Events against what the case mix leads one to expect, by centre in alphabetical order.

    Parameters
    ----------
    centres : sequence of str
        Of each patient.
    observed : sequence of int
        1 where the event happened.
    expected : sequence of float
        Each patient's risk from a model fitted to all centres together, as `case_mix_risk` gives.
    level : float, default: 0.95

    Raises
    ------
    OutcomeError
        If lengths differ or a risk is no probability.

    Examples
    --------
    >>> first, _ = observed_expected(["A", "A", "B"], [1, 0, 0], [0.25, 0.25, 0.5])
    >>> first.centre, first.observed, first.ratio
    ('A', 1, 2.0)
    """
    name, event, risk = np.asarray(centres), np.asarray(observed), np.asarray(expected, dtype=float)
    if not name.shape == event.shape == risk.shape or not ((risk > 0) & (risk < 1)).all():
        raise OutcomeError("each patient has one centre, one outcome and one risk between 0 and 1")
    results = []
    for centre in sorted(set(centres)):
        inside = name == centre
        seen, hoped = int(event[inside].sum()), float(risk[inside].sum())
        low, high = poisson_interval(seen, level=level)
        results.append(ObservedExpected(centre, seen, hoped, seen / hoped, low / hoped, high / hoped))
    return results


def poisson_interval(events: int, *, level: float = 0.95) -> tuple[float, float]:
    """Exact interval of a Poisson mean.

    Examples
    --------
    >>> [round(limit, 3) for limit in poisson_interval(10)]
    [4.795, 18.39]
    """
    tail = (1 - level) / 2
    low = 0.0 if events == 0 else float(chdtri(2 * events, 1 - tail)) / 2
    return low, float(chdtri(2 * events + 2, tail)) / 2


def case_mix_risk(observed: Sequence[int], covariates: Sequence[Sequence[float]]) -> list[float]:
    """Each patient's risk by a logistic model of the case mix, fitted to all centres together.

    Parameters
    ----------
    observed : sequence of int
    covariates : sequence of sequences of float, shape (n, k)

    Raises
    ------
    OutcomeError
        If there are fewer than ten events or non-events per covariate, or they separate perfectly.

    Examples
    --------
    >>> risk = case_mix_risk([1, 0] * 10 + [1, 0, 0, 0] * 10, [[0.0]] * 20 + [[1.0]] * 40)
    >>> round(risk[0], 6), round(risk[-1], 6)
    (0.5, 0.25)
    """
    event = np.asarray(observed, dtype=float)
    design = np.column_stack([np.ones(event.size), np.asarray(covariates, dtype=float)])
    rarer = int(min(event.sum(), event.size - event.sum()))
    if rarer < 10 * (design.shape[1] - 1):
        raise OutcomeError(
            f"a risk model needs ten events per covariate: {design.shape[1] - 1} asked for, {rarer} events"
        )
    beta = np.zeros(design.shape[1])
    for _ in range(50):
        risk = 1 / (1 + np.exp(-design @ beta))
        information = design.T @ (design * (risk * (1 - risk))[:, None])
        if np.linalg.matrix_rank(information) < beta.size:
            break
        step = np.linalg.solve(information, design.T @ (event - risk))
        beta = beta + step
        if np.abs(step).max() < 1e-12:
            return [float(value) for value in 1 / (1 + np.exp(-design @ beta))]
    raise OutcomeError(
        "the risk model has no finite estimate: a covariate separates events perfectly, or is constant"
    )


@dataclass(frozen=True)
class VolumeRule:
    """A number of cases a year that a source asks of a centre; data, not a law of this program."""

    name: str
    per_year: int
    source: str


def volumes(counts: Mapping[str, Sequence[int]], rule: VolumeRule) -> dict[str, tuple[float, bool]]:
    """Mean cases a year by centre, and whether that meets the rule.

    Raises
    ------
    OutcomeError
        If a centre has no year.

    Examples
    --------
    >>> rule = VolumeRule("bone sarcoma", 50, "NICE CSGSarcoma 2006, as quoted; check the text")
    >>> volumes({"A": [61, 55], "B": [40, 44]}, rule)
    {'A': (58.0, True), 'B': (42.0, False)}
    """
    if not all(len(years) for years in counts.values()):
        raise OutcomeError("a volume needs at least one year for each centre")
    means = {centre: sum(years) / len(years) for centre, years in counts.items()}
    return {centre: (mean, mean >= rule.per_year) for centre, mean in means.items()}


def _binomial_quantile(quantile: float, people: int, rate: float) -> int:
    count = max(0, int(np.ceil(bdtrik(quantile, people, rate))) - 1) if quantile > bdtr(0, people, rate) else 0
    while bdtr(count, people, rate) < quantile:
        count += 1
    return count


def _point(centre: str, events: int, people: int, *, rate: float, level: float, spread: float) -> FunnelPoint:
    tail = (1 - level) / 2
    low, high = funnel_limits(people, rate, [tail, 1 - tail])
    if spread:
        widen = float(np.sqrt(1 + spread * people / (rate * (1 - rate))))
        low, high = rate + (low - rate) * widen, rate + (high - rate) * widen
    outside = "above" if events > high * people else "below" if events < low * people else None
    return FunnelPoint(
        centre=centre,
        events=events,
        people=people,
        rate=events / people,
        lower=low if low > 0 else None,
        upper=min(high, 1.0),
        outside=outside,
        false_alarm=_flagged(people, rate, low, high),
        false_alarm_above=_flagged(people, rate, -1.0, high),
        power_to_see_doubling=_flagged(people, min(2 * rate, 1.0), -1.0, high),
    )


def _flagged(people: int, rate: float, low: float, high: float) -> float:
    above = 1 - float(bdtr(np.floor(high * people), people, rate)) if high < 1 else 0.0
    last_low = np.ceil(low * people) - 1
    return above + (float(bdtr(last_low, people, rate)) if last_low >= 0 else 0.0)


def _dispersion(counts: Mapping[str, tuple[int, int]], rate: float) -> float:
    """Variance between centres (DerSimonian and Laird), on the scale of the rate."""
    if len(counts) < FEWEST_CENTRES:
        raise OutcomeError(
            f"overdispersion needs {FEWEST_CENTRES} centres, found {len(counts)}: with fewer an outlier widens the "
            "limits it is judged by; take a benchmark from outside instead"
        )
    weight = np.array([people / (rate * (1 - rate)) for _, people in counts.values()])
    squares = float(np.sum(weight * (np.array([e / n for e, n in counts.values()]) - rate) ** 2))
    excess = squares - len(counts)
    return max(0.0, excess / float(weight.sum() - (weight**2).sum() / weight.sum()))
