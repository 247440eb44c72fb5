"""Where title, content, footer and page number stand on the slides of a design."""

from dataclasses import dataclass, replace
from typing import Any

from pptx.enum.shapes import PP_PLACEHOLDER
from pptx.oxml.ns import qn
from pptx.presentation import Presentation

from sarcoma_review.present.pptx_flow import Box
from sarcoma_review.present.pptx_template import FURNITURE, placeholders
from sarcoma_review.present.pptx_text import height_in, wrapped

_EMU_IN = 914400
_EDGE_IN, _TITLE_IN, _FOOT_IN, _NUMBER_IN = 0.5, 0.9, 0.45, 0.7
_INSET_IN = 0.1  # of the words of a placeholder
_LEAST_IN = (5.0, 2.5)  # of the content, width and height
_TITLE_PT = 44.0  # where a template tells none
FOOTER_PT = 10.0
_TITLES = (PP_PLACEHOLDER.TITLE, PP_PLACEHOLDER.CENTER_TITLE)
_FEET, _NUMBERS = (PP_PLACEHOLDER.FOOTER,), (PP_PLACEHOLDER.SLIDE_NUMBER,)
_CONTENTS = (PP_PLACEHOLDER.OBJECT, PP_PLACEHOLDER.BODY)


@dataclass(frozen=True)
class Frame:
    """Places on a slide, in inches.

    Parameters
    ----------
    layout : SlideLayout
    title, body, footer, number : Box
    title_pt : float
        Size of the title's letters.
    has_title, has_footer, has_number : bool
        Whether the layout has a placeholder for it, whose place is then the layout's.
    """

    layout: Any
    title: Box
    body: Box
    footer: Box
    number: Box
    title_pt: float
    has_title: bool
    has_footer: bool
    has_number: bool


def frame(deck: Presentation, footer: str) -> Frame:
    """Find the layout that has a title and room below, and the places on it.

    Parameters
    ----------
    deck : Presentation
    footer : str
        What must find room at the foot.
    """
    paper = Box(0, 0, *(float(each or 0) / _EMU_IN for each in (deck.slide_width, deck.slide_height)))
    layout = min(deck.slide_layouts, key=_rank)
    titles, feet, numbers = (_first(layout, *kinds) for kinds in (_TITLES, _FEET, _NUMBERS))
    title = _box(titles) or Box(_EDGE_IN, 0.35, paper.width - 2 * _EDGE_IN, _TITLE_IN)
    body = _body(deck, layout, title, _floor(paper, feet, numbers))
    if titles is None:
        title = replace(title, left=body.left, width=body.width)
    foot = _box(feet)
    has_footer = foot is not None and _fits(footer, foot)
    if foot is None or not has_footer:  # above whatever the design has at the foot
        need = height_in(len(wrapped(footer, body.width, FOOTER_PT)), FOOTER_PT)
        foot = Box(body.left, body.top + body.height - need, body.width, need)
        body = replace(body, height=body.height - need - 0.1)
    corner = Box(paper.width - _EDGE_IN - _NUMBER_IN, paper.height - _FOOT_IN, _NUMBER_IN, _FOOT_IN - 0.1)
    return Frame(
        layout=layout,
        title=title,
        body=body,
        footer=foot,
        number=_box(numbers) or corner,
        title_pt=_title_pt(deck, titles),
        has_title=titles is not None,
        has_footer=has_footer,
        has_number=numbers is not None,
    )


def _first(layout: Any, *kinds: PP_PLACEHOLDER) -> Any:
    return next((each for kind in kinds for each in placeholders(layout, kind)), None)


def _floor(paper: Box, *furniture: Any) -> float:
    """Where the foot of the slide begins."""
    boxes = [box for box in map(_box, furniture) if box and box.top > paper.height / 2]
    return min([box.top for box in boxes], default=paper.height - _FOOT_IN)


def _rank(layout: Any) -> int:
    """Title alone is best; then title and one place for content; then any title; then nothing at all."""
    kinds = [each.placeholder_format.type for each in layout.placeholders]
    rest = [kind for kind in kinds if kind not in FURNITURE]
    if PP_PLACEHOLDER.TITLE in rest:
        others = len(rest) - 1
        return others if others == 0 or (others == 1 and set(rest) & set(_CONTENTS)) else 2 + others
    return 100 + len(rest)


def _box(shape: Any) -> Box | None:
    if shape is None or None in (shape.left, shape.top, shape.width, shape.height):
        return None
    return Box(*(each / _EMU_IN for each in (shape.left, shape.top, shape.width, shape.height)))


def _body(deck: Presentation, layout: Any, title: Box, floor: float) -> Box:
    """Where the design puts its content: by the layout, by a like one, or by the master."""
    alike = [each for each in deck.slide_layouts if _rank(each) == 1]
    pages = (layout, *alike, layout.slide_master)
    shapes = (each for page in pages for kind in _CONTENTS for each in placeholders(page, kind))
    for box in filter(None, map(_box, shapes)):
        top = max(box.top, title.top + title.height)
        fitted = Box(box.left, top, box.width, min(box.top + box.height, floor) - top)
        fitted = replace(fitted, left=box.left + _INSET_IN, width=box.width - 2 * _INSET_IN)
        if fitted.width >= _LEAST_IN[0] and fitted.height >= _LEAST_IN[1]:
            return fitted
    below = title.top + title.height + 0.15
    return Box(_EDGE_IN, below, float(deck.slide_width or 0) / _EMU_IN - 2 * _EDGE_IN, floor - below)


def _fits(text: str, box: Box) -> bool:
    inside = box.width - 2 * _INSET_IN
    return height_in(len(wrapped(text, inside, FOOTER_PT)), FOOTER_PT) <= box.height


def _title_pt(deck: Presentation, title: Any) -> float:
    places = [title.element] if title is not None else []
    path = f".//{qn('a:lvl1pPr')}/{qn('a:defRPr')}"
    found = [each.find(path) for each in places]
    found.append(deck.slide_master.element.find(f".//{qn('p:titleStyle')}/{qn('a:lvl1pPr')}/{qn('a:defRPr')}"))
    told = [float(each.get("sz")) / 100 for each in found if each is not None and each.get("sz")]
    return told[0] if told else _TITLE_PT
