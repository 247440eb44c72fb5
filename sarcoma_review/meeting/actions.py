"""What can be done at a meeting: one model per kind. It travels from the clients and is journalled as it is."""

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, TypeAdapter, model_validator

from sarcoma_review.meeting.members import Member, MemberId, Pseudonym

# No control characters, and none that turn the direction of writing: minutes read as they were typed.
_PLAIN = r"^[^\x00-\x08\x0b-\x1f\x7f-\x9f\u{200e}\u{200f}\u{202a}-\u{202e}\u{2066}-\u{2069}]*$"


def _plain(longest: int) -> StringConstraints:
    return StringConstraints(strip_whitespace=True, min_length=1, max_length=longest, pattern=_PLAIN)


Text = Annotated[str, _plain(4000)]
Reason = Annotated[str, _plain(1000)]
Line = Annotated[str, _plain(400)]
Word = Annotated[str, _plain(80)]
Number = Annotated[float, Field(allow_inf_nan=False)]
Uid = Annotated[str, Field(pattern=r"^[0-9.]{1,64}$")]
Mode = Literal["in_person", "virtual", "hybrid"]
Place = Literal["in_person", "remote"]
Modality = Literal["surgery", "radiotherapy", "systemic", "follow_up", "diagnostics", "palliative"]
Agreement = Literal["consensus", "majority", "deferred", "no_agreement"]
Confidence = Literal["low", "moderate", "high"]
Part = Literal[
    "question",
    "patient",
    "history",
    "fitness",
    "patient_view",
    "imaging",
    "pathology",
    "stage",
    "options",
    "opinion",
    "discussion",
    "decision",
    "done",
    "outcome",
    "learning",
]
"""Parts of a case in the order they are presented."""
SEALED: tuple[Part, ...] = ("decision", "done", "outcome")
"""Parts that stay shut until every blind opinion on the case is locked."""


class _Action(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class AgendaItem(BaseModel):
    """A case on the agenda: what is asked, and how long it may take."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    case_id: Pseudonym
    question: Line
    minutes: Annotated[int, Field(ge=1, le=240)] = 15
    missing: Annotated[tuple[Line, ...], Field(max_length=40)] = ()
    """Information known to be missing when the agenda was made."""


class OpenMeeting(_Action):
    """The first action of every meeting."""

    kind: Literal["open_meeting"] = "open_meeting"
    title: Line
    on_date: date
    mode: Mode
    purpose: Literal["peer_learning", "audit"] = "peer_learning"
    agenda: Annotated[tuple[AgendaItem, ...], Field(max_length=100)] = ()
    members: Annotated[tuple[Member, ...], Field(min_length=1, max_length=300)]

    @model_validator(mode="after")
    def _once_each(self) -> Self:
        _require_distinct([member.id for member in self.members], "member")
        _require_distinct([item.case_id for item in self.agenda], "case on the agenda")
        chairs = sum(member.role == "chair" for member in self.members)
        if chairs != 1:
            raise ValueError(f"a meeting has one chair; found {chairs}")
        presenters = sum(member.role == "presenter" for member in self.members)
        if presenters > 1:
            raise ValueError(f"a meeting has at most one presenter at a time; found {presenters}")
        return self


class StartRoom(_Action):
    """The room was started, for the first time or again: nobody is present until they join."""

    kind: Literal["start_room"] = "start_room"


class Invite(_Action):
    """One more may take part."""

    kind: Literal["invite"] = "invite"
    member: Member


class Join(_Action):
    """Whoever acts is present from now on."""

    kind: Literal["join"] = "join"
    place: Place = "remote"


class Leave(_Action):
    """A member is not present any more; the room says so where a connection was lost."""

    kind: Literal["leave"] = "leave"
    member: MemberId


class Revoke(_Action):
    """An invitation is taken back; the member leaves at once and sees nothing more."""

    kind: Literal["revoke"] = "revoke"
    member: MemberId


class HandOver(_Action):
    """The chair, or the presentation, goes to another voting member who is present."""

    kind: Literal["hand_over"] = "hand_over"
    role: Literal["chair", "presenter"] = "presenter"
    to: MemberId


class AddCase(_Action):
    """One more case on the agenda."""

    kind: Literal["add_case"] = "add_case"
    item: AgendaItem


class OpenCase(_Action):
    """A case of the agenda is discussed from now on."""

    kind: Literal["open_case"] = "open_case"
    case_id: Pseudonym


class ShowPart(_Action):
    """A part of the open case is shown to all."""

    kind: Literal["show_part"] = "show_part"
    part: Part


class PublishImages(_Action):
    """Images of a case of the agenda stand ready; whoever publishes looked at them for burned-in names."""

    kind: Literal["publish_images"] = "publish_images"
    case_id: Pseudonym
    manifest: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    looked: Literal[True]


class MarkView(_Action):
    """What the presenter shows, as a bookmark: the picture that an opinion was given on."""

    kind: Literal["mark_view"] = "mark_view"
    series_uid: Uid
    slice: Annotated[int, Field(ge=0, le=100_000)]
    plane: Literal["axial", "coronal", "sagittal"] = "axial"
    window: tuple[Number, Number] | None = None
    """Centre and width, in the units of the series."""
    position_mm: tuple[Number, Number, Number] | None = None
    """Crosshair, LPS mm."""


class OpenBallot(_Action):
    """A question on the open case, answered blind by those voting members who are present now."""

    kind: Literal["open_ballot"] = "open_ballot"
    ballot_id: Pseudonym
    question: Line
    options: Annotated[tuple[Line, ...], Field(min_length=2, max_length=12)]
    shown: Literal["anonymous", "by_profession"] = "anonymous"
    ordered: bool = False
    """Whether the options are steps of one scale, for agreement by rank."""

    @model_validator(mode="after")
    def _once_each(self) -> Self:
        _require_distinct([option.casefold() for option in self.options], "option")
        return self


class OpenSecondRound(_Action):
    """The question of a revealed ballot is put once more, after discussion."""

    kind: Literal["open_second_round"] = "open_second_round"
    ballot_id: Pseudonym
    first: Pseudonym


class AddToRoll(_Action):
    """A voting member who came late may vote in the open ballot."""

    kind: Literal["add_to_roll"] = "add_to_roll"
    ballot_id: Pseudonym
    member: MemberId


class Vote(_Action):
    """One opinion, which may be changed until the ballot is closed; the last one counts."""

    kind: Literal["vote"] = "vote"
    ballot_id: Pseudonym
    choice: Line
    confidence: Confidence | None = None
    reason: Reason | None = None


class CloseBallot(_Action):
    """No vote is taken any more."""

    kind: Literal["close_ballot"] = "close_ballot"
    ballot_id: Pseudonym


class Reveal(_Action):
    """The result of a closed ballot is shown to all at once."""

    kind: Literal["reveal"] = "reveal"
    ballot_id: Pseudonym


class DecisionText(BaseModel):
    """What was decided for one modality."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    modality: Modality
    decision: Text
    agreement: Agreement
    rationale: Text | None = None
    dissent: Text | None = None
    evidence: Text | None = None
    alternatives: Annotated[tuple[Line, ...], Field(max_length=12)] = ()
    ballot_id: Pseudonym | None = None


class Decide(_Action):
    """A decision on the open case; it gets the next number of the meeting."""

    kind: Literal["decide"] = "decide"
    decision: DecisionText


class CorrectDecision(_Action):
    """A decision of this meeting was written down wrongly: this stands in its place, and the old one is kept."""

    kind: Literal["correct_decision"] = "correct_decision"
    number: Annotated[int, Field(ge=1)]
    reason: Line
    decision: DecisionText


class AddAction(_Action):
    """Something the meeting asks for on the open case: of which system, what, of which role, looked at again when."""

    kind: Literal["add_action"] = "add_action"
    system: Line
    action: Line
    owner_role: Word
    review_on: date | None = None
    number: Annotated[int, Field(ge=1)] | None = None
    """The decision of the open case that it belongs to."""


class AddLearningPoint(_Action):
    """What the group learned from the open case."""

    kind: Literal["add_learning_point"] = "add_learning_point"
    text: Text


class NoteMissing(_Action):
    """Information on the open case that the meeting missed."""

    kind: Literal["note_missing"] = "note_missing"
    text: Line


class SignMinutes(_Action):
    """The minutes are right; afterwards a decision is changed by a correction alone."""

    kind: Literal["sign_minutes"] = "sign_minutes"


Action = (
    OpenMeeting
    | StartRoom
    | Invite
    | Join
    | Leave
    | Revoke
    | HandOver
    | AddCase
    | OpenCase
    | ShowPart
    | PublishImages
    | MarkView
    | OpenBallot
    | OpenSecondRound
    | AddToRoll
    | Vote
    | CloseBallot
    | Reveal
    | Decide
    | CorrectDecision
    | AddAction
    | AddLearningPoint
    | NoteMissing
    | SignMinutes
)
ACTION: TypeAdapter[Action] = TypeAdapter(Annotated[Action, Field(discriminator="kind")])
"""Reads an action from JSON, by its kind; an unknown kind or field is refused (pydantic's ValidationError)."""


class MeetingEntry(BaseModel):
    """One line of a meeting's journal: what was done, by whom, and when."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["meeting"] = "meeting"
    action: Annotated[Action, Field(discriminator="kind")]
    by: Pseudonym
    at: AwareDatetime


def _require_distinct(values: list[str], what: str) -> None:
    if len(set(values)) != len(values):
        raise ValueError(f"each {what} is named once; found one twice")
