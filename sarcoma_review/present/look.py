"""The pages to look round in: the outlined image, made small, with an option's planes and its margins in colour."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from sarcoma_review.planning import MarginReport, TumourSurface
from sarcoma_review.present.case import Case, Option
from sarcoma_review.present.content_words import as_title
from sarcoma_review.present.figures import KeyImage, slice_image
from sarcoma_review.present.images import images
from sarcoma_review.present.pages import Note, Page, Scene
from sarcoma_review.present.reduced import Reduced, reduced
from sarcoma_review.present.scene import opening_position
from sarcoma_review.present.section import View
from sarcoma_review.present.shown import Shown
from sarcoma_review.present.skin import Skin, skin
from sarcoma_review.present.windows import presets
from sarcoma_review.volume import Segment, Volume

_MOST_SEGMENTS = 8
_ALONG: tuple[View, ...] = ("sagittal", "coronal", "axial")  # through patient x, y, z
_PLAIN = Option("")


@dataclass(frozen=True, eq=False)
class Look:
    """One image of a case to look round in, the same voxels for every option.

    Parameters
    ----------
    case : Case
    volume : Volume
        Of the case.
    """

    case: Case
    volume: Volume

    @classmethod
    def of(cls, case: Case) -> "Look | None":
        """The image that was outlined, else the newest; None for a case without images."""
        if not case.imaging:
            return None
        mask = case.segments[0].mask if case.segments else case.imaging[-1]
        return cls(case, max(reversed(case.imaging), key=lambda each: _nearness(each, mask)))

    @cached_property
    def segments(self) -> tuple[Segment, ...]:
        """What is outlined on it."""
        return tuple(each for each in self.case.segments if each.mask.grid.same_as(self.volume.grid))[:_MOST_SEGMENTS]

    @cached_property
    def small(self) -> Reduced:
        """What a deck carries of it."""
        return reduced(self.volume, self.segments)

    def pages(self) -> Iterator[Page]:
        """A page without planes, where no option has any."""
        if not any(option.plan for option in self.case.options):
            yield self._page(_PLAIN)

    def pages_of(self, option: Option) -> Iterator[Page]:
        """A page with the planes of an option; nothing where it has none."""
        if option.plan is not None:
            yield self._page(option)

    def _page(self, option: Option) -> Page:
        brought = images(self.small.volume, beside=None, registration=None, fusion=None, labels=())
        planes = option.plan.planes if option.plan else ()
        place = _place(self.volume, self.segments, option)
        shown = Shown(brought, self.small.segments, planes, self._skin(option.margins), place_mm=place)
        title = f"Look round: {as_title(option.name)}" if option.name else "Look round"
        return Page(title, (Scene(shown, self._still(option, place)), Note(self.small.words)))

    def _still(self, option: Option, place: tuple[float, float, float]) -> KeyImage:
        return slice_image(
            self.volume,
            _across(option),
            place,
            segments=self.segments,
            planes=option.plan.planes if option.plan else (),
            window=next(iter(presets(self.volume))),
            mark=option.margins is not None,
        )

    def _skin(self, report: MarginReport | None) -> Skin | None:
        """The surface that the margins were measured on, known by its number of vertices."""
        if report is None:
            return None
        for segment in self.segments:
            surface = TumourSurface.from_mask(segment.mask)
            if len(report.distances_mm) in (len(surface.vertices), len(surface.points_mm)):
                return skin(surface, report.distances_mm)
        return None


def _nearness(volume: Volume, mask: Volume) -> tuple[bool, bool]:
    """How surely a mask was drawn on a volume."""
    same = volume.grid.same_as(mask.grid)
    return same, same and bool(mask.series_uid) and volume.series_uid == mask.series_uid


def _place(volume: Volume, segments: tuple[Segment, ...], option: Option) -> tuple[float, float, float]:
    """Where to begin: the place of the least margin, else the middle of the tumour."""
    report = option.margins
    found = opening_position(volume, segments) if report is None else report.minimum_position_mm
    return float(found[0]), float(found[1]), float(found[2])


def _across(option: Option) -> View:
    """The view in which the least margin has nearly its true length: that along which its cut runs."""
    closest = option.margins.closest.name if option.margins else ""
    normals = [plane.normal for plane in option.plan.planes if plane.name == closest] if option.plan else []
    return _ALONG[int(np.argmin(np.abs(normals[0])))] if normals else "axial"
