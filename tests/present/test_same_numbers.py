"""One case in HTML, PPTX and PDF: the same words and numbers in each."""

import html
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pptx
import pypdf
import pytest

from sarcoma_review.pathways import evaluate, load_pathway, pathways, read_pathway
from sarcoma_review.present.content import pages
from sarcoma_review.present.legible import legible
from sarcoma_review.present.write import write
from tests.present.deck_pages import words_of
from tests.present.invented import TODAY, whole_case
from tests.present.test_pptx import check_layout, text_of

NUMBER = re.compile(r"[−-]?\d+(?:\.\d+)?")


def in_html(path: Path) -> str:
    text = re.sub(r"<(script|style)\b.*?</\1>", " ", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    return html.unescape(re.sub(r"<[^>]+>", " ", text))


def in_pptx(path: Path) -> str:
    return text_of(pptx.Presentation(str(path)))


def in_pdf(path: Path) -> str:
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(path).pages)


OWN = """
id = "own"
title = "A network's own"
version = "1"
issued_by = "the network"
source = "The network's own document"
approved = "not stated"
review_due = "not stated"
covers = "always"
[facts.adult]
question = "Is the patient an adult?"
[facts.spacer_in_place]
question = "Was a spacer put in place?"
afterwards = true
[[rules]]
id = "O1"
level = "must"
statement = "An adult's limb is held."
when = { fact = "adult", is = true }
satisfied = { fact = "spacer_in_place", is = false }
citation = "page 1"
"""
READERS = {"html": in_html, "pptx": in_pptx, "pdf": in_pdf}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("outputs")
    for ending in READERS:
        write(whole_case(), place / f"case.{ending}", reveal=True)
    return place


@pytest.mark.parametrize("ending", READERS)
def test_every_number_of_the_case_is_in_each_output(ending: str, folder: Path) -> None:
    expected = set(NUMBER.findall(legible(words_of(pages(whole_case())))))
    assert len(expected) > 60
    assert expected <= set(NUMBER.findall(READERS[ending](folder / f"case.{ending}")))


@pytest.mark.parametrize("ending", READERS)
def test_every_text_of_the_case_is_in_each_output(ending: str, folder: Path) -> None:
    """Without spaces and hyphens, which follow from the setting."""
    read = re.sub(r"[\s\u200b-]", "", READERS[ending](folder / f"case.{ending}"))
    said = {re.sub(r"[\s-]", "", legible(line)) for line in words_of(pages(whole_case())).split("\n")}
    assert [line for line in sorted(said) if line not in read] == []


def test_nothing_of_a_real_case_lies_off_a_slide_or_on_something_else(folder: Path) -> None:
    deck: Any = pptx.Presentation(str(folder / "case.pptx"))
    assert len(deck.slides) >= len(pages(whole_case()))
    check_layout(deck)


def test_what_came_after_the_opinions_is_in_no_file_made_before(tmp_path: Path) -> None:
    after = words_of([page for page in pages(whole_case()) if page.part == "after"])
    before = words_of([page for page in pages(whole_case()) if page.part == "before"])
    told = set(after.split("\n")) - set(before.split("\n"))
    long = [line for line in told if len(line) > 20]
    assert len(long) > 5
    for ending, read in READERS.items():
        path = write(whole_case(), tmp_path / f"case.{ending}")
        text = " ".join(read(path).split())
        assert [line for line in long if line in text] == []


def test_a_rule_answered_by_what_came_of_the_case_is_closed_before_the_opinions(tmp_path: Path) -> None:
    pathway = load_pathway("bone-sarcoma-network")
    facts = {"primary_bone_sarcoma": True, "local_recurrence": True, "death": False, "presented_with_imaging": True}
    case = replace(whole_case(), pathway=pathway, rule_results=evaluate(pathway, facts, on=TODAY))
    answer = next(each.explanation for each in case.rule_results if "local_recurrence" in each.facts)
    for ending, read in READERS.items():
        before, after = (
            " ".join(read(write(case, tmp_path / f"{n}.{ending}", reveal=bool(n))).split()) for n in (0, 1)
        )
        assert answer not in before
        assert answer in after
        assert "seen after the opinions" in before
        assert "What the pathway asks afterwards" in after


def test_no_outcome_of_a_pathway_is_forgotten_among_the_closed_ones() -> None:
    told = {
        "achieved_margin_measured", "amputation", "death", "distance_to_cord_mm", "guidance", "local_recurrence",
        "loosening_or_loss", "necrosis_recorded", "radiotherapy_dose_gy", "radiotherapy_fractions",
        "specialist_physiotherapy", "wound_infection",
    }  # fmt: skip
    facts = [fact for each in pathways() for fact in load_pathway(each).facts.values()]
    assert {fact.name for fact in facts if fact.afterwards} == told


def test_a_pathway_of_ones_own_says_which_of_its_answers_come_afterwards(tmp_path: Path) -> None:
    pathway = read_pathway(OWN)
    results = evaluate(pathway, {"adult": True, "spacer_in_place": True}, on=TODAY)
    case = replace(whole_case(), pathway=pathway, rule_results=results)
    blind, whole = (write(case, tmp_path / f"{n}.html", reveal=n).read_text("utf-8") for n in (False, True))
    assert "seen after the opinions" in blind
    assert results[0].explanation not in html.unescape(blind)
    assert results[0].explanation in html.unescape(whole)
