from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sarcoma_review.outcomes import (
    ENDPOINTS,
    Happening,
    OutcomeError,
    Schedule,
    Span,
    follow_up_windows,
    overdue_count,
    schedules,
    time_to_event,
)
from sarcoma_review.outcomes.endpoints import Precision

CUT = date(2030, 1, 1)
OPERATION = Happening("operation", date(2026, 1, 10))
RECURRENCE = ENDPOINTS["local_recurrence"]


def happening(kind: str, *ymd: int, precision: Precision = "day") -> Happening:
    return Happening(kind, date(*ymd), precision)


@pytest.mark.parametrize(
    ("then", "expected"),
    [
        ([happening("local_recurrence", 2027, 1, 10)], (365, 1)),
        ([happening("death", 2027, 1, 10)], (365, 2)),
        ([happening("amputation", 2026, 1, 20), happening("death", 2027, 1, 10)], (10, 3)),
        (
            [happening("local_recurrence", 2026, 1, 20), happening("death", 2026, 1, 20)],
            (10, 1),
        ),
        ([happening("last_contact", 2026, 2, 9)], (30, 0)),
        (
            [happening("local_recurrence", 2031, 1, 1), happening("last_contact", 2026, 2, 9)],
            (30, 0),
        ),
        ([], (0, 0)),
        ([happening("local_recurrence", 2026, 1, 1, precision="month")], (5, 1)),
        ([happening("local_recurrence", 2027, 1, 1, precision="year")], (537, 1)),
        ([happening("death", 2026, 1, 10)], (0, 2)),
    ],
)
def test_time_runs_from_the_operation_to_what_comes_first(then: list[Happening], expected: tuple[int, int]) -> None:
    time = time_to_event(RECURRENCE, [OPERATION, *then], as_of=CUT)
    assert (time.zero, time.days, time.cause) == (OPERATION.day, *expected)


@pytest.mark.parametrize(
    ("cut", "then", "expected"),
    [
        # Settled in the middle of their month or year, these would lie past the cut.
        (date(2026, 3, 5), [happening("death", 2026, 3, 1, precision="month")], (54, 2)),
        (date(2026, 3, 5), [happening("death", 2026, 1, 1, precision="year")], (54, 2)),
        (date(2026, 3, 5), [happening("death", 2026, 3, 28, precision="month")], (54, 2)),
        (date(2026, 3, 5), [happening("last_contact", 2026, 3, 1, precision="month")], (54, 0)),
        (date(2026, 3, 5), [happening("death", 2026, 4, 1, precision="month")], (0, 0)),
        (date(2026, 3, 5), [happening("death", 2026, 3, 6)], (0, 0)),
    ],
)
def test_a_coarse_date_in_the_month_or_year_of_the_cut_has_happened_by_then(
    cut: date, then: list[Happening], expected: tuple[int, int]
) -> None:
    time = time_to_event(RECURRENCE, [OPERATION, *then], as_of=cut)
    assert (time.days, time.cause) == expected


def test_a_coarse_time_zero_never_lies_past_the_cut_nor_after_an_event_of_its_range() -> None:
    zero = happening("operation", 2026, 3, 1, precision="month")
    alive = time_to_event(RECURRENCE, [zero], as_of=date(2026, 3, 5))
    assert (alive.zero, alive.days, alive.cause) == (date(2026, 3, 5), 0, 0)
    died = time_to_event(RECURRENCE, [zero, happening("death", 2026, 3, 3)], as_of=CUT)
    assert (died.zero, died.days, died.cause) == (date(2026, 3, 15), 0, 2)
    with pytest.raises(OutcomeError, match="the event is dated before the operation"):
        time_to_event(RECURRENCE, [zero, happening("local_recurrence", 2026, 2, 28)], as_of=CUT)


@given(
    st.sampled_from(["day", "month", "year"]),
    st.sampled_from(["day", "month", "year"]),
    st.dates(date(2026, 1, 1), date(2027, 12, 31)),
    st.dates(date(2026, 1, 1), date(2027, 12, 31)),
    st.dates(date(2026, 1, 1), date(2027, 12, 31)),
)
def test_no_time_is_negative_or_runs_past_the_cut(
    zero_known: Precision, death_known: Precision, operated: date, died: date, cut: date
) -> None:
    happenings = [Happening("operation", operated, zero_known), Happening("death", died, death_known)]
    if happenings[0].range[0] <= cut:
        time = time_to_event(RECURRENCE, happenings, as_of=cut)
        assert time.days >= 0
        assert time.zero + timedelta(days=time.days) <= cut


def test_a_patient_without_time_zero_or_with_an_event_before_it_is_refused() -> None:
    with pytest.raises(OutcomeError, match="runs from the operation; none is recorded"):
        time_to_event(RECURRENCE, [happening("death", 2026, 1, 1)], as_of=CUT)
    with pytest.raises(OutcomeError, match="the event is dated before the operation"):
        time_to_event(RECURRENCE, [OPERATION, happening("local_recurrence", 2025, 12, 1)], as_of=CUT)


def test_every_endpoint_declares_time_zero_and_competes_with_death_or_counts_it() -> None:
    for endpoint in ENDPOINTS.values():
        assert endpoint.time_zero in ("operation", "diagnosis")
        assert "death" in endpoint.events + endpoint.competing
        assert not set(endpoint.events) & set(endpoint.competing)
    assert "amputation" in ENDPOINTS["infection"].competing


def test_windows_of_a_schedule_are_due_then_overdue() -> None:
    schedule = Schedule("s", "t", "a source", "operation", (Span(12, (3, 3)), Span(24, (4, 6))))
    windows = follow_up_windows(schedule, date(2026, 1, 15), seen=[date(2026, 5, 1)], on=date(2026, 11, 20))
    assert [(w.opens.isoformat(), w.closes.isoformat(), w.state) for w in windows] == [
        ("2026-04-15", "2026-04-15", "seen"),
        ("2026-07-15", "2026-07-15", "overdue"),
        ("2026-10-15", "2026-10-15", "overdue"),
        ("2027-01-15", "2027-01-15", "ahead"),
        ("2027-05-15", "2027-07-15", "ahead"),
        ("2027-11-15", "2028-01-15", "ahead"),
    ]
    later = follow_up_windows(schedule, date(2026, 1, 15), seen=[], on=date(2027, 6, 1))
    assert [w.state for w in later] == ["overdue"] * 4 + ["due", "ahead"]


@given(
    st.dates(date(2026, 1, 1), date(2034, 1, 1)), st.lists(st.dates(date(2025, 1, 1), date(2034, 1, 1)), max_size=9)
)
def test_the_quick_count_of_overdue_windows_is_that_of_the_windows(on: date, seen: list[date]) -> None:
    schedule, zero = schedules()["esmo-older-edition"], date(2025, 8, 31)
    windows = follow_up_windows(schedule, zero, seen=seen, on=on)
    count = overdue_count(schedule, zero, seen=seen, on=on)
    assert count == sum(window.state == "overdue" for window in windows)


def test_every_schedule_names_its_source_and_ends_in_order() -> None:
    assert schedules()
    for schedule in schedules().values():
        assert len(schedule.source) > 20
    with pytest.raises(OutcomeError, match="schedule x: a schedule names its source"):
        Schedule("x", "t", "", "operation", (Span(12, (3, 3)),))
    with pytest.raises(OutcomeError, match="spans end ever later"):
        Schedule("x", "t", "s", "operation", (Span(12, (3, 3)), Span(6, (3, 3))))
