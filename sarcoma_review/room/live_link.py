"""Presenting from a notebook: what is moved there moves in the room."""

import itertools
import json
import threading
from collections.abc import Callable, Mapping
from typing import Any, Protocol, Self
from urllib.parse import urlsplit

import httpx
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from sarcoma_review.errors import MeetingError

TRAITS = (
    "crosshair_mm", "window", "beside_window", "fusion_window", "preset", "hidden", "oblique", "enlarged",
    "fill_opacity", "fusion_opacity",
)  # fmt: skip
"""What of a viewer is presented."""
_LEAST_S = 1 / 30
_PAUSES_S = (0.1, 0.5, 1.0, 2.0, 5.0)
_PATIENCE_S = 10.0
_OVER = 4401


class Observable(Protocol):
    """A viewer, or anything else with these traits."""

    def observe(self, handler: Callable[[Any], None], names: Any) -> None:
        """Call the handler when a trait changes."""

    def unobserve(self, handler: Callable[[Any], None], names: Any) -> None:
        """Call it no longer."""


class Link:
    """A notebook's connection to a room; made by `link`, and closed with it.

    Moves are sent from a thread of its own, the newest alone, at most 30 a second; after a drop the whole view is
    sent again.
    """

    def __init__(self, viewer: Observable, base_url: str, token: str, *, place: Mapping[str, Any]) -> None:
        self._viewer, self._base = viewer, base_url.split("#")[0].rstrip("/") + "/"
        parts = urlsplit(self._base)
        self._origin = f"{parts.scheme}://{parts.netloc}"
        self._token, self._cookie = token, self._joined(token)
        self._place = dict(place)
        self._pending: dict[str, Any] = {}
        self._asked: dict[int, dict[str, Any]] = {}
        self._answers: dict[int, dict[str, Any]] = {}
        self._ids = itertools.count(1)
        self._changed, self._stopped = threading.Condition(), False
        self.refused: str = ""
        self.connected = False
        viewer.observe(self._moved, list(TRAITS))
        self._thread = threading.Thread(target=self._run, name="room link", daemon=True)
        self._thread.start()

    def show(self, case_id: str, page: int = 0, scene: int | None = None) -> None:
        """Say which page of which case is presented, and send the whole view."""
        with self._changed:
            self._place = {"case_id": case_id, "page": page, "scene": scene}
        self._send_all()

    def do(self, kind: str, **body: Any) -> dict[str, Any]:
        """Do an action of the meeting, such as ``open_case`` or ``publish_images``, and wait for its answer.

        Raises
        ------
        MeetingError
            As the room refuses it; ``gone`` if the room does not answer.
        """
        number = next(self._ids)
        with self._changed:
            self._asked[number] = {"id": number, "kind": kind, "body": body}
            self._changed.notify_all()
            self._changed.wait_for(lambda: number in self._answers or self._stopped, _PATIENCE_S)
            self._asked.pop(number, None)
            answer = self._answers.pop(number, None)
        if answer is None:
            raise MeetingError("gone", "the room did not answer; whether it was done, the room shows")
        if answer["t"] == "no":
            raise MeetingError(answer["code"], answer["why"])
        return answer

    def close(self) -> None:
        """Present no longer."""
        self._viewer.unobserve(self._moved, list(TRAITS))
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
        self._thread.join(_PATIENCE_S)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        said = f", refused: {self.refused}" if self.refused else ""
        return f"<Link, {'connected' if self.connected else 'not connected'}{said}>"

    def _joined(self, token: str) -> str:
        answer = httpx.post(f"{self._base}join", json={"token": token}, headers={"origin": self._origin})
        if answer.status_code != 200:
            refusal = answer.json()
            raise MeetingError(refusal["code"], refusal["why"])
        return f"room={answer.cookies['room']}"

    def _moved(self, change: Mapping[str, Any]) -> None:
        with self._changed:
            self._pending[change["name"]] = _plain(change["new"])
            self._changed.notify_all()

    def _send_all(self) -> None:
        """The whole view is due."""
        with self._changed:
            now = {name: _plain(getattr(self._viewer, name)) for name in TRAITS if hasattr(self._viewer, name)}
            self._pending = now
            self._changed.notify_all()

    def _run(self) -> None:
        """Stay connected until closed, or until the invitation is taken back."""
        failures = 0
        while not self._stopped:
            failures = 0 if self._connect() else failures + 1
            with self._changed:
                self._changed.wait_for(lambda: self._stopped, _PAUSES_S[min(failures, len(_PAUSES_S) - 1)])

    def _connect(self) -> bool:
        """One connection, to its end; whether there was one."""
        address, headers = f"{self._base.replace('http', 'ws', 1)}ws", {"Cookie": self._cookie}
        try:
            with connect(address, origin=Origin(self._origin), additional_headers=headers, proxy=None) as socket:
                self.connected = True
                self._talk(socket)
        except InvalidStatus as refusal:
            self._rejoin(refusal.response.status_code)
        except (OSError, TimeoutError, ConnectionClosed, InvalidHandshake):
            pass  # whatever it was, the next attempt tells
        was, self.connected = self.connected, False
        return was

    def _rejoin(self, status: int) -> None:
        """A session lasts a day, and the link longer."""
        if status != 403:
            return
        try:
            self._cookie = self._joined(self._token)
        except MeetingError as refusal:
            self.refused, self._stopped = str(refusal), True
        except httpx.HTTPError:
            return

    def _talk(self, socket: ClientConnection) -> None:
        """Send what is newest, until the connection ends."""
        listener = threading.Thread(target=self._listen, args=(socket,), name="room answers", daemon=True)
        listener.start()
        self._send_all()
        sent: set[int] = set()
        while not self._stopped and listener.is_alive():
            with self._changed:
                self._changed.wait_for(lambda: self._pending or self._stopped or set(self._asked) - sent, 1.0)
                view, self._pending = self._pending, {}
                asked = [self._asked[number] for number in sorted(set(self._asked) - sent)]
            for frame in asked:
                sent.add(frame["id"])
                socket.send(json.dumps(frame))
            if view and self._place.get("case_id"):
                socket.send(json.dumps({"kind": "view.set", "body": self._place | view}))
                threading.Event().wait(_LEAST_S)

    def _listen(self, socket: ClientConnection) -> None:
        try:
            for text in socket:
                self._heard(json.loads(text))
        except ConnectionClosed as end:
            self._stopped = self._stopped or (end.rcvd is not None and end.rcvd.code == _OVER)

    def _heard(self, message: dict[str, Any]) -> None:
        if message["t"] not in ("ack", "no"):
            return
        with self._changed:
            if message.get("id") is not None:
                self._answers[message["id"]] = message
            else:
                self.refused = message["why"]
            self._changed.notify_all()


def link(
    viewer: Observable, base_url: str, token: str, *, case_id: str | None = None, page: int = 0, scene: int | None = 0
) -> Link:
    """Present a notebook's viewer in a room, live.

    Parameters
    ----------
    viewer : Viewer
        Anything whose traits are those of the viewer; what is moved in it moves in the room.
    base_url : str
        Of the meeting, such as ``https://room.example.org/room/meeting-12``.
    token : str
        From the presenter's personal link, the part after ``#``.
    case_id : str, optional
        What is presented: a case that is open in the room. Nothing is sent before it is known; see `Link.show`.
    page, scene : int, or None for a scene
        Where in the published case the viewer's images are.

    Raises
    ------
    MeetingError
        If the link does not open.
    """
    return Link(viewer, base_url, token, place={"case_id": case_id, "page": page, "scene": scene})


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
