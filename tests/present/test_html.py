import re
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from sarcoma_review.errors import PresentationError, PrivacyError
from sarcoma_review.pathways import evaluate, load_pathway
from sarcoma_review.pathways.ewing import EwingLocalTherapy
from sarcoma_review.planning import Plane, ResectionPlan, TumourSurface, resection_margins
from sarcoma_review.planning.uncertainty import PUBLISHED_EXECUTION
from sarcoma_review.present import PURPOSE, Case, key_images, write
from sarcoma_review.present.html import render
from sarcoma_review.volume import Segment, Volume

TODAY = date(2026, 11, 22)


class Outside(HTMLParser):
    """Collects every attribute that could reach for something outside the file."""

    def __init__(self) -> None:
        super().__init__()
        self.reaching: list[str] = []
        self.sections = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.sections += tag == "section"
        for name, value in attrs:
            if name in ("src", "href", "srcset", "action", "data") and not (value or "").startswith("data:image/png"):
                self.reaching.append(f"{tag} {name}={value}")
        if tag in ("script", "link", "iframe", "object", "embed", "base"):
            self.reaching.append(tag)


@pytest.fixture(scope="module")
def case() -> Case:
    z, y, x = np.mgrid[:30, :40, :40]
    ball = (x - 20) ** 2 + (y - 20) ** 2 + (z - 15) ** 2 < 81
    volume = Volume(np.where(ball, 80, 20).astype(np.int16), np.eye(4)[[2, 1, 0, 3]], modality="CT", units="HU")
    tumour = Segment("tumour", replace(volume, array=ball))
    plan = ResectionPlan(
        [Plane((20, 20, 28), (0, 0.1, 1), name="proximal"), Plane((20, 35, 15), (0, 1, 0), name="back")]
    )
    report = resection_margins(TumourSurface.from_mask(tumour.mask), plan)
    pathway = load_pathway("lsesn-spinal-2024")
    return Case(
        case_id="SR-A",
        question="Which <planes> & why?",
        prepared_on=TODAY,
        imaging=[volume],
        segments=[tumour],
        key_images=key_images(volume, report, segments=[tumour], planes=plan.planes),
        plan=plan,
        margins=report,
        pathway=pathway,
        rule_results=evaluate(pathway, {"network": "LSESN", "adult": True, "status": "suspected"}, on=TODAY),
        findings=report.findings,
    )


def test_the_deck_reaches_for_nothing_outside_itself(case: Case) -> None:
    page = render(case)
    parser = Outside()
    parser.feed(page)
    assert parser.reaching == []
    assert "://" not in re.sub(r"base64,[A-Za-z0-9+/=]+", "", page)
    assert "default-src 'none'" in page


def test_every_page_carries_the_purpose(case: Case) -> None:
    page = render(case)
    parser = Outside()
    parser.feed(page)
    assert parser.sections == 5
    assert page.count(PURPOSE) == parser.sections


def test_the_numbers_are_those_of_the_report(case: Case) -> None:
    page = render(case)
    assert case.margins is not None
    low, high = case.margins.interval_mm
    assert f"<b>{case.margins.minimum_mm:.1f} mm</b> (95 % interval {low:.1f} to {high:.1f} mm)" in page
    for row in case.margins.planes:
        assert f"<td>{row.margin_mm:.1f}</td><td>{row.interval_mm[0]:.1f} to {row.interval_mm[1]:.1f}</td>" in page


def test_the_saw_s_published_error_stands_beside_the_voxels(case: Case) -> None:
    assert case.margins is not None
    page = render(case)
    low, high = case.margins.with_saw(PUBLISHED_EXECUTION["freehand"].sd_mm).interval_mm
    assert f"<td>freehand</td><td>{low:.1f} to {high:.1f}</td>" in page
    assert "Cartiaux 2010" in page
    sawn = replace(case, margins=case.margins.with_saw(3.0))
    assert "Cartiaux 2010" not in render(sawn)  # the report holds a saw's error of its own


def test_the_pathway_is_shown_with_version_review_date_and_what_is_not_recorded(case: Case) -> None:
    page = render(case)
    assert "version 2, approved 22 March 2024, review due March 2026: past its review date" in page
    assert "? not recorded" in page
    assert "Referred to specialist centre not recorded." in page
    assert "applicability not known" in page


def test_the_ewing_page_has_every_field_recorded_or_not(case: Case) -> None:
    assert "local therapy" not in render(case)
    page = EwingLocalTherapy(site="pelvis, <type II>", volume_ml=240, resectable=False)
    shown = render(replace(case, ewing=page))
    assert "<dt>Site</dt><dd>pelvis, &lt;type II&gt;</dd>" in shown
    assert "<dt>Resectable</dt><dd>no</dd>" in shown
    for name, _ in page.rows():
        assert f"<dt>{name}</dt>" in shown
    assert "200 ml or more was a risk marker in EE99" in shown
    recorded = [value for _, value in page.rows() if value != "not recorded"]
    assert len(recorded) == 3
    plain = shown.count(">not recorded<") - render(case).count(">not recorded<")
    assert plain == len(page.rows()) - 3


def test_what_is_absent_is_shown_as_not_recorded(case: Case) -> None:
    assert render(case).count('<span class="absent">not recorded</span>') >= 6


def test_typed_text_cannot_become_markup(case: Case) -> None:
    assert "Which &lt;planes&gt; &amp; why?" in render(case)


def test_every_picture_has_words_in_its_place(case: Case) -> None:
    assert re.findall(r'alt="([^"]*)"', render(case)) == [image.alt for image in case.key_images]
    assert all(len(image.alt) > 20 for image in case.key_images)


@pytest.mark.parametrize("word", ["recommend", "compliant", "safe margin", "predict", "breach", "failed"])
def test_words_that_claim_too_much_are_absent(case: Case, word: str) -> None:
    assert word not in render(case).lower()


def test_a_deck_is_written_whole_or_not_at_all(case: Case, tmp_path: Path) -> None:
    assert write(case, tmp_path / "deck.html").read_text(encoding="utf-8") == render(case)
    assert [path.name for path in tmp_path.iterdir()] == ["deck.html"]
    with pytest.raises(PresentationError, match=r"writes decks as \.html, found '\.pptx'"):
        write(case, tmp_path / "deck.pptx")
    with pytest.raises(PresentationError, match="folder for the deck does not exist"):
        write(case, tmp_path / "nowhere" / "deck.html")
    with pytest.raises(PresentationError, match="with a question to the meeting"):
        write(replace(case, question=" "), tmp_path / "empty.html")
    ungated = replace(case, imaging=[replace(case.imaging[0], clearance="ungated")])
    with pytest.raises(PrivacyError, match="came through the privacy gate"):
        write(ungated, tmp_path / "ungated.html")
    assert [path.name for path in tmp_path.iterdir()] == ["deck.html"]


def test_a_case_with_nothing_but_a_question_makes_a_deck() -> None:
    parser = Outside()
    parser.feed(render(Case("SR-B", "What is it?", TODAY)))
    assert parser.sections == 2
