"""Who takes part: pseudonyms with a role and a unit, and no field that could hold a name."""

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

SERVER = "server"
"""Who acts when no person does: a connection was lost, the room was started, its operator invites or revokes."""

Role = Literal["chair", "presenter", "member", "observer"]
VOTING: tuple[Role, ...] = ("chair", "presenter", "member")
Profession = Literal[
    "surgeon",
    "oncologist",
    "radiotherapist",
    "radiologist",
    "pathologist",
    "specialist_nurse",
    "physiotherapist",
    "prosthetist",
    "psychologist",
    "trainee",
    "coordinator",
    "other",
]
"""A closed list, so that no name can be typed into it."""

_PSEUDONYM = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")
_DEIDENTIFIED = re.compile(r"SR-[A-Z2-7]{10}")  # as the de-identifier makes them; their digits are chance
_LONG_NUMBER = re.compile(r"\d{6,}")


def is_pseudonym(text: str) -> bool:
    """Whether a text is of letters, digits, ``-`` and ``_``, with no number of six digits or more.

    Examples
    --------
    >>> is_pseudonym("case-12"), is_pseudonym("4857773456"), is_pseudonym("A. Surgeon")
    (True, False, False)
    """
    return bool(_PSEUDONYM.fullmatch(text)) and not _LONG_NUMBER.search(_DEIDENTIFIED.sub("", text))


def _pseudonym(text: str) -> str:
    if not is_pseudonym(text):
        raise ValueError("expected a pseudonym of letters, digits, - and _, with no number of six digits or more")
    return text


def _person(text: str) -> str:
    if text == SERVER:
        raise ValueError(f"{SERVER!r} is nobody's pseudonym: the room itself acts under it")
    return text


Pseudonym = Annotated[str, AfterValidator(_pseudonym)]
MemberId = Annotated[Pseudonym, AfterValidator(_person)]
Unit = Annotated[str, Field(pattern=r"^[A-Z0-9]{2,8}$")]
"""Code of a treating hospital, as the network's configuration lists it."""


class Member(BaseModel):
    """One who may take part.

    Parameters
    ----------
    id : str
        Pseudonym; the same person has the same one at every meeting, so that continuity can be told.
    role : {"chair", "presenter", "member", "observer"}
        An observer never votes.
    unit : str
        Code of the hospital, of two to eight capitals and digits.
    profession : str, optional
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: MemberId
    role: Role
    unit: Unit
    profession: Profession | None = None
