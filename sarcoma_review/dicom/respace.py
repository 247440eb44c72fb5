"""Bring unevenly spaced slices to one spacing."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from sarcoma_review.dicom.instance import Instance
from sarcoma_review.dicom.placing import along_mm
from sarcoma_review.volume import Volume

_LOST_MM = 0.01  # what positions are rounded to, and less, is no loss


def evenly_spaced(volume: Volume, instances: Sequence[Instance]) -> Volume:
    """Slices of uneven spacing along one line, linear between neighbours, at the closest spacing among them.

    Parameters
    ----------
    volume : Volume
        The slices as they are; its affine's first axis is not believed.
    instances : sequence of Instance
        Where each slice lies, in order.

    Returns
    -------
    Volume
        Of the type the volume had, without slice UIDs: a slice is no longer one image. The position of every voxel
        is exact; detail between two slices is lost over their distance, which the last of `Volume.issues` gives, as
        well as what the last slice falls short by: less than one spacing.
    """
    along = along_mm(instances)
    along = along - along[0]
    gaps = np.diff(along)
    count = int(np.floor(along[-1] / gaps.min() + 1e-6)) + 1
    wanted = np.arange(count) * gaps.min()
    before = np.clip(np.searchsorted(along, wanted, side="right") - 1, 0, len(along) - 2)
    part = (wanted - along[before]) / gaps[before]
    array = np.empty((count, *volume.shape[1:]), volume.array.dtype)
    for k, (below, weight) in enumerate(zip(before, part, strict=True)):
        between = (1 - weight) * volume.array[below].astype(np.float64) + weight * volume.array[below + 1]
        array[k] = np.rint(between) if array.dtype.kind == "i" else between
    first, last = instances[0].position_mm, instances[-1].position_mm
    affine = volume.affine.copy()
    affine[:3, 0], affine[:3, 3] = (last - first) * (gaps.min() / along[-1]), first
    note = (
        f"slices {gaps.min():.2f} to {gaps.max():.2f} mm apart were interpolated to {gaps.min():.2f} mm: positions "
        f"are exact, detail is blurred over up to {gaps.max():.2f} mm"
    )
    lost_mm = along[-1] - wanted[-1]
    if lost_mm > _LOST_MM:
        note += f"; the last {lost_mm:.2f} mm of {along[-1]:.2f} mm lie beyond the last slice and were left out"
    return replace(volume, array=array, affine=affine, slice_uids=(), issues=(*volume.issues, note))
