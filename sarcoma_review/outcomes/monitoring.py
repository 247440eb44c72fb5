"""Watching one team over time: CUSUM with the delay to expect, and VLAD, which is a picture without limits."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq
from scipy.sparse import coo_array, eye_array
from scipy.sparse.linalg import spsolve

from sarcoma_review.errors import OutcomeError
from sarcoma_review.outcomes.inputs import Floats, Ints

_GRID = 400


@dataclass(frozen=True, eq=False)
class Cusum:
    """A risk-adjusted CUSUM for a rise in the odds of an event.

    Parameters
    ----------
    statistic : array of float, shape (n,)
        After each operation, in order of date; back to 0 after a signal.
    vlad : array of float, shape (n,)
        Expected less observed events, summed.
    signals : tuple of int
        Index of each operation at which the limit was reached: a reason to look.
    limit, odds_ratio : float
    run_in_control, run_doubled : float
        Mean operations to a false signal, and to a signal when the odds have risen so, both from the start.
    """

    statistic: Floats
    vlad: Floats
    signals: tuple[int, ...]
    limit: float
    odds_ratio: float
    run_in_control: float
    run_doubled: float

    def describe(self) -> str:
        """One line with the chart's error rates."""
        return (
            f"{len(self.signals)} signal(s) at limit {self.limit:.2f}; a false one is expected every "
            f"{self.run_in_control:.0f} operations; odds risen {self.odds_ratio:g}-fold show after "
            f"{self.run_doubled:.0f} on average"
        )


def cusum(
    outcomes: Sequence[int],
    expected: Sequence[float],
    *,
    odds_ratio: float = 2.0,
    limit: float | None = None,
    in_control_run: float = 2000.0,
) -> Cusum:
    """Watch for a rise in risk, operation by operation.

    Only operations whose outcome is mature belong here: recent ones look good because nothing has had time to happen.

    Parameters
    ----------
    outcomes : sequence of int
        1 for the event, in order of operation.
    expected : sequence of float
        Risk of each operation by the case mix, or one benchmark repeated.
    odds_ratio : float, default: 2.0
        The rise to be seen.
    limit : float, optional
        Where to signal; else the one with a mean of `in_control_run` operations to a false signal.
    in_control_run : float, default: 2000

    Returns
    -------
    Cusum

    Raises
    ------
    OutcomeError
        If lengths differ, there are none, a risk is no probability, or the odds ratio is not above 1.

    References
    ----------
    .. [1] Steiner SH, Cook RJ, Farewell VT, Treasure T. Monitoring surgical performance using risk-adjusted
       cumulative sum charts. Biostatistics. 2000;1:441-452.

    Examples
    --------
    >>> chart = cusum([0, 0, 1, 0, 1], [0.1, 0.05, 0.2, 0.1, 0.1], limit=4.5)
    >>> chart.statistic.round(4).tolist()
    [0.0, 0.0, 0.5108, 0.4155, 1.0134]
    """
    event, risk = np.asarray(outcomes, dtype=float), np.asarray(expected, dtype=float)
    if event.shape != risk.shape or not event.size or not ((risk > 0) & (risk < 1)).all() or not odds_ratio > 1:
        raise OutcomeError("a CUSUM needs one risk between 0 and 1 for each outcome, and an odds ratio above 1")
    if not np.isin(event, (0, 1)).all():
        raise OutcomeError("an outcome is 1 for the event or 0; found something else")
    if limit is None:
        limit = _limit_for(risk, odds_ratio, in_control_run)
    weights = np.where(event == 1, *_weights(risk, odds_ratio))
    statistic, signals, level = np.zeros(event.size), [], 0.0
    for index, weight in enumerate(weights):
        level = max(0.0, level + weight)
        statistic[index] = level
        if level >= limit:
            signals.append(index)
            level = 0.0
    runs = [run_length(risk, limit, odds_ratio, raised) for raised in (1.0, odds_ratio)]
    return Cusum(statistic, np.cumsum(risk - event), tuple(signals), limit, odds_ratio, runs[0], runs[1])


def run_length(risk: Floats | Sequence[float], limit: float, odds_ratio: float, raised: float) -> float:
    """Mean operations to a signal from the start, when the odds are `raised` so many times, by a Markov chain.

    References
    ----------
    .. [1] Brook D, Evans DA. An approach to the probability distribution of CUSUM run length. Biometrika.
       1972;59:539-549.

    Examples
    --------
    >>> round(run_length([0.1], 4.5, 2.0, 2.0))
    123
    """
    risks, share = np.unique(np.asarray(risk, dtype=float).round(3), return_counts=True)
    share = share / share.sum()
    width = limit / _GRID
    states, rows = np.arange(_GRID) * width, np.arange(_GRID)
    places, shares = list[tuple[Ints, Ints]](), list[Floats]()
    for p, part in zip(risks.clip(0.001, 0.999), share, strict=True):
        true = raised * p / (1 - p + raised * p)
        for weight, probability in zip(_weights(p, odds_ratio), (true, 1 - true), strict=True):
            target = np.maximum(0.0, states + weight)
            going_on = target < limit
            place = target[going_on] / width
            below = place.astype(int)
            # A value between two states goes to both, in proportion: rounding it to one biases the run by tenths.
            places += [(rows[going_on], below), (rows[going_on], np.minimum(below + 1, _GRID - 1))]
            shares += [part * probability * (1 - place + below), part * probability * (place - below)]
    at = tuple(np.concatenate(ends) for ends in zip(*places, strict=True))
    chain = coo_array((np.concatenate(shares), at), shape=(_GRID, _GRID)).tocsc()
    return float(spsolve(eye_array(_GRID, format="csc") - chain, np.ones(_GRID))[0])


def _weights(risk: Floats | float, odds_ratio: float) -> tuple[Floats, Floats]:
    """Log-likelihood ratios of an event and of none."""
    base = np.log(1 - np.asarray(risk) + odds_ratio * np.asarray(risk))
    return np.log(odds_ratio) - base, -base


def _limit_for(risk: Floats, odds_ratio: float, wanted: float) -> float:
    """The limit with the wanted run to a false signal: its logarithm rises with the limit, nearly in a line."""
    ends = (0.1, 12.0)
    return float(brentq(lambda limit: np.log(run_length(risk, limit, odds_ratio, 1.0) / wanted), *ends, xtol=1e-6))
