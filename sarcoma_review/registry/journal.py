"""An append-only journal of events, on SQLite or PostgreSQL.

Nothing is ever rewritten: triggers refuse UPDATE and DELETE; every entry carries the hash of the one before it in the
same case, and a chain runs through all entries, so that an edited, removed or inserted one shows.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import takewhile
from pathlib import Path
from typing import Self

from sqlalchemy import ColumnElement, Connection, Engine, select
from sqlalchemy.exc import OperationalError

from sarcoma_review.errors import RegistryError
from sarcoma_review.meeting import MeetingEntry
from sarcoma_review.registry import chain
from sarcoma_review.registry.chain import Checkpoint
from sarcoma_review.registry.copying import copy_rows, require_empty
from sarcoma_review.registry.entries import keep_checkpoint, last_entry, require_pseudonyms, write
from sarcoma_review.registry.events import EVENT, Event
from sarcoma_review.registry.projections import replay
from sarcoma_review.registry.record import CaseRecord, Entry, record_of
from sarcoma_review.registry.store import open_engine, writing
from sarcoma_review.registry.tables import CHECKPOINT, JOURNAL, MEETING


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Registry:
    """The journal of a centre or a network.

    Examples
    --------
    >>> from sarcoma_review.registry import CaseOpened
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
            its key, the server cannot be reached, or not by TLS where it is elsewhere, or its tables are another
            role's to bring up to date.
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
        return self.append_all(case_id, [event], expect, author=author)

    def append_all(
        self, case_id: str, events: Sequence[Event], expect: int | None = None, *, author: str = ""
    ) -> int:
        """Write several events in one transaction: all are on the disk when this returns, or none is.

        Parameters
        ----------
        case_id : str
            Of a case or of a meeting, as in `append`.
        events : sequence of Event
            At least one.
        expect : int, optional
            The version the writer last saw.
        author : str, optional
            Of events of a case; an entry of a meeting is its actor's.

        Returns
        -------
        int
            The new version.

        Raises
        ------
        ConflictError, RegistryError
            As in `append`.
        """
        require_pseudonyms(case_id, author)
        if not events:
            raise RegistryError("expected one event or more to write, found none")
        for event in events:
            if not isinstance(event, Event):
                raise RegistryError(f"an event is of one of the kinds of this registry; found {type(event).__name__}")
        with self._writing() as connection:
            for event in events:
                by = event.by if isinstance(event, MeetingEntry) else author
                expect = write(connection, case_id, event, expect=expect, author=by, now=self._now())
        return int(expect or 0)

    def cases(self) -> list[str]:
        """Ids of all cases, in the order they were opened; a meeting is none, nor what another centre shares."""
        return self._opened(JOURNAL.c.kind != MEETING)

    def meetings(self) -> list[str]:
        """Ids of all meetings, in the order they were opened."""
        return self._opened(JOURNAL.c.kind == MEETING)

    def meeting(self, meeting_id: str) -> list[MeetingEntry]:
        """What was done at a meeting, the first action first; `sarcoma_review.meeting.replay` makes its state.

        Votes stand here from the moment they are cast: whoever may read the registry's file may read them, and what
        members may see of them is `sarcoma_review.meeting.visible` alone.

        Raises
        ------
        RegistryError
            If there is no such meeting.
        """
        events = [entry.event for entry in self.history(meeting_id)]
        entries = [event for event in events if isinstance(event, MeetingEntry)]
        if len(entries) != len(events):
            raise RegistryError("this is a case, not a meeting")
        return entries

    def history(self, case_id: str) -> list[Entry]:
        """Every entry of a case, or of a meeting, the first one first.

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
            last = last_entry(connection)
            if last is None:
                raise RegistryError("nothing was written in this registry yet: there is nothing to check later")
            known = connection.execute(select(CHECKPOINT).where(CHECKPOINT.c.sequence == last.id)).first()
            if known is None:
                keep_checkpoint(connection, last.id, last.chain, self._now())
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

    def _opened(self, which: ColumnElement[bool]) -> list[str]:
        own = JOURNAL.c.id > 0  # what other centres share has numbers below 0
        query = select(JOURNAL.c.case_id).where(JOURNAL.c.version == 1, own, which).order_by(JOURNAL.c.id)
        with self.reading() as connection:
            return [row.case_id for row in connection.execute(query)]

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
            reason = str(problem.orig).partition("\n")[0]  # behind it PostgreSQL says in which of its functions
            raise RegistryError(f"nothing was written: {reason}") from None

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
