"""Every illegal move is refused by its name, and leaves the meeting as it was."""

from typing import Literal

import pytest
from pydantic import ValidationError

from sarcoma_review.errors import MeetingError, SarcomaReviewError
from sarcoma_review.meeting import (
    ACTION,
    CODES,
    FORBIDDEN,
    SERVER,
    Action,
    AddAction,
    AddCase,
    AddLearningPoint,
    AddToRoll,
    AgendaItem,
    CloseBallot,
    CorrectDecision,
    Decide,
    DecisionText,
    HandOver,
    Invite,
    Join,
    Leave,
    MarkView,
    Member,
    NoteMissing,
    OpenBallot,
    OpenCase,
    OpenSecondRound,
    PublishImages,
    Reveal,
    Revoke,
    ShowPart,
    SignMinutes,
    StartRoom,
    act,
)
from tests.meeting.acts import AGENDA, ASK, AT, OPEN, RESECT, STEPS, Steps, at, do, vote

NEW = Member(id="new", role="member", unit="EE")
CASE = AgendaItem(case_id="case-3", question="?")
VIEW = MarkView(series_uid="1.2.3", slice=4)
FREE = DecisionText(modality="surgery", decision="wait", agreement="deferred")
OTHER = OpenBallot(ballot_id="b9", question="?", options=("a", "b"))
IMAGES = PublishImages(case_id="case-1", manifest="0" * 64, looked=True)
SECOND = OpenSecondRound(ballot_id="b2", first="b1")
THIRD = OpenSecondRound(ballot_id="b3", first="b2")
LATE: Steps = [("late", Join())]
NEXT: Steps = [("chair", OpenCase(case_id="case-2"))]
REVOKED: Steps = [("chair", Revoke(member="m1"))]
SHOWN: Steps = [("pres", ShowPart(part="outcome"))]
EMPTY: Steps = [("chair", CloseBallot(ballot_id="b1"))]
MAYBE = vote("maybe")
Case = tuple[str, Steps, str, Action, str]

ILLEGAL: list[Case] = [
    # before the meeting is opened, and opening twice
    ("nothing", [], "m1", Join(), "not_open"),
    ("nothing", [], SERVER, StartRoom(), "not_open"),
    ("nothing", [], "m1", OPEN, "not_allowed"),
    ("nothing", [], SERVER, OPEN, "not_allowed"),
    ("joined", [], "chair", OPEN, "open_already"),
    # people
    ("open", [], "nobody", Join(), "not_a_member"),
    ("joined", [], "nobody", vote("yes"), "not_a_member"),
    ("joined", [], "m1", Join(), "present_already"),
    ("joined", [], "m1", Invite(member=NEW), "not_allowed"),
    ("joined", [], "pres", Invite(member=NEW), "not_allowed"),
    ("joined", [], "chair", Invite(member=Member(id="m1", role="observer", unit="AA")), "known_member"),
    ("joined", REVOKED, "chair", Invite(member=Member(id="m1", role="member", unit="CC")), "known_member"),
    ("joined", [], "chair", Invite(member=Member(id="two", role="chair", unit="AA")), "chair_stays"),
    ("joined", [], SERVER, Invite(member=Member(id="two", role="presenter", unit="AA")), "role_held"),
    ("joined", [], "m1", Leave(member="m2"), "not_allowed"),
    ("joined", [], "chair", Leave(member="m2"), "not_allowed"),
    ("joined", [], SERVER, Leave(member="late"), "absent"),
    ("open", [], "m1", Leave(member="m1"), "not_present"),
    ("joined", [], "m1", Revoke(member="m2"), "not_allowed"),
    ("joined", [], "chair", Revoke(member="chair"), "chair_stays"),
    ("joined", [], SERVER, Revoke(member="chair"), "chair_stays"),
    ("joined", [], "chair", Revoke(member="nobody"), "not_a_member"),
    ("joined", REVOKED, "chair", Revoke(member="m1"), "revoked"),
    ("joined", REVOKED, "m1", Join(), "revoked"),
    ("voted", REVOKED, "m1", vote("no"), "revoked"),
    ("joined", [], "m1", StartRoom(), "not_allowed"),
    ("joined", [], "chair", StartRoom(), "not_allowed"),
    # roles
    ("joined", [], "m1", HandOver(to="m1"), "not_allowed"),
    ("joined", [], "pres", HandOver(to="m1"), "not_allowed"),
    ("joined", [], "m1", HandOver(role="chair", to="m1"), "not_allowed"),
    ("joined", [], "chair", HandOver(to="obs"), "observer"),
    ("joined", [], "chair", HandOver(role="chair", to="obs"), "observer"),
    ("joined", [], "chair", HandOver(to="late"), "absent"),
    ("joined", [], "chair", HandOver(to="nobody"), "not_a_member"),
    ("joined", REVOKED, "chair", HandOver(to="m1"), "revoked"),
    ("joined", [], "chair", HandOver(to="pres"), "role_held"),
    ("joined", [], "chair", HandOver(role="chair", to="chair"), "role_held"),
    ("joined", [], SERVER, HandOver(role="chair", to="m1"), "not_allowed"),
    ("joined", [], SERVER, HandOver(to="m1"), "not_allowed"),
    # the agenda and what is shown
    ("joined", [], "m1", AddCase(item=CASE), "not_allowed"),
    ("joined", [], "pres", OpenCase(case_id="case-1"), "not_allowed"),
    ("joined", [], "chair", AddCase(item=AGENDA[0]), "known_case"),
    ("joined", [], "chair", OpenCase(case_id="case-9"), "no_such_case"),
    ("case", [], "chair", OpenCase(case_id="case-1"), "case_open"),
    ("ballot", [], "chair", OpenCase(case_id="case-2"), "ballot_open"),
    ("open", [], "chair", OpenCase(case_id="case-1"), "not_present"),
    ("joined", [], "pres", ShowPart(part="imaging"), "no_case"),
    ("case", [], "m1", ShowPart(part="imaging"), "not_allowed"),
    ("case", [("pres", ShowPart(part="imaging"))], "pres", ShowPart(part="imaging"), "known_part"),
    ("case", [], "pres", ShowPart(part="decision"), "sealed"),
    ("case", [], "chair", ShowPart(part="done"), "sealed"),
    ("case", [], "pres", ShowPart(part="outcome"), "sealed"),
    ("voted", [], "pres", ShowPart(part="outcome"), "sealed"),
    ("ballot", EMPTY, "pres", ShowPart(part="outcome"), "sealed"),
    ("second", [], "pres", ShowPart(part="outcome"), "sealed"),
    ("revealed", NEXT, "pres", ShowPart(part="outcome"), "sealed"),
    ("case", [], "m1", VIEW, "not_allowed"),
    ("joined", [], "pres", VIEW, "no_case"),
    ("case", [("chair", HandOver(to="m1"))], "pres", VIEW, "not_allowed"),
    ("case", [], "m2", IMAGES, "not_allowed"),
    ("case", [], "pres", IMAGES.model_copy(update={"case_id": "case-9"}), "no_such_case"),
    # ballots
    ("joined", [], "chair", ASK, "no_case"),
    ("case", [], "m1", ASK, "not_allowed"),
    ("case", [], "pres", ASK, "not_allowed"),
    ("ballot", [], "chair", OTHER, "ballot_open"),
    ("closed", [], "chair", ASK, "known_ballot"),
    ("closed", SHOWN, "chair", OTHER, "unsealed"),
    ("revealed", SHOWN, "chair", SECOND, "unsealed"),
    ("case", [(SERVER, Leave(member=who)) for who in ("pres", "m1", "m2")], "obs", vote("yes"), "observer"),
    ("ballot", [], "obs", vote("yes"), "observer"),
    ("ballot", LATE, "late", vote("yes"), "not_on_roll"),
    ("ballot", [], "late", vote("yes"), "not_present"),
    ("ballot", [(SERVER, Leave(member="m1"))], "m1", vote("yes"), "not_present"),
    ("ballot", [(SERVER, StartRoom())], "m1", vote("yes"), "not_present"),
    ("ballot", [], SERVER, vote("yes"), "not_allowed"),
    ("ballot", [], "m1", MAYBE, "no_such_option"),
    ("ballot", [], "m1", vote("yes", "b9"), "no_such_ballot"),
    ("closed", [], "m1", vote("yes"), "ballot_closed"),
    ("revealed", [], "chair", vote("yes"), "ballot_closed"),
    ("second", [], "m1", vote("yes", "b1"), "ballot_closed"),
    ("ballot", LATE, "m1", AddToRoll(ballot_id="b1", member="late"), "not_allowed"),
    ("ballot", [], "chair", AddToRoll(ballot_id="b1", member="late"), "absent"),
    ("ballot", [], "chair", AddToRoll(ballot_id="b1", member="m1"), "known_voter"),
    ("ballot", [], "chair", AddToRoll(ballot_id="b1", member="obs"), "observer"),
    ("ballot", [], "chair", AddToRoll(ballot_id="b1", member="nobody"), "not_a_member"),
    ("closed", LATE, "chair", AddToRoll(ballot_id="b1", member="late"), "ballot_closed"),
    ("ballot", [], "m1", CloseBallot(ballot_id="b1"), "not_allowed"),
    ("case", [], "chair", CloseBallot(ballot_id="b1"), "no_such_ballot"),
    ("closed", [], "chair", CloseBallot(ballot_id="b1"), "ballot_closed"),
    ("voted", [], "chair", Reveal(ballot_id="b1"), "ballot_not_closed"),
    ("closed", [], "m1", Reveal(ballot_id="b1"), "not_allowed"),
    ("closed", [], "pres", Reveal(ballot_id="b1"), "not_allowed"),
    ("revealed", [], "chair", Reveal(ballot_id="b1"), "revealed"),
    ("case", [], "chair", Reveal(ballot_id="b1"), "no_such_ballot"),
    ("closed", [], "chair", SECOND, "not_revealed"),
    ("voted", [], "chair", SECOND, "not_revealed"),
    ("revealed", [], "m1", SECOND, "not_allowed"),
    ("revealed", NEXT, "chair", SECOND, "other_case"),
    ("again", [], "chair", THIRD, "second_round"),
    ("again", [], "chair", OpenSecondRound(ballot_id="b3", first="b1"), "second_round"),
    ("revealed", [], "chair", OpenSecondRound(ballot_id="b1", first="b1"), "known_ballot"),
    # decisions and minutes
    ("joined", [], "chair", Decide(decision=FREE), "no_case"),
    ("case", [], "m1", Decide(decision=FREE), "not_allowed"),
    ("ballot", [], "chair", Decide(decision=FREE), "ballot_open"),
    ("closed", [], "chair", Decide(decision=RESECT), "not_revealed"),
    ("case", [], "chair", Decide(decision=RESECT), "no_such_ballot"),
    ("revealed", NEXT, "chair", Decide(decision=RESECT), "other_case"),
    ("case", [], "chair", CorrectDecision(number=1, reason="?", decision=FREE), "no_such_decision"),
    ("decided", [], "m1", CorrectDecision(number=1, reason="?", decision=FREE), "not_allowed"),
    ("joined", [], "chair", AddAction(system="s", action="a", owner_role="r"), "no_case"),
    ("decided", NEXT, "chair", AddAction(system="s", action="a", owner_role="r", number=1), "other_case"),
    ("decided", [], "chair", AddAction(system="s", action="a", owner_role="r", number=2), "no_such_decision"),
    ("decided", [], "m1", AddAction(system="s", action="a", owner_role="r"), "not_allowed"),
    ("joined", [], "chair", AddLearningPoint(text="t"), "no_case"),
    ("case", [], "obs", AddLearningPoint(text="t"), "not_allowed"),
    ("joined", [], "chair", NoteMissing(text="t"), "no_case"),
    ("case", [], "m1", SignMinutes(), "not_allowed"),
    ("ballot", [], "chair", SignMinutes(), "ballot_open"),
    ("signed", [], "chair", SignMinutes(), "signed"),
    ("signed", [], "chair", Decide(decision=FREE), "signed"),
    ("signed", [], "chair", OTHER, "signed"),
    ("signed", [], "chair", AddAction(system="s", action="a", owner_role="r"), "signed"),
    ("signed", [], "chair", Invite(member=NEW), "signed"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("stage", "then", "by", "action", "code"), ILLEGAL, ids=[f"{n}-{row[4]}" for n, row in enumerate(ILLEGAL)]
)
def test_an_illegal_move_is_refused_by_name(stage: str, then: Steps, by: str, action: Action, code: str) -> None:
    meeting = do(at(stage), then)
    with pytest.raises(MeetingError, match=r".") as refusal:
        act(meeting, action, by=by, at=AT)
    assert refusal.value.code == code
    assert meeting == do(at(stage), then)


def test_the_table_of_illegal_moves_knows_every_code_and_more_than_sixty_kinds() -> None:
    assert len({(stage, by, action.kind, code) for stage, _, by, action, code in ILLEGAL}) >= 60
    assert {row[4] for row in ILLEGAL} == set(CODES)
    assert set(CODES) > FORBIDDEN


def test_a_refusal_is_one_of_this_packages_errors_and_quotes_nobody() -> None:
    for stage, then, by, action, _ in ILLEGAL:
        with pytest.raises(MeetingError, match=r".") as refusal:
            act(do(at(stage), then), action, by=by, at=AT)
        assert isinstance(refusal.value, SarcomaReviewError | RuntimeError)
        assert not {"m1", "m2", "case-1", "case-2", "b1", "maybe"} & set(str(refusal.value).split())


@pytest.mark.parametrize(
    ("body", "what"),
    [
        ({"kind": "run_code", "code": "1"}, "union_tag_invalid"),
        ({"code": "1"}, "union_tag_not_found"),
        ({"kind": "join", "name": "A. Surgeon"}, "extra_forbidden"),
        ({"kind": "vote", "ballot_id": "b1"}, "missing"),
        ({"kind": "vote", "ballot_id": "b1", "choice": "a" * 401}, "string_too_long"),
        ({"kind": "vote", "ballot_id": "b1", "choice": "a", "reason": "a" * 1001}, "string_too_long"),
        ({"kind": "vote", "ballot_id": "b1", "choice": "a", "confidence": "certain"}, "literal_error"),
        ({"kind": "vote", "ballot_id": "../b1", "choice": "a"}, "value_error"),
        ({"kind": "vote", "ballot_id": "1234567", "choice": "a"}, "value_error"),
        ({"kind": "leave", "member": SERVER}, "value_error"),
        ({"kind": "leave", "member": "\ud800"}, "value_error"),
        ({"kind": "note_missing", "text": "\ud800"}, "string_unicode"),
        ({"kind": "note_missing", "text": "a\x00b"}, "string_pattern_mismatch"),
        ({"kind": "note_missing", "text": "on no account \u202esey"}, "string_pattern_mismatch"),
        ({"kind": "note_missing", "text": "   "}, "string_too_short"),
        ({"kind": "open_ballot", "ballot_id": "b", "question": "?", "options": ["a"]}, "too_short"),
        ({"kind": "open_ballot", "ballot_id": "b", "question": "?", "options": ["a", " A"]}, "value_error"),
        ({"kind": "show_part", "part": "name"}, "literal_error"),
        ({"kind": "publish_images", "case_id": "c", "manifest": "0" * 64, "looked": False}, "literal_error"),
        (
            {"kind": "publish_images", "case_id": "c", "manifest": "../../x", "looked": True},
            "string_pattern_mismatch",
        ),
        ({"kind": "mark_view", "series_uid": "1.2", "slice": -1}, "greater_than_equal"),
        ({"kind": "mark_view", "series_uid": "1.2", "slice": 1, "window": [1, float("inf")]}, "finite_number"),
        ({"kind": "invite", "member": {"id": "m", "role": "admin", "unit": "AA"}}, "literal_error"),
        (
            {"kind": "invite", "member": {"id": "m", "role": "member", "unit": "A Hospital"}},
            "string_pattern_mismatch",
        ),
        ({"kind": "invite", "member": {"id": "Ann Other", "role": "member", "unit": "AA"}}, "value_error"),
        ([], "model_attributes_type"),
    ],
)
def test_what_is_no_action_is_refused_at_the_door(body: object, what: str) -> None:
    with pytest.raises(ValidationError, match=r".") as refusal:
        ACTION.validate_python(body)
    assert refusal.value.errors()[0]["type"] == what


@pytest.mark.parametrize(
    ("roles", "message"),
    [
        (("member",), "one chair; found 0"),
        (("chair", "chair"), "one chair; found 2"),
        (("chair", "presenter", "presenter"), "one presenter at a time; found 2"),
    ],
)
def test_a_meeting_opens_with_one_chair_and_one_presenter(
    roles: tuple[Literal["chair", "presenter", "member"], ...], message: str
) -> None:
    members = [Member(id=f"m{n}", role=role, unit="AA") for n, role in enumerate(roles)]
    with pytest.raises(ValidationError, match=message):
        OPEN.model_validate({**OPEN.model_dump(), "members": members})


def test_nobody_and_no_case_is_listed_twice() -> None:
    for field, twice in (("members", OPEN.members[:1] * 2), ("agenda", AGENDA[:1] * 2)):
        with pytest.raises(ValidationError, match="is named once; found one twice"):
            OPEN.model_validate({**OPEN.model_dump(), field: twice})


def test_every_stage_of_the_small_meeting_is_legal() -> None:
    assert [at(stage).entries for stage in STEPS][-1] == sum(len(steps) for steps in STEPS.values())
