import numpy as np
import pytest

from sarcoma_review.errors import PlanError
from sarcoma_review.planning import MarginReport, Plane, ResectionPlan, TumourSurface, Uncertainty, resection_margins
from sarcoma_review.planning.simulate import simulate
from sarcoma_review.planning.uncertainty import PUBLISHED_EXECUTION, interval_of_minimum, probability_below
from tests.planning.shapes import Ball, Ellipsoid, directions, mask

ISO = (0.8, 0.8, 0.8)
PLAN = ResectionPlan([Plane((0, 0, 23), (0, 0, 1), name="a"), Plane((0, 24, 0), (0, 1, 0), name="b")])


@pytest.fixture(scope="module")
def surface() -> TumourSurface:
    return TumourSurface.from_mask(mask(Ball(np.zeros(3), 15.0), np.random.default_rng(0), ISO, 20))


def measured(surface: TumourSurface, uncertainty: Uncertainty) -> MarginReport:
    return resection_margins(surface, PLAN, uncertainty=uncertainty)


def test_draws_agree_with_the_closed_form_where_one_holds(surface: TumourSurface) -> None:
    uncertainty = Uncertainty(execution_sd_mm=2.5)
    report = measured(surface, uncertainty)
    drawn = simulate(surface, PLAN, report, uncertainty=uncertainty, rng=np.random.default_rng(1), draws=40_000)
    assert drawn.interval_mm == pytest.approx(report.interval_mm, abs=0.1)
    for limit in (0, 1, 5, 8):
        assert drawn.probability_below(limit) == pytest.approx(report.probability_below(limit), abs=0.01)


def test_an_error_alike_over_the_whole_tumour_agrees_too(surface: TumourSurface) -> None:
    one = ResectionPlan([PLAN.planes[0]])
    uncertainty = Uncertainty(segmentation_sd_mm=2.0, registration_sd_mm=1.0, correlation_mm=500.0)
    report = resection_margins(surface, one, uncertainty=uncertainty)
    drawn = simulate(surface, one, report, uncertainty=uncertainty, rng=np.random.default_rng(1), draws=20_000)
    assert drawn.interval_mm == pytest.approx(report.interval_mm, abs=0.15)


def test_an_outline_wrong_over_short_lengths_brings_the_least_margin_down(surface: TumourSurface) -> None:
    lows = []
    for length in (500.0, 15.0, 5.0):
        uncertainty = Uncertainty(segmentation_sd_mm=2.0, correlation_mm=length)
        report = measured(surface, uncertainty)
        drawn = simulate(surface, PLAN, report, uncertainty=uncertainty, rng=np.random.default_rng(2))
        lows.append(float(np.median(drawn.minima_mm)))
    assert lows[0] > lows[1] > lows[2]


def test_the_same_seed_gives_the_same_draws(surface: TumourSurface) -> None:
    uncertainty = Uncertainty(segmentation_sd_mm=2.0, execution_sd_mm=2.0)
    report = measured(surface, uncertainty)
    one, other = (
        simulate(surface, PLAN, report, uncertainty=uncertainty, rng=np.random.default_rng(3), draws=200)
        for _ in "ab"
    )
    assert np.array_equal(one.minima_mm, other.minima_mm)


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    """The voxels' own part alone: random ellipsoids, grids and directions, nothing else uncertain."""
    held = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        shape = Ellipsoid(rng.uniform(-1, 1, 3), tuple(rng.uniform(9, 22, 3)), np.eye(3))
        spacing = (0.8, 0.8, 0.8) if seed % 2 else (3.0, 0.8, 0.8)
        body = TumourSurface.from_mask(mask(shape, rng, spacing, 26))
        for normal in directions(rng, 5):
            plan = ResectionPlan([Plane(normal * (shape.reach(normal) + 8), normal)])
            low, high = resection_margins(body, plan, uncertainty=Uncertainty()).interval_mm
            held.append(low <= 8.0 <= high)
    assert 0.90 <= np.mean(held) <= 0.995


def test_published_errors_carry_their_source_and_order() -> None:
    assert [name for name, known in PUBLISHED_EXECUTION.items() if known.source and known.cuts] == [
        "freehand",
        "navigated",
        "patient-specific guide",
    ]
    sds = [known.sd_mm for known in PUBLISHED_EXECUTION.values()]
    assert sds == sorted(sds, reverse=True)
    draws = np.abs(np.random.default_rng(0).normal(0, sds[0], 100_000))
    assert draws.mean() == pytest.approx(PUBLISHED_EXECUTION["freehand"].location_mm, rel=0.01)


def test_an_unknown_name_and_a_wrong_length_are_refused() -> None:
    with pytest.raises(PlanError, match="named 'robotic'; there are: freehand, navigated, patient-specific guide"):
        Uncertainty.published("robotic")
    with pytest.raises(PlanError, match="correlation length is above 0 mm, got 0 mm"):
        Uncertainty(correlation_mm=0)


def test_the_least_of_two_equal_margins_has_the_distribution_of_a_minimum() -> None:
    draws = np.random.default_rng(0).normal(10.0, 1.0, (200_000, 2)).min(axis=1)
    low, high = interval_of_minimum([10.0, 10.0], [1.0, 1.0])
    assert (low, high) == pytest.approx(tuple(np.quantile(draws, (0.025, 0.975))), abs=0.02)
    assert probability_below([10.0, 10.0], [1.0, 1.0], 9.0) == pytest.approx((draws < 9).mean(), abs=0.005)


def test_a_saw_s_error_is_added_once(surface: TumourSurface) -> None:
    told = resection_margins(surface, PLAN, uncertainty=Uncertainty(segmentation_sd_mm=2.0, execution_sd_mm=3.0))
    added = resection_margins(surface, PLAN, uncertainty=Uncertainty(segmentation_sd_mm=2.0)).with_saw(3.0)
    assert added.interval_mm == pytest.approx(told.interval_mm)
    with pytest.raises(PlanError, match="holds the saw's error already"):
        told.with_saw(1.0)
    with pytest.raises(PlanError, match="at least 0"):
        measured(surface, Uncertainty()).with_saw(-1.0)
