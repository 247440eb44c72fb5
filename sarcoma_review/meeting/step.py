"""One action at its point of a meeting."""

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from sarcoma_review.meeting.actions import Action
from sarcoma_review.meeting.state import Meeting

Kind = TypeVar("Kind", bound=Action)


@dataclass(frozen=True)
class Step(Generic[Kind]):
    """What is to be done, by whom, when, and in which state."""

    meeting: Meeting
    action: Kind
    by: str
    at: datetime
