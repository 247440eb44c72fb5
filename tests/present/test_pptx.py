import io
import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from time import process_time
from typing import Any

import pptx
import pytest
from pptx.enum.shapes import MSO_SHAPE_TYPE
from pptx.util import Inches

from sarcoma_review.errors import PresentationError
from sarcoma_review.present.figures import KeyImage
from sarcoma_review.present.legible import legible
from sarcoma_review.present.pages import Bullets, Facts, Headline, Note, Page, Pictures, Table
from sarcoma_review.present.pptx_deck import pptx_bytes, write_pptx
from sarcoma_review.privacy.text import PURPOSE

from .deck_pages import HOSTILE, hostile, picture, sample, words_of


@pytest.fixture(scope="module")
def made() -> bytes:
    return pptx_bytes(sample(), case_id="case_1")


@pytest.fixture(scope="module")
def deck(made: bytes) -> Any:
    return pptx.Presentation(io.BytesIO(made))


def paragraphs(slide: Any) -> Iterator[Any]:
    for shape in slide.shapes:
        if shape.has_text_frame:
            yield from shape.text_frame.paragraphs
        elif shape.has_table:
            yield from (line for cell in shape.table.iter_cells() for line in cell.text_frame.paragraphs)


def text_of(deck: Any) -> str:
    return "\n".join(line.text for slide in deck.slides for line in paragraphs(slide))


def overlap(first: Any, second: Any) -> bool:
    across = min(first.left + first.width, second.left + second.width) - max(first.left, second.left)
    down = min(first.top + first.height, second.top + second.height) - max(first.top, second.top)
    return bool(min(across, down) > Inches(0.01))


def check_layout(deck: Any) -> None:
    for slide in deck.slides:
        for shape in slide.shapes:
            assert min(shape.left, shape.top) >= 0, shape.name
            assert shape.left + shape.width <= deck.slide_width, shape.name
            assert shape.top + shape.height <= deck.slide_height, shape.name
        for first, second in combinations(slide.shapes, 2):
            assert not overlap(first, second), (first.name, second.name)


def test_a_page_has_a_slide_and_what_does_not_fit_goes_on_on_a_further_one(deck: Any) -> None:
    titles = [slide.shapes.title.text for slide in deck.slides]
    assert titles[:3] == ["Question", "Key images", "Planned margin"]
    rules = [title for title in titles if title.startswith("What the pathway asks")]
    assert rules[1:] == ["What the pathway asks (continued)"] * (len(rules) - 1)
    assert len(rules) >= 2
    assert all(f"L{number:02}" in text_of(deck) for number in range(30))


def test_nothing_lies_off_a_slide_or_on_something_else(deck: Any) -> None:
    assert deck.slide_width / deck.slide_height == pytest.approx(16 / 9, abs=1e-3)
    check_layout(deck)


def test_letters_are_large_enough_for_the_back_of_a_room(deck: Any) -> None:
    for slide in deck.slides:
        for line in paragraphs(slide):
            for run in line.runs:
                size = run.font.size.pt if run.font.size else 28.0  # the title's own
                small = PURPOSE in line.text or run.text in (sample()[1].blocks[1].text, "End.", "0 mm")  # type: ignore[union-attr]
                dense = slide.shapes.title.text.startswith("What the pathway")
                caption = run.text.startswith("CT thigh")
                assert size >= (10 if small else 11 if dense or caption else 16), run.text


def test_text_and_tables_can_be_edited(deck: Any) -> None:
    tables = [shape.table for slide in deck.slides for shape in slide.shapes if shape.has_table]
    margins = next(table for table in tables if table.cell(0, 0).text == "Face")
    assert [cell.text for cell in margins.rows[1].cells] == ["proximal (closest)", "8.7", "2.8 to 14.6"]
    assert margins.rows[1].cells[0].text_frame.paragraphs[0].runs[0].font.bold
    assert not margins.rows[2].cells[0].text_frame.paragraphs[0].runs[0].font.bold


def test_every_picture_table_and_ruler_has_words_for_who_cannot_see_it(deck: Any) -> None:
    kinds = (MSO_SHAPE_TYPE.PICTURE, MSO_SHAPE_TYPE.TABLE, MSO_SHAPE_TYPE.GROUP)
    shapes = [shape for slide in deck.slides for shape in slide.shapes if shape.shape_type in kinds]
    said = [shape._element.xpath(".//p:cNvPr")[0].get("descr") for shape in shapes]
    assert all(said)
    assert "A picture: CT thigh, axial 44 of 120" in said
    assert any("posterior: 12.1 mm, between 6.3 and 17.9 mm" in words for words in said)
    assert set(kinds) == {shape.shape_type for shape in shapes}


def test_every_slide_says_what_it_is_for_and_has_a_number(deck: Any) -> None:
    for number, slide in enumerate(deck.slides, 1):
        assert any(PURPOSE in line.text for line in paragraphs(slide))
        fields = slide.element.xpath(".//a:fld[@type='slidenum']/a:t")
        assert [field.text for field in fields] == [str(number)]
        assert not slide.has_notes_slide
    after = [slide for slide in deck.slides if slide.shapes.title.text.startswith("Decision")]
    assert all(any("after the opinions" in line.text for line in paragraphs(slide)) for slide in after)


def test_every_number_of_the_pages_is_in_the_deck(deck: Any) -> None:
    found = set(re.findall(r"\d+(?:\.\d+)?", text_of(deck)))
    assert set(re.findall(r"\d+(?:\.\d+)?", words_of(sample()))) <= found


def test_what_is_not_recorded_is_said(deck: Any) -> None:
    cells = [line for slide in deck.slides for line in paragraphs(slide) if line.text == "not recorded"]
    assert len(cells) == 1
    assert cells[0].runs[0].font.italic


def test_the_same_pages_give_the_same_bytes(made: bytes) -> None:
    assert pptx_bytes(sample(), case_id="case_1") == made


def test_the_file_names_nobody_no_place_and_no_day(made: bytes, deck: Any) -> None:
    told = deck.core_properties
    assert (told.author, told.last_modified_by, told.title, told.language) == ("", "", "Case case_1", "en-GB")
    assert told.created is None
    with zipfile.ZipFile(io.BytesIO(made)) as held:
        assert {entry.date_time for entry in held.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        names = held.namelist()
        whole = b"\n".join(held.read(name) for name in names)
    assert not [name for name in names if "thumbnail" in name or "printer" in name or "app.xml" in name]
    assert not re.search(rb"Canny|python-pptx|PowerPoint Presentation|/tmp/|/work/|file:|\\\\", whole)
    hosts = set(re.findall(rb"https?://([a-z0-9.-]+)", whole))
    assert hosts <= {b"schemas.openxmlformats.org", b"schemas.microsoft.com", b"purl.org", b"www.w3.org"}


def test_what_a_picture_s_file_says_of_its_maker_is_left_behind() -> None:
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    told = PngInfo()
    told.add_text("Author", "someone")
    with io.BytesIO() as out:
        Image.new("RGB", (40, 30)).save(out, "png", pnginfo=told)
        image = KeyImage(out.getvalue(), "caption", "alt")
    made = pptx_bytes([Page("Pictures", (Pictures([image]),))], case_id="c")
    with zipfile.ZipFile(io.BytesIO(made)) as held:
        stored = held.read("ppt/media/image1.png")
    assert b"someone" in image.png
    assert b"someone" not in stored
    assert Image.open(io.BytesIO(stored)).size == (40, 30)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_a_text_that_means_harm_is_only_read(text: str) -> None:
    deck = pptx.Presentation(io.BytesIO(pptx_bytes(hostile(text), case_id="c")))
    check_layout(deck)
    letters = Counter("".join(legible(words_of(hostile(text))).split()))
    assert letters <= Counter(text_of(deck))
    assert len(text) > 500 or all(line in text_of(deck) for line in legible(text).split("\n"))
    clicks = [rel for slide in deck.slides for rel in slide.part.rels.values() if rel.is_external]
    assert clicks == []


def test_a_text_of_many_slides_is_all_there_and_takes_seconds_at_most() -> None:
    words = [f"word{number}" for number in range(1800)]
    begun = process_time()
    made = pptx_bytes([Page("Long", (Facts([("History", " ".join(words))]),))], case_id="c")
    assert process_time() - begun < 3
    deck = pptx.Presentation(io.BytesIO(made))
    assert re.findall(r"word\d+", text_of(deck)) == words
    check_layout(deck)


def test_ten_thousand_letters_without_a_space_go_on_from_slide_to_slide() -> None:
    word = "w" * 10_000
    page = Page(word, (Headline(word), Bullets([word]), Pictures([picture(words=word)]), Note(word)))
    deck = pptx.Presentation(io.BytesIO(pptx_bytes([page], case_id="c")))
    body = "".join(line.text for slide in deck.slides for line in paragraphs(slide))
    assert body.count("w") >= 5 * len(word)
    check_layout(deck)


def test_columns_stand_side_by_side(deck: Any) -> None:
    slide = next(slide for slide in deck.slides if slide.shapes.title.text == "Two columns")
    listed = next(shape for shape in slide.shapes if shape.has_text_frame and "one" in shape.text_frame.text)
    shown = next(shape for shape in slide.shapes if shape.shape_type == MSO_SHAPE_TYPE.PICTURE)
    assert listed.left + listed.width <= shown.left
    assert abs(listed.top - shown.top) < Inches(0.1)


def hospital(path: Path, change: Any = lambda _: None) -> Path:
    """A template such as hospitals have: 4:3, with slides, an author, a thumbnail and a narrow footer."""
    deck = pptx.Presentation()
    deck.core_properties.author = "A. N. Author"
    slide = deck.slides.add_slide(deck.slide_layouts[0])
    slide.shapes.title.text = "Example slide of the hospital"
    logo = slide.shapes.add_textbox(0, 0, Inches(2), Inches(0.3))
    logo.text_frame.text = "St Elsewhere"
    deck.slide_master.shapes._spTree.append(logo._element)
    change(deck)
    deck.save(str(path))
    return path


def test_a_hospital_s_own_template_keeps_its_design_and_loses_its_slides(tmp_path: Path) -> None:
    template = hospital(tmp_path / "hospital.pptx")
    write_pptx(sample(), tmp_path / "deck.pptx", case_id="case_1", template=template)
    deck = pptx.Presentation(str(tmp_path / "deck.pptx"))
    assert deck.slide_width / deck.slide_height == pytest.approx(4 / 3)
    assert "St Elsewhere" in [shape.text_frame.text for shape in deck.slide_master.shapes if shape.has_text_frame]
    assert "Example slide" not in text_of(deck)
    assert deck.slides[0].shapes.title.text == "Question"
    assert deck.core_properties.author == ""
    check_layout(deck)
    for slide in deck.slides:
        assert any(PURPOSE in line.text for line in paragraphs(slide))


def test_a_template_without_a_title_gets_a_title_of_our_own(tmp_path: Path) -> None:
    def only_blank(deck: Any) -> None:
        deck.slides._sldIdLst.remove(deck.slides._sldIdLst[0])
        deck.part.drop_rel(next(key for key, rel in deck.part.rels.items() if rel.reltype.endswith("/slide")))
        for layout in list(deck.slide_layouts)[:6] + list(deck.slide_layouts)[7:]:
            deck.slide_layouts.remove(layout)

    template = hospital(tmp_path / "blank.pptx", only_blank)
    write_pptx(sample(), tmp_path / "deck.pptx", case_id="c", template=template)
    deck = pptx.Presentation(str(tmp_path / "deck.pptx"))
    check_layout(deck)
    assert "Question" in [line.text for line in paragraphs(deck.slides[0])]


def test_a_template_that_cannot_be_used_is_refused_in_one_line(tmp_path: Path) -> None:
    broken = tmp_path / "broken.pptx"
    broken.write_bytes(b"PK\x03\x04 not really")
    document = tmp_path / "document.pptx"
    with zipfile.ZipFile(document, "w") as held:
        held.writestr("word/document.xml", "<w/>")

    def linked(deck: Any) -> None:
        kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/image"
        deck.slide_master.part.relate_to("file:///somewhere/logo.png", kind, is_external=True)

    for path in (broken, document, tmp_path / "absent.pptx"):
        with pytest.raises(PresentationError, match=r"^the template is no \.pptx presentation .*\)$"):
            pptx_bytes(sample(), case_id="c", template=path)
    with pytest.raises(PresentationError, match=r"links to what lies outside it \(image\)"):
        pptx_bytes(sample(), case_id="c", template=hospital(tmp_path / "linked.pptx", linked))


def test_a_picture_that_is_none_is_refused() -> None:
    page = Page("Pictures", (Pictures([KeyImage(b"GIF89a", "caption", "alt")]),))
    with pytest.raises(PresentationError, match="a picture of 6 bytes is no PNG"):
        pptx_bytes([page], case_id="c")


def test_a_deck_of_twenty_four_pages_takes_three_seconds_at_most() -> None:
    begun = process_time()
    pptx_bytes(sample() * 4, case_id="c")
    assert process_time() - begun < 3


def test_pages_without_blocks_and_empty_texts_are_slides_too() -> None:
    pages = [Page("Nothing"), Page("", (Facts([]), Bullets([]), Headline(""), Note(""), Table(("a",), [("",)])))]
    deck = pptx.Presentation(io.BytesIO(pptx_bytes(pages, case_id="c")))
    assert len(deck.slides) == 2


def test_pictures_keep_their_shape_and_stand_in_reading_order() -> None:
    images = [picture(400, 200), picture(100, 300), picture(300, 300), picture(640, 480), picture(50, 50)]
    deck = pptx.Presentation(io.BytesIO(pptx_bytes([Page("Pictures", (Pictures(images),))], case_id="c")))
    shown = [shape for shape in deck.slides[0].shapes if shape.shape_type == MSO_SHAPE_TYPE.PICTURE]
    assert [shape.width / shape.height for shape in shown] == pytest.approx([2, 1 / 3, 1, 4 / 3, 1], rel=1e-3)
    order = sorted(shown, key=lambda shape: (round(shape.top / Inches(0.2)), shape.left))
    assert [shape.shape_id for shape in order] == [shape.shape_id for shape in shown]
