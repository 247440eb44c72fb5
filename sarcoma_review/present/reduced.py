"""An image made small for a deck: the outlined region with what lies round it, in voxels no finer than need be."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sarcoma_review.volume import Segment, Volume

Box = tuple[slice, slice, slice]


@dataclass(frozen=True, eq=False)
class Reduced:
    """A part of a volume, and what was done to it.

    Parameters
    ----------
    volume : Volume
    segments : tuple of Segment
        On its grid.
    words : str
        For a caption: how fine its voxels are, and what they are not good for.
    """

    volume: Volume
    segments: tuple[Segment, ...]
    words: str


def reduced(
    volume: Volume, segments: Sequence[Segment] = (), *, around_mm: float = 40.0, most_voxels: int = 8_000_000
) -> Reduced:
    """Crop a volume to what is outlined, and halve its resolution where it is still too large.

    Parameters
    ----------
    volume : Volume
    segments : sequence of Segment
        On the volume's grid. Without any the whole volume is kept.
    around_mm : float
        Left round the outlines, on every side.
    most_voxels : int
        Until there are no more, the axis with the finest voxels is halved: each voxel is the mean of two. An outline
        keeps the voxels that it fills by half or more, and so becomes coarser by as much.

    Returns
    -------
    Reduced

    Examples
    --------
    >>> ct = Volume(np.zeros((40, 128, 128), np.int16), np.diag([2.0, 0.5, 0.5, 1.0]))
    >>> reduced(ct, most_voxels=200_000).volume
    <Volume 40 x 64 x 64, 2.00 x 1.00 x 1.00 mm>
    """
    box = _box(volume, segments, around_mm)
    factors = _factors([part.stop - part.start for part in box], volume.spacing_mm, most_voxels)
    small = _small(volume, box, factors)
    kept = tuple(replace(each, mask=_small_mask(each.mask, box, factors)) for each in segments)
    return Reduced(small, kept, _words(volume, small, factors))


def _box(volume: Volume, segments: Sequence[Segment], around_mm: float) -> Box:
    inside = np.zeros(volume.shape, np.bool_)
    for segment in segments:
        inside |= np.asarray(segment.mask.array) >= 0.5
    if not inside.any():
        return slice(0, volume.shape[0]), slice(0, volume.shape[1]), slice(0, volume.shape[2])
    found = []
    for axis, mm in enumerate(volume.spacing_mm):
        held = np.flatnonzero(inside.any(axis=tuple(other for other in range(3) if other != axis)))
        around = int(np.ceil(around_mm / mm))
        found.append(slice(max(0, int(held[0]) - around), min(volume.shape[axis], int(held[-1]) + around + 1)))
    return found[0], found[1], found[2]


def _factors(shape: Sequence[int], spacing_mm: Sequence[float], most_voxels: int) -> list[int]:
    factors = [1, 1, 1]
    while np.prod([n // factor for n, factor in zip(shape, factors, strict=True)]) > most_voxels:
        thick = [factor > n // 2 for n, factor in zip(shape, factors, strict=True)]  # nothing left to halve
        fine = [np.inf if full else mm * factor for full, mm, factor in zip(thick, spacing_mm, factors, strict=True)]
        factors[int(np.argmin(fine))] *= 2
    return factors


def _small(volume: Volume, box: Box, factors: Sequence[int]) -> Volume:
    mean = _means(np.asarray(volume.array)[box], factors)
    whole = np.issubdtype(volume.array.dtype, np.integer)
    array = np.rint(mean).astype(volume.array.dtype) if whole else mean
    first = [part.start + (factor - 1) / 2 for part, factor in zip(box, factors, strict=True)]
    affine = volume.affine @ np.diag([*factors, 1.0])
    affine[:3, 3] = volume.position_mm(first)
    return replace(volume, array=array, affine=affine, slice_uids=())


def _small_mask(mask: Volume, box: Box, factors: Sequence[int]) -> Volume:
    share = _small(replace(mask, array=np.asarray(mask.array, np.float32)), box, factors)
    return replace(share, array=np.asarray(share.array) >= 0.5)


def _means(array: NDArray[np.generic], factors: Sequence[int]) -> NDArray[np.float32]:
    """Means of blocks; what is left over at the far end of an axis is dropped."""
    whole = [n // factor * factor for n, factor in zip(array.shape, factors, strict=True)]
    blocks = [n for size, factor in zip(whole, factors, strict=True) for n in (size // factor, factor)]
    part = array[: whole[0], : whole[1], : whole[2]].astype(np.float32)
    means: NDArray[np.float32] = part.reshape(blocks).mean(axis=(1, 3, 5))
    return means


def _words(volume: Volume, small: Volume, factors: Sequence[int]) -> str:
    voxels = " × ".join(f"{mm:.2f}" for mm in small.spacing_mm)
    if max(factors) > 1:
        return f"Reduced to {voxels} mm voxels for the deck; measurements are of the full images."
    if small.shape != volume.shape:
        return f"Cropped for the deck, in voxels of {voxels} mm as scanned; measurements are of the full images."
    return f"As scanned, in voxels of {voxels} mm."
