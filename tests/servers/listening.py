"""A room, its relay and nginx before both, as the guide says; and listeners who read raw sockets."""

import asyncio
import contextlib
import os
import re
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.room.process import process
from tests.room.visiting import MEETING, free_port
from tests.servers.test_room_nginx import GUIDE, configuration

_START = "from sarcoma_review.cli_room import room_app; room_app()"
_LOG = 'log_format count "$request_uri $upstream_cache_status";'


@dataclass(frozen=True)
class Behind:
    """Where a room is reached by nginx, and directly."""

    scratch: Path
    port: int
    room_port: int
    room_pid: int

    @property
    def address(self) -> str:
        """Of the feed, by nginx."""
        return f"http://127.0.0.1:{self.port}/room/{MEETING}/feed/"

    @property
    def room(self) -> str:
        """Of the meeting, without nginx."""
        return f"http://127.0.0.1:{self.room_port}/room/{MEETING}/"

    def asked(self, what: str) -> list[str]:
        """How nginx answered requests whose address ends so: MISS where it asked the room."""
        lines = (self.scratch / "access.log").read_text().splitlines()
        return [line.split()[1] for line in lines if line.split()[0].endswith(f"/feed/{what}")]


def listeners_configuration(scratch: Path, port: int, room_port: int, relay_port: int) -> str:
    """The guide's blocks together, on loopback without TLS, and with a log of what was asked of the room."""
    first, beside, within = re.findall(r"```nginx\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    assert first.startswith("map")
    text = configuration(scratch, port, room_port).replace(" ssl;", ";", 1)
    text = re.sub(r"\n *(ssl_|add_header).*", "", text)
    beside = beside.replace("/var/cache/nginx/room", f"{scratch}/cache")
    within = within.replace("8765", str(room_port)).replace("8766", str(relay_port))
    user = "user root;\n" if os.geteuid() == 0 else ""  # the scratch folder is its owner's alone
    ours = {
        "http {\n": f"http {{\n{_LOG}\n{beside}",
        "    location / {\n": f"{within}\n    location / {{\n",
        "access_log           off;": f"access_log {scratch}/access.log count;",
        "events {}": f"{user}worker_processes 2;\nevents {{ worker_connections 4096; }}",
    }
    for theirs, own in ours.items():
        assert theirs in text
        text = text.replace(theirs, own, 1)
    return text


@contextlib.contextmanager
def behind_nginx(nginx: str, data: Path, scratch: Path) -> Iterator[Behind]:
    """Start all three, each in a process of its own."""
    port, room_port, relay_port = free_port(), free_port(), free_port()
    (scratch / "nginx.conf").write_text(listeners_configuration(scratch, port, room_port, relay_port))
    words = ["relay", "--port", str(relay_port), "--room", f"http://127.0.0.1:{room_port}"]
    with contextlib.ExitStack() as stack:
        room = stack.enter_context(process(data, room_port))
        for command in (
            [sys.executable, "-c", _START, *words],
            [nginx, "-c", str(scratch / "nginx.conf"), "-p", str(scratch)],
        ):
            stack.enter_context(_running(command))
        _await(f"http://127.0.0.1:{relay_port}/", 404)
        _await(f"http://127.0.0.1:{port}/", 404)
        yield Behind(scratch, port, room_port, room.pid)


@contextlib.contextmanager
def _running(command: list[str]) -> Iterator[None]:
    program = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        yield
    finally:
        program.terminate()
        program.wait(30)


def _await(address: str, status: int) -> None:
    for _ in range(600):
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(address, timeout=5).status_code == status:
                return
        time.sleep(0.1)
    raise AssertionError("a server did not answer within a minute")


async def stream(port: int, cookie: str) -> AsyncIterator[bytes]:
    """The events of the feed, raw, by nginx; ends with the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**22)
    head = f"GET /room/{MEETING}/feed/stream HTTP/1.0\r\nHost: localhost\r\nCookie: listener={cookie}\r\n\r\n"
    writer.write(head.encode())
    try:
        status = (await reader.readuntil(b"\r\n\r\n")).split()[1]
        assert status == b"200", status
        while line := await reader.readline():
            if line.startswith(b"data: "):
                yield line[6:]
    finally:
        writer.close()
