"""The pages of a presentation as values: one content, which HTML, PPTX and PDF each lay out in their own way."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from sarcoma_review.present.figures import KeyImage
from sarcoma_review.present.shown import Shown

NOT_RECORDED = "not recorded"


@dataclass(frozen=True)
class Headline:
    """The one thing a page says, large."""

    text: str


@dataclass(frozen=True)
class Facts:
    """Names with values, side by side; a value of None is shown as not recorded."""

    rows: Sequence[tuple[str, str | None]]


@dataclass(frozen=True)
class Bullets:
    """Lines under a heading, or under none."""

    items: Sequence[str]
    heading: str = ""


@dataclass(frozen=True)
class Interval:
    """A value in mm with its 95 % interval, drawn on a ruler."""

    low: float
    value: float
    high: float


@dataclass(frozen=True)
class Table:
    """A table of words.

    Parameters
    ----------
    head : sequence of str
    rows : sequence of sequence of str
        As long as `head`.
    heading : str
    strong : frozenset of int
        Rows that stand out, in weight and not by colour alone.
    rulers : sequence of Interval
        One a row, or none: drawn beside the words where there is room, and saying nothing that the words do not.
    dense : bool
        Many rows of long text: set small.
    """

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    heading: str = ""
    strong: frozenset[int] = frozenset()
    rulers: Sequence[Interval] = ()
    dense: bool = False


@dataclass(frozen=True)
class Pictures:
    """Stills or figures side by side, each with its caption and alternative text.

    Parameters
    ----------
    images : sequence of KeyImage
    figure : bool
        Drawn from numbers that stand in words too: as wide as the page, and not among the pictures of a summary.
    """

    images: Sequence[KeyImage]
    figure: bool = False


@dataclass(frozen=True)
class Scene:
    """Images to move through, where the output can; `still` stands in its place where it cannot."""

    shown: Shown
    still: KeyImage


@dataclass(frozen=True)
class Note:
    """Small print: a limit, a source."""

    text: str


Block = Headline | Facts | Bullets | Table | Pictures | Scene | Note


@dataclass(frozen=True)
class Page:
    """One page.

    Parameters
    ----------
    title : str
    blocks : sequence of Block
        In reading order.
    part : {"before", "after"}
        Whether it may be seen before the members have given their opinions.
    columns : bool
        The blocks between the first `Headline` and the first `Note` stand in two columns where there is room.
    """

    title: str
    blocks: Sequence[Block] = field(default_factory=tuple)
    part: Literal["before", "after"] = "before"
    columns: bool = False
