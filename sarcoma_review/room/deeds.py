"""What becomes of a frame: read, weighed, done, and answered."""

import asyncio
import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from sarcoma_review.errors import ConflictError, MeetingError, RegistryError
from sarcoma_review.meeting import SERVER, Action, Join, Leave, PublishImages, Revoke, Vote, receipt
from sarcoma_review.registry import Registry
from sarcoma_review.registry.meetings import keep_decisions
from sarcoma_review.room.access import Access
from sarcoma_review.room.client import Client
from sarcoma_review.room.frames import OWN, Frame, Hand, Hello, Own, Pointer, content, read, require_kind, status_of
from sarcoma_review.room.live import Room
from sarcoma_review.room.published import Published
from sarcoma_review.room.view import ViewChange, bookmark, changed

_MARKED = frozenset({"open_ballot", "open_second_round", "decide"})
"""Actions with which the journal takes down what is shown."""
_DECIDED = frozenset({"sign_minutes", "correct_decision"})
"""Actions after which the cases of the registry take over the decisions."""
_ATTEMPTS = 5
_FAULTS = frozenset({400, 413, 429})


@dataclass(eq=False)
class Deeds:
    """What the members of one meeting may do to it.

    Parameters
    ----------
    meeting_id : str
    room : Room
    access : Access
    published : Published
        The cases that stand ready.
    registry : Registry
        Touched in the keeper's thread alone.
    receipt_key : bytes
        At least 32; kept outside the journal.
    """

    meeting_id: str
    room: Room
    access: Access
    published: Published
    registry: Registry
    receipt_key: bytes
    _begun: "set[asyncio.Task[dict[str, Any]]]" = field(default_factory=set, init=False)

    async def answer(self, client: Client, text: str | bytes) -> dict[str, Any] | None:
        """Do what a frame asks for; the ``ack`` or ``no``, or None where none is due."""
        frame = Frame(kind="")
        try:
            frame = read(text)
            self._weigh(client, frame)
            more = await self._do(client, frame)
        except MeetingError as refusal:
            return self._no(client, frame, refusal)
        if frame.id is None:
            return None
        return {"t": "ack", "id": frame.id, **more}

    def _weigh(self, client: Client, frame: Frame) -> None:
        bucket = client.moves if frame.kind in OWN else client.deeds
        if not bucket.take(time.monotonic()):
            raise MeetingError("too_fast", f"expected at most {bucket.rate:g} messages of this kind a second")

    def _no(self, client: Client, frame: Frame, refusal: MeetingError) -> dict[str, Any]:
        status = status_of(refusal.code)
        if status in _FAULTS and not client.faults.take(time.monotonic()):
            client.close(4408 if status == 429 else 4400)
        return {"t": "no", "id": frame.id, "code": refusal.code, "why": str(refusal), "status": status}

    async def _do(self, client: Client, frame: Frame) -> dict[str, Any]:
        asked = content(frame)
        if frame.kind in OWN:
            require_kind(self.room.meeting, client.member, frame.kind)
            self._own(client, asked)  # type: ignore[arg-type]
            return {}
        # What is begun is finished, though the connection should be lost meanwhile.
        deed = asyncio.create_task(self._act(client.member, asked))  # type: ignore[arg-type]
        self._begun.add(deed)
        deed.add_done_callback(self._finished)
        return await asyncio.shield(deed)

    def _finished(self, deed: "asyncio.Task[dict[str, Any]]") -> None:
        self._begun.discard(deed)
        if not deed.cancelled():
            deed.exception()  # told to whoever asked, if they are still there

    def _own(self, client: Client, asked: Own) -> None:
        match asked:
            case ViewChange():
                self._show(client.member, asked)
            case Pointer():
                if self.room.meeting.open_ballot is not None:
                    raise MeetingError("ballot_open", "nobody points while opinions are given")
                self.room.point(client.member, asked.model_dump() if asked.at_mm else None)
            case Hand():
                (self.room.hands.add if asked.up else self.room.hands.discard)(client.member)
                self.room.tell("here")
            case Hello():
                client.note("snap")

    def _show(self, member: str, change: ViewChange) -> None:
        meeting, view = self.room.meeting, changed(self.room.view, change)
        if view["case_id"] not in (None, meeting.open_case):
            raise MeetingError("no_case", "expected the case that is open, found another")
        if view["case_id"] is not None and self.published.is_sealed(
            meeting, view["case_id"], view["page"], view["scene"]
        ):
            raise MeetingError("sealed", "this page stays shut until the blind opinions are revealed")
        self.room.show(view, member)

    async def _act(self, member: str, action: Action) -> dict[str, Any]:
        if isinstance(action, PublishImages):
            self.published.require(action.manifest, action.case_id)
        await self._kept(member, action)
        if isinstance(action, Vote):
            return {"receipt": receipt(self.receipt_key, self.meeting_id, member, vote=action)}
        return await self._follow(action)

    async def _kept(self, member: str, action: Action) -> None:
        """Do it; whoever joins and is present already corrects the place they are at."""
        try:
            await self.room.keeper.do(action, by=member)
            return
        except MeetingError as refusal:
            if not isinstance(action, Join) or refusal.code != "present_already":
                raise
        await self.room.keeper.do(Leave(member=member), by=SERVER)
        await self.room.keeper.do(action, by=member)

    async def _mark(self) -> None:
        """Take down in the journal what is shown, where it can be told."""
        meeting, view = self.room.meeting, self.room.view
        scene = self.published.scene(meeting, view.get("case_id"), view.get("scene"))
        mark = bookmark(view, scene) if scene else None
        if mark is None or meeting.presenter not in meeting.present or view["case_id"] != meeting.open_case:
            return
        await self.room.keeper.do(mark, by=str(meeting.presenter))

    async def _follow(self, action: Action) -> dict[str, Any]:
        """What an action brings with it, once it is kept."""
        room = self.room
        if action.kind in ("open_ballot", "open_second_round"):
            room.pointers.clear()
            room.tell("ptr")
        if action.kind in _MARKED:
            with suppress(MeetingError, ValueError):  # what is marked stands, whether it can be marked or not
                await self._mark()
        if isinstance(action, Revoke):
            await asyncio.to_thread(self.access.revoke, self.meeting_id, action.member)
        if action.kind == "open_case":
            room.show({"case_id": room.meeting.open_case, "page": 0, "scene": None}, None)
        if room.meeting.signed_at is not None and action.kind in _DECIDED:
            return await room.keeper.off_the_loop(lambda: into_cases(self.registry, self.meeting_id))
        return {}


def into_cases(registry: Registry, meeting_id: str) -> dict[str, Any]:
    """Write the decisions of a signed meeting into its cases, beside others who write there; what came of it.

    What could not be written now is written when the room is next opened; the minutes stand all the same.
    """
    why = ""
    for _ in range(_ATTEMPTS):
        try:
            kept = keep_decisions(registry, meeting_id)
            return {"written": kept.written, "absent": kept.absent}
        except ConflictError as problem:
            why = str(problem)
        except RegistryError as problem:
            why = str(problem)
            break
    return {"written": {}, "absent": [], "why": why}
