"""Minutes to a file: HTML to read, PDF to keep, CSV of the actions."""

import base64
import csv
import hashlib
import io
from collections.abc import Callable, Iterable, Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from sarcoma_review.errors import PresentationError
from sarcoma_review.present.legible import legible
from sarcoma_review.present.minutes import Minutes
from sarcoma_review.present.minutes_content import action_rows, minutes_pages
from sarcoma_review.present.pages import NOT_RECORDED, Block, Bullets, Facts, Note, Table
from sarcoma_review.present.place import replacing, require_place
from sarcoma_review.present.typesetting import typeset
from sarcoma_review.privacy.text import PURPOSE

_LONGEST_WORD = 24  # letters
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write_minutes(minutes: Minutes, path: str | Path) -> Path:
    """Write the minutes of a meeting.

    Parameters
    ----------
    minutes : Minutes
    path : path-like
        Ending in ``.html``, ``.pdf``, or ``.csv`` for the actions alone. The folder must exist; a file that stands
        there is replaced at once or not at all.

    Returns
    -------
    Path

    Raises
    ------
    PresentationError
        If the ending is another, the folder is not there, or a PDF is asked for without the extra ``pdf``.
    """
    place = require_place(path, _WRITERS, what="the minutes", written="minutes are written")
    with replacing(place) as part:
        part.write_bytes(_WRITERS[place.suffix](minutes))
    return place


def minutes_html(minutes: Minutes) -> str:
    """The minutes as one page that asks nothing of any address and runs nothing."""
    style = files(__package__).joinpath("static", "minutes.css").read_text(encoding="utf-8")
    pages = Environment(
        loader=PackageLoader("sarcoma_review.present"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        finalize=lambda value: legible(value) if type(value) is str else value,
    )
    pages.filters["kinds"] = _kinds
    pages.filters["breaking"] = _breaking
    return pages.get_template("minutes.html.jinja").render(
        pages=minutes_pages(minutes),
        draft=minutes.meeting.signed_at is None,
        purpose=PURPOSE,
        not_recorded=NOT_RECORDED,
        style=Markup(style),
        style_hash=Markup(base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()),
    )


def minutes_pdf(minutes: Minutes) -> bytes:
    """The minutes as a tagged PDF with its letters in it.

    Raises
    ------
    PresentationError
        If typst is not installed.
    """
    return typeset("minutes.typ", _plain(minutes), say="the minutes")


def actions_csv(minutes: Minutes) -> str:
    """The actions as a table for a spreadsheet, in which no cell can be taken for a formula."""
    rows = action_rows(minutes)
    names = ["meeting", "date", "case", "decision", "modality", "system", "action", "owner role", "review date"]
    text = io.StringIO()
    table = csv.DictWriter(text, names, quoting=csv.QUOTE_ALL)
    table.writeheader()
    table.writerows({name: _guarded(cell) for name, cell in row.items()} for row in rows)
    return text.getvalue()


def _guarded(cell: str) -> str:
    """A cell as text, whatever it begins with."""
    plain = legible(cell)
    return f"'{plain}" if plain.lstrip().startswith(_FORMULA) else plain


def _kinds(blocks: Iterable[Block]) -> Iterator[tuple[str, Block]]:
    return ((type(block).__name__, block) for block in blocks)


def _breaking(text: str) -> Markup:
    """Marks the head of a column that holds a word wider than a column can be."""
    return Markup(' class="long"') if max(map(len, text.split()), default=0) > _LONGEST_WORD else Markup()


def _plain(minutes: Minutes) -> dict[str, Any]:
    """All that is printed, as plain data."""
    pages = minutes_pages(minutes)
    return {
        "title": legible(pages[0].title),
        "foot": f"Minutes of {legible(minutes.meeting_id)}. {PURPOSE}",
        "draft": minutes.meeting.signed_at is None,
        "not_recorded": NOT_RECORDED,
        "pages": [{"title": legible(page.title), "blocks": [_block(each) for each in page.blocks]} for page in pages],
    }


def _block(block: Block) -> dict[str, Any]:
    match block:
        case Facts(rows):
            return {"kind": "Facts", "rows": [[legible(name), legible(text or NOT_RECORDED)] for name, text in rows]}
        case Bullets(items, heading):
            return {"kind": "Bullets", "heading": legible(heading), "items": [legible(item) for item in items]}
        case Table(head, rows, heading):
            cells = [[legible(cell) for cell in row] for row in rows]
            words = {"heading": legible(heading), "head": [legible(cell) for cell in head], "rows": cells}
            return {"kind": "Table", "dense": block.dense, **words}
        case Note(text):
            return {"kind": "Note", "text": legible(text)}
        case _:
            raise PresentationError(f"minutes hold words alone, found {type(block).__name__}")


_WRITERS: Mapping[str, Callable[[Minutes], bytes]] = {
    ".html": lambda minutes: minutes_html(minutes).encode(),
    ".pdf": minutes_pdf,
    ".csv": lambda minutes: actions_csv(minutes).encode("utf-8-sig"),  # without the mark a spreadsheet guesses
}
