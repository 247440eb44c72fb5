"""The margin to a cut that ends, finer than the surface's vertices."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from sarcoma_review.planning.patches import feet_mm
from sarcoma_review.planning.refine import Reach, reach_near
from sarcoma_review.planning.resection import Plane
from sarcoma_review.planning.surface import TumourSurface
from sarcoma_review.planning.uncertainty import voxel_sd_mm

Array = NDArray[np.float64]

_SAME_WAY = np.cos(np.radians(0.5))


@dataclass(frozen=True, eq=False)
class Facing:
    """A part of the tumour that faces a place of a cut.

    Parameters
    ----------
    reach : Reach
        How far it reaches along the direction.
    direction : ndarray, shape (3,)
        Unit vector from the tumour towards the cut, LPS.
    margin_mm : float
        What is left between the two.
    """

    reach: Reach
    direction: Array
    margin_mm: float

    @classmethod
    def of(cls, surface: TumourSurface, point: Array, foot: Array, direction: Array) -> Self:
        """Refine the reach round a point of the surface, towards the place on the cut it faces."""
        reach = reach_near(surface, point, direction)
        return cls(reach, direction, float((foot - reach.position_mm) @ direction))


def facing_patch(surface: TumourSurface, plane: Plane, margins_mm: Array) -> Facing:
    """Measure from a tumour to a patch round their nearest points.

    Parameters
    ----------
    surface : TumourSurface
    plane : Plane
        With its patch.
    margins_mm : ndarray, shape (n + k,)
        To this patch, at `TumourSurface.points_mm`.

    Notes
    -----
    The distance of a convex body from a place `e` is the largest ``d @ e - reach(d)`` over all directions `d`. The
    direction from the nearest vertex errs by the vertex's own error; that from the refined point errs the other way.
    The largest value lies between the two.
    """
    at = int(np.argmin(margins_mm))
    point = surface.points_mm[at]
    foot = feet_mm(plane, point[None])[0]
    # Beyond the patch, or nearly on it, the foot says nothing of the direction.
    clear = margins_mm[at] > min(surface.grid.spacing_mm)
    direction = _unit(foot - point) if clear else plane.normal
    if at >= len(surface.vertices):
        reach = Reach(point, voxel_sd_mm(surface.grid, direction), fitted=False)
        return Facing(reach, direction, float(margins_mm[at]))
    first = Facing.of(surface, point, foot, direction)
    other = foot - first.reach.position_mm
    if not clear or _unit(other) @ direction > _SAME_WAY:
        return first
    ends = direction, _unit(other)
    middle, last = (Facing.of(surface, point, foot, _unit(ends[0] * (1 - t) + ends[1] * t)) for t in (0.5, 1.0))
    bend = first.margin_mm - 2 * middle.margin_mm + last.margin_mm
    if bend >= 0:
        return max((first, middle, last), key=lambda facing: facing.margin_mm)
    t = float(np.clip(0.5 + 0.25 * (first.margin_mm - last.margin_mm) / bend, 0.0, 1.0))
    return Facing.of(surface, point, foot, _unit(ends[0] * (1 - t) + ends[1] * t))


def _unit(vector: Array) -> Array:
    unit: Array = vector / np.linalg.norm(vector)
    return unit
