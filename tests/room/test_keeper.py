import asyncio
from collections.abc import Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest

from sarcoma_review.errors import MeetingError, RegistryError
from sarcoma_review.meeting import (
    SERVER,
    Invite,
    Join,
    Meeting,
    MeetingEntry,
    Member,
    OpenBallot,
    OpenCase,
    Vote,
    replay,
)
from sarcoma_review.registry import Event, Registry
from sarcoma_review.room import Folder
from sarcoma_review.room.keeper import Keeper
from tests.room.visiting import MEETING


class Counting(Registry):
    """A registry that counts its transactions, and refuses them when told."""

    batches: list[int]
    full = False

    def append_all(
        self, case_id: str, events: Sequence[Event], expect: int | None = None, *, author: str = ""
    ) -> int:
        if self.full:
            raise RegistryError("nothing was written: the disk is full")
        self.batches.append(len(events))
        return super().append_all(case_id, events, expect, author=author)


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(work)


def opened(folder: Folder) -> Counting:
    registry = Counting.open(folder.path / "registry.sqlite")
    registry.batches = []
    return registry


def kept_in(registry: Registry) -> Meeting:
    return replay(registry.meeting(MEETING))


async def balloting(keeper: Keeper) -> None:
    for member in ("chair", "m1", "m2", "m3"):
        await keeper.do(Join(), by=member)
    await keeper.do(OpenCase(case_id="case-1"), by="chair")
    await keeper.do(OpenBallot(ballot_id="b1", question="?", options=("yes", "no")), by="chair")


def test_votes_that_come_together_are_written_together_and_each_is_kept_when_answered(folder: Folder) -> None:
    async def meet() -> None:
        registry, heard = opened(folder), []
        with ThreadPoolExecutor(1) as thread:
            keeper = Keeper(registry, MEETING, thread=thread, kept=lambda: heard.append(keeper.meeting.entries))
            await balloting(keeper)
            before = len(registry.batches)
            votes = [Vote(ballot_id="b1", choice="yes") for _ in range(20)]
            await asyncio.gather(*(keeper.do(vote, by="m1") for vote in votes))
            assert registry.batches[before:] == [20]
            assert kept_in(registry) == keeper.meeting
            assert heard[-1] == keeper.meeting.entries
        registry.close()

    run(meet())


def test_nobody_hears_of_what_is_not_on_the_disk(folder: Folder) -> None:
    async def meet() -> None:
        registry, heard = opened(folder), []
        with ThreadPoolExecutor(1) as thread:
            keeper = Keeper(registry, MEETING, thread=thread, kept=lambda: heard.append(1))
            await keeper.do(Join(), by="chair")
            registry.full = True
            told = len(heard)
            with pytest.raises(MeetingError, match="the disk is full"):
                await keeper.do(OpenCase(case_id="case-1"), by="chair")
            assert (keeper.meeting.open_case, len(heard)) == (None, told)
            registry.full = False
            await keeper.do(OpenCase(case_id="case-2"), by="chair")
            assert kept_in(registry).open_case == "case-2"
        registry.close()

    run(meet())


def test_another_writer_of_the_journal_is_heard_before_anything_is_added(folder: Folder) -> None:
    async def meet() -> None:
        registry = opened(folder)
        with ThreadPoolExecutor(1) as thread:
            keeper = Keeper(registry, MEETING, thread=thread, kept=lambda: None)
            await keeper.do(Join(), by="chair")
            invite = Invite(member=Member(id="late", role="member", unit="AA"))
            registry.append(MEETING, MeetingEntry(action=invite, by=SERVER, at=datetime.now(UTC)))
            await keeper.do(OpenCase(case_id="case-1"), by="chair")
            assert "late" in keeper.meeting.members
            assert kept_in(registry) == keeper.meeting
        registry.close()

    run(meet())


def test_what_another_writer_forbids_is_refused_though_it_was_allowed_before(folder: Folder) -> None:
    async def meet() -> None:
        registry = opened(folder)
        with ThreadPoolExecutor(1) as thread:
            keeper = Keeper(registry, MEETING, thread=thread, kept=lambda: None)
            await keeper.do(Join(), by="chair")
            other = MeetingEntry(action=OpenCase(case_id="case-1"), by="chair", at=datetime.now(UTC))
            registry.append(MEETING, other)
            with pytest.raises(MeetingError, match="found the same"):
                await keeper.do(OpenCase(case_id="case-1"), by="chair")
            assert kept_in(registry) == keeper.meeting
        registry.close()

    run(meet())


def test_an_invitation_made_elsewhere_is_heard_when_looked_for(folder: Folder) -> None:
    async def meet() -> None:
        registry = opened(folder)
        with ThreadPoolExecutor(1) as thread:
            keeper = Keeper(registry, MEETING, thread=thread, kept=lambda: None)
            invite = Invite(member=Member(id="late", role="member", unit="AA"))
            registry.append(MEETING, MeetingEntry(action=invite, by=SERVER, at=datetime.now(UTC)))
            await keeper.catch_up()
            assert "late" in keeper.meeting.members
        registry.close()

    run(meet())
