"""Follow-up as arrays: checked once, ties settled once, for every estimator."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sarcoma_review.errors import OutcomeError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class FollowUp:
    """Times of one group: entry < duration, cause 0 where censored."""

    entry: Floats
    duration: Floats
    cause: Ints
    delayed: bool


@dataclass(frozen=True)
class Steps:
    """What happens at each distinct time.

    Parameters
    ----------
    time : array of float, shape (k,)
    at_risk : array of float, shape (k,)
        Just before each time.
    events : array of float, shape (causes, k)
    """

    time: Floats
    at_risk: Floats
    events: Floats


def follow_up(durations: ArrayLike, causes: ArrayLike, entry: ArrayLike | None = None) -> FollowUp:
    """Check times and causes, and settle ties.

    Two times that differ by rounding alone (1.5e-8, absolute or of their mean) are one time: months made by
    division are not whole numbers any more, and an event would else be taken for later than its own censoring.

    Raises
    ------
    OutcomeError
        If lengths differ, nobody is there, a time is negative or not a number, a cause is not a whole number from
        0, or somebody enters at or after the end.
    """
    duration = numbers(durations, "a time")
    cause = _causes(causes)
    start = np.zeros_like(duration) if entry is None else numbers(entry, "a time of entry")
    if duration.ndim != 1 or not duration.shape == cause.shape == start.shape:
        raise OutcomeError(
            f"times and events are lists of one length; found shapes {duration.shape}, {cause.shape}, {start.shape}"
        )
    if not duration.size:
        raise OutcomeError("nobody was followed: at least one time is needed, found none")
    if not (
        np.isfinite(duration).all() and np.isfinite(start).all() and (duration >= 0).all() and (start >= 0).all()
    ):
        raise OutcomeError("a time is a number from 0 on; found one that is negative, missing or infinite")
    if cause.dtype.kind not in "biuf" or not (np.isin(cause, np.arange(256))).all():
        raise OutcomeError("a cause is 0 for censored or a whole number from 1 on; found something else")
    if entry is None:
        return FollowUp(start, _merge_ties(duration), cause.astype(np.int64), delayed=False)
    merged = _merge_ties(np.concatenate([start, duration]))
    start, duration = merged[: duration.size], merged[duration.size :]
    if (start >= duration).any():
        raise OutcomeError("entry comes before the end of follow-up; found somebody who enters at or after it")
    return FollowUp(start, duration, cause.astype(np.int64), delayed=True)


def numbers(values: ArrayLike, what: str) -> Floats:
    """Values as floats; a date, a masked value or a word is none."""
    try:
        found = np.asarray(values)
        if found.dtype.kind in "mMc" or np.ma.is_masked(values):
            raise TypeError
        return found.astype(float)
    except (TypeError, ValueError):
        raise OutcomeError(f"{what} is a number; found something else, or lists of unequal length") from None


def group_codes(groups: ArrayLike, size: int, what: str) -> tuple[Ints, list[str]]:
    """Groups as numbers, with their names in sorted order.

    Raises
    ------
    OutcomeError
        If somebody has no group: whom to leave out is the caller's to say.
    """
    values = np.asarray(groups)
    if values.shape != (size,):
        raise OutcomeError(f"each person has one {what}: expected {size} values, found shape {values.shape}")
    # A list of words and a missing number would become words, the missing one too: so each is looked at as it came.
    if values.dtype.kind not in "biu" and any(_is_missing(value) for value in np.asarray(groups, dtype=object)):
        raise OutcomeError(f"each person has one {what}; found somebody without")
    names, codes = np.unique(values.astype(str) if values.dtype.kind == "O" else values, return_inverse=True)
    return codes.astype(np.int64), [str(name) for name in names]


def steps(people: FollowUp, causes: int) -> Steps:
    """Numbers at risk and events of each cause at each distinct time; entry at t is at risk after t."""
    time, place = np.unique(people.duration, return_inverse=True)
    at_risk = people.duration.size - np.searchsorted(np.sort(people.duration), time, side="left")
    if people.delayed:
        at_risk -= people.duration.size - np.searchsorted(np.sort(people.entry), time, side="left")
    events = np.stack([np.bincount(place[people.cause == c], minlength=time.size) for c in range(1, causes + 1)])
    return Steps(time, at_risk.astype(float), events.astype(float))


def ratio(numerator: Floats, denominator: Floats) -> Floats:
    """Zero where nobody is at risk; a denominator of 1 - 1, but for rounding, is nobody."""
    numerator, denominator = np.broadcast_arrays(numerator, denominator)
    return np.divide(numerator, denominator, out=np.zeros(numerator.shape), where=denominator > 1e-12)


def tied(events: Floats, at_risk: Floats) -> Floats:
    """By how much several events at one time lessen a variance."""
    return 1 - ratio(np.maximum(events - 1, 0.0), at_risk - 1)


def _causes(values: ArrayLike) -> NDArray[np.generic]:
    """Causes as an array; columns that can hold missing values come as objects even where none is missing."""
    try:
        found = np.asarray(values)
        return np.array(found.tolist()) if found.dtype.kind == "O" else found
    except ValueError:
        raise OutcomeError("causes are one list of whole numbers; found lists of unequal length") from None


def _is_missing(value: object) -> bool:
    if isinstance(value, float):
        return bool(np.isnan(value))
    return value is None or type(value).__name__ in ("NAType", "NaTType")  # those of pandas


def _merge_ties(times: Floats) -> Floats:
    values = np.unique(times)
    tolerance = np.sqrt(np.finfo(float).eps)
    gaps = np.diff(values)
    scale = np.abs(values).mean() or 1.0
    same = np.concatenate([[False], (gaps <= tolerance) | (gaps / scale <= tolerance)])
    kept = values[~same]
    return np.asarray(kept[np.searchsorted(kept, times, side="right") - 1], dtype=float)
