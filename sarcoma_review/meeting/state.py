"""A meeting as a value: what its actions so far add up to."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from types import MappingProxyType
from typing import Literal

from sarcoma_review.errors import MeetingError
from sarcoma_review.meeting.actions import (
    SEALED,
    AddAction,
    AgendaItem,
    DecisionText,
    MarkView,
    Mode,
    OpenBallot,
    Part,
    Place,
    Vote,
)
from sarcoma_review.meeting.members import VOTING, Member

LEAST_VOTES = 3
"""A split of opinions is shown from this many votes on (domain rule k >= 3)."""


@dataclass(frozen=True)
class Ballot:
    """A blind ballot: its roll is frozen when it opens.

    Parameters
    ----------
    asked : OpenBallot
        Question, options and how the result is shown; a second round has those of its first.
    case_id : str
    round : {1, 2}
    roll : frozenset of str
        Members who may vote.
    first : str, optional
        The first round's id, for a second one.
    status : {"open", "closed", "revealed"}
    votes : mapping of str to Vote
        The last vote of each; never to be shown before the reveal, and never with its member.
    """

    asked: OpenBallot
    case_id: str
    round: Literal[1, 2]
    roll: frozenset[str]
    first: str | None = None
    status: Literal["open", "closed", "revealed"] = "open"
    votes: Mapping[str, Vote] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The id it was opened under."""
        return self.asked.ballot_id

    @property
    def may_be_shown(self) -> bool:
        """Whether the split may be shown: revealed, and of enough votes."""
        return self.status == "revealed" and len(self.votes) >= LEAST_VOTES


@dataclass(frozen=True)
class Decided:
    """A decision with its number in the meeting, and how it came to read as it does.

    Parameters
    ----------
    number : int
        From 1, over the whole meeting.
    case_id : str
    decision : DecisionText
        As it reads now.
    at : datetime
    earlier : tuple of (DecisionText, str)
        What it read before each correction, and the reason for that correction.
    """

    number: int
    case_id: str
    decision: DecisionText
    at: datetime
    earlier: tuple[tuple[DecisionText, str], ...] = ()


@dataclass(frozen=True)
class CaseState:
    """A case of the agenda as far as the meeting got with it.

    Parameters
    ----------
    item : AgendaItem
    parts : tuple of str
        Parts shown so far, in the order they were shown.
    opened_at : tuple of datetime
        Each time it was opened.
    manifest : str, optional
        SHA-256 of the list of its images; None until they are published.
    view : MarkView, optional
        What the presenter showed last.
    missing : tuple of str
        Information that was missing.
    learning : tuple of str
    actions : tuple of AddAction
    """

    item: AgendaItem
    parts: tuple[Part, ...] = ()
    opened_at: tuple[datetime, ...] = ()
    manifest: str | None = None
    view: MarkView | None = None
    missing: tuple[str, ...] = ()
    learning: tuple[str, ...] = ()
    actions: tuple[AddAction, ...] = ()

    @property
    def unsealed(self) -> bool:
        """Whether any part was shown that tells what was decided, done or achieved."""
        return any(part in SEALED for part in self.parts)


@dataclass(frozen=True)
class Presence:
    """One stay of a member."""

    member: str
    place: Place
    joined_at: datetime
    left_at: datetime | None = None


@dataclass(frozen=True)
class Meeting:
    """The state of a meeting. `Meeting()` is one that was not opened.

    Parameters
    ----------
    title, on_date, mode, purpose
        As it was opened; None before.
    members : mapping of str to Member
        Everybody ever invited, with the role of now.
    revoked : frozenset of str
    stays : tuple of Presence
        Every stay of every member, in order of joining.
    cases : mapping of str to CaseState
        In the order of the agenda.
    open_case : str, optional
    ballots : mapping of str to Ballot
        In the order they were opened.
    decisions : tuple of Decided
        In order of their numbers.
    signed_at : datetime, optional
    entries : int
        Actions so far.
    """

    title: str | None = None
    on_date: date | None = None
    mode: Mode | None = None
    purpose: Literal["peer_learning", "audit"] | None = None
    members: Mapping[str, Member] = field(default_factory=dict)
    revoked: frozenset[str] = frozenset()
    stays: tuple[Presence, ...] = ()
    cases: Mapping[str, CaseState] = field(default_factory=dict)
    open_case: str | None = None
    ballots: Mapping[str, Ballot] = field(default_factory=dict)
    decisions: tuple[Decided, ...] = ()
    signed_at: datetime | None = None
    entries: int = 0

    @property
    def present(self) -> frozenset[str]:
        """Members who are present now."""
        return frozenset(stay.member for stay in self.stays if stay.left_at is None)

    @property
    def chair(self) -> str | None:
        """Who chairs; None before the meeting is opened."""
        return next((member.id for member in self.members.values() if member.role == "chair"), None)

    @property
    def presenter(self) -> str | None:
        """Who moves the picture: the presenter, or the chair where nobody presents."""
        return next((member.id for member in self.members.values() if member.role == "presenter"), self.chair)

    @property
    def open_ballot(self) -> Ballot | None:
        """The ballot that takes votes now."""
        return next((ballot for ballot in self.ballots.values() if ballot.status == "open"), None)

    def voters_present(self) -> frozenset[str]:
        """Those present whose role votes."""
        return frozenset(id_ for id_ in self.present if self.members[id_].role in VOTING)

    def case(self, case_id: str) -> CaseState:
        """A case of the agenda.

        Raises
        ------
        MeetingError
            If it is not on the agenda (``no_such_case``).
        """
        if case_id not in self.cases:
            raise MeetingError("no_such_case", "expected a case of the agenda, found another id")
        return self.cases[case_id]

    def ballot(self, ballot_id: str) -> Ballot:
        """A ballot of this meeting.

        Raises
        ------
        MeetingError
            If there is none of this id (``no_such_ballot``).
        """
        if ballot_id not in self.ballots:
            raise MeetingError("no_such_ballot", "expected a ballot of this meeting, found another id")
        return self.ballots[ballot_id]

    def locked(self, case_id: str) -> bool:
        """Whether the blind opinions on a case are in: a ballot with votes was closed, and none is open."""
        of_case = [ballot for ballot in self.ballots.values() if ballot.case_id == case_id]
        voted = any(ballot.votes for ballot in of_case if ballot.status != "open")
        return voted and all(ballot.status != "open" for ballot in of_case)

    def with_ballot(self, ballot: Ballot) -> "Meeting":
        """The same meeting with a ballot added, or in place of the one of its id."""
        return replace(self, ballots=MappingProxyType({**self.ballots, ballot.id: ballot}))

    def with_case(self, case: CaseState) -> "Meeting":
        """The same meeting with a case added, or in place of the one of its id."""
        return replace(self, cases=MappingProxyType({**self.cases, case.item.case_id: case}))

    def with_member(self, member: Member) -> "Meeting":
        """The same meeting with a member added, or in place of the one of this id."""
        return replace(self, members=MappingProxyType({**self.members, member.id: member}))

    def counted(self) -> "Meeting":
        """The same meeting with one more entry."""
        return replace(self, entries=self.entries + 1)

    def __repr__(self) -> str:
        return f"<Meeting, {len(self.cases)} case(s), {len(self.present)} present, {self.entries} entries>"
