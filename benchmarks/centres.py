"""What row-level security costs: one registry for all beside one of six centres, of the same size, in one run.

python benchmarks/centres.py [entries ...]; 300 and 1200 without. Each figure is a median of times taken in turns from
both, by TLS on loopback; read the ratios.
"""

import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[1]))

from sarcoma_review.registry import CaseOpened, Decision, Event, FollowUpSeen, Registry
from sarcoma_review.registry.cohort import snapshot
from tests.servers import postgresql
from tests.servers.network import CODES, PASSWORD, as_administrator, make_world
from tests.servers.postgresql import Cluster

DECIDED = Decision(modality="surgery", decision="resection")
SEEN = FollowUpSeen(on_date=date(2026, 1, 1))
HISTORY: list[Event] = [CaseOpened(question="?"), DECIDED, *[SEEN] * 18]
FIGURES: dict[str, tuple[int, Callable[[Registry], object]]] = {
    "append": (60, lambda registry: registry.append("AB-new", SEEN)),
    "a case by its id": (60, lambda registry: registry.history("AB-0")),
    "what a dashboard reads (a sixth of the rows)": (20, snapshot),
    "verify (a sixth of the rows)": (5, Registry.verify),
}


def fill(registries: dict[str, Registry], entries: int) -> None:
    """As many entries, in cases of 20 each, whether of one registry or a sixth of them by each of six centres."""
    for number in range(entries // len(HISTORY)):
        code = CODES[number % len(CODES)]
        registries[code].append_all(f"{code}-{number}", HISTORY)


def in_turns(tasks: dict[str, Callable[[], object]], times: int) -> dict[str, float]:
    """Median milliseconds of each."""
    taken: dict[str, list[float]] = {name: [] for name in tasks}
    for _ in range(times):
        for name, task in tasks.items():
            start = time.perf_counter()
            task()
            taken[name].append(1000 * (time.perf_counter() - start))
    return {name: median(values) for name, values in taken.items()}


def compare(cluster: Cluster, entries: int) -> None:
    as_administrator(cluster, f"CREATE DATABASE plain{entries} OWNER owner TEMPLATE migrated")
    plain = Registry.open(cluster.remote(f"plain{entries}", "owner", PASSWORD))
    world = make_world(cluster, f"six{entries}")
    six = {code: world.registry(code) for code in CODES}
    fill(dict.fromkeys(CODES, plain), entries)
    fill(six, entries)
    both = {"plain": plain, "six centres": six["AB"]}
    for registry in both.values():
        registry.append("AB-new", CaseOpened(question="?"))
    for name, (times, task) in FIGURES.items():
        turns = {which: lambda task=task, one=one: task(one) for which, one in both.items()}
        _print(entries, name, in_turns(turns, times))
    plain.close()
    world.close()


def _print(entries: int, name: str, found: dict[str, float]) -> None:
    ratio = found["six centres"] / found["plain"]
    times = ", ".join(f"{which} {value:.2f} ms" for which, value in found.items())
    print(f"{entries:6d} entries: {name}: {times}, ratio {ratio:.2f}")


if __name__ == "__main__":
    with postgresql.running() as started:
        as_administrator(started, f"CREATE ROLE owner LOGIN CREATEROLE PASSWORD '{PASSWORD}'")
        as_administrator(started, "CREATE DATABASE migrated OWNER owner")
        Registry.open(started.local("migrated", "owner")).close()
        for size in [int(word) for word in sys.argv[1:]] or [300, 1200]:
            compare(started, size)
