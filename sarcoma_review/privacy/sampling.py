"""Series of slices that seldom carry text: some slices of each are looked at."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from sarcoma_review.privacy.objects import SECTIONS, UNREAD
from sarcoma_review.privacy.structure import layout
from sarcoma_review.privacy.work import Done

TEXT_SEEN = "text in a slice that was looked at: its series needs a signed contact sheet"

Item = TypeVar("Item")


def sampled(ordered: Sequence[Item]) -> list[Item]:
    """Give the first, the middle and the last.

    >>> sampled("abcdefg"), sampled("a")
    (['a', 'd', 'g'], ['a'])
    """
    return [ordered[n] for n in sorted({0, len(ordered) // 2, len(ordered) - 1})] if ordered else []


def withheld_for_text(done: Sequence[Done], folder: Path, *, samples: bool = True) -> list[Done]:
    """Withhold each series in which a sampled slice bears text, unless somebody has signed for it.

    Parameters
    ----------
    done : sequence of Done
        What became of each file; those that were written lie in `folder` by their number.
    folder : Path
    samples : bool
        Whether slices are read at all; where a caller leaves it out, receipt and audit say so.

    Returns
    -------
    list of Done
        The same, the slices of such series with a reason and their files deleted, and those of the others noted as
        read. Where the extra that reads pictures is not installed, slices made from others are withheld and all else
        is as it was.
    """
    # The reader takes a second to load: only where there is something to read.
    from sarcoma_review.privacy.burned_in import is_available

    series: dict[str, list[Done]] = defaultdict(list)
    for one in done:
        if not one.reason and one.kind in SECTIONS and not one.entry.get("signature"):
            series[one.series].append(one)
    judge = _unread if samples and not is_available() else _read if samples else _left_out
    judged = {one.number: one for slices in series.values() for one in judge(slices, folder)}
    for one in judged.values():
        if one.reason:
            (folder / one.file).unlink()
    return [judged.get(one.number, one) for one in done]


def _unread(slices: list[Done], _folder: Path) -> list[Done]:
    return [replace(one, reason=UNREAD, entry={}) if one.entry.get("made") else one for one in slices]


def _left_out(slices: list[Done], _folder: Path) -> list[Done]:
    return [replace(one, entry=one.entry | {"read": "left out"}) for one in slices]


def _read(slices: list[Done], folder: Path) -> list[Done]:
    from sarcoma_review.privacy.pictures import carries_text  # decoders: only where pictures are looked at

    found = [carries_text(layout((folder / one.file).read_bytes())) for one in sampled(slices)]
    if any(found):
        return [replace(one, reason=TEXT_SEEN, entry={}) for one in slices]
    if None in found:
        return _unread(slices, folder)
    return [replace(one, entry=one.entry | {"read": "sampled"}) for one in slices]
