"""Kaplan-Meier, cumulative incidence, restricted mean time and median follow-up.

Own numpy, because every library tried differs from R somewhere: quantiles on a flat stretch, jittered ties, or the
variance of a cumulative incidence. Times may be in any one unit; days keep ties exact.
"""

from dataclasses import dataclass
from typing import Literal, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from sarcoma_review.errors import OutcomeError
from sarcoma_review.outcomes.inputs import Floats, FollowUp, Steps, follow_up, ratio, steps, tied

Limits = Literal["log-log", "log"]
_TIE = float(np.sqrt(np.finfo(float).eps))


@dataclass(frozen=True, eq=False)
class Curve:
    """A step curve with its pointwise uncertainty.

    Parameters
    ----------
    time : array of float, shape (k,)
        Every distinct time at which somebody had the event or was censored; unit of the durations.
    estimate : array of float, shape (k,)
        Survival, or cumulative incidence, from that time on.
    std_error : array of float, shape (k,)
        Of the estimate itself: Greenwood for survival, Aalen for incidence. Not a number once survival is 0.
    lower, upper : array of float, shape (k,)
        Pointwise limits after the log-log transform; not a number where the estimate is exactly 0 or 1, as there
        is no such interval. After the logarithm, where that was asked for, 1 is its own limits.
    at_risk : array of float, shape (k,)
        Just before each time.
    events : array of float, shape (k,)
        At each time.
    kind : {"survival", "incidence"}
    """

    time: Floats
    estimate: Floats
    std_error: Floats
    lower: Floats
    upper: Floats
    at_risk: Floats
    events: Floats
    kind: Literal["survival", "incidence"]

    @overload
    def at(self, time: float) -> float: ...
    @overload
    def at(self, time: list[float] | NDArray[np.float64]) -> Floats: ...
    def at(self, time: float | list[float] | NDArray[np.float64]) -> float | Floats:
        """The estimate at a time; not a number past the last person seen, unless nobody was left to follow."""
        value = self._at(self.estimate, time, 1.0 if self.kind == "survival" else 0.0)
        return float(value) if value.ndim == 0 else value

    def interval_at(self, time: float) -> tuple[float, float, float]:
        """The estimate at a time with its lower and upper limit."""
        low, high = (float(self._at(limit, time, np.nan)) for limit in (self.lower, self.upper))
        return self.at(time), low, high

    def quantile(self, p: float) -> tuple[float, float, float]:
        """The time by which a share `p` has had the event, with its limits; not a number where it is not reached.

        Where the curve runs level at exactly that share, the middle of the level stretch is taken. Limits of a curve
        with delayed entry can rise again while few are at risk: the time is then taken at which the limit passes the
        share by the least, which can leave the estimate outside. Both are what R does.

        Raises
        ------
        OutcomeError
            If `p` is not between 0 and 1.
        """
        if not 0 < p < 1:
            raise OutcomeError(f"a quantile is asked for a share between 0 and 1; found {p:g}")
        fallen = [np.asarray(1 - curve if self.kind == "survival" else curve) for curve in self._three()]
        first, second, third = (_crossing(self.time, curve, p) for curve in fallen)
        return first, second, third

    def _three(self) -> tuple[Floats, Floats, Floats]:
        # The curve that falls fastest reaches a share first, and so gives the lower limit of its time.
        fast, slow = (self.lower, self.upper) if self.kind == "survival" else (self.upper, self.lower)
        return self.estimate, fast, slow

    def _at(self, values: Floats, time: float | list[float] | NDArray[np.float64], before: float) -> Floats:
        place = np.searchsorted(self.time, np.asarray(time, dtype=float) + _TIE, side="right")
        found = np.concatenate([[before], values])[place]
        last = self.estimate[-1] if self.kind == "survival" else 1.0
        unknown = (np.asarray(time) > self.time[-1] + _TIE) & (last > 0) & (self.events[-1] < self.at_risk[-1])
        return np.asarray(np.where(unknown | np.isnan(time), np.nan, found))


def kaplan_meier(
    durations: ArrayLike,
    event_observed: ArrayLike,
    *,
    entry: ArrayLike | None = None,
    level: float = 0.95,
    limits: Limits = "log-log",
) -> Curve:
    """Estimate survival, with Greenwood's error and log-log limits.

    With other causes of ending follow-up censored, one minus this is the *net* risk: what would be seen if nobody
    died first. It is never lower than the risk patients face; use `cumulative_incidence` to counsel and to audit.

    Parameters
    ----------
    durations : array-like of float, shape (n,)
        From time zero to the event or to the last contact, any one unit.
    event_observed : array-like of bool, shape (n,)
    entry : array-like of float, shape (n,), optional
        When each came under observation (left truncation); at risk after it.
    level : float, default: 0.95
        Of the limits.
    limits : {"log-log", "log"}
        Transform of the limits. ``"log"`` is the default of R and of many papers, and too narrow below at small
        numbers; use it to compare with them.

    Returns
    -------
    Curve

    Raises
    ------
    OutcomeError
        If times or events cannot be such, or the limits are of no such kind.

    References
    ----------
    .. [1] Kaplan EL, Meier P. Nonparametric estimation from incomplete observations. J Am Stat Assoc.
       1958;53:457-481.

    Examples
    --------
    >>> curve = kaplan_meier([4, 6, 6, 9, 12], [1, 1, 0, 1, 0])
    >>> curve.estimate.round(4).tolist()
    [0.8, 0.6, 0.3, 0.3]
    >>> curve.quantile(0.5)[0]
    9.0
    """
    people = follow_up(durations, event_observed, entry)
    _require_events(people, 1)
    at = steps(people, 1)
    # As a share of those who stay, not 1 less those who go: 2/3 is then the float nearest to it, as it is in R.
    staying = np.divide(at.at_risk - at.events[0], at.at_risk, out=np.ones_like(at.at_risk), where=at.at_risk > 0)
    estimate = np.asarray(np.cumprod(staying), dtype=float)
    std_error = estimate * np.sqrt(np.cumsum(_greenwood(at)))
    std_error = np.asarray(np.where(estimate > 0, std_error, np.nan))
    low, high = _limits(estimate, std_error, level, kind=limits)
    return Curve(at.time, estimate, std_error, low, high, at.at_risk, at.events[0], "survival")


def cumulative_incidence(
    durations: ArrayLike, causes: ArrayLike, *, entry: ArrayLike | None = None, level: float = 0.95
) -> dict[int, Curve]:
    """Estimate the risk of each cause where the others can come first (Aalen-Johansen).

    This is the *real-world* risk. The error is Aalen's, as ``cmprsk::cuminc`` gives it in R; ``survival::survfit``
    gives the infinitesimal jackknife, another number.

    Parameters
    ----------
    durations : array-like of float, shape (n,)
    causes : array-like of int, shape (n,)
        0 censored, 1 and on the competing causes.
    entry : array-like of float, shape (n,), optional
        When each came under observation.
    level : float, default: 0.95

    Returns
    -------
    dict of int to Curve
        One curve for each cause from 1 to the highest one found; level at 0 for one that nobody had.

    Raises
    ------
    OutcomeError
        If times or causes cannot be such.

    Examples
    --------
    >>> curves = cumulative_incidence([4, 6, 6, 9, 12, 12], [1, 2, 0, 1, 0, 2])
    >>> round(curves[1].at(9), 4), round(curves[2].at(9), 4)
    (0.3889, 0.1667)
    """
    people = follow_up(durations, causes, entry)
    count = max(1, int(people.cause.max()))
    at = steps(people, count)
    every = at.events.sum(axis=0)
    survival = np.asarray(np.cumprod(1 - ratio(every, at.at_risk)), dtype=float)
    before = np.concatenate([[1.0], survival[:-1]])
    curves = {}
    for cause in range(1, count + 1):
        own = at.events[cause - 1]
        incidence = np.asarray(np.cumsum(before * ratio(own, at.at_risk)), dtype=float)
        std_error = np.sqrt(_aalen_variance(at, own, every - own, incidence, survival))
        low, high = _log_log(incidence, std_error, level)
        curves[cause] = Curve(at.time, incidence, std_error, low, high, at.at_risk, own, "incidence")
    return curves


def rmst(durations: ArrayLike, event_observed: ArrayLike, *, tau: float) -> tuple[float, float]:
    """Mean time without the event, within the first `tau`: the area under Kaplan-Meier, and its error.

    Parameters
    ----------
    durations, event_observed : array-like, shape (n,)
    tau : float
        Horizon, in the unit of the durations.

    Returns
    -------
    value, std_error : float
        In the unit of the durations.

    Raises
    ------
    OutcomeError
        If `tau` is not a positive number, or lies past the last time seen while some were still without the event:
        the curve is not known there.

    Examples
    --------
    >>> value, std_error = rmst([1, 2, 3, 4], [1, 1, 1, 0], tau=4)
    >>> value, round(std_error, 4)
    (2.5, 0.559)
    """
    curve = kaplan_meier(durations, event_observed)
    if not 0 < tau < np.inf:
        raise OutcomeError(f"the horizon of a mean time is a number above 0; found {tau:g}")
    if tau > curve.time[-1] + _TIE and curve.estimate[-1] > 0:
        raise OutcomeError(f"the curve is known up to {curve.time[-1]:g}; a mean within {tau:g} is asked for")
    within = curve.time < tau
    edges = np.concatenate([[0.0], curve.time[within], [tau]])
    area = np.diff(edges) * np.concatenate([[1.0], curve.estimate[within]])
    left = area[::-1].cumsum()[::-1][1:]  # the area from each time to the horizon
    at = Steps(curve.time[within], curve.at_risk[within], curve.events[None, within])
    variance = float(np.sum(left**2 * _greenwood(at)))
    return float(area.sum()), float(np.sqrt(variance))


def median_follow_up(
    durations: ArrayLike, event_observed: ArrayLike, *, limits: Limits = "log-log"
) -> tuple[float, float, float]:
    """Median time somebody whom nothing befell would have been followed (reverse Kaplan-Meier), with its limits.

    `event_observed` is true for everybody whose follow-up something ended, the event or a competing one such as
    death (``cause > 0``): how long these would have been followed is not known. Who was censored was followed to
    the end. Not a number where it is not reached. The limits are those of `kaplan_meier`.

    Examples
    --------
    >>> median_follow_up([2, 4, 6, 8], [0, 1, 0, 0])[0]
    6.0
    """
    people = follow_up(durations, event_observed)
    _require_events(people, 1)
    return kaplan_meier(people.duration, people.cause == 0, limits=limits).quantile(0.5)


def _require_events(people: FollowUp, highest: int) -> None:
    if people.cause.max() > highest:
        raise OutcomeError("an event is observed or not (1 or 0); for several causes use cumulative_incidence")


def _crossing(time: Floats, fallen: Floats, p: float) -> float:
    """Time at which a curve passes p by the least; the middle of the stretch where it equals p."""
    known = ~np.isnan(fallen)
    time, fallen = time[known], fallen[known]
    # R allows rounding everywhere but here: a curve that ends a hair short of p has not reached it.
    if not time.size or fallen.max() < p:
        return float("nan")
    reached = int(np.argmin(np.where(fallen >= p - _TIE, fallen, np.inf)))
    if fallen[reached] > p + _TIE:
        return float(time[reached])
    passed = np.where(fallen > p + _TIE, fallen, np.inf)
    return float((time[reached] + time[int(np.argmin(passed)) if np.isfinite(passed).any() else -1]) / 2)


def _greenwood(at: Steps) -> Floats:
    """Terms d / n (n - d); that of the last person's event is left out, as the curve is 0 from there on."""
    return ratio(at.events[0], at.at_risk * (at.at_risk - at.events[0]))


def _limits(estimate: Floats, std_error: Floats, level: float, *, kind: Limits) -> tuple[Floats, Floats]:
    if kind == "log-log":
        return _log_log(estimate, std_error, level)
    if kind != "log":
        raise OutcomeError(f"limits are log-log or log; found {kind}")
    inside = np.where(estimate > 1e-14, estimate, np.nan)
    spread = np.exp(_normal(level) * std_error / inside)
    return inside / spread, np.minimum(inside * spread, 1.0)


def _normal(level: float) -> float:
    if not 0 < level < 1:
        raise OutcomeError(f"the level of an interval lies between 0 and 1; found {level:g}")
    return float(ndtri(0.5 + level / 2))


def _log_log(estimate: Floats, std_error: Floats, level: float) -> tuple[Floats, Floats]:
    inside = np.where((estimate > 1e-14) & (estimate < 1 - 1e-14), estimate, np.nan)
    spread = _normal(level) * std_error / (inside * np.log(inside))
    low, high = (np.exp(-np.exp(np.log(-np.log(inside)) + sign * spread)) for sign in (-1, 1))
    return np.fmin(low, high), np.fmax(low, high)


def _aalen_variance(at: Steps, own: Floats, other: Floats, incidence: Floats, survival: Floats) -> Floats:
    """Var F(t), a sum over earlier times of a square in F(t): three running sums give every t at once."""
    before = np.concatenate([[1.0], survival[:-1]])
    share = ratio(before, at.at_risk) ** 2
    own_term, other_term = (tied(d, at.at_risk) * d * share for d in (own, other))
    inverse = ratio(np.ones_like(survival), survival)
    # own cause: (1 + F_i/S_i - F/S_i)^2; the others: (F/S_i - F_i/S_i)^2
    fixed, slope = 1 + incidence * inverse, inverse
    constant = own_term * fixed**2 + other_term * (incidence * inverse) ** 2
    linear = own_term * fixed * slope + other_term * incidence * inverse**2
    square = (own_term + other_term) * slope**2
    sums = [np.cumsum(term) for term in (constant, linear, square)]
    return np.maximum(sums[0] - 2 * incidence * sums[1] + incidence**2 * sums[2], 0.0)


__all__ = ["Curve", "cumulative_incidence", "kaplan_meier", "median_follow_up", "rmst"]
