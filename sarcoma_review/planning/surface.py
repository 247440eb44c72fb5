"""From a mask to a surface finer than its voxels."""

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.measure import marching_cubes

from sarcoma_review.errors import EmptyMaskError
from sarcoma_review.planning.masks import inside, require_square_corners
from sarcoma_review.volume import Grid, Volume

_PAD = 3  # voxels of background round the crop, so that no surface is left open
_SIGMA = 1.45  # voxels
_EVERY_NEIGHBOUR = np.ones((3, 3, 3), bool)


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

        A binary mask becomes a signed distance map, low-passed by ``3 G - 3 G² + G³`` (a Gaussian with its second
        and fourth moments taken out, so that curved surfaces do not shrink), and its zero level is followed by
        marching cubes. A fractional mask is followed at one half as it is. Cavities are filled for the surface.

        Parameters
        ----------
        mask : Volume
            Boolean, or float in 0 to 1; on a grid with square corners.

        Returns
        -------
        TumourSurface
            On spheres and ellipsoids 0.06 mm (root mean square) from the true surface at 0.8 mm voxels, 0.15 mm at
            3 mm slices, 0.35 mm at 5 mm slices.

        Raises
        ------
        EmptyMaskError
            If no voxel is inside.
        GeometryError
            If the grid is sheared (gantry tilt): distances along its axes are not distances in the patient.
        """
        require_square_corners(mask)
        fractional = mask.array.dtype.kind == "f"
        within = inside(mask)
        if not within.any():
            raise EmptyMaskError("the tumour mask has no voxels: expected at least one, found 0")
        box = tuple(ndimage.find_objects(within.astype(np.uint8))[0])
        filled = ndimage.binary_fill_holes(np.pad(within[box], _PAD))
        corner = np.array([part.start for part in box]) - _PAD
        level = _fractional_level(mask.array, box, filled) if fractional else _smooth_level(filled, mask.grid)
        vertices, faces = _zero_surface(level, mask.grid, corner)
        guards, guard_areas, lost = _guard_points(filled, level, mask.grid, corner)
        labels, components = ndimage.label(filled, _EVERY_NEIGHBOUR)
        wider = ndimage.grey_dilation(labels, footprint=_EVERY_NEIGHBOUR)
        return cls(
            vertices,
            faces,
            grid=mask.grid,
            crossings=_crossings(filled, level if fractional else None, mask.grid, corner),
            guard_points_mm=guards,
            guard_areas_mm2=guard_areas,
            rim_mm=mask.grid.position_mm(np.argwhere(filled & ~ndimage.binary_erosion(filled)) + corner),
            mask=_cut(mask, box),
            vertex_components=_component_of(vertices, wider, mask.grid, corner),
            guard_components=_component_of(guards, wider, mask.grid, corner),
            components=int(components),
            findings=_findings(box, mask.shape, lost),
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


def _smooth_level(filled: NDArray[np.bool_], grid: Grid) -> NDArray[np.float64]:
    outside = ndimage.distance_transform_edt(~filled, sampling=grid.spacing_mm)
    within = ndimage.distance_transform_edt(filled, sampling=grid.spacing_mm)
    signed = outside - within
    # A little wider within the slices than across them, where slices are thick: the staircase lies there.
    spacing = np.array(grid.spacing_mm)
    sigma = _SIGMA * np.minimum((spacing.max() / spacing) ** 0.3, 2.0)
    once = ndimage.gaussian_filter(signed, sigma, mode="nearest")
    twice = ndimage.gaussian_filter(once, sigma, mode="nearest")
    thrice = ndimage.gaussian_filter(twice, sigma, mode="nearest")
    level: NDArray[np.float64] = 3.0 * once - 3.0 * twice + thrice
    return level


def _fractional_level(
    fractions: NDArray[np.float64], box: tuple[slice, ...], filled: NDArray[np.bool_]
) -> NDArray[np.float64]:
    wide = tuple(slice(max(0, part.start - _PAD), part.stop + _PAD) for part in box)
    cut = fractions[wide]
    before = [_PAD - (part.start - outer.start) for part, outer in zip(box, wide, strict=True)]
    padding = [(b, size - b - n) for b, size, n in zip(before, filled.shape, cut.shape, strict=True)]
    padded = np.pad(cut.astype(np.float64), padding)
    cavity = filled & (padded <= 0.5)
    level: NDArray[np.float64] = 0.5 - np.where(cavity, 1.0, padded)
    return level


def _zero_surface(
    level: NDArray[np.float64], grid: Grid, corner: NDArray[np.int_]
) -> tuple[NDArray[np.float64], NDArray[np.int32]]:
    if level.min() >= 0:  # smoothing lost all of it; the guard points hold the outline
        return np.empty((0, 3)), np.empty((0, 3), np.int32)
    index, faces, _, _ = marching_cubes(level, 0.0)
    vertices = grid.position_mm(index + corner)
    corners = vertices[faces]
    six_volumes = np.einsum("ij,ij->i", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])).sum()
    if six_volumes < 0:
        faces = faces[:, ::-1]
    return vertices, np.ascontiguousarray(faces, dtype=np.int32)


def _crossings(
    filled: NDArray[np.bool_], level: NDArray[np.float64] | None, grid: Grid, corner: NDArray[np.int_]
) -> Crossings:
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
    filled: NDArray[np.bool_], level: NDArray[np.float64], grid: Grid, corner: NDArray[np.int_]
) -> tuple[NDArray[np.float64], NDArray[np.float64], int]:
    """Outline, half a voxel out, of mask voxels that the smooth surface leaves outside and does not touch.

    A lone corner voxel just outside the surface is what smoothing is for; a voxel with no neighbour inside the
    surface, and all that hangs together with it, is tissue lost.
    """
    outside = filled & (level >= 0)
    near_surface = ndimage.binary_dilation(level < 0, _EVERY_NEIGHBOUR)
    lost = ndimage.binary_propagation(outside & ~near_surface, _EVERY_NEIGHBOUR, mask=outside)
    if not lost.any():
        return np.empty((0, 3)), np.empty(0), 0
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
    points_mm: NDArray[np.float64], wider: NDArray[np.int32], grid: Grid, corner: NDArray[np.int_]
) -> NDArray[np.int32]:
    """The piece each point lies on: that of the nearest voxel, or of one beside it."""
    index = np.clip(np.rint(grid.index(points_mm) - corner).astype(int), 0, np.array(wider.shape) - 1)
    pieces: NDArray[np.int32] = wider[tuple(index.T)].astype(np.int32)
    return pieces


def _findings(box: tuple[slice, ...], shape: tuple[int, int, int], lost: int) -> tuple[str, ...]:
    findings = []
    names = ("slice", "row", "column")
    for part, size, name in zip(box, shape, names, strict=True):
        sides = [side for side, cut in (("first", part.start == 0), ("last", part.stop == size)) if cut]
        findings += [f"tumour reaches the {side} {name}: what lies beyond is unknown" for side in sides]
    if lost:
        findings.append(f"{lost} mask voxel(s) are thinner than the smoothing; their outline is kept")
    return tuple(findings)
