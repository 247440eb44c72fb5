import json

import pytest

from sarcoma_review.errors import MeetingError
from sarcoma_review.meeting import Vote
from sarcoma_review.room.frames import OWN, content, read
from sarcoma_review.room.guard import checked_origins
from sarcoma_review.room.limits import Buckets
from sarcoma_review.room.view import ViewChange


def test_a_frame_of_an_action_becomes_the_action() -> None:
    text = '{"id": 3, "kind": "vote", "body": {"ballot_id": "b1", "choice": "yes"}}'
    assert content(read(text)) == Vote(ballot_id="b1", choice="yes")


def test_a_frame_of_the_view_keeps_what_it_brings_and_nothing_else() -> None:
    change = content(read('{"kind": "view.set", "body": {"preset": "bone"}}'))
    assert isinstance(change, ViewChange)
    assert change.model_dump(exclude_unset=True) == {"preset": "bone"}


@pytest.mark.parametrize("kind", ["open_meeting", "start_room"])
def test_what_only_the_server_does_is_no_kind_of_a_client(kind: str) -> None:
    with pytest.raises(MeetingError, match="a kind of this protocol"):
        content(read(json.dumps({"kind": kind})))


@pytest.mark.parametrize("kind", sorted(OWN))
def test_a_field_that_is_not_known_is_refused_in_every_kind(kind: str) -> None:
    with pytest.raises(MeetingError, match="expected its fields"):
        content(read(json.dumps({"kind": kind, "body": {"by": "chair"}})))


def test_the_largest_frame_is_read_and_one_byte_more_is_not() -> None:
    frame = '{"kind": "hello"}'
    assert read(frame + " " * (16_384 - len(frame))).kind == "hello"
    with pytest.raises(MeetingError, match="at most 16384 bytes, found 16385"):
        read(frame + " " * (16_385 - len(frame)))


@pytest.mark.parametrize(
    "origin",
    ["http://room.example.org", "https://room.example.org/", "room.example.org", "https://", "*", "null",
     "https://a@room.example.org", "ftp://127.0.0.1"],
)  # fmt: skip
def test_an_origin_is_https_with_a_host_and_nothing_more(origin: str) -> None:
    with pytest.raises(MeetingError, match="https://host"):
        checked_origins([origin])


def test_buckets_are_one_for_each_name_and_fill_again() -> None:
    buckets = Buckets(rate=1.0, burst=2.0)
    assert [buckets.take("a", 0.0) for _ in range(3)] == [True, True, False]
    assert buckets.take("b", 0.0)
    assert buckets.is_empty("a")
    assert buckets.take("a", 1.0)
