"""Attempts on a room that must all be refused: what is sent, and what must come back."""

import json
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

import httpx
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

from sarcoma_review.room import Folder
from tests.room.visiting import MEETING, Visitor

Refused = bool
HTTP = httpx.Client(verify=False, timeout=30)  # without a store of cookies of its own for each request
FOREIGN = "https://elsewhere.example"


@dataclass
class Stage:
    """A meeting in the middle of a blind ballot, with somebody of every role."""

    folder: Folder
    address: str
    people: dict[str, Visitor] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for member in ("chair", "shows", "m1", "m2", "guest"):
            self.people[member] = Visitor(self.folder, self.address, member)
        chair = self.people["chair"]
        chair.until_state(open_case=None)
        while not {"chair", "shows", "m1", "m2", "guest"} <= {each["id"] for each in present(chair)}:
            chair.hear()
        chair.must("open_case", case_id="case-1")
        chair.must("open_ballot", ballot_id="b0", question="Resect?", options=["yes", "no"])
        for member in ("m1", "m2", "chair"):
            self.people[member].must("vote", ballot_id="b0", choice="yes")
        chair.must("close_ballot", ballot_id="b0")
        chair.must("reveal", ballot_id="b0")
        chair.must("open_ballot", ballot_id="b1", question="Which approach?", options=["front", "back"])
        self.people["m1"].must("vote", ballot_id="b1", choice="front", reason="hidden-reason")

    def is_alive(self) -> bool:
        """Whether the room still does what it should."""
        member = self.people["m2"]
        answer = member.do("vote", ballot_id="b1", choice="back")
        return HTTP.get(f"{self.address}health").json() == {"ok": True} and bool(answer["t"] == "ack")

    def close(self) -> None:
        """Everybody leaves."""
        for visitor in self.people.values():
            visitor.close()


def present(visitor: Visitor) -> list[dict[str, Any]]:
    """Members who are present, as a visitor knows."""
    return [member for member in visitor.state["members"] if member["present"]]


BALLOT = {"ballot_id": "b9", "question": "Resect?", "options": ["yes", "no"]}
DECISION = {"modality": "surgery", "decision": "resection", "agreement": "consensus"}
VIEW = {"case_id": "case-1", "crosshair_mm": [1.0, 2.0, 3.0]}

# Who, kind, body, status: of the wrong role.
ROLES: list[tuple[str, str, dict[str, Any], int]] = [
    ("m1", "view.set", VIEW, 403),
    ("chair", "view.set", VIEW, 403),
    ("guest", "view.set", VIEW, 403),
    ("guest", "pointer", {"at_mm": [1.0, 2.0, 3.0]}, 403),
    ("guest", "hand", {"up": True}, 403),
    ("guest", "vote", {"ballot_id": "b1", "choice": "front"}, 403),
    ("m1", "open_case", {"case_id": "case-2"}, 403),
    ("shows", "open_case", {"case_id": "case-2"}, 403),
    ("m1", "open_ballot", BALLOT, 403),
    ("shows", "open_ballot", BALLOT, 403),
    ("m1", "close_ballot", {"ballot_id": "b1"}, 403),
    ("shows", "close_ballot", {"ballot_id": "b1"}, 403),
    ("m1", "reveal", {"ballot_id": "b1"}, 403),
    ("guest", "reveal", {"ballot_id": "b1"}, 403),
    ("m1", "decide", {"decision": DECISION}, 403),
    ("m1", "correct_decision", {"number": 1, "reason": "wrong", "decision": DECISION}, 403),
    ("m1", "sign_minutes", {}, 403),
    ("shows", "sign_minutes", {}, 403),
    ("m1", "hand_over", {"to": "m1"}, 403),
    ("shows", "hand_over", {"to": "m1"}, 403),
    ("m1", "hand_over", {"to": "m1", "role": "chair"}, 403),
    ("m1", "invite", {"member": {"id": "m9", "role": "member", "unit": "AA"}}, 403),
    ("m1", "revoke", {"member": "m2"}, 403),
    ("shows", "revoke", {"member": "chair"}, 403),
    ("m1", "add_case", {"item": {"case_id": "case-9", "question": "?"}}, 403),
    ("m1", "add_action", {"system": "s", "action": "a", "owner_role": "r"}, 403),
    ("m1", "add_learning_point", {"text": "t"}, 403),
    ("m1", "note_missing", {"text": "t"}, 403),
    ("m1", "show_part", {"part": "decision"}, 403),
    ("m1", "publish_images", {"case_id": "case-1", "manifest": "0" * 64, "looked": True}, 409),
    ("m1", "mark_view", {"series_uid": "1.2.3", "slice": 1}, 403),
    ("m1", "add_to_roll", {"ballot_id": "b1", "member": "m3"}, 403),
    ("m1", "leave", {"member": "m2"}, 403),
]
# At the wrong point, or a second time.
ORDER: list[tuple[str, str, dict[str, Any], int]] = [
    ("chair", "reveal", {"ballot_id": "b1"}, 409),
    ("chair", "reveal", {"ballot_id": "b0"}, 409),
    ("chair", "close_ballot", {"ballot_id": "b0"}, 409),
    ("m1", "vote", {"ballot_id": "b0", "choice": "no"}, 409),
    ("m1", "vote", {"ballot_id": "b7", "choice": "no"}, 409),
    ("m1", "vote", {"ballot_id": "b1", "choice": "sideways"}, 409),
    ("chair", "open_ballot", BALLOT | {"ballot_id": "b1"}, 409),
    ("chair", "open_ballot", BALLOT, 409),
    ("chair", "open_case", {"case_id": "case-2"}, 409),
    ("chair", "open_case", {"case_id": "case-1"}, 409),
    ("chair", "open_case", {"case_id": "case-8"}, 409),
    ("chair", "decide", {"decision": DECISION}, 409),
    ("chair", "sign_minutes", {}, 409),
    ("chair", "show_part", {"part": "outcome"}, 409),
    ("chair", "open_second_round", {"ballot_id": "b5", "first": "b1"}, 409),
    ("chair", "add_to_roll", {"ballot_id": "b1", "member": "m1"}, 409),
    ("chair", "add_case", {"item": {"case_id": "case-1", "question": "?"}}, 409),
    ("chair", "revoke", {"member": "chair"}, 409),
    ("chair", "hand_over", {"to": "guest"}, 403),
    ("chair", "hand_over", {"to": "m3"}, 409),
    ("chair", "publish_images", {"case_id": "case-1", "manifest": "0" * 64, "looked": True}, 409),
    ("shows", "pointer", {"at_mm": [1.0, 2.0, 3.0]}, 409),
    ("shows", "view.set", VIEW | {"case_id": "case-2"}, 409),
    ("shows", "view.set", VIEW | {"page": 3}, 409),
]
# What is no frame of this protocol.
UNREADABLE: list[str | bytes] = [
    "", "{", "null", "[]", "7", '"text"', "\x00", b"\xff\xfe\x00", "{}", '{"kind": 3}', '{"kind": "vote"',
    '{"kind": "vote", "body": []}', '{"kind": "vote", "body": {}, "extra": 1}',
    '{"id": {"a": 1}, "kind": "hello"}', '{"id": "' + "x" * 41 + '", "kind": "hello"}',
    '{"kind": "hello", "body": {"extra": 1}}', '{"kind": "no.such.kind"}', '{"kind": "__class__"}',
    '{"kind": "open_meeting", "body": {}}', '{"kind": "start_room"}',
    '{"kind": "vote", "body": {"kind": "reveal", "ballot_id": "b1"}}',
    '{"kind": "vote", "body": {"ballot_id": "b1", "choice": "front", "by": "chair"}}',
    '{"kind": "vote", "body": {"ballot_id": "4857773456", "choice": "front"}}',
    '{"kind": "vote", "body": {"ballot_id": "b1", "choice": 1}}',
    '{"kind": "vote", "body": {"ballot_id": "b1", "choice": "front", "reason": "' + "x" * 1001 + '"}}',
    '{"kind": "view.set", "body": {"crosshair_mm": [NaN, 0, 0]}}',
    '{"kind": "view.set", "body": {"crosshair_mm": [1e999, 0, 0]}}',
    '{"kind": "view.set", "body": {"crosshair_mm": [1, 2]}}',
    '{"kind": "view.set", "body": {"crosshair_mm": ["1", "2", "3"]}}',
    '{"kind": "view.set", "body": {"__proto__": {}}}', '{"kind": "view.set", "body": {"fill_opacity": 2}}',
    '{"kind": "view.set", "body": {"page": -1}}', '{"kind": "view.set", "body": {"preset": "' + "x" * 81 + '"}}',
    '{"kind": "pointer", "body": {"at_mm": [1, 2, 3], "pane": "elsewhere"}}', '{"kind": "hand", "body": {"up": 1}}',
    "[" * 5000, '{"kind":' + '{"a":' * 2000, '{"kind": "hello", "body": {"a": ' + "9" * 5000 + "}}",
    '{"kind": "hello", "body": {"a": "' + "x" * 17000 + '"}}',
]  # fmt: skip


def attempts(stage: Stage) -> Iterator[tuple[str, Callable[[], Refused]]]:
    """Each kind of attempt by its name; called, it says whether it was refused."""
    for who, kind, body, status in ROLES:
        yield f"role: {who} {kind}", partial(_refused, stage, who, kind, body, status)
    for number, (who, kind, body, status) in enumerate(ORDER):
        yield f"order {number}: {who} {kind}", partial(_refused, stage, who, kind, body, status)
    for number, text in enumerate(UNREADABLE):
        yield f"unreadable {number}", partial(_unreadable, stage, text)
    yield from _of_origin(stage)
    yield from _of_session(stage)
    yield from _of_requests(stage)
    yield from _of_files(stage)


def _is(expected: int, call: Callable[..., int], *given: Any, **named: Any) -> Refused:
    return call(*given, **named) == expected


def _refused(stage: Stage, who: str, kind: str, body: dict[str, Any], status: int) -> Refused:
    answer = stage.people[who].do(kind, **body)
    return bool(answer["t"] == "no" and answer["status"] == status)


def _unreadable(stage: Stage, text: str | bytes) -> Refused:
    member = stage.people["m2"]
    member.socket.send(text)
    return bool(member.until("no")["status"] in (400, 413))


def _socket(stage: Stage, headers: dict[str, str], origin: str | None, path: str = "ws") -> int:
    """The status with which a websocket is refused; 101 where it is not."""
    address = f"{stage.address.replace('http', 'ws', 1)}{path}"
    try:
        with connect(
            address, origin=Origin(origin) if origin else None, additional_headers=headers, proxy=None
        ) as socket:
            socket.recv(5)
            return 101
    except InvalidStatus as refusal:
        return refusal.response.status_code


def _of_origin(stage: Stage) -> Iterator[tuple[str, Callable[[], Refused]]]:
    member = stage.people["m1"]
    cookie, own = {"Cookie": member.cookie}, member.origin
    others = {
        "foreign": FOREIGN, "missing": None, "null": "null", "other port": "http://127.0.0.1:1",
        "other scheme": own.replace("http", "https"), "longer": f"{own}.elsewhere.example", "path": f"{own}/",
        "capitals": own.upper(), "user": own.replace("//", "//a@"),
    }  # fmt: skip
    for name, origin in others.items():
        yield f"origin of a websocket: {name}", partial(_is, 403, _socket, stage, cookie, origin)
        yield f"origin of a join: {name}", partial(_is, 403, _post, stage, "join", origin, token=member.token)
        yield f"origin of a post: {name}", partial(_is, 403, _post, stage, "send?client=abcdefgh", origin, member)
    yield "two origins", lambda: _two_origins(stage, member) == 403
    yield "a get of another page", lambda: _get(stage, "cases/case-1", member, origin=FOREIGN) == 403


def _of_session(stage: Stage) -> Iterator[tuple[str, Callable[[], Refused]]]:
    own = stage.people["m1"].origin
    forged = {"Cookie": f"room={secrets.token_urlsafe(32)}"}
    yield "websocket without a cookie", lambda: _socket(stage, {}, own) == 403
    yield "websocket with a forged cookie", lambda: _socket(stage, forged, own) == 403
    yield "token for a cookie", lambda: _socket(stage, {"Cookie": f"room={stage.people['m1'].token}"}, own) == 403
    yield "cookie of another meeting", lambda: _other_meeting(stage) == 401
    for path in ("events?client=abcdefgh", "poll?client=abcdefgh", "me", "cases/case-1", f"files/{'0' * 64}"):
        yield f"no cookie: {path}", partial(_is, 401, _bare, stage, path)
    yield "unknown token", lambda: _post(stage, "join", own, token=secrets.token_urlsafe(32)) == 401
    for name, token in {"empty": "", "number": 7, "long": "x" * 101}.items():
        yield f"token: {name}", partial(_is, 400, _post, stage, "join", own, token=token)
    yield "token of another meeting", lambda: _post(stage, "join", own, token=_elsewhere(stage)) == 401
    yield "expired token", lambda: _post(stage, "join", own, token=_expired(stage)) == 401
    yield "cookie used again after leaving", lambda: _after_leaving(stage) == 401
    yield "link used again after it was taken back", lambda: _after_revoking(stage) == 401


def _of_requests(stage: Stage) -> Iterator[tuple[str, Callable[[], Refused]]]:
    member = stage.people["m1"]
    own = {"origin": member.origin, "cookie": member.cookie}
    send = f"{stage.address}send?client=abcdefgh"
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""):
        headers = own | {"content-type": kind}
        yield f"content type {kind or 'missing'}", partial(_is, 415, _sent, "POST", send, headers)
    json_ = own | {"content-type": "application/json"}
    yield "body too large", lambda: HTTP.post(send, content=b" " * 16385, headers=json_).status_code == 413
    yield "body too large without a length", lambda: _in_pieces(stage, json_) == 413
    yield "post to a connection that is none", lambda: _sent("POST", send, json_) == 410
    yield "name of a connection too short", lambda: _get(stage, "poll?client=abc", member) == 400
    yield "name of a connection with signs", lambda: _get(stage, "events?client=../../../x", member) == 400
    for method in ("PUT", "DELETE", "PATCH"):
        yield f"method {method}", partial(_is, 405, _sent, method, send, json_)
    yield "frame of a megabyte", lambda: _megabyte(stage)


def _of_files(stage: Stage) -> Iterator[tuple[str, Callable[[], Refused]]]:
    member = stage.people["m1"]
    paths = [
        "files/../registry.sqlite", "files/..%2f..%2fregistry.sqlite", "files/%2e%2e/receipt.key",
        f"files/{'0' * 64}", "files/" + "A" * 64, "cases/case-1", "cases/..%2f..", "cases/case-8",
        "../static/..%2f..%2fserver.py",
        "../static/server.py", "../static/.htaccess", "../static/%2fetc%2fpasswd",
    ]  # fmt: skip
    for path in paths:
        yield f"path {path[:40]}", partial(_is, 404, _get, stage, path, member)


def _post(stage: Stage, path: str, origin: str | None, member: Visitor | None = None, **body: Any) -> int:
    headers = {"cookie": member.cookie} if member else {}
    headers |= {"origin": origin} if origin else {}
    return HTTP.post(f"{stage.address}{path}", json=body, headers=headers).status_code


def _get(stage: Stage, path: str, member: Visitor, **headers: str) -> int:
    return HTTP.get(f"{stage.address}{path}", headers={"cookie": member.cookie, **headers}).status_code


def _bare(stage: Stage, path: str) -> int:
    return HTTP.get(f"{stage.address}{path}").status_code


def _sent(method: str, address: str, headers: dict[str, str]) -> int:
    return HTTP.request(method, address, content=b"{}", headers=headers).status_code


def _two_origins(stage: Stage, member: Visitor) -> int:
    headers = [("origin", member.origin), ("origin", FOREIGN), ("cookie", member.cookie)]
    return HTTP.post(f"{stage.address}leave", json={}, headers=headers).status_code


def _other_meeting(stage: Stage) -> int:
    address = stage.address.replace(MEETING, "meeting-b")
    return HTTP.get(f"{address}me", headers={"cookie": stage.people["m1"].cookie}).status_code


def _elsewhere(stage: Stage) -> str:
    access = stage.folder.access()
    token = access.invite("meeting-b", "m1", timedelta(days=1))
    access.close()
    return token


def _expired(stage: Stage) -> str:
    return stage.folder.invite(MEETING, "m1", timedelta(seconds=-1))


def _after_leaving(stage: Stage) -> int:
    with Visitor(stage.folder, stage.address, "m2") as visitor:
        cookie = visitor.cookie
        visitor.http.post("leave", json={})
        return HTTP.get(f"{stage.address}me", headers={"cookie": cookie}).status_code


def _after_revoking(stage: Stage) -> int:
    token = stage.folder.invite(MEETING, "m3", timedelta(days=1))
    stage.people["chair"].must("revoke", member="m3")
    return _post(stage, "join", stage.people["m1"].origin, token=token)


def _in_pieces(stage: Stage, headers: dict[str, str]) -> int:
    """Through a connection that is open, so that the body is read."""
    with httpx.Client(base_url=stage.address, headers=headers, timeout=30, verify=False) as client:
        client.get("poll?client=piecesABC")
        return client.post("send?client=piecesABC", content=iter([b" " * 9000] * 3)).status_code


def _megabyte(stage: Stage) -> Refused:
    with Visitor(stage.folder, stage.address, "m2") as visitor:
        try:
            visitor.socket.send(json.dumps({"kind": "hello", "body": {"a": "x" * 2**20}}))
            visitor.until("no")
        except ConnectionClosed as end:
            return end.rcvd is not None and end.rcvd.code == 1009
    return False
