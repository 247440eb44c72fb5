"""The hashes that make a change show: one chain in each case, and one through all entries of a registry."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from sarcoma_review.registry.tables import CHECKPOINT, JOURNAL


@dataclass(frozen=True)
class Checkpoint:
    """How many entries there were, and the hash over all of them: print it in the minutes of a meeting.

    Whoever holds one can show later that nothing up to it was changed, removed or put in between.
    """

    sequence: int
    chain: str


def entry_hash(case_id: str, version: int, recorded_at: str, *, body: str, previous: str, author: str = "") -> str:
    """Hash of one entry over its place, its text and the entry before it in the case."""
    parts: list[Any] = [case_id, version, recorded_at, body, previous]
    # Entries from before authors were kept have five parts.
    return _sha256(json.dumps([*parts, author] if author else parts, separators=(",", ":")))


def link(chain: str, entry: str) -> str:
    """The chain through all entries, one entry longer."""
    return _sha256(chain + entry)


def problems(connection: Connection, since: Checkpoint | None) -> Iterator[str]:
    """Everything in the journal that does not fit, from a checkpoint on."""
    start = 0 if since is None else since.sequence
    kept = {row.sequence: row.chain for row in connection.execute(select(CHECKPOINT))}
    if since is not None:
        kept[since.sequence] = since.chain
    # Columns, not rows of every field: a long journal passes through in pieces.
    query = select(JOURNAL).where(JOURNAL.c.id >= max(start, 1)).order_by(JOURNAL.c.id)
    rows = connection.execution_options(yield_per=2000).execute(query)
    checker = _Checker(connection, start, kept)
    yield from checker.check(rows)


class _Checker:
    def __init__(self, connection: Connection, start: int, kept: dict[int, str]) -> None:
        self._heads: dict[str, tuple[int, str]] = {}
        self._connection, self._kept, self._start = connection, kept, start
        self._chain, self._last = "", max(start, 1) - 1

    def check(self, rows: Iterable[Any]) -> Iterator[str]:
        for row in rows:
            if row.id != self._last + 1:
                yield f"entry {self._last + 1} is missing: the next one found is {row.id}"
            if row.id == self._start:
                self._chain = row.chain  # held against the checkpoint below
            else:
                yield from self._entry(row)
                self._chain = link(self._chain, row.hash)
                if row.chain != self._chain:
                    yield f"entry {row.id}: does not fit the chain of the registry"
                    self._chain = row.chain
            if self._kept.get(row.id, row.chain) != row.chain:
                yield f"entry {row.id}: is not the one of the checkpoint made there"
            self._last = row.id
        for sequence in sorted(sequence for sequence in self._kept if sequence > self._last):
            yield f"a checkpoint was made at entry {sequence}; the journal ends at entry {self._last}"

    def _entry(self, row: Any) -> Iterator[str]:
        version, head = self._heads.get(row.case_id) or self._before(row)
        found = entry_hash(
            row.case_id, row.version, row.recorded_at, body=row.body, previous=row.previous_hash, author=row.author
        )
        # The kind stands in the text, which is hashed, and beside it, which is not.
        fits = found == row.hash and row.previous_hash == head and row.kind == _kind(row.body)
        if not fits or row.version != version + 1:
            yield f"case {row.case_id}, version {row.version}: does not fit the entry before it"
        self._heads[row.case_id] = (row.version, row.hash)

    def _before(self, row: Any) -> tuple[int, str]:
        if not self._start:
            return 0, ""
        query = select(JOURNAL.c.version, JOURNAL.c.hash).where(JOURNAL.c.case_id == row.case_id)
        earlier = self._connection.execute(
            query.where(JOURNAL.c.id <= self._start).order_by(JOURNAL.c.version.desc()).limit(1)
        ).first()
        return (earlier.version, earlier.hash) if earlier else (0, "")


def _kind(body: str) -> str:
    try:
        return str(json.loads(body)["kind"])
    except (ValueError, KeyError, TypeError):
        return ""


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
