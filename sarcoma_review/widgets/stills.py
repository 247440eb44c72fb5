"""Key images: stills of what a viewer shows, kept in order, each with a note that can be changed."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

import numpy as np

from sarcoma_review.errors import GeometryError, PresentationError
from sarcoma_review.planning import Plane
from sarcoma_review.present import PURPOSE, KeyImage, slice_image
from sarcoma_review.present.scene import PlaneLike
from sarcoma_review.present.section import View, section, slice_at
from sarcoma_review.present.windows import Window
from sarcoma_review.volume import Segment, Volume
from sarcoma_review.widgets.typed import typed_line

VIEWS: tuple[View, ...] = ("axial", "coronal", "sagittal")
MOST = 60
"""Key images in one viewer: more are a page's mistake."""

LONGEST_NOTE = 200


@dataclass(eq=False)
class Still:
    """One key image, drawn when first asked for.

    Parameters
    ----------
    words : str
        Its slice, such as ``"axial 57 of 184"``.
    draw : callable
        Makes the picture from copies, so that what changes afterwards does not change it.
    note : str
    """

    words: str
    draw: Callable[[], KeyImage]
    note: str = ""

    @cached_property
    def _drawn(self) -> KeyImage:
        return self.draw()

    def noted(self, note: str) -> "Still":
        """Put another note, on one line, in the place of its own, and give it back.

        Raises
        ------
        PresentationError
            If it has more than 200 letters, or some that cannot be seen.
        """
        self.note = typed_line(note, "a note", most=LONGEST_NOTE, error=PresentationError)
        return self

    @property
    def image(self) -> KeyImage:
        """The picture, its caption ending in the note."""
        ends = f": {self.note}" if self.note else ""
        return replace(self._drawn, caption=f"{self._drawn.caption}{ends}")


def still(
    volume: Volume,
    view: str,
    position_mm: Sequence[float],
    *,
    segments: Sequence[Segment],
    hidden: Sequence[str],
    planes: Sequence[PlaneLike],
    window: Window,
) -> Still:
    """Take down what a view shows: the slice's own pixels and outlines are copied, nothing is drawn yet.

    Parameters
    ----------
    volume : Volume
    view : {"axial", "coronal", "sagittal"}
    position_mm : sequence of float
        LPS mm; the nearest slice is taken.
    segments : sequence of Segment
        Those on another grid are left out.
    hidden : sequence of str
        Segments that are not drawn; the others keep their colours.
    planes : sequence of PlaneLike
    window : tuple of float

    Raises
    ------
    PresentationError
        If it is none of the three views.
    GeometryError
        If the position lies outside the volume.
    """
    if view not in VIEWS:
        raise PresentationError(f"a key image is axial, coronal or sagittal, found {view!r}")
    seen = section(volume.grid, view)
    through = seen.through
    number, count = slice_at(volume.grid, seen, position_mm), volume.shape[through]
    if not 0 <= number < count:
        raise GeometryError(f"the crosshair lies outside this image: {view} {number + 1} of {count}")
    here = [segment for segment in segments if segment.mask.grid.same_as(volume.grid)]
    masks = [_held(segment.mask, through, number, blank=segment.name in hidden) for segment in here]
    draw = partial(
        slice_image,
        _held(volume, through, number),
        view,
        tuple(position_mm),
        segments=[Segment(segment.name, mask) for segment, mask in zip(here, masks, strict=True)],
        planes=[_copied(plane) for plane in planes],
        window=window,
        footer=PURPOSE,
    )
    return Still(f"{view} {number + 1} of {count}", draw)


def still_volume(images: Mapping[str, Volume], role: str) -> Volume:
    """The image that a still is of.

    Raises
    ------
    PresentationError
        If there is none of that role, or it is fused with another.
    """
    if role == "fusion" or role not in images:
        raise PresentationError(f"a key image is of the first image or of that beside, found {role!r}")
    return images[role]


class Stills:
    """Key images by number; a number is not given twice."""

    def __init__(self) -> None:
        self._held: dict[int, Still] = {}
        self._last = 0

    @property
    def images(self) -> tuple[KeyImage, ...]:
        """All, in the order in which they were kept; those not drawn yet are drawn now."""
        return tuple(each.image for each in self._held.values())

    def replace(self, images: Iterable[KeyImage]) -> None:
        """Hold these and no others; those held already stay under their number.

        Raises
        ------
        PresentationError
            If there are more than 60.
        """
        given = tuple(images)
        if len(given) > MOST:
            raise PresentationError(f"a viewer keeps up to {MOST} key images, found {len(given)}")
        before, self._held = self._held, {}
        for image in given:
            number = next((n for n, each in before.items() if each.image == image and n not in self._held), None)
            if number is None:
                self.add(_given(image))
            else:
                self._held[number] = before[number]

    def add(self, kept: Still) -> None:
        """Hold one more.

        Raises
        ------
        PresentationError
            If there are 60 already.
        """
        if len(self._held) >= MOST:
            raise PresentationError(f"a viewer keeps up to {MOST} key images; delete one first")
        self._last += 1
        self._held[self._last] = kept

    def note(self, number: int, note: str) -> None:
        """Write another note on one; on one that is gone nothing is written.

        Raises
        ------
        PresentationError
            If the note is too long.
        """
        if number in self._held:
            self._held[number].noted(note)

    def change(self, asked: Mapping[str, Any], take: Callable[[Mapping[str, Any]], Still]) -> str:
        """Do what a page asks for, and give back why not, where it cannot be done.

        Parameters
        ----------
        asked : mapping
            ``keep`` with what `take` needs, ``note`` or ``unkeep`` with a number.
        take : callable
            Takes a still of what was asked.
        """
        try:
            match asked:
                case {"t": "keep"}:
                    self.add(take(asked))
                case {"t": "note", "n": int(n), "note": str(note)}:
                    self.note(n, note)
                case {"t": "unkeep", "n": int(n)}:
                    self.remove(n)
        except (GeometryError, PresentationError) as error:
            return str(error)
        return ""

    def remove(self, number: int) -> None:
        """Let one go; one that is gone already stays so."""
        self._held.pop(number, None)

    def words(self) -> list[dict[str, Any]]:
        """Describe all of them to a page."""
        return [{"n": n, "words": each.words, "note": each.note} for n, each in self._held.items()]


def _held(volume: Volume, through: int, number: int, *, blank: bool = False) -> Volume:
    """The volume with one slice in the place of every slice: a copy of no more than that one."""
    kept = np.take(volume.array, [number], axis=through)
    return replace(volume, array=np.broadcast_to(np.zeros_like(kept) if blank else kept, volume.shape))


def _copied(plane: PlaneLike) -> Plane:
    patch = getattr(plane, "patch_mm", None)
    return Plane(plane.point_mm, plane.normal, name=plane.name, kerf_mm=plane.kerf_mm, patch_mm=patch)


def _given(image: KeyImage) -> Still:
    return Still(image.caption, lambda: image)
