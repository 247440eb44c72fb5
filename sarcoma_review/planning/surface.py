"""From a mask to a surface finer than its voxels."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.measure import marching_cubes

from sarcoma_review.errors import EmptyMaskError
from sarcoma_review.planning.contours import contour_level, fractional_mask
from sarcoma_review.planning.level import PAD, Level, box_of, fractional_level, smooth_level, wider, without_cavities
from sarcoma_review.planning.masks import inside, require_square_corners
from sarcoma_review.volume import Grid, Volume

_EVERY_NEIGHBOUR = np.ones((3, 3, 3), bool)

Floats = NDArray[np.floating]


@dataclass(frozen=True, eq=False)
class Crossings:
    """Voxel edges that the outline crosses: one voxel inside, its neighbour outside.

    Parameters
    ----------
    positions_mm : ndarray, shape (n, 3)
        Where each is crossed, LPS mm: the middle of a binary mask's edge; where a fractional one passes one half.
    axes : ndarray of int, shape (n,)
        The index axis each edge runs along.
    """

    positions_mm: NDArray[np.float64]
    axes: NDArray[np.int8]


@dataclass(frozen=True, eq=False)
class TumourSurface:
    """A closed surface in patient space, finer than the voxels it came from.

    Parameters
    ----------
    vertices : ndarray, shape (n, 3)
        LPS mm.
    faces : ndarray of int, shape (m, 3)
        Vertex numbers, seen from outside counter-clockwise.
    guard_points_mm : ndarray, shape (k, 3)
        Outline of every part of the mask that smoothing would have lost (thin fingers, specks), LPS mm.
        Margins count these points as tumour.
    rim_mm : ndarray, shape (r, 3)
        Centres of the mask's outermost voxels, LPS mm: no margin may say that tumour ends before them.
    guard_areas_mm2 : ndarray, shape (k,)
        Area each guard point stands for.
    mask : Volume
        The mask itself, cut to its box and with its cavities, for volumes.
    vertex_components, guard_components : ndarray of int, shapes (n,) and (k,)
        Which separate piece of the mask each point belongs to, from 1.
    components : int
        Separate pieces in the mask.
    findings : tuple of str
        What limits the surface, such as a tumour that the field of view cuts.
    grid : Grid
        The lattice of the mask.
    crossings : Crossings
        What the mask itself says of the outline, for fits finer than the surface.
    """

    vertices: NDArray[np.float64]
    faces: NDArray[np.int32]
    grid: Grid
    crossings: Crossings
    guard_points_mm: NDArray[np.float64]
    guard_areas_mm2: NDArray[np.float64]
    rim_mm: NDArray[np.float64]
    mask: Volume
    vertex_components: NDArray[np.int32]
    guard_components: NDArray[np.int32]
    components: int = 1
    findings: tuple[str, ...] = ()

    @classmethod
    def from_mask(cls, mask: Volume) -> Self:
        """Find the surface of a mask.

        A binary mask becomes a signed distance map, low-passed by ``1 - (1 - G)⁴`` (a Gaussian with its second to
        sixth moments taken out, so that curved surfaces do not shrink), and its zero level is followed by marching
        cubes. Voxels at least twice as long along one axis as along another are split first, in three or
        five: between the middles of thick slices straight lines would run inside the curve. A fractional mask is
        followed at one half as it is. Cavities are filled for the surface.

        Parameters
        ----------
        mask : Volume
            Boolean, or float in 0 to 1; on a grid with square corners.

        Returns
        -------
        TumourSurface
            On spheres and ellipsoids 0.05 mm (root mean square) from the true surface at 0.8 mm voxels, 0.15 mm
            at 0.8 x 0.8 x 3 mm, 0.33 mm at 1 x 1 x 5 mm; on average 0.03 mm or less inside or outside it.

        Raises
        ------
        EmptyMaskError
            If no voxel is inside.
        GeometryError
            If the grid is sheared (gantry tilt): distances along its axes are not distances in the patient.
        """
        require_square_corners(mask)
        box = box_of(mask.array)
        if box is None:
            raise EmptyMaskError("the tumour mask has no voxels: expected at least one, found 0")
        filled = without_cavities(np.pad(inside(_cut(mask, box)), PAD))
        corner = np.array([part.start for part in box]) - PAD
        reaches = _reaches(box, mask.shape)
        if mask.array.dtype.kind == "f":
            level = fractional_level(mask.array, box, filled)
            return cls._made(_Shape(mask.grid, filled, level, corner, exact=True), _cut(mask, wider(box)), reaches)
        level = smooth_level(filled, mask.grid)
        return cls._made(_Shape(mask.grid, filled, level, corner, exact=False), _cut(mask, box), reaches)

    @classmethod
    def from_contours(cls, contours_mm: Sequence[NDArray[np.float64]], grid: Grid) -> Self:
        """Find the surface that closed contours outline, without a mask between.

        Parameters
        ----------
        contours_mm : sequence of ndarray, shape (n, 3)
            LPS mm, each on a plane along the slices, such as a structure set holds; see
            `sarcoma_review.planning.contours`.
        grid : Grid
            Of the image they were drawn on, with square corners.

        Returns
        -------
        TumourSurface
            With circles drawn on a ball of 20 mm, 0.02 mm (root mean square) from it at 0.8 mm slices, 0.05 mm at
            3 mm and 0.08 mm at 5 mm. What reaches beside the grid is in the surface and not in the mask's volume.

        Raises
        ------
        EmptyMaskError
            If there is no contour, or none encloses the middle of a voxel.
        GeometryError
            If a contour does not lie along the grid's slices, or beyond them, or the grid is sheared.
        """
        mask = fractional_mask(contours_mm, grid)
        require_square_corners(mask)
        made = contour_level(contours_mm, grid)
        middle = made.values[made.parts // 2 :: made.parts]
        filled = without_cavities(middle < 0)
        box = box_of(mask.array > 0)
        if box is None or not filled.any():
            raise EmptyMaskError(f"{len(contours_mm)} contour(s) enclose no voxel's middle: expected at least one")
        cavity = np.repeat(filled & (middle >= 0), made.parts, axis=0)
        level = Level(np.where(cavity, -min(grid.spacing_mm), made.values), (made.parts, 1, 1))
        findings = (*made.findings, *_reaches(box, grid.shape))
        return cls._made(_Shape(grid, filled, level, made.corner, exact=True), _cut(mask, box), findings)

    @classmethod
    def _made(cls, shape: "_Shape", mask: Volume, findings: tuple[str, ...]) -> Self:
        grid, filled, corner = shape.grid, shape.filled, shape.corner
        vertices, faces = _zero_surface(shape.level, grid, corner)
        guards, guard_areas, lost = _guard_points(filled, shape.level.at_centres, grid, corner)
        pieces, components = _pieces(filled)
        lost_ones = (f"{lost} mask voxel(s) are thinner than the smoothing; their outline is kept",) if lost else ()
        return cls(
            vertices,
            faces,
            grid=grid,
            crossings=_crossings(filled, shape.level.at_centres if shape.exact else None, grid, corner),
            guard_points_mm=guards,
            guard_areas_mm2=guard_areas,
            rim_mm=grid.position_mm(np.argwhere(filled & ~ndimage.binary_erosion(filled)) + corner),
            mask=mask,
            vertex_components=_component_of(vertices, pieces, grid, corner),
            guard_components=_component_of(guards, pieces, grid, corner),
            components=components,
            findings=findings + lost_ones,
        )

    @cached_property
    def vertex_areas_mm2(self) -> NDArray[np.float64]:
        """Area that each vertex stands for: a third of every face round it, shape (n,)."""
        return _areas_mm2(self.vertices, self.faces)

    @property
    def point_areas_mm2(self) -> NDArray[np.float64]:
        """Area that each of `points_mm` stands for, shape (n + k,)."""
        return np.concatenate([self.vertex_areas_mm2, self.guard_areas_mm2])

    @property
    def points_mm(self) -> NDArray[np.float64]:
        """Vertices and guard points: everything a margin counts as tumour, LPS mm."""
        return np.concatenate([self.vertices, self.guard_points_mm])

    @property
    def volume_ml(self) -> float:
        """Volume of the mask itself, cavities left out: voxels, or their fractions, times the voxel's volume."""
        return float(self.mask.array.sum(dtype=np.float64) * self.mask.grid.voxel_volume_ml)

    def __repr__(self) -> str:
        return f"<TumourSurface {len(self.vertices)} vertices, {self.components} component(s)>"


@dataclass(frozen=True, eq=False)
class _Shape:
    """What a surface is made from: voxels without cavities, a level, and where in the grid their array begins.

    `exact` says that the level tells where an edge between voxels is crossed, not only that it is.
    """

    grid: Grid
    filled: NDArray[np.bool_]
    level: Level
    corner: NDArray[np.int_]
    exact: bool


def _pieces(filled: NDArray[np.bool_]) -> tuple[NDArray[np.int32], int]:
    """Number of the piece at every voxel and its neighbours, from 1; and how many pieces there are."""
    labels, components = ndimage.label(filled, _EVERY_NEIGHBOUR)
    if components == 1:
        return np.ones(filled.shape, np.int32), 1
    wider: NDArray[np.int32] = ndimage.grey_dilation(labels, footprint=_EVERY_NEIGHBOUR)
    return wider, int(components)


def _zero_surface(
    level: Level, grid: Grid, corner: NDArray[np.int_]
) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    if level.values.min() >= 0:  # smoothing lost all of it; the guard points hold the outline
        return np.empty((0, 3)), np.empty((0, 3), np.int32)
    index, faces, _, _ = marching_cubes(level.values, 0.0)
    vertices = grid.position_mm(level.index(index) + corner)
    corners = vertices[faces]
    six_volumes = np.einsum("ij,ij->i", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])).sum()
    if six_volumes < 0:
        faces = faces[:, ::-1]
    return vertices, np.ascontiguousarray(faces, dtype=np.int32)


def _crossings(filled: NDArray[np.bool_], level: Floats | None, grid: Grid, corner: NDArray[np.int_]) -> Crossings:
    positions, axes = [], []
    for axis in range(3):
        index = np.argwhere(np.diff(filled, axis=axis))
        here = index.astype(np.float64)
        if level is None:
            here[:, axis] += 0.5
        else:
            beyond = index + np.eye(3, dtype=int)[axis]
            one, other = level[tuple(index.T)], level[tuple(beyond.T)]
            here[:, axis] += one / (one - other)
        positions.append(grid.position_mm(here + corner))
        axes.append(np.full(len(index), axis, np.int8))
    return Crossings(np.concatenate(positions), np.concatenate(axes))


def _guard_points(
    filled: NDArray[np.bool_], level: Floats, grid: Grid, corner: NDArray[np.int_]
) -> tuple[NDArray[np.float64], NDArray[np.float64], int]:
    """Outline, half a voxel out, of mask voxels that the smooth surface leaves outside and does not touch.

    A lone corner voxel just outside the surface is what smoothing is for; a voxel with no neighbour inside the
    surface, and all that hangs together with it, is tissue lost.
    """
    outside = filled & (level >= 0)
    at = np.argwhere(outside)
    around = (at[:, None] + np.argwhere(_EVERY_NEIGHBOUR) - 1).reshape(-1, 3)  # the padding holds them all
    alone = at[~(level[tuple(around.T)] < 0).reshape(len(at), 27).any(axis=1)]
    if not len(alone):
        return np.empty((0, 3)), np.empty(0), 0
    seeds = np.zeros_like(outside)
    seeds[tuple(alone.T)] = True
    lost = ndimage.binary_propagation(seeds, _EVERY_NEIGHBOUR, mask=outside)
    index, faces, _, _ = marching_cubes(lost.astype(np.float64), 0.5)
    points = grid.position_mm(index + corner)
    return points, _areas_mm2(points, faces), int(lost.sum())


def _areas_mm2(vertices: NDArray[np.float64], faces: NDArray[np.int32]) -> NDArray[np.float64]:
    corners = vertices[faces]
    doubled = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    thirds = np.repeat(np.linalg.norm(doubled, axis=1) / 6.0, 3)
    return np.bincount(faces.ravel(), weights=thirds, minlength=len(vertices)).astype(np.float64)


def _cut(mask: Volume, box: tuple[slice, ...]) -> Volume:
    affine = mask.affine.copy()
    affine[:3, 3] = mask.position_mm([part.start for part in box])
    return Volume(mask.array[box], affine, mask.frame_of_reference_uid)


def _component_of(
    points_mm: NDArray[np.float64], pieces: NDArray[np.int32], grid: Grid, corner: NDArray[np.int_]
) -> NDArray[np.int32]:
    """The piece each point lies on: that of the nearest voxel, or of one beside it."""
    index = np.clip(np.rint(grid.index(points_mm) - corner).astype(int), 0, np.array(pieces.shape) - 1)
    found: NDArray[np.int32] = pieces[tuple(index.T)].astype(np.int32)
    return found


def _reaches(box: tuple[slice, ...], shape: tuple[int, int, int]) -> tuple[str, ...]:
    """Say at which edges of the image the tumour is cut."""
    findings = []
    for part, size, name in zip(box, shape, ("slice", "row", "column"), strict=True):
        sides = [side for side, cut in (("first", part.start == 0), ("last", part.stop == size)) if cut]
        findings += [f"tumour reaches the {side} {name}: what lies beyond is unknown" for side in sides]
    return tuple(findings)
