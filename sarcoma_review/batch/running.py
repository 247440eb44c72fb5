"""A task over many studies, from the listing to the table."""

import os
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field, replace
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Never

from tqdm.auto import tqdm

from sarcoma_review.batch.engines import by_dask, by_processes
from sarcoma_review.batch.plans import record, write_plans
from sarcoma_review.batch.store import Store
from sarcoma_review.batch.studies import Listing, Studies, hashed, listed, state_of
from sarcoma_review.batch.table import require_table, write_table
from sarcoma_review.batch.tasks import Options, task_named
from sarcoma_review.batch.work import Done, Job, Row
from sarcoma_review.dicom.address import is_this_machine
from sarcoma_review.dicom.web import Archive
from sarcoma_review.errors import BatchError
from sarcoma_review.privacy.identity import keep_secret, load_secret
from sarcoma_review.registry import Registry


@dataclass(frozen=True, eq=False)
class Batch:
    """What came of a run; its rows can be read until another run begins with the same table.

    Parameters
    ----------
    task : str
    done, failed : int
        Studies, by what came of them.
    known : int
        Studies among them that were known before and not worked on again.
    left_out : int
        Files and hidden folders that lie beside the studies and are none.
    recorded, unknown_cases : int
        Events that a registry has got, and those whose case it does not hold.
    """

    task: str
    done: int
    failed: int
    known: int
    left_out: int
    recorded: int
    unknown_cases: int
    _store: Store = field(repr=False)

    def rows(self) -> Iterator[Row]:
        """The rows of the table, in the order of the listing."""
        return self._store.rows()

    def place(self, study: str) -> list[str]:
        """Where the studies of a row lie, paths or UIDs: for this machine alone, they may name a patient."""
        return self._store.place(study)

    def __repr__(self) -> str:
        return f"<Batch {self.task}: {self.done} done, {self.failed} failed, {self.known} of them known before>"


def run(
    task: str,
    studies: Studies,
    *,
    engine: str = "local",
    out: str | Path | None = None,
    options: Options | None = None,
    workers: int | None = None,
    registry: Registry | None = None,
) -> Batch:
    """Do one task for many studies.

    A study that fails is a row with its reason. What came of each study is kept beside the table by its content: a
    run that was stopped goes on, a repeated one works on nothing that is as it was. Only what an archive, a disk or a
    lost process spoilt is tried again. A script begins its runs under ``if __name__ == "__main__":``, for the
    processes that work are begun anew from it.

    Parameters
    ----------
    task : {"scan", "check", "deidentify", "margins", "deck"}
    studies : path-like, sequence of path-like, Archive or str
        A folder of studies, such folders or zip archives one by one, or a DICOMweb archive; see `listed`.
    engine : str
        ``"local"``, or ``"tcp://HOST:PORT"`` of a Dask scheduler, whose workers reach all paths as this machine does.
    out : path-like, optional
        The table, ``.csv`` or ``.parquet``. Beside it stands ``FILE.store``, which holds where the studies lie and
        belongs to nobody but its owner. Without it nothing is kept.
    options : Options, optional
        What the task needs.
    workers : int, optional
        Processes of this machine; as many as it has processors where not given.
    registry : Registry, optional
        Gets the measured margins of the cases it holds as events, each once.

    Returns
    -------
    Batch

    Raises
    ------
    BatchError
        If the task, the table or the engine cannot be had, or the scheduler is lost.
    ArchiveError
        If an archive cannot be listed.
    """
    table, asked = None if out is None else Path(out), options or Options()
    if table is not None:
        require_table(table)
    columns = task_named(task, asked).columns
    _require_apart(asked, studies)
    listing = listed(studies)
    work_on = _engine(engine, workers, listing.archive, asked.requests)
    with Store(None if table is None else table.with_name(f"{table.name}.store")) as store:
        settings = _prepared(asked, store)
        jobs = _Jobs(task, settings, listing, store, _run_hash(task, settings))
        with tqdm(total=len(listing.places), desc=task, unit="study", disable=None) as bar:
            for job, done in work_on(jobs.to_do(bar)):
                store.keep(job, done)
                bar.update()
        if table is not None:
            write_table(store.rows(), columns, table)
        recorded, unknown = (0, 0) if registry is None else record(store.events(), registry)
        counts = store.counts()
    return Batch(
        task, counts.get("done", 0), counts.get("failed", 0), jobs.known, listing.left_out, recorded, unknown, store
    )


@dataclass(eq=False)
class _Jobs:
    """What is still to be done, looked at while the work goes on: a long listing need not be gone through first."""

    task: str
    options: Options
    listing: Listing
    store: Store
    run: str
    known: int = 0

    def to_do(self, bar: "tqdm[Never]") -> Iterator[Job]:
        """The studies that are not known as they are."""
        for number, place in enumerate(self.listing.places):
            state = state_of(place, self.listing.archive)
            if self.store.recall(self.run, number, place=place, state=state):
                self.known += 1
                bar.total = len(self.listing.places) - self.known  # the time left is that of those that take time
            else:
                secret = self.store.secret
                yield Job(number, place, state, self.task, self.options, self.listing.archive, self.run, secret)


def _engine(
    engine: str, workers: int | None, archive: Archive | None, requests: int
) -> Callable[[Iterator[Job]], Iterator[tuple[Job, Done]]]:
    at_most = None if archive is None else requests
    if engine == "local":
        count = workers or os.cpu_count() or 1
        return lambda jobs: by_processes(jobs, workers=count, at_most=at_most)
    if not engine.startswith(("tcp://", "tls://")):
        raise BatchError("expected the engine local, or tcp://HOST:PORT of a Dask scheduler")
    host = engine.removeprefix("tcp://").rpartition(":")[0]
    if archive is not None and archive.headers and engine.startswith("tcp://") and not is_this_machine(host):
        raise BatchError(
            "the archive's headers would travel unencrypted to the workers: expected tls://, found tcp://"
        )
    return lambda jobs: by_dask(jobs, engine, at_most=at_most)


def _require_apart(options: Options, studies: Studies) -> None:
    """Refuse to write among the studies: the next run would take it for one of them."""
    if options.into is None or not isinstance(studies, str | Path):
        return
    if options.into.resolve().is_relative_to(Path(studies).resolve()):
        raise BatchError("what the task writes may not lie among the studies: name another folder")


def _prepared(options: Options, store: Store) -> Options:
    """Options as every process can use them: whole paths, the key drawn once, plans taken out of their registry."""
    into, key_file, plans = (
        None if place is None else Path(place).absolute() for place in (options.into, options.key_file, options.plans)
    )
    if into is not None:
        into.mkdir(parents=True, exist_ok=True)
    if key_file is not None:
        keep_secret(load_secret(key_file, apart_from=(into,) if into else ()), key_file)
    if options.plans is not None and not str(options.plans).endswith(".json"):
        plans = store.path.with_name(f"{store.path.name}.plans.json")
        write_plans(options.plans, plans)
    return replace(options, into=into, key_file=key_file, plans=plans)


def _run_hash(task: str, options: Options) -> str:
    """What makes two runs the same: task, options, plans and this program's version."""
    stated = asdict(options) | {"requests": 0, "plans": "", "on": ""}
    plans = options.plans
    content = sha256(Path(plans).read_bytes()).hexdigest() if plans is not None and Path(plans).is_file() else ""
    return hashed([version("sarcoma_review"), task, content, *(f"{name} {value}" for name, value in stated.items())])
