import numpy as np
import pytest

from sarcoma_review.outcomes import (
    Benchmark,
    OutcomeError,
    VolumeRule,
    case_mix_risk,
    clopper_pearson,
    cusum,
    funnel,
    funnel_limits,
    observed_expected,
    run_length,
    volumes,
    wilson,
)

TENTH = Benchmark(0.10, "a published series")


@pytest.mark.parametrize(
    ("people", "limits"),
    [
        (10, [-0.09971, -0.09283, 0.27874, 0.44267]),
        (25, [-0.03944, -0.02607, 0.21404, 0.30797]),
        (50, [-0.01612, 0.01386, 0.17972, 0.24013]),
        (100, [0.01418, 0.04038, 0.15772, 0.19836]),
    ],
)
def test_funnel_limits_are_the_published_construction(people: int, limits: list[float]) -> None:
    assert funnel_limits(people, 0.10, [0.001, 0.025, 0.975, 0.999]) == pytest.approx(limits, abs=1e-5)


@pytest.mark.parametrize(
    ("people", "power", "above"),
    [(10, 0.3222, 0.0702), (25, 0.3833, 0.0334), (50, 0.6927, 0.0579), (100, 0.8715, 0.0399), (200, 0.9821, 0.0271)],
)
def test_a_funnel_prints_what_it_flags_falsely_and_what_it_misses(people: int, power: float, above: float) -> None:
    point = funnel({"A": (0, people)}, TENTH).points[0]
    assert (point.power_to_see_doubling, point.false_alarm_above) == pytest.approx((power, above), abs=1e-4)
    assert f"sees a doubling {power:.0%} of the time" in funnel({"A": (0, people)}, TENTH).describe()[0]


@pytest.mark.parametrize(("people", "rate", "actual"), [(20, 0.15, 0.067), (50, 0.15, 0.044), (150, 0.15, 0.053)])
def test_the_false_alarm_rate_of_both_limits_is_that_of_a_simulation(people: int, rate: float, actual: float) -> None:
    point = funnel({"A": (0, people)}, Benchmark(rate, "made up")).points[0]
    assert point.false_alarm == pytest.approx(actual, abs=0.001)
    counts = np.random.default_rng(1).binomial(people, rate, 40_000)
    low = point.lower if point.lower is not None else -1.0
    outside = ((counts > point.upper * people) | (counts < low * people)).mean()
    assert point.false_alarm == pytest.approx(outside, abs=0.005)


def test_a_small_centre_cannot_signal_low_and_no_order_is_given() -> None:
    chart = funnel({"south": (0, 10), "north": (20, 50)}, TENTH)
    assert [(p.centre, p.lower is None, p.outside) for p in chart.points] == [
        ("south", True, None),
        ("north", False, "above"),
    ]


def test_overdispersion_is_refused_below_ten_centres_and_widens_limits_from_there() -> None:
    six = {f"c{k}": (k, 50) for k in range(6)}
    with pytest.raises(OutcomeError, match="overdispersion needs 10 centres, found 6"):
        funnel(six, TENTH, overdispersed=True)
    twelve = {f"c{k}": (2 * k, 60) for k in range(12)}
    plain, wide = funnel(twelve, TENTH), funnel(twelve, TENTH, overdispersed=True)
    assert all(b.upper > a.upper for a, b in zip(plain.points, wide.points, strict=True))


def test_a_benchmark_needs_a_source() -> None:
    with pytest.raises(OutcomeError, match=r"with its source; found 0\.1"):
        Benchmark(0.1, " ")
    with pytest.raises(OutcomeError, match="centre A: events are 0 to the number of people; found 6 of 5"):
        funnel({"A": (6, 5)}, TENTH)


def test_a_cusum_follows_the_published_weights() -> None:
    risks, events = [0.1, 0.05, 0.2, 0.1, 0.1, 0.3, 0.05, 0.1], [0, 0, 1, 0, 1, 0, 0, 0]
    chart = cusum(events, risks, limit=4.5)
    expected = [0, 0, 0.510826, 0.415515, 1.013352, 0.750988, 0.702198, 0.606888]
    assert chart.statistic == pytest.approx(expected, abs=1e-6)
    assert chart.vlad == pytest.approx([0.1, 0.15, -0.65, -0.55, -1.45, -1.15, -1.1, -1.0])


@pytest.mark.parametrize(("limit", "false", "true"), [(2.5, 461, 60), (3.5, 1465, 91), (4.5, 4244, 123)])
def test_run_lengths_are_those_of_a_published_chain_and_of_a_simulation(limit: float, false: int, true: int) -> None:
    assert run_length([0.1], limit, 2.0, 1.0) == pytest.approx(false, abs=1)
    assert run_length([0.1], limit, 2.0, 2.0) == pytest.approx(true, abs=1)
    rng = np.random.default_rng(4)
    risk = 0.2 / 1.1  # the odds of one in ten, doubled
    runs: list[int] = []
    for _ in range(400):
        chart = cusum((rng.random(900) < risk).astype(int).tolist(), [0.1] * 900, limit=limit) if not runs else None
        level, step = 0.0, 0
        while level < limit:
            step += 1
            event = rng.random() < risk
            level = max(0.0, level + (np.log(2 / 1.1) if event else -np.log(1.1)))
        runs.append(step)
        assert chart is None or chart.signals
    assert np.mean(runs) == pytest.approx(true, abs=float(4 * np.std(runs) / 20))


def test_a_cusum_starts_anew_after_a_signal_and_states_its_delay() -> None:
    chart = cusum([1] * 20, [0.1] * 20)
    assert len(chart.signals) > 1
    assert chart.run_in_control == pytest.approx(2000, rel=0.1)
    assert "show after" in chart.describe()
    with pytest.raises(OutcomeError, match="one risk between 0 and 1 for each outcome"):
        cusum([1], [0.0])


def test_observed_and_expected_agree_where_the_model_holds() -> None:
    rng = np.random.default_rng(2)
    age = rng.normal(0, 1, 600)
    events = (rng.random(600) < 1 / (1 + np.exp(1.5 - age))).astype(int).tolist()
    risk = case_mix_risk(events, [[a] for a in age])
    assert sum(risk) == pytest.approx(sum(events))  # a logistic model with an intercept keeps the total
    results = observed_expected(["A", "B", "C"] * 200, events, risk)
    assert [result.centre for result in results] == ["A", "B", "C"]
    assert all(result.lower < result.ratio < result.upper for result in results)
    with pytest.raises(OutcomeError, match="ten events per covariate: 1 asked for, 2 events"):
        case_mix_risk([1, 1, 0, 0, 0], [[1], [2], [3], [4], [5]])


@pytest.mark.parametrize(
    ("events", "people", "exact", "score"),
    [
        (0, 12, (0, 0.26465), (0, 0.24249)),
        (1, 12, (0.00211, 0.3848), (0.01487, 0.35388)),
        (3, 25, (0.02547, 0.31219), (0.04167, 0.29956)),
        (10, 85, (0.05788, 0.20573), (0.06517, 0.20319)),
        (6, 50, (0.04534, 0.2431), (0.05618, 0.23805)),
        (0, 50, (0, 0.07112), (0, 0.07135)),
    ],
)
def test_intervals_of_proportions_are_the_published_ones(
    events: int, people: int, exact: tuple[float, float], score: tuple[float, float]
) -> None:
    assert clopper_pearson(events, people) == pytest.approx(exact, abs=1e-5)
    assert wilson(events, people) == pytest.approx(score, abs=1e-5)


def test_a_volume_is_held_against_a_rule_that_names_its_source() -> None:
    rule = VolumeRule("bone sarcoma", 50, "a source")
    assert volumes({"A": [49, 51], "B": [49, 50]}, rule) == {"A": (50, True), "B": (49.5, False)}
