"""One study: what a process is told, what it does, and what it says."""

import os
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from sarcoma_review.batch.studies import Place, content_of, hashed
from sarcoma_review.batch.tasks import Cell, Options, task_named
from sarcoma_review.dicom.container import Unpacked
from sarcoma_review.dicom.scan import place_of
from sarcoma_review.dicom.web import Archive
from sarcoma_review.errors import ArchiveError, SarcomaReviewError

_NAME_LENGTH = 16
_DEATHS = ("BrokenProcessPool", "KilledWorker")  # by name: the second is of a library that need not be there


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Parameters
    ----------
    study : str
        ``S-`` and the start of a hash of what the study holds; where it could not be read, of its place with a
        secret. Names of folders stay out: `Batch.place` finds the study again.
    outcome : {"done", "failed"}
    error, reason : str
        Kind of error and what it says, without identifiers; empty where it is done.
    cells : mapping
        As the task's columns; None where nothing is recorded.
    """

    study: str
    outcome: Literal["done", "failed"]
    error: str = ""
    reason: str = ""
    cells: Mapping[str, Cell] = field(default_factory=dict)


@dataclass(frozen=True)
class Job:
    """One study to be worked on.

    Parameters
    ----------
    number : int
        Its place in the listing.
    place : Place
    state : str
        See `state_of`.
    task : str
    options : Options
    archive : Archive or None
    run : str
        Hash of task, options and version.
    secret : bytes
        With which the name of a study that cannot be read is drawn.
    """

    number: int
    place: Place
    state: str
    task: str
    options: Options
    archive: Archive | None = field(repr=False)
    run: str
    secret: bytes = field(repr=False)


@dataclass(frozen=True)
class Done:
    """What came of a study.

    Parameters
    ----------
    key : str
        Hash of the run and of the study's content.
    row : Row
    lasting : bool
        Whether the same would come of it again: not where an archive, a disk or a process failed.
    case_id, event : str
        An event for a registry, as JSON, and its case; empty where there is none.
    """

    key: str
    row: Row
    lasting: bool = True
    case_id: str = ""
    event: str = ""


def work(job: Job) -> Done:
    """Do the task for one study; whatever fails becomes a row."""
    try:
        with _here(job) as folder:
            return _worked(job, folder)
    except Exception as problem:
        return lost(job, problem)


@contextmanager
def _here(job: Job) -> Iterator[Path]:
    """The study on this disk; what was fetched or unpacked goes when the work is done."""
    home: Unpacked | None
    if job.archive is not None:
        home = job.archive.fetch(job.place.name)
        yield home.folder
    else:
        folder, home = place_of(job.place.name)
        yield folder
    del home


def _worked(job: Job, folder: Path) -> Done:
    task = task_named(job.task, job.options)
    content = content_of(folder, heads_only=task.heads_only)
    key, name = hashed([job.run, content.whole]), f"S-{content.heads[:_NAME_LENGTH]}"
    try:
        found = task.run(folder, job.options, name)
    except Exception as problem:
        return _failed(key, name, problem)
    event = "" if found.event is None else found.event.model_dump_json()
    return Done(key, Row(name, "done", cells=found.cells), True, found.case_id, event)


def lost(job: Job, problem: BaseException) -> Done:
    """What is said of a study that could not even be read, or whose process was lost."""
    content = hashed([job.secret.hex(), job.place.name])
    return _failed(hashed([job.run, content]), f"S-{content[:_NAME_LENGTH]}", problem, lasting=False)


def _failed(key: str, name: str, problem: BaseException, *, lasting: bool = True) -> Done:
    row = Row(name, "failed", type(problem).__name__, _reason(problem))
    known = isinstance(problem, SarcomaReviewError) and not isinstance(problem, ArchiveError)
    return Done(key, row, lasting and known)


def _reason(problem: BaseException) -> str:
    """Why, in one line; of an error that is not ours nothing but its place, for it may quote what it read."""
    if isinstance(problem, SarcomaReviewError):
        return str(problem).splitlines()[0]
    if isinstance(problem, OSError):
        return os.strerror(problem.errno) if problem.errno else "the disk refused"
    if type(problem).__name__ in _DEATHS:
        return "its process died"
    own = [frame for frame in traceback.extract_tb(problem.__traceback__) if "sarcoma_review" in frame.filename]
    if not own:
        return "a fault outside this program"
    return f"a fault of this program, {Path(own[-1].filename).name} line {own[-1].lineno}"
