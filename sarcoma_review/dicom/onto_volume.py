"""Voxels of another object put onto the volume they belong to: the same places, or a refusal."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sarcoma_review.errors import GeometryError, ReferenceNotFoundError
from sarcoma_review.volume import Grid, Volume

Mask = NDArray[np.bool_] | NDArray[np.float32]

_SAME_VOXEL = 0.02  # of a voxel: how well two grids must meet


def put_onto(values: Mask, grid: Grid, *, onto: Volume, what: str) -> tuple[Mask, tuple[str, ...]]:
    """Copy a block of voxels into the volume they belong to, axes turned or exchanged as need be.

    Parameters
    ----------
    values : ndarray, shape `grid.shape`
        Boolean, or float in 0 to 1.
    grid : Grid
        Where they lie; it may cover a part of the volume, or reach beyond it.
    onto : Volume
    what : str
        Whose they are, such as ``"segment 1"``, for messages.

    Returns
    -------
    mask : ndarray, shape `onto.shape`
    findings : tuple of str
        How many voxels that are set lie outside the volume, if any do.

    Raises
    ------
    GeometryError
        If the voxels are not the volume's, within 0.02 of one. Nothing is resampled.
    """
    to_index = np.linalg.inv(onto.affine) @ grid.affine
    axes = np.round(to_index[:3, :3])
    corner = np.round(to_index[:3, 3])
    off = np.abs(to_index[:3, :3] - axes) @ np.array(grid.shape) + np.abs(to_index[:3, 3] - corner)
    if off.max() > _SAME_VOXEL or not np.array_equal(np.abs(axes).sum(axis=0), (1, 1, 1)):
        raise GeometryError(
            f"{what}: its voxels are {' x '.join(f'{mm:.2f}' for mm in grid.spacing_mm)} mm and not those "
            f"of the volume ({' x '.join(f'{mm:.2f}' for mm in onto.spacing_mm)} mm); expected one grid"
        )
    mask: NDArray[Any] = np.zeros(onto.shape, values.dtype)
    set_at = np.argwhere(values)
    where = (set_at @ axes.T + corner).astype(int)
    within = ((where >= 0) & (where < onto.shape)).all(axis=1)
    mask[tuple(where[within].T)] = values[tuple(set_at[within].T)]
    outside = int((~within).sum())
    return mask, (f"{outside} voxel(s) lie outside the volume",) if outside else ()


def absent_images(named: Iterable[set[str]], onto: Volume) -> tuple[int, int]:
    """Count the frames or contours that name images, and those of them whose images are not the volume's.

    Parameters
    ----------
    named : iterable of set of str
        For each frame or contour, the SOP instance UIDs of the images it names; one that names none says nothing.
    onto : Volume
        One that does not know its images says nothing either.

    Returns
    -------
    absent, stated : int
    """
    stated = [uids for uids in named if uids] if onto.slice_uids else []
    here = set(onto.slice_uids)
    return sum(not uids & here for uids in stated), len(stated)


def not_there(what: str, absent: int, stated: int) -> ReferenceNotFoundError:
    """The refusal of an object that was drawn on images which are not the volume's."""
    return ReferenceNotFoundError(
        f"{what}: expected images of this volume, found {absent} of {stated} place(s) drawn on images that are not "
        "among them"
    )


def on_volume(onto: Volume, mask: Mask) -> Volume:
    """A mask as a volume of its own, in the space and with the images and the clearance of the one it lies on."""
    return Volume(
        mask,
        onto.affine,
        onto.frame_of_reference_uid,
        slice_uids=onto.slice_uids,
        series_uid=onto.series_uid,
        clearance=onto.clearance,
    )
