"""The rooms of one server: each opened when somebody first comes in, and tended while it is in use."""

import asyncio
import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sarcoma_review.errors import SarcomaReviewError
from sarcoma_review.registry import Registry
from sarcoma_review.room.access import Access
from sarcoma_review.room.client import Client
from sarcoma_review.room.deeds import Deeds, into_cases
from sarcoma_review.room.folder import Folder
from sarcoma_review.room.keeper import Keeper
from sarcoma_review.room.limits import Buckets
from sarcoma_review.room.live import Room
from sarcoma_review.room.published import Published

TICK_S = 0.1
"""Pointers are told this often."""
_BEAT, _WATCH = 10, 3
"""Ticks between heartbeats, and between looks at what other processes wrote."""
POLL_PATIENCE_S = 45.0
"""A client that polls is gone when it has not polled for so long."""


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(eq=False)
class Named:
    """A connection that comes in pieces: its stream, or its polls, and what it posts."""

    client: Client
    deeds: Deeds
    heard: float
    asking: int = 0
    """Polls that wait for an answer now."""


@dataclass(eq=False)
class Rooms:
    """Everything a server holds.

    Parameters
    ----------
    folder : Folder
    clock : callable, optional
    """

    folder: Folder
    clock: Callable[[], datetime] = _utc_now
    named: dict[tuple[str, str], Named] = field(default_factory=dict)
    """By session and by the name that the page gave."""
    failures: Buckets = field(default_factory=lambda: Buckets(rate=0.5, burst=30.0))
    """Links that did not open, by where they came from."""
    registry: Registry = field(init=False)
    access: Access = field(init=False)
    _open: dict[str, Deeds] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self.registry, self.access = self.folder.registry(), self.folder.access()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="journal")
        self._opening = asyncio.Lock()
        self._published = Published(self.folder.path)

    async def room(self, meeting_id: str) -> Deeds:
        """The room of a meeting, opened if it is not.

        Raises
        ------
        RegistryError, MeetingError
            If there is no such meeting.
        """
        async with self._opening:
            if meeting_id not in self._open:
                self._open[meeting_id] = await self._opened(meeting_id)
        return self._open[meeting_id]

    async def tend(self) -> None:
        """Tell what is told by the clock, until cancelled."""
        watching = asyncio.create_task(self._watch())
        tick = 0
        try:
            while True:
                await asyncio.sleep(TICK_S)
                tick += 1
                self._tell_moved(is_beat=tick % _BEAT == 0)
                if tick % _WATCH == 0 and watching.done():
                    watching = asyncio.create_task(self._watch())
        finally:  # it must not ask a registry that is closed
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)

    def _tell_moved(self, *, is_beat: bool) -> None:
        for deeds in self._open.values():
            deeds.room.flush_pointers()
            if is_beat:
                deeds.room.tell("beat")
        self._forget_silent()

    def end(self) -> None:
        """Close every connection, while what is under way still goes to the disk."""
        for deeds in self._open.values():
            deeds.room.end()

    async def stop(self) -> None:
        """Close every connection, and wait for the disk."""
        for meeting_id, deeds in self._open.items():
            await deeds.room.stop()
            self._keep_view(meeting_id, deeds.room)
        self._thread.shutdown()
        self.registry.close()
        self.access.close()

    async def _opened(self, meeting_id: str) -> Deeds:
        loop = asyncio.get_running_loop()
        key = self.folder.receipt_key()

        def made() -> Room:
            def keeper(kept: Callable[[], None]) -> Keeper:
                return Keeper(self.registry, meeting_id, thread=self._thread, kept=kept, clock=self.clock)

            return Room(keeper, self.clock)

        room = await loop.run_in_executor(self._thread, made)
        await room.start()
        if room.meeting.signed_at is not None:  # the last server may have ended between signing and this
            await room.keeper.off_the_loop(lambda: into_cases(self.registry, meeting_id))
        view = self._kept_view(meeting_id)
        if view and view.get("case_id") == room.meeting.open_case:
            room.show(view, None)
        return Deeds(meeting_id, room, self.access, self._published, self.registry, key)

    def _forget_silent(self) -> None:
        now = time.monotonic()
        for name, held in list(self.named.items()):
            silent = held.client.via == "poll" and now - held.heard > POLL_PATIENCE_S
            if silent or held.client.closed is not None:
                self.named.pop(name)
                held.deeds.room.disconnect(held.client)

    def forget_a_poll(self, session: str) -> None:
        """Let go of the poll of a session that is silent for longest: where polls fail, each begins anew."""
        silent = [(held.heard, name) for name, held in self.named.items() if name[0] == session and _is_silent(held)]
        if silent:
            held = self.named.pop(min(silent)[1])
            held.deeds.room.disconnect(held.client)

    async def _watch(self) -> None:
        """Hear what the command line did: invitations, and revocations."""
        # Whoever comes in while the sessions are read stands in a newer list.
        before = {client for deeds in self._open.values() for client in deeds.room.clients}
        standing = await asyncio.to_thread(self.access.standing)
        over = {client for client in before if client.session not in standing}
        for meeting_id, deeds in list(self._open.items()):
            deeds.room.close_where(over.__contains__)
            with suppress(SarcomaReviewError):  # a journal that is busy is looked at again
                await deeds.room.keeper.catch_up()
            self._keep_view(meeting_id, deeds.room)

    def _view_file(self, meeting_id: str) -> Path:
        return self.folder.path / f"view-{meeting_id}.json"

    def _keep_view(self, meeting_id: str, room: Room) -> None:
        """What is shown outlives the server; nothing is lost that matters if this fails."""
        if room.rev == room.kept_rev:
            return
        room.kept_rev = room.rev
        part = self._view_file(meeting_id).with_suffix(".part")
        with suppress(OSError):
            part.write_text(json.dumps(room.view))
            part.replace(self._view_file(meeting_id))

    def _kept_view(self, meeting_id: str) -> dict[str, Any] | None:
        try:
            view = json.loads(self._view_file(meeting_id).read_text())
        except (OSError, ValueError):
            return None
        return view if isinstance(view, dict) else None


def _is_silent(held: Named) -> bool:
    return held.client.via == "poll" and not held.asking
