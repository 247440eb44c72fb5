"""A meeting while it is prepared: cases of the registry, what is asked of each, and who may take part."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Literal, Self, TypeVar

from pydantic import BaseModel, ValidationError

from sarcoma_review.errors import PresentationError
from sarcoma_review.meeting import AgendaItem, Member, OpenMeeting
from sarcoma_review.meeting.actions import Mode
from sarcoma_review.registry import CaseRecord, Diagnosis, PathwaySeen, Staging

_EXPECTED = {
    "title": "a title of up to 400 letters",
    "mode": "in_person, virtual or hybrid as the mode",
    "purpose": "peer_learning or audit as the purpose",
    "question": "a question of up to 400 letters",
    "minutes": "1 to 240 minutes for a case",
    "missing": "lines of up to 400 letters each for what is missing",
    "case_id": "a case of the registry",
    "id": "a pseudonym of letters, digits, - and _, with no number of six digits or more",
    "role": "chair, presenter, member or observer as the role",
    "unit": "a unit's code of two to eight capitals and digits",
    "profession": "a profession of the list, or none",
}
Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True)
class Draft:
    """What is known of the meeting so far.

    Parameters
    ----------
    title : str
    on_date : date
    mode : {"in_person", "virtual", "hybrid"}
    purpose : {"peer_learning", "audit"}
    agenda : tuple of AgendaItem
        In the order of discussion.
    members : tuple of Member
        By pseudonym, role and unit: there is no field for a name.
    """

    title: str
    on_date: date
    mode: Mode = "virtual"
    purpose: Literal["peer_learning", "audit"] = "peer_learning"
    agenda: tuple[AgendaItem, ...] = ()
    members: tuple[Member, ...] = ()

    @property
    def minutes(self) -> int:
        """Minutes of the whole agenda."""
        return sum(item.minutes for item in self.agenda)

    def opening(self) -> OpenMeeting:
        """The first action of the meeting.

        Raises
        ------
        PresentationError
            If there is no case, not exactly one chair, more than one presenter, or the title cannot be taken.
        """
        if not self.agenda:
            raise PresentationError("the agenda has no case yet")
        values = {name: getattr(self, name) for name in OpenMeeting.model_fields if name != "kind"}
        if not self.members:
            raise PresentationError("a meeting has one chair; found no member yet")
        return checked(OpenMeeting, values)

    def with_item(self, item: AgendaItem) -> Self:
        """With a case added at the end, or changed where it stands already."""
        return replace(self, agenda=_put(self.agenda, item, [each.case_id for each in self.agenda], item.case_id))

    def without_item(self, case_id: str) -> Self:
        """Without one of the cases."""
        return replace(self, agenda=tuple(item for item in self.agenda if item.case_id != case_id))

    def earlier(self, case_id: str) -> Self:
        """With a case one place earlier, if it is on the agenda."""
        order = list(self.agenda)
        for place, item in enumerate(self.agenda):
            if item.case_id == case_id and place:
                order[place - 1 : place + 1] = item, order[place - 1]
        return replace(self, agenda=tuple(order))

    def with_member(self, member: Member) -> Self:
        """With a member added, or changed where there is one of the same pseudonym."""
        return replace(self, members=_put(self.members, member, [each.id for each in self.members], member.id))

    def without_member(self, member_id: str) -> Self:
        """Without one of the members."""
        return replace(self, members=tuple(member for member in self.members if member.id != member_id))


def checked(model: type[Model], values: dict[str, Any]) -> Model:
    """A part of a meeting made of what was typed.

    Raises
    ------
    PresentationError
        If it cannot be such; the message says what is expected, and holds nothing of what was typed.
    """
    try:
        return model.model_validate(values)
    except ValidationError as problem:
        faults = dict.fromkeys(_fault(each["loc"], each["msg"]) for each in problem.errors())
        raise PresentationError("; ".join(faults)) from None


def not_recorded(record: CaseRecord) -> tuple[str, ...]:
    """What the registry does not hold of a case, to be asked for before the meeting.

    Parameters
    ----------
    record : CaseRecord

    Returns
    -------
    tuple of str
        Lines for the agenda; what a meeting misses besides, its members say.
    """
    known = {
        "diagnosis": record.opened.diagnosis or record.of(Diagnosis),
        "stage": record.of(Staging),
        "imaging": record.imaging,
    }
    lines = [f"{name} not recorded" for name, found in known.items() if not found]
    looked = {seen.pathway: seen for seen in record.of(PathwaySeen)}
    return (*lines, *(line for _, seen in sorted(looked.items()) if (line := _asked(seen))))


def _asked(seen: PathwaySeen) -> str:
    rules = [rule for rule, status in seen.statuses if status == "not_recorded"]
    noun = "rule" if len(rules) == 1 else "rules"
    return f"{seen.pathway} asks for facts not recorded ({len(rules)} {noun})" if rules else ""


def _fault(place: Sequence[int | str], message: str) -> str:
    known = next((_EXPECTED[part] for part in place if isinstance(part, str) and part in _EXPECTED), None)
    return f"expected {known}" if known else message.removeprefix("Value error, ")


def _put(held: tuple[Model, ...], new: Model, names: list[str], name: str) -> tuple[Model, ...]:
    if name not in names:
        return (*held, new)
    return tuple(new if each == name else old for each, old in zip(names, held, strict=True))
