import contextlib
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from sarcoma_review.room import Folder
from tests.room.attempts import present
from tests.room.process import Process, process
from tests.room.visiting import MEETING, Visitor, free_port


@pytest.fixture
def killable(folder: Folder) -> Iterator[Process]:
    with process(folder.path, free_port()) as running:
        yield running


def vote_until_cut(member: Visitor, acknowledged: dict[str, str]) -> None:
    """Vote again and again, each time with the number of the vote as its reason; note what was acknowledged."""
    with contextlib.suppress(ConnectionClosed, OSError, TimeoutError):
        for number in range(10_000):
            reason = f"{number:05d}"
            if member.do("vote", ballot_id="b1", choice="yes", reason=reason)["t"] == "ack":
                acknowledged[member.member] = reason
            time.sleep(0.11)  # within what one may send


@pytest.mark.slow
def test_a_killed_room_comes_back_with_every_vote_that_was_acknowledged(folder: Folder, killable: Process) -> None:
    acknowledged: dict[str, str] = {}
    with ExitStack() as stack:
        chair, *members = [
            stack.enter_context(Visitor(folder, killable.address, member)) for member in ("chair", "m1", "m2", "m3")
        ]
        while len(present(chair)) < 4:
            chair.hear()
        chair.must("open_case", case_id="case-1")
        chair.must("open_ballot", ballot_id="b1", question="?", options=["yes", "no"])
        threads = [threading.Thread(target=vote_until_cut, args=(member, acknowledged)) for member in members]
        for thread in threads:
            thread.start()
        while len(acknowledged) < 3:
            time.sleep(0.1)
        killable.kill()
        for thread in threads:
            thread.join(30)
        kept = {member: vote.reason for member, vote in folder.meeting(MEETING).ballots["b1"].votes.items()}
        # The last vote may have been written and its answer cut off; what is kept is never older than the answer.
        assert all((kept[member] or "") >= told for member, told in acknowledged.items())
        killable.restart()
        registry = folder.registry()
        assert registry.verify() == []
        registry.close()
        _come_back(chair)
        assert chair.state["ballots"][0]["voted"] == 3
        members[0].open()
        assert members[0].state["ballots"][0]["own"]["reason"] == kept["m1"]


@pytest.mark.slow
def test_nobody_is_present_in_a_restarted_room_before_they_come_back(folder: Folder, killable: Process) -> None:
    with Visitor(folder, killable.address, "chair") as chair, Visitor(folder, killable.address, "m1"):
        while len(present(chair)) < 2:
            chair.hear()
        chair.must("open_case", case_id="case-1")
        killable.kill()
        killable.restart()
        _come_back(chair)
        while [each["id"] for each in present(chair)] != ["chair"]:
            chair.hear()


@pytest.mark.slow
def test_the_picture_is_still_the_same_after_a_restart(folder: Folder, killable: Process) -> None:
    with Visitor(folder, killable.address, "chair") as chair, Visitor(folder, killable.address, "shows") as shows:
        while len(present(chair)) < 2:
            chair.hear()
        chair.must("open_case", case_id="case-1")
        shows.must("view.set", case_id="case-1", crosshair_mm=[1.0, 2.0, 3.0])
        time.sleep(2.0)  # what is shown is kept about once a second
        killable.kill()
        killable.restart()
        assert _come_back(chair)["view"]["crosshair_mm"] == [1.0, 2.0, 3.0]


def _come_back(visitor: Visitor) -> dict[str, Any]:
    """By the old cookie, without a word of a human."""
    visitor.heard.clear()
    visitor.open()
    return visitor.heard[0]
