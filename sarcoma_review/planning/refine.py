"""The furthest reach of a surface along a direction, far finer than its voxels.

A binary mask says of each voxel edge that it crosses the true surface somewhere, uniformly along the edge. Round the
furthest vertex a quadric ``h + c6 h² + c7 u h + c8 v h = c0 + c1 u + c2 v + c3 u² + c4 u v + c5 v²`` (u, v across, h
along the direction) is fitted so that it meets those edges as near their middles as it can, each residual taken along
its own edge and weighed by the edge's length. Edges that lie across the direction place the top much better than the
staircase's own steps do, which is why the fit beats any smoothing of the mask. Spheres and ellipsoids are quadrics
and come out exact; the standard deviation follows from the fit.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sarcoma_review.planning.surface import Crossings, TumourSurface
from sarcoma_review.planning.uncertainty import voxel_sd_mm

Array = NDArray[np.float64]

_ROUNDS, _STEPS = 4, 5
_REACH = 1.2  # disc radius, of sqrt(2 * radius of curvature * spacing): a few steps of the staircase wide
_DISC = 1.6  # points further out than this, of the disc radius, weigh next to nothing
_STIFF = 2.0  # pull of the three cross terms towards 0, for a cap that does not hold enough to settle them
_STEEP = 0.05  # an edge nearly within the surface says where it is only along itself
_FEWEST = 15
_MODEL = 0.012  # of the voxel's extent: what no quadric follows, found on bodies that are none
_FARTHEST = 0.75  # of the voxel diagonal: a top further from the vertex is not believed


@dataclass(frozen=True, eq=False)
class Reach:
    """The furthest point of a surface along a direction.

    Parameters
    ----------
    position_mm, vertex_mm : ndarray, shape (3,)
        The top of the fitted quadric; the furthest vertex or guard point before the fit. LPS mm.
    sd_mm : float
        Standard deviation of the reach along the direction that the voxels leave.
    fitted : bool
        False where no quadric with a top was found and the vertex itself stands.
    beyond_mm : float
        How far a voxel of the mask reached beyond the surface, where that voxel's centre had to be taken instead.
    """

    position_mm: Array
    vertex_mm: Array
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
    reaches = [replace(_fitted(surface, hump, direction, plain), vertex_mm=humps[0]) for hump in humps]
    if len(surface.guard_points_mm):
        guard = surface.guard_points_mm[np.argmax(surface.guard_points_mm @ direction)]
        reaches.append(Reach(guard, guard, plain, fitted=False))
    best = max(reaches, key=lambda reach: float(reach.position_mm @ direction), default=None)
    return _not_before_the_mask(surface, best, direction, plain)


def _not_before_the_mask(surface: TumourSurface, best: Reach | None, direction: Array, plain_sd: float) -> Reach:
    """Where a corner or a tail is smoothed away, the mask's own outermost voxel centre stands instead."""
    centre = surface.rim_mm[np.argmax(surface.rim_mm @ direction)]
    if best is None:
        return Reach(centre, centre, plain_sd, fitted=False)
    beyond = float((centre - best.position_mm) @ direction)
    if beyond <= 0:
        return best
    sd = plain_sd if beyond > 0.5 * plain_sd else max(best.sd_mm, beyond)
    return replace(best, position_mm=centre, sd_mm=sd, fitted=False, beyond_mm=beyond)


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
    spacing = np.array(surface.grid.spacing_mm)
    frame = np.stack([*_tangents(direction), direction])
    along = float(np.linalg.norm(direction @ surface.grid.affine[:3, :3]))
    centre, curvature_radius, sd = vertex, 12.0, plain_sd
    for _ in range(_ROUNDS):
        disc = max(
            _REACH * np.sqrt(2.0 * min(curvature_radius, 60.0) * max(along, spacing.min())), 3 * np.median(spacing)
        )
        near = _near(surface.crossings, centre, frame, float(disc), curvature_radius + along, 2 * along + 1)
        top = _Fit(near, surface, frame, float(disc), curvature_radius).top() if near is not None else None
        if top is None:
            return Reach(vertex, vertex, plain_sd, fitted=False)
        offset, curvature_radius, sd = top
        centre = centre + offset @ frame
    if abs((centre - vertex) @ direction) > _FARTHEST * np.linalg.norm(spacing):
        return Reach(vertex, vertex, plain_sd, fitted=False)
    return Reach(centre, vertex, float(np.hypot(sd, _MODEL * along)), fitted=True)


def _tangents(direction: Array) -> tuple[Array, Array]:
    u = np.cross(direction, np.eye(3)[np.argmin(np.abs(direction))])
    u /= np.linalg.norm(u)
    return u, np.cross(direction, u)


@dataclass(frozen=True, eq=False)
class _Near:
    """Edges round a place: middles in (u, v, h) from it, the index axis of each, distance from the middle line."""

    local: Array
    axes: NDArray[np.int8]
    squared: Array


def _near(crossings: Crossings, centre: Array, frame: Array, disc: float, below: float, above: float) -> _Near | None:
    local = (crossings.positions_mm - centre) @ frame.T
    squared = local[:, 0] ** 2 + local[:, 1] ** 2
    chosen = (squared < (_DISC * disc) ** 2) & (local[:, 2] > -below) & (local[:, 2] < above)
    if chosen.sum() < _FEWEST:
        return None
    return _Near(local[chosen], crossings.axes[chosen], squared[chosen])


class _Fit:
    """Gauss-Newton on where a quadric meets the edges."""

    def __init__(
        self, near: _Near, surface: TumourSurface, frame: Array, disc: float, curvature_radius: float
    ) -> None:
        spacing = np.array(surface.grid.spacing_mm)
        edges = (surface.grid.affine[:3, :3] / spacing).T @ frame.T
        self._middles, self._edges, self._lengths = near.local, edges[near.axes], spacing[near.axes]
        self._weights = np.sqrt(np.exp(-near.squared / disc**2) / (self._lengths**2 / 12.0 + 0.05**2))
        self._stiff = _STIFF * 2.0 * curvature_radius / np.median(spacing)
        self._c = np.zeros(9)
        self._c[[3, 5]] = -0.5 / curvature_radius
        self._information = np.eye(9)
        self._misfit = 1.0

    def top(self) -> tuple[Array, float, float] | None:
        """Top (u, v, h), mean radius of curvature and standard deviation of h, in mm; or None without a top."""
        for _ in range(_STEPS):
            self._step()
        hessian = np.array([[2 * self._c[3], self._c[4]], [self._c[4], 2 * self._c[5]]])
        if not np.isfinite(self._c).all() or np.linalg.eigvalsh(hessian)[1] > -1e-4:
            return None
        sd = float(np.sqrt(np.linalg.pinv(self._information)[0, 0])) * max(1.0, self._misfit)
        radius = float(np.clip(-2.0 / np.trace(hessian), 3.0, 200.0))
        return self._summit(hessian), radius, sd

    def _step(self) -> None:
        shift = np.zeros(len(self._middles))
        for _ in range(3):
            at = self._middles + self._edges * shift[:, None]
            shift = np.clip(shift - self._value(at) / self._slope(at), -self._lengths, self._lengths)
        at = self._middles + self._edges * shift[:, None]
        slope = self._slope(at)
        residual = (shift - self._value(at) / slope) * self._weights
        rows = _terms(at) / slope[:, None] * self._weights[:, None]
        pull = np.eye(9)[6:] * self._stiff
        system = np.vstack([rows, pull])
        self._information = system.T @ system
        self._c = self._c - np.linalg.pinv(self._information) @ (rows.T @ residual + pull.T @ (pull @ self._c))
        self._misfit = float(
            np.sqrt((residual**2).sum() / max(np.sum(self._weights**2 * self._lengths**2 / 12.0), 1e-9))
        )

    def _value(self, at: Array) -> Array:
        value: Array = at[:, 2] - _terms(at) @ self._c
        return value

    def _slope(self, at: Array) -> Array:
        """Change of the quadric's value along each edge, kept away from 0."""
        u, v, h = at.T
        c = self._c
        gradient = np.stack(
            [
                c[7] * h - (c[1] + 2 * c[3] * u + c[4] * v),
                c[8] * h - (c[2] + c[4] * u + 2 * c[5] * v),
                1 + 2 * c[6] * h + c[7] * u + c[8] * v,
            ]
        )
        slope = np.einsum("ij,ji->i", self._edges, gradient)
        kept: Array = np.where(np.abs(slope) < _STEEP, np.copysign(_STEEP, slope), slope)
        return kept

    def _summit(self, hessian: Array) -> Array:
        c, h = self._c, self._c[0]
        u = v = 0.0
        for _ in range(20):
            u, v = np.linalg.solve(hessian, [c[7] * h - c[1], c[8] * h - c[2]])
            flat = c[0] + c[1] * u + c[2] * v + c[3] * u * u + c[4] * u * v + c[5] * v * v
            h = flat / (1 + c[6] * h + c[7] * u + c[8] * v)
        return np.array([u, v, h])


def _terms(at: Array) -> Array:
    u, v, h = at.T
    return np.stack([np.ones_like(u), u, v, u * u, u * v, v * v, -h * h, -u * h, -v * h], axis=1)
