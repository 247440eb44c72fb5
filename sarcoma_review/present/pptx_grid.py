"""Tables and facts of a slide, which know their columns, their height and where they may be cut in two."""

from dataclasses import dataclass, replace

from sarcoma_review.present.pages import Interval
from sarcoma_review.present.pptx_text import POINTS, height_in, width_em, wrapped
from sarcoma_review.present.pptx_words import CONTINUED, Paragraph

CELL_ACROSS_IN, CELL_DOWN_IN = 0.1, 0.05
"""Room on each side of the words of a cell."""
RULER_GAP_IN = 0.15
_RULER_SHARE = 0.34
_WIDEST_NAME = 0.3  # of the width, for the names of facts
_LOOSE_IN = 0.4  # beside each column of a table that has room
_TO_WRITE_IN_EM = 40.0
_SHORT_NAME, _FEW_LETTERS = 60, 20
_HEADING_PT, _HEADING_GAP_IN = 16.0, 0.06


@dataclass(frozen=True)
class Grid:
    """Rows and columns of words.

    Parameters
    ----------
    head : tuple of str
        Empty for facts, which have names on the left and none above.
    rows : tuple of tuple of str
    size_pt : float
    heading : str
        Over the table.
    label : str
        Of the table, in words, for who cannot see it.
    strong : frozenset of int
    rulers : tuple of Interval
        One a row, drawn beside the table, or none.
    scale_mm : (low, high)
        Of the rulers.
    shares : tuple of (float, float), optional
        Widths of the columns in em, at least and at best; those of the whole table, so that its parts are alike.
    """

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    size_pt: float
    heading: str = ""
    label: str = ""
    strong: frozenset[int] = frozenset()
    rulers: tuple[Interval, ...] = ()
    scale_mm: tuple[float, float] = (0.0, 0.0)
    shares: tuple[tuple[float, float], ...] = ()

    def table_in(self, width_in: float) -> float:
        """Width of the table itself, without the rulers beside it."""
        return width_in * (1 - _RULER_SHARE) - RULER_GAP_IN if self.rulers else width_in

    def ruler_in(self, width_in: float) -> float:
        """Width of the rulers."""
        return width_in * _RULER_SHARE

    def columns_in(self, width_in: float) -> list[float]:
        """Widths of the columns: each what it needs, and of what is left a part as large as its longest text."""
        room = self.table_in(width_in)
        em = self.size_pt / POINTS
        least = [low * em + 2 * CELL_ACROSS_IN for low, _ in self.shares]
        best = [high * em + 2 * CELL_ACROSS_IN for _, high in self.shares]
        if not self.head:
            name = min(best[0], _WIDEST_NAME * room)
            return [name, room - name]
        loose = [each + _LOOSE_IN for each in best[:-1]]
        if sum(loose) + best[-1] <= room:
            return [*loose, room - sum(loose)]
        if sum(least) >= room:
            return [room * each / sum(least) for each in least]
        wish = [high - low + 0.05 for low, high in zip(least, best, strict=True)]
        left = room - sum(least)
        return [low + left * want / sum(wish) for low, want in zip(least, wish, strict=True)]

    def heights_in(self, width_in: float) -> list[float]:
        """Heights of the rows, the head first where there is one."""
        widths = self.columns_in(width_in)
        head = [self._row_in(self.head, widths, bold=True)] if self.head else []
        return head + [self._row_in(row, widths, bold=n in self.strong) for n, row in enumerate(self.rows)]

    def height_in(self, width_in: float) -> float:
        """Height of the whole."""
        return self.heading_in(width_in) + sum(self.heights_in(width_in))

    def heading_in(self, width_in: float) -> float:
        """Height of what stands over the table."""
        return self.over().height_in(width_in) + _HEADING_GAP_IN if self.heading else 0.0

    def over(self) -> Paragraph:
        """What stands over the table."""
        return Paragraph(self.heading, max(self.size_pt, _HEADING_PT), bold=True)

    def cramped(self, width_in: float) -> int:
        """How many cells of a few words, such as a number with its interval, are broken into lines."""
        widths = self.columns_in(width_in)
        pairs = [pair for row in self.rows for pair in zip(row, widths, strict=True) if len(pair[0]) <= _FEW_LETTERS]
        return sum(len(wrapped(cell, wide - 2 * CELL_ACROSS_IN, self.size_pt, bold=True)) > 1 for cell, wide in pairs)

    def least_in(self, width_in: float) -> float:
        """What must fit for the table to begin on a slide: its head and a row."""
        return self.heading_in(width_in) + sum(self.heights_in(width_in)[: 1 + bool(self.head)])

    def cut(self, width_in: float, room_in: float) -> tuple["Grid", "Grid | None"]:
        """The rows that fit, and the rest; a row that fits on no slide goes on in another."""
        heights = self.heights_in(width_in)
        led = bool(self.head)
        fit, used = 0, self.heading_in(width_in) + sum(heights[:led])
        for height in heights[led:]:
            if used + height > room_in:
                break
            used += height
            fit += 1
        if fit:
            return self._part(0, fit), self._part(fit, len(self.rows)) if fit < len(self.rows) else None
        return self._within_row(width_in, room_in - used)

    def _part(self, first: int, last: int) -> "Grid":
        strong = frozenset(n - first for n in self.strong if first <= n < last)
        heading = self.heading + CONTINUED if first and self.heading else self.heading
        rows, rulers = self.rows[first:last], self.rulers[first:last]
        return replace(self, rows=rows, strong=strong, rulers=rulers, heading=heading)

    def _within_row(self, width_in: float, room_in: float) -> tuple["Grid", "Grid | None"]:
        fit = max(1, int((room_in - 2 * CELL_DOWN_IN) / height_in(1, self.size_pt)))
        pairs = list(zip(self.rows[0], self.columns_in(width_in), strict=True))
        bold = 0 in self.strong
        cells = [wrapped(cell, wide - 2 * CELL_ACROSS_IN, self.size_pt, bold=bold) for cell, wide in pairs]
        head = tuple("".join(lines[:fit]) for lines in cells)
        tail = tuple("".join(lines[fit:]) for lines in cells)
        if not any(tail):
            return self._part(0, 1), self._part(1, len(self.rows)) if len(self.rows) > 1 else None
        if not tail[0] and 0 < len(head[0]) < _SHORT_NAME:
            tail = (head[0].removesuffix(CONTINUED) + CONTINUED, *tail[1:])
        first = replace(self, rows=(head,), strong=self.strong & {0}, rulers=self.rulers[:1])
        return first, replace(self, rows=(tail, *self.rows[1:]))

    def _row_in(self, cells: tuple[str, ...], widths: list[float], *, bold: bool) -> float:
        most = max(
            len(wrapped(cell, wide - 2 * CELL_ACROSS_IN, self.size_pt, bold=bold))
            for cell, wide in zip(cells, widths, strict=True)
        )
        return height_in(most, self.size_pt) + 2 * CELL_DOWN_IN


def shares_of(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> tuple[tuple[float, float], ...]:
    """Of each column the width in em of its longest word (of any sensible length), and of its longest text.

    A column that is empty below its head is there to be written in.
    """
    columns = list(zip(*([head] if head else []), *rows, strict=True))
    to_write_in = [not any(row[n] for row in rows) for n in range(len(columns))]
    return tuple(
        (
            max(min(max(width_em(word, bold=True) for word in cell.split(" ")), 14.0) for cell in column),
            max(min(width_em(cell, bold=True), 60.0) for cell in column) if not empty else _TO_WRITE_IN_EM,
        )
        for column, empty in zip(columns, to_write_in, strict=True)
    )
