"""The margin to a zone that stays in the patient, such as a nerve or a vessel beside the tumour."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from sarcoma_review.planning.extent import vertex_normals
from sarcoma_review.planning.refine import reach_near
from sarcoma_review.planning.specimen import specimen_margins_mm
from sarcoma_review.planning.surface import TumourSurface
from sarcoma_review.planning.uncertainty import voxel_sd_mm
from sarcoma_review.volume import Volume

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class SparedMargin:
    """From a tumour to a zone that stays.

    Parameters
    ----------
    margins_mm : ndarray, shape (n + k,)
        At `TumourSurface.points_mm`; below 0 inside the zone.
    margin_mm : float
        The least, both surfaces refined where they face one another.
    position_mm, direction : ndarray, shape (3,)
        On the tumour, and from it towards the zone; LPS mm, unit vector.
    sd_mm : float
        Standard deviation that the voxels of both masks leave.
    """

    margins_mm: Array
    margin_mm: float
    position_mm: Array
    direction: Array
    sd_mm: float


def measure_spared(surface: TumourSurface, zone: Volume) -> SparedMargin:
    """Measure a tumour to a spared zone, and refine the least margin.

    The gap between two convex bodies is the largest, over all directions, of what lies between the reach of the one
    and that of the other; at the direction of the gap that is flat, so a small error of the direction costs little.
    Where tumour and zone overlap, or one is thinner than the smoothing, the surfaces stand as they are.

    Parameters
    ----------
    surface : TumourSurface
    zone : Volume
        Mask, on any grid of the same patient space.

    Raises
    ------
    EmptyMaskError
        If the zone has no voxels.
    GeometryError
        If its grid is sheared, or lies in another frame of reference.
    """
    margins = -specimen_margins_mm(surface, zone)
    other = TumourSurface.from_mask(zone)
    at = int(np.argmin(margins))
    point = surface.points_mm[at]
    facing = int(cKDTree(other.vertices).query(point)[1])
    smooth = at < len(surface.vertices)
    direction = vertex_normals(surface)[at] if smooth else point - surface.points_mm.mean(axis=0)
    direction = direction - vertex_normals(other)[facing]
    direction /= max(float(np.linalg.norm(direction)), 1e-9)
    if smooth and margins[at] > 0.5 * min(surface.grid.spacing_mm):
        near, far = reach_near(surface, point, direction), reach_near(other, other.vertices[facing], -direction)
        gap = float((far.position_mm - near.position_mm) @ direction)
        sd = float(np.hypot(near.sd_mm, far.sd_mm))
        return SparedMargin(margins, gap, near.position_mm, direction, sd)
    wide = np.hypot(voxel_sd_mm(surface.grid, direction), voxel_sd_mm(other.grid, direction))
    return SparedMargin(margins, float(margins[at]), point, direction, float(wide))
