from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sarcoma_review.outcomes import (
    OutcomeError,
    cox,
    cumulative_incidence,
    gray_test,
    kaplan_meier,
    logrank,
    median_follow_up,
    rmst,
)

# Twelve patients, months; 1 local recurrence, 2 death before one. The truth is counted by hand, in fractions.
MONTHS = [4, 6, 6, 9, 12, 12, 15, 18, 24, 24, 30, 36]
CAUSES = [1, 2, 0, 1, 0, 2, 1, 0, 2, 0, 1, 0]
# Freireich 1963, 6-mercaptopurine against placebo, weeks of remission, as in every textbook.
TREATED = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
RELAPSED = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
PLACEBO = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]


@pytest.mark.parametrize(
    ("month", "recurrence", "death"),
    [(12, "19/108", "19/108"), (24, "23/81", "403/1296"), (36, "1261/2592", "403/1296")],
)
def test_competing_risks_are_those_counted_by_hand(month: float, recurrence: str, death: str) -> None:
    curves = cumulative_incidence(MONTHS, CAUSES)
    assert curves[1].at(month) == pytest.approx(float(Fraction(recurrence)), abs=1e-12)
    assert curves[2].at(month) == pytest.approx(float(Fraction(death)), abs=1e-12)


def test_the_error_of_a_cumulative_incidence_is_that_of_cuminc() -> None:
    curve = cumulative_incidence(MONTHS, CAUSES)[1]
    squares = dict(zip(curve.time.tolist(), (curve.std_error**2).tolist(), strict=True))
    assert [squares[t] for t in (12, 24, 36)] == pytest.approx(
        [0.01427150291, 0.02280251744, 0.05880609625], abs=1e-10
    )


def test_one_minus_kaplan_meier_overstates_the_risk_where_others_die_first() -> None:
    net = kaplan_meier(MONTHS, np.array(CAUSES) == 1)
    real = cumulative_incidence(MONTHS, CAUSES)[1]
    assert [1 - net.at(t) for t in (12, 24, 36)] == pytest.approx(
        [0.1851851852, 0.3209876543, 0.6604938272], abs=1e-9
    )
    assert all(1 - net.at(t) >= real.at(t) for t in MONTHS)


def test_the_published_remission_trial_is_reproduced() -> None:
    treated = kaplan_meier(TREATED, RELAPSED)
    weeks = [6.0, 7.0, 10.0, 13.0, 16.0, 22.0, 23.0]
    published = [0.857143, 0.806723, 0.752941, 0.690196, 0.627451, 0.537815, 0.448179]
    assert treated.at(weeks) == pytest.approx(published, abs=1e-6)
    assert treated.quantile(0.5)[0] == 23
    assert kaplan_meier(PLACEBO, [1] * 21).quantile(0.5)[0] == 8
    times, events, arms = TREATED + PLACEBO, RELAPSED + [1] * 21, [0] * 21 + [1] * 21
    test = logrank(times, events, arms)
    assert test.statistic == pytest.approx(16.7929, abs=1e-4)
    assert test.degrees_of_freedom == 1
    assert test.p_value == pytest.approx(4.169e-05, rel=1e-3)
    assert cox(times, events, arms).coefficients[0] == pytest.approx(1.572125149, abs=1e-9)
    assert cox(times, events, arms, ties="breslow").coefficients[0] == pytest.approx(1.509191413, abs=1e-9)


def test_the_published_leukaemia_data_are_reproduced() -> None:
    time = [9, 13, 13, 18, 23, 28, 31, 34, 45, 48, 161, 5, 5, 8, 8, 12, 16, 23, 27, 30, 33, 43, 45]
    event = [1, 1, 0, 1, 1, 0, 1, 1, 0, 1, 0, 1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1]
    arm = ["maintained"] * 11 + ["not"] * 12
    test = logrank(time, event, arm)
    assert [test.statistic, test.p_value] == pytest.approx([3.39639, 0.06534], abs=1e-5)
    assert kaplan_meier(time[:11], event[:11]).quantile(0.5)[0] == 31
    assert kaplan_meier(time[11:], event[11:]).quantile(0.5)[0] == 23


def test_without_censoring_survival_is_the_share_alive_and_its_mean_the_mean() -> None:
    times = [3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0]
    curve = kaplan_meier(times, [1] * 8)
    assert [curve.at(t) for t in (0.5, 1, 4.5)] == pytest.approx([1, 6 / 8, 3 / 8])
    value, std_error = rmst(times, [1] * 8, tau=9)
    assert value == pytest.approx(np.mean(times))
    assert std_error == pytest.approx(np.std(times) / np.sqrt(8))


def test_a_curve_is_unknown_past_the_last_person_seen_and_zero_once_all_had_the_event() -> None:
    assert np.isnan(kaplan_meier([1, 2, 3], [1, 1, 0]).at(4))
    assert kaplan_meier([1, 2, 3], [1, 1, 1]).at(4) == 0
    assert np.isnan(cumulative_incidence([1, 2, 3], [1, 2, 0])[1].at(4))


def test_a_median_that_is_not_reached_is_no_number() -> None:
    assert np.isnan(kaplan_meier([1, 2, 3, 4], [1, 0, 0, 0]).quantile(0.5)[0])
    assert np.isnan(median_follow_up([1, 2, 3], [1, 1, 1])[0])


def test_times_that_differ_by_rounding_are_one_time() -> None:
    apart, together = kaplan_meier([0.1 + 0.2, 0.3, 1], [1, 0, 1]), kaplan_meier([0.3, 0.3, 1], [1, 0, 1])
    assert apart.estimate.tolist() == together.estimate.tolist()


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 3)), min_size=1, max_size=60))
def test_risks_and_survival_add_to_one_and_every_net_risk_is_the_higher(people: list[tuple[int, int]]) -> None:
    times, causes = [t for t, _ in people], [c for _, c in people]
    curves = cumulative_incidence(times, causes)
    free = kaplan_meier(times, np.array(causes) > 0)
    total = free.estimate + sum(curve.estimate for curve in curves.values())
    assert total == pytest.approx(np.ones(free.time.size))
    for cause, curve in curves.items():
        net = kaplan_meier(times, np.array(causes) == cause)
        assert (1 - net.estimate >= curve.estimate - 1e-12).all()
        assert (np.diff(curve.estimate) >= 0).all()
        inside = ~np.isnan(curve.lower)
        assert (curve.lower[inside] <= curve.estimate[inside]).all()
        assert (curve.estimate[inside] <= curve.upper[inside]).all()


@given(st.lists(st.tuples(st.integers(1, 20), st.integers(0, 2), st.sampled_from("abc")), min_size=12, max_size=60))
def test_tests_do_not_depend_on_the_order_of_people_or_the_unit(people: list[tuple[int, int, str]]) -> None:
    def both(rows: list[tuple[int, int, str]], unit: float) -> tuple[float, float]:
        times, causes, groups = ([row[k] for row in rows] for k in range(3))
        scaled = [float(time) * unit for time in times]
        return (
            gray_test(scaled, causes, groups).statistic,
            logrank(scaled, [cause == 1 for cause in causes], groups).statistic,
        )

    assert both(people, 1) == pytest.approx(both(people[::-1], 30.4375), abs=1e-6)


def test_two_groups_that_are_copies_of_each_other_do_not_differ() -> None:
    times, causes = list(range(1, 21)), [1, 2, 0, 1] * 5
    gray = gray_test(times * 2, causes * 2, ["a"] * 20 + ["b"] * 20)
    assert gray.degrees_of_freedom == 1
    assert gray.statistic == pytest.approx(0, abs=1e-12)


def test_fewer_than_ten_events_are_counted_and_not_tested() -> None:
    few = logrank([1, 2, 3, 4, 5, 6], [1, 1, 1, 0, 0, 1], ["x"] * 3 + ["y"] * 3)
    assert few.describe() == "events: x 3, y 1; too few to test (fewer than 10, or nothing to compare)"
    many = logrank(range(1, 21), [1] * 20, ["x", "y"] * 10)
    assert "p = " in many.describe()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: kaplan_meier([1, 2], [1]), "lists of one length"),
        (lambda: kaplan_meier([], []), "nobody was followed"),
        (lambda: kaplan_meier([-1], [1]), "from 0 on; found one that is negative"),
        (lambda: kaplan_meier([float("nan")], [1]), "negative, missing or infinite"),
        (lambda: kaplan_meier([1, 2], [1, 2]), "for several causes use cumulative_incidence"),
        (lambda: cumulative_incidence([1, 2], [1, 0.5]), "a cause is 0 for censored"),
        (lambda: kaplan_meier([1, 2], [1, 1], entry=[0, 2]), "entry comes before the end"),
        (lambda: rmst([1, 2], [1, 0], tau=3), "known up to 2; a mean within 3"),
        (lambda: rmst([1, 2], [1, 0], tau=0), "horizon of a mean time is a number above 0; found 0"),
        (lambda: rmst([1, 2], [1, 1], tau=float("inf")), "is a number above 0; found inf"),
        (lambda: kaplan_meier(["soon"], [1]), "a time is a number; found something else"),
        (lambda: kaplan_meier(np.array(["2026-01-01"], "datetime64[D]"), [1]), "a time is a number"),
        (lambda: kaplan_meier(np.ma.masked_equal([1, 2], 2), [1, 1]), "a time is a number"),
        (lambda: kaplan_meier([1, 2], [[1], [1, 0]]), "lists of unequal length"),
        (lambda: kaplan_meier([1, 2], [1, 1], level=95), "level of an interval lies between 0 and 1; found 95"),
        (lambda: kaplan_meier([1, 2], [1, 1], limits="plain"), "limits are log-log or log; found plain"),  # type: ignore[arg-type]
        (lambda: logrank([1, 2], [1, 1], ["a", None]), "each person has one group; found somebody without"),  # type: ignore[arg-type]
        (lambda: logrank([1, 2], [1, 1], ["a", float("nan")]), "one group; found somebody without"),  # type: ignore[arg-type]
        (lambda: logrank([1, 2], [1, 1], [1.0, float("nan")]), "one group; found somebody without"),
        (lambda: cox([1, 2], [1, 1], [1, 2], strata=[None, "u"]), "one stratum; found somebody without"),  # type: ignore[arg-type]
        (lambda: logrank([1, 2], [1, 1], ["a", "b"], rho=-1), "power of 0 or more; found -1"),
        (lambda: gray_test([1, 2], [1, 1], ["a", "b"], cause=1.5), "whole number from 1 on; found 1.5"),  # type: ignore[arg-type]
        (lambda: cox([1, 2, 3], [1, 1, 1], [1, 2]), r"one row for each person: expected 3, found shape \(2, 1\)"),
        (
            lambda: cox([1, 2, 3], [1, 1, 1], np.ones((2, 3))),
            r"one row for each person: expected 3, found shape \(2, 3\)",
        ),
        (lambda: cox([1, 2], [1, 1], ["old", "young"]), "a covariate is a number"),
        (lambda: cox([1, 2], [1, 1], [1, 1e200]), "covariates that are all numbers"),
        (lambda: cox([1, 2], [1, 1], [1, 2], ties="exact"), "after efron or breslow; found exact"),  # type: ignore[arg-type]
        (lambda: cox([1, 1, 2], [1, 1, 0], [[0, 0.618], [0, 0.236], [1, 0.854]]), "no finite estimate"),
        (lambda: kaplan_meier([1], [1]).quantile(1.5), "between 0 and 1; found 1.5"),
        (lambda: logrank([1, 2], [1, 1], ["a"]), "each person has one group"),
        (lambda: cox([1, 2, 3], [1, 1, 1], [1, 1, 1]), "a covariate is constant"),
        (lambda: cox([1, 2, 3, 4], [1, 1, 0, 0], [1, 1, 0, 0]), "no finite estimate"),
        (lambda: cox([1, 2], [0, 0], [1, 0]), "a Cox model needs events"),
        (lambda: gray_test([1, 2], [1, 1], ["a", "b"], cause=0), "a cause is a whole number from 1 on"),
    ],
)
def test_what_has_no_honest_answer_is_refused(call: object, message: str) -> None:
    with pytest.raises(OutcomeError, match=message):
        call()  # type: ignore[operator]


def test_two_covariates_that_part_the_groups_together_have_no_finite_ratio() -> None:
    # Neither parts those with the event at 1 from the others by itself; R ends at -27 and 8, errors 20 million.
    times = [2, 1, 2, 3, 2, 1, 3, 1, 3, 3]
    events = [0, 1, 0, 0, 0, 1, 0, 0, 0, 0]
    x = [0.1, -0.5, 1.1, 0.7, -0.2, -0.2, -0.1, 0.1, -0.2, 0.5]
    late, layers = [0, 0, 0, 0, 1, 0, 2, 0, 2, 2], list("uvvuuvvuvv")
    covariates = np.column_stack([x, [0, 0, 1, 0, 0, 1, 1, 1, 1, 0]])
    with pytest.raises(OutcomeError, match="no finite estimate"):
        cox(times, events, covariates, entry=late, strata=layers)


def test_strong_but_finite_effects_are_fitted() -> None:
    # As coxph in R gives it: an effect of 4 on the log hazard for each standard deviation, known to a tenth.
    rng = np.random.default_rng(3)
    x = rng.normal(size=400)
    fit = cox(rng.exponential(np.exp(-4 * x)), np.ones(400), x)
    assert fit.coefficients[0] == pytest.approx(4, abs=0.4)


def test_a_share_is_reached_where_the_curve_ends_level_with_it() -> None:
    # 2/3 left and 1/3 gone; R finds the middle of the level stretch.
    assert kaplan_meier([1, 2, 3], [1, 0, 0]).quantile(1 / 3)[0] == 2
    # One less 0.9 is a hair short of 0.1 in floats; R says it is not reached.
    assert np.isnan(kaplan_meier(range(1, 11), [1] + [0] * 9).quantile(0.1)[0])


def test_limits_that_rise_again_after_delayed_entry_give_the_time_that_r_gives() -> None:
    times, events = [1, 1, 3, 5, 6, 7, 8, 9, 10, 11], [1, 0, 1, 1, 0, 1, 0, 1, 1, 1]
    curve = kaplan_meier(times, events, entry=[0, 0, 0, 2, 2, 2, 2, 3, 4, 4])
    assert curve.quantile(0.5) == (5, 5, 10)
    assert curve.quantile(0.25) == (1, 5, 7)


def test_logarithmic_limits_are_the_published_ones_of_the_lung_trial_in_small() -> None:
    # survfit(Surv(time, event) ~ 1) of R on the maintained arm of the leukaemia trial, with its default limits.
    time, event = [9, 13, 13, 18, 23, 28, 31, 34, 45, 48, 161], [1, 1, 0, 1, 1, 0, 1, 1, 0, 1, 0]
    curve = kaplan_meier(time, event, limits="log")
    assert curve.interval_at(9) == pytest.approx((0.909091, 0.754133845, 1.0), abs=1e-6)
    assert curve.quantile(0.5)[:2] == (31, 18)
    assert np.isnan(curve.quantile(0.5)[2])


def test_a_time_that_is_no_number_has_no_estimate() -> None:
    assert np.isnan(kaplan_meier([1, 2, 3], [1, 1, 1]).at([float("nan")])).all()


def test_ties_are_settled_by_the_mean_of_the_times_alone() -> None:
    # 2.9e-8 apart at 2 is one time to R; a 0 that stands for no delayed entry must not move the mean.
    assert kaplan_meier([2.0, 2 + 2.9e-8, 3], [0, 1, 1]).at_risk.tolist() == [3, 1]


def test_columns_that_may_hold_missing_values_are_read_where_none_is_missing() -> None:
    nullable = np.array([True, False, True], dtype=object)
    assert kaplan_meier([1, 2, 3], nullable).estimate.tolist() == kaplan_meier([1, 2, 3], [1, 0, 1]).estimate.tolist()
    mixed = np.array(["a", 1, "a", 1], dtype=object)
    assert logrank([1, 2, 3, 4], [1] * 4, mixed).groups == ("1", "a")


def test_too_few_events_for_a_covariate_is_a_finding() -> None:
    assert "fewer than 10 each" in cox(range(1, 9), [1] * 8, [0, 1] * 4).findings[0]
