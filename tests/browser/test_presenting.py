"""Presenting from a real JupyterLab: what the hand moves there moves on a member's page, and nowhere else."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PICTURES, Notebook
from tests.browser.test_room_page import CASE, Room, published, scrolled, slice_of
from tests.room.process import process
from tests.room.visiting import MEETING, free_port

pytestmark = pytest.mark.browser

SETTING_UP = """
import numpy as np
from sarcoma_review.room import link
from sarcoma_review.volume import Volume
from sarcoma_review.widgets import Viewer

ball = np.linalg.norm(np.mgrid[0:40, 0:40, 0:40] - 19.5, axis=0) < 9
ct = Volume(np.where(ball, 300, -50).astype(np.int16), np.diag([2.0, 1.0, 1.0, 1.0])[[2, 1, 0, 3]], modality="CT")
viewer = Viewer(ct)
"""


def test_what_is_scrolled_in_a_notebook_is_scrolled_on_a_members_page(
    chromium: Browser, open_written: Callable[..., Notebook], tmp_path: Path
) -> None:
    room = Room(chromium, tmp_path / "data", free_port())
    with process(room.folder.path, room.port) as running:
        published(room)
        member = room.enter("m1")
        notebook = open_written("presenting.ipynb", SETTING_UP, "viewer")
        token = room.folder.invite(MEETING, "shows", timedelta(days=1))
        notebook.execute(f"live = link(viewer, {running.address!r}, {token!r}, case_id={CASE!r}, page=1)")
        expect(member.get_by_role("heading", name="Images")).to_be_visible()
        moved_together(notebook, member, notches=4)
        member.screenshot(path=PICTURES / "presented_from_a_notebook.png")
        notebook.execute("viewer.set_window('bone')")
        notebook.eventually(lambda: member.get_by_role("button", name="Bone").get_attribute("aria-pressed"), "true")
        running.kill()
        running.restart()
        moved_together(notebook, member, notches=3)
        assert notebook.python("(live.connected, live.refused)") == (True, "")
        notebook.execute("live.close()")
        stood = slice_of(member)
        scrolled(notebook.page, 2)
        notebook.eventually(lambda: slice_of(notebook.page) != stood, True)
        member.wait_for_timeout(1000)
        assert slice_of(member) == stood
    assert (room.outside, room.faults, notebook.outside) == ([], [], [])


def moved_together(notebook: Notebook, member: Page, *, notches: int) -> None:
    """Scroll in the notebook, until its slice is another, and the member's with it."""
    before = slice_of(notebook.page)
    scrolled(notebook.page, notches)
    notebook.eventually(lambda: slice_of(notebook.page) != before, True)
    notebook.page.wait_for_timeout(500)  # the wheel has come to rest
    notebook.eventually(lambda: slice_of(member), slice_of(notebook.page), seconds=40)
