"""A meeting as numbered entries that never change: what listeners hear, and caches may keep."""

import asyncio
import time
from collections import OrderedDict
from contextlib import suppress
from typing import Any

from sarcoma_review.errors import MeetingError
from sarcoma_review.room.live import Room, dumped
from sarcoma_review.room.public import public_state

GAP_S = 0.05
"""Least time between two entries: what changes meanwhile is one entry, the newest of everything."""
_KEPT = 300
_ENDING = "the server is about to end: begin again in a moment"


class Feed:
    """What one room tells its listeners.

    Numbers begin with the clock, counted in gaps. As no two entries are made within a gap, those of a server that was
    started again are higher than any before, and no cache takes an old one for a new one.

    Parameters
    ----------
    room : Room
        Its changes are heard as long as the event loop runs.
    """

    def __init__(self, room: Room) -> None:
        self._room = room
        self._changed = asyncio.Event()
        self._news = asyncio.Event()
        self._entries: OrderedDict[int, bytes] = OrderedDict()
        self._state, self._view = self._read()
        self._seen = (room.meeting, room.rev)
        self.last = int(time.time() / GAP_S)
        room.changes.add(self._changed)
        self._telling = asyncio.get_running_loop().create_task(self._tell())

    def latest(self) -> bytes:
        """Everything as of the last entry, to begin from: its number ``n`` and one ``snap``."""
        me = {"id": "", "role": "listener", "may": []}
        snap = {"t": "snap", "rev": self.last, "me": me, "state": self._state, "view": self._view, "here": []}
        return dumped({"n": self.last, "messages": [snap]}).encode()

    async def entry(self, number: int, within_s: float) -> bytes | None:
        """An entry, as soon as it is there; None where it did not come within so many seconds.

        Raises
        ------
        MeetingError
            ``gone`` if it is too old to be kept, or more than one ahead: begin again from the latest; ``ending`` if
            the server is about to end.
        """
        if self._room.is_over:
            raise MeetingError("ending", _ENDING)
        if number == self.last + 1:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), within_s)
            if self._room.is_over:
                raise MeetingError("ending", _ENDING)
            if number == self.last + 1:
                return None
        if number not in self._entries:
            raise MeetingError("gone", "no such entry any more, or not yet: begin again from the latest")
        return self._entries[number]

    async def _tell(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            if self._room.is_over:
                self._news.set()
                return
            if self._publish():
                await asyncio.sleep(GAP_S)

    def _publish(self) -> bool:
        if self._seen == (self._room.meeting, self._room.rev):
            return False  # a heartbeat, or a pointer
        self._seen = (self._room.meeting, self._room.rev)
        state, view = self._read()
        new = {name: words for name, words in state.items() if words != self._state[name]}
        messages: list[dict[str, Any]] = [{"t": "state", "state": new}] if new else []
        if view != self._view:
            messages.append({"t": "view", "rev": self.last + 1, "view": view})
        if not messages:
            return False
        self._state, self._view = state, view
        self.last += 1
        self._entries[self.last] = dumped({"n": self.last, "messages": messages}).encode()
        if len(self._entries) > _KEPT:
            self._entries.popitem(last=False)
        self._news.set()
        self._news = asyncio.Event()
        return True

    def _read(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """What is shown is told only of the case that is open."""
        view = self._room.view
        is_open = view.get("case_id") == self._room.meeting.open_case
        return public_state(self._room.meeting), view if is_open else {"case_id": None}
