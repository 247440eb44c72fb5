"""Every kind of attempt on one room, in the middle of a blind ballot."""

from collections.abc import Iterator

import pytest

from sarcoma_review.room import Folder
from tests.room.attempts import Stage, attempts


@pytest.fixture
def stage(folder: Folder, address: str) -> Iterator[Stage]:
    made = Stage(folder, address)
    yield made
    made.close()


def test_every_attempt_is_refused_and_the_room_lives(stage: Stage) -> None:
    outcomes = {name: attempt() for name, attempt in attempts(stage)}
    assert len(outcomes) >= 60
    assert [name for name, refused in outcomes.items() if not refused] == []
    assert stage.is_alive()


def test_nothing_of_an_open_ballot_leaves_by_any_socket_but_the_own_vote(stage: Stage) -> None:
    for visitor in stage.people.values():
        visitor.must("hello")  # brings the whole truth once more
    for member in ("chair", "shows", "m2", "guest"):
        told = str(stage.people[member].heard)
        assert "hidden-reason" not in told
        assert "'choice': 'front'" not in told
    assert "hidden-reason" in str(stage.people["m1"].heard)
