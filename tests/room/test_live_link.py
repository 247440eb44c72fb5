import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import traitlets

from sarcoma_review.errors import MeetingError
from sarcoma_review.room import Folder, Link, link
from tests.room.visiting import MEETING, Visitor, free_port, serving

Visit = Callable[[str], Visitor]


class Moved(traitlets.HasTraits):
    """What of a viewer is presented, without a screen."""

    crosshair_mm = traitlets.Tuple((0.0, 0.0, 0.0))
    preset = traitlets.Unicode("")
    hidden = traitlets.Tuple(())


def shown(visitor: Visitor, **settings: Any) -> dict[str, Any]:
    """Hear until the view says this, if it does not yet."""
    view: dict[str, Any] = next(message["view"] for message in reversed(visitor.heard) if "view" in message)
    while any(view.get(name) != value for name, value in settings.items()):
        view = visitor.until("view")["view"]
    return view


@pytest.fixture
def token(folder: Folder) -> str:
    return folder.invite(MEETING, "shows", timedelta(days=1))


def test_what_is_moved_in_the_notebook_moves_in_the_room(visit: Visit, address: str, token: str) -> None:
    chair, viewer = visit("chair"), Moved()
    chair.must("open_case", case_id="case-1")
    with link(viewer, address, token, case_id="case-1", scene=None):
        shown(chair, crosshair_mm=[0.0, 0.0, 0.0])
        viewer.crosshair_mm, viewer.preset = (4.0, 5.0, 6.0), "bone"
        assert shown(chair, crosshair_mm=[4.0, 5.0, 6.0], preset="bone")["case_id"] == "case-1"


def test_many_moves_become_few_messages_and_the_last_one_arrives(visit: Visit, address: str, token: str) -> None:
    chair, viewer = visit("chair"), Moved()
    chair.must("open_case", case_id="case-1")
    with link(viewer, address, token, case_id="case-1", scene=None):
        shown(chair, crosshair_mm=[0.0, 0.0, 0.0])
        started, told = time.monotonic(), len(chair.heard)
        for step in range(500):
            viewer.crosshair_mm = (float(step), 0.0, 0.0)
            time.sleep(0.001)
        shown(chair, crosshair_mm=[499.0, 0.0, 0.0])
        views = [message for message in chair.heard[told:] if message["t"] == "view"]
        assert len(views) <= 30 * (time.monotonic() - started) + 2


def test_the_whole_view_comes_again_after_the_room_was_away(folder: Folder) -> None:
    port, viewer = free_port(), Moved()
    token = folder.invite(MEETING, "shows", timedelta(days=1))
    with serving(folder, port=port) as address, Visitor(folder, address, "chair") as chair:
        chair.must("open_case", case_id="case-1")
        presenting = link(viewer, address, token, case_id="case-1", scene=None)
        shown(chair, crosshair_mm=[0.0, 0.0, 0.0])
    viewer.crosshair_mm = (7.0, 8.0, 9.0)
    with serving(folder, port=port) as address, Visitor(folder, address, "chair") as chair:
        shown(chair, crosshair_mm=[7.0, 8.0, 9.0])
        presenting.close()


def test_an_action_is_answered_or_refused_in_the_notebook(visit: Visit, folder: Folder, address: str) -> None:
    visit("m1")
    with link(Moved(), address, folder.invite(MEETING, "chair", timedelta(days=1))) as chairing:
        assert chairing.do("open_case", case_id="case-1")["t"] == "ack"
        with pytest.raises(MeetingError, match="found the same"):
            chairing.do("open_case", case_id="case-1")


def test_a_link_that_does_not_open_is_refused_at_once(address: str) -> None:
    with pytest.raises(MeetingError, match="not known"):
        link(Moved(), address, "no-such-token")


def test_a_link_that_is_taken_back_stops(visit: Visit, address: str, token: str) -> None:
    chair = visit("chair")
    presenting = link(Moved(), address, token)
    while not presenting.connected:
        time.sleep(0.01)
    chair.must("revoke", member="shows")
    assert _stops(presenting)
    presenting.close()


def _stops(presenting: Link) -> bool:
    ends = time.monotonic() + 10
    while presenting.connected and time.monotonic() < ends:
        time.sleep(0.05)
    return not presenting.connected
