"""What a meeting says to listeners whom nobody knows: less than an observer sees, and nothing of any person."""

from dataclasses import replace
from typing import Any

from sarcoma_review.meeting import Meeting, Member, visible

_LISTENER = "listener"
_CASE = ("case_id", "question", "minutes", "parts", "sealed", "manifest")
_BALLOT = ("ballot_id", "case_id", "question", "options", "ordered", "round", "first", "status", "voted", "on_roll")
_RESULT = ("withheld", "counts", "confidence", "change")
_DECISION = ("number", "case_id", "modality", "decision", "agreement")


def public_meeting(meeting: Meeting) -> Meeting:
    """A meeting without the cases that were not opened yet.

    Parameters
    ----------
    meeting : Meeting
    """
    return replace(meeting, cases={name: case for name, case in meeting.cases.items() if case.opened_at})


def public_state(meeting: Meeting) -> dict[str, Any]:
    """What listeners may see: of an observer's state the fields that are named here, and of people their number.

    Reasons, dissent, groups of professions and actions stay with the members: they may point to somebody.

    Parameters
    ----------
    meeting : Meeting

    Returns
    -------
    dict
        Of JSON values only, with the keys of `meeting.visible`.
    """
    seen = _as_observer(public_meeting(meeting))
    return {
        **{name: seen[name] for name in ("title", "on_date", "mode", "purpose", "open_case")},
        "present": len(meeting.present),
        "agenda": [_only(_CASE, case) for case in seen["agenda"]],
        "ballots": [_only(_BALLOT, each) | {"result": _result(each["result"])} for each in seen["ballots"]],
        "decisions": [_only(_DECISION, each) for each in seen["decisions"]],
    }


def _as_observer(meeting: Meeting) -> dict[str, Any]:
    """As an observer would see it who is not there."""
    name = _LISTENER
    while name in meeting.members:
        name += "-"
    guest = Member(id=name, role="observer", unit="AA")
    return visible(replace(meeting, members={**meeting.members, name: guest}), name)


def _result(result: dict[str, Any] | None) -> dict[str, Any] | None:
    return None if result is None else _only(_RESULT, result)


def _only(names: tuple[str, ...], words: dict[str, Any]) -> dict[str, Any]:
    return {name: words[name] for name in names if name in words}
