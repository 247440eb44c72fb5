"""One connection: what waits for it. A slow one gets the newest of everything, and never the way there."""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import Literal

from sarcoma_review.room.limits import Bucket

Via = Literal["ws", "sse", "poll"]
_MOST_ANSWERS = 256


@dataclass(eq=False)
class Client:
    """A connection of a member.

    Parameters
    ----------
    member : str
    session : str
        Key of the session it came by.
    via : {"ws", "sse", "poll"}
    """

    member: str
    session: str
    via: Via
    due: set[str] = field(default_factory=lambda: {"snap"})
    """What changed since it was last told: types of message."""
    answers: deque[str] = field(default_factory=deque)
    told: dict[str, str] = field(default_factory=dict)
    """The state as it was last told, each top-level key as JSON."""
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    closed: int | None = None
    """The code it was closed with."""
    moves: Bucket = field(default_factory=lambda: Bucket(rate=40.0, burst=80.0))
    deeds: Bucket = field(default_factory=lambda: Bucket(rate=10.0, burst=30.0))
    faults: Bucket = field(default_factory=lambda: Bucket(rate=1.0, burst=50.0))

    def __post_init__(self) -> None:
        self.wake.set()

    def note(self, what: str) -> None:
        """Something of this type is to be told."""
        self.due.add(what)
        self.wake.set()

    def answer(self, text: str) -> None:
        """Tell an answer, after the state that it belongs to; who takes none away is closed."""
        self.answers.append(text)
        self.wake.set()
        if len(self.answers) > _MOST_ANSWERS:
            self.close(4408)

    def close(self, code: int) -> None:
        """End it; whoever waits for its messages learns why."""
        if self.closed is None:
            self.closed = code
        self.ended.set()
        self.wake.set()

    async def waiting(self) -> None:
        """Return when there is something to tell, or the end."""
        await self.wake.wait()
