"""The page for writers and the command they use."""

import json
import re
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from sarcoma_review.cli import app
from sarcoma_review.pathways import Status, evaluate, read_pathway
from sarcoma_review.pathways.condition import Value
from sarcoma_review.pathways.directory import read_directory
from sarcoma_review.pathways.lint import lint
from sarcoma_review.pathways.model import Fact, Rule
from sarcoma_review.pathways.wording import avoided_words

PAGE = (Path(__file__).parents[2] / "docs" / "writing-a-pathway.md").read_text(encoding="utf-8")
EXAMPLE = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)[0]
run = CliRunner().invoke


def test_the_example_of_the_page_is_right_and_says_what_the_page_says() -> None:
    assert lint(EXAMPLE) == []
    pathway = read_pathway(EXAMPLE)
    facts: dict[str, Value] = {
        "network": "example",
        "adult": True,
        "site": "hip",
        "mdt": "after",
        "urgent": True,
        "cases_a_year": 12,
    }
    statuses = [result.status for result in evaluate(pathway, facts, on=date(2026, 11, 22))]
    assert statuses == [Status.NOT_APPLICABLE, Status.EXCEPTION, Status.MET]


def test_the_line_of_the_page_s_own_fault_is_the_line_of_its_file() -> None:
    broken = EXAMPLE.replace('when = { fact = "site", is = "hip" }', 'when = { fact = "sight", is = "hip" }')
    assert [str(finding) for finding in lint(broken) if finding.kind == "error"] == [
        re.findall(r"^line \d+: error: .*$", PAGE, re.MULTILINE)[0]
    ]


def test_the_page_explains_every_line_of_a_rule_and_every_word_of_a_card() -> None:
    for name in Rule.__dataclass_fields__:
        assert f"| `{name}`" in PAGE, name
    for name in set(Fact.__dataclass_fields__) - {"name"}:
        assert f"`{name}`" in PAGE, name
    for status in Status:
        assert f"| {status.words} |" in PAGE, status
    assert avoided_words(PAGE) == []


def test_the_lines_of_the_page_show_the_example_in_a_notebook(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("hip.toml").write_text(EXAMPLE, encoding="utf-8")
    shown = list[object]()
    exec(re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)[0], {"display": lambda *each: shown.extend(each)})
    assert [repr(each) for each in shown] == [
        "<CaseForm example-hip-2026: 0 of 6 recorded>",
        "<PathwayPanel example-hip-2026: 3 applicability not known>",
    ]


def test_the_directory_of_the_page_is_read() -> None:
    text = re.findall(r"```\n(as_of.*?)```", PAGE, re.DOTALL)[0]
    assert read_directory(text).roles[0].standing == "designated"


def test_lint_answers_with_lines_and_an_exit_code(tmp_path: Path) -> None:
    file = tmp_path / "hip.toml"
    file.write_text(EXAMPLE, encoding="utf-8")
    good = run(app, ["pathway", "lint", str(file)])
    assert (good.exit_code, good.stdout) == (0, "nothing found\n")
    file.write_text(EXAMPLE + "colour = 1\n", encoding="utf-8")
    bad = run(app, ["pathway", "lint", "--json", str(file)])
    assert bad.exit_code == 1
    assert json.loads(bad.stdout)[0]["message"] == "rule X3: unknown key colour"


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b""])
def test_a_file_that_is_no_pathway_is_refused_in_one_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.toml").write_bytes(content)
    result = run(app, ["pathway", "lint", str(tmp_path / "x.toml")])
    assert result.exit_code != 0
    assert "Traceback" not in result.output


def test_list_names_every_document_with_its_review_date() -> None:
    lines = run(app, ["pathway", "list"]).stdout.splitlines()
    assert len(lines) == 5
    assert [line for line in lines if "review due March 2026: past its review date" in line]
