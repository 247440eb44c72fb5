from collections.abc import Iterator

import pytest

from sarcoma_review.room import Folder
from tests.room.attempts import Stage
from tests.room.frames import fuzz


@pytest.fixture
def stage(folder: Folder, address: str) -> Iterator[Stage]:
    made = Stage(folder, address)
    yield made
    made.close()


@pytest.mark.slow
def test_frames_of_chance_neither_end_the_room_nor_change_the_ballot_of_another(stage: Stage, folder: Folder) -> None:
    before = folder.meeting("meeting-a")
    sent = fuzz(stage, seconds=20, seed=7)
    after = folder.meeting("meeting-a")
    assert sent.frames > 100
    assert sent.refused > sent.acknowledged
    assert sent.leaks == 0
    assert after.ballots["b1"].votes["m1"] == before.ballots["b1"].votes["m1"]
    assert (after.ballots["b0"], after.decisions, after.chair) == (before.ballots["b0"], (), "chair")
    assert stage.is_alive()
