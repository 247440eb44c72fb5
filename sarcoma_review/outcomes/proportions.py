"""Proportions at small numbers, with intervals that hold there."""

import numpy as np
from scipy.special import betaincinv, ndtri

from sarcoma_review.errors import OutcomeError


def clopper_pearson(events: int, people: int, *, level: float = 0.95) -> tuple[float, float]:
    """Exact interval of a proportion: never covers less than its level, and is wide at small numbers.

    Raises
    ------
    OutcomeError
        If there are more events than people, or nobody.

    References
    ----------
    .. [1] Clopper CJ, Pearson ES. The use of confidence or fiducial limits illustrated in the case of the binomial.
       Biometrika. 1934;26:404-413.

    Examples
    --------
    >>> [round(limit, 3) for limit in clopper_pearson(0, 12)]
    [0.0, 0.265]
    """
    _require_counts(events, people)
    tail = (1 - level) / 2
    low = 0.0 if events == 0 else float(betaincinv(events, people - events + 1, tail))
    high = 1.0 if events == people else float(betaincinv(events + 1, people - events, 1 - tail))
    return low, high


def wilson(events: int, people: int, *, level: float = 0.95) -> tuple[float, float]:
    """Score interval of a proportion: covers its level on average.

    Raises
    ------
    OutcomeError
        If there are more events than people, or nobody.

    References
    ----------
    .. [1] Wilson EB. Probable inference, the law of succession, and statistical inference. J Am Stat Assoc.
       1927;22:209-212.

    Examples
    --------
    >>> [round(limit, 3) for limit in wilson(1, 12)]
    [0.015, 0.354]
    """
    _require_counts(events, people)
    z = float(ndtri(0.5 + level / 2))
    share = events / people
    centre = (share + z * z / (2 * people)) / (1 + z * z / people)
    half = z / (1 + z * z / people) * np.sqrt(share * (1 - share) / people + z * z / (4 * people * people))
    # At none or all the limit is 0 or 1 by algebra; rounding must not leave it a hair away.
    low = 0.0 if events == 0 else float(centre - half)
    return low, 1.0 if events == people else float(centre + half)


def _require_counts(events: int, people: int) -> None:
    if people < 1 or not 0 <= events <= people:
        raise OutcomeError(f"events are 0 to the number of people, of whom there is one; found {events} of {people}")
