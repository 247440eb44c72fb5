"""Journal before broadcast: what is done waits for the disk in company, and nobody hears of it before.

The event loop decides on a copy of the meeting what may be done; one thread writes whatever has gathered in one
transaction. Another writer of the same journal is noticed and heard first.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TypeVar

from sqlalchemy import func, select

from sarcoma_review.errors import ConflictError, MeetingError, SarcomaReviewError
from sarcoma_review.meeting import Action, Meeting, MeetingEntry, act, replay
from sarcoma_review.registry import Registry
from sarcoma_review.registry.tables import JOURNAL

T = TypeVar("T")
_ATTEMPTS = 5


@dataclass(eq=False)
class _Waiting:
    entry: MeetingEntry
    done: "asyncio.Future[None]"


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Keeper:
    """The journal of one meeting, and the meeting as far as it is kept.

    Parameters
    ----------
    registry : Registry
    meeting_id : str
        Of a meeting that was opened.
    thread : ThreadPoolExecutor
        Of one thread: the only one that touches the registry.
    kept : callable
        Called on the loop after each transaction, and after entries of another writer.
    clock : callable, optional
    """

    def __init__(
        self,
        registry: Registry,
        meeting_id: str,
        *,
        thread: ThreadPoolExecutor,
        kept: Callable[[], None],
        clock: Callable[[], datetime] = _utc_now,
    ) -> None:
        self._registry, self._id, self._thread, self._kept, self._clock = registry, meeting_id, thread, kept, clock
        self.meeting = replay(registry.meeting(meeting_id))
        self._tip = self.meeting
        self._waiting: list[_Waiting] = []
        self._writer: asyncio.Task[None] | None = None

    async def do(self, action: Action, *, by: str) -> None:
        """Do it, and return when it is on the disk.

        Raises
        ------
        MeetingError
            If it may not be done, or ``not_kept`` if the disk refused.
        """
        at = self._clock()
        self._tip = act(self._tip, action, by=by, at=at)
        waiting = _Waiting(MeetingEntry(action=action, by=by, at=at), asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write_all())
        await waiting.done

    async def catch_up(self) -> None:
        """Hear what another process wrote in the journal of this meeting."""
        if self._writer is not None and not self._writer.done():
            return  # a conflict will tell
        if await self.off_the_loop(self._length) == self.meeting.entries:
            return
        entries = await self.off_the_loop(lambda: self._registry.meeting(self._id))
        if (self._writer is None or self._writer.done()) and len(entries) > self.meeting.entries:
            self.meeting = self._tip = replay(entries)
            self._kept()

    async def settle(self) -> None:
        """Wait until nothing is on its way to the disk."""
        while self._writer is not None and not self._writer.done():
            await self._writer

    async def _write_all(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            try:
                batch = await self._written(batch)
            except Exception as problem:
                self._refuse([*batch, *self._waiting], problem)
                continue
            self._kept()
            for waiting in batch:
                if not waiting.done.done():
                    waiting.done.set_result(None)

    async def _written(self, batch: list[_Waiting]) -> list[_Waiting]:
        """Write a batch; those of it that another writer's entries do not forbid."""
        for _ in range(_ATTEMPTS):
            entries = [waiting.entry for waiting in batch]
            try:
                if entries:
                    await self.off_the_loop(partial(self._append, entries, self.meeting.entries))
            except ConflictError:
                batch = await self._reconsidered(batch)
                continue
            self.meeting = _after(self.meeting, entries)
            return batch
        raise MeetingError("not_kept", "others write in this journal all the time; nothing was kept")

    def _append(self, entries: list[MeetingEntry], expect: int) -> int:
        return self._registry.append_all(self._id, entries, expect=expect)

    def _length(self) -> int:
        query = select(func.count()).select_from(JOURNAL).where(JOURNAL.c.case_id == self._id)
        with self._registry.reading() as connection:
            return int(connection.execute(query).scalar() or 0)

    async def _reconsidered(self, batch: list[_Waiting]) -> list[_Waiting]:
        """Hear the other writer; then whatever waits is decided anew, in its order."""
        entries = await self.off_the_loop(lambda: self._registry.meeting(self._id))
        self.meeting = self._tip = replay(entries)
        self._kept()  # theirs are on the disk, whatever becomes of ours
        batch, self._waiting = self._still_allowed(batch), self._still_allowed(self._waiting)
        return batch

    def _still_allowed(self, waiting: list[_Waiting]) -> list[_Waiting]:
        kept = []
        for each in waiting:
            try:
                self._tip = _after(self._tip, [each.entry])
                kept.append(each)
            except MeetingError as refusal:
                _refuse(each, refusal)
        return kept

    def _refuse(self, waiting: list[_Waiting], problem: Exception) -> None:
        """Nothing was kept: what was built on it falls too."""
        self._tip, self._waiting = self.meeting, []
        why = str(problem) if isinstance(problem, SarcomaReviewError) else "the disk refused; nothing was kept"
        for each in waiting:
            _refuse(each, MeetingError("not_kept", why))

    async def off_the_loop(self, call: Callable[[], T]) -> T:
        """Run something in the thread that writes, after what it has to write."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, call)


def _after(meeting: Meeting, entries: list[MeetingEntry]) -> Meeting:
    for entry in entries:
        meeting = act(meeting, entry.action, by=entry.by, at=entry.at)
    return meeting


def _refuse(waiting: _Waiting, refusal: MeetingError) -> None:
    if not waiting.done.done():
        waiting.done.set_exception(refusal)
