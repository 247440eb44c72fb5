"""A case's time line as a figure, in weeks from diagnosis: it names no day of the patient's."""

import calendar
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from matplotlib.axes import Axes

from sarcoma_review.errors import PresentationError
from sarcoma_review.present.afterwards import week_words
from sarcoma_review.present.figure_style import BLUE, GREEN, GREY, PALE, VERMILION, blank, image, key, plain
from sarcoma_review.present.figures import KeyImage
from sarcoma_review.present.legible import legible, lettered

Kind = Literal["imaging", "treatment", "event"]
_MARKS = {"imaging": (BLUE, "s"), "treatment": (GREEN, "o"), "event": (VERMILION, "D")}
_WIDTH, _ROW, _AROUND = 9.0, 0.36, 1.05  # inches
_LONGEST = 70
MOST_MOMENTS = 24
_WEEKS_A_YEAR = 365.25 / 7
_YEARS_FROM = 156  # weeks, from which the axis is in years


@dataclass(frozen=True)
class Moment:
    """Something that happened, as far as it is known when.

    Parameters
    ----------
    what : str
    weeks : (float, float)
        First and last week from diagnosis between which it lies, or through which it went on.
    kind : {"imaging", "treatment", "event"}
    coarse : bool
        Whether the two weeks are the ends of what is known, and not of what went on.
    """

    what: str
    weeks: tuple[float, float]
    kind: Kind = "event"
    coarse: bool = False

    @property
    def when(self) -> str:
        """The weeks in words.

        Examples
        --------
        >>> Moment("biopsy", (0, 0)).when, Moment("chemotherapy", (2, 12), "treatment").when
        ('week 0', 'weeks +2 to +12')
        >>> Moment("pain", (-9.6, -5.2), coarse=True).when
        'between week −10 and −5'
        """
        digits = 0 if self.coarse else 1
        first, last = (week_words(round(week, digits)) for week in self.weeks)
        if first == last:
            return f"week {first}"
        return f"between week {first} and {last}" if self.coarse else f"weeks {first} to {last}"


def on_day(
    what: str, day: date, *, diagnosis: date, precision: Literal["day", "month", "year"] = "day", kind: Kind = "event"
) -> Moment:
    """Give a moment from a date known to the day, the month or the year; the date itself is not kept.

    Parameters
    ----------
    what : str
    day : date
        As far as `precision` says.
    diagnosis : date
        Counted from.
    precision : {"day", "month", "year"}
    kind : {"imaging", "treatment", "event"}

    Examples
    --------
    >>> on_day("relapse", date(2026, 3, 1), diagnosis=date(2026, 1, 5), precision="month").weeks
    (7.857142857142857, 12.142857142857142)
    """
    first, last = day, day
    if precision == "month":
        first, last = day.replace(day=1), day.replace(day=calendar.monthrange(day.year, day.month)[1])
    elif precision == "year":
        first, last = date(day.year, 1, 1), date(day.year, 12, 31)
    weeks = ((first - diagnosis).days / 7, (last - diagnosis).days / 7)
    return Moment(what, weeks, kind, coarse=precision != "day")


def time_line_figure(moments: Sequence[Moment]) -> KeyImage:
    """Draw a time line: each moment in a row, with its weeks beside it.

    Parameters
    ----------
    moments : sequence of Moment
        In any order; up to 24.

    Raises
    ------
    PresentationError
        If there is none or there are too many, or one ends before it begins.
    """
    if not 1 <= len(moments) <= MOST_MOMENTS:
        raise PresentationError(f"a time line shows 1 to {MOST_MOMENTS} moments, found {len(moments)}")
    if backward := [each for each in moments if each.weeks[0] > each.weeks[1]]:
        first, last = backward[0].weeks
        raise PresentationError(f"a moment of a time line ends in week {last:g}, before it begins in week {first:g}")
    rows = sorted(moments, key=lambda each: each.weeks)
    figure, axes = blank(_WIDTH, _AROUND + _ROW * len(rows))
    low, high = _span(rows)
    axes.axvline(0, color=GREY, lw=1.2)
    for place, each in enumerate(rows):
        _row(axes, each, place, (low, high))
    axes.set(xlim=(low, high), ylim=(len(rows) - 0.4, -0.9), yticks=range(len(rows)))
    axes.set_yticklabels([each.when for each in rows])
    axes.annotate("diagnosis", (0, -0.9), (4, -3), textcoords="offset points", fontsize=8.5, color=GREY, va="top")
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    _scale(axes, high - low)
    _key(axes, rows)
    plain(axes, letters=9)
    said = "; ".join(f"{each.when}, {legible(each.what)} ({each.kind})" for each in rows)
    return image(figure, "Time line, in weeks from diagnosis", f"Time line. {said}")


def _span(rows: Sequence[Moment]) -> tuple[float, float]:
    """From first to last, and room for the words."""
    low, high = min(0.0, rows[0].weeks[0]), max(1.0, *(each.weeks[1] for each in rows))
    return low - 0.03 * (high - low), high + 0.05 * (high - low)


def _row(axes: Axes, each: Moment, place: int, ends: tuple[float, float]) -> None:
    colour, mark = _MARKS[each.kind]
    first, last = each.weeks
    axes.axhline(place, color=PALE, lw=0.6, zorder=0)
    if last > first:
        style: dict[str, Any] = {"alpha": 0.45, "hatch": "////"} if each.coarse else {"alpha": 1.0}
        axes.barh(place, last - first, left=first, height=0.42, color=colour, edgecolor="white", **style)
    else:
        axes.plot(first, place, mark, color=colour, ms=8, clip_on=False)
    left = (first + last) / 2 > sum(ends) / 2
    side = (first, (-8, 0), "right") if left else (last, (8, 0), "left")
    words: dict[str, Any] = {"fontsize": 9.5, "va": "center", "ha": side[2], "parse_math": False}
    text = axes.annotate(
        lettered(each.what, _LONGEST), (side[0], place), side[1], textcoords="offset points", **words
    )
    text.set_bbox({"facecolor": "white", "edgecolor": "none", "pad": 1.0})


def _scale(axes: Axes, weeks: float) -> None:
    if weeks < _YEARS_FROM:
        axes.set_xlabel("weeks from diagnosis")
        return
    low, high = axes.get_xlim()
    years = range(int(low / _WEEKS_A_YEAR), int(high / _WEEKS_A_YEAR) + 1)
    axes.set_xticks([year * _WEEKS_A_YEAR for year in years], [str(year) for year in years])
    axes.set_xlabel("years from diagnosis")


def _key(axes: Axes, rows: Sequence[Moment]) -> None:
    kinds = {each.kind for each in rows}
    for kind, (colour, mark) in _MARKS.items():
        if kind in kinds and len(kinds) > 1:
            axes.plot([], [], mark, color=colour, ms=7, label=kind)
    if any(each.coarse for each in rows):
        axes.barh(-9, 0, color=GREY, alpha=0.45, hatch="////", edgecolor="white", label="not known nearer")
    if axes.get_legend_handles_labels()[0]:
        key(axes, ncols=4, fontsize=8.5, handletextpad=0.4)
