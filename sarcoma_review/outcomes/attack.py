"""What can be worked out from a published table, by linear programming."""

from collections.abc import Sequence

import numpy as np
from scipy.optimize import linprog

from sarcoma_review.errors import OutcomeError
from sarcoma_review.outcomes.inputs import Floats, Ints


def additive(counts: Ints, totals: bool | None) -> Ints:
    """Sums that hold between cells: 1 for a part, -1 for the total; one row for each sum, one column for each cell.

    Raises
    ------
    OutcomeError
        If totals are said to be there and do not add up.
    """
    rows, columns = counts.shape
    across = columns > 1 and bool((counts[:, :-1].sum(axis=1) == counts[:, -1]).all())
    down = rows > 1 and bool((counts[:-1].sum(axis=0) == counts[-1]).all())
    if totals and not (across and (down or rows == 1)):
        raise OutcomeError("the last of each row and column is said to be its total, but the counts do not add up")
    if totals is False:
        across = down = False
    sums = []
    place = np.arange(counts.size).reshape(counts.shape)
    for lines in ([*place] if across else []) + ([*place.T] if down else []):
        signs = np.zeros(counts.size, dtype=np.int64)
        signs[lines[:-1]], signs[lines[-1]] = 1, -1
        sums.append(signs)
    return np.array(sums, dtype=np.int64).reshape(-1, counts.size)


def ranges(low: Floats, high: Floats, sums: Ints, cells: Sequence[int]) -> dict[int, tuple[float, float]]:
    """Least and most that each of some cells can be, given bounds on every cell and the sums between them.

    The sums of a two-way table with whole bounds have whole corners, so that the answer is exact for counts too.
    """
    found = {}
    bounds = np.column_stack([low, high])
    for cell in cells:
        aim = np.zeros(len(low))
        aim[cell] = 1.0
        ends = []
        for sign in (1, -1):
            answer = linprog(sign * aim, A_eq=sums, b_eq=np.zeros(len(sums)), bounds=bounds, method="highs")
            ends.append(sign * answer.fun if answer.status == 0 else -sign * np.inf)
        found[int(cell)] = (float(np.round(ends[0], 6)), float(np.round(ends[1], 6)))
    return found
