"""Series of slices that seldom carry text: some slices of each are looked at."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from sarcoma_review.privacy.structure import layout
from sarcoma_review.privacy.work import Done

SECTIONS = ("CT", "MR", "PT")
TEXT_SEEN = "text in a slice that was looked at: its series needs a signed contact sheet"

Item = TypeVar("Item")


def sampled(ordered: Sequence[Item]) -> list[Item]:
    """Give the first, the middle and the last.

    >>> sampled("abcdefg"), sampled("a")
    (['a', 'd', 'g'], ['a'])
    """
    return [ordered[n] for n in sorted({0, len(ordered) // 2, len(ordered) - 1})] if ordered else []


def withheld_for_text(done: Sequence[Done], folder: Path) -> list[Done]:
    """Withhold each series in which a sampled slice bears text, unless somebody has signed for it.

    Parameters
    ----------
    done : sequence of Done
        What became of each file; those that were written lie in `folder` by their number.
    folder : Path

    Returns
    -------
    list of Done
        The same, the slices of such series with a reason and their files deleted. Where the extra that reads pictures
        is not installed, all as it was.
    """
    # The reader takes a second to load: only where there is something to read.
    from sarcoma_review.privacy.burned_in import is_available
    from sarcoma_review.privacy.pictures import carries_text

    series: dict[str, list[Done]] = defaultdict(list)
    for one in done if is_available() else ():
        if not one.reason and one.kind in SECTIONS and not one.entry.get("signature"):
            series[one.series].append(one)
    closed: set[int] = set()
    for slices in series.values():
        if any(carries_text(layout((folder / one.file).read_bytes())) for one in sampled(slices)):
            closed |= {one.number for one in slices}
            for one in slices:
                (folder / one.file).unlink()
    return [replace(one, reason=TEXT_SEEN, entry={}) if one.number in closed else one for one in done]
