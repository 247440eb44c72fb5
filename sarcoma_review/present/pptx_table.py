"""Native tables of a slide: a line below each row, and rulers beside it."""

from typing import Any

from pptx.enum.text import MSO_ANCHOR
from pptx.oxml import parse_xml
from pptx.oxml.ns import nsdecls, qn
from pptx.util import Inches

from sarcoma_review.present.pages import NOT_RECORDED
from sarcoma_review.present.pptx_flow import Box
from sarcoma_review.present.pptx_grid import CELL_ACROSS_IN, CELL_DOWN_IN, RULER_GAP_IN, Grid
from sarcoma_review.present.pptx_letters import describe, text_box, write
from sarcoma_review.present.pptx_ruler import draw_rulers
from sarcoma_review.present.pptx_words import Paragraph

_NO_STYLE = "{2D5ABB26-0587-4C30-8999-92F81FD0307C}"  # "No style, no grid": lines are drawn cell by cell
_THICK, _THIN = 19050, 6350  # EMU
_STRONG = '<a:schemeClr val="tx1"/>'
_FAINT = '<a:schemeClr val="tx1"><a:lumMod val="50000"/><a:lumOff val="50000"/></a:schemeClr>'


def draw_grid(slide: Any, grid: Grid, box: Box) -> None:
    """Draw a table with what stands over and beside it."""
    over = grid.heading_in(box.width)
    if grid.heading:
        write(text_box(slide, Box(box.left, box.top, box.width, over)).paragraphs[0], grid.over())
    heights, widths = grid.heights_in(box.width), grid.columns_in(box.width)
    place = Box(box.left, box.top + over, sum(widths), sum(heights))
    table = _table(slide, grid, place, heights, widths)
    if grid.head:
        _row(table.rows[0], [Paragraph(text, grid.size_pt, bold=True, quiet=True) for text in grid.head], thick=True)
    for number, cells in enumerate(grid.rows):
        strong = number in grid.strong
        row = table.rows[number + bool(grid.head)]
        _row(row, [_cell(grid, text, name=n == 0, strong=strong) for n, text in enumerate(cells)], thick=strong)
    if grid.rulers:
        left = box.left + grid.table_in(box.width) + RULER_GAP_IN
        beside = Box(left, place.top, box.left + box.width - left, place.height)
        head = heights[0] if grid.head else 0.0
        draw_rulers(slide, grid, beside, [head, *heights[bool(grid.head) :]])


def _table(slide: Any, grid: Grid, place: Box, heights: list[float], widths: list[float]) -> Any:
    corners = (Inches(each) for each in (place.left, place.top, place.width, place.height))
    shape = slide.shapes.add_table(len(heights), len(widths), *corners)
    describe(shape, grid.label)
    table = shape.table
    table._tbl.tblPr.find(qn("a:tableStyleId")).text = _NO_STYLE
    table.horz_banding, table.first_row, table.first_col = False, bool(grid.head), not grid.head
    for column, width in zip(table.columns, widths, strict=True):
        column.width = Inches(width)
    for row, height in zip(table.rows, heights, strict=True):
        row.height = Inches(height)
    return table


def _cell(grid: Grid, text: str, *, name: bool, strong: bool) -> Paragraph:
    """The names of facts, and what is not recorded, are quiet."""
    quiet = text == NOT_RECORDED or (name and not grid.head)
    return Paragraph(text, grid.size_pt, bold=strong, quiet=quiet)


def _row(row: Any, cells: list[Paragraph], *, thick: bool) -> None:
    for cell, words in zip(row.cells, cells, strict=True):
        cell.margin_left = cell.margin_right = Inches(CELL_ACROSS_IN)
        cell.margin_top = cell.margin_bottom = Inches(CELL_DOWN_IN)
        cell.vertical_anchor = MSO_ANCHOR.TOP
        write(cell.text_frame.paragraphs[0], words)
        if words.text == NOT_RECORDED:
            cell.text_frame.paragraphs[0].runs[0].font.italic = True
        _underline(cell, thick=thick)
    row.cells[0].margin_left = 0  # its words stand below the title's


def _underline(cell: Any, *, thick: bool) -> None:
    """One line below a cell, heavier where the row stands out."""
    properties = cell._tc.get_or_add_tcPr()
    for side in ("lnL", "lnR", "lnT"):
        properties.append(parse_xml(f'<a:{side} {nsdecls("a")} w="0"><a:noFill/></a:{side}>'))
    width, colour = (_THICK, _STRONG) if thick else (_THIN, _FAINT)
    line = f'<a:lnB {nsdecls("a")} w="{width}"><a:solidFill>{colour}</a:solidFill></a:lnB>'
    properties.append(parse_xml(line))
