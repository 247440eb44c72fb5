"""The blocks of a page as pieces in one size of letters."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sarcoma_review.present.figures import KeyImage
from sarcoma_review.present.legible import legible
from sarcoma_review.present.overlong import parted
from sarcoma_review.present.pages import (
    NOT_RECORDED,
    Block,
    Bullets,
    Facts,
    Headline,
    Note,
    Pictures,
    Scene,
    Table,
)
from sarcoma_review.present.png import bare, shape
from sarcoma_review.present.pptx_gallery import Gallery
from sarcoma_review.present.pptx_grid import Grid, shares_of
from sarcoma_review.present.pptx_words import Paragraph, Words
from sarcoma_review.present.ruler import scale_mm

Piece = Words | Grid | Gallery
_MOST_PICTURES = 6
_LONGEST_HEADLINE = 240  # set larger up to here


@dataclass(frozen=True)
class Sizes:
    """Sizes of the letters on one slide, in points."""

    body: float
    table: float
    dense: float

    @property
    def headline(self) -> float:
        """Of the one thing a page says."""
        return self.body + 6

    @property
    def note(self) -> float:
        """Of small print."""
        return 14.0 if self.body >= 20 else 12.0


SIZES = (Sizes(24, 22, 15), Sizes(20, 18, 14), Sizes(18, 16, 13), Sizes(16, 16, 11.5))
"""From large to small: no smaller than can be read at the back of a room."""


def pieces(blocks: Sequence[Block], sizes: Sizes) -> list[Piece]:
    """Turn blocks into pieces, in reading order; one block may give several.

    Raises
    ------
    PresentationError
        If a picture cannot be read.
    """
    return [piece for block in parted(blocks) for piece in _pieces(block, sizes)]


def _pieces(block: Block, sizes: Sizes) -> list[Piece]:
    match block:
        case Headline(text):
            large = sizes.headline if len(text) <= _LONGEST_HEADLINE else sizes.body
            return [_words(text, large, bold=True)]
        case Note(text):
            return [_words(text, sizes.note, quiet=True)]
        case Bullets():
            return _bullets(block, sizes)
        case Facts(rows):
            return _facts(rows, sizes) if rows else []
        case Table():
            return _table(block, sizes)
        case Pictures(images):
            return _galleries(images)
        case Scene(_, still):
            return _galleries([still])


def _words(text: str, size_pt: float, *, bold: bool = False, quiet: bool = False) -> Words:
    return Words((Paragraph(legible(text), size_pt, bold=bold, quiet=quiet),))


def _bullets(block: Bullets, sizes: Sizes) -> list[Piece]:
    above = 0.3 * sizes.body
    heading = [Paragraph(legible(block.heading), sizes.body, bold=True)] if block.heading else []
    items = [Paragraph(legible(item), sizes.body, bullet=True, above_pt=above) for item in block.items]
    return [Words((*heading, *items))] if heading or items else []


def _facts(rows: Sequence[tuple[str, str | None]], sizes: Sizes) -> list[Piece]:
    cells: list[tuple[str, ...]] = [
        (legible(name), legible(NOT_RECORDED if value is None else value)) for name, value in rows
    ]
    label = "Names on the left, values on the right"
    return [Grid((), tuple(cells), sizes.table, label=label, shares=shares_of((), cells))]


def _table(block: Table, sizes: Sizes) -> list[Piece]:
    head = tuple(legible(cell) for cell in block.head)
    heading = legible(block.heading)
    rows = [tuple(legible(cell) for cell in row) for row in block.rows]
    return [
        Grid(
            head=head,
            rows=tuple(rows),
            size_pt=sizes.dense if block.dense else sizes.table,
            heading=heading,
            label=heading or f"Table of {', '.join(head)}",
            strong=block.strong,
            rulers=tuple(block.rulers),
            scale_mm=scale_mm(block.rulers),
            shares=shares_of(head, rows),
        )
    ]


def _galleries(images: Sequence[KeyImage]) -> list[Piece]:
    parts: list[Piece] = []
    for first in range(0, len(images), _MOST_PICTURES):
        some = [_readable(image) for image in images[first : first + _MOST_PICTURES]]
        parts.append(Gallery(tuple(some), tuple(shape(image.png) for image in some)))
    return parts


def _readable(image: KeyImage) -> KeyImage:
    return replace(image, png=bare(image.png), caption=legible(image.caption), alt=legible(image.alt))
