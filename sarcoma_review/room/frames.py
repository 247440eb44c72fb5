"""What clients may send: one frame, of a kind that is known, of a role that may."""

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from sarcoma_review.errors import MeetingError
from sarcoma_review.meeting import ACTION, FORBIDDEN, Action, Meeting, may
from sarcoma_review.room.access import UNAUTHORISED
from sarcoma_review.room.view import ViewChange

LONGEST = 16_384
"""Bytes of a frame, or of the body of a request."""

_STATUS = {
    "malformed": 400, "unknown_kind": 400, "origin": 403, "not_found": 404, "too_slow": 408, "gone": 410,
    "too_large": 413, "not_json": 415, "too_fast": 429, "too_many": 429, "not_kept": 503, "ending": 503,
}  # fmt: skip
Millimetres = Annotated[float, Field(allow_inf_nan=False, ge=-1e5, le=1e5)]


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class Pointer(_Body):
    """Where somebody points, LPS mm; nowhere without a place."""

    at_mm: Annotated[list[Millimetres], Field(min_length=3, max_length=3)] | None
    pane: Literal["axial", "coronal", "sagittal", "oblique"] = "axial"


class Hand(_Body):
    """A hand that is raised, or taken down."""

    up: bool


class Hello(_Body):
    """Is anybody there; and what is the truth."""


Own = ViewChange | Pointer | Hand | Hello
OWN: Mapping[str, type[Own]] = {"view.set": ViewChange, "pointer": Pointer, "hand": Hand, "hello": Hello}
"""What is of the room alone and in no journal."""

_KINDS = {str(kind.model_fields["kind"].default) for kind in get_args(Action)} - {"open_meeting", "start_room"}


class Frame(_Body):
    """One message of a client."""

    id: Annotated[str, Field(max_length=40)] | Annotated[int, Field(ge=-(2**53), le=2**53)] | None = None
    kind: Annotated[str, Field(max_length=40)]
    body: dict[str, Any] = Field(default_factory=dict)


def read(text: str | bytes) -> Frame:
    """Read a frame.

    Raises
    ------
    MeetingError
        ``too_large`` or ``malformed``.
    """
    raw = text.encode(errors="replace") if isinstance(text, str) else text
    if len(raw) > LONGEST:
        raise MeetingError("too_large", f"expected a message of at most {LONGEST} bytes, found {len(raw)}")
    try:
        return Frame.model_validate(json.loads(raw, parse_constant=_no_constant))
    except (ValueError, RecursionError):  # the cause would quote what was sent
        raise MeetingError("malformed", "expected a message with id, kind and body") from None


def content(frame: Frame) -> Own | Action:
    """What a frame asks for.

    Raises
    ------
    MeetingError
        ``unknown_kind`` or ``malformed``.
    """
    own = OWN.get(frame.kind)
    try:
        if own is not None:
            return own.model_validate(frame.body)
        if frame.kind in _KINDS and "kind" not in frame.body:
            # As JSON: there a list is a tuple, and a text a date.
            return ACTION.validate_json(json.dumps({**frame.body, "kind": frame.kind}))
    except (ValidationError, ValueError, RecursionError):
        raise MeetingError("malformed", f"the body is not one of {frame.kind}: expected its fields") from None
    raise MeetingError("unknown_kind", "expected a kind of this protocol, found another")


def allowed(meeting: Meeting, member: str) -> frozenset[str]:
    """Every kind that a member's role allows: the one table of who may do what."""
    kinds = {"hello"}
    if meeting.members[member].role != "observer":
        kinds |= {"pointer", "hand"}
    if member == meeting.presenter:
        kinds.add("view.set")
    return may(meeting, member) | kinds


def require_kind(meeting: Meeting, member: str, kind: str) -> None:
    """Refuse a kind of the room's own that the role does not allow; actions are refused by the meeting itself.

    Raises
    ------
    MeetingError
        ``not_allowed``.
    """
    if kind not in allowed(meeting, member):
        raise MeetingError("not_allowed", f"{kind} is not for the role of whoever acts")


def status_of(code: str) -> int:
    """The status of HTTP for a refusal."""
    if code in UNAUTHORISED:
        return 401
    return 403 if code in FORBIDDEN else _STATUS.get(code, 409)


def _no_constant(_: str) -> float:
    raise ValueError("JSON has no such number")
