"""Cox regression: hazard ratios, ties after Efron or Breslow, strata and delayed entry."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import scipy  # its parts are loaded when they are used
from numpy.typing import ArrayLike, NDArray

from sarcoma_review.errors import OutcomeError
from sarcoma_review.outcomes.inputs import Floats, FollowUp, Ints, follow_up, group_codes, numbers

_PER_COVARIATE = 10
_LARGEST = 1e100
_FLAT = 1e-8
_INFINITE = "the hazard ratio has no finite estimate: a group without events, or a perfect separation"


@dataclass(frozen=True, eq=False)
class CoxFit:
    """A fitted Cox model.

    Parameters
    ----------
    coefficients, std_errors : array of float, shape (k,)
        Log hazard ratios per unit of each covariate, and their errors.
    covariance : array of float, shape (k, k)
    log_likelihood : tuple of float
        Without covariates, and at the fit.
    score_test, wald_test, likelihood_ratio_test : float
        Chi-squared, `k` degrees of freedom.
    events, people : int
    findings : tuple of str
        What weakens the fit: few events per covariate.
    """

    coefficients: Floats
    std_errors: Floats
    covariance: Floats
    log_likelihood: tuple[float, float]
    score_test: float
    wald_test: float
    likelihood_ratio_test: float
    events: int
    people: int
    findings: tuple[str, ...]

    def hazard_ratio(self, index: int, *, level: float = 0.95) -> tuple[float, float, float]:
        """Hazard ratio of one covariate with its limits."""
        beta, spread = self.coefficients[index], scipy.special.ndtri(0.5 + level / 2) * self.std_errors[index]
        return float(np.exp(beta)), float(np.exp(beta - spread)), float(np.exp(beta + spread))

    @property
    def p_value(self) -> float:
        """Of the likelihood-ratio test of all covariates."""
        return float(scipy.special.gammaincc(len(self.coefficients) / 2, self.likelihood_ratio_test / 2))


def cox(
    durations: ArrayLike,
    event_observed: ArrayLike,
    covariates: ArrayLike,
    *,
    entry: ArrayLike | None = None,
    strata: ArrayLike | None = None,
    ties: Literal["efron", "breslow"] = "efron",
) -> CoxFit:
    """Fit hazard ratios by Newton's method, to the last digit.

    Parameters
    ----------
    durations, event_observed : array-like, shape (n,)
    covariates : array-like of float, shape (n, k) or (n,)
    entry : array-like of float, shape (n,), optional
        When each came under observation; at risk after it.
    strata : array-like, shape (n,), optional
        Each has a baseline hazard of its own.
    ties : {"efron", "breslow"}

    Returns
    -------
    CoxFit

    Raises
    ------
    OutcomeError
        If there is no event, covariates are not one row for each person, a covariate is constant or a copy of
        others, or a group without events makes a ratio, or a combination of ratios, infinite.

    References
    ----------
    .. [1] Efron B. The efficiency of Cox's likelihood function for censored data. J Am Stat Assoc.
       1977;72:557-565.

    Examples
    --------
    >>> fit = cox([6, 7, 9, 1, 2, 3, 8, 4], [1, 0, 1, 1, 1, 1, 1, 0], [0, 0, 0, 1, 1, 0, 1, 1])
    >>> round(float(fit.coefficients[0]), 4)
    0.8366
    """
    if ties not in ("efron", "breslow"):
        raise OutcomeError(f"ties are handled after efron or breslow; found {ties}")
    people = follow_up(durations, event_observed, entry)
    values = _columns(covariates, people.cause.size)
    layers = np.zeros_like(people.cause) if strata is None else group_codes(strata, people.cause.size, "stratum")[0]
    events = int((people.cause == 1).sum())
    if people.cause.max() > 1 or not events or not (np.abs(values) < _LARGEST).all():
        raise OutcomeError("a Cox model needs events (1 or 0, at least one 1) and covariates that are all numbers")
    centred = (values - values.mean(axis=0)) / np.where(values.std(axis=0) > 0, values.std(axis=0), 1.0)
    fits = _Likelihood(people, centred, layers, ties == "efron")
    null = fits(np.zeros(values.shape[1]))
    least = max(1e-10 * np.trace(null[2]), 1e-12 * events)  # below it there is rounding alone
    if np.linalg.matrix_rank(null[2], tol=least, hermitian=True) < values.shape[1]:
        raise OutcomeError("a covariate is constant among those at risk, or is a sum of the others")
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):  # where a step goes too far, it is halved
        beta, best = _maximum(fits, null)
    scale = values.std(axis=0)
    covariance = np.linalg.inv(best[2])
    findings = _weaknesses(events, values.shape[1])
    return CoxFit(
        coefficients=beta / scale,
        std_errors=np.sqrt(np.diag(covariance)) / scale,
        covariance=covariance / np.outer(scale, scale),
        log_likelihood=(null[0], best[0]),
        score_test=float(null[1] @ np.linalg.solve(null[2], null[1])),
        wald_test=float(beta @ best[2] @ beta),
        likelihood_ratio_test=2 * (best[0] - null[0]),
        events=events,
        people=people.cause.size,
        findings=findings,
    )


State = tuple[float, Floats, Floats]


def _columns(covariates: ArrayLike, people: int) -> Floats:
    values = numbers(covariates, "a covariate")
    values = values[:, None] if values.ndim == 1 else values
    if values.ndim != 2 or len(values) != people or not values.shape[1]:
        raise OutcomeError(f"covariates are one row for each person: expected {people}, found shape {values.shape}")
    return values


def _weaknesses(events: int, covariates: int) -> tuple[str, ...]:
    if events >= _PER_COVARIATE * covariates:
        return ()
    return (f"{events} events for {covariates} covariate(s): fewer than {_PER_COVARIATE} each; ratios are unstable",)


def _maximum(fits: Callable[[Floats], State], null: State) -> tuple[Floats, State]:
    beta, state = np.zeros_like(null[1]), null
    for _ in range(60):
        step = np.linalg.solve(state[2], state[1])
        trial = fits(beta + step)
        while not trial[0] >= state[0] - 1e-9 * abs(state[0]) and np.abs(step).max() > 1e-12:
            step = step / 2
            trial = fits(beta + step)
        beta, state = beta + step, trial
        if np.abs(beta).max() > 20 or _least_left(state[2], null[2]) < _FLAT:
            break
        if np.abs(step).max() < 1e-13 or float(step @ state[2] @ step) < 1e-24:
            return beta, state
    raise OutcomeError(_INFINITE)


def _least_left(information: Floats, null: Floats) -> float:
    """Least share of the information at no effect that is left, in any direction: 0 where a ratio runs away.

    Covariates together can part those with events from those without although neither does alone.
    """
    if not np.isfinite(information).all():
        return 0.0
    whitening = np.linalg.inv(np.linalg.cholesky(null))
    return float(np.linalg.eigvalsh(whitening @ information @ whitening.T)[0])


@dataclass(frozen=True)
class _Likelihood:
    """Log partial likelihood with its gradient and information at a coefficient."""

    people: FollowUp
    covariates: Floats
    layers: Ints
    efron: bool

    def __call__(self, beta: Floats) -> State:
        total, gradient, information = 0.0, np.zeros_like(beta), np.zeros((beta.size, beta.size))
        for layer in np.unique(self.layers):
            part = self._layer(beta, self.layers == layer)
            total, gradient, information = total + part[0], gradient + part[1], information + part[2]
        return total, gradient, information

    def _layer(self, beta: Floats, inside: NDArray[np.bool_]) -> State:
        x, duration, entry = self.covariates[inside], self.people.duration[inside], self.people.entry[inside]
        event = self.people.cause[inside] == 1
        if not event.any():
            return 0.0, np.zeros_like(beta), np.zeros((beta.size, beta.size))
        linear = x @ beta
        shift = linear.max()
        weight = np.exp(linear - shift)
        moments = np.column_stack(
            [weight, weight[:, None] * x, (weight[:, None, None] * _outer(x)).reshape(len(x), -1)]
        )
        times, place = np.unique(duration[event], return_inverse=True)
        at_risk = _from(duration, moments, times)
        if self.people.delayed:
            at_risk -= _from(entry, moments, times)
        tied = np.zeros((len(times), moments.shape[1]))
        np.add.at(tied, place, moments[event])
        deaths = np.bincount(place)
        rows = np.repeat(np.arange(len(times)), deaths)
        share = (np.arange(len(rows)) - np.repeat(np.cumsum(deaths) - deaths, deaths)) / deaths[rows]
        terms = at_risk[rows] - (share if self.efron else 0 * share)[:, None] * tied[rows]
        mean = terms[:, 1 : 1 + beta.size] / terms[:, :1]
        second = (terms[:, 1 + beta.size :] / terms[:, :1]).sum(axis=0)
        information = second.reshape(beta.size, beta.size) - mean.T @ mean
        value = float((linear[event]).sum() - (np.log(terms[:, 0]) + shift).sum())
        return value, x[event].sum(axis=0) - mean.sum(axis=0), information


def _outer(x: Floats) -> Floats:
    return np.asarray(x[:, :, None] * x[:, None, :])


def _from(ends: Floats, moments: Floats, times: Floats) -> Floats:
    """Sum of the moments of all whose time is at or after each of `times`."""
    order = np.argsort(ends)
    sums = np.concatenate([moments[order][::-1].cumsum(axis=0)[::-1], np.zeros((1, moments.shape[1]))])
    return np.asarray(sums[np.searchsorted(ends[order], times, side="left")])
