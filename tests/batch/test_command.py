"""The command: what it prints, and how it ends."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from sarcoma_review.batch import TASKS
from sarcoma_review.cli_batch import TaskName, batch
from tests.batch.many import NAME, studies

app = typer.Typer()
app.command()(batch)


def test_the_command_knows_every_task() -> None:
    assert {str(name) for name in TaskName} == set(TASKS)


def test_the_command_writes_the_table_and_says_what_failed_by_kind_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, out = studies(2, tmp_path / "in"), tmp_path / "found.csv"
    (folder / f"{NAME}_empty").mkdir()
    words = ["scan", str(folder), "--out", str(out), "--set", "workers=1", "--json"]
    assert app(words, standalone_mode=False) == 1
    said = json.loads(capsys.readouterr().out)
    assert (said["done"], said["failed"], said["errors"]) == (2, 1, {"NotDicomError": 1})
    assert NAME not in json.dumps(said)
    assert len(out.read_text().splitlines()) == 4


@pytest.mark.parametrize("setting", ["wokers=2", "workers", "workers=two"])
def test_a_setting_that_is_not_known_is_bad_use(setting: str, tmp_path: Path) -> None:
    found = CliRunner().invoke(app, ["scan", str(tmp_path), "--out", str(tmp_path / "t.csv"), "--set", setting])
    assert found.exit_code == 2
    assert "--set" in found.output
