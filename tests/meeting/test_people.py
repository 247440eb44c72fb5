"""Attendance, roles, and whether units send the same people again."""

from datetime import date, timedelta

import pytest

from sarcoma_review.meeting import (
    SERVER,
    HandOver,
    Invite,
    Join,
    Leave,
    Meeting,
    Member,
    Revoke,
    StartRoom,
    act,
    attended,
    continuity,
    is_pseudonym,
    minutes_present,
    size,
)
from tests.meeting.acts import AT, HERE, OPEN, at, do


def held(day: int, *ids: str, observers: tuple[str, ...] = ()) -> Meeting:
    """A meeting on a day to which members come, named as unit-person."""
    people = [Member(id=id_, role="member", unit=id_.split("-")[0]) for id_ in ids]
    people += [Member(id=id_, role="observer", unit=id_.split("-")[0]) for id_ in observers]
    chair = Member(id="chair", role="chair", unit="ZZ")
    opening = OPEN.model_copy(update={"on_date": date(2026, 1, day), "members": (chair, *people)})
    return do(Meeting(), [("chair", opening), *((member.id, Join()) for member in people)])


def test_continuity_counts_meetings_with_somebody_who_came_the_time_before() -> None:
    meetings = [
        held(3, "AA-1", "BB-1"),
        held(1, "AA-1", "BB-1"),
        held(2, "AA-1", "AA-2"),
        held(4, "AA-2", "BB-2"),
    ]  # AA: 1, 1+2, 1, 2; BB: 1, -, 1, 2
    of_unit = {each.unit: each for each in continuity(meetings)}
    assert (of_unit["AA"].again, of_unit["AA"].comparable) == (2, 3)
    assert (of_unit["BB"].attended, of_unit["BB"].again, of_unit["BB"].comparable) == (3, 1, 2)
    assert of_unit["BB"].words == "BB: came to 3 of 4; a representative of the time before at 1 of 2"


def test_an_observer_represents_no_unit_and_a_unit_that_never_came_is_shown_too() -> None:
    of_unit = {each.unit: each for each in continuity([held(1, observers=("AA-1",)), held(2, "AA-1")])}
    assert (of_unit["AA"].attended, of_unit["AA"].comparable) == (1, 0)
    assert of_unit["ZZ"].words == "ZZ: came to 0 of 2; nothing to compare yet"


def test_the_size_of_a_meeting_counts_who_joined() -> None:
    found = size(do(at("joined"), [("late", Join(place="in_person"))]))
    assert found is not None
    assert (found.units, found.members, found.mode, found.note) == (("AA", "BB", "CC", "DD"), 6, "virtual", None)
    assert found.by_role == {"chair": 1, "presenter": 1, "member": 3, "observer": 1}
    assert found.by_place == {"in_person": 1, "remote": 5}
    assert size(Meeting()) is None


@pytest.mark.parametrize(("units", "people", "noted"), [(6, 29, False), (7, 7, True), (6, 30, True)])
def test_a_meeting_beyond_six_units_or_of_thirty_is_noted(units: int, people: int, noted: bool) -> None:
    found = size(held(1, *(f"U{n % units}-{n}" for n in range(people))))
    assert found is not None
    assert (found.note is not None) == noted


def test_attendance_is_every_stay_and_a_restart_ends_them_all() -> None:
    later = AT + timedelta(minutes=40)
    meeting = act(at("joined"), StartRoom(), by=SERVER, at=later)
    assert meeting.present == set()
    assert attended(meeting) == set(HERE)
    assert minutes_present(act(meeting, Join(), by="m1", at=later)) == dict.fromkeys(sorted(HERE), 40.0)


def test_the_presentation_is_handed_over_and_taken_back() -> None:
    handed = do(at("joined"), [("chair", HandOver(to="m1"))])
    assert (handed.presenter, handed.members["pres"].role) == ("m1", "member")
    back = do(handed, [("chair", HandOver(to="chair"))])
    assert (back.presenter, back.chair, back.members["m1"].role) == ("chair", "chair", "member")


def test_the_chair_is_handed_over_by_its_holder_or_by_the_room_once_it_left() -> None:
    handed = do(at("joined"), [("chair", HandOver(role="chair", to="pres"))])
    assert (handed.chair, handed.presenter, handed.members["chair"].role) == ("pres", "pres", "member")
    lost = do(at("joined"), [(SERVER, Leave(member="chair")), (SERVER, HandOver(role="chair", to="m1"))])
    assert (lost.chair, lost.presenter) == ("m1", "pres")


def test_a_presenter_who_is_revoked_leaves_the_picture_to_the_chair() -> None:
    meeting = do(at("joined"), [(SERVER, Revoke(member="pres"))])
    assert (meeting.presenter, "pres" in meeting.present) == ("chair", False)
    guest = Member(id="guest", role="presenter", unit="FF")
    assert do(meeting, [("chair", Invite(member=guest))]).presenter == "guest"


def test_a_pseudonym_is_no_name_and_no_record_number() -> None:
    assert all(is_pseudonym(text) for text in ("m1", "SR-A234567BCD", "case_12345", "a" * 64))
    assert not any(is_pseudonym(text) for text in ("", "A B", "x123456", "-a", "a" * 65, "ann@x", "ä", "a\n"))
