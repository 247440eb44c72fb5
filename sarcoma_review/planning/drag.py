"""Margins while a plane is being dragged: everything that does not change is worked out once."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from sarcoma_review.planning.patches import plane_margins_mm
from sarcoma_review.planning.resection import Plane, ResectionPlan
from sarcoma_review.planning.surface import TumourSurface

Array32 = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class DragState:
    """What a page shows while a plane moves.

    Parameters
    ----------
    minimum_mm : float
        Least margin over all points, before the local fit that `resection_margins` adds on release.
    minimum_position_mm : ndarray, shape (3,)
        LPS mm.
    distances_mm : ndarray of float32, shape (n,)
        Margin at each vertex. The same array at every update: copy it to keep it.
    area_fractions : tuple of float
        Share of the surface in each bin: below the first limit, between each two, above the last.
    """

    minimum_mm: float
    minimum_position_mm: NDArray[np.float64]
    distances_mm: Array32
    area_fractions: tuple[float, ...]


class PlanDrag:
    """Margins of a plan whose planes move one at a time.

    Parameters
    ----------
    surface : TumourSurface
    planes : sequence of Plane
    limits_mm : sequence of float
        Of the histogram, rising.

    Notes
    -----
    The margins to an endless plane are one product of the points with its normal, in single precision relative to
    the tumour's own middle (error under 0.0001 mm for a tumour of 0.5 m); only the plane that moved is worked out
    again. Planes that end at a patch bound one another, so all of them are worked out again, more slowly.
    `benchmarks/margin_speed.py` measures a move.
    """

    def __init__(
        self, surface: TumourSurface, planes: Sequence[Plane], *, limits_mm: Sequence[float] = (0, 1, 5, 10, 20)
    ) -> None:
        self._points = surface.points_mm
        self._middle = self._points.mean(axis=0)
        count = len(self._points)
        self._across = np.ascontiguousarray((self._points - self._middle).T, dtype=np.float32)
        self._limits = [float(limit) for limit in limits_mm]
        areas = surface.point_areas_mm2
        self._shares = (areas / max(float(areas.sum()), 1e-12)).astype(np.float32)
        self._vertices = len(surface.vertices)
        self._planes = list(planes)
        # Made once: a move then asks for no memory.
        self._margins = np.empty((len(self._planes), count), np.float32)
        self._least, self._part = np.empty(count, np.float32), np.empty(count, np.float32)
        self._is_below = np.empty(count, bool)
        for number, plane in enumerate(self._planes):
            self._measure(number, ended=plane.patch_mm is not None)

    def update(self, number: int, plane: Plane) -> DragState:
        """Move one plane and give what follows.

        Parameters
        ----------
        number : int
            Which plane, from 0.
        plane : Plane
            Where it is now.
        """
        ended = self._planes[number].patch_mm is not None or plane.patch_mm is not None
        self._planes[number] = plane
        self._measure(number, ended=ended)
        return self.state()

    @property
    def minima_mm(self) -> Array32:
        """Least margin to each plane as it is, in their order, shape (planes,)."""
        least: Array32 = self._margins.min(axis=1)
        return least

    def state(self) -> DragState:
        """What holds for the planes as they are."""
        self._least[:] = self._margins[0]
        for margins in self._margins[1:]:
            np.minimum(self._least, margins, out=self._least)
        closest = int(self._least.argmin())
        return DragState(
            float(self._least[closest]), self._points[closest], self._least[: self._vertices], self._fractions()
        )

    def _measure(self, number: int, *, ended: bool) -> None:
        if self._planes[number].patch_mm is None:
            self._measure_endless(number)
        if ended:
            self._measure_patches()

    def _measure_endless(self, number: int) -> None:
        plane, margins = self._planes[number], self._margins[number]
        # Not a matrix product: its threads wait for one another where other work shares the processor.
        margins[:] = -plane.distance_mm(self._middle)
        for coordinate, cosine in zip(self._across, plane.normal, strict=True):
            np.multiply(coordinate, np.float32(cosine), out=self._part)
            margins -= self._part

    def _measure_patches(self) -> None:
        ending = [number for number, plane in enumerate(self._planes) if plane.patch_mm is not None]
        if not ending:
            return
        plan = ResectionPlan([self._planes[number] for number in ending])
        for number, margins in zip(ending, plane_margins_mm(plan, self._points), strict=True):
            self._margins[number] = margins

    def _fractions(self) -> tuple[float, ...]:
        """Share of the area in each bin: what lies below each limit, less what lies below the one before."""
        below = [0.0]
        for limit in self._limits:
            np.less(self._least, np.float32(limit), out=self._is_below)
            np.copyto(self._part, self._is_below)
            below.append(min(1.0, float(self._shares @ self._part)))
        return tuple(max(0.0, after - before) for before, after in pairwise([*below, 1.0]))
