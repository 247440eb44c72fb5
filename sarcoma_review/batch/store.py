"""What came of each study, kept by content: a run that was stopped goes on, a repeated one does nothing."""

import json
import os
import secrets
import sqlite3
import tempfile
import weakref
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Self

from sarcoma_review.batch.studies import Place
from sarcoma_review.batch.work import Done, Job, Row
from sarcoma_review.errors import BatchError

_MARK = 0x53524231  # tells our files from others'
_PATIENCE_S = 1.0
_TABLES = """
CREATE TABLE IF NOT EXISTS secret (value BLOB);
CREATE TABLE IF NOT EXISTS results (key TEXT PRIMARY KEY, row TEXT, case_id TEXT, event TEXT, lasting INTEGER);
CREATE TABLE IF NOT EXISTS known (run TEXT, place TEXT, state TEXT, key TEXT, PRIMARY KEY (run, place));
CREATE TABLE IF NOT EXISTS listed (number INTEGER PRIMARY KEY, place TEXT, key TEXT);
"""


class Store:
    """An SQLite file, for its owner alone: it holds where the studies lie, and folders may be called after patients.

    Parameters
    ----------
    path : Path, optional
        Made where it is not there; without one everything is gone with this object.

    Raises
    ------
    BatchError
        If the file is another's, or in use by another run.
    """

    def __init__(self, path: Path | None = None) -> None:
        if path is None:
            home = tempfile.TemporaryDirectory(prefix="sarcoma_review-")
            weakref.finalize(self, home.cleanup)
            path = Path(home.name, "batch")
        self.path = path
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        self._open: sqlite3.Connection | None = sqlite3.connect(path, timeout=_PATIENCE_S)
        try:
            self._begin()
        except sqlite3.DatabaseError as problem:
            self._writing.close()
            in_use = isinstance(problem, sqlite3.OperationalError)
            raise BatchError(
                "another run is writing to this store" if in_use else "the store is a file of another kind"
            ) from None

    def _begin(self) -> None:
        mark, tables = (self._one(f"PRAGMA {what}")[0] for what in ("application_id", "schema_version"))
        if mark != _MARK and tables:
            raise sqlite3.DatabaseError
        # One run at a time. Whatever becomes of this process, what it wrote is there; a power cut costs moments.
        self._writing.executescript(
            "PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; "
            f"PRAGMA synchronous=NORMAL; PRAGMA application_id={_MARK};{_TABLES}"
        )
        if not self._one("SELECT count(*) FROM secret")[0]:
            self._writing.execute("INSERT INTO secret VALUES (?)", (secrets.token_bytes(32),))
        self._writing.execute("DELETE FROM listed")
        self._writing.execute("DELETE FROM results WHERE NOT lasting")
        self._writing.commit()

    @property
    def _writing(self) -> sqlite3.Connection:
        assert self._open is not None, "this store was let go of"
        return self._open

    def _all(self, query: str, values: tuple[object, ...] = ()) -> Iterator[Any]:
        """What is found, also when the file was let go of."""
        if self._open is not None:
            yield from self._open.execute(query, values)
            return
        with closing(sqlite3.connect(self.path)) as reading:
            yield from reading.execute(query, values)

    def _one(self, query: str, values: tuple[object, ...] = ()) -> Any:
        return next(self._all(query, values), None)

    @property
    def secret(self) -> bytes:
        """With which names are drawn for studies that cannot be read."""
        return bytes(self._one("SELECT value FROM secret")[0])

    def recall(self, run: str, number: int, *, place: Place, state: str) -> bool:
        """Put a study into this run's table, if it is known in this state."""
        found = self._one(
            "SELECT key FROM known JOIN results USING (key) WHERE run = ? AND place = ? AND state = ?",
            (run, place.name, state),
        )
        if found and state:
            self._writing.execute("INSERT INTO listed VALUES (?, ?, ?)", (number, place.name, found[0]))
        return bool(found and state)

    def keep(self, job: Job, done: Done) -> None:
        """Write down what came of a study; it is there when this returns, whatever becomes of this process."""
        row = json.dumps([done.row.study, done.row.outcome, done.row.error, done.row.reason, dict(done.row.cells)])
        key = done.key if done.lasting else f"{done.key} {job.number}"  # a copy of the study may have fared better
        values = (key, row, done.case_id, done.event, done.lasting)
        self._writing.execute("INSERT OR REPLACE INTO results VALUES (?, ?, ?, ?, ?)", values)
        self._writing.execute("INSERT INTO listed VALUES (?, ?, ?)", (job.number, job.place.name, key))
        if done.lasting:
            known = (job.run, job.place.name, job.state, key)
            self._writing.execute("INSERT OR REPLACE INTO known VALUES (?, ?, ?, ?)", known)
        self._writing.commit()

    def rows(self) -> Iterator[Row]:
        """The rows of this run, in the order of its listing."""
        for (row,) in self._all("SELECT row FROM listed JOIN results USING (key) ORDER BY number"):
            yield Row(*json.loads(row))

    def counts(self) -> dict[str, int]:
        """How many rows of this run are done and failed."""
        query = "SELECT row ->> 1, count(*) FROM listed JOIN results USING (key) GROUP BY 1"
        return {str(outcome): int(count) for outcome, count in self._all(query)}

    def place(self, study: str) -> list[str]:
        """Where the studies of this name lie."""
        query = "SELECT place FROM listed JOIN results USING (key) WHERE row ->> 0 = ? ORDER BY number"
        return [str(place) for (place,) in self._all(query, (study,))]

    def events(self) -> Iterator[tuple[str, str]]:
        """Cases and events, as JSON, of the studies of this run that have one."""
        query = "SELECT case_id, event FROM listed JOIN results USING (key) WHERE event <> '' ORDER BY number"
        yield from self._all(query)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Let another run begin, however this one ended; what it wrote can be read until then."""
        self._writing.commit()
        self._writing.close()
        self._open = None
