"""Disclosure control: what may leave a centre, and what an attacker could still work out.

A small count names a patient, and so may the difference of two large ones. Tables are suppressed by a rule and then
attacked by linear programming, with everything that is published taken together.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sarcoma_review.errors import OutcomeError
from sarcoma_review.outcomes.attack import additive, ranges
from sarcoma_review.outcomes.inputs import Floats, Ints
from sarcoma_review.outcomes.survival import Curve

SMALL = "*"
"""Stands for 1 to 7 under the HES rule; for any number under the LP rule."""
WITHHELD = ".."
"""A total that is not given, as it would narrow a small count down."""
Cell = int | str
Published = list[Cell] | list[list[Cell]] | dict[str, Cell] | dict[str, dict[str, Cell]]
Counts = Sequence[int] | Sequence[Sequence[int]] | Mapping[str, int] | Mapping[str, Mapping[str, int]]
Rule = Literal["hes", "lp"]


def suppress(table: Counts, rule: Rule = "hes", *, totals: bool | None = None) -> Published:
    """Make a table of counts fit to leave a centre.

    Under ``"hes"``: 0 stays, 1 to 7 become ``"*"``, all else is rounded to the nearest 5, totals apart from their
    parts; a total that would narrow a small count down to fewer than three values becomes ``".."``. Under ``"lp"``:
    1 to 4 become ``"*"``, and more cells with them, until what can be worked out of each is 5 wide and reaches 5.

    Parameters
    ----------
    table : list, list of lists, dict, or dict of dicts of int
        Counts of people.
    rule : {"hes", "lp"}
    totals : bool, optional
        Whether the last of each row and column is the total of the others. Without it, this is so where they add up.

    Returns
    -------
    of the shape of `table`
        Cells are int or str.

    Raises
    ------
    OutcomeError
        If a cell is no count, rows differ in length, or totals do not add up.

    Notes
    -----
    A table is attacked alone here. Differences from an earlier one are for the release log of the registry.

    References
    ----------
    .. [1] NHS England (then NHS Digital), change to disclosure control methodology for Hospital Episode Statistics,
       September 2018. The step of rounding is from secondary sources; check the page.

    Examples
    --------
    >>> suppress({"osteosarcoma": 12, "chordoma": 3, "Ewing": 0})
    {'osteosarcoma': 10, 'chordoma': '*', 'Ewing': 0}
    >>> suppress([[3, 20, 23], [11, 9, 20], [14, 29, 43]], "lp")
    [['*', '*', 23], ['*', '*', 20], [14, 29, 43]]
    """
    counts = _matrix(table)
    sums = additive(counts, totals)
    if rule == "hes":
        return _shaped(table, _hes(counts, sums))
    if rule == "lp":
        return _shaped(table, _hidden_until_protected(counts, sums))
    raise OutcomeError(f"the rule of disclosure is hes or lp; found {rule}")


def hes(count: int) -> Cell:
    """One count under the HES rule.

    Examples
    --------
    >>> [hes(count) for count in (0, 1, 7, 8, 12, 13)]
    [0, '*', '*', 10, 10, 15]
    """
    if 1 <= count <= 7:
        return SMALL
    return 5 * round(count / 5)


def differs_by_few(earlier: Counts, later: Counts) -> bool:
    """Whether a count of 1 to 4 people shows as the difference of two tables of one shape.

    Examples
    --------
    >>> differs_by_few([40, 12], [40, 15]), differs_by_few([40, 12], [40, 18])
    (True, False)
    """
    first, second = _matrix(earlier), _matrix(later)
    if first.shape != second.shape:
        return False
    difference = np.abs(first - second)
    return bool(((difference > 0) & (difference < 5)).any())


def smallest_group(rows: Sequence[Sequence[Hashable]]) -> int:
    """How many people share the rarest combination of facts: the k of k-anonymity; 0 for no rows.

    Examples
    --------
    >>> smallest_group([("femur", "high"), ("femur", "high"), ("sacrum", "low")])
    1
    """
    counts: dict[tuple[Hashable, ...], int] = {}
    for row in rows:
        counts[tuple(row)] = counts.get(tuple(row), 0) + 1
    return min(counts.values(), default=0)


@dataclass(frozen=True)
class CoarseCurve:
    """A curve that may leave a centre.

    Parameters
    ----------
    time, estimate, lower, upper : tuple of float
        At whole steps only; limits are not numbers where the curve has none.
    at_risk : tuple
        Under the HES rule.
    cut_at : float or None
        Time from which fewer were at risk than may be shown.
    """

    time: tuple[float, ...]
    estimate: tuple[float, ...]
    lower: tuple[float, ...]
    upper: tuple[float, ...]
    at_risk: tuple[Cell, ...]
    cut_at: float | None


def coarsen(curve: Curve, *, step: float, fewest_at_risk: int = 10) -> CoarseCurve:
    """Read a curve at whole steps and cut it where few are at risk: a step on an odd day names a patient.

    Parameters
    ----------
    curve : Curve
    step : float
        A month or a quarter, in the unit of the curve.
    fewest_at_risk : int, default: 10

    Raises
    ------
    OutcomeError
        If the step is not above 0, or too few were at risk from the start.

    Examples
    --------
    >>> from sarcoma_review.outcomes import kaplan_meier
    >>> coarse = coarsen(kaplan_meier(range(1, 41), [1] * 40), step=10)
    >>> coarse.time, coarse.at_risk, coarse.cut_at
    ((0.0, 10.0, 20.0, 30.0), (40, 30, 20, 10), 40.0)
    """
    if not step > 0:
        raise OutcomeError(f"the step of a coarsened curve is above 0; found {step:g}")
    grid = np.arange(0.0, curve.time[-1] + step, step)
    # At risk just after each step, so that an event on it counts as gone.
    place = np.searchsorted(curve.time, grid, side="right")
    later = np.concatenate([curve.at_risk, [0.0]])[place]
    shown = later >= fewest_at_risk
    if not shown[0]:
        raise OutcomeError(f"a curve of fewer than {fewest_at_risk} people may not leave a centre")
    count = int(np.argmin(shown)) if not shown.all() else grid.size
    read = [curve.interval_at(float(time)) for time in grid[:count]]
    estimate, lower, upper = (tuple(round(value, 3) for value in values) for values in zip(*read, strict=True))
    at_risk = tuple(hes(int(number)) for number in later[:count])
    cut_at = float(grid[count]) if count < grid.size else None
    return CoarseCurve(tuple(map(float, grid[:count])), estimate, lower, upper, at_risk, cut_at)


def _matrix(table: Counts) -> Ints:
    rows = list(table.values()) if isinstance(table, Mapping) else list(table)
    cells = [list(row.values()) if isinstance(row, Mapping) else row for row in rows]
    try:
        found = np.array(cells)
    except ValueError:
        raise OutcomeError("a table of counts has rows of one length") from None
    if found.dtype.kind not in "iu" or found.ndim not in (1, 2) or not found.size or (found < 0).any():
        raise OutcomeError("a table of counts is a list or a list of lists of whole numbers from 0 on")
    return np.atleast_2d(found).astype(np.int64)


def _shaped(table: Counts, cells: list[list[Cell]]) -> Published:
    if not isinstance(table, Mapping):
        return cells[0] if np.isscalar(table[0]) else cells
    flat = iter(_flat(cells))
    nested: dict[str, dict[str, Cell]] = {}
    simple: dict[str, Cell] = {}
    for key, row in table.items():
        if isinstance(row, Mapping):
            nested[key] = {inner: next(flat) for inner in row}
        else:
            simple[key] = next(flat)
    return nested or simple


def _hes(counts: Ints, sums: Ints) -> list[list[Cell]]:
    cells: list[list[Cell]] = [[hes(int(count)) for count in row] for row in counts]
    for _ in range(counts.size if len(sums) else 0):
        low, high = _hes_bounds(cells)
        found = ranges(low, high, sums, [i for i, c in enumerate(_flat(cells)) if c == SMALL])
        narrow = [index for index, (least, most) in found.items() if most - least < 2]
        if not narrow:
            break
        # First the totals of the narrow cells themselves, then any other: a grand total reaches through them.
        order = sorted(sums, key=lambda members: not members[narrow].any())
        shown = [_total(members) for members in order if _cell(cells, _total(members)) != WITHHELD]
        if not shown:
            break
        row, column = divmod(shown[0], counts.shape[1])
        cells[row][column] = WITHHELD
    return cells


def _flat(cells: list[list[Cell]]) -> list[Cell]:
    return [cell for row in cells for cell in row]


def _total(sum_: Ints) -> int:
    return int(np.argmin(sum_))


def _cell(cells: list[list[Cell]], index: int) -> Cell:
    return cells[index // len(cells[0])][index % len(cells[0])]


def _hes_bounds(cells: list[list[Cell]]) -> tuple[Floats, Floats]:
    flat = _flat(cells)
    bounds = [
        (1, 7) if c == SMALL else (0, np.inf) if isinstance(c, str) else (max(8, c - 2), c + 2) if c else (0, 0)
        for c in flat
    ]
    return np.array([b[0] for b in bounds], dtype=float), np.array([b[1] for b in bounds], dtype=float)


def _hidden_until_protected(counts: Ints, sums: Ints) -> list[list[Cell]]:
    flat = counts.ravel()
    small = (flat > 0) & (flat < 5)
    hidden = small.copy()
    while len(sums):
        low = np.where(hidden, 0.0, flat)
        high = np.where(hidden, np.inf, flat)
        found = ranges(low, high, sums, list(np.flatnonzero(hidden)))
        bare = [index for index, (least, most) in found.items() if not _protected(least, most, bool(small[index]))]
        if not bare or hidden.all():
            break
        hidden[_next_to_hide(bare, flat, hidden, sums)] = True
    cells: list[Cell] = [SMALL if hide else int(count) for count, hide in zip(flat, hidden, strict=True)]
    width = counts.shape[1]
    return [cells[start : start + width] for start in range(0, len(cells), width)]


def _protected(least: float, most: float, small: bool) -> bool:
    return most - least >= 5 if small else most - least >= 1


def _next_to_hide(bare: list[int], flat: Ints, hidden: NDArray[np.bool_], sums: Ints) -> int:
    """The smallest count that shares a sum with a bare cell.

    From the sum with the fewest hidden, as a blank alone in its row is no secret; no 0 and no total if it can be.
    """
    is_total = np.asarray((sums < 0).any(axis=0))
    for own in sorted((s != 0 for s in sums if s[bare].any()), key=lambda members: int(hidden[members].sum())):
        free = np.flatnonzero(own & ~hidden)
        if free.size:
            return int(min(free, key=lambda place: (is_total[place], flat[place] == 0, flat[place])))
    return int(np.flatnonzero(~hidden)[np.argmin(flat[~hidden])])
