import time
from collections.abc import Callable
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from sarcoma_review.registry import CaseOpened, Decision
from sarcoma_review.room import Folder, live
from tests.room.attempts import present
from tests.room.visiting import MEETING, Visitor

Visit = Callable[[str], Visitor]


def test_whoever_connects_is_present_and_hears_the_whole_truth(visit: Visit) -> None:
    chair = visit("chair")
    chair.until_state(you=chair.state["you"] | {"present": True})
    assert chair.heard[0]["t"] == "snap"
    assert chair.heard[0]["me"]["role"] == "chair"
    assert [case["case_id"] for case in chair.state["agenda"]] == ["case-1", "case-2"]


def test_who_reloads_stays_present_and_who_leaves_does_not(visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "GRACE_S", 1.0)
    chair, member = visit("chair"), visit("m1")
    while len(present(chair)) < 2:
        chair.hear()
    member.socket.close()
    member.open()
    time.sleep(1.5)
    chair.must("hello")
    assert {each["id"] for each in present(chair)} == {"chair", "m1"}
    member.socket.close()
    while len(present(chair)) > 1:
        chair.hear()


def test_what_the_presenter_moves_moves_for_all(visit: Visit) -> None:
    chair, shows, member = visit("chair"), visit("shows"), visit("m1")
    chair.must("open_case", case_id="case-1")
    shows.until_state(open_case="case-1")
    shows.must("view.set", case_id="case-1", crosshair_mm=[1.0, 2.0, 3.0], preset="bone")
    message = member.until("view", by="shows")
    assert message["view"] == {
        "case_id": "case-1", "page": 0, "scene": None, "crosshair_mm": [1.0, 2.0, 3.0], "preset": "bone",
    }  # fmt: skip


def test_whoever_takes_over_presents_and_the_other_does_not_any_more(visit: Visit) -> None:
    chair, shows, member = visit("chair"), visit("shows"), visit("m1")
    chair.must("open_case", case_id="case-1")
    chair.must("hand_over", to="m1")
    member.until_state(presenter="m1")
    assert member.must("view.set", preset="bone")
    assert shows.do("view.set", preset="lung")["code"] == "not_allowed"


def test_a_slow_listener_gets_the_newest_view_and_not_each_one(visit: Visit) -> None:
    shows, member = visit("shows"), visit("m1")
    for number in range(60):
        shows.send("view.set", crosshair_mm=[float(number), 0.0, 0.0])
    shows.must("hello")
    seen: list[float] = []
    while not seen or seen[-1] != 59.0:
        message = member.until("view")
        seen.append(message["view"]["crosshair_mm"][0])
    assert seen == sorted(seen)


def test_pointers_of_many_come_in_one_message_ten_times_a_second_at_most(visit: Visit) -> None:
    members = [visit(member) for member in ("m1", "m2", "m3")]
    listener = visit("chair")
    started = time.monotonic()
    for step in range(10):
        for member in members:
            member.send("pointer", at_mm=[float(step), 0.0, 0.0])
        time.sleep(0.05)
    last = listener.until("ptr")
    while len(last["points"]) < 3 or min(point["at_mm"][0] for point in last["points"]) < 9.0:
        last = listener.until("ptr")
    lasted = time.monotonic() - started
    told = [message for message in listener.heard if message["t"] == "ptr"]
    assert len(told) <= 10 * lasted + 2


def test_nobody_points_while_opinions_are_given(visit: Visit) -> None:
    chair, member = visit("chair"), visit("m1")
    while len(present(chair)) < 2:
        chair.hear()
    member.must("pointer", at_mm=[1.0, 2.0, 3.0])
    chair.must("open_case", case_id="case-1")
    chair.must("open_ballot", ballot_id="b1", question="?", options=["yes", "no"])
    member.until("ptr", points=[])
    assert member.do("pointer", at_mm=[1.0, 2.0, 3.0])["code"] == "ballot_open"


def test_nothing_tells_another_member_that_somebody_changed_a_vote(visit: Visit) -> None:
    chair, voter, other = visit("chair"), visit("m1"), visit("m2")
    chair.must("open_case", case_id="case-1")
    chair.must("open_ballot", ballot_id="b1", question="?", options=["yes", "no"])
    voter.must("vote", ballot_id="b1", choice="yes")
    before = whole(other)
    heard = len(other.heard)
    voter.must("vote", ballot_id="b1", choice="no")
    after = whole(other)
    told = [message for message in other.heard[heard:-1] if message["t"] == "state"]
    assert (told, before) == ([], after)


def whole(visitor: Visitor) -> dict[str, Any]:
    """All that a new connection would be told, without the time of day."""
    visitor.send("hello")
    return {name: value for name, value in visitor.until("snap").items() if name != "now"}


def test_a_decision_stands_in_its_case_when_the_minutes_are_signed(folder: Folder, visit: Visit) -> None:
    registry = folder.registry()
    registry.append("case-1", CaseOpened(question="Is en bloc resection possible?"))
    chair = visit("chair")
    chair.must("open_case", case_id="case-1")
    words = {"modality": "surgery", "decision": "resection", "agreement": "consensus"}
    chair.must("decide", decision=words)
    assert registry.case("case-1").version == 1
    answer = chair.must("sign_minutes")
    assert answer["written"] == {"case-1": [2]}
    decided = registry.case("case-1").of(Decision)[0]
    assert (decided.decision, decided.decided_at and decided.decided_at.meeting_id) == ("resection", MEETING)
    assert registry.verify() == []
    registry.close()


def test_the_place_of_a_member_who_sits_in_the_room_is_corrected(folder: Folder, visit: Visit) -> None:
    chair = visit("chair")
    chair.must("join", place="in_person")
    assert [stay.place for stay in folder.meeting(MEETING).stays] == ["remote", "in_person"]


def test_a_flood_is_refused_and_ends_the_connection(visit: Visit) -> None:
    member, other = visit("m1"), visit("m2")
    with pytest.raises(ConnectionClosed, match="4408"):
        _flood(member)
    assert {message["code"] for message in member.heard if message["t"] == "no"} <= {"too_fast"}
    assert other.must("hello")


def _flood(member: Visitor) -> None:
    for number in range(2000):
        member.send("hand", up=bool(number % 2))
    member.until("nothing of this type")
