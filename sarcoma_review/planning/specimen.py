"""Margins to a specimen given as a mask: the surface that a surgeon, or a scanner, outlined."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from sarcoma_review.errors import EmptyMaskError
from sarcoma_review.planning.distance import distance_to_triangles_mm, signed_distance_mm
from sarcoma_review.planning.masks import inside
from sarcoma_review.planning.surface import TumourSurface
from sarcoma_review.volume import Volume, require_same_space

Array = NDArray[np.float64]

_SURFACE_ERROR = 0.2  # of a voxel's extent: the extreme of a smoothed surface, not refitted, against the true one


def specimen_margins_mm(surface: TumourSurface, specimen: Volume) -> Array:
    """Distance from each point of a tumour to the surface of its specimen, exact to the triangle.

    Known error, both surfaces smoothed and neither refitted: 0.1 mm (root mean square) over the surface at 0.8 mm
    voxels; the least of all points is an extreme and may lie 0.4 mm off.

    Parameters
    ----------
    surface : TumourSurface
    specimen : Volume
        Boolean or fractional mask of what is taken out, tumour and all.

    Returns
    -------
    ndarray, shape (n + k,)
        mm at `TumourSurface.points_mm`; below 0 where tumour lies outside the specimen.

    Raises
    ------
    EmptyMaskError
        If the specimen has no voxels.
    GeometryError
        If its grid is sheared, or lies in another frame of reference.
    """
    require_same_space(surface.mask, specimen, "tumour and specimen")
    outer = TumourSurface.from_mask(specimen)
    if not len(outer.faces):
        raise EmptyMaskError("the specimen is thinner than a voxel: expected one that holds the tumour")
    points = surface.points_mm
    distance = distance_to_triangles_mm(points, outer.vertices, outer.faces)
    return np.where(_outside(points, specimen), -distance, distance)


def specimen_sd_mm(surface: TumourSurface, specimen: Volume, direction: Array) -> float:
    """Standard deviation that the voxels of both masks leave on a margin along a unit direction, mm."""
    extents = [float(np.linalg.norm(direction @ grid.affine[:3, :3])) for grid in (surface.grid, specimen.grid)]
    return float(_SURFACE_ERROR * np.hypot(extents[0], extents[1]))


def tumour_outside_ml(tumour: Volume, specimen: Volume) -> float:
    """Volume of a tumour mask outside a specimen mask, ml; between the specimen's voxels by linear interpolation."""
    set_at = np.argwhere(tumour.array)
    within = _sampled(inside(specimen).astype(np.float64), specimen, tumour.position_mm(set_at))
    weights = tumour.array[tuple(set_at.T)].astype(np.float64)
    return float((weights * (1.0 - within)).sum() * tumour.grid.voxel_volume_ml)


def specimen_volume_ml(specimen: Volume | None) -> float | None:
    """Volume of a specimen's mask, ml; None where there is none."""
    return None if specimen is None else float(specimen.array.sum(dtype=np.float64) * specimen.grid.voxel_volume_ml)


def _outside(points: Array, specimen: Volume) -> NDArray[np.bool_]:
    level = signed_distance_mm(np.pad(inside(specimen), 1), specimen.spacing_mm)
    return np.asarray(_sampled(level, specimen, points, corner=-1, beyond=1.0) > 0)


def _sampled(values: Array, volume: Volume, points_mm: Array, *, corner: int = 0, beyond: float = 0.0) -> Array:
    index = volume.index(points_mm).T - corner
    sampled: Array = ndimage.map_coordinates(values, index, order=1, mode="constant", cval=beyond)
    return sampled
