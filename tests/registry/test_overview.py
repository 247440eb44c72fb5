"""What a dashboard shows, and what it must not, on invented networks whose truth is known."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pytest

from sarcoma_review.errors import PresentationError, RegistryError
from sarcoma_review.outcomes import ENDPOINTS, Benchmark, Happening, cumulative_incidence, schedules, time_to_event
from sarcoma_review.present.outcome_figures import outcome_figure
from sarcoma_review.registry import Event, Outcome
from sarcoma_review.registry.checks import DataFinding
from sarcoma_review.registry.cohort import MarginPair, Snapshot, cohort
from sarcoma_review.registry.overview import (
    Audience,
    CurvePanel,
    Panel,
    Question,
    curve_panel,
    cusum_panel,
    funnel_panel,
)
from sarcoma_review.registry.overview_counts import due_panel, execution_panel, margin_panel, quality_panel
from sarcoma_review.registry.report import counts_by_centre, mature_outcomes
from sarcoma_review.registry.synthetic import Rates, synthetic_network

CUT = date(2026, 1, 1)
RECURRENCE = ENDPOINTS["local_recurrence"]


def happenings(events: list[Event]) -> list[Happening]:
    return [
        Happening(event.type if isinstance(event, Outcome) else event.kind, event.on_date)
        for event in events
        if event.kind in ("operation", "outcome", "follow_up_seen")
    ]


def known(recurred: int, free: int, *, centre: str = "AB", years: float = 4.0) -> dict[str, list[Happening]]:
    """Cases of one centre: some with a recurrence after a year, the others seen for so many years."""
    operated, seen = CUT - timedelta(days=5 * 365), timedelta(days=int(365.25 * years))
    first = [Happening("operation", operated), Happening("local_recurrence", operated + timedelta(days=365))]
    others = [Happening("operation", operated), Happening("last_contact", operated + seen)]
    return {f"{centre}-{n}": first if n < recurred else others for n in range(recurred + free)}


def of(cases: dict[str, list[Happening]]) -> Snapshot:
    return Snapshot(cases, {case_id: {"centre": case_id.split("-")[0]} for case_id in cases})


def asked(audience: Audience = "shared") -> Question:
    return Question(RECURRENCE, audience, Benchmark(0.1, "invented"))


def curve(cases: dict[str, list[Happening]], audience: Audience = "shared") -> CurvePanel:
    return curve_panel(cohort(of(cases), RECURRENCE, as_of=CUT), asked(audience))


def test_the_invented_network_has_the_risk_it_was_given() -> None:
    rates = Rates(local_recurrence=0.10, death=0.06)
    network = synthetic_network(np.random.default_rng(1), as_of=CUT, centres={"CA": 2500}, rates=rates)
    times = [time_to_event(RECURRENCE, happenings(events), as_of=CUT) for events in network.values()]
    found = cumulative_incidence([time.days for time in times], [time.cause for time in times])[1]
    # Two constant hazards: each takes its share of what has happened.
    true = 0.10 / 0.16 * (1 - np.exp(-0.16 * 5))
    value, low, high = found.interval_at(5 * 365.25)
    assert low < true < high
    assert value == pytest.approx(true, abs=0.03)


def test_the_same_seed_makes_the_same_network_and_a_factor_needs_its_centre() -> None:
    first, second = (synthetic_network(np.random.default_rng(2), as_of=CUT, centres={"CA": 5}) for _ in range(2))
    assert first == second
    with pytest.raises(RegistryError, match="a factor names a centre that is not in the network: CX"):
        synthetic_network(np.random.default_rng(2), as_of=CUT, times_recurrence={"CX": 2.0})


def test_an_early_event_of_a_recent_operation_does_not_count_before_the_others_can() -> None:
    recent = [Happening("operation", CUT - timedelta(days=100)), Happening("local_recurrence", CUT)]
    lost = [Happening("operation", CUT - timedelta(days=1000)), Happening("last_contact", CUT - timedelta(days=900))]
    people = cohort(of({**known(2, 3), "AB-recent": recent, "AB-lost": lost}), RECURRENCE, as_of=CUT)
    assert counts_by_centre(people, mature_outcomes(people, within_days=730)) == {"AB": (2, 5)}


def test_a_shared_curve_has_whole_quarters_and_ends_where_few_are_at_risk() -> None:
    panel = curve({**known(12, 30), **known(0, 9, centre="CD", years=4.9)})
    quarters = np.array(panel.years) * 4
    assert quarters == pytest.approx(np.round(quarters))
    assert max(panel.years) < 4.0
    assert panel.at_risk == {0: 50, 1: 40, 2: 40}
    assert panel.rows[1][1].startswith("23.5% (")  # 12 of 51
    assert panel.rows[2] == ("5", "not known", "not shown", "not known")


@pytest.mark.parametrize(
    ("cases", "why"),
    [
        (known(3, 60), "its height would give a small count away"),
        (known(2, 5), "fewer than 10 cases"),
        ({}, "no cases"),
    ],
)
def test_a_curve_that_would_tell_of_few_is_withheld(cases: dict[str, list[Happening]], why: str) -> None:
    panel = curve(cases)
    assert why in panel.withheld
    assert panel.years == ()
    with pytest.raises(PresentationError, match="is not drawn"):
        outcome_figure(panel)


def test_inside_the_centre_the_curve_is_that_of_the_estimator() -> None:
    panel = curve(known(3, 60), "centre")
    assert panel.lines[0].startswith("63 cases, 3 with local recurrence")
    assert panel.rows[1][1].startswith("4.8% (")
    assert "fewer than 10 events are counted, not tested" in panel.lines[2]


def test_who_died_first_shortens_no_follow_up() -> None:
    # Ten seen alive for four years, and thirty who died after one: nobody was lost earlier than after four.
    operated = CUT - timedelta(days=5 * 365)
    dead = [Happening("operation", operated), Happening("death", operated + timedelta(days=365))]
    panel = curve({**known(0, 10), **{f"AB-dead-{n}": dead for n in range(30)}}, "centre")
    assert panel.lines[1].startswith("median follow-up 4.0 years (95 % interval ")


def test_median_follow_up_is_told_with_its_limits() -> None:
    # Nobody has the event; lost from sight one by one, a tenth of a year apart: order statistics of 40 times.
    cases = {f"AB-{n}": known(0, 1, years=n / 10)["AB-0"] for n in range(1, 41)}
    share = np.arange(39, 0, -1) / 40
    spread = 1.96 * np.sqrt((1 - share) / (40 * share)) / np.abs(np.log(share))
    low, high = ((np.argmax(share ** np.exp(sign * spread) <= 0.5) + 1) / 10 for sign in (1, -1))
    told = curve(cases, "centre").lines[1]
    assert told.startswith("median follow-up 2.0 years ")
    assert told.endswith(f"(95 % interval {low:.1f} years to {high:.1f} years)")


@pytest.mark.parametrize("audience", ["centre", "shared"])
def test_the_net_risk_has_its_interval_beside_it(audience: Audience) -> None:
    # 12 of 72 at one time: Greenwood's error of 60/72, after the log-log transform.
    free = 60 / 72
    spread = 1.96 * np.sqrt(12 / (72 * 60)) / np.log(free)
    low, high = (1 - free ** np.exp(sign * spread) for sign in (1, -1))
    panel = curve(known(12, 60), audience)
    assert panel.heads[3] == "net risk (95 % interval)"
    assert panel.rows[1][3] == f"{1 - free:.1%} ({low:.1%} to {high:.1%})"
    assert panel.net[-1] == pytest.approx(1 - free, abs=5e-4)


@pytest.mark.parametrize(
    ("days", "words"), [(730, "2 years"), (365, "1 year"), (90, "90 days"), (400, "400 days"), (1826, "5 years")]
)
def test_a_short_window_is_told_in_days(days: int, words: str) -> None:
    people = cohort(of(known(3, 20)), RECURRENCE, as_of=CUT)
    title = funnel_panel(people, replace(asked(), within_days=days)).title
    assert title == f"Local recurrence within {words}, by centre: not a ranking"


def test_a_centre_with_few_events_is_not_in_a_shared_funnel() -> None:
    cases = {**known(12, 88, centre="AB"), **known(3, 40, centre="CD")}
    panel = funnel_panel(cohort(of(cases), RECURRENCE, as_of=CUT), asked())
    assert [point.centre for point in panel.points] == ["AB"]
    assert panel.rows[1] == ("CD", "*", "45", *("not shown",) * 4)


def test_rounding_accuses_nobody() -> None:
    # 13 of 88 lie below the upper limit; rounded to 15 of 90 they would lie above it.
    cases = known(13, 75)
    [point] = funnel_panel(cohort(of(cases), RECURRENCE, as_of=CUT), asked()).points
    assert (point.events, point.people, point.outside) == (15, 90, None)
    assert point.events / point.people > 0.16 > 13 / 88


def test_a_chart_starts_from_the_earliest_operation_and_is_of_one_centre_if_asked() -> None:
    people = cohort(of({**known(4, 20), **known(0, 9, centre="CD")}), RECURRENCE, as_of=CUT)
    chart = cusum_panel(people, asked("centre"), centre="CD").chart
    assert chart is not None
    assert chart.statistic.tolist() == [0.0] * 9
    assert cusum_panel(people, asked(), centre="CD").withheld == "no chart: too few mature operations"


def pairs(year: int, count: int) -> list[MarginPair]:
    return [MarginPair(f"a-{year}-{n}", "p", 10.0, 9.0 + n % 2, date(year, 5, 1)) for n in range(count)]


def test_margins_of_a_year_with_few_cases_are_not_averaged_for_sharing() -> None:
    panel = margin_panel([*pairs(2024, 9), *pairs(2025, 20)], "shared")
    assert panel.years == ((2025, -0.5, 0.51),)
    assert panel.points == ()
    assert panel.rows[0] == ("2024", "10", "not shown", "not shown")
    assert len(margin_panel(pairs(2024, 9), "centre").points) == 9


def test_planes_of_one_patient_are_not_many_patients() -> None:
    same = [MarginPair("a", f"p{n}", 10.0, 9.0, date(2025, 5, 1)) for n in range(30)]
    assert margin_panel(same, "shared").years == ()


def test_small_counts_are_withheld_and_nothing_is_drawn_of_them() -> None:
    few = quality_panel([DataFinding(f"a-{n}", 1, "two deaths", "") for n in range(3)], "shared")
    assert few.rows == (("two deaths", "*"),)
    assert few.withheld == "no picture: every count is too small to be shown"
    assert quality_panel([], "centre").withheld == "nothing to count"
    decided = execution_panel({"surgery": {"yes": 41, "not recorded": 2}}, "shared")
    assert decided.rows == (("surgery: yes", "40"), ("surgery: not recorded", "*"))


def test_the_living_are_counted_by_their_missed_windows() -> None:
    dead = {"AB-dead": [*known(1, 0)["AB-0"], Happening("death", CUT - timedelta(days=10))]}
    panel = due_panel(of({**known(0, 3), **dead}), schedules()["esmo-older-edition"], on=CUT, audience="centre")
    assert sum(int(row[1]) for row in panel.rows) == 3
    assert any("source: ESMO" in line for line in panel.lines)


def test_pictures_are_the_same_bytes_twice_and_say_what_they_show() -> None:
    panel = curve(known(12, 60), "centre")
    first, second = outcome_figure(panel), outcome_figure(panel)
    assert first.png == second.png
    assert "5 years" in first.alt
    assert panel.rows[0][1] in first.alt


def test_a_panel_without_a_picture_is_refused() -> None:
    with pytest.raises(PresentationError, match="a Panel has no picture"):
        outcome_figure(Panel(title="x", lines=(), heads=(), rows=()))
