import io
import re
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from time import process_time
from typing import Any

import pypdf
import pytest

from sarcoma_review.errors import PresentationError
from sarcoma_review.present.figures import KeyImage
from sarcoma_review.present.legible import legible
from sarcoma_review.present.pages import Bullets, Facts, Headline, Note, Page, Pictures, Table
from sarcoma_review.present.pdf import write_pdf, write_summary
from sarcoma_review.privacy.text import PURPOSE
from tests.conftest import require

from .deck_pages import HOSTILE, hostile, picture, sample, words_of


def handout(pages: list[Page], folder: Path) -> pypdf.PdfReader:
    write_pdf(pages, folder / "handout.pdf", case_id="case_1")
    return pypdf.PdfReader(folder / "handout.pdf")


def text_of(reader: pypdf.PdfReader) -> str:
    """All that is read, without spaces: they follow from the setting."""
    return "".join("".join(page.extract_text() for page in reader.pages).split()).replace("\u200b", "")


def test_a_summary_of_one_page_comes_first_and_then_every_page(tmp_path: Path) -> None:
    reader = handout(sample(), tmp_path)
    first, rest = reader.pages[0].extract_text(), "".join(page.extract_text() for page in reader.pages[1:])
    assert "Case case_1: summary" in first
    assert "Do 3 planes clear the tumour?" in first
    assert "Least: 8.7 mm (95 % interval 2.8 to 14.6 mm)" in first
    titles = [f"{number} {page.title}" for number, page in enumerate(sample(), 1)]
    places = [" ".join(rest.split()).index(title) for title in titles]
    assert all(before < after for before, after in pairwise(places))


def test_the_summary_shows_nothing_of_what_came_after_the_opinions(tmp_path: Path) -> None:
    pages = [*sample()[:1], Page("Decision", (Headline("Amputation"), Facts([("Done", "as decided")])), "after")]
    reader = handout(pages, tmp_path)
    assert "Amputation" not in reader.pages[0].extract_text()
    assert "Amputation" not in reader.pages[1].extract_text()
    assert "After the opinions" in reader.pages[2].extract_text()


def test_the_summary_alone_is_one_page_however_much_there_is(tmp_path: Path) -> None:
    rows = [(f"fact {number}", "long words " * 90) for number in range(40)]
    faces = Table(("Face", "mm"), [(f"face {n}", "1.0") for n in range(40)], strong=frozenset({0}))
    said = [Page(f"Page {n}", (Headline("A sentence of some length that is said. " * 9),)) for n in range(30)]
    pages = [Page("Much", (Headline("word " * 400), Facts(rows), Pictures([picture()] * 9), faces)), *said]
    write_summary(pages, tmp_path / "summary.pdf", case_id="c")
    reader = pypdf.PdfReader(tmp_path / "summary.pdf")
    assert len(reader.pages) == 1
    text = " ".join(reader.pages[0].extract_text().split())
    assert "30 more rows within" in text
    assert text.count("…") >= 10  # what is shortened says so
    assert "What the pages say" in text


def test_every_number_of_the_pages_is_in_the_hand_out(tmp_path: Path) -> None:
    text = " ".join(page.extract_text() for page in handout(sample(), tmp_path).pages)
    numbers = re.compile(r"\d+(?:\.\d+)?")
    assert set(numbers.findall(words_of(sample()))) <= set(numbers.findall(text))


def test_the_purpose_stands_at_the_foot_of_every_page(tmp_path: Path) -> None:
    reader = handout(sample(), tmp_path)
    for number, page in enumerate(reader.pages, 1):
        words = " ".join(page.extract_text().split())
        assert PURPOSE in words
        assert f"{number} of {len(reader.pages)}" in words


def test_it_is_tagged_has_a_title_and_its_letters_in_it(tmp_path: Path) -> None:
    reader = handout(sample(), tmp_path)
    root: Any = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "en-GB"
    assert reader.metadata is not None
    assert reader.metadata.title == "Case case_1"
    pages: Any = reader.pages
    fonts = [font.get_object() for page in pages for font in page["/Resources"]["/Font"].values()]
    descriptors = [font["/DescendantFonts"][0].get_object()["/FontDescriptor"].get_object() for font in fonts]
    assert all({"/FontFile2", "/FontFile3"} & set(each) for each in descriptors)
    assert all("LibertinusSerif" in font["/BaseFont"] for font in fonts)


def test_pictures_have_words_for_who_cannot_see_them(tmp_path: Path) -> None:
    reader = handout(sample(), tmp_path)
    assert (
        alternatives(reader).count("A picture: CT thigh, axial 44 of 120") == 3 + 1 + 3
    )  # pages two and five, and the summary


def alternatives(reader: pypdf.PdfReader) -> list[str]:
    found = []
    for number in range(1, len(reader.xref_objStm) + sum(map(len, reader.xref.values())) + 1):
        each = reader.get_object(number)
        if isinstance(each, pypdf.generic.DictionaryObject) and "/Alt" in each:
            found.append(str(each["/Alt"]))
    return found


def test_the_same_pages_give_the_same_bytes_which_name_no_day_and_no_place(tmp_path: Path) -> None:
    write_pdf(sample(), tmp_path / "one.pdf", case_id="c")
    write_pdf(sample(), tmp_path / "two.pdf", case_id="c")
    one = (tmp_path / "one.pdf").read_bytes()
    assert one == (tmp_path / "two.pdf").read_bytes()
    told = pypdf.PdfReader(io.BytesIO(one)).metadata
    assert told is not None
    assert not {"/Author", "/CreationDate", "/ModDate"} & set(told)
    assert not re.search(rb"/tmp|/work|/root|file:|https?://(?!ns\.adobe|www\.w3|www\.aiim|purl)", one)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_a_text_that_means_harm_is_only_read(text: str, tmp_path: Path) -> None:
    reader = handout(hostile(text), tmp_path)
    read = text_of(reader)
    if text.isascii() and text.isprintable():
        assert read.count("".join(legible(text).split())) >= 6 or len(text) > 500
    assert "/Annots" not in reader.pages[0]
    assert read.count("w") >= 10 * text.count("w")
    for page in reader.pages:
        assert page.mediabox.width == pytest.approx(595.3, abs=0.1)


def test_nothing_runs_over_the_edge_of_the_paper(tmp_path: Path) -> None:
    word = "w" * 10_000
    page = Page(word, (Headline(word), Facts([(word, word)]), Table((word, "b"), [(word, "1")]), Note(word)))
    write_pdf([page], tmp_path / "long.pdf", case_id="c")
    require(shutil.which("pdftotext") is not None, "poppler-utils (make test-servers)")
    boxes = subprocess.run(
        ["pdftotext", "-bbox", tmp_path / "long.pdf", "-"], capture_output=True, text=True, check=True
    ).stdout
    rights = [float(found) for found in re.findall(r'xMax="([\d.]+)"', boxes)]
    assert len(rights) > 100
    assert max(rights) < 595 - 40


def test_without_typst_the_error_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "typst", None)
    with pytest.raises(PresentationError, match=r"typst, which is not installed: the extra is sarcoma_review\[pdf\]"):
        write_pdf(sample(), tmp_path / "handout.pdf", case_id="c")
    assert not (tmp_path / "handout.pdf").exists()


def test_a_picture_that_is_none_is_refused(tmp_path: Path) -> None:
    page = Page("Pictures", (Pictures([KeyImage(b"GIF89a", "caption", "alt")]),))
    with pytest.raises(PresentationError, match="a picture of 6 bytes is no PNG"):
        write_pdf([page], tmp_path / "handout.pdf", case_id="c")


def test_it_takes_three_seconds_at_most(tmp_path: Path) -> None:
    begun = process_time()
    write_pdf(sample() * 4, tmp_path / "handout.pdf", case_id="c")
    assert process_time() - begun < 3


def test_pages_without_blocks_and_empty_texts_are_set_too(tmp_path: Path) -> None:
    pages = [Page("Nothing"), Page("", (Facts([]), Bullets([]), Headline(""), Note(""), Table(("a",), [("",)])))]
    assert "Nothing" in handout(pages, tmp_path).pages[1].extract_text()
