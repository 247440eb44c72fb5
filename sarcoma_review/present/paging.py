"""Dividing what is too much for one page among several, by a reckoning that holds for every output."""

import math
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import zip_longest

from sarcoma_review.present.content_words import as_title
from sarcoma_review.present.pages import Block, Bullets, Facts, Headline, Note, Page, Pictures, Scene, Table
from sarcoma_review.present.png import shape

# In lines of body text across the page: 28 px on a screen of 1920 by 1080, or 15 points on a slide, in a wide letter.
_LINES, _LETTERS = 22.0, 108
_LESS = (20.0, 18.0, 16.0, 14.0, 12.0)
_GAP = 0.7  # between blocks
_LONGEST = 520  # letters of one piece of text, some seven lines
_HEADLINE, _CAPTION = 240, 160  # letters that a headline has at most, and a caption below its picture
_SMALL_PRINT = 3.0  # lines that notes may take beyond the page's end, which is then set a little smaller
_TALLEST = 11  # lines of a table's row
_PICTURE, _ACROSS, _UNDER = 16.0, 46.0, 1.6  # a picture's height; a page's width; a caption with its gap


def paged(page: Page) -> list[Page]:
    """Divide a page that holds too much; every word stays.

    Parameters
    ----------
    page : Page

    Returns
    -------
    list of Page
        Of the same title and part; the page itself where it fits.
    """
    blocks = [piece for block in page.blocks for piece in _pieces(block)]
    if page.columns and _fits_in_columns(blocks):
        return [replace(page, blocks=tuple(blocks))]
    sheets = _sheets(blocks, _LINES)
    for room in _LESS if len(sheets) > 1 else ():  # as many pages, more evenly filled: none for a last row alone
        fewer = _sheets(blocks, room)
        if len(fewer) > len(sheets):
            break
        sheets = fewer
    return [replace(page, blocks=tuple(blocks), columns=False) for blocks in sheets]


def _sheets(blocks: Sequence[Block], room: float) -> list[list[Block]]:
    """Blocks on pages of so many lines; one of a single piece may take a whole page."""
    sheets: list[list[Block]] = [[]]
    left = room
    for block in blocks:
        for piece in _portions(block, left, room):
            lines = _lines(piece, _LETTERS)
            if sheets[-1] and lines > left + (_SMALL_PRINT if isinstance(piece, Note) else 0.0):
                sheets.append([])
                left = room
            sheets[-1].append(piece)
            left -= lines
    return sheets


def _fits_in_columns(blocks: Sequence[Block]) -> bool:
    across = [block for block in blocks if isinstance(block, Headline | Note)]
    beside = [block for block in blocks if not isinstance(block, Headline | Note)]
    room = _LINES - sum(_lines(block, _LETTERS) for block in across)
    return sum(_lines(block, _LETTERS // 2) for block in beside) <= 2 * room and all(
        _lines(block, _LETTERS // 2) <= room for block in beside
    )


def _lines(block: Block, letters: int) -> float:
    """How high a block stands, in lines of body text, with the gap below it."""
    match block:
        case Headline(text):
            return 1.4 * _rows(text, letters * 0.64) + _GAP
        case Facts(rows):
            return sum(0.3 + _rows(value or "", letters * 0.74) for _, value in rows) + _GAP
        case Bullets(items, heading):
            return sum(0.3 + _rows(item, letters - 3) for item in items) + (1.3 if heading else 0.0) + _GAP
        case Table():
            high = sum(_row_lines(block, cells, letters) for cells in (block.head, *block.rows))
            return high + (1.3 if block.heading else 0.0) + _GAP
        case Pictures(images, figure=True):
            return min(_PICTURE, _ACROSS / sum(shape(image.png) for image in images) + _UNDER)
        case Pictures() | Scene():
            return _PICTURE
        case Note(text):
            return 0.75 * _rows(text, letters * 1.35) + 0.2


def _rows(text: str, letters: float) -> int:
    return max(1, math.ceil(len(text) / letters))


def _row_lines(table: Table, row: Sequence[str], letters: int) -> float:
    """The tallest cell, with its padding."""
    tallest = max((_rows(cell, width) for cell, width in zip(row, _widths(table, letters), strict=True)), default=1)
    return 0.4 + 0.68 * tallest if table.dense else 0.55 + tallest


def _widths(table: Table, letters: int) -> list[float]:
    """Letters to a column: what its longest text asks for, or its share of what there is."""
    wide = letters * (1.4 if table.dense else 1.0) * (0.64 if table.rulers else 1.0) - 2 * len(table.head)
    asked = [max(len(cells[n]) for cells in (table.head, *table.rows)) for n in range(len(table.head))]
    share = [float(min(max(letters, 6), 90)) for letters in asked]
    if sum(share) <= wide:
        return share
    narrow = [n if n <= 12 else 0.0 for n in share]  # such as the number of a rule: not broken while others can be
    rest = max(wide - sum(narrow), 0.3 * wide)
    broad = sum(share) - sum(narrow)
    return [n if n <= 12 else max(6.0, rest * n / broad) for n in share]


def _pieces(block: Block) -> Iterator[Block]:
    """A block whose texts are each short enough to stand on one page."""
    match block:
        case Headline(text) if len(text) > _HEADLINE:
            yield Bullets(_broken(text))
        case Facts(rows):
            yield Facts([(name, part) for name, value in rows for part in (_broken(value) if value else [value])])
        case Bullets(items, heading):
            yield Bullets([part for item in items for part in _broken(item)], heading)
        case Table():
            yield _broken_rows(block)
        case Note(text):
            yield from (Note(part) for part in _broken(text))
        case Pictures(images):
            yield replace(block, images=[replace(each, caption=as_title(each.caption, _CAPTION)) for each in images])
            cut = [part for image in images if len(image.caption) > _CAPTION for part in _broken(image.caption)]
            yield from [Bullets(cut, "Captions in full")] if cut else []
        case _:
            yield block


def _broken_rows(table: Table) -> Table:
    """Rows with a cell too long for a page go on in rows below, empty but for what is left of it."""
    widths = _widths(table, _LETTERS)
    rows: list[tuple[str, ...]] = []
    strong: list[int] = []
    for number, row in enumerate(table.rows):
        parts = [_broken(cell, int(_TALLEST * width)) for cell, width in zip(row, widths, strict=True)]
        below = list(zip_longest(*parts, fillvalue=""))
        strong += range(len(rows), len(rows) + len(below)) if number in table.strong else ()
        rows += below
    if len(rows) == len(table.rows):
        return table
    return replace(table, rows=rows, strong=frozenset(strong), rulers=())


def _portions(block: Block, left: float, room: float) -> Iterator[Block]:
    """A block in as many parts as it takes, the first into what is left of a page."""
    while _lines(block, _LETTERS) > left:
        count = _fitting(block, left)
        if count == 0 and left < room:
            left = room
            continue
        divided = _divided(block, max(1, count))
        if divided is None:
            break
        first, block = divided
        yield first
        left = room
    yield block


def _fitting(block: Block, left: float) -> int:
    """How many rows of a block go into so many lines."""
    count = 0
    while (divided := _divided(block, count + 1)) and _lines(divided[0], _LETTERS) <= left:
        count += 1
    return count


def _divided(block: Block, count: int) -> tuple[Block, Block] | None:
    """The first rows of a block, and the rest; None where there is no rest, or the block is of one piece."""
    match block:
        case Facts(rows) if count < len(rows):
            return Facts(rows[:count]), Facts(rows[count:])
        case Bullets(items, heading) if count < len(items):
            return Bullets(items[:count], heading), Bullets(items[count:], heading)
        case Table() if count < len(block.rows):
            later = frozenset(row - count for row in block.strong if row >= count)
            sooner = frozenset(row for row in block.strong if row < count)
            first = replace(block, rows=block.rows[:count], rulers=block.rulers[:count], strong=sooner)
            return first, replace(block, rows=block.rows[count:], rulers=block.rulers[count:], strong=later)
    return None


def _broken(text: str, longest: int = _LONGEST) -> list[str]:
    return textwrap.wrap(text, longest, break_on_hyphens=False, replace_whitespace=False) or [text]
