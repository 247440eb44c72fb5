"""An editable deck: native tables and text, pictures with their words, in a plain design or a hospital's own."""

import io
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

from pptx.enum.lang import MSO_LANGUAGE_ID
from pptx.oxml import parse_xml
from pptx.oxml.ns import nsdecls
from pptx.presentation import Presentation
from pptx.util import Pt

from sarcoma_review.present.legible import legible
from sarcoma_review.present.pages import Bullets, Page
from sarcoma_review.present.pptx_draw import draw
from sarcoma_review.present.pptx_flow import Slide, lay
from sarcoma_review.present.pptx_frame import FOOTER_PT, Frame, frame
from sarcoma_review.present.pptx_letters import quieten, text_box, write
from sarcoma_review.present.pptx_template import FURNITURE, own, plain
from sarcoma_review.present.pptx_text import height_in, wrapped
from sarcoma_review.present.pptx_words import CONTINUED, Paragraph
from sarcoma_review.privacy.text import PURPOSE

# A file says nothing of when it was made, and is the same each time.
_NO_DAY = datetime(2000, 1, 1)
_NO_ZIP_DAY = (1980, 1, 1, 0, 0, 0)
_LEAST_TITLE_PT, _TITLE_STEP_PT = 22.0, 2.0
_PARTS = {"before": "", "after": ", after the opinions"}
_NUMBER = (
    f'<a:fld {nsdecls("a")} id="{{{{B6F15528-21DE-4FAA-801E-634DDDAF4B2B}}}}" type="slidenum">'
    '<a:rPr lang="en-GB" sz="1000"/><a:t>{number}</a:t></a:fld>'
)


def write_pptx(pages: Sequence[Page], path: Path, *, case_id: str, template: Path | None = None) -> None:
    """Write pages as slides that can be edited.

    Parameters
    ----------
    pages : sequence of Page
    path : Path
        What stands there is replaced.
    case_id : str
        A pseudonym; stands at the foot of every slide with what the deck is for.
    template : Path, optional
        A hospital's own ``.pptx``: its design is kept and its slides are left out. The plain 16:9 design without it.

    Raises
    ------
    PresentationError
        If the template cannot be used, or a picture cannot be read.

    Notes
    -----
    Letters are as large as the room allows, and no smaller than 16 points (11.5 in dense tables, 12 in notes, 10 at
    the foot). What does not fit on a slide goes on on a further one. Room is measured with a font wider than Arial
    and Calibri; a template in a still wider one may need a hand.
    """
    path.write_bytes(pptx_bytes(pages, case_id=case_id, template=template))


def pptx_bytes(pages: Sequence[Page], *, case_id: str, template: Path | None = None) -> bytes:
    """The deck as bytes, the same for the same pages every time; see `write_pptx`."""
    deck = own(template) if template else plain()
    foot = {part: legible(f"Case {case_id}{words}. {PURPOSE}") for part, words in _PARTS.items()}
    places = frame(deck, foot["after"])
    numbers = count(1)
    for page in pages:
        for title, laid in _slides(page, places):
            slide = _slide(deck, places, title)
            for placed in laid:
                draw(slide, placed)
            _furnish(slide, places, foot[page.part], next(numbers))
    _describe(deck, legible(f"Case {case_id}"))
    return _same_each_time(deck)


def _slides(page: Page, places: Frame) -> Iterator[tuple[str, Slide]]:
    """Each slide of a page with its title; a title too long for its place stands whole among the content."""
    title = legible(page.title)
    short = _fitting(title, places)
    if short != title:
        page = replace(page, blocks=(Bullets((), title), *page.blocks))
    for number, laid in enumerate(lay(page, places.body)):
        yield (_fitting(title, places, CONTINUED) if number else short), laid


def _fitting(title: str, places: Frame, ending: str = "") -> str:
    """As much of a title as fits in its place in the least size."""
    if _title_pt(title + ending, places):
        return title + ending
    low, high = 0, len(title)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if _title_pt(f"{title[:middle]} …{ending}", places) else (low, middle - 1)
    return f"{title[:low].rstrip()} …{ending}"


def _title_pt(title: str, places: Frame) -> float | None:
    """The largest size in which a title fits; None where none does."""
    size = places.title_pt
    inside = places.title.width - 0.2
    while size >= min(_LEAST_TITLE_PT, places.title_pt):
        if height_in(len(wrapped(title, inside, size, bold=True)), size) <= places.title.height:
            return size
        size -= _TITLE_STEP_PT
    return None


def _slide(deck: Presentation, places: Frame, title: str) -> Any:
    slide = deck.slides.add_slide(places.layout)
    for shape in list(slide.placeholders):
        if shape != slide.shapes.title:
            shape.element.getparent().remove(shape.element)
    size = _title_pt(title, places) or _LEAST_TITLE_PT
    held = slide.shapes.title.text_frame if places.has_title else text_box(slide, places.title)
    paragraph = held.paragraphs[0]
    paragraph.text = title.replace("\n", "\v")
    for run in paragraph.runs:
        run.font.language_id = MSO_LANGUAGE_ID.ENGLISH_UK
        if not places.has_title:
            run.font.bold = True
        if size != places.title_pt or not places.has_title:
            run.font.size = Pt(size)
    return slide


def _furnish(slide: Any, places: Frame, foot: str, number: int) -> None:
    """What the deck is for, and the number of the slide, as a field that stays right when slides move."""
    line = Paragraph(foot, FOOTER_PT)
    footer = _placeholder(slide, places, "ftr") if places.has_footer else text_box(slide, places.footer)
    write(footer.paragraphs[0], line)
    for run in footer.paragraphs[0].runs:
        quieten(run.font.color)
    held = _placeholder(slide, places, "sldNum") if places.has_number else text_box(slide, places.number)
    held.paragraphs[0]._p.insert(0, parse_xml(_NUMBER.format(number=number)))
    if not places.has_number:
        held.paragraphs[0]._p.get_or_add_pPr().set("algn", "r")


def _placeholder(slide: Any, places: Frame, kind: str) -> Any:
    """A slide's own copy of what the layout has at the foot: it keeps the layout's place and letters."""
    like = next(
        each.element
        for each in places.layout.placeholders
        if each.placeholder_format.type in FURNITURE and each.element.ph.get("type") == kind
    )
    index = like.ph.get("idx")
    shape = parse_xml(
        f"<p:sp {nsdecls('p', 'a')}><p:nvSpPr><p:cNvPr id='{slide.shapes._next_shape_id}' name='{kind}'/>"
        f"<p:cNvSpPr><a:spLocks noGrp='1'/></p:cNvSpPr>"
        f"<p:nvPr><p:ph type='{kind}' idx='{index}'/></p:nvPr></p:nvSpPr>"
        "<p:spPr/><p:txBody><a:bodyPr/><a:lstStyle/><a:p/></p:txBody></p:sp>"
    )
    slide.shapes._spTree.append(shape)
    return slide.shapes[-1].text_frame


def _describe(deck: Presentation, title: str) -> None:
    told = deck.core_properties
    told.title, told.language, told.last_modified_by = title, "en-GB", ""
    told.modified = _NO_DAY


def _same_each_time(deck: Presentation) -> bytes:
    """The file with no time of day in it."""
    with io.BytesIO() as loose, io.BytesIO() as out:
        deck.save(loose)
        with zipfile.ZipFile(loose) as held, zipfile.ZipFile(out, "w") as kept:
            for name in held.namelist():
                entry = zipfile.ZipInfo(name, _NO_ZIP_DAY)
                packed = zipfile.ZIP_STORED if name.endswith(".png") else zipfile.ZIP_DEFLATED
                kept.writestr(entry, held.read(name), compress_type=packed)
        return out.getvalue()
