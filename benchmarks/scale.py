"""How time and memory grow with the number of studies, cases and members: scan, registry, batch, room.

python benchmarks/scale.py [scan|append|query|batch|room ...] [SIZE ...]; all without, at sizes four times the one
before. Each is measured in a process of its own. Seconds are a processor's, of all processes that work; the exponent
is that of a straight line through the logarithms, less what a run takes that has next to nothing to do.
"""

import asyncio
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path

import numpy as np
from watch import Watch

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.room import drain, everybody
from sarcoma_review import batch
from sarcoma_review.dicom import scan
from sarcoma_review.registry import CaseOpened, Decision, Registry
from tests.batch.many import studies
from tests.room.process import process
from tests.room.visiting import free_port, made

SIZES = [125, 500, 2000]
MEMBERS = [20, 40, 160]
NOTHING = 2
RUNNING = ExitStack()  # what a part leaves running until it was measured
QUESTIONS = 300


def scanned(count: int, home: Path) -> Callable[[], object]:
    folder = studies(count, home / "studies")
    return lambda: scan(folder)


def appended(count: int, home: Path) -> Callable[[], object]:
    registry = Registry.open(home / "cases.sqlite")

    def work() -> None:
        for number in range(count):
            registry.append(f"case-{number}", CaseOpened(question="?", centre=f"C{number % 7}"))
            registry.append(f"case-{number}", Decision(modality="surgery", decision="resection"))

    return work


def queried(count: int, home: Path) -> Callable[[], object]:
    """As many questions at each size, each for one case of the registry."""
    appended(count, home)()
    registry = Registry.open(home / "cases.sqlite")
    chosen = np.random.default_rng(0).integers(0, count, QUESTIONS)
    return lambda: [registry.case(f"case-{number}") for number in chosen]


def batched(count: int, home: Path) -> Callable[[], object]:
    """The first run brings up what later ones share: its cost is that of no study."""
    folder = studies(count, home / "studies")
    batch.run("scan", studies(NOTHING, home / "first"), workers=2)

    def work() -> None:
        made = batch.run("scan", folder, out=home / "found.csv", workers=2)
        assert made.done == count

    return work


def roomed(count: int, home: Path) -> Callable[[], object]:
    """A hundred moves of the presenter, heard by so many members, who are here already; their own time is in it."""
    folder, loop, here = made(home / "room", members=count), asyncio.new_event_loop(), AsyncExitStack()
    running = RUNNING.enter_context(process(folder.path, free_port()))
    _, sockets = loop.run_until_complete(everybody(here, folder, running.address, count=count))

    async def work() -> None:
        hearing = [asyncio.create_task(drain(socket)) for socket in sockets[2:]]
        for step in range(100):
            view = {"case_id": "case-1", "crosshair_mm": [float(step), 0.0, 0.0]}
            await sockets[1].send(json.dumps({"kind": "view.set", "body": view}))
            await asyncio.sleep(0.1)
        for each in hearing:
            each.cancel()

    return lambda: loop.run_until_complete(work())


PARTS = {"scan": scanned, "append": appended, "query": queried, "batch": batched, "room": roomed}
PER_UNIT = {"scan": "study", "append": "case", "query": "question", "batch": "study", "room": "member"}


def measure(part: str, count: int) -> None:
    home = Path(tempfile.mkdtemp())
    work = PARTS[part](count, home)
    with Watch() as watch:
        work()
        time.sleep(0.2)
    RUNNING.close()
    shutil.rmtree(home)
    print(watch.cpu_s, watch.wall_s, watch.here_mb, watch.worker_mb)


def measured(part: str, count: int) -> list[float]:
    command = [sys.executable, __file__, "one", part, str(count)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [float(number) for number in said.split()[-4:]]


def report(part: str, sizes: list[int]) -> None:
    start_s = 0.0 if part == "query" else measured(part, NOTHING)[0]  # as many questions of two cases as of many
    rows = {count: measured(part, count) for count in sizes}
    spent = [max(row[0] - start_s, 1e-3) for row in rows.values()]
    exponent = float(np.polyfit(np.log(sizes), np.log(spent), 1)[0])
    for (count, (_, wall_s, here_mb, worker_mb)), cpu_s in zip(rows.items(), spent, strict=True):
        each = cpu_s / (QUESTIONS if part == "query" else count)
        print(
            f"{part:<7} N {count:>5}: {cpu_s:7.2f} s ({1000 * each:.2f} ms a {PER_UNIT[part]}), {wall_s:7.2f} s of "
            f"the clock; {here_mb:.0f} MB here, {worker_mb:.0f} MB in the largest worker"
        )
    print(f"{part:<7} exponent {exponent:.2f}; a start takes {start_s:.2f} s", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["one"]:
        measure(sys.argv[2], int(sys.argv[3]))
    else:
        numbers = [int(word) for word in sys.argv[1:] if word.isdecimal()]
        for name in [word for word in sys.argv[1:] if word in PARTS] or PARTS:
            report(name, numbers or (MEMBERS if name == "room" else SIZES))
