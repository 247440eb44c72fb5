"""Pieces laid on as many slides as they need, in letters as large as the room allows."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sarcoma_review.present.pages import Block, Headline, Note, Page
from sarcoma_review.present.pptx_gallery import Gallery
from sarcoma_review.present.pptx_grid import Grid
from sarcoma_review.present.pptx_pieces import SIZES, Piece, Sizes, pieces

GAP_IN = 0.2
_GUTTER_IN = 0.45
_ROUNDING_IN = 1e-6
_MANY = 3  # slides in the smallest letters: larger ones are not tried


@dataclass(frozen=True)
class Box:
    """A place on a slide, in inches."""

    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True)
class Placed:
    """A piece at its place."""

    piece: Piece
    box: Box


Slide = list[Placed]


def lay(page: Page, area: Box) -> list[Slide]:
    """Lay the blocks of a page on one slide, or on several where they do not fit; nothing is left out.

    Raises
    ------
    PresentationError
        If a picture cannot be read.
    """
    small = _stacked(pieces(page.blocks, SIZES[-1]), area)
    if len(small) > _MANY:
        return small
    in_columns = [slides for sizes in SIZES if (slides := _side_by_side(page, area, sizes))]
    stacked = [*(_stacked(pieces(page.blocks, sizes), area) for sizes in SIZES[:-1]), small]
    trials = in_columns + stacked if page.columns else stacked + in_columns
    return min(trials, key=lambda slides: (len(slides), sum(map(_cramped, slides))))


def _cramped(slide: Slide) -> int:
    return sum(each.piece.cramped(each.box.width) for each in slide if isinstance(each.piece, Grid))


def _stacked(waiting: Sequence[Piece], area: Box) -> list[Slide]:
    slides: list[list[Piece]] = [[]]
    room = area.height
    queue = list(waiting)
    while queue:
        piece, full = queue.pop(0), not slides[-1]
        if piece.height_in(area.width) <= room + _ROUNDING_IN:
            slides[-1].append(piece)
            room -= piece.height_in(area.width) + GAP_IN
        elif not full and piece.least_in(area.width) > room:
            slides.append([])
            room = area.height
            queue.insert(0, piece)
        else:
            head, rest = (piece, None) if isinstance(piece, Gallery) else piece.cut(area.width, room)
            slides[-1].append(head)
            queue[:0] = [rest] if rest else []
            room = 0.0
    return [_column(held, area) for held in slides]


def _column(held: Sequence[Piece], area: Box) -> Slide:
    """Pieces one below the other; pictures take what room is left."""
    heights = [piece.height_in(area.width) for piece in held]
    slack = area.height - sum(heights) - GAP_IN * (len(held) - 1)
    galleries = sum(isinstance(piece, Gallery) for piece in held)
    placed, top = [], area.top
    for piece, height in zip(held, heights, strict=True):
        tall = height + (slack / galleries if isinstance(piece, Gallery) else 0.0)
        placed.append(Placed(piece, replace(area, top=top, height=tall)))
        top += tall + GAP_IN
    return placed


def _side_by_side(page: Page, area: Box, sizes: Sizes) -> list[Slide] | None:
    """One slide with two columns, where they fit."""
    lead, middle, tail = (pieces(part, sizes) for part in _parts(page.blocks))
    above, below = _height(lead, area.width), _height(tail, area.width)
    room = area.height - above - below
    half = (area.width - _GUTTER_IN) / 2
    cuts = range(1, len(middle))
    heights = {cut: (_height(middle[:cut], half), _height(middle[cut:], half)) for cut in cuts}
    best = min(heights, key=lambda cut: max(heights[cut]), default=0)
    if not best or max(heights[best]) - GAP_IN > room + _ROUNDING_IN:
        return None
    left = Box(area.left, area.top + above, half, room)
    right = replace(left, left=area.left + half + _GUTTER_IN)
    foot = replace(area, top=area.top + area.height - below + GAP_IN * bool(tail), height=below)
    return [
        _column(lead, replace(area, height=above))
        + _column(middle[:best], left)
        + _column(middle[best:], right)
        + _column(tail, foot)
    ]


def _parts(blocks: Sequence[Block]) -> tuple[Sequence[Block], Sequence[Block], Sequence[Block]]:
    first = next((n + 1 for n, block in enumerate(blocks) if isinstance(block, Headline)), 0)
    last = next((n for n, block in enumerate(blocks) if n >= first and isinstance(block, Note)), len(blocks))
    return blocks[:first], blocks[first:last], blocks[last:]


def _height(held: Sequence[Piece], width_in: float) -> float:
    """Height of pieces one below the other, each with the gap after it."""
    return sum(piece.height_in(width_in) + GAP_IN for piece in held)
