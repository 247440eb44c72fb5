"""A small meeting, and how far it has got: what the tests start from."""

from collections.abc import Iterable
from datetime import UTC, date, datetime

from sarcoma_review.meeting import (
    SERVER,
    Action,
    AddAction,
    AgendaItem,
    CloseBallot,
    Decide,
    DecisionText,
    Join,
    Meeting,
    MeetingEntry,
    Member,
    OpenBallot,
    OpenCase,
    OpenMeeting,
    OpenSecondRound,
    Reveal,
    SignMinutes,
    StartRoom,
    Vote,
    act,
)

AT = datetime(2026, 11, 22, 18, 30, tzinfo=UTC)
MEMBERS = (
    Member(id="chair", role="chair", unit="AA", profession="surgeon"),
    Member(id="pres", role="presenter", unit="BB", profession="surgeon"),
    Member(id="m1", role="member", unit="CC", profession="surgeon"),
    Member(id="m2", role="member", unit="DD", profession="radiologist"),
    Member(id="late", role="member", unit="CC", profession="oncologist"),
    Member(id="obs", role="observer", unit="AA"),
)
HERE = ("chair", "pres", "m1", "m2", "obs")
AGENDA = (
    AgendaItem(case_id="case-1", question="Is en bloc resection possible?", missing=("biopsy report",)),
    AgendaItem(case_id="case-2", question="Which reconstruction?", minutes=10),
)
OPEN = OpenMeeting(
    title="Network meeting", on_date=date(2026, 11, 22), mode="virtual", agenda=AGENDA, members=MEMBERS
)
ASK = OpenBallot(ballot_id="b1", question="Resectable?", options=("yes", "no"))
RESECT = DecisionText(modality="surgery", decision="en bloc resection", agreement="majority", ballot_id="b1")
Steps = Iterable[tuple[str, Action]]


def do(meeting: Meeting, steps: Steps) -> Meeting:
    for by, action in steps:
        meeting = act(meeting, action, by=by, at=AT)
    return meeting


def vote(choice: str, ballot_id: str = "b1") -> Vote:
    return Vote(ballot_id=ballot_id, choice=choice)


JOINED: list[tuple[str, Action]] = [(SERVER, StartRoom()), *((who, Join()) for who in HERE)]
STEPS: dict[str, list[tuple[str, Action]]] = {
    "nothing": [],
    "open": [("chair", OPEN)],
    "joined": JOINED,
    "case": [("chair", OpenCase(case_id="case-1"))],
    "ballot": [("chair", ASK)],
    "voted": [("m1", vote("yes")), ("m2", vote("no")), ("pres", vote("yes"))],
    "closed": [("chair", CloseBallot(ballot_id="b1"))],
    "revealed": [("chair", Reveal(ballot_id="b1"))],
    "second": [("chair", OpenSecondRound(ballot_id="b2", first="b1"))],
    "changed": [("m1", vote("yes", "b2")), ("m2", vote("yes", "b2")), ("pres", vote("yes", "b2"))],
    "again": [("chair", CloseBallot(ballot_id="b2")), ("chair", Reveal(ballot_id="b2"))],
    "decided": [
        ("chair", Decide(decision=RESECT)),
        ("chair", AddAction(system="imaging", action="MR of the whole bone", owner_role="radiologist")),
    ],
    "signed": [("chair", SignMinutes())],
}
"""What happens from one stage to the next."""


def until(stage: str) -> list[tuple[str, Action]]:
    """All that happens up to the end of a stage."""
    names = list(STEPS)
    return [step for name in names[: names.index(stage) + 1] for step in STEPS[name]]


def at(stage: str) -> Meeting:
    """The meeting at the end of a stage."""
    return do(Meeting(), until(stage))


def journalled(steps: Steps) -> list[MeetingEntry]:
    """Steps as a journal takes them."""
    return [MeetingEntry(action=action, by=by, at=AT) for by, action in steps]
