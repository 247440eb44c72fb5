"""What may be shown on a volume, and where a crosshair may be."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sarcoma_review.errors import GeometryError, PresentationError
from sarcoma_review.planning.masks import inside
from sarcoma_review.volume import Segment, Volume, require_clearance, require_same_space

# Okabe and Ito's palette, readable by colour-blind surgeons, without the yellow, which is the planes'. Each has
# a dash pattern of its own (px), for colour alone says nothing in print.
STYLES: tuple[tuple[str, tuple[int, ...]], ...] = (
    ("#e69f00", ()),
    ("#56b4e9", (7, 3)),
    ("#009e73", (2, 2)),
    ("#cc79a7", (8, 3, 2, 3)),
    ("#d55e00", (12, 3)),
    ("#ffffff", (4, 4)),
    ("#0072b2", (8, 3, 2, 3, 2, 3)),
    ("#999999", (1, 3)),
)
_AT_THE_RIM = 1e-6  # of a voxel: a position that a page put on the outermost face, after rounding


class PlaneLike(Protocol):
    """What the viewer asks of a cut plane: `sarcoma_review.planning.Plane` has it."""

    @property
    def name(self) -> str:
        """What the cut is called."""

    @property
    def point_mm(self) -> NDArray[np.float64]:
        """A point on the specimen's face of the cut, LPS mm, shape (3,)."""

    @property
    def normal(self) -> NDArray[np.float64]:
        """Unit vector away from the specimen, shape (3,)."""

    @property
    def kerf_mm(self) -> float:
        """What the saw takes, from the face along the normal."""


def plane_words(plane: PlaneLike) -> dict[str, Any]:
    """Describe a plane to a page; one that ends at a patch has its corners, ``patch_mm``, LPS mm."""
    patch = getattr(plane, "patch_mm", None)
    return {
        "name": plane.name,
        "point_mm": np.asarray(plane.point_mm, np.float64).tolist(),
        "normal": np.asarray(plane.normal, np.float64).tolist(),
        "kerf_mm": float(plane.kerf_mm),
        "patch_mm": None if patch is None else np.asarray(patch, np.float64).tolist(),
    }


def check_segments(segments: Sequence[Segment], volume: Volume) -> None:
    """Refuse segments that cannot be drawn on a volume.

    Raises
    ------
    PresentationError
        If there are more than eight.
    PrivacyError
        If one did not come through the privacy gate.
    GeometryError
        If one is not on the volume's grid, or is of another frame of reference.
    """
    if len(segments) > len(STYLES):
        raise PresentationError(
            f"the viewer shows up to {len(STYLES)} segments at once, found {len(segments)}; choose among them"
        )
    for segment in segments:
        require_clearance(segment.mask, "The viewer")
        require_same_space(volume, segment.mask, f"segment {segment.name!r}")
        if not segment.mask.grid.same_as(volume.grid):
            raise GeometryError(
                f"segment {segment.name!r} is not on the grid of the volume: expected {volume!r}, "
                f"found {segment.mask!r}; resample it first"
            )


def position_within(volume: Volume, position_mm: ArrayLike) -> tuple[float, float, float]:
    """Give a position (LPS mm) back as three numbers.

    Raises
    ------
    GeometryError
        If it lies in no voxel; the outermost faces are half a voxel beyond the outermost centres.
    """
    found = np.asarray(position_mm, np.float64)
    if found.shape != (3,):
        raise GeometryError(f"a crosshair is one position of three numbers in mm, found shape {found.shape}")
    index, shape = volume.index(found), np.array(volume.shape)
    if not (np.all(index >= -0.5 - _AT_THE_RIM) and np.all(index <= shape - 0.5 + _AT_THE_RIM)):
        corners = volume.position_mm(np.stack(np.meshgrid(*[(-0.5, n - 0.5) for n in shape]), axis=-1))
        low, high = corners.min(axis=(0, 1, 2)), corners.max(axis=(0, 1, 2))
        extent = ", ".join(f"{axis} {a:.1f} to {b:.1f}" for axis, a, b in zip("xyz", low, high, strict=True))
        place = ", ".join(f"{mm:.1f}" for mm in found)
        raise GeometryError(f"the crosshair lies outside the volume: found ({place}) mm, expected {extent} mm (LPS)")
    return float(found[0]), float(found[1]), float(found[2])


def opening_position(volume: Volume, segments: Sequence[Segment]) -> NDArray[np.float64]:
    """Find the voxel to open at: the centre of gravity of the first segment, else the middle of the volume."""
    index = (np.array(volume.shape) - 1) // 2
    if segments and (voxels := inside(segments[0].mask)).any():
        counts = (voxels.sum(axis=axes) for axes in ((1, 2), (0, 2), (0, 1)))
        index = np.rint([np.average(np.arange(len(count)), weights=count) for count in counts]).astype(int)
    return volume.position_mm(index)
