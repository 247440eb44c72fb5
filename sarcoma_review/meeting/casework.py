"""The cases of the agenda: what is shown of them, what is decided on them, and the minutes."""

from dataclasses import replace
from typing import Any

from sarcoma_review.errors import MeetingError
from sarcoma_review.meeting.actions import (
    SEALED,
    AddAction,
    AddCase,
    AddLearningPoint,
    CorrectDecision,
    Decide,
    DecisionText,
    MarkView,
    NoteMissing,
    OpenCase,
    PublishImages,
    ShowPart,
    SignMinutes,
)
from sarcoma_review.meeting.state import CaseState, Decided, Meeting
from sarcoma_review.meeting.step import Step


def add_case(step: Step[AddCase]) -> Meeting:
    """One more case, last on the agenda."""
    item = step.action.item
    if item.case_id in step.meeting.cases:
        raise MeetingError("known_case", "expected a case that is not on the agenda, found one that is")
    return step.meeting.with_case(CaseState(item, missing=item.missing))


def open_case(step: Step[OpenCase]) -> Meeting:
    """A case is discussed from now on, for the first time or again."""
    meeting, case = step.meeting, step.meeting.case(step.action.case_id)
    if meeting.open_case == case.item.case_id:
        raise MeetingError("case_open", "expected another case than the open one, found the same")
    require_no_ballot(meeting)
    opened = replace(case, opened_at=(*case.opened_at, step.at))
    return replace(meeting.with_case(opened), open_case=case.item.case_id)


def show_part(step: Step[ShowPart]) -> Meeting:
    """A part is shown: what was decided, done and achieved only after the blind opinions are locked."""
    case, part = current(step), step.action.part
    if part in case.parts:
        raise MeetingError("known_part", f"expected a part that is not shown yet, found {part}")
    if part in SEALED and not step.meeting.locked(case.item.case_id):
        raise MeetingError("sealed", f"{part} is shown once a blind ballot on the case is closed with votes in it")
    return step.meeting.with_case(replace(case, parts=(*case.parts, part)))


def publish_images(step: Step[PublishImages]) -> Meeting:
    """The images of a case stand ready."""
    case = step.meeting.case(step.action.case_id)
    return step.meeting.with_case(replace(case, manifest=step.action.manifest))


def mark_view(step: Step[MarkView]) -> Meeting:
    """What the presenter shows now."""
    return step.meeting.with_case(replace(current(step), view=step.action))


def decide(step: Step[Decide]) -> Meeting:
    """A decision on the open case."""
    meeting, case, decision = step.meeting, current(step), step.action.decision
    require_no_ballot(meeting)
    _require_ballot_of(meeting, case.item.case_id, decision)
    decided = Decided(len(meeting.decisions) + 1, case.item.case_id, decision, step.at)
    return replace(meeting, decisions=(*meeting.decisions, decided))


def correct_decision(step: Step[CorrectDecision]) -> Meeting:
    """A decision reads otherwise from now on; what it read before is kept with the reason."""
    meeting, action = step.meeting, step.action
    old = _decided(meeting, action.number)
    _require_ballot_of(meeting, old.case_id, action.decision)
    earlier = (*old.earlier, (old.decision, action.reason))
    new = replace(old, decision=action.decision, earlier=earlier)
    decisions = tuple(new if each.number == old.number else each for each in meeting.decisions)
    return replace(meeting, decisions=decisions)


def add_action(step: Step[AddAction]) -> Meeting:
    """Something the meeting asks for."""
    case, number = current(step), step.action.number
    if number is not None and _decided(step.meeting, number).case_id != case.item.case_id:
        raise MeetingError("other_case", f"expected a decision on the open case, found number {number} on another")
    return step.meeting.with_case(replace(case, actions=(*case.actions, step.action)))


def add_learning_point(step: Step[AddLearningPoint]) -> Meeting:
    """What the group learned."""
    case = current(step)
    return step.meeting.with_case(replace(case, learning=(*case.learning, step.action.text)))


def note_missing(step: Step[NoteMissing]) -> Meeting:
    """Information that the meeting missed."""
    case = current(step)
    return step.meeting.with_case(replace(case, missing=(*case.missing, step.action.text)))


def sign_minutes(step: Step[SignMinutes]) -> Meeting:
    """The minutes are right as they stand."""
    require_no_ballot(step.meeting)
    return replace(step.meeting, signed_at=step.at)


def current(step: Step[Any]) -> CaseState:
    """The open case.

    Raises
    ------
    MeetingError
        If none is (``no_case``).
    """
    if step.meeting.open_case is None:
        raise MeetingError("no_case", f"{step.action.kind} needs an open case, found none")
    return step.meeting.cases[step.meeting.open_case]


def require_no_ballot(meeting: Meeting) -> None:
    """Refuse what would hurry or sway a ballot that takes votes.

    Raises
    ------
    MeetingError
        ``ballot_open``.
    """
    if meeting.open_ballot is not None:
        raise MeetingError("ballot_open", "a ballot is open: close it first")


def _require_ballot_of(meeting: Meeting, case_id: str, decision: DecisionText) -> None:
    """A decision that names a ballot names one of its case, whose result everybody has seen."""
    if decision.ballot_id is None:
        return
    ballot = meeting.ballot(decision.ballot_id)
    if ballot.case_id != case_id:
        raise MeetingError("other_case", "expected a ballot on the case of the decision, found one on another case")
    if ballot.status != "revealed":
        raise MeetingError("not_revealed", f"a decision names a revealed ballot, found one that is {ballot.status}")


def _decided(meeting: Meeting, number: int) -> Decided:
    if number > len(meeting.decisions):
        found = f"{number} of {len(meeting.decisions)}"
        raise MeetingError("no_such_decision", f"expected the number of a decision of this meeting, found {found}")
    return meeting.decisions[number - 1]
