"""A room in use: who is connected, what is shown, and what each is told of it."""

import asyncio
import json
from collections.abc import Callable, Iterable, Set
from datetime import UTC, datetime
from typing import Any

from sarcoma_review.errors import MeetingError
from sarcoma_review.meeting import SERVER, Join, Leave, Meeting, StartRoom, snapshots, visible
from sarcoma_review.room.client import Client, Via
from sarcoma_review.room.frames import allowed
from sarcoma_review.room.keeper import Keeper

GRACE_S = 5.0
"""How long a member whose last connection closed is still present: a reload is no leaving."""
MOST_CONNECTIONS = 8
SESSION_OVER = 4401
_IN_ORDER = ("state", "view", "ptr", "here", "beat")


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Room:
    """One meeting with its connections.

    Parameters
    ----------
    make_keeper : callable
        Given what is to be called when something was kept, the meeting's `Keeper`.
    clock : callable, optional
    """

    def __init__(
        self, make_keeper: Callable[[Callable[[], None]], Keeper], clock: Callable[[], datetime] = _utc_now
    ) -> None:
        self.keeper = make_keeper(self._kept)
        self.clients: set[Client] = set()
        self.view: dict[str, Any] = {}
        self.rev = self.kept_rev = 0
        self.shown_by: str | None = None
        self.pointers: dict[str, dict[str, Any]] = {}
        self.hands: set[str] = set()
        self.changes: set[asyncio.Event] = set()
        """Set when anything is told to all."""
        self.is_over = False
        """Whether the server is about to end: nobody is kept waiting any more."""
        self._clock = clock
        self._pointed = False
        self._said: dict[str, str] = {}
        self._seen: tuple[Meeting, dict[str, _Parts]] = (self.keeper.meeting, {})
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def meeting(self) -> Meeting:
        """As far as it is kept."""
        return self.keeper.meeting

    async def start(self) -> None:
        """Say in the journal that nobody is present yet."""
        await self.keeper.do(StartRoom(), by=SERVER)

    def connect(self, member: str, session: str, via: Via) -> Client:
        """Take up a connection; the member is present from the first one on.

        Raises
        ------
        MeetingError
            ``too_many`` connections of one member; ``revoked`` or ``not_a_member``.
        """
        if self.is_full(member):
            raise MeetingError("too_many", f"expected at most {MOST_CONNECTIONS} connections of one member")
        visible(self.meeting, member)
        client = Client(member, session, via)
        self.clients.add(client)
        self.tell("here")
        self._run(self._arrive(member))
        return client

    def is_full(self, member: str) -> bool:
        """Whether a member has as many connections as one may have."""
        return sum(client.member == member for client in self.clients) >= MOST_CONNECTIONS

    def disconnect(self, client: Client) -> None:
        """Let go of a connection; the member has left when the last one is gone for long enough."""
        if client not in self.clients:
            return
        self.clients.discard(client)
        client.close(1001)
        if not self._is_connected(client.member):
            self.hands.discard(client.member)
            self.point(client.member, None)
        self.tell("here")
        self._run(self._depart(client.member))

    def close_where(self, is_over: Callable[[Client], bool], code: int = SESSION_OVER) -> None:
        """Close the connections that this is true of, at once."""
        for client in [client for client in self.clients if is_over(client)]:
            client.close(code)

    def tell(self, what: str) -> None:
        """Everybody is due a message of this type."""
        self._said.pop(what, None)
        for client in self.clients:
            client.note(what)
        for change in self.changes:
            change.set()

    def show(self, view: dict[str, Any], by: str | None) -> None:
        """Show another view to all."""
        self.view, self.shown_by, self.rev = view, by, self.rev + 1
        self.tell("view")

    def point(self, member: str, at: dict[str, Any] | None) -> None:
        """Somebody points, or does no longer; told by `flush_pointers`."""
        if at is None and member not in self.pointers:
            return
        if at is None:
            del self.pointers[member]
        else:
            self.pointers[member] = at
        self._pointed = True

    def flush_pointers(self) -> None:
        """Tell of all pointers in one message, if any moved: called ten times a second."""
        if self._pointed:
            self._pointed = False
            self.tell("ptr")

    def take(self, client: Client) -> list[str]:
        """What a connection is to be told now; it is told afterwards."""
        due, client.due = client.due, set()
        client.wake.clear()
        if client.closed is not None:
            return []
        texts = (
            [self._snap(client)] if "snap" in due else [self._text(what, client) for what in _IN_ORDER if what in due]
        )
        answers = list(client.answers)
        client.answers.clear()
        return [text for text in texts if text] + answers

    def end(self) -> None:
        """Close every connection, and let go of whoever waits for something new."""
        self.is_over = True
        self.close_where(lambda _: True, code=1012)
        self.tell("beat")

    async def stop(self) -> None:
        """Close every connection, and wait for the disk."""
        self.end()
        for task in self._tasks:
            task.cancel()
        await self.keeper.settle()

    def _text(self, what: str, client: Client) -> str:
        if what == "state":
            return self._state(client)
        if what not in self._said:  # the same for all
            self._said[what] = self._for_all(what)
        return self._said[what]

    def _for_all(self, what: str) -> str:
        match what:
            case "view":
                return told("view", rev=self.rev, by=self.shown_by, view=self.view)
            case "ptr":
                return told("ptr", points=[{"id": member, **at} for member, at in self.pointers.items()])
            case "here":
                return told("here", here=self._here())
            case _:
                return told("beat", now=self._clock().isoformat())

    def _snap(self, client: Client) -> str:
        state, me = self._parts(client)
        client.told = {**state, "": me}
        rest = told(
            "snap", rev=self.rev, view=self.view, by=self.shown_by, here=self._here(),
            now=self._clock().isoformat(),
        )  # fmt: skip
        return f'{rest[:-1]},"me":{me},"state":{_object(state.items())}}}'

    def _state(self, client: Client) -> str:
        """Only what changed since this connection was last told."""
        state, me = self._parts(client)
        new = [(key, text) for key, text in state.items() if client.told.get(key) != text]
        mine = f',"me":{me}' if client.told.get("") != me else ""
        client.told = {**state, "": me}
        if not new and not mine:
            return ""
        return f'{{"t":"state"{mine},"state":{_object(new)}}}'

    def _parts(self, client: Client) -> "_Parts":
        meeting, seen = self._seen
        if meeting is not self.meeting:  # anew for all who are here: most of it they see alike
            meeting, seen = self.meeting, {}
            here = {each.member for each in self.clients if each.closed is None}
            self._seen = (meeting, seen)
            seen.update(_parts_of(meeting, here - meeting.revoked))
        if client.member not in seen:
            seen.update(_parts_of(meeting, {client.member}))
        return seen[client.member]

    def _here(self) -> list[dict[str, Any]]:
        via = {client.member: client.via for client in self.clients}
        return [{"id": member, "via": way, "hand": member in self.hands} for member, way in sorted(via.items())]

    def _kept(self) -> None:
        gone = self.meeting.revoked
        self.close_where(lambda client: client.member in gone)
        self.tell("state")

    def _is_connected(self, member: str) -> bool:
        return any(client.member == member for client in self.clients)

    async def _arrive(self, member: str) -> None:
        if member not in self.meeting.present:
            await self.keeper.do(Join(), by=member)

    async def _depart(self, member: str) -> None:
        await asyncio.sleep(GRACE_S)
        if not self._is_connected(member) and member in self.meeting.present:
            await self.keeper.do(Leave(member=member), by=SERVER)

    def _run(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(_unless_refused(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


_Parts = tuple[dict[str, str], str]
"""What a member sees, each top-level key as JSON, and who they are."""


def _parts_of(meeting: Meeting, members: Set[str]) -> dict[str, _Parts]:
    states = snapshots(meeting, members)
    # Members share the values that they see alike: one text for each value, while `states` holds it.
    values = {id(value): value for state in states.values() for value in state.values()}
    texts = {key: dumped(value) for key, value in values.items()}
    return {
        member: ({key: texts[id(value)] for key, value in state.items()}, dumped(_me(meeting, member)))
        for member, state in states.items()
    }


def _me(meeting: Meeting, member: str) -> dict[str, Any]:
    return {"id": member, "role": meeting.members[member].role, "may": sorted(allowed(meeting, member))}


async def _unless_refused(work: Any) -> None:
    """Coming and going is not refused to anybody's harm: two connections of one member may arrive at once."""
    try:
        await work
    except MeetingError:
        return


def told(what: str, **fields: Any) -> str:
    """A message as it travels."""
    return dumped({"t": what, **fields})


def dumped(value: Any) -> str:
    """As JSON, without a space."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _object(items: Iterable[tuple[str, str]]) -> str:
    return "{" + ",".join(f"{dumped(key)}:{text}" for key, text in items) + "}"
