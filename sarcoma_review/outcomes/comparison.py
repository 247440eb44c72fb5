"""Comparing groups: the log-rank test, and Gray's test where other causes compete."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaincc

from sarcoma_review.errors import OutcomeError
from sarcoma_review.outcomes.inputs import Floats, FollowUp, Ints, follow_up, group_codes, ratio, tied

Bools = NDArray[np.bool_]
FEWEST_EVENTS = 10
"""Below this many events a report gives counts and no p value."""


@dataclass(frozen=True)
class TestResult:
    """A chi-squared test of several groups.

    Parameters
    ----------
    statistic : float
    degrees_of_freedom : int
    p_value : float
        Not a number where no two groups can be compared.
    groups : tuple of str
    observed : tuple of int
        Events in each group, in the order of `groups`.
    """

    __test__ = False  # not a test of this project, whatever the name

    statistic: float
    degrees_of_freedom: int
    p_value: float
    groups: tuple[str, ...]
    observed: tuple[int, ...]

    def describe(self) -> str:
        """One line for a report: counts alone below ten events, else the test as well."""
        counts = ", ".join(f"{name} {events}" for name, events in zip(self.groups, self.observed, strict=True))
        if sum(self.observed) < FEWEST_EVENTS or self.degrees_of_freedom == 0:
            return f"events: {counts}; too few to test (fewer than {FEWEST_EVENTS}, or nothing to compare)"
        test = f"chi-squared {self.statistic:.2f}, df {self.degrees_of_freedom}, p = {self.p_value:.3g}"
        return f"events: {counts}; {test}"


def logrank(
    durations: ArrayLike,
    event_observed: ArrayLike,
    groups: ArrayLike,
    *,
    strata: ArrayLike | None = None,
    rho: float = 0.0,
) -> TestResult:
    """Test whether groups share one hazard.

    Parameters
    ----------
    durations, event_observed, groups : array-like, shape (n,)
    strata : array-like, shape (n,), optional
        Compared within each stratum, and summed.
    rho : float, default: 0.0
        Weight: survival just before each event, to this power (Fleming and Harrington); 1 stresses early events.

    Returns
    -------
    TestResult

    Raises
    ------
    OutcomeError
        If lengths differ, or times, events or the weight cannot be such, or somebody has no group.

    Notes
    -----
    A group formed by what happened after time zero (those who had a second line of treatment, say) is compared
    unfairly: its members had to live long enough to join it.

    Examples
    --------
    >>> result = logrank([6, 7, 9, 1, 2, 3], [1, 0, 1, 1, 1, 1], ["a", "a", "a", "b", "b", "b"])
    >>> round(result.statistic, 3), result.degrees_of_freedom
    (5.052, 1)
    """
    people = follow_up(durations, event_observed)
    if people.cause.max() > 1:
        raise OutcomeError("an event is observed or not (1 or 0); for several causes use gray_test")
    if not 0 <= rho < np.inf:
        raise OutcomeError(f"the weight of a log-rank test is a power of 0 or more; found {rho:g}")
    codes, names = group_codes(groups, people.cause.size, "group")
    layers = np.zeros_like(codes) if strata is None else group_codes(strata, people.cause.size, "stratum")[0]
    score, variance = np.zeros(len(names)), np.zeros((len(names), len(names)))
    expected = np.zeros(len(names))
    for layer in np.unique(layers):
        inside = layers == layer
        counts = _counts(people, codes, len(names), inside)
        weight = _left_survival(counts.events.sum(axis=0), counts.at_risk.sum(axis=0)) ** rho
        part = _logrank_part(counts, weight)
        score, variance, expected = score + part[0], variance + part[1], expected + part[2]
    comparable = expected > 0
    observed = _observed(codes, people.cause == 1, len(names))
    return _chi_squared(score[comparable], variance[np.ix_(comparable, comparable)], names, observed)


def gray_test(durations: ArrayLike, causes: ArrayLike, groups: ArrayLike, *, cause: int = 1) -> TestResult:
    """Test whether groups share one cumulative incidence of a cause, the others competing.

    Parameters
    ----------
    durations : array-like of float, shape (n,)
    causes : array-like of int, shape (n,)
        0 censored, 1 and on the competing causes.
    groups : array-like, shape (n,)
    cause : int, default: 1

    Returns
    -------
    TestResult

    Raises
    ------
    OutcomeError
        If lengths differ, times, causes or the cause asked for cannot be such, or somebody has no group.

    References
    ----------
    .. [1] Gray RJ. A class of K-sample tests for comparing the cumulative incidence of a competing risk.
       Ann Stat. 1988;16(3):1141-1154.

    Examples
    --------
    >>> result = gray_test([6, 7, 9, 1, 2, 3], [1, 0, 2, 1, 2, 1], ["a", "a", "a", "b", "b", "b"])
    >>> result.degrees_of_freedom, result.observed
    (1, (1, 2))
    """
    people = follow_up(durations, causes)
    if cause not in range(1, 256):
        raise OutcomeError(f"a cause is a whole number from 1 on; found {cause}")
    codes, names = group_codes(groups, people.cause.size, "group")
    everyone = np.ones(people.cause.size, dtype=bool)
    own = _counts(people, codes, len(names), everyone, people.cause == cause)
    other = _counts(people, codes, len(names), everyone, (people.cause > 0) & (people.cause != cause))
    score, variance = _gray_parts(own.at_risk, own.events, other.events)
    observed = _observed(codes, people.cause == cause, len(names))
    return _chi_squared(score, variance, names, observed)


@dataclass(frozen=True)
class _Counts:
    """By group (rows) and distinct time (columns)."""

    at_risk: Floats
    events: Floats


def _counts(people: FollowUp, codes: Ints, groups: int, inside: Bools, event: Bools | None = None) -> _Counts:
    time, place = np.unique(people.duration[inside], return_inverse=True)
    happened = (people.cause > 0 if event is None else event)[inside]
    events, leaving = np.zeros((groups, time.size)), np.zeros((groups, time.size))
    np.add.at(leaving, (codes[inside], place), 1)
    np.add.at(events, (codes[inside][happened], place[happened]), 1)
    at_risk = leaving[:, ::-1].cumsum(axis=1)[:, ::-1]
    return _Counts(at_risk, events)


def _left_survival(events: Floats, at_risk: Floats) -> Floats:
    survival = np.cumprod(1 - ratio(events, at_risk), axis=-1)
    first = np.ones((*survival.shape[:-1], 1))
    return np.concatenate([first, survival[..., :-1]], axis=-1)


def _logrank_part(counts: _Counts, weight: Floats) -> tuple[Floats, Floats, Floats]:
    at_risk, events = counts.at_risk.sum(axis=0), counts.events.sum(axis=0)
    share = ratio(counts.at_risk, at_risk)
    score = (weight * (counts.events - share * events)).sum(axis=1)
    spread = weight**2 * events * ratio(at_risk - events, at_risk - 1)
    variance = np.diag((spread * share).sum(axis=1)) - (spread * share) @ share.T
    return score, variance, (weight * share * events).sum(axis=1)


def _gray_parts(at_risk: Floats, own: Floats, other: Floats) -> tuple[Floats, Floats]:
    """Score and variance of Gray's test, in the notation of his paper.

    R = n / S(t-) counts a group as if nobody had yet left it for another cause.
    """
    before = _left_survival(own + other, at_risk)
    survival = before * (1 - ratio(own + other, at_risk))
    incidence = np.cumsum(before * ratio(own, at_risk), axis=1)
    left_incidence = np.concatenate([np.zeros((len(own), 1)), incidence[:, :-1]], axis=1)
    risk = ratio(at_risk, before)
    weighted = risk * (1 - left_incidence)
    score = (own - weighted * ratio(own.sum(axis=0), weighted.sum(axis=0))).sum(axis=1)
    score_of = _GrayGroup(risk, before, survival, ratio(own.sum(axis=0), risk.sum(axis=0)))
    groups = len(own)
    variance = np.zeros((groups, groups))
    for k in range(groups):
        variance += score_of.variance(k, at_risk[k], own.sum(axis=0), other[k])
    return score, variance


@dataclass(frozen=True)
class _GrayGroup:
    """What one group's chance adds to the variance of every group's score.

    A jump of the group's process at u moves its incidence from u on. Written out for the score, a jump of the cause
    itself weighs ``lever + (1 - (1 - F) / S) later`` and a jump of another cause ``-(1 - F) / S later``, where
    `lever` is how the group's hazard enters the score and `later` is its integral after u over dF / (1 - F).
    """

    risk: Floats
    before: Floats
    survival: Floats
    rise: Floats

    def variance(self, k: int, at_risk: Floats, own: Floats, other: Floats) -> Floats:
        total = self.risk.sum(axis=0)
        pooled = np.cumsum(self.rise)
        left_pooled = np.concatenate([[0.0], pooled[:-1]])
        lever = -ratio(self.risk * self.risk[k], total)
        lever[k] += self.risk[k]
        share = (1 - pooled) * ratio(np.ones_like(pooled), self.survival[k])
        # Where a group dies out, the pooled incidence can pass 1; its hazard is then negative, and is kept so.
        alive = np.abs(1 - left_pooled) > 1e-12
        step = lever * np.divide(self.rise, 1 - left_pooled, out=np.zeros_like(self.rise), where=alive)
        later = step[:, ::-1].cumsum(axis=1)[:, ::-1] - step
        # The cause itself is common to all groups where they do not differ, so its rise is the pooled one.
        effective = total * self.before[k]
        own_spread = tied(own, effective) * self.rise * ratio(np.ones_like(pooled), self.risk[k])
        other_spread = tied(other, at_risk) * other * ratio(self.before[k], at_risk) ** 2
        by_own, by_other = lever + (1 - share) * later, share * later
        return np.asarray((by_own * own_spread) @ by_own.T + (by_other * other_spread) @ by_other.T)


def _observed(codes: Ints, event: Bools, groups: int) -> tuple[int, ...]:
    return tuple(int(count) for count in np.bincount(codes[event], minlength=groups))


def _chi_squared(score: Floats, variance: Floats, names: list[str], observed: tuple[int, ...]) -> TestResult:
    """Of all but one of the groups, as scores sum to zero; groups that cannot be told apart cost a degree."""
    degrees = int(np.linalg.matrix_rank(variance[:-1, :-1])) if len(score) > 1 else 0
    if degrees == 0:
        return TestResult(0.0, 0, float("nan"), tuple(names), observed)
    statistic = float(score[:-1] @ np.linalg.pinv(variance[:-1, :-1]) @ score[:-1])
    return TestResult(statistic, degrees, float(gammaincc(degrees / 2, statistic / 2)), tuple(names), observed)
