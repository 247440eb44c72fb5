from pathlib import Path

import pytest
from typer.testing import CliRunner

from sarcoma_review.cli_room import room_app
from sarcoma_review.errors import MeetingError
from sarcoma_review.room import Folder
from tests.room.visiting import MEETING, opening


@pytest.fixture
def words(tmp_path: Path) -> list[str]:
    """A data folder that is not there yet, as an option."""
    return ["--data", str(tmp_path / "data")]


def ran(*words: str) -> str:
    result = CliRunner().invoke(room_app, words, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output.strip()


def test_a_meeting_is_opened_and_a_link_is_printed_that_opens(tmp_path: Path, words: list[str]) -> None:
    (tmp_path / "opening.json").write_text(opening().model_dump_json())
    assert ran("open", MEETING, str(tmp_path / "opening.json"), *words) == "open: 6 member(s), 2 case(s)"
    printed = ran("invite", MEETING, "m1", "--base", "https://room.example.org/", *words)
    start = f"https://room.example.org/room/{MEETING}/#"
    assert printed.startswith(start)
    access = Folder(tmp_path / "data").access()
    assert access.join(MEETING, printed.removeprefix(start))[0] == "m1"
    access.close()


def test_a_new_member_is_invited_and_then_taken_back_for_good(folder: Folder) -> None:
    data = ["--data", str(folder.path)]
    ran("invite", MEETING, "late", "--role", "member", "--unit", "DD", *data)
    assert ran("revoke", MEETING, "late", *data) == "taken back"
    assert "late" in folder.meeting(MEETING).revoked
    with pytest.raises(MeetingError, match="taken back"):
        CliRunner().invoke(room_app, ["invite", MEETING, "late", *data], catch_exceptions=False)


def test_a_name_is_no_member(folder: Folder) -> None:
    bad = ["invite", MEETING, "A. Surgeon", "--role", "member", "--unit", "DD", "--data", str(folder.path)]
    result = CliRunner().invoke(room_app, bad)
    assert result.exit_code == 2
    assert "new member's id cannot be taken" in result.output.replace("\n", " ")


def test_a_file_that_is_no_meeting_is_refused_without_its_words(tmp_path: Path, words: list[str]) -> None:
    (tmp_path / "opening.json").write_text('{"title": "secret-title", "mode": "by post"}')
    result = CliRunner().invoke(room_app, ["open", MEETING, str(tmp_path / "opening.json"), *words])
    assert result.exit_code == 2
    assert "mode" in result.output
    assert "secret-title" not in result.output


def test_the_minutes_are_written_from_the_journal(folder: Folder, tmp_path: Path) -> None:
    out = tmp_path / "minutes.html"
    said = ran("minutes", MEETING, "--data", str(folder.path), "--out", str(out))
    assert said.startswith("minutes of 0 decision(s), journal ends with ")
    assert said.rsplit(" ", 1)[1] in out.read_text(encoding="utf-8")


def test_the_data_folder_is_its_owners_alone(folder: Folder) -> None:
    key = folder.receipt_key()
    assert len(key) == 32
    assert folder.receipt_key() == key
    assert folder.path.stat().st_mode & 0o077 == 0
    assert (folder.path / "receipt.key").stat().st_mode & 0o077 == 0
