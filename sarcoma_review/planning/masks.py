"""What a mask is, and the part of it that work is done on."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from sarcoma_review.errors import GeometryError
from sarcoma_review.volume import Volume, require_same_space
from sarcoma_review.volume import require_square_corners as require_grid_corners

Mask = NDArray[np.bool_]


def inside(mask: Volume) -> Mask:
    """Voxels that belong to a mask, shape (slices, rows, columns): above one half where it is fractional."""
    return np.asarray(mask.array > 0.5 if mask.array.dtype.kind == "f" else mask.array, dtype=bool)


def shares_at(mask: Volume, points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
    """How much of a mask there is at points (n, 3) LPS mm: 0 to 1, linear between its voxels, 0 beyond them."""
    filled = mask.array if mask.array.dtype.kind == "f" else inside(mask)
    shares: NDArray[np.float64] = ndimage.map_coordinates(
        filled.astype(np.float64), mask.index(points_mm).T, order=1, mode="constant"
    )
    return shares


def mask_on(volume: Volume, array: NDArray[np.generic], *others: Volume) -> Volume:
    """Put an array on the grid of `volume`; it is ungated where the volume or one of `others` is."""
    gated = all(one.clearance != "ungated" for one in (volume, *others))
    return replace(
        volume,
        array=array,
        modality="",
        description="",
        units="",
        clearance=volume.clearance if gated else "ungated",
    )


def require_one_grid(first: Volume, second: Volume, what: str) -> None:
    """Refuse two volumes whose voxels do not lie in the same places.

    Raises
    ------
    GeometryError
        If grids or frames of reference differ.
    """
    require_same_space(first, second, what)
    if not first.grid.same_as(second.grid):
        apart = ""
        if first.shape == second.shape:
            shift = np.linalg.norm(first.position_mm((0, 0, 0)) - second.position_mm((0, 0, 0)))
            apart = f" whose first voxels lie {shift:.2f} mm apart"
        raise GeometryError(f"{what}: expected one grid, found {first!r} and {second!r}{apart}; resample one first")


def require_square_corners(mask: Volume, axes: tuple[int, ...] = (0, 1, 2)) -> None:
    """Refuse a mask on a sheared grid; see `sarcoma_review.volume.require_square_corners`."""
    require_grid_corners(mask.grid, "the mask's", axes=axes)


@dataclass(frozen=True, eq=False)
class Crop:
    """The part of a mask round its voxels.

    Parameters
    ----------
    inside : ndarray of bool
        The part, `pad` voxels wider than what it holds on every side. Beyond the edge of the volume the last
        voxels go on, since what lies there is unknown and nothing may be taken for an outline that is none.
    corner : ndarray of int, shape (3,)
        Index in the whole mask of the part's first voxel; it may be negative.
    """

    inside: Mask
    corner: NDArray[np.int_]

    @classmethod
    def of(cls, whole: Mask, pad: tuple[int, int, int]) -> "Crop":
        """Cut out the part of `whole` round its voxels; it must have one."""
        box = bounding_box(whole)
        ranges = [np.arange(part.start - n, part.stop + n) for part, n in zip(box, pad, strict=True)]
        places = [np.clip(steps, 0, size - 1) for steps, size in zip(ranges, whole.shape, strict=True)]
        return cls(whole[np.ix_(*places)], np.array([steps[0] for steps in ranges]))

    def put_back(self, part: Mask, shape: tuple[int, ...]) -> Mask:
        """Lay a changed `part` of the crop's shape into an empty mask of `shape`."""
        whole = np.zeros(shape, bool)
        low = np.maximum(self.corner, 0)
        high = np.minimum(self.corner + part.shape, shape)
        here = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
        there = tuple(slice(a, b) for a, b in zip(low - self.corner, high - self.corner, strict=True))
        whole[here] = part[there]
        return whole


def bounding_box(whole: Mask) -> tuple[slice, slice, slice]:
    """Find the smallest box round the voxels of a mask, which must have one."""
    parts: list[slice] = []
    for axis in range(3):
        rest = tuple(other for other in range(3) if other != axis)
        found = np.flatnonzero(whole[tuple(parts)].any(axis=rest))
        parts.append(slice(int(found[0]), int(found[-1]) + 1))
    return parts[0], parts[1], parts[2]
