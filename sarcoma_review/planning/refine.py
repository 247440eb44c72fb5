"""The furthest reach of a surface along a direction, far finer than its voxels.

A binary mask says of each voxel edge that it crosses the true surface somewhere, uniformly along the edge. Round the
furthest vertex a quadric ``h + c6 h² + c7 u h + c8 v h = c0 + c1 u + c2 v + c3 u² + c4 u v + c5 v²`` (u, v across, h
along the direction) is fitted so that it meets those edges as near their middles as it can, each residual taken along
its own edge and weighed by the edge's length. Edges that lie across the direction place the top much better than the
staircase's own steps do, which is why the fit beats any smoothing of the mask. Spheres and ellipsoids are quadrics
and come out exact.

The standard deviation is the fit's own, from edges uniform along their length, and two terms for bodies that are no
quadric or whose cap holds too few slices to settle one: how much worse the edges are met than chance explains, and
how far the top moves when the fit takes in a wider disc. Where a plane lies along thick slices the second one grows,
because a cap then rests on one or two terraces. Their factors were found on random balls, ellipsoids, rounded boxes
and unions of balls (`benchmarks/interval_coverage.py` measures them anew on others).
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sarcoma_review.planning.quadric import QuadricFit, QuadricTop, edges_near
from sarcoma_review.planning.resection import tangents
from sarcoma_review.planning.surface import TumourSurface
from sarcoma_review.planning.uncertainty import voxel_sd_mm

Array = NDArray[np.float64]

_ROUNDS = 4
_SETTLED_MM = 0.005
_REACH = 1.2  # disc radius, of sqrt(2 * radius of curvature * spacing): a few steps of the staircase wide
_WIDER = 1.3  # disc of the second fit, of the first
_MOVES = 1.7  # standard deviations, of how far the top moves when the disc is widened
_MOVES_BY_CHANCE = 0.6  # of the fit's own deviation: how far the top moves on bodies that are quadrics
_ROUGH = 0.045  # of the voxel's extent, for each unit by which the edges lie worse than a quadric's would
_NO_WORSE = 1.1  # misfit that chance alone gives
_FLOOR = 0.004  # of the voxel's extent
_CORNER = 0.18  # of the voxel's extent: how far a body reaches beyond its outermost voxel centre, where no fit holds
_FARTHEST = 0.75  # of the voxel diagonal: a top further from the vertex is not believed


@dataclass(frozen=True, eq=False)
class Reach:
    """The furthest point of a surface along a direction.

    Parameters
    ----------
    position_mm : ndarray, shape (3,)
        The top of the fitted quadric; the furthest vertex or guard point where none was fitted. LPS mm.
    sd_mm : float
        Standard deviation of the reach along the direction that the voxels leave.
    fitted : bool
        False where no quadric with a top was found and the vertex itself stands.
    beyond_mm : float
        How far a voxel of the mask reached beyond the surface, where that voxel's centre had to be taken instead.
    """

    position_mm: Array
    sd_mm: float
    fitted: bool
    beyond_mm: float = 0.0


def furthest(surface: TumourSurface, direction: Array) -> Reach:
    """Find the point of a surface that reaches furthest along a direction.

    Parameters
    ----------
    surface : TumourSurface
        Guard points count as they are: no quadric is fitted to what smoothing would have lost.
    direction : ndarray, shape (3,)
        Unit vector, LPS.

    Returns
    -------
    Reach
    """
    plain = voxel_sd_mm(surface.grid, direction)
    humps = _humps(surface, direction)
    reaches = [_fitted(surface, hump, direction, plain) for hump in humps]
    if len(surface.guard_points_mm):
        guard = surface.guard_points_mm[np.argmax(surface.guard_points_mm @ direction)]
        reaches.append(Reach(guard, plain, fitted=False))
    best = max(reaches, key=lambda reach: float(reach.position_mm @ direction), default=None)
    return _not_before_the_mask(surface.rim_mm, best, direction, plain)


def reach_near(surface: TumourSurface, point_mm: Array, direction: Array) -> Reach:
    """Refine the reach of a surface round one of its points, where another part may reach further.

    Parameters
    ----------
    surface : TumourSurface
    point_mm : ndarray, shape (3,)
        A vertex that is locally furthest along `direction`, LPS mm.
    direction : ndarray, shape (3,)
        Unit vector, LPS.
    """
    plain = voxel_sd_mm(surface.grid, direction)
    near = np.linalg.norm(surface.rim_mm - point_mm, axis=1) < 3.0 * max(surface.grid.spacing_mm)
    fitted = _fitted(surface, point_mm, direction, plain)
    return _not_before_the_mask(surface.rim_mm[near], fitted, direction, plain) if near.any() else fitted


def _not_before_the_mask(rim_mm: Array, best: Reach | None, direction: Array, plain_sd: float) -> Reach:
    """Where a corner or a tail is smoothed away, the mask's own outermost voxel centre stands instead."""
    centre = rim_mm[np.argmax(rim_mm @ direction)]
    if best is None:
        return Reach(centre, plain_sd, fitted=False)
    beyond = float((centre - best.position_mm) @ direction)
    if beyond <= 0:
        return best
    sd = max(best.sd_mm, _CORNER * plain_sd * np.sqrt(12.0), 0.5 * beyond)
    return replace(best, position_mm=centre, sd_mm=float(sd), fitted=False, beyond_mm=beyond)


def _humps(surface: TumourSurface, direction: Array, most: int = 3) -> list[Array]:
    """The furthest vertex, and others apart from it that a fit could still raise above it."""
    heights = surface.vertices @ direction
    apart = 4.0 * max(surface.grid.spacing_mm)
    open_ones = heights > heights.max(initial=-np.inf) - np.linalg.norm(surface.grid.spacing_mm) / 2
    found: list[Array] = []
    while open_ones.any() and len(found) < most:
        vertex = surface.vertices[np.argmax(np.where(open_ones, heights, -np.inf))]
        found.append(vertex)
        open_ones &= np.linalg.norm(surface.vertices - vertex, axis=1) > apart
    return found


def _fitted(surface: TumourSurface, vertex: Array, direction: Array, plain_sd: float) -> Reach:
    frame = np.stack([*tangents(direction), direction])
    along = float(np.linalg.norm(direction @ surface.grid.affine[:3, :3]))
    centre, radius, top = vertex, 12.0, None
    for _ in range(_ROUNDS):
        top = _top(surface, centre, frame, along=along, radius=radius)
        if top is None:
            return Reach(vertex, plain_sd, fitted=False)
        settled = np.linalg.norm(top.offset) < _SETTLED_MM and abs(top.radius_mm / radius - 1.0) < 0.01
        centre, radius = centre + top.offset @ frame, top.radius_mm
        if settled:
            break
    if top is None or abs((centre - vertex) @ direction) > _FARTHEST * np.linalg.norm(surface.grid.spacing_mm):
        return Reach(vertex, plain_sd, fitted=False)
    wider = _top(surface, centre, frame, along=along, radius=radius, widened=_WIDER)
    moves = along if wider is None else min(abs(wider.offset[2]), along)
    moves = np.sqrt(max(moves**2 - (_MOVES_BY_CHANCE * top.sd_mm) ** 2, 0.0))
    rough = np.sqrt(max(top.misfit**2 - _NO_WORSE**2, 0.0))
    terms = (top.sd_mm, _MOVES * moves, _ROUGH * along * rough, _FLOOR * along)
    return Reach(centre, float(np.linalg.norm(terms)), fitted=True)


def _top(
    surface: TumourSurface, centre: Array, frame: Array, *, along: float, radius: float, widened: float = 1.0
) -> QuadricTop | None:
    spacing = np.array(surface.grid.spacing_mm)
    disc = max(_REACH * np.sqrt(2.0 * min(radius, 60.0) * max(along, spacing.min())), 3 * np.median(spacing))
    near = edges_near(surface.crossings, centre, frame, float(widened * disc), radius + along, 2 * along + 1)
    return None if near is None else QuadricFit(near, surface, frame, float(widened * disc), radius).top()
