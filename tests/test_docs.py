"""The guide in docs/: its code and commands work, and what it quotes stands in the program."""

import ast
import importlib
import re
import shlex
import tempfile
from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import typer
from PIL import Image

import sarcoma_review as sr
from sarcoma_review.cli import app

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.glob("*.md"))
GUIDE = [DOCS / f"{name}.md" for name in ("bring-in-a-study", "outline-and-plan", "present", "run-a-meeting")]
GUIDE += [DOCS / "track-outcomes.md", DOCS / "README.md"]
PICTURES = sorted((DOCS / "pictures").glob("*.png"))
FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
PICTURE = re.compile(r"!\[([^\]]*)\]\(([^)]+)\)")
LINK = re.compile(r"(?<!!)\[[^\]]+\]\(([^)\s]+)\)")
AVOIDED = re.compile(r"recommend|compliant|safe margin|predict|\banonymous data|\banonymised", re.IGNORECASE)

on_each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
on_each_of_the_guide = pytest.mark.parametrize("page", GUIDE, ids=lambda page: page.stem)


def blocks(page: Path, language: str) -> list[str]:
    return [found[3] for found in FENCE.finditer(page.read_text(encoding="utf-8")) if found[2] == language]


def prose(page: Path) -> str:
    return FENCE.sub("", page.read_text(encoding="utf-8"))


def commands(page: Path) -> list[list[str]]:
    """The words after ``sarcoma-review`` of each such line, without its comment."""
    fenced = (found[3] for found in FENCE.finditer(page.read_text(encoding="utf-8")) if found[2] != "python")
    lines = [line.strip() for text in fenced for line in text.splitlines()]
    lines += [line.strip() for line in prose(page).splitlines() if line.startswith("    ")]
    starts = re.compile(r"^(?:ExecStart=)?(?:\S*/)?sarcoma-review (?=\w)")
    return [shlex.split(starts.sub("", line), comments=True) for line in lines if starts.match(line)]


def parsed(words: list[str]) -> None:
    """Parse a command line as the program does, and run nothing."""
    command: Any = typer.main.get_command(app)
    context = command.make_context("sarcoma-review", list(words))
    while hasattr(command, "commands"):
        name, command, words = command.resolve_command(context, [*context._protected_args, *context.args])
        assert command is not None, name
        context = command.make_context(name, list(words), parent=context)


def used_names(code: str) -> Iterator[str]:
    """Dotted names that begin with something imported from this package; ``sr`` is always the package."""
    known = {"sr": "sarcoma_review"}
    tree = ast.parse(code)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            known |= {each.asname or each.name: each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom):
            known |= {each.asname or each.name: f"{node.module}.{each.name}" for each in node.names}
    yield from (name for name in known.values() if name.startswith("sarcoma_review"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            first, *rest = ast.unparse(node).split(".")
            if known.get(first, "").startswith("sarcoma_review") and all(each.isidentifier() for each in rest):
                yield ".".join((known[first], *rest))


def found_by_name(dotted: str) -> None:
    """Follow a dotted name as far as modules and classes go; what an object holds is not known before it is made."""
    here: Any = importlib.import_module("sarcoma_review")
    for name in dotted.split(".")[1:]:
        assert not name.startswith("_"), dotted
        if not isinstance(here, ModuleType | type):
            return
        if not hasattr(here, name) and isinstance(here, ModuleType):
            importlib.import_module(f"{here.__name__}.{name}")
        here = getattr(here, name)


def scripts() -> str:
    """The program's JavaScript, as one text."""
    paths = [*(ROOT / "js").glob("*.js"), *(ROOT / "js" / "room").glob("*.js"), *(ROOT / "js" / "deck").glob("*.js")]
    return "\n".join(path.read_text(encoding="utf-8") for path in paths).casefold()


@cache
def texts() -> frozenset[str]:
    """Every text of the package but docstrings, in pieces where values stand in it, and every text of a script."""
    found = set()
    for path in (ROOT / "sarcoma_review").rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        idle = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        texts = (node for node in ast.walk(tree) if isinstance(node, ast.Constant) and id(node) not in idle)
        found |= {node.value.strip().casefold() for node in texts if isinstance(node.value, str)}
    quoted = re.findall(r'"([^"\n]*)"', scripts()) + re.findall(r"`([^`\n]*)`", scripts())
    return frozenset(found | {words.strip() for words in quoted})


@on_each_page
def test_python_compiles_and_names_what_there_is(page: Path) -> None:
    for code in blocks(page, "python"):
        for name in used_names(code):
            found_by_name(name)


@on_each_page
def test_every_command_line_is_one_that_the_program_takes(page: Path) -> None:
    for words in commands(page):
        parsed(words)


def test_a_wrong_command_would_be_noticed() -> None:
    with pytest.raises(Exception, match="No such option"):
        parsed(["scan", "FOLDER", "--fast"])
    with pytest.raises(AttributeError, match="no_such_name"):
        found_by_name("sarcoma_review.registry.Registry.no_such_name")


def test_commands_are_found_in_the_guide() -> None:
    assert ["registry", "backup", "cases/registry.sqlite", "copy.sqlite"] in commands(DOCS / "track-outcomes.md")
    assert sum(len(commands(page)) for page in PAGES) > 20


@on_each_page
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in LINK.findall(prose(page)):
        assert "://" not in target
        assert (page.parent / target.partition("#")[0]).exists(), target


@on_each_page
def test_every_picture_is_there_with_words_for_it(page: Path) -> None:
    for words, target in PICTURE.findall(prose(page)):
        assert (page.parent / target).is_file(), target
        assert len(words) > 20, target


def test_every_picture_is_shown_and_small_and_says_nothing_of_where_it_was_made() -> None:
    shown = {Path(target).name for page in [*PAGES, ROOT / "README.md"] for _, target in PICTURE.findall(prose(page))}
    assert {picture.name for picture in PICTURES} <= shown
    assert sum(picture.stat().st_size for picture in PICTURES) < 2e6
    for picture in PICTURES:
        assert picture.stat().st_size < 300_000, picture.name
        with Image.open(picture) as opened:
            assert opened.width <= 1400
            assert not getattr(opened, "text", {}), picture.name


@on_each_of_the_guide
def test_what_is_quoted_is_what_the_program_says(page: Path) -> None:
    for words in re.findall(r"“([^”]+)”", prose(page)):
        assert any(words.casefold() in text for text in texts()), words


@on_each_of_the_guide
def test_every_control_that_is_named_is_there(page: Path) -> None:
    quiet = [line for line in prose(page).splitlines() if not line.startswith(">")]
    for words in re.findall(r"\*\*([^*]+)\*\*", "\n".join(quiet)):
        assert words.casefold() in texts(), words


def test_the_tabs_stand_in_the_guide_by_their_names_and_in_their_order() -> None:
    bench = sr.workbench.Workbench(Path(tempfile.mkdtemp()), on=date(2026, 11, 22))
    rows = re.findall(r"^\| ([A-Z][a-z ]+) \|", (DOCS / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert rows == [tab.title for tab in bench.pages]


@on_each_page
def test_a_page_decides_nothing_for_anybody(page: Path) -> None:
    assert AVOIDED.findall(prose(page)) == []
