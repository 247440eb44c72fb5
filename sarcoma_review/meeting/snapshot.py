"""What one member may see of a meeting, as JSON: nothing of a ballot but how many voted, until it is revealed."""

from collections.abc import Iterable
from typing import Any

from sarcoma_review.meeting.actions import SEALED
from sarcoma_review.meeting.refusals import may, require_member
from sarcoma_review.meeting.results import change_of_opinion, result_of
from sarcoma_review.meeting.state import LEAST_VOTES, Ballot, CaseState, Decided, Meeting


def visible(meeting: Meeting, member: str) -> dict[str, Any]:
    """Everything a member may see, and no more.

    Before the reveal nobody, the chair included, learns more of a ballot than its question, how many of how many
    voted, and their own vote; afterwards the split, if there were three votes or more, but never whose vote was
    which, nor in what order they came.

    Parameters
    ----------
    meeting : Meeting
    member : str
        An invited member, present or not.

    Returns
    -------
    dict
        Of JSON values only.

    Raises
    ------
    MeetingError
        If the member was not invited, or is not any more.
    """
    return snapshots(meeting, [member])[member]


def snapshots(meeting: Meeting, members: Iterable[str]) -> dict[str, dict[str, Any]]:
    """What each of several members may see, as `visible`; what all see alike is worked out once and shared.

    Raises
    ------
    MeetingError
        If one of them was not invited, or is not any more.
    """
    shared = _shared(meeting)
    return {member: _own(meeting, member, shared) for member in members}


def _own(meeting: Meeting, member: str, shared: dict[str, Any]) -> dict[str, Any]:
    require_member(meeting, member)
    ballots = [{**seen, **_own_vote(meeting.ballots[seen["ballot_id"]], member)} for seen in shared["ballots"]]
    return {**shared, "you": _you(meeting, member), "ballots": ballots}


def _shared(meeting: Meeting) -> dict[str, Any]:
    return {
        "title": meeting.title,
        "on_date": meeting.on_date.isoformat() if meeting.on_date else None,
        "mode": meeting.mode,
        "purpose": meeting.purpose,
        "signed_at": meeting.signed_at.isoformat() if meeting.signed_at else None,
        "members": [_member(meeting, id_) for id_ in sorted(meeting.members) if id_ not in meeting.revoked],
        "chair": meeting.chair,
        "presenter": meeting.presenter,
        "open_case": meeting.open_case,
        "agenda": [_case(meeting, case) for case in meeting.cases.values()],
        "ballots": [_ballot(meeting, ballot) for ballot in meeting.ballots.values()],
        "decisions": [_decision(each) for each in meeting.decisions],
    }


def _you(meeting: Meeting, member: str) -> dict[str, Any]:
    own = meeting.members[member]
    kinds = may(meeting, member)
    return {**own.model_dump(mode="json"), "present": member in meeting.present, "may": sorted(kinds)}


def _member(meeting: Meeting, id_: str) -> dict[str, Any]:
    return {**meeting.members[id_].model_dump(mode="json"), "present": id_ in meeting.present}


def _case(meeting: Meeting, case: CaseState) -> dict[str, Any]:
    is_locked = meeting.locked(case.item.case_id)
    return {
        "case_id": case.item.case_id,
        "question": case.item.question,
        "minutes": case.item.minutes,
        "opened_at": [moment.isoformat() for moment in case.opened_at],
        "parts": list(case.parts),
        "sealed": [] if is_locked else [part for part in SEALED if part not in case.parts],
        "manifest": case.manifest,
        "view": case.view.model_dump(mode="json", exclude={"kind"}) if case.view else None,
        "missing": list(case.missing),
        "learning": list(case.learning),
        "actions": [action.model_dump(mode="json", exclude={"kind"}) for action in case.actions],
    }


def _own_vote(ballot: Ballot, member: str) -> dict[str, Any]:
    own = ballot.votes.get(member)
    return {
        "you_may_vote": member in ballot.roll and ballot.status == "open",
        "own": own.model_dump(mode="json", include={"choice", "confidence", "reason"}) if own else None,
    }


def _ballot(meeting: Meeting, ballot: Ballot) -> dict[str, Any]:
    return {
        "ballot_id": ballot.id,
        "case_id": ballot.case_id,
        "question": ballot.asked.question,
        "options": list(ballot.asked.options),
        "shown": ballot.asked.shown,
        "ordered": ballot.asked.ordered,
        "round": ballot.round,
        "first": ballot.first,
        "status": ballot.status,
        "voted": len(ballot.votes),
        "on_roll": len(ballot.roll),
        "result": _result(meeting, ballot),
    }


def _result(meeting: Meeting, ballot: Ballot) -> dict[str, Any] | None:
    if ballot.status != "revealed":
        return None
    result = result_of(meeting, ballot.id)
    if result is None:
        return {"withheld": f"fewer than {LEAST_VOTES} votes: a split is not shown"}
    return {
        "counts": result.counts,
        "confidence": result.confidence,
        "reasons": [list(pair) for pair in result.reasons],
        "groups": result.groups,
        "change": change_of_opinion(meeting, ballot.id),
    }


def _decision(decided: Decided) -> dict[str, Any]:
    return {
        "number": decided.number,
        "case_id": decided.case_id,
        "at": decided.at.isoformat(),
        **decided.decision.model_dump(mode="json"),
        "corrected": [reason for _, reason in decided.earlier],
    }
