"""Cuts that end: planes bounded by a polygon, which together make a step or an L."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sarcoma_review.errors import PlanError
from sarcoma_review.planning.resection import Plane, ResectionPlan, tangents

Array = NDArray[np.float64]

_SAME_PLACE = 1e-6  # mm: a point this equally near to two patches is nearest to their common edge


@dataclass(frozen=True, eq=False)
class Beyond:
    """Where points lie to the cut surface that several patches make.

    Parameters
    ----------
    distance_mm : ndarray, shape (n,)
        Above 0 on the patient's side of the nearest patch, below 0 on the specimen's.
    nearest : ndarray of int, shape (n,)
        Which patch is nearest.
    """

    distance_mm: Array
    nearest: NDArray[np.int_]


def feet_mm(plane: Plane, points_mm: Array) -> Array:
    """Nearest place on a patch to each point, or on an endless plane, shape (n, 3), LPS mm."""
    feet: Array = points_mm - plane.distance_mm(points_mm)[:, None] * plane.normal
    if plane.patch_mm is None:
        return feet
    nearest, least = feet.copy(), np.full(len(points_mm), np.inf)
    within = np.ones(len(points_mm), bool)
    for corner, following in zip(plane.patch_mm, np.roll(plane.patch_mm, -1, axis=0), strict=True):
        edge = following - corner
        along = np.clip((feet - corner) @ edge / (edge @ edge), 0.0, 1.0)
        on_edge = corner + along[:, None] * edge
        apart = np.linalg.norm(feet - on_edge, axis=1)
        within &= (feet - corner) @ np.cross(plane.normal, edge) >= 0
        nearer = apart < least
        nearest[nearer], least[nearer] = on_edge[nearer], apart[nearer]
    return np.where(within[:, None], feet, nearest)


def beyond_patches(patches: Sequence[Plane], points_mm: Array) -> Beyond:
    """Say on which side of a surface of patches points lie, and how far from it.

    The nearest patch decides the side. Where two meet at an edge and both are equally near, their distances along
    the normals are added (the pseudonormal of the edge), which is right at inner and outer corners alike.

    Parameters
    ----------
    patches : sequence of Plane
        Each with its polygon.
    points_mm : ndarray, shape (n, 3)
        LPS mm.
    """
    heights = np.stack([plane.distance_mm(points_mm) for plane in patches])
    apart = np.stack([np.linalg.norm(points_mm - feet_mm(plane, points_mm), axis=1) for plane in patches])
    nearest = np.argmin(apart, axis=0)
    least = np.take_along_axis(apart, nearest[None], axis=0)[0]
    side = np.where(apart <= least + _SAME_PLACE, heights, 0.0).sum(axis=0)
    return Beyond(np.where(side > 0, least, -least), nearest)


def plane_margins_mm(plan: ResectionPlan, points_mm: Array) -> list[Array]:
    """Margin of each point to each plane of a plan, in the plan's order.

    To an endless plane it is the distance along its normal. To a patch it is the distance to the polygon: below 0
    for points beyond the patches whose nearest patch it is, above 0 for all others, which another patch bounds.
    """
    beyond = beyond_patches(plan.patches, points_mm) if plan.patches else None
    margins, number = [], 0
    for plane in plan.planes:
        if plane.patch_mm is None or beyond is None:
            margins.append(-plane.distance_mm(points_mm))
            continue
        apart = np.linalg.norm(points_mm - feet_mm(plane, points_mm), axis=1)
        margins.append(np.where(beyond.nearest == number, -beyond.distance_mm, apart))
        number += 1
    return margins


def outside_mm(plan: ResectionPlan, points_mm: Array, *, beyond_kerf: bool = False) -> Array:
    """How far points lie outside what the planes take, mm; below 0 inside. With the kerf, outside that too.

    Known bias: beyond a corner of endless planes the distance to the furthest of them, never more than the true one.
    """
    kerf = float(beyond_kerf)
    each = [plane.distance_mm(points_mm) - kerf * plane.kerf_mm for plane in plan.endless]
    if plan.patches:
        beyond = beyond_patches(plan.patches, points_mm)
        each.append(beyond.distance_mm - kerf * np.array([plane.kerf_mm for plane in plan.patches])[beyond.nearest])
    furthest: Array = np.max(each, axis=0)
    return furthest


def clipped(
    plane: Plane, *, behind: Sequence[Plane] = (), beyond: Sequence[Plane] = (), reach_mm: float = 150.0
) -> Plane:
    """End a plane where others cut it off.

    Parameters
    ----------
    plane : Plane
    behind, beyond : sequence of Plane
        The patch keeps what lies on the specimen's side of the first and on the patient's side of the second.
    reach_mm : float
        Half the side of the square round the plane's point from which the patch is cut: past the bone and the
        soft tissue there.

    Raises
    ------
    PlanError
        If nothing of the plane is left.

    Examples
    --------
    >>> riser = Plane((0, 0, 0), (1, 0, 0), name="riser")
    >>> high = clipped(Plane((0, 0, 100), (0, 0, 1), name="high"), behind=[riser], reach_mm=50)
    >>> bool((high.patch_mm[:, 0] <= 1e-9).all())
    True
    """
    u, v = tangents(plane.normal)
    corners = plane.point_mm + reach_mm * np.array([u + v, v - u, -u - v, u - v])
    for other in behind:
        corners = _kept(corners, other.distance_mm(corners))
    for other in beyond:
        corners = _kept(corners, -other.distance_mm(corners))
    if len(corners) < 3:
        raise PlanError(f"nothing of plane {plane.name!r} is left within {reach_mm:g} mm between the other planes")
    return Plane(plane.point_mm, plane.normal, name=plane.name, kerf_mm=plane.kerf_mm, patch_mm=corners)


def step_cut(high: Plane, riser: Plane, low: Plane, *, reach_mm: float = 150.0) -> tuple[Plane, Plane, Plane]:
    """Make a step of three planes: what lies behind `low`, or behind both `high` and `riser`, is taken.

    Parameters
    ----------
    high, low : Plane
        The two treads; `high` takes more. Their normals point away from the specimen.
    riser : Plane
        Between them; its normal points from the side of `high` to the side of `low`.
    reach_mm : float
        As in `clipped`.

    Returns
    -------
    tuple of three Plane
        The same with their patches, for a `ResectionPlan`.

    Examples
    --------
    >>> treads = [Plane((0, 0, z), (0, 0, 1), name=name) for z, name in ((100, "high"), (80, "low"))]
    >>> step = step_cut(treads[0], Plane((0, 0, 90), (1, 0, 0), name="riser"), treads[1])
    >>> outside_mm(ResectionPlan(step), np.array([[-3.0, 0, 90], [3.0, 0, 90]])).tolist()
    [-3.0, 3.0]
    """
    return (
        clipped(high, behind=[riser], reach_mm=reach_mm),
        clipped(riser, behind=[high], beyond=[low], reach_mm=reach_mm),
        clipped(low, beyond=[riser], reach_mm=reach_mm),
    )


def _kept(corners: Array, heights: Array) -> Array:
    """A convex polygon less what has a height above 0 (Sutherland and Hodgman)."""
    kept = []
    following = np.roll(np.arange(len(corners)), -1)
    for here, there in zip(range(len(corners)), following, strict=True):
        if heights[here] <= 0:
            kept.append(corners[here])
        if (heights[here] <= 0) != (heights[there] <= 0):
            share = heights[here] / (heights[here] - heights[there])
            kept.append(corners[here] + share * (corners[there] - corners[here]))
    return np.array(kept).reshape(-1, 3)
