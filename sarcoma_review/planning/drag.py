"""Margins while a plane is being dragged: everything that does not change is worked out once."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sarcoma_review.planning.resection import Plane
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
    A plane's distances are one product of the points with its normal, in single precision relative to the tumour's
    own middle (error under 0.0001 mm for a tumour of 0.5 m). Only the plane that moved is worked out again.
    """

    def __init__(
        self, surface: TumourSurface, planes: Sequence[Plane], *, limits_mm: Sequence[float] = (0, 1, 5, 10, 20)
    ) -> None:
        points = surface.points_mm
        self._middle = points.mean(axis=0)
        self._points = points
        self._across = np.ascontiguousarray((points - self._middle).T, dtype=np.float32)
        self._limits = np.asarray(limits_mm, np.float32)
        areas = surface.point_areas_mm2
        self._shares = areas / max(float(areas.sum()), 1e-12)
        self._vertices = len(surface.vertices)
        self._margins = np.stack([self._margin(plane) for plane in planes])
        self._least = np.empty(len(points), np.float32)

    def update(self, number: int, plane: Plane) -> DragState:
        """Move one plane and give what follows.

        Parameters
        ----------
        number : int
            Which plane, from 0.
        plane : Plane
            Where it is now.
        """
        self._margins[number] = self._margin(plane)
        return self.state()

    def state(self) -> DragState:
        """What holds for the planes as they are."""
        least = self._margins.min(axis=0, out=self._least)
        closest = int(least.argmin())
        bins = np.searchsorted(self._limits, least, side="right")
        fractions = np.bincount(bins, self._shares, len(self._limits) + 1)
        return DragState(
            float(least[closest]), self._points[closest], least[: self._vertices], tuple(fractions.tolist())
        )

    def _margin(self, plane: Plane) -> Array32:
        margin: Array32 = -(plane.normal.astype(np.float32) @ self._across)
        margin -= np.float32(plane.distance_mm(self._middle))
        return margin
