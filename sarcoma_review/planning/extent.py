"""Margins by side of the patient and by piece of tumour, and how much tumour lies beyond the planes."""

import numpy as np
from numpy.typing import NDArray

from sarcoma_review.planning.bone import cells_of
from sarcoma_review.planning.patches import outside_mm
from sarcoma_review.planning.resection import ResectionPlan
from sarcoma_review.planning.surface import TumourSurface
from sarcoma_review.volume import LETTERS

Array = NDArray[np.float64]


def vertex_normals(surface: TumourSurface) -> Array:
    """Outward unit normals at the vertices, weighted by the area of the faces round each, shape (n, 3), LPS."""
    corners = surface.vertices[surface.faces]
    doubled = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    summed = np.stack(
        [
            np.bincount(surface.faces.ravel(), np.repeat(doubled[:, axis], 3), len(surface.vertices))
            for axis in range(3)
        ],
        axis=1,
    )
    unit: Array = summed / np.maximum(np.linalg.norm(summed, axis=1, keepdims=True), 1e-12)
    return unit


def least_by_direction(surface: TumourSurface, margins_mm: Array) -> dict[str, float]:
    """Least margin of the surface that faces each side of the patient.

    Parameters
    ----------
    surface : TumourSurface
    margins_mm : ndarray, shape (n,) or longer
        At the vertices; what follows them (guard points) faces no side and is left out.

    Returns
    -------
    dict of str to float
        By letter, in the order R, L, A, P, I, S; a side that no vertex faces is left out.
    """
    normals = vertex_normals(surface)
    axis = np.argmax(np.abs(normals), axis=1)
    plus = np.take_along_axis(normals, axis[:, None], axis=1)[:, 0] > 0
    found = {}
    for number, letters in enumerate(LETTERS):
        for letter, side in zip(letters, (False, True), strict=True):
            facing = (axis == number) & (plus == side)
            if facing.any():
                found[letter] = float(margins_mm[: len(normals)][facing].min())
    return found


def least_by_component(surface: TumourSurface, margins_mm: Array) -> tuple[float, ...]:
    """Least margin of each separate piece of the mask, vertices and guard points alike.

    Parameters
    ----------
    surface : TumourSurface
    margins_mm : ndarray, shape (n + k,)
        At `TumourSurface.points_mm`.
    """
    pieces = np.concatenate([surface.vertex_components, surface.guard_components])
    least = np.full(surface.components + 1, np.inf)
    np.minimum.at(least, pieces, margins_mm)
    return tuple(float(margin) for margin in least[1:])


def volume_beyond_ml(surface: TumourSurface, plan: ResectionPlan) -> float:
    """Volume of a tumour's mask that a plan leaves behind, ml.

    That is what lies beyond its planes, outside its specimen or in a spared zone; its expansion must be resolved.
    A voxel that a plane passes through counts by the share of its own extent along the normal that lies beyond, so
    that the volume does not jump as a plane moves. Known error: under 1 % on balls of 0.8 mm voxels.
    """
    voxel_mm = float(np.linalg.norm(surface.grid.spacing_mm))
    if not (plan.specimen or plan.spared) and outside_mm(plan, surface.rim_mm).max() < -voxel_mm:
        return 0.0  # no voxel reaches a cut: the usual case, told without looking at every one
    cells = cells_of(surface.mask, "the tumour")
    return float(cells.volumes_ml @ (1.0 - cells.shares_behind(plan)[0]))
