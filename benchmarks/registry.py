"""The registry's figures: killed writers, six writers, faults in a bundle, an attacker on tables, and size.

python benchmarks/registry.py [kill|torn|writers|faults|attack|size] [postgresql://...]; all but the server's without
"""

import os
import resource
import shutil
import signal
import sys
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
from scipy.optimize import linprog
from sqlalchemy import insert

from sarcoma_review.errors import RegistryError
from sarcoma_review.outcomes import ENDPOINTS, Benchmark, differs_by_few, schedules, suppress
from sarcoma_review.registry import (
    AchievedMargin,
    CaseOpened,
    Decision,
    Diagnosis,
    Execution,
    FollowUpSeen,
    MarginPlan,
    Operation,
    Outcome,
    PlannedMargin,
    Registry,
    bundle,
)
from sarcoma_review.registry.chain import entry_hash, link
from sarcoma_review.registry.dashboard_data import DashboardData, outcome_panels, read_dashboard, standing_panels
from sarcoma_review.registry.entries import canonical
from sarcoma_review.registry.overview import Question
from sarcoma_review.registry.tables import JOURNAL

DECIDED = Decision(modality="surgery", decision="resection")


def child(place: str, case: str, count: int, pipe: int) -> None:
    registry = Registry.open(place)
    registry.append(case, CaseOpened(question="?"))
    for _ in range(count):
        os.write(pipe, f"{registry.append(case, DECIDED)}\n".encode())
    registry.close()
    os._exit(0)


def fork(place: str, case: str, count: int) -> tuple[int, int]:
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reader)
        child(place, case, count, writer)
    os.close(writer)
    return pid, reader


def kill(folder: Path, server: str | None, trials: int = 200) -> None:
    rng = np.random.default_rng(1)
    for place in [str(folder / "kill.sqlite"), *([server] if server else [])]:
        Registry.open(place).close()
        lost, told = 0, 0
        start = f"k{time.time_ns() % 99999}"
        for trial in range(trials):
            pid, reader = fork(place, f"{start}-{trial}", 10**6)
            os.read(reader, 1)
            time.sleep(float(rng.uniform(0, 0.15)))
            os.kill(pid, signal.SIGKILL)
            with os.fdopen(reader) as lines:
                acknowledged = [int(line) for line in lines if line.strip() and line.endswith("\n")]
            os.waitpid(pid, 0)
            registry = Registry.open(place)
            last = acknowledged[-1] if acknowledged else 0
            lost += max(0, last - registry.case(f"{start}-{trial}").version)
            told += last
            registry.close()
        registry = Registry.open(place)
        problems = len(registry.verify())
        registry.close()
        print(
            f"kill -9 {place.split(':')[0][-10:]}: {trials} trials, {told} acknowledged, {lost} lost, {problems} bad"
        )


def torn(folder: Path, _: str | None, trials: int = 60) -> None:
    rng = np.random.default_rng(2)
    registry = Registry.open(folder / "torn.sqlite")
    registry.append("a", CaseOpened(question="?"))
    for _ in range(200):
        registry.append("a", DECIDED)
    broken, kept = 0, []
    for trial in range(trials):
        copy = folder / f"torn{trial}.sqlite"
        shutil.copy(folder / "torn.sqlite", copy)
        log = (folder / "torn.sqlite-wal").read_bytes()
        Path(f"{copy}-wal").write_bytes(log[: int(rng.integers(0, len(log)))])
        try:
            opened = Registry.open(copy)
            broken += len(opened.verify())
            kept.append(opened.case("a").version if opened.cases() else 0)
            opened.close()
        except RegistryError as problem:
            print("  refused:", problem)
            broken += 1
    registry.close()
    print(f"torn WAL: {trials} trials, {broken} broken chains; entries kept {min(kept)} to {max(kept)} of 201")


def writers(folder: Path, server: str | None, each: int = 1000) -> None:
    for place in [str(folder / "six.sqlite"), *([server] if server else [])]:
        Registry.open(place).close()
        start, name = time.perf_counter(), f"w{time.time_ns() % 99999}"
        children = [fork(place, f"{name}-{k}", each) for k in range(6)]
        for pid, reader in children:
            with os.fdopen(reader) as lines:
                acknowledged = len(lines.readlines())
            assert os.waitpid(pid, 0)[1] == 0
            assert acknowledged == each
        registry = Registry.open(place)
        versions = [registry.case(f"{name}-{k}").version for k in range(6)]
        lost, problems = 6 * (each + 1) - sum(versions), len(registry.verify())
        registry.close()
        spent = time.perf_counter() - start
        print(f"six writers x {each} {place.split(':')[0][-10:]}: {lost} lost, {problems} broken, {spent:.0f} s")


def faults(folder: Path, _: str | None, count: int = 1000) -> None:
    sender, receiver = Registry.open(folder / "from.sqlite"), Registry.open(folder / "to.sqlite")
    for k in range(20):
        sender.append(f"n-{k}", CaseOpened(question=f"case {k}"))
        sender.append(f"n-{k}", DECIDED)
    public = bundle.make_key(folder / "key")
    bundle.export(sender, folder / "b", key_file=folder / "key")
    content, rng, refused = bytearray((folder / "b").read_bytes()), np.random.default_rng(3), 0
    for _ in range(count):
        fault = content.copy()
        fault[int(rng.integers(len(content)))] ^= int(rng.integers(1, 256))
        (folder / "bad").write_bytes(fault)
        try:
            bundle.import_(receiver, folder / "bad", trusted={"n": public})
        except RegistryError:
            refused += 1
    print(f"faults of one byte in a bundle of {len(content)} bytes: {refused} of {count} refused")


def bounds(cell: int | str, rule: str) -> tuple[float, float | None]:
    if isinstance(cell, str):
        return (1, 7) if cell == "*" and rule == "hes" else (0, None)
    return (cell, cell) if rule == "lp" or cell == 0 else (max(8, cell - 2), cell + 2)


def attack(releases: list[list[list[int | str]]], rule: str) -> int:
    """Cells that a linear programme pins down, all releases taken together; later counts are no less."""
    rows, columns = len(releases[0]), len(releases[0][0])
    size = rows * columns
    equal, total = [], len(releases) * size
    for release in range(len(releases)):
        for lines in (np.arange(size).reshape(rows, columns), np.arange(size).reshape(rows, columns).T):
            for line in lines:
                sign = np.zeros(total)
                sign[release * size + line[:-1]], sign[release * size + line[-1]] = 1, -1
                equal.append(sign)
    more = np.hstack([np.eye(size), -np.eye(size)]) if len(releases) == 2 else None
    limits = [bounds(cell, rule) for table in releases for row in table for cell in row]
    found = 0
    for place, cell in enumerate(cell for table in releases for row in table for cell in row):
        if cell != "*":
            continue
        aim, ends = np.zeros(total), []
        aim[place] = 1
        for sign in (1, -1):
            answer = linprog(
                sign * aim,
                more,
                None if more is None else np.zeros(size),
                np.array(equal),
                np.zeros(len(equal)),
                limits,
            )
            ends.append(sign * answer.fun if answer.status == 0 else sign * -np.inf)
        found += ends[1] - ends[0] < 0.999
    return found


def with_totals(inner: np.ndarray) -> list[list[int]]:
    rows = np.hstack([inner, inner.sum(axis=1, keepdims=True)])
    return np.vstack([rows, rows.sum(axis=0)]).tolist()


def attacks(_: Path, __: str | None, count: int = 1000) -> None:
    rng, recovered, second, hidden = np.random.default_rng(4), 0, 0, 0
    for number in range(count):
        rule = ("hes", "lp")[number % 2]
        first = rng.poisson(rng.gamma(1, 8, (4, 4)))
        tables = [with_totals(first), with_totals(first + rng.poisson(rng.choice([0.2, 8.0]), (4, 4)))]
        shown = [suppress(table, rule, totals=True) for table in tables]
        together = shown[1] == shown[0] or not differs_by_few(*tables)
        second += together
        published = shown if together else shown[:1]
        hidden += sum(cell == "*" for table in published for row in table for cell in row)
        recovered += attack(published, rule)
    print(f"attacker: {count} tables, {second} with a second release, {hidden} hidden, {recovered} recovered")


def history(number: int, rng: np.random.Generator) -> list:
    plane = PlannedMargin(name="a", point_mm=(0, 0, 0), normal=(0, 0, 1), kerf_mm=1, margin_mm=9, interval_mm=(8, 10))
    day = date(2015, 1, 1) + timedelta(days=int(rng.integers(0, 3000)))
    later = [day + timedelta(days=int(gap)) for gap in np.sort(rng.integers(30, 1500, 3))]
    achieved = {"plane": "a", "margin_mm": float(rng.normal(9, 2)), "interval_mm": (0.0, 20.0), "method": "ct"}
    what = str(rng.choice(["local_recurrence", "death", "metastasis", "loosening", "last_contact"]))
    return [
        CaseOpened(question="?", centre=f"C{number % 6}", age_band="15-19"),
        Diagnosis(entity="osteosarcoma", grade=3, on_date=day - timedelta(days=90)),
        MarginPlan(segment="tumour", planes=(plane,), minimum_mm=9, interval_mm=(8, 10)),
        DECIDED,
        Execution(decision_version=4, carried_out="yes"),
        Operation(procedure="resection", reconstruction="endoprosthesis", on_date=day),
        AchievedMargin.model_validate({**achieved, "on_date": day}),
        FollowUpSeen(on_date=later[0]),
        FollowUpSeen(on_date=later[1]),
        Outcome.model_validate({"type": what, "on_date": later[2]}),
    ]


def fill(registry: Registry, cases: int) -> None:
    rng, sequence, chain = np.random.default_rng(6), 0, ""
    now = datetime(2026, 11, 22, tzinfo=UTC).isoformat()
    with registry._writing() as connection:
        for number in range(cases):
            lines, previous = [], ""
            for version, event in enumerate(history(number, rng), start=1):
                body, case = canonical(event), f"c-{number}"
                own = entry_hash(case, version, now, body=body, previous=previous)
                sequence, chain = sequence + 1, link(chain, own)
                place = {"id": sequence, "case_id": case, "version": version, "kind": event.kind, "recorded_at": now}
                lines.append(
                    {**place, "author": "", "body": body, "previous_hash": previous, "hash": own, "chain": chain}
                )
                previous = own
            connection.execute(insert(JOURNAL), lines)


def asked(endpoint: str) -> Question:
    return Question(ENDPOINTS[endpoint], "shared", Benchmark(0.2, "made up"))


def dashboard(registry: Registry) -> DashboardData:
    """What a dashboard computes before it draws for the first time."""
    data = read_dashboard(registry, as_of=date(2026, 1, 1))
    outcome_panels(data, asked("local_recurrence"))
    standing_panels(data, asked("local_recurrence"), schedules()["esmo-older-edition"])
    return data


def size(folder: Path, _: str | None, cases: int = 10_000) -> None:
    registry = Registry.open(folder / "large.sqlite")
    fill(registry, cases)
    timings = {}
    registry.rebuild()
    data = dashboard(registry)
    for name, task in {
        "replay": registry.rebuild,
        "dashboard": lambda: dashboard(registry),
        "one more endpoint": lambda: outcome_panels(data, asked("metastasis")),
        "verify": registry.verify,
    }.items():
        wall, cpu = time.perf_counter(), time.process_time()
        task()
        timings[name] = f"{time.process_time() - cpu:.2f} s CPU ({time.perf_counter() - wall:.2f} s)"
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{cases} cases, {10 * cases} events: {timings}, memory {memory:.0f} MB")


PARTS = {"kill": kill, "torn": torn, "writers": writers, "faults": faults, "attack": attacks, "size": size}

if __name__ == "__main__":
    words = sys.argv[1:]
    address = next((word for word in words if "://" in word), None)
    for part in [word for word in words if word in PARTS] or list(PARTS):
        with tempfile.TemporaryDirectory() as temporary:
            PARTS[part](Path(temporary), address)
