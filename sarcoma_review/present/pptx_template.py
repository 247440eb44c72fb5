"""The slides a deck begins from: a plain 16:9 design, or a hospital's own; neither brings along who made it."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pptx
from lxml import etree
from pptx.enum.shapes import PP_PLACEHOLDER
from pptx.exc import PythonPptxError
from pptx.opc.constants import RELATIONSHIP_TYPE as RT
from pptx.oxml.ns import qn
from pptx.presentation import Presentation
from pptx.util import Inches

from sarcoma_review.errors import PresentationError

FURNITURE = (PP_PLACEHOLDER.DATE, PP_PLACEHOLDER.FOOTER, PP_PLACEHOLDER.SLIDE_NUMBER)
"""What stands on every slide and is not its content."""

_WIDTH_IN, _HEIGHT_IN = 13.333, 7.5
_TITLE_PT, _FOOTER_PT = 28, 10
_BOXES_IN = {
    PP_PLACEHOLDER.TITLE: (0.55, 0.35, 12.23, 0.8),
    PP_PLACEHOLDER.BODY: (0.55, 1.3, 12.23, 5.35),
    PP_PLACEHOLDER.FOOTER: (0.55, 6.85, 11.2, 0.45),
    PP_PLACEHOLDER.SLIDE_NUMBER: (11.88, 6.85, 0.9, 0.45),
}
# Okabe and Ito's palette, as in the figures.
_COLOURS = {
    "dk2": "00395C",
    "lt2": "EEF2F5",
    "accent1": "0072B2",
    "accent2": "D55E00",
    "accent3": "009E73",
    "accent4": "CC79A7",
    "accent5": "56B4E9",
    "accent6": "E69F00",
}
# Arial is on every hospital's machine, and whatever stands in for it elsewhere is as wide.
_FONT = "Arial"

_KEPT = frozenset(
    {
        RT.SLIDE_MASTER,
        RT.NOTES_MASTER,
        RT.HANDOUT_MASTER,
        RT.PRES_PROPS,
        RT.THEME,
        RT.TABLE_STYLES,
        RT.FONT,
        RT.SLIDE,
    }
)
"""What a presentation refers to and needs; the rest (printers, revisions, people, forms) may name someone."""


def plain() -> Presentation:
    """A deck without slides in the design of this package."""
    deck = pptx.Presentation()
    only = next(each for each in deck.slide_layouts if _types(each) == {PP_PLACEHOLDER.TITLE})
    for layout in list(deck.slide_layouts):
        if layout is not only:
            deck.slide_layouts.remove(layout)
    deck.slide_width, deck.slide_height = Inches(_WIDTH_IN), Inches(_HEIGHT_IN)
    deck.element.sldSz.attrib.pop("type", None)
    for page in (deck.slide_master, only):
        _furnish(page)
    _restyle(deck)
    return _anonymous(deck)


def own(path: Path) -> Presentation:
    """A hospital's template without its slides.

    Raises
    ------
    PresentationError
        If it is no ``.pptx``, has no layout, or would fetch something from elsewhere when it is opened.
    """
    try:
        deck = pptx.Presentation(io.BytesIO(path.read_bytes()))
        layouts = list(deck.slide_layouts)
        linked = [rel.reltype for rel in deck.part.package.iter_rels() if rel.is_external]
    except (
        OSError,
        ValueError,
        KeyError,
        AttributeError,
        zipfile.BadZipFile,
        PythonPptxError,
        etree.Error,
    ) as problem:
        reason = type(problem).__name__
        raise PresentationError(f"the template is no .pptx presentation that can be read ({reason})") from problem
    if not layouts:
        raise PresentationError("the template has no slide layout; expected one at least")
    if fetched := [kind.rsplit("/", 1)[-1] for kind in linked if kind != RT.HYPERLINK]:
        raise PresentationError(f"the template links to what lies outside it ({fetched[0]}); embed it instead")
    _drop_slides(deck)
    return _anonymous(deck)


def _types(page: Any) -> set[PP_PLACEHOLDER]:
    return {each.placeholder_format.type for each in page.placeholders} - set(FURNITURE)


def _furnish(page: Any) -> None:
    """Put the placeholders of a master or layout in their places; the date has none."""
    for shape in list(page.placeholders):
        box = _BOXES_IN.get(shape.placeholder_format.type)
        if box is None:
            shape.element.getparent().remove(shape.element)
            continue
        shape.left, shape.top, shape.width, shape.height = (Inches(each) for each in box)


def _restyle(deck: Presentation) -> None:
    master = deck.slide_master
    title = master.element.find(f".//{qn('p:titleStyle')}/{qn('a:lvl1pPr')}")
    title.set("algn", "l")
    letters = title.find(qn("a:defRPr"))
    letters.set("sz", str(100 * _TITLE_PT))
    letters.set("b", "1")
    letters.find(f".//{qn('a:schemeClr')}").set("val", "tx2")
    sizes = {PP_PLACEHOLDER.FOOTER: "l", PP_PLACEHOLDER.SLIDE_NUMBER: "r"}
    for shape in master.placeholders:
        if side := sizes.get(shape.placeholder_format.type):
            style = shape.element.find(f".//{qn('a:lstStyle')}/{qn('a:lvl1pPr')}")
            style.set("algn", side)
            style.find(qn("a:defRPr")).set("sz", str(100 * _FOOTER_PT))
    theme = master.part.part_related_by(RT.THEME)
    theme.blob = _recoloured(theme.blob)


def _recoloured(theme: bytes) -> bytes:
    root = etree.fromstring(theme)
    for name, colour in _COLOURS.items():
        entry = root.find(f".//{qn('a:clrScheme')}/{qn(f'a:{name}')}")
        entry[:] = [etree.Element(qn("a:srgbClr"), val=colour)]
    for latin in root.iterfind(f".//{qn('a:fontScheme')}//{qn('a:latin')}"):
        latin.set("typeface", _FONT)
    for named in (root, *root.iterfind(f"./{qn('a:themeElements')}/*")):
        named.set("name", "Case review")
    whole: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)
    return whole


def _drop_slides(deck: Presentation) -> None:
    listed = deck.element.get_or_add_sldIdLst()
    for entry in list(listed):
        deck.part.rels.pop(entry.rId)
        listed.remove(entry)


def _anonymous(deck: Presentation) -> Presentation:
    """Take away the thumbnail, printers, revisions, comments' authors and forms that a template may hold."""
    package = deck.part.package
    for key, rel in list(package._rels.items()):
        if rel.reltype != RT.OFFICE_DOCUMENT:
            package.drop_rel(key)
    for key, rel in list(deck.part.rels.items()):
        if rel.reltype not in _KEPT:
            deck.part.rels.pop(key)
    for name in ("p:custDataLst", "p:extLst", "p:smartTags", "p:modifyVerifier", "p:photoAlbum"):
        for element in deck.element.findall(qn(name)):
            deck.element.remove(element)
    return deck


def placeholders(page: Any, kind: PP_PLACEHOLDER) -> Iterator[Any]:
    """The placeholders of one kind on a layout or master."""
    return (each for each in page.placeholders if each.placeholder_format.type == kind)
