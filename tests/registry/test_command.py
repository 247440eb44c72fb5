"""The commands, as they are typed."""

import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from sarcoma_review.cli import main
from sarcoma_review.registry import CaseOpened, Consent, Operation, Registry
from sarcoma_review.registry.bundle import export, make_key


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    def call(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["sarcoma-review", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
        shown = capsys.readouterr()
        return int(ended.value.code or 0), shown.out, shown.err

    return call


@pytest.fixture
def place(tmp_path: Path) -> Path:
    registry = Registry.open(tmp_path / "cases.sqlite")
    for case, scope in (("a", "peer_learning"), ("b", "sharing"), ("c", "audit")):
        registry.append(case, CaseOpened(question="?"))
        registry.append(case, Operation(procedure="resection", on_date=date(2026, 1, 1)))
        refusal = {"given": False, "scope": scope, "on_date": date(2026, 1, 1)}
        registry.append(case, Consent.model_validate(refusal))
    registry.close()
    return tmp_path / "cases.sqlite"


def test_exports_say_how_many_patients_refused(run: Any, place: Path, tmp_path: Path) -> None:
    key = tmp_path / "own.key"
    make_key(key)
    code, said, _ = run("registry", "export", place, tmp_path / "o.srbundle", "--key-file", key)
    assert (code, said.splitlines()) == (
        0,
        [
            "2 cases, 6 entries; 1 left out as their patient refused",
            "2 of them refused a meeting or an audit: the refusal goes with the case",
        ],
    )
    for command in (("export", place, tmp_path / "o.json", "--fhir"), ("redcap", place, tmp_path / "redcap")):
        told = "2 cases left out as their patient refused an audit or sharing\n"
        assert run("registry", *command) == (0, told, "")


@pytest.mark.parametrize(
    ("trust", "words"),
    [
        (["north"], "--trust is NAME=PUBLIC_KEY"),
        (["=abc"], "--trust is NAME=PUBLIC_KEY"),
        (["south=ab", "north="], "--trust is NAME=PUBLIC_KEY"),
        (["north=ab", "north=cd"], "--trust names each centre once"),
    ],
)
def test_a_key_that_would_be_dropped_is_bad_use_in_one_line(
    run: Any, place: Path, tmp_path: Path, trust: list[str], words: str
) -> None:
    key = tmp_path / "own.key"
    make_key(key)
    export(Registry.open(place), tmp_path / "o.srbundle", key_file=key)
    given = [word for pair in trust for word in ("--trust", pair)]
    code, said, problem = run("registry", "import", place, tmp_path / "o.srbundle", *given)
    assert (code, said) == (2, "")
    assert problem.count("\n") == 1
    assert words in problem
