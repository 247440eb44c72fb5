"""Words written into native text of a slide."""

from typing import Any

from pptx.dml.color import ColorFormat
from pptx.enum.dml import MSO_THEME_COLOR
from pptx.enum.lang import MSO_LANGUAGE_ID
from pptx.enum.text import MSO_ANCHOR, MSO_AUTO_SIZE
from pptx.oxml import parse_xml
from pptx.oxml.ns import nsdecls
from pptx.text.text import TextFrame, _Paragraph
from pptx.util import Inches, Pt

from sarcoma_review.present.pptx_flow import Box
from sarcoma_review.present.pptx_words import BULLET_IN, Paragraph

_QUIET = 0.35  # lighter than the text, and still 7 : 1 on white


def text_box(slide: Any, box: Box) -> TextFrame:
    """An empty text box without rims, which does not change its own size."""
    shape = slide.shapes.add_textbox(*(Inches(each) for each in (box.left, box.top, box.width, box.height)))
    frame: TextFrame = shape.text_frame
    frame.margin_left = frame.margin_right = frame.margin_top = frame.margin_bottom = Inches(0)
    frame.word_wrap, frame.auto_size, frame.vertical_anchor = True, MSO_AUTO_SIZE.NONE, MSO_ANCHOR.TOP
    return frame


def write(paragraph: _Paragraph, words: Paragraph) -> None:
    """Write words into an empty paragraph."""
    paragraph.space_before = Pt(words.above_pt)
    paragraph.text = words.text.replace("\n", "\v")
    for run in paragraph.runs:
        run.font.size, run.font.bold = Pt(words.size_pt), words.bold
        run.font.language_id = MSO_LANGUAGE_ID.ENGLISH_UK
        if words.quiet:
            quieten(run.font.color)
    if words.bullet:
        _bullet(paragraph)


def quieten(colour: ColorFormat) -> None:
    """The text's colour, a little nearer to the background."""
    colour.theme_color = MSO_THEME_COLOR.TEXT_1
    colour.brightness = _QUIET


def _bullet(paragraph: _Paragraph) -> None:
    properties = paragraph._p.get_or_add_pPr()
    indent = Inches(BULLET_IN)
    properties.set("marL", str(indent))
    properties.set("indent", str(-indent))
    properties.append(parse_xml(f'<a:buFont {nsdecls("a")} typeface="Arial"/>'))
    properties.append(parse_xml(f'<a:buChar {nsdecls("a")} char="•"/>'))


def describe(shape: Any, words: str) -> None:
    """Give a shape the words that stand in its place for whoever cannot see it."""
    named = shape._element.xpath(".//p:cNvPr")[0]
    named.set("descr", words)
