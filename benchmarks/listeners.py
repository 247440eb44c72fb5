"""Five hundred listeners behind nginx, a presenter and ten voters, on loopback: how late each hears a view.

python benchmarks/listeners.py [--short]
"""

import asyncio
import contextlib
import json
import shutil
import statistics
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from functools import lru_cache
from pathlib import Path

import httpx
from websockets.asyncio.client import ClientConnection

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.room import do, everybody, follow, memory_mb, p95
from sarcoma_review.room import Folder
from tests.room.listening import link
from tests.room.visiting import made
from tests.servers.listening import Behind, behind_nginx, stream

LISTENERS, VOTERS, UPDATES = 500, 10, 10
TARGET_MS, MEMBERS_TARGET_MS = 100, 30


async def hear(port: int, cookie: str, started: dict[float, float], late: list[float]) -> None:
    async for words in stream(port, cookie):
        heard = time.perf_counter()
        step = shown(words)
        if step in started:
            late.append(1000 * (heard - started[step]))


@lru_cache(maxsize=64)
def shown(words: bytes) -> float | None:
    """Which step an entry shows; all listeners hear the same bytes, and this process is not to wait for itself."""
    views = [message["view"] for message in json.loads(words)["messages"] if message["t"] == "view"]
    return views[0].get("crosshair_mm", [None])[0] if views else None


async def voting(socket: ClientConnection, seconds: int, trips: list[float]) -> None:
    """A round trip of a vote's kind, three times a second."""
    for _ in range(3 * seconds):
        began = time.perf_counter()
        await do(socket, "hello")
        trips.append(1000 * (time.perf_counter() - began))
        await asyncio.sleep(1 / 3)


def said(what: str, values: list[float], target: int) -> None:
    middle = statistics.median(values)
    print(f"{what}: {len(values)} heard, p50 {middle:.1f} ms, p95 {p95(values):.1f} ms (target p95 {target} ms)")


async def measured(folder: Folder, where: Behind, *, count: int, seconds: int) -> None:
    started: dict[float, float] = {}
    late: list[float] = []
    member_late: list[float] = []
    trips: list[float] = []
    cookie = link(folder)
    async with AsyncExitStack() as stack:
        _, sockets = await everybody(stack, folder, where.room, count=VOTERS)
        listening = [asyncio.create_task(hear(where.port, cookie, started, late)) for _ in range(count)]
        await asyncio.sleep(3)
        half = len(sockets) // 2 + 1
        tasks = [asyncio.create_task(follow(socket, started, member_late)) for socket in sockets[2:half]]
        votes = [asyncio.create_task(voting(socket, seconds, trips)) for socket in sockets[half:]]
        begun = time.perf_counter()
        for step in range(UPDATES * seconds):
            await asyncio.sleep(max(0.0, begun + step / UPDATES - time.perf_counter()))
            started[float(step)] = time.perf_counter()
            view = {"case_id": "case-1", "crosshair_mm": [float(step), 0.0, 0.0]}
            await sockets[1].send(json.dumps({"kind": "view.set", "body": view}))
        await asyncio.gather(*votes)
        await asyncio.sleep(1)
        for task in [*listening, *tasks]:
            task.cancel()
        await asyncio.gather(*listening, *tasks, return_exceptions=True)
    print(f"{count} listeners, {UPDATES} updates/s for {seconds} s; {len(late)} of {count * len(started)} heard")
    said("listeners", late, TARGET_MS)
    said("members who follow", member_late, MEMBERS_TARGET_MS)
    said("round trips of members", trips, MEMBERS_TARGET_MS)
    print(f"room: {memory_mb(where.room_pid):.0f} MB at its peak")


async def by_entry(folder: Folder, where: Behind, *, count: int) -> None:
    """The way without the relay: what nginx asks of the room, and how late its cache lock lets others hear."""
    limits = httpx.Limits(max_connections=None)
    headers = {"cookie": f"listener={link(folder)}"}
    late: list[float] = []
    async with AsyncExitStack() as stack:
        _, sockets = await everybody(stack, folder, where.room, count=1)
        http = await stack.enter_async_context(
            httpx.AsyncClient(base_url=where.address, headers=headers, limits=limits, timeout=60)
        )
        await asyncio.sleep(0.5)
        number = (await http.get("latest")).json()["n"] + 1

        async def wait() -> None:
            await http.get(str(number))
            late.append(1000 * (time.perf_counter() - began))

        began = 0.0
        waiting = [asyncio.create_task(wait()) for _ in range(count)]
        await asyncio.sleep(2.2)
        began = time.perf_counter()
        await do(sockets[1], "view.set", case_id="case-1", crosshair_mm=[-1.0, 0.0, 0.0])
        await asyncio.gather(*waiting)
    asked = where.asked(str(number)).count("MISS")
    print(f"by entry, without the relay: {count} who wait are {asked} request(s) to the room; ", end="")
    print(f"p50 {statistics.median(late):.0f} ms, p95 {p95(late):.0f} ms (nginx looks every 500 ms)")


def main() -> None:
    short = "--short" in sys.argv
    nginx = shutil.which("nginx") or "/usr/sbin/nginx"
    with tempfile.TemporaryDirectory() as scratch, contextlib.ExitStack() as stack:
        folder = made(Path(scratch) / "data", members=VOTERS)
        where = stack.enter_context(behind_nginx(nginx, folder.path, Path(scratch)))
        asyncio.run(by_entry(folder, where, count=100))
        asyncio.run(measured(folder, where, count=100 if short else LISTENERS, seconds=3 if short else 10))


if __name__ == "__main__":
    main()
