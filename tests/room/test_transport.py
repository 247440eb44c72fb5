import json
import socket
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from sarcoma_review.room import Folder, door, rooms
from tests.room.visiting import MEETING, Visitor

Visit = Callable[[str], Visitor]


def stream(visitor: Visitor, name: str) -> Iterator[tuple[str, Any]]:
    """Events as they come, each with its type."""
    with visitor.http.stream("GET", f"events?client={name}") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        kind = "message"
        for line in answer.iter_lines():
            if line.startswith("event: "):
                kind = line[7:]
            elif line.startswith("data: "):
                yield kind, json.loads(line[6:])


def polled(visitor: Visitor, name: str) -> list[dict[str, Any]]:
    answer = visitor.http.get(f"poll?client={name}")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["messages"]
    return found


def test_a_posted_vote_is_answered_and_heard_by_a_stream_as_by_a_socket(visit: Visit) -> None:
    chair, member = visit("chair"), visit("m1")
    events = stream(member, "streamABC")
    assert next(events)[1]["t"] == "snap"
    chair.must("open_case", case_id="case-1")
    chair.must("open_ballot", ballot_id="b1", question="?", options=["yes", "no"])
    asked = {"id": 1, "kind": "vote", "body": {"ballot_id": "b1", "choice": "yes"}}
    answer = member.http.post("send?client=streamABC", json=asked)
    assert (answer.status_code, answer.json()["t"], answer.json()["id"]) == (200, "ack", 1)
    assert len(answer.json()["receipt"]) == 64
    ballots = (message["state"]["ballots"][0] for _, message in events if "ballots" in message.get("state", {}))
    assert next(ballot for ballot in ballots if ballot["voted"])["own"]["choice"] == "yes"


def test_a_refused_post_has_the_status_of_its_refusal(visit: Visit) -> None:
    member = visit("m1")
    polled(member, "pollsABCD")
    answer = member.http.post("send?client=pollsABCD", json={"id": 1, "kind": "sign_minutes"})
    assert (answer.status_code, answer.json()["t"], answer.json()["code"]) == (403, "no", "not_allowed")


def test_long_polls_bring_the_truth_first_and_then_what_changes(visit: Visit) -> None:
    chair, member = visit("chair"), visit("m1")
    assert [message["t"] for message in polled(member, "pollsABCD")] == ["snap"]
    chair.must("open_case", case_id="case-1")
    heard: list[dict[str, Any]] = []
    while not any(message.get("state", {}).get("open_case") == "case-1" for message in heard):
        heard += polled(member, "pollsABCD")
    assert "snap" not in [message["t"] for message in heard]


def test_a_client_that_does_not_poll_any_more_is_gone(visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rooms, "POLL_PATIENCE_S", 0.5)
    chair, member = visit("chair"), visit("m1")
    polled(member, "pollsABCD")
    member.socket.close()
    chair.until("here", here=[{"id": "chair", "via": "ws", "hand": False}])
    assert member.http.post("send?client=pollsABCD", json={"kind": "hello"}).status_code == 410


def test_revoking_closes_open_connections_at_once(visit: Visit) -> None:
    chair, member = visit("chair"), visit("m1")
    events = stream(member, "streamABC")
    next(events)
    chair.must("revoke", member="m1")
    started = time.monotonic()
    with pytest.raises(ConnectionClosed) as end:
        member.until("nothing of this type")
    assert end.value.rcvd is not None
    assert end.value.rcvd.code == 4401
    assert [data for kind, data in events if kind == "end"] == [4401]
    assert time.monotonic() - started < 5.0
    assert member.http.get("me").status_code == 401


def test_revoking_from_the_command_line_closes_them_too(folder: Folder, visit: Visit) -> None:
    member = visit("m1")
    folder.revoke(MEETING, "m1")
    with pytest.raises(ConnectionClosed) as end:
        member.until("nothing of this type")
    assert end.value.rcvd is not None
    assert end.value.rcvd.code == 4401
    with pytest.raises(InvalidStatus, match="403"):
        member.open()


def test_a_member_who_is_invited_while_the_room_is_open_can_come_in(folder: Folder, visit: Visit) -> None:
    from sarcoma_review.meeting import Member

    chair = visit("chair")
    token = folder.invite(MEETING, Member(id="late", role="member", unit="DD"), timedelta(days=1))
    while "late" not in {member["id"] for member in chair.state["members"]}:
        chair.hear()
    answer = chair.http.post("join", json={"token": token})
    assert answer.json() == {"me": {"id": "late", "role": "member"}}


def test_no_member_has_more_than_eight_connections(visit: Visit) -> None:
    member = visit("m1")
    for _ in range(7):
        member.open()
    answer = member.http.get("poll?client=onetoomany")
    assert (answer.status_code, answer.json()["code"]) == (429, "too_many")


def test_a_page_whose_polls_fail_again_and_again_is_never_shut_out_by_those_that_failed(visit: Visit) -> None:
    member = visit("m1")
    for number in range(20):
        assert [message["t"] for message in polled(member, f"pollsABCD{number}")] == ["snap"]


def test_who_sends_half_a_body_and_waits_is_answered_and_let_go_of(
    visit: Visit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "_BODY_S", 0.5)
    url = httpx.URL(visit("m1").address)
    lines = [f"POST {url.path}join HTTP/1.1", f"Host: {url.host}", f"Origin: http://{url.host}:{url.port}"]
    head = "\r\n".join([*lines, "Content-Type: application/json", "Content-Length: 40", "", '{"token'])
    with socket.create_connection((url.host, url.port or 0), timeout=10) as slow:
        slow.sendall(head.encode())
        assert slow.recv(4096).startswith(b"HTTP/1.1 408")


def test_a_heartbeat_comes_every_second(visit: Visit) -> None:
    member = visit("m1")
    member.until("beat")
    started = time.monotonic()
    member.until("beat")
    member.until("beat")
    assert time.monotonic() - started > 1.0


def test_the_cookie_is_for_this_room_and_no_script(folder: Folder, address: str) -> None:
    token = folder.invite(MEETING, "m1", timedelta(days=1))
    origin = "/".join(address.split("/")[:3])
    cookie = httpx.post(f"{address}join", json={"token": token}, headers={"origin": origin}).headers["set-cookie"]
    for word in ("HttpOnly", "SameSite=strict", f"Path=/room/{MEETING}/"):
        assert word in cookie
    assert "Secure" not in cookie  # over http, which is allowed on this machine alone


def test_every_answer_forbids_to_ask_anybody_else(address: str) -> None:
    for path in ("", "health", "me", "../static/nothing.js"):
        headers = httpx.get(f"{address}{path}").headers
        assert headers["content-security-policy"].startswith("default-src 'none'; script-src 'self';")
        assert headers["x-content-type-options"] == "nosniff"
        assert "server" not in headers
