"""The outlines under work: one bit of every voxel for each segment, and the changes that led there."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sarcoma_review.errors import PlanError
from sarcoma_review.planning.masks import bounding_box, inside
from sarcoma_review.volume import Segment, Volume
from sarcoma_review.widgets.typed import typed_line

Mask = NDArray[np.bool_]
Bits = NDArray[np.uint8]
Box = tuple[slice, slice, slice]

MOST_SEGMENTS = 8
MOST_STEPS = 200
_MOST_BYTES = 64 << 20
_SLAB_VOXELS = 3 << 19  # at 5 bytes a run, the worst slab is 7.5 MiB


@dataclass(frozen=True, eq=False)
class Change:
    """Voxels of one segment that are turned over: the same act does a step and takes it back.

    Parameters
    ----------
    segment : int
    box : tuple of slice
        The smallest box round what changes.
    packed : ndarray of uint8
        Whether each voxel of the box changes, eight to a byte, C order.
    """

    segment: int
    box: Box
    packed: Bits


class Outlines:
    """Segments as bits, with steps that can be undone.

    Parameters
    ----------
    segments : sequence of Segment
        Up to eight, on one grid; a fractional mask counts from above one half.
    shape : tuple of int
        Slices, rows, columns.

    Attributes
    ----------
    names : list of str
    bits : ndarray of uint8, shape (slices, rows, columns)
        Segment n is bit n.
    voxels : list of int
        How many each segment has.
    """

    def __init__(self, segments: Sequence[Segment], shape: tuple[int, int, int]) -> None:
        self.names: list[str] = []
        self.bits: Bits = np.zeros(shape, np.uint8)
        self.voxels: list[int] = []
        self.past: list[Change] = []
        self.future: list[Change] = []
        for segment in segments:
            self.rearrange(self.names_after("add", 0, segment.name))
            held = inside(segment.mask)
            self.bits |= held.astype(np.uint8) << np.uint8(len(self.names) - 1)
            self.voxels[-1] = int(held.sum())

    def names_after(self, do: str, segment: int, name: str) -> list[str]:
        """The names once a segment is begun, named anew or deleted.

        Parameters
        ----------
        do : {"add", "rename", "delete"}
        segment : int
            Which, unless one is begun.
        name : str
            Unless one is deleted.

        Raises
        ------
        PlanError
            If there would be nine or none, or the name is empty, long or taken.
        """
        names = list(self.names)
        if do == "delete":
            del names[segment]
        else:
            line = typed_line(name, "a segment's name", least=1, most=40, error=PlanError)
            at = segment if do == "rename" else len(names)
            names[at : at + 1] = [line]
        if not 0 < len(names) <= MOST_SEGMENTS or len(set(names)) < len(names):
            raise PlanError(f"1 to {MOST_SEGMENTS} segments are outlined at once, each with a name of its own")
        return names

    def rearrange(self, names: list[str], *, gone: int | None = None) -> None:
        """Take names as `names_after` gives them; what was done to a segment that is gone goes with it."""
        self.names = names
        self.voxels += [0] * (len(names) - len(self.voxels))
        if gone is None:
            return
        before = np.uint8((1 << gone) - 1)
        self.bits[...] = (self.bits & before) | ((self.bits >> np.uint8(1)) & ~before)
        del self.voxels[gone]
        self.past, self.future = _without(self.past, gone), _without(self.future, gone)

    @property
    def named(self) -> list[Segment]:
        """Names with one voxel each, for what asks no more of a segment: masks are large."""
        return [Segment(name, Volume(np.zeros((1, 1, 1), bool), np.eye(4))) for name in self.names]

    def mask(self, segment: int, box: Box | None = None) -> Mask:
        """Voxels of a segment, of the whole volume or of a box."""
        part = self.bits if box is None else self.bits[box]
        return np.asarray(part & np.uint8(1 << segment), dtype=bool)

    def change(self, segment: int, box: Box, now: Mask) -> Change | None:
        """What has to be turned over so that a box of a segment is as given; None if nothing."""
        turned = self.mask(segment, box) ^ now
        if not turned.any():
            return None
        tight = bounding_box(turned)
        whole = [slice(a.start + b.start, a.start + b.stop) for a, b in zip(box, tight, strict=True)]
        return Change(segment, (whole[0], whole[1], whole[2]), np.packbits(turned[tight]))

    def take(self, change: Change, do: str) -> None:
        """Do a step, or the last one back or again; after a new one those taken back are forgotten."""
        self._turn(change)
        if do == "undo":
            self.future.append(self.past.pop())
            return
        self.past.append(change)
        if do == "redo":
            self.future.pop()
            return
        self.future.clear()
        # The oldest steps go first; the last one can always be undone.
        held = np.cumsum([step.packed.nbytes for step in reversed(self.past)])
        kept = max(1, min(MOST_STEPS, int(np.searchsorted(held, _MOST_BYTES, "right"))))
        del self.past[:-kept]

    def whole(self) -> Box:
        """The smallest box that holds every outline; one voxel where there are none."""
        if not any(self.voxels):
            return slice(0, 1), slice(0, 1), slice(0, 1)
        return bounding_box(self.bits.astype(bool))

    def parts(self, box: Box) -> Iterator[tuple[dict[str, Any], list[memoryview]]]:
        """A box as it travels: slabs of whole slices, each small enough for one message at the worst."""
        rows, columns = box[1], box[2]
        thick = max(1, _SLAB_VOXELS // ((rows.stop - rows.start) * (columns.stop - columns.start)))
        starts = range(box[0].start, box[0].stop, thick)
        for k, start in enumerate(starts):
            bits = self.bits[start : min(start + thick, box[0].stop), rows, columns]
            place = {"origin": [start, rows.start, columns.start], "shape": list(bits.shape)}
            yield {"k": k, "of": len(starts), **place}, [numbers.data for numbers in runs(bits)]

    def _turn(self, change: Change) -> None:
        part = self.bits[change.box]
        turned = np.unpackbits(change.packed, count=part.size).reshape(part.shape).astype(bool)
        lost = int((turned & self.mask(change.segment, change.box)).sum())
        self.voxels[change.segment] += int(turned.sum()) - 2 * lost
        part[turned] ^= np.uint8(1 << change.segment)


def _without(steps: Sequence[Change], segment: int) -> list[Change]:
    """Steps on the other segments, by the numbers they have when one is gone."""
    others = [step for step in steps if step.segment != segment]
    return [replace(step, segment=step.segment - (step.segment > segment)) for step in others]


def runs(part: Bits) -> tuple[NDArray[np.uint32], Bits]:
    """Shorten a box of bits to how often each value follows, C order: lengths and values.

    Examples
    --------
    >>> lengths, values = runs(np.array([[[0, 0, 3], [3, 3, 1]]], np.uint8))
    >>> lengths.tolist(), values.tolist()
    ([2, 3, 1], [0, 3, 1])
    """
    flat = np.ascontiguousarray(part).reshape(-1)
    starts = np.concatenate([[0], np.flatnonzero(flat[1:] != flat[:-1]) + 1]) if flat.size else np.empty(0, int)
    return np.diff(starts, append=flat.size).astype("<u4"), flat[starts]
