"""What a ballot lets be seen, by whom and when."""

import json
from dataclasses import replace
from itertools import permutations

import pytest

from sarcoma_review.errors import MeetingError
from sarcoma_review.meeting import (
    SERVER,
    Action,
    AddToRoll,
    CloseBallot,
    Join,
    Leave,
    Meeting,
    Member,
    OpenCase,
    Reveal,
    Revoke,
    ShowPart,
    Vote,
    act,
    change_of_opinion,
    is_receipt,
    receipt,
    result_of,
    visible,
)
from tests.meeting.acts import ASK, AT, OPEN, Steps, at, do, vote

KEY = b"k" * 32
CLOSE: tuple[str, Action] = ("chair", CloseBallot(ballot_id="b1"))
REVEAL: tuple[str, Action] = ("chair", Reveal(ballot_id="b1"))
VOTERS = ("m1", "m2", "pres")


def split(*choices: str) -> Meeting:
    votes: list[tuple[str, Action]] = [(who, vote(choice)) for who, choice in zip(VOTERS, choices, strict=False)]
    return do(at("ballot"), [*votes, CLOSE, REVEAL])


def ballot_seen(meeting: Meeting, by: str) -> dict[str, object]:
    (seen,) = visible(meeting, by)["ballots"]
    return dict(seen)


@pytest.mark.parametrize("member", ["chair", "obs", "late"])
@pytest.mark.parametrize("then", [[], [CLOSE]])
def test_before_the_reveal_nothing_depends_on_what_others_voted(member: str, then: Steps) -> None:
    def after(*choices: str) -> str:
        steps: list[tuple[str, Action]] = [(who, vote(choice)) for who, choice in zip(VOTERS, choices, strict=True)]
        return json.dumps(visible(do(do(at("ballot"), steps), then), member))

    assert after("yes", "yes", "yes") == after("no", "yes", "no") == after("no", "no", "no")


@pytest.mark.parametrize("member", ["chair", "m1", "obs"])
def test_the_order_of_voting_is_seen_by_nobody_at_any_time(member: str) -> None:
    told = (
        ("m1", Vote(ballot_id="b1", choice="yes", reason="clear of the artery")),
        ("m2", Vote(ballot_id="b1", choice="yes", reason="bone is good")),
        ("pres", vote("no")),
    )
    for then in ([], [CLOSE, REVEAL]):
        seen = {json.dumps(visible(do(do(at("ballot"), order), then), member)) for order in permutations(told)}
        assert len(seen) == 1


def test_before_the_reveal_all_see_how_many_voted_and_each_their_own() -> None:
    meeting = do(at("ballot"), [("m1", Vote(ballot_id="b1", choice="yes", confidence="low", reason="thin"))])
    assert ballot_seen(meeting, "m1")["own"] == {"choice": "yes", "confidence": "low", "reason": "thin"}
    for other in ("chair", "m2", "obs"):
        seen = ballot_seen(meeting, other)
        assert (seen["voted"], seen["on_roll"], seen["own"], seen["result"]) == (1, 4, None, None)


def test_the_roll_is_who_may_vote_and_was_there_and_the_chair_may_add_to_it() -> None:
    assert at("ballot").ballots["b1"].roll == {"chair", "pres", "m1", "m2"}
    late = do(at("ballot"), [("late", Join()), ("chair", AddToRoll(ballot_id="b1", member="late"))])
    assert do(late, [("late", vote("no"))]).ballots["b1"].votes["late"].choice == "no"


def test_a_vote_may_be_changed_until_the_ballot_closes_and_the_last_one_counts() -> None:
    meeting = do(at("voted"), [("m1", vote("no")), CLOSE, REVEAL])
    result = result_of(meeting, "b1")
    assert result is not None
    assert (result.counts, result.votes) == ({"yes": 1, "no": 2}, 3)


def test_a_split_of_two_votes_is_withheld_and_one_of_three_is_shown() -> None:
    assert result_of(split("yes", "no"), "b1") is None
    assert "withheld" in str(ballot_seen(split("yes", "no"), "chair")["result"])
    three = result_of(split("yes", "no", "no"), "b1")
    assert three is not None
    assert three.counts == {"yes": 1, "no": 2}
    assert result_of(at("closed"), "b1") is None


def test_a_result_holds_reasons_and_confidence_but_nobody() -> None:
    told = [
        ("pres", Vote(ballot_id="b1", choice="no", reason="too close", confidence="high")),
        ("m1", Vote(ballot_id="b1", choice="no", reason="artery", confidence="low")),
        ("m2", vote("yes")),
    ]
    result = ballot_seen(do(at("ballot"), [*told, CLOSE, REVEAL]), "chair")["result"]
    assert isinstance(result, dict)
    assert result["reasons"] == [["no", "artery"], ["no", "too close"]]
    assert result["confidence"]["no"] == {"low": 1, "moderate": 0, "high": 1, "not recorded": 0}
    assert not {"m1", "m2", "pres"} & set(json.dumps(result).split('"'))


@pytest.mark.parametrize(
    ("professions", "expected"),
    [
        ({"surgeon": 4, "oncologist": 3}, {"oncologist": 3, "surgeon": 4}),
        ({"surgeon": 4, "oncologist": 1}, {"others together": 5}),
        ({"surgeon": 5, "oncologist": 4, "pathologist": 2}, {"surgeon": 5, "others together": 6}),
        ({"surgeon": 1, "oncologist": 1, "pathologist": 1}, {"others together": 3}),
        ({"surgeon": 3, "oncologist": 2, "pathologist": 1}, {"surgeon": 3, "others together": 3}),
    ],
)
def test_no_profession_of_fewer_than_three_votes_can_be_told(
    professions: dict[str, int], expected: dict[str, int]
) -> None:
    people = [f"{name}-{n}" for name, count in professions.items() for n in range(count)]
    chair = Member(id="chair", role="chair", unit="AA")
    members = [Member(id=id_, role="member", unit="AA", profession=id_.split("-")[0]) for id_ in people]  # type: ignore[arg-type]
    opening = OPEN.model_copy(update={"members": (chair, *members)})
    meeting = do(Meeting(), [("chair", opening), *((id_, Join()) for id_ in ("chair", *people))])
    asked = ASK.model_copy(update={"shown": "by_profession"})
    meeting = do(meeting, [("chair", OpenCase(case_id="case-1")), ("chair", asked)])
    meeting = do(meeting, [*((id_, vote("yes")) for id_ in people), CLOSE, REVEAL])
    result = result_of(meeting, "b1")
    assert result is not None
    assert {name: group["yes"] for name, group in result.groups.items()} == expected


def test_the_change_of_opinion_is_a_table_of_those_who_voted_twice() -> None:
    assert change_of_opinion(at("again"), "b2") == {"yes": {"yes": 2, "no": 0}, "no": {"yes": 1, "no": 0}}
    assert visible(at("again"), "obs")["ballots"][1]["result"]["change"]["no"]["yes"] == 1
    assert change_of_opinion(at("changed"), "b2") is change_of_opinion(at("again"), "b1") is None


def test_a_change_of_opinion_of_fewer_than_three_is_not_shown() -> None:
    meeting = do(at("revealed"), [("late", Join())])
    second = ASK.model_copy(update={"ballot_id": "b2"})
    ballot = meeting.ballots["b1"]
    both = replace(ballot, asked=second, round=2, first="b1", votes={"m1": ballot.votes["m1"], "late": vote("no")})
    assert change_of_opinion(meeting.with_ballot(both), "b2") is None


def test_what_was_decided_and_done_opens_when_opinions_are_locked() -> None:
    assert visible(at("voted"), "chair")["agenda"][0]["sealed"] == ["decision", "done", "outcome"]
    shown = do(at("closed"), [("pres", ShowPart(part="decision")), ("pres", ShowPart(part="outcome"))])
    assert visible(shown, "m1")["agenda"][0]["parts"] == ["decision", "outcome"]
    assert visible(shown, "m1")["agenda"][0]["sealed"] == []


def test_the_revoked_and_the_unknown_see_nothing() -> None:
    meeting = do(at("voted"), [("chair", Revoke(member="m1"))])
    for member in ("m1", "nobody", SERVER):
        with pytest.raises(MeetingError, match="expected an invited member"):
            visible(meeting, member)
    assert "m1" not in json.dumps(visible(meeting, "chair")["members"])
    assert visible(meeting, "chair")["ballots"][0]["voted"] == 3


def test_who_left_is_told_from_who_is_here() -> None:
    meeting = act(at("joined"), Leave(member="m1"), by=SERVER, at=AT)
    present = {member["id"]: member["present"] for member in visible(meeting, "m2")["members"]}
    assert present == {"chair": True, "late": False, "m1": False, "m2": True, "obs": True, "pres": True}


def test_a_receipt_fits_one_vote_of_one_member_at_one_meeting_and_one_key() -> None:
    issued = receipt(KEY, "meeting-1", "m1", vote=vote("yes"))
    assert is_receipt(issued, KEY, "meeting-1", by="m1", vote=vote("yes"))
    others = [("m2", "meeting-1", KEY, "yes"), ("m1", "meeting-2", KEY, "yes"), ("m1", "meeting-1", KEY, "no")]
    for by, meeting_id, key, choice in [*others, ("m1", "meeting-1", b"o" * 32, "yes")]:
        assert not is_receipt(issued, key, meeting_id, by=by, vote=vote(choice))
    assert not is_receipt("ünlesbar", KEY, "meeting-1", by="m1", vote=vote("yes"))


def test_a_short_key_gives_no_receipts() -> None:
    with pytest.raises(ValueError, match="at least 32 bytes; found 31"):
        receipt(KEY[1:], "meeting-1", "m1", vote=vote("yes"))
