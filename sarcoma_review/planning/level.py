"""The level whose zero is a tumour's surface: from a binary mask, or from a fractional one."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from sarcoma_review.volume import Grid

Floats = NDArray[np.floating]
Box = tuple[slice, slice, slice]

PAD = 3
"""Voxels of background round a crop, so that no surface is left open."""

_SIGMA = 2.0  # voxels
_SIGMA_ACROSS = 1.5  # voxels, along an axis whose voxels are split
_ORDER = 4
_MOST_PARTS = 5  # that a long voxel is split into
_NARROW = 20  # voxels: the band in which distances are found step by step


@dataclass(frozen=True, eq=False)
class Level:
    """A level, below 0 inside, on voxels of which long ones are split.

    Parameters
    ----------
    values : ndarray
        On the split voxels.
    parts : tuple of int
        Into how many, an odd number, each voxel is split along each axis.
    """

    values: Floats
    parts: tuple[int, int, int] = (1, 1, 1)

    @property
    def at_centres(self) -> Floats:
        """The level at the middles of the whole voxels."""
        return self.values[tuple(slice(n // 2, None, n) for n in self.parts)]

    def index(self, split: Floats) -> Floats:
        """Index among the whole voxels of an index among the split ones."""
        whole: Floats = (split - (np.array(self.parts) - 1) / 2) / self.parts
        return whole


def box_of(array: NDArray[np.generic]) -> Box | None:
    """Find the smallest box round the voxels of a mask, or above one half where it is fractional; None if none is.

    Slice by slice, since a copy of a whole image takes much memory.
    """
    held = np.zeros(array.shape[0], bool)
    over = np.zeros(array.shape[1:], bool)
    for number, one in enumerate(array):
        within = one > 0.5 if array.dtype.kind == "f" else one.astype(bool, copy=False)
        held[number] = within.any()
        if held[number]:
            over |= within
    if not held.any():
        return None
    first, second, third = (np.flatnonzero(one) for one in (held, over.any(axis=1), over.any(axis=0)))
    return (
        slice(int(first[0]), int(first[-1]) + 1),
        slice(int(second[0]), int(second[-1]) + 1),
        slice(int(third[0]), int(third[-1]) + 1),
    )


def wider(box: tuple[slice, ...]) -> tuple[slice, ...]:
    """A box that holds the outermost fractions too."""
    return tuple(slice(max(0, part.start - PAD), part.stop + PAD) for part in box)


def without_cavities(padded: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Fill what a mask encloses: all but the background that hangs together with the first corner."""
    background, _ = ndimage.label(~padded)
    return np.asarray(background != background[0, 0, 0])


def smooth_level(filled: NDArray[np.bool_], grid: Grid) -> Level:
    """Signed distance to a binary mask, low-passed by ``1 - (1 - G)⁴`` with a Gaussian G, mm.

    Parameters
    ----------
    filled : ndarray of bool
        With at least `PAD` voxels of background all round.
    grid : Grid
        Of whose voxels; with square corners.

    Notes
    -----
    Voxels at least twice as long along one axis as along another are split, in three or five, before distances are
    taken: the distance map of whole thick slices draws their staircase in, and between their middles straight lines
    would run inside the curve. On a ball of 20 mm and slices of 5 mm both together made
    the surface 0.2 mm too small.
    """
    spacing = np.array(grid.spacing_mm)
    ratio = spacing / spacing.min() + 1e-3  # a whole number stays one, however the grid is turned
    parts = np.minimum(2 * (ratio / 2).astype(int) + 1, _MOST_PARTS)
    split = filled
    for axis in np.flatnonzero(parts > 1):
        split = np.repeat(split, parts[axis], axis=axis)
    # A little wider within the slices than across them, where slices are thick: the staircase lies there.
    within = _SIGMA * np.minimum((spacing.max() / spacing) ** 0.3, 2.0)
    sigma = np.where(parts > 1, _SIGMA_ACROSS * parts, within)
    sizes = spacing / parts
    # What lies further off than five of the widest Gaussian's deviations says nothing of the surface.
    band = 5.0 * float((sigma * sizes).max())
    signed = _distance_to(split, sizes, band) - _distance_to(~split, sizes, band)
    rest = signed
    for _ in range(_ORDER):
        rest = rest - ndimage.gaussian_filter(rest, sigma, mode="nearest")
    return Level(signed - rest, (int(parts[0]), int(parts[1]), int(parts[2])))


def _distance_to(held: NDArray[np.bool_], sizes_mm: Floats, band_mm: float) -> NDArray[np.float32]:
    """Distance in mm of every voxel to the nearest one held, or `band_mm` where that is less.

    The squared distance is a sum over the axes, so its least is found along one axis after the other. In a narrow
    band this takes a quarter of the time of a distance map without bounds; in a wide one it takes longer.
    """
    if band_mm > _NARROW * sizes_mm.min():
        unbound = ndimage.distance_transform_edt(~held, sampling=sizes_mm)
        within: NDArray[np.float32] = np.minimum(unbound, band_mm).astype(np.float32)
        return within
    squared = np.where(held, np.float32(0), np.float32(band_mm**2))
    for axis, size in enumerate(sizes_mm):
        before = np.moveaxis(squared, axis, 0)
        least = before.copy(order="K")
        further = np.empty_like(before)
        for step in range(1, min(int(band_mm / size) + 1, len(before))):
            np.add(before, np.float32((step * size) ** 2), out=further)
            np.minimum(least[step:], further[:-step], out=least[step:])
            np.minimum(least[:-step], further[step:], out=least[:-step])
        squared = np.moveaxis(least, 0, axis)
    distance: NDArray[np.float32] = np.sqrt(squared)
    return distance


def fractional_level(fractions: NDArray[np.floating], box: tuple[slice, ...], filled: NDArray[np.bool_]) -> Level:
    """One half less the fractions round a box, on the array of `filled`; cavities count as full."""
    wide = wider(box)
    cut = fractions[wide]
    before = [PAD - (part.start - outer.start) for part, outer in zip(box, wide, strict=True)]
    padding = [(b, size - b - n) for b, size, n in zip(before, filled.shape, cut.shape, strict=True)]
    padded = np.pad(cut.astype(np.float64), padding)
    cavity = filled & (padded <= 0.5)
    return Level(0.5 - np.where(cavity, 1.0, padded))
