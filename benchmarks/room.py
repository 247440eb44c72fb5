"""The meeting room's figures, on loopback: one server process, and clients in this one.

python benchmarks/room.py [latency|pointers|images|kills|attempts|fuzz|hours|cut|long] [--short]

Without a name all but ``long``, which kills fifty times and sends frames of chance for five minutes.
"""

import asyncio
import contextlib
import json
import random
import statistics
import sys
import tempfile
import threading
import time
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.typing import Origin

sys.path.insert(0, str(Path(__file__).parents[1]))

from sarcoma_review.present.images import images
from sarcoma_review.present.shown import Shown
from sarcoma_review.room import Folder, publish
from sarcoma_review.volume import Volume
from tests.room.attempts import Stage, attempts
from tests.room.frames import fuzz
from tests.room.process import Process, process
from tests.room.visiting import MEETING, free_port, made

MEMBERS = 40


class Raw:
    """One member's session, and the websockets it opens."""

    def __init__(self, folder: Folder, address: str, member: str) -> None:
        self.address, self.member = address, member
        self.origin = "/".join(address.split("/")[:3])
        token = folder.invite(MEETING, member, timedelta(days=2))
        headers = {"origin": self.origin}
        with httpx.Client(verify=False, timeout=60) as http:
            answer = http.post(f"{address}join", json={"token": token}, headers=headers)
        self.cookie = {"Cookie": f"room={answer.cookies['room']}"}

    def open(self) -> connect:
        """A websocket, to be entered."""
        address = f"{self.address.replace('http', 'ws', 1)}ws"
        return connect(
            address, origin=Origin(self.origin), additional_headers=self.cookie, compression=None, proxy=None
        )


async def until(socket: ClientConnection, **fields: Any) -> dict[str, Any]:
    while True:
        message: dict[str, Any] = json.loads(await socket.recv())
        if all(message.get(name) == value for name, value in fields.items()):
            return message


async def do(socket: ClientConnection, kind: str, **body: Any) -> dict[str, Any]:
    number = random.randrange(10**9)
    await socket.send(json.dumps({"id": number, "kind": kind, "body": body}))
    return await until(socket, id=number)


async def everybody(
    stack: AsyncExitStack, folder: Folder, address: str, count: int = MEMBERS
) -> tuple[list[Raw], list[ClientConnection]]:
    """Chair, presenter and members, all connected, a case open."""
    names = ["chair", "shows", *(f"m{n}" for n in range(1, count + 1))]
    people = [Raw(folder, address, name) for name in names]
    sockets = [await stack.enter_async_context(person.open()) for person in people]
    for socket in sockets:
        await until(socket, t="snap")
    await asyncio.sleep(1.0)
    answer = await do(sockets[0], "open_case", case_id="case-1")
    assert answer["t"] == "ack" or answer["code"] == "case_open", answer
    return people, sockets


def memory_mb(pid: int, what: str = "VmHWM") -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith(what)).split()[1]) / 1024


def p95(values: list[float]) -> float:
    return sorted(values)[int(0.95 * (len(values) - 1))]


async def follow(socket: ClientConnection, started: dict[float, float], late: list[float]) -> None:
    with contextlib.suppress(ConnectionClosed):
        async for text in socket:
            heard = time.perf_counter()
            message = json.loads(text)
            if message["t"] == "view" and (place := message["view"].get("crosshair_mm")):
                late.append(1000 * (heard - started[place[0]]))


async def latency(running: Process, folder: Folder, *, short: bool, pointing: bool = False) -> None:
    seconds = 3 if short else 10
    async with AsyncExitStack() as stack:
        _, sockets = await everybody(stack, folder, running.address)
        started: dict[float, float] = {}
        late: list[float] = []
        followers = [asyncio.create_task(follow(socket, started, late)) for socket in sockets[2:]]
        points = [asyncio.create_task(point(socket, seconds)) for socket in sockets[2:40] if pointing]
        for step in range(10 * seconds):
            started[float(step)] = time.perf_counter()
            view = {"case_id": "case-1", "crosshair_mm": [float(step), 0.0, 0.0]}
            await sockets[1].send(json.dumps({"kind": "view.set", "body": view}))
            await asyncio.sleep(0.1)
        await asyncio.gather(*points)
        await asyncio.sleep(0.5)
        for follower in followers:
            follower.cancel()
        with_ = "with 38 pointers" if pointing else "alone"
        print(f"presenter to {len(followers)} followers {with_}: p50 {statistics.median(late):.1f} ms, ", end="")
        print(f"p95 {p95(late):.1f} ms, {len(late)} of {10 * seconds * len(followers)} arrived (target p95 15 ms)")


async def point(socket: ClientConnection, seconds: int) -> None:
    for step in range(10 * seconds):
        body = {"at_mm": [float(step), 0.0, 0.0]}
        await socket.send(json.dumps({"kind": "pointer", "body": body}))
        await asyncio.sleep(0.1)


async def pointers(running: Process, folder: Folder, *, short: bool) -> None:
    seconds = 3 if short else 10
    async with AsyncExitStack() as stack:
        _, sockets = await everybody(stack, folder, running.address)
        heard: list[int] = [0]

        async def count() -> None:
            async for _ in sockets[0]:
                heard[0] += 1

        counting = asyncio.create_task(count())
        await asyncio.gather(*(point(socket, seconds) for socket in sockets[2:40]))
        counting.cancel()
        print(f"38 pointers at 10/s: {heard[0] / seconds:.1f} messages/s for each client (target 15)")
    await latency(running, folder, short=short, pointing=True)


async def fetched(person: Raw, names: list[str]) -> int:
    """Every file of a case, one after the other on one connection, read as quickly as Python can."""
    parts = httpx.URL(person.address)
    reader, writer = await asyncio.open_connection(parts.host, parts.port, limit=2**18)
    total = 0
    for name in names:
        words = [
            f"GET {parts.path}files/{name} HTTP/1.1",
            f"Host: {parts.host}",
            f"Cookie: {person.cookie['Cookie']}",
        ]
        writer.write(("\r\n".join(words) + "\r\n\r\n").encode())
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        assert head.startswith("http/1.1 200"), head
        left = int(head.split("content-length: ")[1].split("\r\n")[0])
        total += left
        while left:
            left -= len(await reader.read(min(left, 2**18)))
    writer.close()
    return total


async def all_images(running: Process, folder: Folder, *, short: bool) -> None:
    del short
    noise = np.random.default_rng(1).normal(0, 25, (152, 512, 512))
    ramp = np.linspace(-200, 200, 512)[None, None, :] + np.zeros((152, 512, 1))
    volume = Volume((ramp + noise).astype(np.int16), np.diag([3.0, 0.8, 0.8, 1.0]), modality="CT")
    shown = Shown(images(volume, beside=None, registration=None, fusion=None, labels=()))
    publication = publish(shown, folder.path, case_id="case-1")
    print(f"{volume.array.nbytes / 1e6:.0f} MB volume, {publication.size_bytes / 1e6:.1f} MB on the wire")
    del shown, volume, noise, ramp
    async with AsyncExitStack() as stack:
        people, sockets = await everybody(stack, folder, running.address)
        answer = await do(sockets[0], "publish_images", case_id="case-1", manifest=publication.manifest, looked=True)
        assert answer["t"] == "ack", answer
        before = memory_mb(running.pid, "VmRSS")
        await stack.aclose()
        async with httpx.AsyncClient(verify=False, headers=people[0].cookie) as http:
            case = (await http.get(f"{running.address}cases/case-1")).json()
        names = case["scenes"][0]["files"]
        for count in (1, 10, MEMBERS):
            started = time.perf_counter()
            sizes = await asyncio.gather(*(fetched(person, names) for person in people[2 : count + 2]))
            lasted = time.perf_counter() - started
            print(f"{count} clients: {lasted:.2f} s, {sum(sizes) / lasted / 1e6:.0f} MB/s (target 3 s for 40)")
        print(f"server: {before:.0f} MB before, {memory_mb(running.pid):.0f} MB at its peak (target 80 MB)")


async def kills(running: Process, folder: Folder, *, short: bool) -> None:
    """Forty members vote all the time while the server is killed; what was acknowledged must be kept."""
    await _kills(running, folder, trials=2 if short else 8)


async def _kills(running: Process, folder: Folder, *, trials: int) -> None:
    lost, backs = 0, []
    async with AsyncExitStack() as stack:
        people, sockets = await everybody(stack, folder, running.address)
        answer = await do(sockets[0], "open_ballot", ballot_id="b1", question="?", options=["yes", "no"])
        assert answer["t"] == "ack", answer
    rng = random.Random(1)
    told_of, given = 0, dict[str, list[str]]()
    for trial in range(trials):
        given = {person.member: [] for person in people[2:]}
        voters = [asyncio.create_task(vote(person, given[person.member], trial)) for person in people[2:]]
        for _ in range(600):  # until everybody is voting
            if all(given.values()):
                break
            await asyncio.sleep(0.1)
        await asyncio.sleep(rng.uniform(0, 0.5))
        running.kill()
        await asyncio.gather(*voters)
        votes = folder.meeting(MEETING).ballots["b1"].votes
        lost += sum(older(votes[who].reason if who in votes else "", told) for who, told in given.items())
        told_of += sum(map(len, given.values()))
        started = time.perf_counter()
        running.restart()
        async with people[2].open() as again:
            await until(again, t="snap")
        backs.append(time.perf_counter() - started)
    registry = folder.registry()
    whole = registry.verify() == []
    registry.close()
    print(
        f"{trials} kills during {MEMBERS} voters: {lost} acknowledged votes lost (target 0), "
        f"journal whole: {whole} (target True)"
    )
    print(f"started and joined again after {statistics.median(backs):.1f} s, at most {max(backs):.1f} s ", end="")
    print(f"(target: within seconds); {told_of} votes were acknowledged")


async def vote(person: Raw, told: list[str], trial: int) -> None:
    """Vote until the connection is cut; each vote has its number as its reason."""
    with contextlib.suppress(ConnectionClosed, OSError, InvalidHandshake, TimeoutError):
        async with person.open() as socket:
            await until(socket, t="snap")
            for number in range(10_000):
                reason = f"{trial:03d}-{number:05d}"
                answer = await do(socket, "vote", ballot_id="b1", choice="yes", reason=reason)
                if answer["t"] == "ack":
                    told.append(reason)
                await asyncio.sleep(0.11)


def older(kept: str | None, told: list[str]) -> bool:
    """Whether what is kept is older than the last vote that was acknowledged."""
    return bool(told) and (kept or "") < told[-1]


async def refused(running: Process, folder: Folder, *, short: bool) -> None:
    del short

    def act() -> None:
        stage = Stage(folder, running.address)
        outcomes = {name: attempt() for name, attempt in attempts(stage)}
        through = [name for name, was in outcomes.items() if not was]
        print(
            f"{len(outcomes)} kinds of attempt (target 60), {len(through)} not refused {through} (target 0); ", end=""
        )
        print(f"alive: {stage.is_alive()} (target True)")
        stage.close()

    await asyncio.to_thread(act)


async def fuzzed(running: Process, folder: Folder, *, short: bool) -> None:
    await _fuzzed(running, folder, seconds=10 if short else 45)


async def _fuzzed(running: Process, folder: Folder, *, seconds: int) -> None:
    def act() -> None:
        stage = Stage(folder, running.address)
        sent = fuzz(stage, seconds=seconds, seed=1)
        print(
            f"{sent.frames} frames of chance in {seconds} s: {sent.acknowledged} done, {sent.refused} refused, ",
            end="",
        )
        print(f"{sent.leaks} leaks (target 0); alive: {stage.is_alive()} (target True)")
        stage.close()

    await asyncio.to_thread(act)


async def hours(running: Process, folder: Folder, *, short: bool) -> None:
    """Two hours of moving ten times a second, pointing, coming and going, and 24 ballots, as quickly as they pass."""
    minutes = 10 if short else 120
    async with AsyncExitStack() as stack:
        people, sockets = await everybody(stack, folder, running.address)
        hands = [sockets[1], *[await stack.enter_async_context(people[1].open()) for _ in range(7)]]
        drains = [asyncio.create_task(drain(socket)) for socket in (*sockets[1:], *hands[1:])]
        sizes = []
        for minute in range(minutes):
            if minute % 5 == 0:
                await ballot(sockets, f"b{minute}")
            hearing = asyncio.create_task(drain(sockets[0]))
            for step in range(75):
                view = {"case_id": "case-1", "crosshair_mm": [float(step), float(minute), 0.0]}
                for hand in hands:  # each connection may send forty a second
                    await hand.send(json.dumps({"kind": "view.set", "body": view}))
                if step % 10 == 0:
                    for socket in sockets[2:]:
                        await socket.send(json.dumps({"kind": "pointer", "body": {"at_mm": [float(step), 0.0, 0.0]}}))
                await asyncio.sleep(0.026)
            async with people[2 + minute % MEMBERS].open() as other:
                await until(other, t="snap")
            hearing.cancel()
            sizes.append(memory_mb(running.pid, "VmRSS"))
        for each in drains:
            each.cancel()
        first, last = statistics.median(sizes[len(sizes) // 10 :][:5]), statistics.median(sizes[-5:])
        print(
            f"{minutes} minutes: {first:.1f} MB early, {last:.1f} MB late: {100 * (last / first - 1):+.1f} %"
            " (target within 10 %)"
        )


async def ballot(sockets: list[ClientConnection], name: str) -> None:
    """Everybody votes; what came of it is shown."""
    assert (await do(sockets[0], "open_ballot", ballot_id=name, question="?", options=["yes", "no"]))["t"] == "ack"
    vote = json.dumps({"kind": "vote", "body": {"ballot_id": name, "choice": "yes"}})
    await asyncio.gather(*(socket.send(vote) for socket in sockets[2:]))
    for kind in ("close_ballot", "reveal"):
        await asyncio.sleep(0.5)
        assert (await do(sockets[0], kind, ballot_id=name))["t"] == "ack"


async def drain(socket: ClientConnection) -> None:
    with contextlib.suppress(ConnectionClosed):
        async for _ in socket:
            pass


async def cut(running: Process, folder: Folder, *, short: bool) -> None:
    """A member's connection is cut for ten seconds while the meeting goes on."""
    async with AsyncExitStack() as stack:
        people, sockets = await everybody(stack, folder, running.address, count=3)
        await do(sockets[0], "open_ballot", ballot_id="b1", question="?", options=["yes", "no"])
        await do(sockets[2], "vote", ballot_id="b1", choice="yes")
        sockets[2].transport.abort()
        await do(sockets[3], "vote", ballot_id="b1", choice="no")
        await do(sockets[1], "view.set", case_id="case-1", crosshair_mm=[5.0, 0.0, 0.0])
        await asyncio.sleep(3 if short else 10)
        started = time.perf_counter()
        async with people[2].open() as again:
            snap = await until(again, t="snap")
            lasted = time.perf_counter() - started
        (ballot,) = snap["state"]["ballots"]
        right = (ballot["voted"], ballot["own"]["choice"], snap["view"]["crosshair_mm"][0]) == (2, "yes", 5.0)
        print(f"back after a cut: state right: {right} (target True), in {1000 * lasted:.0f} ms")


async def long(running: Process, folder: Folder, *, short: bool) -> None:
    """What takes longer than all the rest: fifty kills, and five minutes of frames of chance."""
    await _kills(running, folder, trials=5 if short else 50)
    with tempfile.TemporaryDirectory() as scratch:
        other = made(Path(scratch) / "data")
        with process(other.path, free_port()) as fresh:
            await _fuzzed(fresh, other, seconds=20 if short else 300)


PARTS = {
    "latency": latency, "pointers": pointers, "images": all_images, "kills": kills, "attempts": refused,
    "fuzz": fuzzed, "hours": hours, "cut": cut, "long": long,
}  # fmt: skip


def main() -> None:
    chosen = [name for name in sys.argv[1:] if not name.startswith("-")] or [name for name in PARTS if name != "long"]
    for name in chosen:
        started = time.perf_counter()
        with tempfile.TemporaryDirectory() as scratch:
            folder = made(Path(scratch) / "data", members=MEMBERS)
            with process(folder.path, free_port()) as running:
                print(f"-- {name}")
                asyncio.run(PARTS[name](running, folder, short="--short" in sys.argv))
        print(f"   ({time.perf_counter() - started:.0f} s)")
    assert threading.active_count() < 10


if __name__ == "__main__":
    main()
