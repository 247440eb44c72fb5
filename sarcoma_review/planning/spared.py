"""The margin to a zone that stays in the patient, such as a nerve or a vessel beside the tumour."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from sarcoma_review.planning.distance import signed_distance_to_triangles_mm
from sarcoma_review.planning.extent import vertex_normals
from sarcoma_review.planning.refine import reach_near
from sarcoma_review.planning.specimen import sd_unfitted_mm
from sarcoma_review.planning.surface import TumourSurface
from sarcoma_review.volume import Volume, require_same_space

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
    Where tumour and zone overlap, or one is thinner than the smoothing (a nerve of two voxels), the points stand as
    they are, with the wider deviation.

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
    require_same_space(surface.mask, zone, "tumour and spared zone")
    other = TumourSurface.from_mask(zone)
    margins = _margins_mm(surface, other)
    at = int(np.argmin(margins))
    point = surface.points_mm[at]
    facing = int(cKDTree(other.points_mm).query(point)[1])
    if at >= len(surface.vertices) or facing >= len(other.vertices):  # a guard point: no quadric is fitted there
        return _unfitted(margins, point, other.points_mm[facing] - point, surface=surface, other=other)
    direction = vertex_normals(surface)[at] - vertex_normals(other)[facing]
    direction /= max(float(np.linalg.norm(direction)), 1e-9)
    if margins[at] < 0.5 * min(surface.grid.spacing_mm):
        return _unfitted(margins, point, direction, surface=surface, other=other)
    near, far = reach_near(surface, point, direction), reach_near(other, other.vertices[facing], -direction)
    gap = float((far.position_mm - near.position_mm) @ direction)
    return SparedMargin(margins, gap, near.position_mm, direction, float(np.hypot(near.sd_mm, far.sd_mm)))


def _margins_mm(surface: TumourSurface, other: TumourSurface) -> Array:
    """Distance of the tumour's points to a zone's surface, and to what of the zone smoothing would have lost."""
    points = surface.points_mm
    margins = np.full(len(points), np.inf)
    if len(other.faces):
        margins = signed_distance_to_triangles_mm(points, other.vertices, other.faces)
    if len(other.guard_points_mm):
        margins = np.minimum(margins, cKDTree(other.guard_points_mm).query(points)[0])
    return margins


def _unfitted(
    margins: Array, point: Array, towards: Array, *, surface: TumourSurface, other: TumourSurface
) -> SparedMargin:
    direction = towards / max(float(np.linalg.norm(towards)), 1e-9)
    return SparedMargin(margins, float(margins.min()), point, direction, sd_unfitted_mm(surface, other, direction))
