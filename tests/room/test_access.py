import sqlite3
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sarcoma_review.errors import MeetingError
from sarcoma_review.room.access import Access

DAY = timedelta(days=1)


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 22, 9, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def access(tmp_path: Path, clock: Clock) -> Iterator[Access]:
    made = Access(tmp_path / "access.sqlite", clock)
    yield made
    made.close()


def test_a_personal_link_opens_a_session_of_its_member(access: Access) -> None:
    member, cookie = access.join("meeting-a", access.invite("meeting-a", "m1", DAY))
    assert (member, access.member_of("meeting-a", cookie)) == ("m1", "m1")


def test_neither_token_nor_cookie_stands_in_the_file(access: Access, tmp_path: Path) -> None:
    token = access.invite("meeting-a", "m1", DAY)
    _, cookie = access.join("meeting-a", token)
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"meeting-a" in kept
    assert token.encode() not in kept
    assert cookie.encode() not in kept


def test_the_file_is_its_owners_alone(access: Access, tmp_path: Path) -> None:
    assert access.standing() == frozenset()
    assert (tmp_path / "access.sqlite").stat().st_mode & 0o077 == 0


def test_a_link_past_its_day_does_not_open(access: Access, clock: Clock) -> None:
    token = access.invite("meeting-a", "m1", DAY)
    clock.now += DAY
    with pytest.raises(MeetingError, match="past its day"):
        access.join("meeting-a", token)


def test_a_session_ends_with_its_link_and_after_a_day_at_the_latest(access: Access, clock: Clock) -> None:
    short = access.join("meeting-a", access.invite("meeting-a", "m1", timedelta(hours=1)))[1]
    long = access.join("meeting-a", access.invite("meeting-a", "m1", 9 * DAY))[1]
    clock.now += timedelta(hours=2)
    assert access.member_of("meeting-a", long) == "m1"
    with pytest.raises(MeetingError, match="open your personal link again"):
        access.member_of("meeting-a", short)
    clock.now += DAY
    with pytest.raises(MeetingError, match="open your personal link again"):
        access.member_of("meeting-a", long)


def test_revoking_ends_every_link_and_session_of_the_member_and_of_nobody_else(access: Access) -> None:
    tokens = [access.invite("meeting-a", member, DAY) for member in ("m1", "m1", "m2")]
    cookies = [access.join("meeting-a", token)[1] for token in tokens]
    assert access.revoke("meeting-a", "m1") == 2
    assert access.member_of("meeting-a", cookies[2]) == "m2"
    assert len(access.standing()) == 1
    with pytest.raises(MeetingError, match="taken back"):
        access.join("meeting-a", tokens[0])


def test_a_session_is_one_of_its_own_meeting(access: Access) -> None:
    token = access.invite("meeting-a", "m1", DAY)
    _, cookie = access.join("meeting-a", token)
    with pytest.raises(MeetingError, match="session of this meeting"):
        access.member_of("meeting-b", cookie)
    with pytest.raises(MeetingError, match="not known"):
        access.join("meeting-b", token)


def test_a_session_that_was_left_is_none(access: Access) -> None:
    _, cookie = access.join("meeting-a", access.invite("meeting-a", "m1", DAY))
    access.end(cookie)
    with pytest.raises(MeetingError, match="session of this meeting"):
        access.member_of("meeting-a", cookie)


def test_who_is_known_is_told_while_another_process_writes(access: Access, tmp_path: Path) -> None:
    _, cookie = access.join("a", access.invite("a", "m1", timedelta(days=1)))
    token = access.invite("a", "m2", timedelta(days=1))
    other = sqlite3.connect(tmp_path / "access.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    joining = threading.Thread(target=access.join, args=("a", token))
    joining.start()
    time.sleep(0.2)  # it waits for the other process by now
    started = time.monotonic()
    assert access.member_of("a", cookie) == "m1"
    assert time.monotonic() - started < 5
    other.execute("COMMIT")
    joining.join()
    other.close()
