import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from sarcoma_review.privacy.identity import Keyed
from sarcoma_review.privacy.moments import Shift

SHIFTS = st.binary(min_size=32, max_size=32).map(Shift.drawn)
MOMENTS = st.datetimes(min_value=dt.datetime(1950, 1, 1), max_value=dt.datetime(2100, 1, 1))
DA, TM = "%Y%m%d", "%H%M%S"


def parsed(date: str, time: str) -> dt.datetime:
    return dt.datetime.strptime(date + time, DA + TM)


@given(SHIFTS)
def test_a_shift_is_whole_weeks_between_one_and_ten_years_back(shift: Shift) -> None:
    assert -3650 <= shift.days <= -365
    assert shift.days % 7 == 0
    assert shift.seconds != 0


@given(SHIFTS, MOMENTS, MOMENTS)
def test_intervals_between_dates_with_times_stay_to_the_second(shift: Shift, a: dt.datetime, b: dt.datetime) -> None:
    a, b = a.replace(microsecond=0), b.replace(microsecond=0)
    pairs = [(moment.strftime(DA), moment.strftime(TM)) for moment in (a, b)]
    first, second = (parsed(shift.date(date, time), shift.time(time, date)) for date, time in pairs)
    assert second - first == b - a


@given(SHIFTS, MOMENTS, MOMENTS)
def test_intervals_between_dates_alone_stay_to_the_day(shift: Shift, a: dt.datetime, b: dt.datetime) -> None:
    first, second = (dt.datetime.strptime(shift.date(moment.strftime(DA)), DA) for moment in (a, b))
    assert (second - first).days == (b.date() - a.date()).days


@given(SHIFTS, MOMENTS)
def test_a_datetime_moves_as_its_date_and_time_do(shift: Shift, moment: dt.datetime) -> None:
    date, time = moment.strftime(DA), moment.strftime(TM)
    assert shift.datetime(f"{date}{time}.25+0100") == f"{shift.date(date, time)}{shift.time(time)}.25+0100"


def test_what_is_no_date_or_time_becomes_empty() -> None:
    shift = Shift(-700, 3600)
    assert [shift.date("Quillfeather"), shift.date("20240231"), shift.time("2561"), shift.datetime("soon")] == [
        ""
    ] * 4


def test_dates_of_the_old_form_are_read() -> None:
    assert Shift(-700, 3600).date("2024.03.01") == "20220401"


def test_two_patients_are_shifted_differently() -> None:
    first, second = Keyed(b"k" * 32, "a"), Keyed(b"k" * 32, "b")
    assert first.date("20240301", "") != second.date("20240301", "")
