"""What may be refused at a meeting, by name, and who may do what."""

from typing import Final

from sarcoma_review.errors import MeetingError
from sarcoma_review.meeting.actions import Action
from sarcoma_review.meeting.members import SERVER
from sarcoma_review.meeting.state import Meeting

CODES: Final = {
    # to whom it is not allowed
    "not_a_member": "nobody of this pseudonym was invited",
    "revoked": "the invitation was taken back",
    "not_present": "whoever acts has not joined",
    "not_allowed": "the role may not do this",
    "not_on_roll": "the member is not on the roll of the ballot",
    "observer": "an observer neither votes nor presents nor chairs",
    # at which point it is not allowed
    "not_open": "the meeting was not opened",
    "open_already": "the meeting is open already",
    "signed": "the minutes are signed",
    "known_member": "somebody of this pseudonym was invited already",
    "present_already": "the member is present already",
    "absent": "the member who is named is not present",
    "chair_stays": "the chair is handed over before it is revoked or taken",
    "role_held": "the member has this role already",
    "no_such_case": "the case is not on the agenda",
    "known_case": "the case is on the agenda already",
    "no_case": "no case is open",
    "case_open": "this case is open already",
    "known_part": "the part is shown already",
    "sealed": "the part stays shut until the blind opinions are locked",
    "unsealed": "what was decided, done or achieved is shown: no blind opinion can be given any more",
    "no_such_ballot": "there is no ballot of this id",
    "known_ballot": "there is a ballot of this id already",
    "ballot_open": "a ballot is open",
    "ballot_closed": "the ballot takes no votes any more",
    "ballot_not_closed": "the ballot is not closed",
    "revealed": "the ballot is revealed already",
    "not_revealed": "the ballot is not revealed",
    "second_round": "a ballot has two rounds",
    "other_case": "the ballot, or the decision, belongs to another case",
    "known_voter": "the member is on the roll already",
    "no_such_option": "the choice is none of the options",
    "no_such_decision": "there is no decision of this number",
}
"""Every `MeetingError.code` there is, and what it says."""

FORBIDDEN: Final = frozenset({"not_a_member", "revoked", "not_present", "not_allowed", "not_on_roll", "observer"})
"""Codes that speak of who acts (403 of HTTP); the others speak of the point of the meeting (409)."""

_CHAIR = frozenset(
    {
        "add_case",
        "open_case",
        "open_ballot",
        "open_second_round",
        "add_to_roll",
        "close_ballot",
        "reveal",
        "decide",
        "correct_decision",
        "add_action",
        "add_learning_point",
        "note_missing",
        "sign_minutes",
    }
)
_PRESENTER = frozenset({"show_part", "publish_images", "mark_view"})
_CHAIR_OR_SERVER = frozenset({"invite", "revoke"})
_AFTER_SIGNING = frozenset({"correct_decision", "join", "leave", "start_room", "revoke", "hand_over"})


def require_allowed(meeting: Meeting, action: Action, by: str) -> None:
    """Refuse whoever may not do this at all, and everything that comes before opening or after signing.

    Raises
    ------
    MeetingError
        By a code of `CODES`.
    """
    _require_point(meeting, action)
    if action.kind == "open_meeting":
        return
    if by != SERVER:
        require_member(meeting, by)
        _require_here(meeting, action, by)
    if action.kind == "vote" and by != SERVER and meeting.members[by].role == "observer":
        raise MeetingError("observer", "an observer does not vote")
    if action.kind not in may(meeting, by):
        raise MeetingError("not_allowed", f"{action.kind} is not for the role of whoever acts: {_whose(action.kind)}")


def may(meeting: Meeting, by: str) -> frozenset[str]:
    """Kinds of action that the role of somebody allows, whatever the point of the meeting.

    Parameters
    ----------
    meeting : Meeting
    by : str
        A member who was not revoked, or `SERVER`.
    """
    if by == SERVER:
        return _CHAIR_OR_SERVER | {"start_room", "leave", "hand_over"}
    kinds = {"join", "leave"}
    role = meeting.members[by].role
    if role != "observer":
        kinds.add("vote")
    if role == "chair":
        kinds |= _CHAIR | _CHAIR_OR_SERVER | {"hand_over"}
    if role == "chair" or by == meeting.presenter:
        kinds |= _PRESENTER
    return frozenset(kinds)


def require_member(meeting: Meeting, member: str) -> None:
    """Refuse somebody who was never invited, or is not any more.

    Raises
    ------
    MeetingError
        ``not_a_member`` or ``revoked``.
    """
    if member in meeting.revoked:
        raise MeetingError("revoked", "expected an invited member; this invitation was taken back")
    if member not in meeting.members:
        raise MeetingError("not_a_member", "expected an invited member, found another pseudonym")


def _require_point(meeting: Meeting, action: Action) -> None:
    if meeting.title is None and action.kind != "open_meeting":
        raise MeetingError("not_open", f"expected open_meeting as the first action, found {action.kind}")
    if meeting.title is not None and action.kind == "open_meeting":
        raise MeetingError("open_already", "the meeting is open; a meeting is opened once")
    if meeting.signed_at is not None and action.kind not in _AFTER_SIGNING:
        raise MeetingError("signed", f"the minutes are signed: expected a correction, found {action.kind}")


def _require_here(meeting: Meeting, action: Action, by: str) -> None:
    """Whoever acts is present; the chair may prepare and correct before joining, but ballots need the room."""
    if action.kind == "join" or by in meeting.present:
        return
    prepared = {"invite", "revoke", "add_case", "publish_images", "correct_decision"}
    if action.kind not in prepared:
        raise MeetingError("not_present", f"{action.kind} is for members who have joined; whoever acts has not")


def _whose(kind: str) -> str:
    if kind in _CHAIR:
        return "it is the chair's"
    if kind in _PRESENTER:
        return "it is the presenter's or the chair's"
    if kind == "start_room":
        return "it is the room's own"
    return {"vote": "an observer does not vote", "join": "each joins for themselves"}.get(kind, "it is the chair's")
