"""What is killed: a worker, the run itself, a scheduler. Nothing is lost, and nothing stands twice."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from threadpoolctl import threadpool_info

from sarcoma_review import batch
from sarcoma_review.batch import engines
from sarcoma_review.batch.engines import by_processes
from sarcoma_review.batch.store import Store
from sarcoma_review.batch.work import Job
from sarcoma_review.dicom.web import Archive
from sarcoma_review.errors import BatchError
from tests.batch.many import jobs, studies
from tests.servers.test_web import answering, send

COUNT = 200


class Deadly:
    """Ends the process that unpacks it, as the kernel does when the memory ends."""

    def __reduce__(self) -> tuple[object, ...]:
        return os._exit, (9,)


def test_a_killed_process_loses_no_study_and_none_comes_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pools: list[ProcessPoolExecutor] = []
    begin = engines._pool

    def begun_pool(workers: int) -> ProcessPoolExecutor:
        pools.append(begin(workers))
        return pools[-1]

    monkeypatch.setattr(engines, "_pool", begun_pool)
    told = jobs(studies(COUNT, tmp_path))
    came = []
    for job, done in by_processes(iter(told), workers=2):
        came.append((job.number, done.row.outcome))
        if len(came) == 5:
            os.kill(next(iter(pools[0]._processes)), signal.SIGKILL)
    assert sorted(came) == [(number, "done") for number in range(COUNT)]
    assert len(pools) > 1


def test_the_study_that_kills_every_process_is_said_to_and_the_others_are_done(tmp_path: Path) -> None:
    told = jobs(studies(6, tmp_path))
    told[2] = replace(told[2], options=Deadly())  # type: ignore[arg-type]
    came = {job.number: done for job, done in by_processes(iter(told), workers=2)}
    assert sorted(came) == list(range(6))
    assert [number for number, done in came.items() if done.row.outcome == "failed"] == [2]
    assert (came[2].row.error, came[2].row.reason, came[2].lasting) == (
        "BrokenProcessPool",
        "its process died",
        False,
    )


def test_no_more_studies_are_under_way_than_asked(tmp_path: Path) -> None:
    drawn = 0

    def drawing() -> Iterator[Job]:
        nonlocal drawn
        for job in told:
            drawn += 1
            yield job

    told = jobs(studies(9, tmp_path))
    for came, _ in enumerate(by_processes(drawing(), workers=2, at_most=2), 1):
        assert drawn - came < 2 + 1


SCRIPT = """
import sys
from sarcoma_review import batch
if __name__ == "__main__":
    batch.run("check", sys.argv[1], out=sys.argv[2], engine=sys.argv[3], workers=2)
"""


@contextmanager
def begun(folder: Path, out: Path, engine: str = "local") -> Iterator["subprocess.Popen[bytes]"]:
    """A run in a process of its own, of which some studies are done."""
    script = out.with_name("run.py")
    script.write_text(SCRIPT)
    process = subprocess.Popen([sys.executable, script, folder, out, engine], stderr=subprocess.PIPE)
    wal = Path(f"{out}.store-wal")
    for _ in range(1200):
        assert process.poll() is None, "the run ended before it could be stopped"
        if wal.exists() and wal.stat().st_size > 200_000:
            break
        time.sleep(0.05)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def require_whole(folder: Path, out: Path, count: int) -> None:
    """Going on brings every study once, and works on none that was done."""
    again = batch.run("check", folder, out=out, workers=2)
    assert 5 < again.known < count
    assert (again.done, again.failed) == (count, 0)
    names = Counter(row.study for row in again.rows())
    assert len(names) == count


@pytest.mark.slow
def test_a_run_that_is_killed_goes_on_where_it_was(tmp_path: Path) -> None:
    folder, out = studies(200, tmp_path / "in"), tmp_path / "found.csv"
    with begun(folder, out) as process:
        process.send_signal(signal.SIGKILL)
    assert not out.exists()
    require_whole(folder, out, 200)


def test_numpy_and_scipy_count_with_one_thread_in_each_process() -> None:
    with engines._pool(1) as pool:
        libraries = pool.submit(threadpool_info).result()
    assert {library["num_threads"] for library in libraries} == {1}


def test_two_runs_do_not_write_to_one_store(tmp_path: Path) -> None:
    with Store(tmp_path / "store"), pytest.raises(BatchError, match="another run is writing to this store"):
        Store(tmp_path / "store")
    with Store(tmp_path / "store") as after:
        assert list(after.rows()) == []


def dask(*words: str) -> "subprocess.Popen[bytes]":
    settings = {"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1"}
    command = [sys.executable, "-m", "distributed.cli.dask_" + words[0], *words[1:]]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ | settings)


@contextmanager
def cluster(folder: Path) -> Iterator[tuple[str, "list[subprocess.Popen[bytes]]"]]:
    """A scheduler and two workers in processes of their own; scheduler first."""
    known = folder / "scheduler.json"
    quiet = ("--no-dashboard",)
    processes = [dask("scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(known), *quiet)]
    try:
        while not known.exists():
            assert processes[0].poll() is None
            time.sleep(0.1)
        address = known.read_text().split('"address": "')[1].split('"')[0]
        worker = ("worker", address, "--nthreads", "1", "--no-nanny", "--local-directory", str(folder), *quiet)
        processes += [dask(*worker) for _ in range(2)]
        yield address, processes
    finally:
        for process in processes:
            process.kill()
            process.wait()


@pytest.mark.slow
def test_a_cluster_gives_the_table_that_this_machine_gives(tmp_path: Path) -> None:
    folder = studies(20, tmp_path / "in")
    with cluster(tmp_path) as (address, _):
        there = batch.run("check", folder, out=tmp_path / "there.csv", engine=address)
    here = batch.run("check", folder, out=tmp_path / "here.csv", workers=2)
    assert (tmp_path / "there.csv").read_bytes() == (tmp_path / "here.csv").read_bytes()
    assert there.done == here.done == 20


@pytest.mark.slow
def test_a_cluster_that_loses_a_worker_does_every_study(tmp_path: Path) -> None:
    folder, out = studies(200, tmp_path / "in"), tmp_path / "found.csv"
    with cluster(tmp_path) as (address, processes), begun(folder, out, address) as process:
        processes[1].kill()
        assert process.wait(120) == 0
    assert len(out.read_text().splitlines()) == 201
    assert ",failed," not in out.read_text()


@pytest.mark.slow
def test_a_run_that_loses_its_scheduler_says_so_and_goes_on_elsewhere(tmp_path: Path) -> None:
    folder, out = studies(200, tmp_path / "in"), tmp_path / "found.csv"
    with cluster(tmp_path) as (address, processes), begun(folder, out, address) as process:
        processes[0].kill()
        assert process.wait(120) != 0
        assert process.stderr is not None
        assert b"BatchError: the scheduler was lost" in process.stderr.read()
    require_whole(folder, out, 200)


@pytest.mark.slow
def test_a_client_of_a_cluster_that_is_killed_goes_on_where_it_was(tmp_path: Path) -> None:
    folder, out = studies(200, tmp_path / "in"), tmp_path / "found.csv"
    with cluster(tmp_path) as (address, _), begun(folder, out, address) as process:
        process.send_signal(signal.SIGKILL)
    require_whole(folder, out, 200)


def test_a_scheduler_that_is_not_there_is_said_to_be_and_the_store_stays_free(tmp_path: Path) -> None:
    folder, out = studies(1, tmp_path / "in"), tmp_path / "found.csv"
    with pytest.raises(BatchError, match="the scheduler cannot be reached") as kept:
        batch.run("scan", folder, engine="tcp://127.0.0.1:9", out=out)
    assert batch.run("scan", folder, out=out, workers=1).done == 1
    assert kept.value.__traceback__ is not None  # as a notebook keeps it, with all that the run had open


def test_headers_of_an_archive_do_not_travel_unencrypted_to_other_machines() -> None:
    with answering(lambda handler: send(handler, 200, "application/dicom+json", b"[]")) as url:
        archive = Archive(url, {"Authorization": "Bearer secret"})
        with pytest.raises(BatchError, match="headers would travel unencrypted") as refusal:
            batch.run("scan", archive, engine="tcp://10.0.0.1:8786")
    assert "secret" not in str(refusal.value)
