"""Intervals drawn beside a table, each at the height of its row."""

from dataclasses import dataclass
from typing import Any

from pptx.enum.dml import MSO_THEME_COLOR
from pptx.enum.shapes import MSO_CONNECTOR, MSO_SHAPE
from pptx.enum.text import MSO_ANCHOR, PP_ALIGN
from pptx.util import Inches, Pt

from sarcoma_review.present.pages import Interval
from sarcoma_review.present.pptx_flow import Box
from sarcoma_review.present.pptx_grid import Grid
from sarcoma_review.present.ruler import ticks_mm

_LABEL_PT, _LABEL_IN, _LABEL_HIGH_IN = 11, 0.7, 0.25
_DOT_IN, _BAR_PT = 0.15, 5.0


def draw_rulers(slide: Any, grid: Grid, box: Box, heights_in: list[float]) -> None:
    """Draw the rulers of a table in a box beside it.

    Parameters
    ----------
    slide : Slide
    grid : Grid
    box : Box
    heights_in : list of float
        Of the head, and of each row.
    """
    group = slide.shapes.add_group_shape()
    scale = _Scale(box, grid.scale_mm)
    top, bottom = box.top + heights_in[0], box.top + sum(heights_in)
    for mm in ticks_mm(grid.scale_mm):
        _tick(group, scale, mm, top, bottom)
    middle = top
    for ruler, height in zip(grid.rulers, heights_in[1:], strict=True):
        _interval(group, scale, ruler, middle + height / 2)
        middle += height
    said = "; ".join(f"{row[0]}: {_words(ruler)}" for row, ruler in zip(grid.rows, grid.rulers, strict=True))
    group._element.xpath("./p:nvGrpSpPr/p:cNvPr")[0].set("descr", f"Rulers in mm. {said}")


def _words(ruler: Interval) -> str:
    return f"{ruler.value:.1f} mm, between {ruler.low:.1f} and {ruler.high:.1f} mm"


@dataclass(frozen=True)
class _Scale:
    """From mm to inches across a slide."""

    box: Box
    ends_mm: tuple[float, float]

    def across(self, mm: float) -> float:
        low, high = self.ends_mm
        return self.box.left + _LABEL_IN / 2 + (self.box.width - _LABEL_IN) * (mm - low) / (high - low)


def _tick(group: Any, scale: _Scale, mm: float, top: float, bottom: float) -> None:
    x = scale.across(mm)
    line = _line(group, (x, top), (x, bottom))
    line.width = Pt(2.0 if mm == 0 else 0.75)
    line.color.theme_color = MSO_THEME_COLOR.ACCENT_2 if mm == 0 else MSO_THEME_COLOR.TEXT_1
    if mm:
        line.color.brightness = 0.6
    place = (x - _LABEL_IN / 2, top - _LABEL_HIGH_IN, _LABEL_IN, _LABEL_HIGH_IN)
    frame = group.shapes.add_textbox(*(Inches(each) for each in place)).text_frame
    frame.margin_left = frame.margin_right = frame.margin_top = frame.margin_bottom = Inches(0)
    frame.vertical_anchor = MSO_ANCHOR.BOTTOM
    paragraph = frame.paragraphs[0]
    paragraph.alignment = PP_ALIGN.CENTER
    run = paragraph.add_run()
    run.text = f"{mm:g}".replace("-", "−") + (" mm" if mm == 0 else "")
    run.font.size = Pt(_LABEL_PT)


def _interval(group: Any, scale: _Scale, ruler: Interval, y: float) -> None:
    bar = _line(group, (scale.across(ruler.low), y), (scale.across(ruler.high), y))
    bar.width = Pt(_BAR_PT)
    bar.color.theme_color = MSO_THEME_COLOR.ACCENT_1
    bar.color.brightness = 0.5
    left, top = scale.across(ruler.value) - _DOT_IN / 2, y - _DOT_IN / 2
    dot = group.shapes.add_shape(MSO_SHAPE.OVAL, *(Inches(each) for each in (left, top, _DOT_IN, _DOT_IN)))
    dot.fill.solid()
    dot.fill.fore_color.theme_color = MSO_THEME_COLOR.ACCENT_1
    dot.line.fill.background()


def _line(group: Any, first: tuple[float, float], last: tuple[float, float]) -> Any:
    ends = (Inches(each) for each in (*first, *last))
    return group.shapes.add_connector(MSO_CONNECTOR.STRAIGHT, *ends).line
