import itertools
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import linprog

from sarcoma_review.outcomes import OutcomeError, coarsen, differs_by_few, kaplan_meier, smallest_group, suppress
from sarcoma_review.outcomes.disclosure import Rule


def test_each_count_follows_the_rule_for_hospital_statistics() -> None:
    assert suppress(list(range(14))) == [0, *["*"] * 7, 10, 10, 10, 10, 10, 15]


def test_a_table_keeps_its_shape_and_its_labels() -> None:
    assert suppress({"A": {"high": 22, "low": 3}, "B": {"high": 0, "low": 9}}) == {
        "A": {"high": 20, "low": "*"},
        "B": {"high": 0, "low": 10},
    }
    assert suppress(np.array([[3, 30], [18, 0]]).tolist()) == [["*", 30], [20, 0]]


def test_a_total_that_gives_small_counts_away_is_withheld() -> None:
    # Seven ones: a total of 7 is shown as 1 to 7, and seven cells of at least one each can then only be ones.
    row = suppress([1] * 7 + [7])
    assert row == ["*"] * 7 + [".."]
    # Four sevens: 28 is shown as 30, that is 28 to 32, and four cells of at most seven can then only be sevens.
    assert suppress([7, 7, 7, 7, 28]) == ["*", "*", "*", "*", ".."]
    assert suppress([3, 2, 40, 45]) == ["*", "*", 40, 45]


def every_value(shown: list[list[int | str]], most: int, rule: str) -> dict[tuple[int, int], int]:
    """How many values each starred inner cell of a 2 x 2 table with totals can have: by trying every table."""
    a, b, c, d = np.indices((most + 1,) * 4).reshape(4, -1)
    full = [[a, b, a + b], [c, d, c + d], [a + c, b + d, a + b + c + d]]
    agrees = np.ones(a.size, dtype=bool)
    for i, j in itertools.product(range(3), repeat=2):
        agrees &= fits(shown[i][j], full[i][j], rule)
    inner = [(i, j) for i, j in itertools.product(range(2), repeat=2) if shown[i][j] == "*"]
    return {(i, j): len(np.unique(full[i][j][agrees])) for i, j in inner}


def fits(shown: int | str, count: NDArray[np.int64], rule: str) -> NDArray[np.bool_]:
    """Which true counts a published cell can stand for."""
    if shown == "*" and rule == "hes":
        return np.asarray((count >= 1) & (count <= 7))
    if isinstance(shown, str):
        return np.ones(count.size, dtype=bool)
    if rule == "lp" or shown == 0:
        return np.asarray(count == shown)
    return np.asarray((count > 7) & (np.abs(count - shown) <= 2))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 12), min_size=4, max_size=4))
@example([7, 7, 7, 7])
@example([1, 1, 1, 1])
def test_nobody_can_work_out_a_small_count_by_trying_every_table(cells: list[int]) -> None:
    a, b, c, d = cells
    table = [[a, b, a + b], [c, d, c + d], [a + c, b + d, a + b + c + d]]
    hes: Any = suppress(table, totals=True)
    assert all(values >= 3 for values in every_value(hes, 14, "hes").values())
    lp: Any = suppress(table, "lp", totals=True)
    for (i, j), values in every_value(lp, 20, "lp").items():
        assert values >= (6 if 1 <= table[i][j] <= 4 else 2)


def test_what_is_shown_under_the_lp_rule_is_true() -> None:
    table = [[3, 20, 23], [11, 9, 20], [14, 29, 43]]
    shown = suppress(table, "lp")
    assert shown == [["*", "*", 23], ["*", "*", 20], [14, 29, 43]]
    assert suppress([[30, 20], [11, 9]], "lp") == [[30, 20], [11, 9]]


def test_a_difference_of_a_few_people_between_two_releases_shows() -> None:
    assert differs_by_few([[40, 12], [30, 9]], [[40, 12], [30, 11]])
    assert not differs_by_few([40, 12], [40, 12])
    assert not differs_by_few([40, 12], [46, 12])
    assert not differs_by_few([40], [41, 2])


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ([[1, 2], [3]], "rows of one length"),
        ([1.5, 2], "whole numbers from 0 on"),
        ([-1], "whole numbers from 0 on"),
        ([], "whole numbers from 0 on"),
    ],
)
def test_what_is_no_table_of_counts_is_refused(table: list[int], message: str) -> None:
    with pytest.raises(OutcomeError, match=message):
        suppress(table)


def test_totals_that_do_not_add_up_and_unknown_rules_are_refused() -> None:
    with pytest.raises(OutcomeError, match="the counts do not add up"):
        suppress([[1, 2, 4], [1, 1, 2], [2, 3, 5]], totals=True)
    with pytest.raises(OutcomeError, match="rule of disclosure is hes or lp; found none"):
        suppress([1], "none")  # type: ignore[arg-type]


def test_the_rarest_combination_decides_whether_a_list_may_leave() -> None:
    assert smallest_group([("femur", "high")] * 5 + [("tibia", "high")] * 2) == 2
    assert smallest_group([]) == 0


def test_a_curve_that_leaves_has_whole_steps_and_no_tail() -> None:
    days = [31, 64, 95, 118, 160, 200, 240, 300, 330, 360, 380, 400]
    coarse = coarsen(kaplan_meier(days, [1] * 12), step=91, fewest_at_risk=5)
    assert coarse.time == (0.0, 91.0, 182.0, 273.0)
    assert coarse.estimate == (1.0, 0.833, 0.583, 0.417)
    assert coarse.at_risk == (10, 10, "*", "*")
    assert coarse.cut_at == 364
    with pytest.raises(OutcomeError, match="fewer than 10 people may not leave"):
        coarsen(kaplan_meier([1, 2], [1, 1]), step=1)


Tables = list[list[list[int | str]]]


def least_and_most(cell: int | str, rule: str) -> tuple[float, float | None]:
    """What an attacker knows of a cell from the rule alone."""
    if isinstance(cell, str):
        return (1, 7) if cell == "*" and rule == "hes" else (0, None)
    return (cell, cell) if rule == "lp" or cell == 0 else (max(8, cell - 2), cell + 2)


def worked_out(releases: Tables, rule: str) -> int:
    """Hidden cells that a linear programme pins down from all releases together; later counts are no less."""
    rows, columns = len(releases[0]), len(releases[0][0])
    size, total = rows * columns, len(releases) * rows * columns
    place = np.arange(total).reshape(len(releases), rows, columns)
    lines = [line for table in place for line in (*table, *table.T)]
    sums = np.zeros((len(lines), total))
    for row, line in zip(sums, lines, strict=True):
        row[line[:-1]], row[line[-1]] = 1, -1
    later = np.hstack([np.eye(size), -np.eye(size)]) if len(releases) == 2 else np.zeros((0, total))
    cells = [cell for table in releases for row in table for cell in row]
    found = 0
    for at in [n for n, cell in enumerate(cells) if cell == "*"]:
        aim = np.eye(total)[at]
        limits = [least_and_most(cell, rule) for cell in cells]
        ends = [linprog(s * aim, later, np.zeros(len(later)), sums, np.zeros(len(sums)), limits) for s in (1, -1)]
        found += all(end.status == 0 for end in ends) and -ends[1].fun - ends[0].fun < 0.999
    return found


def with_totals(inner: NDArray[np.int64]) -> list[list[int]]:
    rows = np.hstack([inner, inner.sum(axis=1, keepdims=True)])
    found: list[list[int]] = np.vstack([rows, rows.sum(axis=0)]).tolist()
    return found


def test_the_attacker_works_out_what_is_hidden_badly() -> None:
    # Hiding the small cells alone is no protection: the totals give them back.
    assert worked_out([[["*", 20, 23], [11, 9, 20], [14, 29, 43]]], "lp") == 1


@pytest.mark.parametrize("rule", ["hes", "lp"])
def test_an_attacker_with_a_linear_programme_works_out_nothing_even_from_two_releases(rule: Rule) -> None:
    rng, hidden, second = np.random.default_rng(11), 0, 0
    for _ in range(25):
        first = rng.poisson(rng.gamma(1, 8, (3, 3)))
        tables = [with_totals(first), with_totals(first + rng.poisson(rng.choice([0.2, 12.0]), (3, 3)))]
        shown: Tables = [suppress(table, rule, totals=True) for table in tables]  # type: ignore[misc]
        published = shown if not differs_by_few(*tables) else shown[:1]
        hidden += sum(cell == "*" for table in published for row in table for cell in row)
        second += len(published) == 2
        assert worked_out(published, rule) == 0
    assert hidden > 25
    assert second > 0
