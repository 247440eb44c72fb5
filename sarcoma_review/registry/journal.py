"""An append-only journal of events on SQLite.

Nothing is ever rewritten: triggers refuse UPDATE and DELETE, and every entry carries the hash of the one before it
in the same case, so that an edited or removed entry shows.
"""

import hashlib
import json
import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from sqlalchemy import (
    URL,
    Column,
    Connection,
    Engine,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    create_engine,
    event,
    insert,
    select,
)
from sqlalchemy.exc import DatabaseError, OperationalError

from sarcoma_review.errors import ConflictError, RegistryError
from sarcoma_review.registry.events import EVENT, CaseOpened, Decision, Event, ImagingReference, MarginPlan, Outcome

_METADATA = MetaData()
_JOURNAL = Table(
    "journal",
    _METADATA,
    Column("id", Integer, primary_key=True, nullable=False),
    Column("case_id", String(64), nullable=False),
    Column("version", Integer, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("recorded_at", String(40), nullable=False),
    Column("body", Text, nullable=False),
    Column("previous_hash", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    UniqueConstraint("case_id", "version"),
)
_TRIGGER = (
    "CREATE TRIGGER IF NOT EXISTS journal_no_{verb} BEFORE {verb} ON journal "
    "BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END"
)
_CASE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_PSEUDONYM = re.compile(r"SR-[A-Z2-7]{10}")  # as the de-identifier makes them; their digits are chance
_LONG_NUMBER = re.compile(r"\d{6,}")


@dataclass(frozen=True)
class Entry:
    """One line of the journal.

    Parameters
    ----------
    version : int
        1 for a case's first event.
    recorded_at : datetime
        UTC.
    event : Event
    hash : str
        SHA-256 over the event, its place and the hash before it.
    """

    version: int
    recorded_at: datetime
    event: Event
    hash: str


@dataclass(frozen=True)
class CaseRecord:
    """A case as its journal tells it.

    Parameters
    ----------
    case_id : str
    version : int
        Number of its last entry; give it to `Registry.append` as ``expect``.
    opened : CaseOpened
    imaging, plans, decisions, outcomes : tuple
        In the order they were recorded.
    """

    case_id: str
    version: int
    opened: CaseOpened
    imaging: tuple[ImagingReference, ...]
    plans: tuple[MarginPlan, ...]
    decisions: tuple[Decision, ...]
    outcomes: tuple[Outcome, ...]


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Registry:
    """The journal of a centre or a network, on one SQLite file.

    Examples
    --------
    >>> registry = Registry.open(":memory:")
    >>> registry.append("case-1", CaseOpened(question="Is en bloc resection possible?"))
    1
    >>> registry.case("case-1").opened.question
    'Is en bloc resection possible?'
    >>> registry.verify()
    []
    """

    def __init__(self, engine: Engine, clock: Callable[[], datetime] = _utc_now) -> None:
        self._engine = engine
        self._clock = clock

    @classmethod
    def open(cls, path: str | Path, *, clock: Callable[[], datetime] = _utc_now) -> Self:
        """Open a registry, made new where there is none.

        Parameters
        ----------
        path : path-like
            Of the SQLite file; ``":memory:"`` for one that is gone afterwards.
        clock : callable, optional
            Gives the time of recording.

        Raises
        ------
        RegistryError
            If the folder does not exist, or the file is not a registry.
        """
        place = Path(path)
        if str(path) != ":memory:" and not place.parent.is_dir():
            raise RegistryError("the folder for the registry does not exist; make it first")
        engine = create_engine(URL.create("sqlite", database=str(path)), connect_args={"timeout": 30})
        event.listen(engine, "connect", _durable)
        event.listen(engine, "begin", _begin)
        try:
            with engine.connect().execution_options(writing=True) as connection, connection.begin():
                _METADATA.create_all(connection)
                for verb in ("UPDATE", "DELETE"):
                    connection.exec_driver_sql(_TRIGGER.format(verb=verb))
                connection.execute(select(_JOURNAL).limit(1)).all()
        except OperationalError as problem:
            engine.dispose()
            raise RegistryError(f"the registry cannot be opened: {problem.orig}") from None
        except DatabaseError as problem:
            engine.dispose()
            raise RegistryError(f"the file is not a registry ({type(problem.orig).__name__})") from None
        return cls(engine, clock)

    def append(self, case_id: str, event: Event, expect: int | None = None) -> int:
        """Write one event; it is on the disk when this returns.

        Parameters
        ----------
        case_id : str
            A pseudonym: letters, digits, ``-`` and ``_``, with no number of six digits or more.
        event : Event
        expect : int, optional
            The version of the case the writer last saw.

        Returns
        -------
        int
            The case's new version.

        Raises
        ------
        ConflictError
            If the case has moved on from `expect`; the message names the kinds of events written since.
        RegistryError
            If the case id could be a record number, the case was not opened first, or is opened twice.
        """
        if not _CASE_ID.fullmatch(case_id) or _LONG_NUMBER.search(_PSEUDONYM.sub("", case_id)):
            raise RegistryError(
                "a case id is a pseudonym of letters, digits, - and _, with no number of six digits or more"
            )
        body = _canonical(event)
        with self._writing() as connection:
            rows = _rows(connection, case_id)
            _require_order(rows, event, expect)
            version, previous = (rows[-1].version + 1, rows[-1].hash) if rows else (1, "")
            recorded_at = self._clock().astimezone(UTC).isoformat()
            values = {
                "case_id": case_id,
                "version": version,
                "kind": event.kind,
                "recorded_at": recorded_at,
                "body": body,
                "previous_hash": previous,
                "hash": _hash(case_id, version, recorded_at, body, previous),
            }
            connection.execute(insert(_JOURNAL).values(values))
        return int(version)

    def cases(self) -> list[str]:
        """Ids of all cases, in the order they were opened."""
        query = select(_JOURNAL.c.case_id).where(_JOURNAL.c.version == 1).order_by(_JOURNAL.c.id)
        with self._engine.connect() as connection:
            return [row.case_id for row in connection.execute(query)]

    def history(self, case_id: str) -> list[Entry]:
        """Every entry of a case, the first one first.

        Raises
        ------
        RegistryError
            If there is no such case.
        """
        with self._engine.connect() as connection:
            rows = _rows(connection, case_id)
        if not rows:
            raise RegistryError("no such case in this registry")
        return [
            Entry(row.version, datetime.fromisoformat(row.recorded_at), EVENT.validate_json(row.body), row.hash)
            for row in rows
        ]

    def case(self, case_id: str) -> CaseRecord:
        """A case as its journal tells it.

        Raises
        ------
        RegistryError
            If there is no such case.
        """
        history = self.history(case_id)
        events = [entry.event for entry in history]
        return CaseRecord(
            case_id=case_id,
            version=history[-1].version,
            opened=next(e for e in events if isinstance(e, CaseOpened)),
            imaging=tuple(e for e in events if isinstance(e, ImagingReference)),
            plans=tuple(e for e in events if isinstance(e, MarginPlan)),
            decisions=tuple(e for e in events if isinstance(e, Decision)),
            outcomes=tuple(e for e in events if isinstance(e, Outcome)),
        )

    def verify(self) -> list[str]:
        """Recompute every hash; a list of what does not fit, empty where all is whole.

        It finds an entry that was edited or taken out of the middle. An entry taken off the end of a case leaves
        no trace here.
        """
        problems = []
        for case_id in self.cases_with_entries():
            with self._engine.connect() as connection:
                rows = _rows(connection, case_id)
            previous, expected = "", 1
            for row in rows:
                whole = _hash(row.case_id, row.version, row.recorded_at, row.body, row.previous_hash) == row.hash
                if not whole or row.previous_hash != previous or row.version != expected:
                    problems.append(f"case {case_id}, version {row.version}: does not fit the entry before it")
                previous, expected = row.hash, row.version + 1
        return problems

    def cases_with_entries(self) -> list[str]:
        """Ids found in any entry, also of a case whose first entry is gone."""
        with self._engine.connect() as connection:
            query = select(_JOURNAL.c.case_id).distinct().order_by(_JOURNAL.c.case_id)
            return [row.case_id for row in connection.execute(query)]

    def backup(self, path: str | Path) -> None:
        """Copy the registry while it may be in use, and verify the copy.

        Raises
        ------
        RegistryError
            If the file is there already, or the copy does not verify.
        """
        if Path(path).exists():
            raise RegistryError("the backup file exists already; nothing was written")
        with self._engine.connect() as connection:
            source: Any = connection.connection.driver_connection
            target = sqlite3.connect(path)
            source.backup(target)
            target.close()
        copy = type(self).open(path)
        problems = copy.verify()
        copy.close()
        if problems:
            raise RegistryError(f"the backup does not verify: {problems[0]}")

    def close(self) -> None:
        """Let go of the file."""
        self._engine.dispose()

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        try:
            with self._engine.connect().execution_options(writing=True) as connection, connection.begin():
                yield connection
        except OperationalError as problem:
            raise RegistryError(f"nothing was written: {problem.orig}") from None

    def __repr__(self) -> str:
        return f"<Registry, {len(self.cases())} case(s)>"


def _durable(connection: Any, _: Any) -> None:
    """Durable through a power cut; transactions begin when we say so."""
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")


def _begin(connection: Connection) -> None:
    """Writers take the lock at once, so that none fails half way; readers never hold it."""
    writing = connection.get_execution_options().get("writing")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def _rows(connection: Connection, case_id: str) -> list[Any]:
    query = select(_JOURNAL).where(_JOURNAL.c.case_id == case_id).order_by(_JOURNAL.c.version)
    return list(connection.execute(query))


def _require_order(rows: list[Any], event: Event, expect: int | None) -> None:
    version = rows[-1].version if rows else 0
    if expect is not None and expect != version:
        since = ", ".join(row.kind for row in rows if row.version > expect) or "nothing"
        raise ConflictError(f"expected version {expect} of the case, found {version}; written since: {since}")
    if not rows and not isinstance(event, CaseOpened):
        raise RegistryError(f"the first event of a case is case_opened, found {event.kind}")
    if rows and isinstance(event, CaseOpened):
        raise RegistryError("the case is open already; a case is opened once")


def _canonical(event: Event) -> str:
    return json.dumps(event.model_dump(mode="json"), sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def _hash(case_id: str, version: int, recorded_at: str, body: str, previous: str) -> str:
    text = json.dumps([case_id, version, recorded_at, body, previous], separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
