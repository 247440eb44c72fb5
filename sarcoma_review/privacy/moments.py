"""Dates and times of DICOM (VR DA, TM, DT), and one shift that keeps every interval of a patient.

The shift is a multiple of 7 days, so that week days stay, and some seconds, so that the time of day does not lead
back into the hospital's archive. A date and its time move together and carry over midnight; a date alone moves by the
days, a time alone by the seconds within 24 hours.

Known bias: a date alone that quotes the day of another object (in a report, say) can differ by one day from that
object's own, where its time lay within three hours of midnight: which object is quoted, a date does not tell.
"""

import datetime as dt
import re
from dataclasses import dataclass
from typing import Self

FEWEST_WEEKS, MOST_WEEKS = 53, 521
FEWEST_SECONDS, MOST_SECONDS = 600, 3 * 3600
"""Small enough that a day's work in the hospital seldom crosses midnight, so that whole days stay whole too."""

_DATE = re.compile(r"([0-9]{4})[.]?([0-9]{2})[.]?([0-9]{2})")
_TIME = re.compile(r"([0-9]{2})(?::?([0-9]{2})(?::?([0-9]{2})(\.[0-9]{1,6})?)?)?")
_DATETIME = re.compile(r"([0-9]{4})([0-9]{2})?([0-9]{2})?([0-9]{2}[0-9.]*)?([+-][0-9]{4})?")


@dataclass(frozen=True)
class Shift:
    """How far the time of one patient is moved.

    Parameters
    ----------
    days : int
        For dates, negative.
    seconds : int
        For times of day, and for a date together with its time.
    """

    days: int
    seconds: int

    @classmethod
    def drawn(cls, digest: bytes) -> Self:
        """Take a shift from at least 17 random bytes."""
        weeks = FEWEST_WEEKS + int.from_bytes(digest[:8], "big") % (MOST_WEEKS - FEWEST_WEEKS + 1)
        seconds = FEWEST_SECONDS + int.from_bytes(digest[8:16], "big") % (MOST_SECONDS - FEWEST_SECONDS + 1)
        return cls(-7 * weeks, seconds if digest[16] % 2 else -seconds)

    def date(self, date: str, time: str = "") -> str:
        """Shift a DA value; empty if it is not a date.

        >>> Shift(-364, 3600).date("20240301"), Shift(-364, 3600).date("20240301", "2330")
        ('20230303', '20230304')
        """
        day = _day(date)
        return "" if day is None else _written(self._moved(day, time))

    def time(self, time: str, date: str = "") -> str:  # noqa: ARG002 - the seconds do not depend on the day
        """Shift a TM value within 24 hours; empty if it is not a time.

        >>> Shift(-364, 3600).time("2330"), Shift(-364, 3600).time("093000.25")
        ('003000', '103000.25')
        """
        clock = _clock(time)
        if clock is None:
            return ""
        seconds, fraction = clock
        minutes, second = divmod((seconds + self.seconds) % 86400, 60)
        return f"{minutes // 60:02d}{minutes % 60:02d}{second:02d}{fraction}"

    def datetime(self, value: str) -> str:
        """Shift a DT value; its zone stays, a missing month or day counts as the first.

        >>> Shift(-364, 3600).datetime("20240301233000.5+0100")
        '20230304003000.5+0100'
        """
        parts = _parts(value)
        if parts is None:
            return ""
        day, time, zone = parts
        moved = _written(self._moved(day, time))
        return f"{moved}{self.time(time) if time else ''}{zone}" if moved else ""

    def _moved(self, day: dt.date, time: str) -> dt.date | None:
        clock = _clock(time)
        carry = 0 if clock is None else (clock[0] + self.seconds) // 86400
        try:
            return day + dt.timedelta(days=self.days + carry)
        except OverflowError:
            return None


def is_date(value: str) -> bool:
    """Say whether a value is a DA as the standard writes it now, or empty."""
    return value == "" or ("." not in value and _day(value) is not None)


def is_time(value: str) -> bool:
    """Say whether a value is a TM as the standard writes it now, or empty."""
    return value == "" or (":" not in value and _clock(value) is not None)


def is_datetime(value: str) -> bool:
    """Say whether a value is a DT, or empty."""
    return value == "" or _parts(value) is not None


def _written(day: dt.date | None) -> str:
    return "" if day is None else f"{day.year:04d}{day.month:02d}{day.day:02d}"


def _day(value: str) -> dt.date | None:
    found = _DATE.fullmatch(value)
    if not found:
        return None
    try:
        return dt.date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        return None


def _clock(value: str) -> tuple[int, str] | None:
    """Seconds since midnight, and the fraction as it is written."""
    found = _TIME.fullmatch(value)
    if not found:
        return None
    hour, minute, second = (int(part or 0) for part in found.groups()[:3])
    if hour > 23 or minute > 59 or second > 60:
        return None
    return 3600 * hour + 60 * minute + second, found[4] or ""


def _parts(value: str) -> tuple[dt.date, str, str] | None:
    found = _DATETIME.fullmatch(value)
    if not found:
        return None
    year, month, day, time, zone = found.groups()
    date = _day(f"{year}{month or '01'}{day or '01'}")
    if date is None or (time and _clock(time) is None):
        return None
    return date, time or "", zone or ""
