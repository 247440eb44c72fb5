"""What stands over or under something, and so cannot be parted: where too long it is short there and whole beside."""

from collections.abc import Sequence
from dataclasses import replace

from sarcoma_review.present.legible import shortened
from sarcoma_review.present.pages import Block, Bullets, Note, Pictures, Scene, Table

_LONGEST = 180
"""Letters of a caption, the heading of a table or that of a column."""


def parted(blocks: Sequence[Block]) -> list[Block]:
    """Shorten headings and captions longer than a few lines, and put the whole of each beside; all else stays.

    Examples
    --------
    >>> [type(block).__name__ for block in parted([Table(("Face", "m" * 500), [("proximal", "8.7")]), Note("End.")])]
    ['Bullets', 'Table', 'Note']
    """
    return [piece for block in blocks for piece in _parted(block)]


def _parted(block: Block) -> list[Block]:
    match block:
        case Table():
            whole = _long([block.heading, *block.head])
            short = replace(
                block,
                heading=shortened(block.heading, _LONGEST),
                head=[shortened(cell, _LONGEST) for cell in block.head],
            )
            return [*([Bullets(whole)] if whole else []), short]
        case Pictures(images):
            whole = _long([image.caption for image in images])
            stills = [replace(each, caption=shortened(each.caption, _LONGEST)) for each in images]
            return [replace(block, images=stills), *map(Note, whole)]
        case Scene(shown, still):
            short_still = replace(still, caption=shortened(still.caption, _LONGEST))
            return [Scene(shown, short_still), *map(Note, _long([still.caption]))]
        case _:
            return [block]


def _long(texts: Sequence[str]) -> list[str]:
    return [text for text in texts if len(text) > _LONGEST]
