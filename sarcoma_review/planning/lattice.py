"""Volumes as SimpleITK sees them, and back; resampling from one lattice to another."""

from typing import Any, Literal

import numpy as np
import SimpleITK as sitk
from numpy.typing import NDArray

from sarcoma_review.volume import Grid, Volume, place_image, require_square_corners

Interpolation = Literal["linear", "nearest", "bspline"]

_INTERPOLATORS = {"linear": sitk.sitkLinear, "nearest": sitk.sitkNearestNeighbor, "bspline": sitk.sitkBSpline3}


def sitk_image(array: NDArray[Any], grid: Grid) -> sitk.Image:
    """A SimpleITK image on a grid with square corners; it counts columns, rows, slices, in the same LPS mm."""
    return Volume(array, grid.affine).to_sitk()


def resampled(
    volume: Volume, grid: Grid, transform: NDArray[np.float64], *, interpolation: Interpolation, outside: float
) -> NDArray[Any]:
    """The values of a volume on another grid.

    Parameters
    ----------
    volume : Volume
        On a grid with square corners.
    grid : Grid
        Where values are wanted; square corners too.
    transform : ndarray, shape (4, 4)
        The grid's patient space to the volume's, mm.
    interpolation : {"linear", "nearest", "bspline"}
    outside : float
        Value beyond the volume.

    Returns
    -------
    ndarray of the grid's shape
        Of the volume's type: whole numbers are rounded and kept within the type, masks are cut at one half.
    """
    for each, what in ((volume.grid, "the volume's"), (grid, "the target")):
        require_square_corners(each, what)
    move = sitk.AffineTransform(3)
    move.SetMatrix(transform[:3, :3].ravel().tolist())
    move.SetTranslation(transform[:3, 3].tolist())
    reference = sitk.Image([int(n) for n in grid.shape[::-1]], sitk.sitkUInt8)
    place_image(reference, grid)
    moved = sitk.Resample(
        sitk_image(volume.array.astype(np.float32), volume.grid), reference, move, _INTERPOLATORS[interpolation],
        float(outside), sitk.sitkFloat32,
    )  # fmt: skip
    return _as_type(sitk.GetArrayFromImage(moved), volume.array.dtype)


def _as_type(values: NDArray[np.float32], dtype: np.dtype[Any]) -> NDArray[Any]:
    if dtype.kind == "b":
        return np.asarray(values >= 0.5)
    if dtype.kind in "iu":
        info = np.iinfo(dtype)
        return np.asarray(np.clip(np.rint(values.astype(np.float64)), info.min, info.max).astype(dtype))
    return values.astype(dtype)
