"""Alternatives as a value: nothing done by hand is lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sarcoma_review.errors import PlanError
from sarcoma_review.planning import Plane, ResectionPlan
from sarcoma_review.widgets.plan_book import PlanBook


def plane(z_mm: float, name: str = "proximal") -> Plane:
    return Plane((0, 0, z_mm), (0, 0, 1), name=name)


def book() -> PlanBook:
    return PlanBook({"A": ResectionPlan([plane(10)], expansion_mm=30.0)}, "A")


def heights(of: PlanBook) -> dict[str, list[float]]:
    return {name: [float(each.point_mm[2]) for each in plan.planes] for name, plan in of.plans.items()}


STEPS = st.lists(st.sampled_from(["move", "add", "remove", "copy", "drop"]), max_size=12)


def stepped(of: PlanBook, step: str, k: int) -> PlanBook:
    try:
        match step:
            case "move":
                return of.with_plane(plane(10.0 + k))
            case "add":
                return of.with_plane(plane(50.0 + k, f"cut {k}"))
            case "remove":
                return of.without_plane("proximal")
            case "copy":
                return of.copied()
            case _:
                return of.dropped()
    except PlanError:
        return of


@given(STEPS)
def test_undoing_everything_gives_the_first_book_and_redoing_the_last(steps: list[str]) -> None:
    now = first = book()
    for k, step in enumerate(steps):
        now = stepped(now, step, k)
    back = now
    while back.past:
        back = back.undone()
    assert heights(back) == heights(first)
    while back.future:
        back = back.redone()
    assert (heights(back), back.open) == (heights(now), now.open)


def test_a_change_after_a_step_back_forgets_the_way_forward() -> None:
    changed = book().with_plane(plane(12)).undone().with_plane(plane(15))
    assert changed.redone() is changed
    assert heights(changed) == {"A": [15.0]}


def test_a_copy_is_changed_alone_and_keeps_what_is_not_a_plane() -> None:
    copy = book().copied().with_plane(plane(20))
    assert heights(copy) == {"A": [10.0], "B": [20.0]}
    assert copy.plan.expansion_mm == 30.0


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(PlanError, match="the last plan stays"):
        book().dropped()
    with pytest.raises(PlanError, match="no plan is called 'C'; there are: A"):
        book().turned_to("C")
    with pytest.raises(PlanError, match="needs at least one plane"):
        PlanBook({"A": ResectionPlan([plane(1)])}, "A").without_plane("proximal")
    full = book()
    for k in range(11):
        full = full.with_plane(plane(k, f"cut {k}"))
    with pytest.raises(PlanError, match="at most 12 planes"):
        full.with_plane(plane(3, "one more"))
