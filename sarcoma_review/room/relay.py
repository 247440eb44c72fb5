"""One stream for many listeners: asks the room once, and writes each answer to all who wait, in a process of its own.

It stands between the web server and the room. Who holds the same link hears the same bytes; the room itself says who
may, and is asked once for all of them. A web server's cache can do that alone, but nginx looks only every 500 ms
whether the answer that others wait for has come.
"""

import asyncio
import json
import re
import time
from asyncio import StreamReader, StreamWriter
from contextlib import suppress
from dataclasses import dataclass, field
from http.client import HTTPException, parse_headers
from http.cookies import CookieError, SimpleCookie
from io import BytesIO
from typing import Any

import httpx

from sarcoma_review.room.listeners import COOKIE, WAIT_S
from sarcoma_review.room.live import dumped

BEAT_S = 5.0
_LONGEST_HEAD = 8192
_MOST_BEHIND = 2**20
_HEAD_S, _IDLE_S, _AGAIN_S = 10.0, 30.0, 1.0
_PATH = re.compile(r"GET ((?:/[A-Za-z0-9_-]+)*/room/[A-Za-z0-9_-]+/feed/)stream HTTP/1\.[01]")
_REFUSALS = (401, 403, 404)
_TOKEN = re.compile(r"[0-9a-f.]{1,100}")
_BEGIN = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\nX-Accel-Buffering: no\r\n"
    b"X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n"
)
_BEAT = b'data: {"messages":[]}\n\n'


@dataclass(eq=False)
class Channel:
    """What the holders of one link hear.

    Parameters
    ----------
    path : str
        Of the feed's folder, as the room knows it.
    cookie : str
    """

    path: str
    cookie: str
    listeners: set[StreamWriter] = field(default_factory=set)
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    refused: int = 0
    """The status with which the room ended it."""
    snap: dict[str, Any] = field(default_factory=dict)
    number: int = 0
    is_fed: bool = False
    """Whether the room answered when it was last asked."""

    def begin(self, words: dict[str, Any]) -> None:
        """Take up the whole, and tell it to all who are here already."""
        self.number, self.snap = words["n"], words["messages"][0]
        self.ready.set()
        self.write(self.whole())

    def take(self, entry: bytes) -> None:
        """Pass an entry on, and keep the whole up to date for those who come later."""
        words = json.loads(entry)
        self.number = words["n"]
        for message in words["messages"]:
            match message["t"]:
                case "state":
                    self.snap["state"] |= message["state"]
                case "view":
                    self.snap |= {"view": message["view"], "rev": message["rev"]}
        self.write(b"data: " + entry + b"\n\n")

    def whole(self) -> bytes:
        """What somebody hears first."""
        return b"data: " + dumped({"n": self.number, "messages": [self.snap]}).encode() + b"\n\n"

    def write(self, data: bytes) -> None:
        """To all, at once; who is too far behind is let go of, and comes back to the newest."""
        for writer in list(self.listeners):
            if writer.transport.get_write_buffer_size() > _MOST_BEHIND:
                self.listeners.discard(writer)
                writer.transport.abort()
            else:
                writer.write(data)

    def end(self, status: int) -> None:
        """Let go of everybody."""
        self.refused = status
        self.ready.set()
        for writer in self.listeners:
            writer.close()


class Relay:
    """The channels of one process.

    Parameters
    ----------
    room : str
        Where the room is reached, such as ``http://127.0.0.1:8765``.
    """

    def __init__(self, room: str) -> None:
        limits = httpx.Limits(max_connections=None)
        self._http = httpx.AsyncClient(base_url=room, timeout=WAIT_S + 10, limits=limits, trust_env=False)
        self._channels: dict[tuple[str, str], Channel] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve(self, port: int, *, host: str = "127.0.0.1") -> None:
        """Serve until cancelled."""
        async with (
            self._http,
            await asyncio.start_server(self._hear, host, port, limit=_LONGEST_HEAD, backlog=1024) as server,
        ):
            beating = asyncio.create_task(self._beat())
            try:
                await server.serve_forever()
            finally:
                beating.cancel()

    async def _hear(self, reader: StreamReader, writer: StreamWriter) -> None:
        """One listener, from its request until it goes."""
        try:
            asked = await asyncio.wait_for(_asked(reader), _HEAD_S)
            if asked is None:
                writer.write(_refusal(404))
                return
            channel = self._channel(*asked)
            await channel.ready.wait()
            if channel.refused:
                writer.write(_refusal(channel.refused))
                return
            writer.write(_BEGIN + channel.whole())
            channel.listeners.add(writer)
            try:
                await reader.read()  # nothing comes but the end
            finally:
                channel.listeners.discard(writer)
        except (OSError, TimeoutError):
            return  # it is gone
        finally:
            writer.close()

    def _channel(self, path: str, cookie: str) -> Channel:
        name = (path, cookie)
        if name not in self._channels:
            channel = self._channels[name] = Channel(path, cookie)
            task = asyncio.create_task(self._follow(channel))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return self._channels[name]

    async def _follow(self, channel: Channel) -> None:
        """Ask the room for entry after entry, as long as somebody hears them and the room allows it."""
        heard, status = time.monotonic(), 503
        try:
            while channel.listeners or time.monotonic() - heard < _IDLE_S:
                heard = time.monotonic() if channel.listeners else heard
                status = await self._next(channel)
                if status in _REFUSALS:
                    return
        finally:
            del self._channels[channel.path, channel.cookie]
            channel.end(status if status in _REFUSALS else 503)

    async def _next(self, channel: Channel) -> int:
        """One answer of the room; its status. What cannot be had is asked for again from the beginning."""
        address = f"{channel.path}{channel.number + 1 if channel.number else 'latest'}"
        try:
            answer = await self._http.get(address, headers={"cookie": f"{COOKIE}={channel.cookie}"})
        except httpx.HTTPError:
            channel.is_fed, channel.number = False, 0
            await asyncio.sleep(_AGAIN_S)
            return 503
        channel.is_fed = answer.is_success
        if answer.status_code == 200 and channel.number:
            channel.take(answer.content)
        elif answer.status_code == 200:
            channel.begin(answer.json())
        elif answer.status_code != 204:
            channel.number = 0
            await asyncio.sleep(0 if answer.status_code == 410 else _AGAIN_S)
        return answer.status_code

    async def _beat(self) -> None:
        """Only if there is a room to speak of: where it does not answer, listeners see that nothing comes."""
        while True:
            await asyncio.sleep(BEAT_S)
            for channel in self._channels.values():
                if channel.is_fed:
                    channel.write(_BEAT)


async def _asked(reader: StreamReader) -> tuple[str, str] | None:
    """The feed's folder and the cookie that a request names; None for any other request."""
    try:
        line, _, rest = (await reader.readuntil(b"\r\n\r\n")).partition(b"\r\n")
        found = _PATH.fullmatch(line.decode("ascii"))
        cookies = SimpleCookie(parse_headers(BytesIO(rest)).get("cookie", ""))
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError, HTTPException, CookieError):
        return None
    cookie = cookies[COOKIE].value if COOKIE in cookies else ""
    return (found.group(1), cookie if _TOKEN.fullmatch(cookie) else "none") if found else None


def _refusal(status: int) -> bytes:
    words = ("Content-Length: 0", "Cache-Control: no-store", "Connection: close")
    return "\r\n".join([f"HTTP/1.1 {status} Refused", *words, "", ""]).encode()


def serve_relay(room: str, port: int, *, host: str = "127.0.0.1") -> None:
    """Relay until stopped.

    Parameters
    ----------
    room : str
        Where the room is reached.
    port : int
    host : str
        Address to listen on; keep it to loopback, and let a web server with TLS stand before it.
    """
    with suppress(KeyboardInterrupt):
        asyncio.run(Relay(room).serve(port, host=host))
