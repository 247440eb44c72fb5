"""An append-only journal of events, on SQLite or PostgreSQL.

Nothing is ever rewritten: triggers refuse UPDATE and DELETE; every entry carries the hash of the one before it in the
same case, and a chain runs through all entries, so that an edited, removed or inserted one shows.
"""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import takewhile
from pathlib import Path
from typing import Any, Self

from sqlalchemy import Connection, Engine, insert, select
from sqlalchemy.exc import OperationalError

from sarcoma_review.errors import ConflictError, RegistryError
from sarcoma_review.registry import chain
from sarcoma_review.registry.chain import Checkpoint, entry_hash, link
from sarcoma_review.registry.copying import copy_rows, require_empty
from sarcoma_review.registry.events import EVENT, CaseOpened, Correction, Event, Execution
from sarcoma_review.registry.projections import project, replay
from sarcoma_review.registry.record import CaseRecord, Entry, record_of
from sarcoma_review.registry.store import open_engine, writing
from sarcoma_review.registry.tables import CHECKPOINT, JOURNAL

_CASE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_PSEUDONYM = re.compile(r"SR-[A-Z2-7]{10}")  # as the de-identifier makes them; their digits are chance
_LONG_NUMBER = re.compile(r"\d{6,}")
_EVERY = 100  # entries between the checkpoints that the registry makes by itself


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Registry:
    """The journal of a centre or a network.

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

    def __init__(self, engine: Engine, clock: Callable[[], datetime] = _utc_now, key: bytes | None = None) -> None:
        self._engine = engine
        self._clock = clock
        self._key = key

    @classmethod
    def open(
        cls, path: str | Path, *, clock: Callable[[], datetime] = _utc_now, key_file: str | Path | None = None
    ) -> Self:
        """Open a registry, made new where there is none, its tables brought up to date.

        Parameters
        ----------
        path : path-like or str
            Of the SQLite file; ``":memory:"`` for one that is gone afterwards; or the address of a PostgreSQL
            database, ``postgresql://...``.
        clock : callable, optional
            Gives the time of recording.
        key_file : path-like, optional
            Holds the 32 bytes with which the SQLite file is encrypted (extra ``encrypted``). Keep it elsewhere.

        Raises
        ------
        RegistryError
            If the folder does not exist or lies on a network share, the file is not a registry or the key is not
            its key, or the server cannot be reached.
        """
        key = None if key_file is None else Path(key_file).read_bytes()
        return cls(open_engine(path, key), clock, key)

    def append(self, case_id: str, event: Event, expect: int | None = None, *, author: str = "") -> int:
        """Write one event; it is on the disk when this returns.

        Parameters
        ----------
        case_id : str
            A pseudonym: letters, digits, ``-`` and ``_``, with no number of six digits or more.
        event : Event
        expect : int, optional
            The version of the case the writer last saw.
        author : str, optional
            Role or pseudonym of the writer, by the rule for case ids.

        Returns
        -------
        int
            The case's new version.

        Raises
        ------
        ConflictError
            If the case has moved on from `expect`; the message names the kinds of events written since.
        RegistryError
            If the case id could be a record number, the case was not opened first or is opened twice, or the event
            names an entry that is not there.
        """
        require_pseudonyms(case_id, author)
        if not isinstance(event, Event):
            raise RegistryError(f"an event is of one of the kinds of this registry; found {type(event).__name__}")
        with self._writing() as connection:
            return write(connection, case_id, event, expect=expect, author=author, now=self._now())

    def cases(self) -> list[str]:
        """Ids of all cases, in the order they were opened."""
        query = select(JOURNAL.c.case_id).where(JOURNAL.c.version == 1).order_by(JOURNAL.c.id)
        with self.reading() as connection:
            return [row.case_id for row in connection.execute(query)]

    def history(self, case_id: str) -> list[Entry]:
        """Every entry of a case, the first one first.

        Raises
        ------
        RegistryError
            If there is no such case.
        """
        query = select(JOURNAL).where(JOURNAL.c.case_id == case_id).order_by(JOURNAL.c.version)
        with self.reading() as connection:
            rows = connection.execute(query).all()
        if not rows:
            raise RegistryError("no such case in this registry")
        return [
            Entry(
                version=row.version,
                recorded_at=datetime.fromisoformat(row.recorded_at),
                event=EVENT.validate_json(row.body),
                hash=row.hash,
                author=row.author,
            )
            for row in rows
        ]

    def case(self, case_id: str, *, as_of: datetime | None = None) -> CaseRecord:
        """A case as its journal tells it, after every correction; as it stood at a time if one is given.

        Where the clock of a computer was set back, what was written after a later time counts as later too: a case
        is never shown without the entries that the others build on.

        Raises
        ------
        RegistryError
            If there is no such case, there was none by then, or the time does not say its zone.
        """
        if as_of is not None and as_of.tzinfo is None:
            raise RegistryError("the time asked for needs its zone, as times of recording have one")
        history = list(takewhile(lambda entry: as_of is None or entry.recorded_at <= as_of, self.history(case_id)))
        if not history:
            raise RegistryError("the case was opened after the time asked for")
        return record_of(case_id, history)

    def verify(self, since: Checkpoint | None = None) -> list[str]:
        """Recompute every hash; a list of what does not fit, empty where all is whole.

        It finds an entry that was edited, taken out or put in, and, from the first checkpoint on, also entries taken
        off the end. Give a checkpoint that was kept elsewhere to start from it, and to hold the registry against it.
        """
        with self.reading() as connection:
            return list(chain.problems(connection, since))

    def checkpoint(self) -> Checkpoint:
        """Write down how far the journal goes and the hash over all of it; keep the answer elsewhere too.

        Raises
        ------
        RegistryError
            If nothing was written yet.
        """
        with self._writing() as connection:
            last = _last_entry(connection)
            if last is None:
                raise RegistryError("nothing was written in this registry yet: there is nothing to check later")
            known = connection.execute(select(CHECKPOINT).where(CHECKPOINT.c.sequence == last.id)).first()
            if known is None:
                _keep_checkpoint(connection, last.id, last.chain, self._now())
        return Checkpoint(last.id, last.chain)

    def rebuild(self) -> None:
        """Make all projections anew from the journal."""
        with self._writing() as connection:
            replay(connection)

    def backup(self, path: str | Path) -> None:
        """Copy the registry into a SQLite file while it may be in use, and verify the copy.

        The copy of an encrypted registry is encrypted with the same key.

        Raises
        ------
        RegistryError
            If the file is there already, or the copy does not verify.
        """
        if Path(path).exists():
            raise RegistryError("the backup file exists already; nothing was written")
        copy = type(self)(open_engine(path, self._key), self._clock)
        try:
            self._copy_into(copy)
        finally:
            copy.close()

    def restore(self, path: str | Path) -> int:
        """Fill this registry, which is empty, from a backup that verifies; the number of entries.

        Raises
        ------
        RegistryError
            If this registry holds anything, or the backup is not there or does not verify.
        """
        if not Path(path).is_file():
            raise RegistryError("there is no backup in this place")
        source = type(self)(open_engine(path, self._key), self._clock)
        try:
            problems = source.verify()
            if problems:
                raise RegistryError(f"the backup does not verify: {problems[0]}")
            return source._copy_into(self)
        finally:
            source.close()

    def close(self) -> None:
        """Let go of the file or the server."""
        self._engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that sees one state of the registry throughout and holds up no writer."""
        level = {"isolation_level": "REPEATABLE READ"} if self._engine.dialect.name == "postgresql" else {}
        with self._engine.connect().execution_options(**level) as connection, connection.begin():
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        try:
            with writing(self._engine) as connection:
                yield connection
        except OperationalError as problem:
            raise RegistryError(f"nothing was written: {problem.orig}") from None

    def _copy_into(self, target: "Registry") -> int:
        with self.reading() as source, target._writing() as connection:
            require_empty(connection)
            count = copy_rows(source, connection)
            replay(connection)
        problems = target.verify()
        if problems:
            raise RegistryError(f"the backup does not verify: {problems[0]}")
        return count

    def _now(self) -> str:
        return self._clock().astimezone(UTC).isoformat()

    def __repr__(self) -> str:
        return f"<Registry, {len(self.cases())} case(s)>"


def write(connection: Connection, case_id: str, event: Event, *, expect: int | None, author: str, now: str) -> int:
    """Write one entry in a transaction that is the only writer; the case's new version."""
    last = connection.execute(
        select(JOURNAL.c.version, JOURNAL.c.hash)
        .where(JOURNAL.c.case_id == case_id)
        .order_by(JOURNAL.c.version.desc())
        .limit(1)
    ).first()
    version, previous = (last.version, last.hash) if last else (0, "")
    _require_expected(connection, case_id, version, expect)
    require_place(connection, case_id, version, event=event)
    body = canonical(event)
    own = entry_hash(case_id, version + 1, now, body=body, previous=previous, author=author)
    append_row(
        connection,
        {
            "case_id": case_id,
            "version": version + 1,
            "kind": event.kind,
            "recorded_at": now,
            "author": author,
            "body": body,
            "previous_hash": previous,
            "hash": own,
        },
    )
    project(connection, case_id, version + 1, event=event, recorded_at=now)
    return int(version) + 1


def append_row(connection: Connection, values: dict[str, Any]) -> None:
    """Put one entry at the end of the chain through all entries."""
    end = _last_entry(connection)
    number, chain_before = (end.id, end.chain) if end else (0, "")
    longer = link(chain_before, values["hash"])
    connection.execute(insert(JOURNAL).values(id=number + 1, chain=longer, **values))
    if (number + 1) % _EVERY == 0:
        _keep_checkpoint(connection, number + 1, longer, values["recorded_at"])


def canonical(event: Event) -> str:
    """The text of an event that is stored and hashed."""
    return json.dumps(event.model_dump(mode="json"), sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def _last_entry(connection: Connection) -> Any:
    query = select(JOURNAL.c.id, JOURNAL.c.chain).order_by(JOURNAL.c.id.desc()).limit(1)
    return connection.execute(query).first()


def _keep_checkpoint(connection: Connection, sequence: int, reached: str, now: str) -> None:
    connection.execute(insert(CHECKPOINT).values(sequence=sequence, chain=reached, made_at=now))


def require_pseudonyms(case_id: str, author: str) -> None:
    """Refuse a case id or an author that could name or number a person.

    Raises
    ------
    RegistryError
        If one of them could.
    """
    _require_pseudonym(case_id, "case id")
    if author:
        _require_pseudonym(author, "author")


def _require_pseudonym(name: str, what: str) -> None:
    if not isinstance(name, str) or not _CASE_ID.fullmatch(name) or _LONG_NUMBER.search(_PSEUDONYM.sub("", name)):
        article = "an" if what == "author" else "a"
        raise RegistryError(
            f"{article} {what} is a pseudonym of letters, digits, - and _, with no number of six digits or more"
        )


def _require_expected(connection: Connection, case_id: str, version: int, expect: int | None) -> None:
    if expect is None or expect == version:
        return
    query = select(JOURNAL.c.kind).where(JOURNAL.c.case_id == case_id, JOURNAL.c.version > expect)
    kinds = [row.kind for row in connection.execute(query.order_by(JOURNAL.c.version))]
    since = ", ".join(kinds) or "nothing"
    raise ConflictError(f"expected version {expect} of the case, found {version}; written since: {since}")


def require_place(connection: Connection, case_id: str, version: int, *, event: Event) -> None:
    """Refuse an event that cannot follow version `version` of its case.

    Raises
    ------
    RegistryError
        If the case is not open or open already, or the event names an entry that is not there.
    """
    _require_order(version, event)
    _require_target(connection, case_id, event)


def _require_order(version: int, event: Event) -> None:
    if not version and not isinstance(event, CaseOpened):
        raise RegistryError(f"the first event of a case is case_opened, found {event.kind}")
    if version and isinstance(event, CaseOpened):
        raise RegistryError("the case is open already; a case is opened once")


def _require_target(connection: Connection, case_id: str, event: Event) -> None:
    """An event that names another entry names one that is there, and of the right kind."""
    if not isinstance(event, Correction | Execution):
        return
    target = event.corrects if isinstance(event, Correction) else event.decision_version
    query = select(JOURNAL.c.kind).where(JOURNAL.c.case_id == case_id, JOURNAL.c.version == target)
    row = connection.execute(query).first()
    found = row.kind if row else "no entry"
    if isinstance(event, Execution):
        if found != "decision":
            raise RegistryError(f"version {target} of the case is to be a decision, found {found}")
    elif event.replacement is None:
        if found in ("no entry", "correction", "case_opened"):
            raise RegistryError(f"version {target} of the case cannot be taken back: found {found}")
    elif found != event.replacement.kind:
        raise RegistryError(f"version {target} of the case is to be {event.replacement.kind}, found {found}")
