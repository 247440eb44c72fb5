"""Who came: sizes of meetings, and whether units send the same people again.

Learning rests on trust built over years of meeting the same colleagues; what is counted here is shown to the group as
a whole. It ranks nobody.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from sarcoma_review.meeting.actions import Mode, Place
from sarcoma_review.meeting.members import Role
from sarcoma_review.meeting.state import Meeting

USUAL_UNITS, LARGE_MEETING = 6, 30


@dataclass(frozen=True)
class Size:
    """How many came to one meeting.

    Parameters
    ----------
    on_date : date
    mode : {"in_person", "virtual", "hybrid"}
    units : tuple of str
    members : int
        Everybody who joined, observers too.
    by_role : dict of str to int
        By the role at the end of the meeting.
    by_place : dict of str to int
        In the room or from afar; who did both counts as in the room.
    """

    on_date: date
    mode: Mode
    units: tuple[str, ...]
    members: int
    by_role: dict[Role, int]
    by_place: dict[Place, int]

    @property
    def note(self) -> str | None:
        """A plain word where the meeting is larger than those that the network's source describes."""
        if len(self.units) <= USUAL_UNITS and self.members < LARGE_MEETING:
            return None
        return (
            f"{len(self.units)} units and {self.members} members: the source on bone-sarcoma networks describes "
            f"networks of up to {USUAL_UNITS} hospitals, and calls a meeting of {LARGE_MEETING} to 40 very different"
        )


@dataclass(frozen=True)
class Continuity:
    """Whether a unit was represented by somebody who had come for it the time before.

    Parameters
    ----------
    unit : str
    attended, meetings : int
        Meetings the unit came to, of all.
    again : int
        Of the `attended` but the first: with somebody who came for the unit the last time it came.
    """

    unit: str
    attended: int
    meetings: int
    again: int

    @property
    def comparable(self) -> int:
        """Meetings that have an earlier one to be compared with."""
        return max(self.attended - 1, 0)

    @property
    def words(self) -> str:
        """The counts as a sentence; no percentage of so few."""
        if not self.comparable:
            return f"{self.unit}: came to {self.attended} of {self.meetings}; nothing to compare yet"
        return (
            f"{self.unit}: came to {self.attended} of {self.meetings}; "
            f"a representative of the time before at {self.again} of {self.comparable}"
        )


def attended(meeting: Meeting) -> frozenset[str]:
    """Everybody who joined, however briefly."""
    return frozenset(stay.member for stay in meeting.stays)


def minutes_present(meeting: Meeting) -> dict[str, float]:
    """Minutes that each member was there, from join to leave; a stay that has not ended is not counted."""
    minutes = dict.fromkeys(sorted(attended(meeting)), 0.0)
    for stay in meeting.stays:
        if stay.left_at is not None:
            minutes[stay.member] += (stay.left_at - stay.joined_at).total_seconds() / 60
    return minutes


def size(meeting: Meeting) -> Size | None:
    """How many came, from where; None for a meeting that was not opened."""
    if meeting.on_date is None or meeting.mode is None:
        return None
    who = attended(meeting)
    in_room = {stay.member for stay in meeting.stays if stay.place == "in_person"}
    places: dict[Place, int] = {"in_person": len(in_room), "remote": len(who - in_room)}
    return Size(
        meeting.on_date,
        meeting.mode,
        tuple(sorted({meeting.members[id_].unit for id_ in who})),
        len(who),
        dict(Counter(meeting.members[id_].role for id_ in sorted(who))),
        places,
    )


def continuity(meetings: Sequence[Meeting]) -> list[Continuity]:
    """Continuity of each unit's representatives over successive meetings; observers represent nobody.

    Parameters
    ----------
    meetings : sequence of Meeting
        In any order: their dates tell it.

    Returns
    -------
    list of Continuity
        By code of unit, of every unit that was ever invited.

    Examples
    --------
    >>> continuity([])
    []
    """
    held = sorted((meeting for meeting in meetings if meeting.on_date), key=lambda meeting: str(meeting.on_date))
    units = sorted({member.unit for meeting in held for member in meeting.members.values()})
    return [_of_unit(unit, held) for unit in units]


def _of_unit(unit: str, held: Sequence[Meeting]) -> Continuity:
    sent = [people for meeting in held if (people := _representatives(meeting, unit))]
    again = sum(bool(now & before) for before, now in pairwise(sent))
    return Continuity(unit, len(sent), len(held), again)


def _representatives(meeting: Meeting, unit: str) -> set[str]:
    people = (meeting.members[id_] for id_ in attended(meeting))
    return {member.id for member in people if member.unit == unit and member.role != "observer"}
