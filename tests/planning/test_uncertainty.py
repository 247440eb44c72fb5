import numpy as np
import pytest

from sarcoma_review.errors import PlanError
from sarcoma_review.planning import MarginReport, Plane, ResectionPlan, TumourSurface, Uncertainty, resection_margins
from sarcoma_review.planning.outline_error import outline_error
from sarcoma_review.planning.simulation import simulate
from sarcoma_review.planning.uncertainty import (
    PUBLISHED_EXECUTION,
    greatest_of_normals,
    interval_of_minimum,
    probability_below,
)
from sarcoma_review.volume import Volume
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
    drawn = simulate(surface, one, report, uncertainty=uncertainty, rng=np.random.default_rng(1), draws=10_000)
    assert drawn.interval_mm == pytest.approx(report.interval_mm, abs=0.15)


@pytest.mark.parametrize("length", [5.0, 10.0, 20.0])
def test_draws_and_closed_form_agree_on_a_tumour_many_lengths_wide(surface: TumourSurface, length: float) -> None:
    uncertainty = Uncertainty(segmentation_sd_mm=2.0, execution_sd_mm=1.5, correlation_mm=length)
    plane = PLAN.planes[0]
    bare = resection_margins(surface, ResectionPlan([plane]), uncertainty=Uncertainty())
    drawn = simulate(
        surface,
        ResectionPlan([plane]),
        bare,
        uncertainty=uncertainty,
        rng=np.random.default_rng(1),
        draws=4_000,
    )
    wrong = outline_error(surface, -plane.distance_mm(surface.points_mm), plane.normal, uncertainty)
    middle, spread = bare.minimum_mm - wrong.shift_mm, np.hypot(wrong.sd_mm, 1.5)
    assert drawn.interval_mm == pytest.approx((middle - 1.96 * spread, middle + 1.96 * spread), abs=0.45)
    assert 0.93 <= (np.abs(drawn.minima_mm - middle) < 1.96 * spread).mean() <= 0.97


def test_an_outline_alike_all_over_moves_the_margin_as_much_and_no_further(surface: TumourSurface) -> None:
    plane = PLAN.planes[0]
    margins = -plane.distance_mm(surface.points_mm)
    alike = outline_error(surface, margins, plane.normal, Uncertainty(2.0, correlation_mm=500.0))
    assert (alike.shift_mm, alike.sd_mm) == pytest.approx((0.0, 2.0), abs=0.02)
    certain = outline_error(surface, margins, plane.normal, Uncertainty(execution_sd_mm=2.0))
    assert (certain.shift_mm, certain.sd_mm) == (0.0, 0.0)


def test_the_greatest_of_correlated_values_is_that_of_draws() -> None:
    rng = np.random.default_rng(4)
    means = np.array([-1.0, -0.5, 0.0, 0.2])
    at = np.array([0.0, 1.0, 2.5, 3.0])
    covariance = np.exp(-((at[:, None] - at) ** 2) / 2.0)
    greatest = rng.multivariate_normal(means, covariance, 200_000).max(axis=1)
    assert greatest_of_normals(means, covariance) == pytest.approx((greatest.mean(), greatest.std()), abs=0.03)


def test_draws_of_a_plan_with_a_specimen_are_refused(surface: TumourSurface) -> None:
    cut, whole = ResectionPlan([PLAN.planes[0]]), measured(surface, Uncertainty())
    with pytest.raises(PlanError, match="draws are made for planes alone; the report holds 1 other margin"):
        simulate(surface, cut, whole, uncertainty=Uncertainty(), rng=np.random.default_rng(0))


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
    assert 0.93 <= np.mean(held) <= 0.99  # of 200; benchmarks/interval_coverage.py takes 500


def drawn_masks(observers: int, sd: float, length: float, radius: float = 20.0) -> list[Volume]:
    """A ball that each observer has moved along its normals by a smooth random error of their own."""
    z, y, x = np.mgrid[-27:28, -27:28, -27:28].astype(float)
    at = np.stack([z, y, x], axis=-1)
    from_centre = np.linalg.norm(at, axis=-1)
    shell = np.abs(from_centre - radius) < 8
    outward = radius * at[shell] / from_centre[shell][:, None]
    found = []
    for seed in range(observers):
        rng = np.random.default_rng(seed)
        waves, turns = rng.normal(0, 1 / length, (60, 3)), rng.uniform(0, 2 * np.pi, 60)
        moved = sd * np.sqrt(2 / 60) * np.cos(outward @ waves.T + turns).sum(axis=1)
        array = from_centre < radius
        array[shell] = from_centre[shell] < radius + moved
        found.append(Volume(array, np.eye(4)))
    return found


@pytest.mark.parametrize(("sd", "length"), [(1.5, 8.0), (2.0, 12.0)])
def test_observers_give_the_deviation_and_the_length_of_their_outlines(sd: float, length: float) -> None:
    told = Uncertainty.from_observers(drawn_masks(6, sd, length), registration_sd_mm=0.5, execution_sd_mm=2.0)
    assert told.segmentation_sd_mm == pytest.approx(sd, rel=0.2)
    assert told.correlation_mm == pytest.approx(length, rel=0.25)
    assert (told.registration_sd_mm, told.execution_sd_mm) == (0.5, 2.0)


def test_observers_who_differ_by_the_same_all_over_differ_over_the_whole_tumour() -> None:
    z, y, x = np.mgrid[-24:25, -24:25, -24:25]
    drawn = [Volume(np.sqrt(x**2 + y**2 + z**2) < radius, np.eye(4)) for radius in (16, 18, 20)]
    told = Uncertainty.from_observers(drawn)
    assert told.segmentation_sd_mm == pytest.approx(2.0, abs=0.1)
    assert told.correlation_mm == pytest.approx(36.0, abs=2.0)
    assert Uncertainty.from_observers([drawn[0], drawn[0]]).segmentation_sd_mm == pytest.approx(0.0, abs=1e-6)


def test_one_observer_or_outlines_apart_are_refused() -> None:
    z, y, x = np.mgrid[-8:9, -8:9, -24:25]
    apart = [Volume((x - at) ** 2 + y**2 + z**2 < 36, np.eye(4)) for at in (-14, 14)]
    with pytest.raises(PlanError, match="at least 2 outlines, got 1"):
        Uncertainty.from_observers(apart[:1])
    with pytest.raises(PlanError, match="lie apart and have no mean"):
        Uncertainty.from_observers(apart)


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
