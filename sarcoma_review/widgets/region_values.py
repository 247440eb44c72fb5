"""The values of an image inside a figure drawn on it: voxels of a slice of the scan's own, or interpolated ones."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from sarcoma_review.errors import GeometryError
from sarcoma_review.volume import Volume

Array = NDArray[np.float64]

_LEAST_MM = 1e-3
_ALONG = 1e-6  # cosine: a region this nearly along two index axes lies on slices of the scan's own


def values_inside(volume: Volume, kind: str, figure: Array) -> tuple[Array, bool]:
    """The values in a figure (centre and half axes), and whether they were interpolated."""
    centre, across, along = figure
    through = _own_slices(volume, across, along)
    if through is None:
        step = min(volume.spacing_mm)
        counts = [int(np.linalg.norm(axis) // step) for axis in (across, along)]
        u, w = np.meshgrid(*[np.arange(-n, n + 1) * step for n in counts], indexing="ij")
        u, w = u / np.linalg.norm(across), w / np.linalg.norm(along)
        index = volume.index(centre + u[..., None] * across + w[..., None] * along)
        within = np.all((index >= -0.5) & (index <= np.array(volume.shape) - 0.5), axis=-1)
        return _interpolated(volume, index[_inside(kind, u, w) & within]), True
    voxels = _voxels_around(volume, figure, through)
    offset = volume.position_mm(voxels) - centre
    u, w = offset @ across / (across @ across), offset @ along / (along @ along)
    chosen = voxels[_inside(kind, u, w)]
    return volume.array[tuple(chosen.T)].astype(np.float64), False


def _interpolated(volume: Volume, index: Array) -> Array:
    """Values at indices (n, 3), linear between voxel centres; beyond the outermost, theirs."""
    if not len(index):
        return np.empty(0)
    low = np.maximum(np.floor(index.min(axis=0)), 0).astype(int)
    high = np.ceil(index.max(axis=0)).astype(int) + 1
    box = volume.array[tuple(slice(first, last) for first, last in zip(low, high, strict=True))]
    found = ndimage.map_coordinates(box.astype(np.float64), (index - low).T, order=1, mode="nearest")
    return np.asarray(found, np.float64)


def _inside(kind: str, u: Array, w: Array) -> NDArray[np.bool_]:
    inside = u**2 + w**2 <= 1.0 if kind == "ellipse" else np.maximum(np.abs(u), np.abs(w)) <= 1.0
    return np.asarray(inside)


def _own_slices(volume: Volume, across: Array, along: Array) -> int | None:
    """The index axis that leads from slice to slice of a figure drawn on the scan's own, or None."""
    normal = unit(np.cross(across, along), "a region")
    steps = volume.affine[:3, :3] / np.linalg.norm(volume.affine[:3, :3], axis=0)
    leaning = np.abs(normal @ steps) > _ALONG
    return int(np.flatnonzero(leaning)[0]) if leaning.sum() == 1 else None


def _voxels_around(volume: Volume, figure: Array, through: int) -> NDArray[np.int_]:
    """Indices of the voxels, of the nearest slice, in the box round a figure, shape (n, 3)."""
    centre, across, along = figure
    corners = volume.index([centre + a * across + b * along for a in (-1, 1) for b in (-1, 1)])
    low = np.maximum(np.floor(corners.min(axis=0)), 0).astype(int)
    high = np.minimum(np.ceil(corners.max(axis=0)), np.array(volume.shape) - 1).astype(int)
    number = int(np.floor(volume.index(centre)[through] + 0.5))
    if not 0 <= number < volume.shape[through]:
        return np.empty((0, 3), int)
    low[through] = high[through] = number
    ranges = [np.arange(first, last + 1) for first, last in zip(low, high, strict=True)]
    return np.stack(np.meshgrid(*ranges, indexing="ij"), axis=-1).reshape(-1, 3)


def unit(vector: Array, what: str) -> Array:
    """The direction of a vector in mm; one shorter than 0.001 mm is refused."""
    length = float(np.linalg.norm(vector))
    if length < _LEAST_MM:
        raise GeometryError(f"{what}: expected more than {_LEAST_MM:g} mm, found {length:g} mm")
    return np.asarray(vector / length)
