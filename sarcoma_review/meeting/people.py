"""Opening a meeting, and who is there: invitations, attendance and roles."""

from dataclasses import replace
from types import MappingProxyType

from sarcoma_review.errors import MeetingError
from sarcoma_review.meeting.actions import HandOver, Invite, Join, Leave, OpenMeeting, Revoke, StartRoom
from sarcoma_review.meeting.members import SERVER, Role
from sarcoma_review.meeting.refusals import require_member
from sarcoma_review.meeting.state import CaseState, Meeting, Presence
from sarcoma_review.meeting.step import Step


def open_meeting(step: Step[OpenMeeting]) -> Meeting:
    """The agenda and the members as they stand at the start; nobody is present yet."""
    action = step.action
    chair = next(member.id for member in action.members if member.role == "chair")
    if step.by != chair:
        raise MeetingError("not_allowed", "a meeting is opened by its chair; found somebody else")
    return replace(
        step.meeting,
        title=action.title,
        on_date=action.on_date,
        mode=action.mode,
        purpose=action.purpose,
        members=MappingProxyType({member.id: member for member in action.members}),
        cases=MappingProxyType({item.case_id: CaseState(item, missing=item.missing) for item in action.agenda}),
    )


def start_room(step: Step[StartRoom]) -> Meeting:
    """Nobody is present in a room that was just started."""
    return _gone(step, step.meeting.present)


def invite(step: Step[Invite]) -> Meeting:
    """One more member, of any role but the chair's."""
    meeting, member = step.meeting, step.action.member
    if member.id in meeting.members:
        raise MeetingError(
            "known_member", "expected a pseudonym that was not invited yet; one that was taken stays so"
        )
    if member.role == "chair":
        raise MeetingError(
            "chair_stays", "a meeting has one chair, found an invitation of another: hand the chair over"
        )
    if member.role == "presenter" and meeting.presenter != meeting.chair:
        raise MeetingError("role_held", "a meeting has one presenter, found an invitation of another: hand over")
    return meeting.with_member(member)


def join(step: Step[Join]) -> Meeting:
    """Whoever acts is present."""
    if step.by in step.meeting.present:
        raise MeetingError("present_already", "expected somebody who is not here; whoever acts has joined already")
    stay = Presence(step.by, step.action.place, step.at)
    return replace(step.meeting, stays=(*step.meeting.stays, stay))


def leave(step: Step[Leave]) -> Meeting:
    """A member is present no more; only the room says so of somebody else."""
    if step.by not in (SERVER, step.action.member):
        raise MeetingError("not_allowed", "each leaves for themselves; the chair can revoke an invitation")
    _require_present(step.meeting, step.action.member)
    return _gone(step, frozenset({step.action.member}))


def revoke(step: Step[Revoke]) -> Meeting:
    """An invitation is taken back. A vote that was cast before stays cast."""
    meeting, member = step.meeting, step.action.member
    require_member(meeting, member)
    if member == meeting.chair:
        raise MeetingError("chair_stays", "the chair cannot be revoked: hand the chair over first")
    left = replace(_gone(step, frozenset({member})), revoked=meeting.revoked | {member})
    if member == meeting.presenter:
        return left.with_member(meeting.members[member].model_copy(update={"role": "member"}))
    return left


def hand_over(step: Step[HandOver]) -> Meeting:
    """A role goes to another: who had it becomes a member. The room gives the chair away only if its holder left."""
    meeting, to, role = step.meeting, step.action.to, step.action.role
    if step.by == SERVER and (role != "chair" or meeting.chair in meeting.present):
        raise MeetingError(
            "not_allowed", "the room hands over the chair alone, and only of a chair who is not present"
        )
    require_member(meeting, to)
    _require_present(meeting, to)
    if meeting.members[to].role == "observer":
        raise MeetingError("observer", f"expected a voting member as {role}, found an observer")
    holder = meeting.chair if role == "chair" else meeting.presenter
    if to == holder:
        raise MeetingError("role_held", f"expected another member as {role}, found the one who is")
    return _with_roles(meeting, role, to)


def _with_roles(meeting: Meeting, role: Role, to: str) -> Meeting:
    for member in list(meeting.members.values()):
        if member.role == role:
            meeting = meeting.with_member(member.model_copy(update={"role": "member"}))
    if role == "presenter" and to == meeting.chair:
        return meeting  # the chair presents where nobody else does, and stays the chair
    return meeting.with_member(meeting.members[to].model_copy(update={"role": role}))


def _require_present(meeting: Meeting, member: str) -> None:
    if member not in meeting.present:
        raise MeetingError("absent", "expected a member who is present, found one who is not")


def _gone(step: Step[StartRoom] | Step[Leave] | Step[Revoke], who: frozenset[str]) -> Meeting:
    stays = tuple(
        replace(stay, left_at=step.at) if stay.left_at is None and stay.member in who else stay
        for stay in step.meeting.stays
    )
    return replace(step.meeting, stays=stays)
