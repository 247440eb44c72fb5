"""Figures of a network that its rules ask for."""

from collections.abc import Collection, Sequence
from itertools import pairwise


def representative_continuity(attendance: Sequence[Collection[str]]) -> float | None:
    """Share of a unit's meetings with somebody from the unit who was at the unit's previous one.

    Parameters
    ----------
    attendance : sequence of collections of str
        For each meeting the unit was represented at, oldest first, who came, by pseudonym.

    Returns
    -------
    float or None
        From 0 to 1; None with fewer than two meetings, where there is nothing to compare. The first meeting has no
        previous one and does not count. With few meetings the share jumps; it is shown to the group, not ranked.

    Raises
    ------
    ValueError
        If a meeting has nobody.

    Examples
    --------
    >>> representative_continuity([{"a"}, {"a", "b"}, {"c"}])
    0.5
    """
    if not all(attendance):
        raise ValueError("expected at least one person at each meeting of the unit, found a meeting with nobody")
    if len(attendance) < 2:
        return None
    shared = [bool(set(now) & set(before)) for before, now in pairwise(attendance)]
    return sum(shared) / len(shared)
