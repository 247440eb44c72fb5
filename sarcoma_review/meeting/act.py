"""(state, action) → state: every move of a meeting, and every refusal."""

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import reduce
from typing import Any

from sarcoma_review.meeting import ballot, casework, people
from sarcoma_review.meeting.actions import Action, MeetingEntry
from sarcoma_review.meeting.refusals import require_allowed
from sarcoma_review.meeting.state import Meeting
from sarcoma_review.meeting.step import Step

_MOVES: dict[str, Callable[[Step[Any]], Meeting]] = {
    "open_meeting": people.open_meeting,
    "start_room": people.start_room,
    "invite": people.invite,
    "join": people.join,
    "leave": people.leave,
    "revoke": people.revoke,
    "hand_over": people.hand_over,
    "add_case": casework.add_case,
    "open_case": casework.open_case,
    "show_part": casework.show_part,
    "publish_images": casework.publish_images,
    "mark_view": casework.mark_view,
    "open_ballot": ballot.open_ballot,
    "open_second_round": ballot.open_second_round,
    "add_to_roll": ballot.add_to_roll,
    "vote": ballot.vote,
    "close_ballot": ballot.close_ballot,
    "reveal": ballot.reveal,
    "decide": casework.decide,
    "correct_decision": casework.correct_decision,
    "add_action": casework.add_action,
    "add_learning_point": casework.add_learning_point,
    "note_missing": casework.note_missing,
    "sign_minutes": casework.sign_minutes,
}


def act(meeting: Meeting, action: Action, *, by: str, at: datetime) -> Meeting:
    """The meeting after an action; the one before is left as it was.

    Parameters
    ----------
    meeting : Meeting
        ``Meeting()`` before its first action.
    action : Action
    by : str
        Pseudonym of the member who acts, or `SERVER`.
    at : datetime
        With its zone.

    Raises
    ------
    MeetingError
        If the action is not allowed, or not to this member, or not now; ``.code`` is one of `CODES`.
    """
    require_allowed(meeting, action, by)
    moved = _MOVES[action.kind](Step(meeting, action, by, at))
    return moved.counted()


def replay(entries: Iterable[MeetingEntry]) -> Meeting:
    """The meeting that entries of its journal add up to: the state that `act` gave, one after the other.

    Raises
    ------
    MeetingError
        If an entry could not have been written.
    """
    return reduce(_after, entries, Meeting())


def _after(meeting: Meeting, entry: MeetingEntry) -> Meeting:
    return act(meeting, entry.action, by=entry.by, at=entry.at)
