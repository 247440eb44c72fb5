"""The meeting board in a real JupyterLab page: an agenda prepared by hand, and the project's own notebook."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.browser.conftest import PICTURES, Notebook

pytestmark = pytest.mark.browser

SETTING_UP = """
from datetime import date
from sarcoma_review.meeting import Member
from sarcoma_review.registry import CaseOpened, Registry
from sarcoma_review.widgets import MeetingBoard
registry = Registry.open(":memory:")
for case_id in ("case-1", "case-2"):
    registry.append(case_id, CaseOpened(question=f"What of {case_id}?"))
board = MeetingBoard(registry, on=date(2026, 11, 22), members=[Member(id="m1", role="member", unit="AA")])
"""


@pytest.fixture(scope="module")
def notebook(open_written: Callable[..., Notebook]) -> Notebook:
    return open_written("board.ipynb", SETTING_UP, "board")


@pytest.fixture(scope="module")
def shipped(open_shipped: Callable[[str], Notebook]) -> Notebook:
    notebook = open_shipped("07_meeting.ipynb")
    notebook.run_all()
    notebook.shown(2)
    return notebook


def board(notebook: Notebook) -> Any:
    return notebook.page.locator(".sr-meetings").last


def test_an_agenda_is_prepared_on_the_page(notebook: Notebook) -> None:
    for case_id in ("case-1", "case-2"):
        board(notebook).get_by_role("button", name=f"Add {case_id}", exact=True).click()
        board(notebook).get_by_role("button", name=f"Remove {case_id}", exact=True).wait_for()
    board(notebook).get_by_label("Minutes for case-2").fill("25")
    board(notebook).get_by_label("Minutes for case-2").press("Tab")
    board(notebook).get_by_role("button", name="case-2 earlier").click()
    board(notebook).get_by_label("Mode").select_option("hybrid")
    agenda = "[(item.case_id, item.minutes) for item in board._draft.agenda]"
    notebook.eventually(lambda: notebook.python(agenda), [("case-2", 25), ("case-1", 15)])
    notebook.eventually(lambda: notebook.python("board._draft.mode"), "hybrid")
    state = board(notebook).locator(".sr-meeting-state")
    notebook.eventually(lambda: "Not ready: a meeting has one chair; found 0" in state.inner_text(), True)


def test_a_name_is_refused_and_a_pseudonym_taken(notebook: Notebook) -> None:
    form = board(notebook).get_by_role("form", name="Add a member")
    form.get_by_label("Pseudonym").fill("A. Surgeon")
    form.get_by_label("Unit").fill("aa")
    form.get_by_label("Role").select_option("chair")
    form.get_by_label("Unit").press("Enter")
    words = board(notebook).locator(".sr-words")
    notebook.eventually(lambda: "Not done: expected a pseudonym" in words.inner_text(), True)
    form.get_by_label("Pseudonym").fill("kestrel")
    form.get_by_label("Unit").fill("aa")
    form.get_by_label("Role").select_option("chair")
    form.get_by_label("Unit").press("Enter")
    notebook.eventually(lambda: notebook.python("[m.id for m in board.opening.members]"), ["m1", "kestrel"])
    notebook.eventually(lambda: board(notebook).locator(".sr-meeting-state").get_attribute("data-ready"), "true")


def test_the_project_s_notebook_shows_what_the_meeting_came_to(shipped: Notebook) -> None:
    shown = board(shipped)
    assert shown.get_by_role("combobox", name="Meeting", exact=True).input_value() == "network-2026-11"
    shown.get_by_role("button", name="Attendance").click()
    assert shown.get_by_role("region", name="Attendance").inner_text().count("came to 2 of 2") == 2
    shown.get_by_role("button", name="Case pelvis").click()
    assert "one held that radiotherapy alone would do" in shown.get_by_role("region", name="Case pelvis").inner_text()
    assert shipped.outside == []


def test_a_meeting_is_chosen_on_the_page(shipped: Notebook) -> None:
    shown = board(shipped)
    shown.get_by_role("combobox", name="Meeting", exact=True).select_option("network-2026-10")
    shown.get_by_role("button", name="Network meeting, October", pressed=True).wait_for()
    assert shown.get_by_text("not discussed").count() >= 3
    shown.get_by_role("combobox", name="Meeting", exact=True).select_option("network-2026-11")
    shown.get_by_role("button", name="Network meeting, November", pressed=True).wait_for()
    shown.get_by_role("button", name="Case pelvis").click()


def test_both_can_be_read_in_dark_and_narrow(shipped: Notebook) -> None:
    for width in (1440, 620):
        shipped.page.set_viewport_size({"width": width, "height": 2000})  # all of a board in sight
        for n, name in enumerate(("before", "after")):
            seen = shipped.page.locator(".sr-meetings").nth(n)
            seen.screenshot(path=PICTURES / f"meeting-board-{name}-{width}.png")
            assert seen.evaluate("(box) => box.scrollWidth <= box.clientWidth") is True
    with shipped.dark():
        board(shipped).screenshot(path=PICTURES / "meeting-board-dark.png")
        ink = board(shipped).evaluate("(box) => getComputedStyle(box).color")
        assert min(int(part) for part in ink.removeprefix("rgb(").removeprefix("rgba(").split(",")[:3]) > 150
