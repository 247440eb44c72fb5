"""From dated events to times: time zero, event, competing causes and the data cut are said, never implied."""

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from operator import itemgetter
from typing import Literal

from sarcoma_review.errors import OutcomeError

Precision = Literal["day", "month", "year"]
YEAR_DAYS = 365.25
"""Days of a year, where times are counted in days."""


def day_range(day: date, precision: Precision) -> tuple[date, date]:
    """First and last day on which something may have been that is dated to the day, the month or the year.

    Examples
    --------
    >>> [str(day) for day in day_range(date(2028, 2, 10), "month")]
    ['2028-02-01', '2028-02-29']
    """
    if precision == "month":
        return day.replace(day=1), day.replace(day=monthrange(day.year, day.month)[1])
    return (day, day) if precision == "day" else (date(day.year, 1, 1), date(day.year, 12, 31))


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happened to a patient, on a date known to the day, the month or the year.

    `type` is a word of the registry: ``operation``, ``diagnosis``, ``local_recurrence``, ``death`` and so on.
    """

    type: str
    day: date
    precision: Precision = "day"

    @property
    def settled(self) -> date:
        """The day to count with: the middle of the month or year where no more is known."""
        if self.precision == "day":
            return self.day
        return self.day.replace(day=15) if self.precision == "month" else date(self.day.year, 7, 1)

    @property
    def range(self) -> tuple[date, date]:
        """First and last day on which it may have been."""
        return day_range(self.day, self.precision)

    def by(self, cut: date) -> date | None:
        """The day to count with at a data cut, which is not after the cut; none where it lies after it for certain.

        What is known to the month or year of the cut was recorded by then, and so has happened.
        """
        if self.precision == "day":
            return self.day if self.day <= cut else None
        return min(self.settled, cut) if self.range[0] <= cut else None


@dataclass(frozen=True)
class Endpoint:
    """What is counted, from when, and what can come first.

    Parameters
    ----------
    name : str
    time_zero : str
        Type of the happening from which time runs; the first one.
    events : tuple of str
        Whichever comes first is the event, cause 1.
    competing : tuple of str
        Each ends the chance of the event; causes 2 and on, in this order.
    net_risk : str
        What one minus Kaplan-Meier would answer here, printed beside it.
    """

    name: str
    time_zero: str
    events: tuple[str, ...]
    competing: tuple[str, ...] = ()
    net_risk: str = "the risk if nobody died first"


ENDPOINTS = {
    endpoint.name: endpoint
    for endpoint in (
        Endpoint("local_recurrence", "operation", ("local_recurrence",), ("death", "amputation")),
        Endpoint("metastasis", "operation", ("metastasis",), ("death",)),
        Endpoint("overall_survival", "diagnosis", ("death",)),
        Endpoint("event_free_survival", "operation", ("local_recurrence", "metastasis", "death")),
        Endpoint("amputation", "operation", ("amputation",), ("death",)),
        Endpoint("implant", "operation", ("loosening", "loss_of_prosthesis", "revision"), ("death", "amputation")),
        Endpoint(
            "infection",
            "operation",
            ("wound_infection_deep", "wound_infection_periprosthetic"),
            ("death", "amputation", "loss_of_prosthesis"),
        ),
        Endpoint(
            "wound_infection",
            "operation",
            (
                "wound_infection",
                "wound_infection_superficial",
                "wound_infection_deep",
                "wound_infection_periprosthetic",
            ),
            ("death", "amputation"),
        ),
    )
}
"""The endpoints of the project, by name. An amputation ends the chance of a recurrence in the limb, as death does."""


@dataclass(frozen=True)
class TimeToEvent:
    """One patient's time: time zero, days from it, and the cause that ended it (0 censored)."""

    zero: date
    days: int
    cause: int


def time_to_event(endpoint: Endpoint, happenings: Sequence[Happening], *, as_of: date) -> TimeToEvent:
    """Days from time zero to the first event, competing event, last contact or data cut.

    Parameters
    ----------
    endpoint : Endpoint
    happenings : sequence of Happening
        Of one patient, in any order. Everything dated counts as contact.
    as_of : date
        The data cut; what is dated after it is not looked at. What is dated to the month or the year of the cut
        counts as having happened by then.

    Returns
    -------
    TimeToEvent
        An event and a competing event on one day count as the event.

    Raises
    ------
    OutcomeError
        If there is no time zero by the cut, or the event came before it.

    Examples
    --------
    >>> seen = [Happening("operation", date(2026, 1, 1)), Happening("death", date(2026, 3, 2))]
    >>> time_to_event(ENDPOINTS["local_recurrence"], seen, as_of=date(2027, 1, 1))
    TimeToEvent(zero=datetime.date(2026, 1, 1), days=60, cause=2)
    """
    starts = [(day, h) for h in happenings if h.type == endpoint.time_zero and (day := h.by(as_of))]
    if not starts:
        raise OutcomeError(f"{endpoint.name} runs from the {endpoint.time_zero}; none is recorded by the data cut")
    zero, start = min(starts, key=itemgetter(0))
    first, last = dict[str, date](), zero
    for happening in happenings:
        day = happening.by(as_of)
        if day is None:
            continue
        # Of two days of which one is coarse, neither is taken for the earlier where their ranges meet.
        if day < zero and happening.range[1] >= start.range[0]:
            day = zero
        earlier = first.get(happening.type)
        # Comparisons, not min and max: this runs for every event of a registry, for every endpoint.
        if earlier is None or day < earlier:
            first[happening.type] = day
        if day > last:
            last = day
    own = min([first[type_] for type_ in endpoint.events if type_ in first], default=None)
    if own is not None and own < zero:
        raise OutcomeError(f"{endpoint.name}: the event is dated before the {endpoint.time_zero}")
    ending = own, *[first.get(type_) for type_ in endpoint.competing]
    reached = [(day, cause) for cause, day in enumerate(ending, start=1) if day is not None and zero <= day]
    day, cause = min(reached, default=(last, 0))
    return TimeToEvent(zero, (day - zero).days, cause)
