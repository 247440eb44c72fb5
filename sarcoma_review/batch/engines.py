"""Who does the work: processes of this machine, or a Dask cluster. Either way few studies are under way at a time."""

import multiprocessing
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, ProcessPoolExecutor, wait
from itertools import chain
from multiprocessing.process import BaseProcess
from typing import Any

from threadpoolctl import threadpool_limits

from sarcoma_review.batch.work import Done, Job, lost, work
from sarcoma_review.errors import BatchError

_AHEAD = 2  # studies under way for each worker: one that it works on and one that waits for it
_LOOK_S = 1.0

_Result = tuple[Job, Done]


def by_processes(jobs: Iterator[Job], *, workers: int, at_most: int | None = None) -> Iterator[_Result]:
    """Work by processes of this machine.

    Where a process is killed, as it is when the memory ends, whatever was under way is done again one by one, and
    the study that kills its process a second time is said to.

    Parameters
    ----------
    jobs : iterator of Job
    workers : int
    at_most : int, optional
        Studies under way.
    """
    under_way = min(at_most or workers * _AHEAD, workers * _AHEAD)
    while first := next(jobs, None):
        suspects: list[Job] = []
        with _pool(min(workers, under_way)) as pool:
            for job, future in _completed(pool, chain([first], jobs), under_way):
                if isinstance(future.exception(), BrokenExecutor):
                    suspects.append(job)
                else:
                    yield job, future.result()
        for job in suspects:
            yield job, _alone(job)


def _alone(job: Job) -> Done:
    with _pool(1) as pool:
        try:
            return pool.submit(work, job).result()
        except BrokenExecutor as problem:
            return lost(job, problem)


def _pool(workers: int) -> ProcessPoolExecutor:
    # Never forked from this process: a notebook has threads, whose locks a fork would copy as they are.
    served = "forkserver" in multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context("forkserver" if served else "spawn")
    context.set_forkserver_preload([work.__module__])  # once, and not by every process
    return ProcessPoolExecutor(workers, mp_context=context, initializer=_begin)


def _begin() -> None:
    """Count with one thread, as there is a process for each processor; end with the process that began this one."""
    threadpool_limits(1)  # of numpy and scipy
    parent = multiprocessing.parent_process()
    if parent is not None:  # killed, it would leave this one waiting for ever
        threading.Thread(target=_end_after, args=(parent,), daemon=True).start()


def _end_after(parent: BaseProcess) -> None:
    parent.join()
    os._exit(1)


def by_dask(jobs: Iterator[Job], address: str, *, at_most: int | None = None) -> Iterator[_Result]:
    """Work on a Dask cluster, whose workers must reach the studies by the same paths.

    Parameters
    ----------
    jobs : iterator of Job
    address : str
        Of the scheduler, ``tcp://HOST:PORT``.
    at_most : int, optional
        Studies under way.

    Raises
    ------
    BatchError
        If the scheduler cannot be reached or is lost; what was done is kept.
    """
    try:
        from distributed import Client
    except ImportError:
        raise BatchError("an engine of tcp://... needs the extra `cluster`") from None
    try:
        client: Any = Client(address, timeout=10, set_as_default=False)  # type: ignore[no-untyped-call]  # has no hints
    except OSError:
        raise BatchError("the scheduler cannot be reached") from None
    with client:
        under_way = max(1, sum(client.ncores().values())) * _AHEAD
        pool = client.get_executor()
        running = _completed(pool, jobs, min(at_most or under_way, under_way), lambda: _require(client.status))
        for job, future in running:
            if future.cancelled():
                raise BatchError(_LOST)
            problem = future.exception()
            yield job, future.result() if problem is None else lost(job, problem)


_LOST = "the scheduler was lost; what is done is kept: run the same again to go on"


def _require(status: str) -> None:
    if status != "running":
        raise BatchError(_LOST)


def _completed(
    pool: Executor, jobs: Iterator[Job], under_way: int, look: Callable[[], None] = lambda: None
) -> Iterator[tuple[Job, Future[Done]]]:
    """Jobs as they are completed, in whatever order; none is begun any more once the pool is broken."""
    flying: dict[Future[Done], Job] = {}
    broken = False
    try:
        while True:
            while not broken and len(flying) < under_way and (job := next(jobs, None)):
                flying[_submitted(pool, job)] = job
            if not flying:
                return
            for future in wait(flying, timeout=_LOOK_S, return_when=FIRST_COMPLETED).done:
                broken = broken or (not future.cancelled() and isinstance(future.exception(), BrokenExecutor))
                yield flying.pop(future), future
            look()
    finally:
        for future in flying:
            future.cancel()


def _submitted(pool: Executor, job: Job) -> Future[Done]:
    try:
        return pool.submit(work, job)
    except BrokenExecutor as problem:
        refused: Future[Done] = Future()
        refused.set_exception(problem)
        return refused
