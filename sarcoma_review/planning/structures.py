"""What a plan does to a vessel, a nerve, a joint or a growth plate."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from sarcoma_review.planning.body import resolved, taken
from sarcoma_review.planning.bone import Cells, cells_of
from sarcoma_review.planning.extent import vertex_normals
from sarcoma_review.planning.patches import feet_mm
from sarcoma_review.planning.refine import furthest
from sarcoma_review.planning.resection import Plane, ResectionPlan
from sarcoma_review.planning.surface import TumourSurface
from sarcoma_review.planning.uncertainty import Uncertainty, interval_of_minimum
from sarcoma_review.volume import Grid, Segment, Volume

Fate = Literal["kept", "cut", "removed"]


@dataclass(frozen=True, eq=False)
class StructureDistance:
    """Where a structure lies to the tumour and to the planes of one plan.

    Parameters
    ----------
    name : str
        The structure's.
    fate : {"kept", "cut", "removed"}
        Wholly outside the specimen and the kerf; partly in them; wholly in the specimen.
    tumour_distance_mm : float
        Nearest distance to the tumour's surface; 0 where the two overlap.
    plane_distances_mm : mapping of str to float
        By the plane's name: nearest distance to it, above 0 where the structure lies wholly on the patient's side,
        below 0 where it lies wholly on the specimen's side, 0 where the plane passes through it. A plane without a
        patch is endless.
    crossed_by : tuple of str
        Planes that pass through the structure: a structure may be kept and yet be crossed by an endless plane where
        the other planes have already ended the cut.
    removed_ml, removed_percent : float
        How much of it lies in the specimen.
    tumour_sd_mm, plane_sd_mm : float
        Standard deviations of the distances, from the voxels and from what `Uncertainty` was told.
    """

    name: str
    fate: Fate
    tumour_distance_mm: float
    plane_distances_mm: Mapping[str, float]
    crossed_by: tuple[str, ...]
    removed_ml: float
    removed_percent: float
    tumour_sd_mm: float
    plane_sd_mm: float

    @property
    def plane_distance_mm(self) -> float | None:
        """Distance to the nearest plane, mm, on whichever side; 0 where one passes through; None without planes."""
        return min((abs(distance) for distance in self.plane_distances_mm.values()), default=None)

    @property
    def tumour_interval_mm(self) -> tuple[float, float]:
        """95 % interval of the distance to the tumour, mm; below 0 the two may overlap."""
        return interval_of_minimum([self.tumour_distance_mm], [self.tumour_sd_mm])

    @property
    def plane_interval_mm(self) -> tuple[float, float] | None:
        """95 % interval of the distance to the nearest plane, mm; None without planes."""
        nearest = self.plane_distance_mm
        return None if nearest is None else interval_of_minimum([nearest], [self.plane_sd_mm])

    def __repr__(self) -> str:
        nearest = self.plane_distance_mm
        plane = "" if nearest is None else f"{nearest:.1f} mm from a plane, "
        return (
            f"<StructureDistance {self.name!r} {self.fate}, {self.tumour_distance_mm:.1f} mm from the tumour, "
            f"{plane}{self.removed_percent:.0f} % in the specimen>"
        )


@dataclass(frozen=True, eq=False)
class Outline:
    """A structure made ready for many plans: its surface, its voxels, and points of both.

    Parameters
    ----------
    name : str
        The structure's.
    surface : TumourSurface
        Made from its mask as a tumour's is.
    cells : Cells
        Its voxels.
    """

    name: str
    surface: TumourSurface
    cells: Cells

    @classmethod
    def of(cls, structure: Segment) -> "Outline":
        """Outline a structure; a mask without voxels is refused with `EmptyMaskError`."""
        return cls(
            structure.name,
            TumourSurface.from_mask(structure.mask),
            cells_of(structure, f"the structure {structure.name!r}"),
        )

    @cached_property
    def points_mm(self) -> NDArray[np.float64]:
        """Surface and inner points, shape (n, 3), LPS mm: a wedge of planes may enter between surface points."""
        return np.concatenate([self.surface.points_mm, self.cells.centres_mm])


def named(name: str, structure: Segment | Volume) -> Segment:
    """A structure under the name it is spoken of by."""
    return Segment(name, structure.mask if isinstance(structure, Segment) else structure)


def structure_distance(
    structure: Segment, surface: TumourSurface, plan: ResectionPlan, *, uncertainty: Uncertainty | None = None
) -> StructureDistance:
    """Measure where a structure lies to the tumour and to the planes of a plan.

    Parameters
    ----------
    structure : Segment
        Vessel, nerve, joint surface, growth plate or other; on a grid with square corners.
    surface : TumourSurface
        Of the tumour, in the same patient space.
    plan : ResectionPlan
    uncertainty : Uncertainty, optional
        Of outlines, registration and saw; the structure's outline is taken to err as the tumour's does.

    Returns
    -------
    StructureDistance
        Geometry of the two outlines. It says nothing of what a surgeon can lift out of the way.

    Raises
    ------
    EmptyMaskError
        If the structure has no voxels.
    GeometryError
        If its grid is sheared.

    Notes
    -----
    Known error. The distance to the tumour runs between points of the two surfaces, which lie about half a voxel
    apart, and so comes out too large rather than too small: by 0.0 to 0.2 mm on balls of 0.8 mm voxels 0.3 to 5 mm
    apart. The outlines' own error comes on top.

    Examples
    --------
    >>> import numpy as np
    >>> from sarcoma_review.volume import Volume
    >>> z, y, x = np.mgrid[0:40, 0:40, 0:40]
    >>> lps = [[0, 0, 1, 0], [0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1]]
    >>> ball = Volume((x - 12) ** 2 + (y - 12) ** 2 + (z - 12) ** 2 < 8.4**2, lps)
    >>> nerve = Segment("nerve", Volume((x - 26) ** 2 + (y - 24) ** 2 + (z - 30) ** 2 < 6.3**2, lps))
    >>> plan = ResectionPlan([Plane((26, 24, 19.8), (0.2, 0.1, 1), name="proximal")])
    >>> structure_distance(nerve, TumourSurface.from_mask(ball), plan)  # sqrt(664) - 14.7; 10.2 / sqrt(1.05) - 6.3
    <StructureDistance 'nerve' kept, 11.1 mm from the tumour, 3.7 mm from a plane, 0 % in the specimen>
    """
    outline = Outline.of(structure)
    gap_mm = tumour_gap_mm(outline, surface)
    return against_plan(
        outline, resolved(plan, surface.mask), tumour_distance_mm=gap_mm, grid=surface.grid, uncertainty=uncertainty
    )


def against_plan(
    outline: Outline,
    plan: ResectionPlan,
    *,
    tumour_distance_mm: float,
    grid: Grid,
    uncertainty: Uncertainty | None,
) -> StructureDistance:
    """Measure as `structure_distance` does, with the outline and its distance to the tumour already at hand.

    `grid` is the tumour's; an expansion in the plan must be resolved.
    """
    distances = {plane.name: _signed_gap_mm(plane, outline) for plane in plan.planes}
    removed_ml = float(outline.cells.volumes_ml @ outline.cells.shares_behind(plan)[0])
    known = uncertainty or Uncertainty()
    own, tumour = _voxel_sd_mm(outline.surface.grid), _voxel_sd_mm(grid)
    return StructureDistance(
        name=outline.name,
        fate=_fate(plan, outline.points_mm),
        tumour_distance_mm=tumour_distance_mm,
        plane_distances_mm=MappingProxyType(distances),
        crossed_by=tuple(name for name, distance in distances.items() if distance == 0),
        removed_ml=removed_ml,
        removed_percent=100.0 * removed_ml / outline.cells.total_ml,
        tumour_sd_mm=float(np.linalg.norm([own, tumour, known.segmentation_sd_mm, known.segmentation_sd_mm])),
        plane_sd_mm=float(np.hypot(own, known.sd_mm)),
    )


def _voxel_sd_mm(grid: Grid) -> float:
    """Standard deviation of an edge that lies anywhere in its voxel, over all directions (see `voxel_sd_mm`)."""
    return float(np.sqrt(np.mean(np.square(grid.spacing_mm)) / 12.0))


def clearance_mm(plan: ResectionPlan, points_mm: NDArray[np.float64]) -> float:
    """Least distance in mm from points (n, 3) to the specimen with its kerf, below 0 for points inside.

    A point counts by the plane that it lies furthest beyond, which is never more than its true distance.
    """
    return float(np.max([plane.distance_mm(points_mm) - plane.kerf_mm for plane in plan.planes], axis=0).min())


def tumour_gap_mm(outline: Outline, tumour: TumourSurface) -> float:
    """Nearest distance in mm between a structure's surface and a tumour's; 0 where they overlap."""
    if _reaches_into(outline.surface, tumour) or _reaches_into(tumour, outline.surface):
        return 0.0
    return float(cKDTree(tumour.points_mm).query(outline.surface.points_mm)[0].min())


def _fate(plan: ResectionPlan, points_mm: NDArray[np.float64]) -> Fate:
    if not taken(plan, points_mm, with_kerf=True).any():
        return "kept"
    return "removed" if taken(plan, points_mm).all() else "cut"


def _signed_gap_mm(plane: Plane, outline: Outline) -> float:
    """Nearest distance to a plane or its patch, signed by the side; 0 where points on both sides face it."""
    points = outline.points_mm
    heights, feet = plane.distance_mm(points), feet_mm(plane, points)
    apart = np.linalg.norm(points - feet, axis=1)
    facing = heights[apart <= np.abs(heights) + 1e-9]
    if len(facing) and facing.min() <= 0 <= facing.max():
        return 0.0
    nearest = int(np.argmin(apart))
    side = float(np.copysign(1.0, heights[nearest]))
    if plane.patch_mm is not None:
        return side * float(apart[nearest])
    reach = furthest(outline.surface, -side * plane.normal)
    return side * max(0.0, side * float(plane.distance_mm(reach.position_mm)))


def _reaches_into(inner: TumourSurface, outer: TumourSurface) -> bool:
    """Say whether a point of one surface lies inside another, by more than the roughness of a surface from voxels."""
    if not len(outer.vertices):
        return False
    points = inner.points_mm
    nearest = cKDTree(outer.vertices).query(points)[1]
    above = np.einsum("ij,ij->i", points - outer.vertices[nearest], vertex_normals(outer)[nearest])
    return bool(above.min() < -0.25 * min(outer.grid.spacing_mm))
