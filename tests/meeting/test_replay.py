"""A meeting is what its journal says: replay gives the state that was lived through, whatever was tried."""

import json
from datetime import timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from sarcoma_review.errors import MeetingError
from sarcoma_review.meeting import (
    ACTION,
    CODES,
    LEAST_VOTES,
    SERVER,
    Action,
    Meeting,
    MeetingEntry,
    act,
    replay,
    visible,
)
from tests.meeting.acts import AT, OPEN, STEPS, at, journalled, until

PEOPLE = st.sampled_from(["chair", "pres", "m1", "m2", "late", "obs", "nobody"])
ACTORS = PEOPLE | st.just(SERVER) | st.just("chair")
BALLOTS = st.sampled_from(["b1", "b2", "b3"])
CASES = st.sampled_from(["case-1", "case-2"])
OPTIONS = st.sampled_from(["yes", "no", "maybe"])
DECISION = {"modality": "surgery", "decision": "as planned", "agreement": "majority"}


def body(kind: str, **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({"kind": st.just(kind), **fields})


DECIDED = st.builds(lambda ballot: {**DECISION, "ballot_id": ballot}, st.none() | BALLOTS)
BODIES = st.one_of(
    st.just(OPEN.model_dump(mode="json")),
    body("start_room"),
    body("invite", member=st.builds(lambda id_: {"id": id_, "role": "member", "unit": "AA"}, PEOPLE)),
    body("join"),
    body("leave", member=PEOPLE),
    body("revoke", member=PEOPLE),
    body("hand_over", to=PEOPLE, role=st.sampled_from(["chair", "presenter"])),
    body("add_case", item=st.builds(lambda id_: {"case_id": id_, "question": "?"}, CASES | st.just("case-3"))),
    body("open_case", case_id=CASES),
    body("show_part", part=st.sampled_from(["imaging", "decision", "outcome"])),
    body("publish_images", case_id=CASES, manifest=st.just("0" * 64), looked=st.just(True)),
    body("mark_view", series_uid=st.just("1.2"), slice=st.integers(0, 9)),
    body("open_ballot", ballot_id=BALLOTS, question=st.just("?"), options=st.just(["yes", "no"])),
    body("open_second_round", ballot_id=BALLOTS, first=BALLOTS),
    body("add_to_roll", ballot_id=BALLOTS, member=PEOPLE),
    body("vote", ballot_id=BALLOTS, choice=OPTIONS),
    body("close_ballot", ballot_id=BALLOTS),
    body("reveal", ballot_id=BALLOTS),
    body("decide", decision=DECIDED),
    body("correct_decision", number=st.integers(1, 2), reason=st.just("misheard"), decision=DECIDED),
    body("add_action", system=st.just("s"), action=st.just("a"), owner_role=st.just("r")),
    body("add_learning_point", text=st.just("t")),
    body("note_missing", text=st.just("t")),
)


class AnyMeeting(RuleBasedStateMachine):
    """People of every role try everything, in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.meeting = Meeting()
        self.lines: list[str] = []
        self.refused: set[str] = set()

    def attempt(self, by: str, action: Action) -> None:
        moment = AT + timedelta(seconds=len(self.lines))
        try:
            self.meeting = act(self.meeting, action, by=by, at=moment)
        except MeetingError as refusal:
            self.refused.add(refusal.code)
        else:
            self.lines.append(MeetingEntry(action=action, by=by, at=moment).model_dump_json())

    @rule(by=ACTORS, body=BODIES)
    def anybody_tries_anything(self, by: str, body: dict[str, Any]) -> None:
        self.attempt(by, ACTION.validate_python(body))

    @rule(stage=st.sampled_from(list(STEPS)[:-1]))
    def things_go_as_they_should(self, stage: str) -> None:
        for by, action in STEPS[stage]:
            self.attempt(by, action)

    @invariant()
    def replay_of_what_was_stored_is_the_state(self) -> None:
        assert replay(MeetingEntry.model_validate_json(line) for line in self.lines) == self.meeting
        assert self.meeting.entries == len(self.lines)
        assert self.refused <= set(CODES)

    @invariant()
    def one_chairs_one_ballot_is_open_and_only_the_roll_voted(self) -> None:
        roles = [member.role for member in self.meeting.members.values()]
        assert roles.count("chair") == bool(self.meeting.title)
        assert roles.count("presenter") <= 1
        assert sum(ballot.status == "open" for ballot in self.meeting.ballots.values()) <= 1
        assert all(set(ballot.votes) <= ballot.roll for ballot in self.meeting.ballots.values())
        assert not self.meeting.present & self.meeting.revoked

    @invariant()
    def nobody_sees_a_split_before_its_time(self) -> None:
        for member in set(self.meeting.members) - self.meeting.revoked:
            seen = visible(self.meeting, member)
            assert json.loads(json.dumps(seen)) == seen
            for ballot in seen["ballots"]:
                may_be_shown = ballot["status"] == "revealed" and ballot["voted"] >= LEAST_VOTES
                assert ("counts" in (ballot["result"] or {})) == may_be_shown


TestAnyMeeting = AnyMeeting.TestCase
TestAnyMeeting.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)


def test_each_stage_replays_to_the_state_it_reached() -> None:
    entries = journalled(until("signed"))
    done = 0
    for stage, steps in STEPS.items():
        done += len(steps)
        assert replay(entries[:done]) == at(stage)
