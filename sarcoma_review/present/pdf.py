"""A hand-out as PDF, tagged for screen readers: one page that sums the case up, then every page."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sarcoma_review.present.figures import KeyImage
from sarcoma_review.present.legible import legible, shortened
from sarcoma_review.present.overlong import parted
from sarcoma_review.present.pages import (
    NOT_RECORDED,
    Block,
    Bullets,
    Facts,
    Headline,
    Note,
    Page,
    Pictures,
    Scene,
    Table,
)
from sarcoma_review.present.png import bare, shape
from sarcoma_review.present.ruler import scale_mm, ticks_mm
from sarcoma_review.present.typesetting import typeset
from sarcoma_review.privacy.text import PURPOSE

_LONG_WORD, _PIECE = re.compile(r"[^\s\u200b]{28,}"), re.compile(r".{1,4}")
_WIDTH_CM, _HIGHEST_CM, _GUTTER_CM = 17.4, 8.5, 0.35
_ABREAST = 4
_SUMMARY_CM = 5.4  # height of its pictures
_SUMMARY_LETTERS, _SUMMARY_ROWS, _SUMMARY_SAID = 200, 10, 8


def write_pdf(pages: Sequence[Page], path: Path, *, case_id: str) -> None:
    """Write the hand-out of a presentation: a summary on the first page, then every page.

    Parameters
    ----------
    pages : sequence of Page
    path : Path
        What stands there is replaced.
    case_id : str
        A pseudonym.

    Raises
    ------
    PresentationError
        If typst is not installed (the extra ``pdf``), or a picture cannot be read.

    Notes
    -----
    The summary is made of pages that may be seen before the opinions are given, and of no other.
    """
    path.write_bytes(_compiled(pages, case_id, whole=True))


def write_summary(pages: Sequence[Page], path: Path, *, case_id: str) -> None:
    """Write the summary alone, on one page; see `write_pdf`."""
    path.write_bytes(_compiled(pages, case_id, whole=False))


def _compiled(pages: Sequence[Page], case_id: str, *, whole: bool) -> bytes:
    pictures = _Pictures({})
    words = _words(pages, case_id, pictures, whole=whole)
    return typeset("handout.typ", words, pictures=pictures.by_name(), say="the hand-out")


@dataclass(frozen=True)
class _Pictures:
    """Pictures by number, each once."""

    numbers: dict[bytes, int]

    def name(self, png: bytes) -> str:
        return f"{self.numbers.setdefault(png, len(self.numbers))}.png"

    def by_name(self) -> dict[str, bytes]:
        return {self.name(png): bare(png) for png in self.numbers}


def _words(pages: Sequence[Page], case_id: str, pictures: _Pictures, *, whole: bool) -> dict[str, Any]:
    """All that is printed, as plain data."""
    name = _set(f"Case {case_id}")
    return {
        "title": name,
        "title_words": _question(pages) or name,
        "foot": f"{name}. {PURPOSE}",
        "not_recorded": NOT_RECORDED,
        "summary": {
            "above": f"{name}: summary",
            "blocks": [_block(each, pictures, high_cm=_SUMMARY_CM) for each in parted(list(_summary(pages)))],
            "said": [[n, _set(title), _set(_short(text))] for n, title, text in _said(pages)],
        },
        "pages": list(_sheets(pages, pictures)) if whole else [],
    }


def _sheets(pages: Sequence[Page], pictures: _Pictures) -> Iterator[dict[str, Any]]:
    before = ""
    for number, page in enumerate(pages, 1):
        again = " (continued)" if page.title == before else ""
        before = page.title
        blocks = [_block(each, pictures) for each in parted(page.blocks)]
        yield {"number": number, "title": _set(page.title) + again, "part": page.part, "blocks": blocks}


def _block(block: Block, pictures: _Pictures, *, high_cm: float = _HIGHEST_CM) -> dict[str, Any]:
    match block:
        case Headline(text):
            return {"kind": "headline", "text": _set(text)}
        case Note(text):
            return {"kind": "note", "text": _set(text)}
        case Facts(rows):
            cells = [[_set(name), _set(NOT_RECORDED if value is None else value)] for name, value in rows]
            return {"kind": "facts", "rows": cells}
        case Bullets(items, heading):
            return {"kind": "bullets", "heading": _set(heading), "items": [_set(item) for item in items]}
        case Table():
            return _table(block)
        case Pictures(images):
            return {"kind": "pictures", "rows": _rows(images, pictures, high_cm)}
        case Scene(_, still):
            return {"kind": "pictures", "rows": _rows([still], pictures, high_cm)}


def _table(block: Table) -> dict[str, Any]:
    scale = scale_mm(block.rulers)
    return {
        "kind": "table",
        "heading": _set(block.heading),
        "head": [_set(cell) for cell in block.head],
        # Columns to be written in take what room there is.
        "open": [not any(row[n] for row in block.rows) for n in range(len(block.head))],
        "rows": [[_set(cell) for cell in row] for row in block.rows],
        "strong": sorted(block.strong),
        "dense": block.dense,
        "rulers": [[each.low, each.value, each.high] for each in block.rulers],
        "scale": [*scale, ticks_mm(scale)],
    }


def _rows(images: Sequence[KeyImage], pictures: _Pictures, high_cm: float) -> list[list[dict[str, Any]]]:
    """Pictures in rows, all of a row equally high."""
    rows = []
    for first in range(0, len(images), _ABREAST):
        row = images[first : first + _ABREAST]
        shapes = [shape(image.png) for image in row]
        high = min(high_cm, (_WIDTH_CM - _GUTTER_CM * (len(row) - 1)) / sum(shapes))
        rows.append(
            [
                {
                    "file": pictures.name(image.png),
                    "alt": _set(image.alt),
                    "caption": _set(image.caption),
                    "width_cm": high * wide,
                }
                for image, wide in zip(row, shapes, strict=True)
            ]
        )
    return rows


def _question(pages: Sequence[Page]) -> str:
    """The first thing the pages say in large letters."""
    return next((_short(_set(text)) for _, _, text in _headlines(pages)), "")


def _headlines(pages: Sequence[Page]) -> Iterator[tuple[int, str, str]]:
    for number, page in enumerate(pages, 1):
        if page.part == "before":
            yield from ((number, page.title, block.text) for block in page.blocks if isinstance(block, Headline))


def _said(pages: Sequence[Page]) -> list[tuple[int, str, str]]:
    """What pages say in large letters after the question, each once."""
    found = list(_headlines(pages))
    later = {text: (number, title, text) for number, title, text in reversed(found[1:]) if text != found[0][2]}
    return sorted(later.values())[:_SUMMARY_SAID]


def _summary(pages: Sequence[Page]) -> Iterator[Block]:
    """The first facts, the first pictures and the first table with a row that stands out."""
    blocks = [block for page in pages if page.part == "before" for block in page.blocks]
    if rows := next((block.rows for block in blocks if isinstance(block, Facts)), None):
        yield Facts([(_short(name), value and _short(value)) for name, value in rows[:_SUMMARY_ROWS]])
    if pictures := next((block for block in blocks if isinstance(block, Pictures) and not block.figure), None):
        yield Pictures(pictures.images[:_ABREAST])
    if table := next(
        (block for block in blocks if isinstance(block, Table) and block.strong and not block.dense), None
    ):
        yield _first_rows(table)


def _first_rows(table: Table) -> Table:
    rows = [[_short(cell) for cell in row] for row in table.rows[:_SUMMARY_ROWS]]
    if len(table.rows) > _SUMMARY_ROWS:
        rows.append([f"{len(table.rows) - _SUMMARY_ROWS} more rows within", *[""] * (len(table.head) - 1)])
    rulers = table.rulers if len(rows) == len(table.rows) else ()
    return Table([_short(cell) for cell in table.head], rows, _short(table.heading), table.strong, rulers)


def _set(text: str) -> str:
    """A text as it can be set: a word longer than a line may be broken anywhere."""
    return _LONG_WORD.sub(lambda word: "\u200b".join(_PIECE.findall(word[0])), legible(text))


def _short(text: str) -> str:
    """A text for the summary; the whole of it stands on its page."""
    return shortened(text, _SUMMARY_LETTERS)
