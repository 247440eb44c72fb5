"""A ruler in mm on which intervals are drawn."""

import math
from collections.abc import Sequence

from sarcoma_review.present.pages import Interval

_ROUND_MM = 5.0
_STEPS_MM = (5.0, 10.0, 20.0, 50.0, 100.0)
_MOST_STEPS = 8


def scale_mm(rulers: Sequence[Interval]) -> tuple[float, float]:
    """Ends of a ruler on which every interval lies, at full steps, with 0 on it.

    Examples
    --------
    >>> scale_mm([Interval(2.8, 8.7, 14.6), Interval(-3.1, 1.0, 5.0)])
    (-5.0, 15.0)
    """
    if not rulers:
        return (0.0, _ROUND_MM)
    low, high = min(each.low for each in rulers), max(each.high for each in rulers)
    return (
        _ROUND_MM * math.floor(min(low, 0.0) / _ROUND_MM),
        _ROUND_MM * math.ceil(max(high, _ROUND_MM) / _ROUND_MM),
    )


def ticks_mm(scale: tuple[float, float]) -> list[float]:
    """Where a ruler has lines: no more than can be told apart, with one at 0.

    Examples
    --------
    >>> ticks_mm((-5.0, 25.0)), ticks_mm((0.0, 55.0))
    ([-5.0, 0.0, 5.0, 10.0, 15.0, 20.0, 25.0], [0.0, 10.0, 20.0, 30.0, 40.0, 50.0])
    """
    low, high = scale
    span = high - low
    step = next((each for each in _STEPS_MM if span / each <= _MOST_STEPS), span)
    return [step * n for n in range(math.ceil(low / step), math.floor(high / step) + 1)]
