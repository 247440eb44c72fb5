"""The blind ballot: asked, voted in, closed, revealed, and put once more after discussion."""

from dataclasses import replace
from types import MappingProxyType

from sarcoma_review.errors import MeetingError
from sarcoma_review.meeting.actions import AddToRoll, CloseBallot, OpenBallot, OpenSecondRound, Reveal, Vote
from sarcoma_review.meeting.casework import current, require_no_ballot
from sarcoma_review.meeting.members import VOTING
from sarcoma_review.meeting.refusals import require_member
from sarcoma_review.meeting.state import Ballot, Meeting
from sarcoma_review.meeting.step import Step


def open_ballot(step: Step[OpenBallot]) -> Meeting:
    """A question on the open case; the roll is who may vote and is here now."""
    case = current(step).item.case_id
    roll = _roll(step)
    return step.meeting.with_ballot(Ballot(step.action, case, 1, roll))


def open_second_round(step: Step[OpenSecondRound]) -> Meeting:
    """The same question once more, with a roll of its own."""
    meeting, case = step.meeting, current(step).item.case_id
    first = meeting.ballot(step.action.first)
    if first.round == 2 or any(each.first == first.id for each in meeting.ballots.values()):
        raise MeetingError("second_round", "a ballot has two rounds; expected a first round without a second one")
    if first.case_id != case:
        raise MeetingError("other_case", "expected a ballot on the open case, found one on another case")
    if first.status != "revealed":
        raise MeetingError("not_revealed", f"a second round follows a revealed first one, found it {first.status}")
    asked = first.asked.model_copy(update={"ballot_id": step.action.ballot_id})
    return meeting.with_ballot(Ballot(asked, case, 2, _roll(step), first.id))


def add_to_roll(step: Step[AddToRoll]) -> Meeting:
    """A voting member who came late may vote too."""
    ballot, member = _open(step), step.action.member
    require_member(step.meeting, member)
    if member in ballot.roll:
        raise MeetingError("known_voter", "expected a member who is not on the roll, found one who is")
    if step.meeting.members[member].role not in VOTING:
        raise MeetingError("observer", "an observer is not put on a roll")
    if member not in step.meeting.present:
        raise MeetingError("absent", "expected a member who is present, found one who is not")
    return step.meeting.with_ballot(replace(ballot, roll=ballot.roll | {member}))


def vote(step: Step[Vote]) -> Meeting:
    """One opinion, kept with the others until the reveal; a later one of the same member takes its place."""
    ballot = _open(step)
    if step.by not in ballot.roll:
        raise MeetingError("not_on_roll", "the roll was frozen when the ballot opened; the chair may add to it")
    if step.action.choice not in ballot.asked.options:
        raise MeetingError(
            "no_such_option", f"expected one of {len(ballot.asked.options)} options, found another text"
        )
    # Kept in order of members, so that the order of voting is nowhere in the state.
    votes = dict(sorted({**ballot.votes, step.by: step.action}.items()))
    return step.meeting.with_ballot(replace(ballot, votes=MappingProxyType(votes)))


def close_ballot(step: Step[CloseBallot]) -> Meeting:
    """Opinions are locked."""
    return step.meeting.with_ballot(replace(_open(step), status="closed"))


def reveal(step: Step[Reveal]) -> Meeting:
    """The result is everybody's at once."""
    ballot = step.meeting.ballot(step.action.ballot_id)
    if ballot.status == "open":
        raise MeetingError("ballot_not_closed", "a ballot is revealed after it is closed, found it open")
    if ballot.status == "revealed":
        raise MeetingError("revealed", "expected a closed ballot, found one that is revealed already")
    return step.meeting.with_ballot(replace(ballot, status="revealed"))


def _roll(step: Step[OpenBallot] | Step[OpenSecondRound]) -> frozenset[str]:
    meeting, ballot_id = step.meeting, step.action.ballot_id
    require_no_ballot(meeting)
    if ballot_id in meeting.ballots:
        raise MeetingError(
            "known_ballot", "expected an id that no ballot of this meeting has, found one that is taken"
        )
    if current(step).unsealed:
        raise MeetingError(
            "unsealed", "what was decided, done or achieved is shown already: an opinion now would be hindsight"
        )
    return meeting.voters_present()


def _open(step: Step[AddToRoll] | Step[Vote] | Step[CloseBallot]) -> Ballot:
    ballot = step.meeting.ballot(step.action.ballot_id)
    if ballot.status != "open":
        raise MeetingError("ballot_closed", f"expected an open ballot, found one that is {ballot.status}")
    return ballot
