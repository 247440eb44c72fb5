"""Margins to a specimen given as a mask: the surface that a surgeon, or a scanner, outlined."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from sarcoma_review.errors import EmptyMaskError
from sarcoma_review.planning.closest_pair import ClosestPair, closest_pair
from sarcoma_review.planning.distance import signed_distance_to_triangles_mm
from sarcoma_review.planning.masks import inside
from sarcoma_review.planning.surface import TumourSurface
from sarcoma_review.planning.uncertainty import voxel_sd_mm
from sarcoma_review.volume import Volume, require_same_space

Array = NDArray[np.float64]

_FARTHEST = 0.75  # of the voxel diagonals: a gap that differs more from the surfaces' own is not believed
_SHARP = 1.5  # radius of curvature, of the voxel's extent: a sharper tip is not resolved, fitted or not
_WIDE = 1.3  # of two edges anywhere in their voxels, where nothing is fitted: found on fingers at thick slices


@dataclass(frozen=True, eq=False)
class SpecimenMargins:
    """From a tumour to the surface of its specimen.

    Parameters
    ----------
    margins_mm : ndarray, shape (n + k,)
        At `TumourSurface.points_mm`, exact to the triangle; below 0 outside the specimen.
    margin_mm : float
        The least, from quadrics fitted to both surfaces at the closest pair.
    position_mm, wall_mm : ndarray, shape (3,)
        The closest pair: on the tumour, on the specimen. LPS mm.
    sd_mm : float
        Standard deviation of the least margin that the voxels of both masks leave.
    unrefined_mm : float
        The least of `margins_mm`.
    fitted : bool
        False where the surfaces themselves stand, or a voxel of a mask that the fit would have passed over.
    findings : tuple of str
        What limits the margin: a specimen that the field of view cuts.
    """

    margins_mm: Array
    margin_mm: float
    position_mm: Array
    wall_mm: Array
    sd_mm: float
    unrefined_mm: float
    fitted: bool
    findings: tuple[str, ...] = ()


def measure_specimen(surface: TumourSurface, specimen: Volume) -> SpecimenMargins:
    """Measure a tumour to the surface of its specimen, and refine the least margin.

    Parameters
    ----------
    surface : TumourSurface
    specimen : Volume
        Boolean or fractional mask of what is taken out, tumour and all; on any grid of the same patient space.

    Returns
    -------
    SpecimenMargins
        Known error of the least margin, balls and boxes (root mean square): 0.02 mm at 0.8 mm voxels, 0.04 mm at
        0.8 x 0.8 x 3 mm, 0.06 mm at 1 x 1 x 5 mm. Where many places are equally near, as between concentric balls,
        the least of them comes out 0.04 to 0.07 mm too small. A finger thinner than the slices is known no better
        than the slices are.

    Raises
    ------
    EmptyMaskError
        If the specimen has no voxels, or is thinner than a voxel throughout.
    GeometryError
        If its grid is sheared, or lies in another frame of reference.

    Notes
    -----
    A specimen that reaches the edge of its image is closed there: the margin is to that edge, and a finding says so.

    Examples
    --------
    >>> import numpy as np
    >>> z, y, x = np.mgrid[-24:25, -24:25, -24:25]
    >>> grid = np.eye(4)
    >>> tumour = Volume((x - 4) ** 2 + y**2 + z**2 <= 8.0**2, grid)
    >>> specimen = Volume(x**2 + y**2 + z**2 <= 20.0**2, grid)
    >>> round(measure_specimen(TumourSurface.from_mask(tumour), specimen).margin_mm)  # 20 - 8 - 4
    8
    """
    wall = _wall(surface, specimen)
    margins = -signed_distance_to_triangles_mm(surface.points_mm, wall.vertices, wall.faces)
    cut = [text for text in wall.findings if text.startswith("tumour reaches")]
    findings = tuple(text.replace("tumour", "specimen", 1) for text in cut)
    return replace(_with_slits(surface, wall, _least(surface, wall, margins)), findings=findings)


def specimen_margins_mm(surface: TumourSurface, specimen: Volume) -> Array:
    """Distance from each point of a tumour to the surface of its specimen: `SpecimenMargins.margins_mm` alone.

    Known error, both surfaces smoothed and neither refitted: 0.1 mm (root mean square) over the surface at 0.8 mm
    voxels; the least of all points is an extreme and may lie 0.4 mm off.
    """
    wall = _wall(surface, specimen)
    return -signed_distance_to_triangles_mm(surface.points_mm, wall.vertices, wall.faces)


def _wall(surface: TumourSurface, specimen: Volume) -> TumourSurface:
    require_same_space(surface.mask, specimen, "tumour and specimen")
    if not inside(specimen).any():
        raise EmptyMaskError("the specimen mask has no voxels: expected at least one, found 0")
    wall = TumourSurface.from_mask(specimen)
    if not len(wall.faces):
        raise EmptyMaskError("the specimen is thinner than a voxel: expected one that holds the tumour")
    return wall


def _with_slits(surface: TumourSurface, wall: TumourSurface, found: SpecimenMargins) -> SpecimenMargins:
    """The margin to a slit of the specimen that smoothing closed, where it comes nearer by half a voxel or more."""
    if found.margin_mm <= 0:
        return found
    outside = _outside_mm(wall)
    tree = cKDTree(surface.points_mm)
    distance, number = tree.query(outside, distance_upper_bound=max(found.margin_mm - 0.5 * _diagonal(wall), 0.0))
    at = int(np.argmin(distance))
    if not np.isfinite(distance[at]):
        return found
    point = surface.points_mm[number[at]]
    normal = (outside[at] - point) / max(float(distance[at]), 1e-9)
    sd = sd_unfitted_mm(surface, wall, normal)
    return replace(
        found, margin_mm=float(distance[at]), position_mm=point, wall_mm=outside[at], sd_mm=sd, fitted=False
    )


def _least(surface: TumourSurface, wall: TumourSurface, margins: Array) -> SpecimenMargins:
    """The least margin over the places that are nearly the closest, each refitted."""
    found = [_at(surface, wall, margins, number) for number in _closest(surface, wall, margins)]
    return min(found, key=lambda one: one.margin_mm)


def _closest(surface: TumourSurface, wall: TumourSurface, margins: Array, most: int = 3) -> list[int]:
    """Numbers of the closest point, and of others apart from it that a fit could still bring nearer."""
    apart = 4.0 * max(surface.grid.spacing_mm)
    open_ones = margins < margins.min() + 0.5 * (_diagonal(surface) + _diagonal(wall))
    found: list[int] = []
    while open_ones.any() and len(found) < most:
        found.append(int(np.argmin(np.where(open_ones, margins, np.inf))))
        open_ones &= np.linalg.norm(surface.points_mm - surface.points_mm[found[-1]], axis=1) > apart
    return found


def _diagonal(surface: TumourSurface) -> float:
    return float(np.linalg.norm(surface.grid.spacing_mm))


def _at(surface: TumourSurface, wall: TumourSurface, margins: Array, number: int) -> SpecimenMargins:
    point, gap = surface.points_mm[number], float(margins[number])
    foot = wall.vertices[np.argmin(np.linalg.norm(wall.vertices - point, axis=1))]
    normal = _outward(wall, foot)
    wide = sd_unfitted_mm(surface, wall, normal)
    plain = SpecimenMargins(margins, gap, point, foot, wide, float(margins.min()), fitted=False)
    if number >= len(surface.vertices):  # a guard point: no quadric is fitted to what smoothing would have lost
        return plain
    pair = closest_pair(surface, wall, point, foot=foot, normal=normal)
    if pair is None or abs(pair.gap_mm - gap) > _FARTHEST * np.hypot(_diagonal(surface), _diagonal(wall)):
        return plain
    if min(patch.radius_mm / patch.extent_mm for patch in pair.patches) < _SHARP:
        pair = replace(pair, sd_mm=max(wide, pair.sd_mm))
    passed = pair.gap_mm - _gap_of_voxels(surface, wall, pair)
    if passed <= 0:
        return replace(
            plain, margin_mm=pair.gap_mm, position_mm=pair.tumour, wall_mm=pair.wall, sd_mm=pair.sd_mm, fitted=True
        )
    sd = wide if passed > 0.5 * wide else max(pair.sd_mm, passed)
    return replace(plain, margin_mm=pair.gap_mm - passed, position_mm=pair.tumour, wall_mm=pair.wall, sd_mm=sd)


def _gap_of_voxels(surface: TumourSurface, wall: TumourSurface, pair: ClosestPair) -> float:
    """Least gap at voxels that the fit passes over: tumour beyond its patch, or no specimen before its own.

    Where a corner or a slit is smoothed away, the voxel's centre stands.
    """
    gaps = [np.inf]
    for centre in _beside(surface.rim_mm, pair):
        if pair.patches[0].from_patch(centre) > 0:
            gaps.append(-pair.patches[1].from_patch(centre))
    for centre in _beside(_outside_mm(wall), pair) if pair.gap_mm > 0 else ():
        if pair.patches[1].from_patch(centre) < 0:
            gaps.append(float(np.linalg.norm(centre - pair.tumour)))
    return float(min(gaps))


def _beside(positions_mm: Array, pair: ClosestPair) -> Array:
    """Positions in the middle of the patches that lie nearer than a voxel to the gap between them."""
    reach, voxel = 0.5 * pair.patches[0].disc_mm, max(patch.extent_mm for patch in pair.patches)
    off = positions_mm - pair.tumour
    along = off @ pair.normal
    across2 = np.einsum("ij,ij->i", off, off) - along**2
    ends = sorted((0.0, pair.gap_mm))
    beside: Array = positions_mm[(across2 < reach**2) & (along > ends[0] - voxel) & (along < ends[1] + voxel)]
    return beside


def _outside_mm(wall: TumourSurface) -> Array:
    """Centres of the voxels beside a mask, LPS mm: of each crossed edge the end that lies outside."""
    step = (wall.grid.affine[:3, :3].T * 0.5)[wall.crossings.axes]
    ends = [np.rint(wall.grid.index(wall.crossings.positions_mm + sign * step)).astype(int) for sign in (-1, 1)]
    corner = np.rint(wall.grid.index(wall.mask.affine[:3, 3])).astype(int)
    within = inside(wall.mask)
    outside = []
    for end in ends:
        here = end - corner
        known = ((here >= 0) & (here < within.shape)).all(axis=1)
        held = np.zeros(len(end), bool)
        held[known] = within[tuple(here[known].T)]
        outside.append(end[~held])
    centres: Array = wall.grid.position_mm(np.concatenate(outside))
    return centres


def _outward(wall: TumourSurface, foot: Array) -> Array:
    """Unit normal of the specimen's surface round a vertex."""
    near = np.linalg.norm(wall.vertices - foot, axis=1) < 2.0 * max(wall.grid.spacing_mm)
    corners = wall.vertices[wall.faces[near[wall.faces[:, 0]]]]
    normal = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]).sum(axis=0)
    unit: Array = normal / max(float(np.linalg.norm(normal)), 1e-12)
    return unit


def sd_unfitted_mm(surface: TumourSurface, wall: TumourSurface, direction: Array) -> float:
    """Standard deviation that the voxels of both masks leave on a margin not refitted, along a unit direction, mm."""
    return _WIDE * float(np.hypot(voxel_sd_mm(surface.grid, direction), voxel_sd_mm(wall.grid, direction)))
