"""A room that is really served, and visitors who really come, over sockets of this machine."""

import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Self

import httpx
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from sarcoma_review.meeting import AgendaItem, Member, OpenMeeting
from sarcoma_review.room import Folder, app
from sarcoma_review.room.server import Server

MEETING = "meeting-a"
_PATIENCE_S = 45.0


def opening(members: int = 3) -> OpenMeeting:
    """A meeting of two cases with a chair, a presenter, members and an observer."""
    people = [Member(id="chair", role="chair", unit="AA"), Member(id="shows", role="presenter", unit="AA")]
    people += [Member(id=f"m{n}", role="member", unit="BB") for n in range(1, members + 1)]
    people += [Member(id="guest", role="observer", unit="CC")]
    agenda = [AgendaItem(case_id=f"case-{n}", question="Is en bloc resection possible?") for n in (1, 2)]
    return OpenMeeting(
        title="Network", on_date=date(2026, 11, 22), mode="virtual", agenda=tuple(agenda), members=tuple(people)
    )


def made(path: Path, members: int = 3) -> Folder:
    """A data folder that holds one meeting."""
    folder = Folder(path)
    folder.open_meeting(MEETING, opening(members))
    return folder


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@contextlib.contextmanager
def serving(folder: Folder, *, port: int = 0, origins: tuple[str, ...] = (), prefix: str = "") -> Iterator[str]:
    """Serve a folder in a thread, as it is served in earnest; the address of the meeting."""
    port = port or free_port()
    origin = f"http://127.0.0.1:{port}"
    server = Server(app(folder, [origin, *origins], prefix=prefix), "127.0.0.1", port)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), "the server ended at its start"
            time.sleep(0.01)
        yield f"{origin}{prefix}/room/{MEETING}/"
    finally:
        server.should_exit = True
        thread.join(20)
        assert not thread.is_alive()


class Visitor:
    """One member with one websocket."""

    def __init__(self, folder: Folder, address: str, member: str) -> None:
        self.address, self.member = address, member
        self.origin = "/".join(address.split("/")[:3])
        self.token = folder.invite(MEETING, member, timedelta(days=1))
        self.http = httpx.Client(base_url=address, headers={"origin": self.origin}, timeout=30, verify=False)
        answer = self.http.post("join", json={"token": self.token})
        assert answer.status_code == 200, answer.text
        self.heard: list[dict[str, Any]] = []
        self.state: dict[str, Any] = {}
        self.socket: ClientConnection = self.open()
        self._number = 0

    @property
    def cookie(self) -> str:
        """As it is sent."""
        return f"room={self.http.cookies['room']}"

    def open(self, **others: Any) -> ClientConnection:
        """Open a websocket; its first message is taken."""
        opening = connect(
            f"{self.address.replace('http', 'ws', 1)}ws",
            origin=Origin(self.origin),
            additional_headers={"Cookie": self.cookie},
            compression=None,
            proxy=None,
            max_queue=None,  # a visitor who does not listen still answers the end
            close_timeout=2,
            **others,
        )
        self.socket = opening.__enter__()  # ended by close
        self.until("snap")
        return self.socket

    def hear(self, within_s: float = 10.0) -> dict[str, Any]:
        """The next message."""
        message: dict[str, Any] = json.loads(self.socket.recv(within_s))
        self.heard.append(message)
        if message["t"] in ("snap", "state"):
            self.state = message["state"] if message["t"] == "snap" else self.state | message["state"]
        return message

    def until(self, what: str, **fields: Any) -> dict[str, Any]:
        """Hear until a message of this type with these fields; for so long that only a fault is longer."""
        ends = time.monotonic() + _PATIENCE_S
        while time.monotonic() < ends:
            message = self.hear()
            if message["t"] == what and all(message.get(name) == value for name, value in fields.items()):
                return message
        raise TimeoutError(f"no {what} came")

    def until_state(self, **fields: Any) -> None:
        """Hear until the state says this."""
        while any(self.state.get(name) != value for name, value in fields.items()):
            self.hear()

    def send(self, kind: str, **body: Any) -> int:
        """Send a frame; its number."""
        self._number += 1
        self.socket.send(json.dumps({"id": self._number, "kind": kind, "body": body}))
        return self._number

    def do(self, kind: str, **body: Any) -> dict[str, Any]:
        """Send a frame, and hear its answer."""
        number = self.send(kind, **body)
        while True:
            message = self.hear()
            if message["t"] in ("ack", "no") and message["id"] == number:
                return message

    def must(self, kind: str, **body: Any) -> dict[str, Any]:
        """Do what is allowed."""
        answer = self.do(kind, **body)
        assert answer["t"] == "ack", answer
        return answer

    def close(self) -> None:
        """Leave."""
        self.socket.close()
        self.http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
