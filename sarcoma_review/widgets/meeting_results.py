"""What a meeting came to, as pages: its minutes, who came, and how opinions agreed over several meetings."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sarcoma_review.meeting import Meeting, continuity, size
from sarcoma_review.present.minutes import Minutes
from sarcoma_review.present.minutes_content import agreement_pages, minutes_pages
from sarcoma_review.present.pages import NOT_RECORDED, Block, Bullets, Facts, Note, Page, Table
from sarcoma_review.widgets.twin import page, paragraph, table


def result_pages(minutes: Minutes, meetings: Sequence[Meeting]) -> list[Page]:
    """The minutes of one meeting, then what only several meetings can tell.

    Parameters
    ----------
    minutes : Minutes
    meetings : sequence of Meeting
        All up to this one, itself among them.

    Returns
    -------
    list of Page
        No page tells a member's vote, nor a split of fewer than three votes.
    """
    *before, vouching = minutes_pages(minutes)
    over = agreement_pages(meetings)
    if over == agreement_pages([minutes.meeting]):
        over = []  # the minutes have it already
    named = [replace(each, title=f"{each.title}, {len(meetings)} meetings") for each in over]
    return [*before, *named, _attendance(meetings), vouching]


def block_words(block: Block) -> dict[str, Any]:
    """A block of minutes as a page of the widget takes it."""
    match block:
        case Facts():
            return {"t": "facts", "rows": [list(row) for row in block.rows]}
        case Bullets():
            return {"t": "bullets", "heading": block.heading, "items": list(block.items)}
        case Table():
            words: dict[str, Any] = {"t": "table", "heading": block.heading, "head": list(block.head)}
            rows = [list(row) for row in block.rows]
            return words | {"rows": rows, "strong": sorted(block.strong), "rulers": [], "dense": block.dense}
        case Note():
            return {"t": "note", "text": block.text}
    raise TypeError(f"minutes are made of words and tables, found {type(block).__name__}")


def still_page(shown: Page) -> str:
    """A page as still HTML."""
    return page(shown.title, *(_still(block) for block in shown.blocks))


def _still(block: Block) -> str:
    match block:
        case Facts():
            return table(("", ""), [(name, NOT_RECORDED if value is None else value) for name, value in block.rows])
        case Bullets():
            return paragraph(block.heading) + "".join(paragraph(item) for item in block.items)
        case Table():
            return paragraph(block.heading) + table(block.head, block.rows)
        case Note():
            return paragraph(block.text)
    return ""


def _attendance(meetings: Sequence[Meeting]) -> Page:
    came = [found for meeting in meetings if (found := size(meeting)) is not None]
    rows = [
        (
            each.on_date.isoformat(),
            each.mode.replace("_", " "),
            str(each.members),
            str(each.by_place["in_person"]),
            str(each.by_place["remote"]),
            f"{len(each.units)}: {', '.join(each.units)}" if each.units else "none",
        )
        for each in came
    ]
    head = ("Meeting", "Mode", "Came", "In the room", "From afar", "Units")
    units = [each.words for each in continuity(meetings)]
    return Page("Attendance", [Table(head, rows), Bullets(units, "Whether units send the same people again"), _RANKS])


_RANKS = Note("Units stand in alphabetical order. What is counted here is for the group as a whole; it ranks nobody.")
