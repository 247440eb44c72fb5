"""The furthest reach of a surface along a direction, finer than its vertices."""

import numpy as np
from numpy.typing import NDArray

from sarcoma_review.planning.surface import TumourSurface

_ROUNDS = 3


def highest_point(
    surface: TumourSurface, direction: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Find the point of a surface that reaches furthest along a direction.

    The furthest vertex of a surface from voxels is the extreme of a staircase and so biased. A quadric
    ``h(u, v)`` is fitted by least squares to the surface round it (Gaussian weights, radius growing with the
    surface's own radius of curvature), and its top is taken, where it has one and it lies near.

    Parameters
    ----------
    surface : TumourSurface
        Guard points count as they are: no quadric is fitted to what smoothing would have lost.
    direction : ndarray, shape (3,)
        Unit vector, LPS.

    Returns
    -------
    refined, vertex : ndarray, shape (3,)
        LPS mm; the top of the quadric, and the furthest vertex or guard point itself.
    """
    if not len(surface.vertices):
        point = surface.guard_points_mm[np.argmax(surface.guard_points_mm @ direction)]
        return point, point
    vertex = surface.vertices[np.argmax(surface.vertices @ direction)]
    refined = _top_of_quadric(surface, vertex, direction)
    if len(surface.guard_points_mm):
        guard = surface.guard_points_mm[np.argmax(surface.guard_points_mm @ direction)]
        if guard @ direction > refined @ direction:
            return guard, guard
    return refined, vertex


def _top_of_quadric(
    surface: TumourSurface, vertex: NDArray[np.float64], direction: NDArray[np.float64]
) -> NDArray[np.float64]:
    u, v = _tangents(direction)
    spacing = max(surface.grid.spacing_mm)
    limit = 0.75 * float(np.linalg.norm(surface.grid.spacing_mm))
    centre, radius = vertex, 2.5 * spacing
    for _ in range(_ROUNDS):
        fit = _fit(surface, centre, np.stack([u, v, direction]), radius)
        if fit is None:
            return vertex
        top, curvature_radius = fit
        if np.linalg.norm(top - vertex) > radius or abs((top - vertex) @ direction) > limit:
            return vertex
        centre = top
        radius = 1.2 * np.sqrt(2.0 * min(curvature_radius, 200.0) * spacing)
    return centre


def _tangents(direction: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    u = np.cross(direction, np.eye(3)[np.argmin(np.abs(direction))])
    u /= np.linalg.norm(u)
    return u, np.cross(direction, u)


def _fit(
    surface: TumourSurface, centre: NDArray[np.float64], frame: NDArray[np.float64], radius: float
) -> tuple[NDArray[np.float64], float] | None:
    """Top of the quadric round `centre` and its mean radius of curvature, mm; nothing where it has no top."""
    local = (surface.vertices - centre) @ frame.T
    near = (np.hypot(local[:, 0], local[:, 1]) < radius) & (np.abs(local[:, 2]) < radius)
    if near.sum() < 12:
        return None
    u, v, height = local[near].T
    weight = np.sqrt(surface.vertex_areas_mm2[near]) * np.exp(-(u**2 + v**2) / radius**2)
    terms = np.stack([np.ones_like(u), u, v, u**2, u * v, v**2], axis=1)
    c = np.linalg.lstsq(terms * weight[:, None], height * weight, rcond=None)[0]
    hessian = np.array([[2 * c[3], c[4]], [c[4], 2 * c[5]]])
    bends = np.linalg.eigvalsh(hessian)
    if bends[1] >= -1e-4:  # flat or hollow: no top
        return None
    at = -np.linalg.solve(hessian, c[1:3])
    top = c[0] + 0.5 * c[1:3] @ at
    return centre + np.array([at[0], at[1], top]) @ frame, float(-2.0 / bends.sum())
