import asyncio
import gc
import time
from datetime import UTC, datetime
from typing import Any

from sarcoma_review.meeting import (
    SERVER,
    Decide,
    DecisionText,
    Invite,
    Join,
    MeetingEntry,
    Member,
    OpenCase,
    SignMinutes,
)
from sarcoma_review.registry import CaseOpened
from sarcoma_review.room import Folder
from sarcoma_review.room.deeds import into_cases
from sarcoma_review.room.rooms import Rooms
from tests.room.test_keeper import opened
from tests.room.visiting import MEETING


def invited_elsewhere(folder: Folder) -> None:
    """Another process writes in the journal."""
    registry = folder.registry()
    invite = Invite(member=Member(id="late", role="member", unit="AA"))
    registry.append(MEETING, MeetingEntry(action=invite, by=SERVER, at=datetime.now(UTC)))
    registry.close()


async def stopped_while_it_looks(folder: Folder) -> list[dict[str, Any]]:
    """Stop while a look at the journal waits for the disk, and finds something new; what went wrong unheard."""
    problems: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, problem: problems.append(problem))
    rooms = Rooms(folder)
    tending = asyncio.create_task(rooms.tend())
    deeds = await rooms.room(MEETING)
    slow = asyncio.create_task(deeds.room.keeper.off_the_loop(lambda: time.sleep(1.0)))
    await asyncio.sleep(0.6)
    invited_elsewhere(folder)
    tending.cancel()
    await asyncio.gather(tending, return_exceptions=True)
    await rooms.stop()
    await slow
    await asyncio.sleep(0.1)
    return problems


def test_a_room_that_is_stopped_looks_no_more_at_its_journal(folder: Folder) -> None:
    problems = asyncio.run(stopped_while_it_looks(folder))
    gc.collect()
    assert problems == []


def test_signed_minutes_stand_and_the_room_opens_though_the_cases_cannot_be_written_now(folder: Folder) -> None:
    registry = opened(folder)
    registry.append("case-1", CaseOpened(question="Is en bloc resection possible?"))
    decide = Decide(decision=DecisionText(modality="surgery", decision="resection", agreement="consensus"))
    for action in (Join(), OpenCase(case_id="case-1"), decide, SignMinutes()):
        registry.append(MEETING, MeetingEntry(action=action, by="chair", at=datetime.now(UTC)))
    registry.full = True
    assert into_cases(registry, MEETING)["why"] == "nothing was written: the disk is full"
    registry.full = False
    assert into_cases(registry, MEETING)["written"] == {"case-1": (2,)}
    registry.close()
