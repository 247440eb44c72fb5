"""Every estimator against R (survival 3.5-3, cmprsk 2.2-11), to 1e-9, with the same values missing."""

import numpy as np
import pytest
from numpy.typing import ArrayLike, NDArray

from sarcoma_review.outcomes import (
    cox,
    cumulative_incidence,
    gray_test,
    kaplan_meier,
    logrank,
    median_follow_up,
    rmst,
)
from tests.outcomes.conftest import SETS, Reference


def same(found: ArrayLike, expected: NDArray[np.float64] | float) -> None:
    np.testing.assert_allclose(np.asarray(found, dtype=float), expected, rtol=1e-9, atol=1e-9, equal_nan=True)


def test_there_are_sets_of_every_kind() -> None:
    assert sum(name.startswith("invented") for name in SETS) == 5
    assert sum(name.startswith("edge") for name in SETS) == 10
    quantities = [quantity for reference in SETS.values() for quantity in reference.values]
    for start, least in {"km_": 90, "cif": 20, "gray": 12, "cox": 10, "logrank": 20, "rmst": 15, "lt_": 6}.items():
        assert sum(quantity.startswith(start) for quantity in quantities) >= least, start


def test_kaplan_meier_is_that_of_r(reference: Reference) -> None:
    curve = kaplan_meier(reference.time, reference.cause == 1)
    same(curve.time, reference.values["km_time"])
    same(curve.at_risk, reference.values["km_at_risk"])
    same(curve.estimate, reference.values["km_surv"])
    same(curve.std_error, reference.values["km_se"])
    same(curve.lower, reference.values["km_lower"])
    same(curve.upper, reference.values["km_upper"])


@pytest.mark.parametrize("p", [0.1, 0.25, 0.5, 0.75, 0.9])
def test_quantiles_with_limits_are_those_of_r(reference: Reference, p: float) -> None:
    curve = kaplan_meier(reference.time, reference.cause == 1)
    same(curve.quantile(p), reference.values[f"quantile_{p}"])


def test_median_follow_up_is_that_of_r(reference: Reference) -> None:
    same(median_follow_up(reference.time, reference.cause == 1), reference.values["follow_up"])


def test_restricted_mean_time_is_that_of_r(reference: Reference) -> None:
    for share in ("rmst_0.5", "rmst_1"):
        if share in reference.values:
            expected = reference.values[share]
            same(rmst(reference.time, reference.cause == 1, tau=float(expected[0])), expected[1:])


def test_cumulative_incidence_and_its_variance_are_those_of_cuminc(reference: Reference) -> None:
    curves = cumulative_incidence(reference.time, reference.cause)
    for cause, curve in curves.items():
        if f"cif_{cause}" in reference.values:
            same(curve.estimate, reference.values[f"cif_{cause}"])
            same(curve.std_error**2, reference.values[f"cifvar_{cause}"])


def test_log_rank_is_that_of_r(reference: Reference) -> None:
    event = reference.cause == 1
    for rho in (0, 1):
        # R gives -1 degrees of freedom where no two groups can be compared; here that is 0.
        expected = np.maximum(reference.values.get(f"logrank_{rho}", np.empty(0)), 0)
        if expected.size:
            result = logrank(reference.time, event, reference.group, rho=float(rho))
            same((result.statistic, result.degrees_of_freedom), expected)
    if "logrank_strata" in reference.values:
        result = logrank(reference.time, event, reference.group, strata=reference.stratum)
        same(result.statistic, reference.values["logrank_strata"][0])


def test_gray_is_that_of_cuminc(reference: Reference) -> None:
    for cause in (1, 2):
        if f"gray_{cause}" in reference.values:
            result = gray_test(reference.time, reference.cause, reference.group, cause=cause)
            same((result.statistic, result.p_value, result.degrees_of_freedom), reference.values[f"gray_{cause}"])


@pytest.mark.parametrize("ties", ["efron", "breslow"])
@pytest.mark.parametrize("kind", ["plain", "strata", "entry"])
def test_cox_is_that_of_r(reference: Reference, ties: str, kind: str) -> None:
    place = f"cox_{ties}{['plain', 'strata', 'entry'].index(kind)}"
    if place not in reference.values or not np.isfinite(reference.values[place]).all():
        return
    fit = cox(
        reference.time,
        reference.cause == 1,
        reference.covariates,
        strata=reference.stratum if kind == "strata" else None,
        entry=reference.entry if kind == "entry" else None,
        ties="efron" if ties == "efron" else "breslow",
    )
    found = [*fit.coefficients, *fit.std_errors, *fit.log_likelihood, fit.score_test, fit.wald_test]
    same(found, reference.values[place])


def test_delayed_entry_is_that_of_r(reference: Reference) -> None:
    if "lt_time" in reference.values:
        curve = kaplan_meier(reference.time, reference.cause == 1, entry=reference.entry)
        steps = curve.events > 0
        same(curve.time[steps], reference.values["lt_time"])
        same(curve.estimate[steps], reference.values["lt_surv"])
        same(curve.std_error[steps], reference.values["lt_se"])
