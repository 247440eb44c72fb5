"""The closest pair of a tumour and its specimen's wall, far finer than their voxels.

The idea is that of `refine`: a quadric is fitted to the voxel edges round a place. Here one is fitted to each of the
two surfaces, with heights along the line between them, and the line is moved until it meets both squarely.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from sarcoma_review.planning.quadric import QuadricFit, edges_near, terms
from sarcoma_review.planning.resection import tangents
from sarcoma_review.planning.surface import TumourSurface

Array = NDArray[np.float64]

_ROUNDS, _MOST_ROUNDS = 3, 10
_DISC = 1.2  # radius fitted, of sqrt(2 * radius of curvature * spacing)
_BENT, _NARROWER = 1.25, 5  # misfit of what is no quadric; how often the disc is narrowed to leave it out
_MODEL = 0.012  # of the voxel's extent: what no quadric follows
_FLAT, _NO_RADIUS = 0.05, 150.0  # of the smallest spacing: a flat wall meets the lattice in a pattern; mm


@dataclass(frozen=True, eq=False)
class ClosestPair:
    """The closest pair of two fitted quadrics.

    Parameters
    ----------
    tumour, wall : ndarray, shape (3,)
        One point on each, LPS mm.
    normal : ndarray, shape (3,)
        Unit vector out of the specimen, LPS.
    gap_mm : float
        From tumour to wall along the normal; below 0 where the tumour lies beyond the wall.
    sd_mm : float
        Standard deviation of the gap that the voxels leave.
    patches : tuple of Patch
        The tumour's and the wall's.
    """

    tumour: Array
    wall: Array
    normal: Array
    gap_mm: float
    sd_mm: float
    patches: "tuple[Patch, Patch]"


def closest_pair(
    surface: TumourSurface, wall: TumourSurface, point: Array, *, foot: Array, normal: Array
) -> ClosestPair | None:
    """Fit a quadric to both surfaces round a pair of points, and find the closest pair of the two quadrics.

    Each round fits anew round the pair that the last one found, with heights along its normal.

    Parameters
    ----------
    surface, wall : TumourSurface
        Of the tumour, of the specimen.
    point, foot : ndarray, shape (3,)
        Where to start on each, LPS mm.
    normal : ndarray, shape (3,)
        Unit vector out of the specimen, LPS.

    Returns
    -------
    ClosestPair or None
        None where too few voxel edges lie near, or no line meets the wall squarely.
    """
    radii = [12.0, 12.0]
    pair = None
    for number in range(_MOST_ROUNDS):
        frame = np.stack([*tangents(normal), normal])
        patches = [
            Patch.fitted(body, at, frame, radius)
            for body, at, radius in zip((surface, wall), (point, foot), radii, strict=True)
        ]
        if patches[0] is None or patches[1] is None:
            return None
        pair = _nearer(patches[0], patches[1], frame)
        if pair is None:
            return None
        moved = float(np.linalg.norm(pair.tumour - point))
        point, foot, normal = pair.tumour, pair.wall, pair.normal
        if number >= _ROUNDS and moved < 0.1:
            break
        radii = [patch.radius_mm for patch in patches if patch is not None]
    return pair


@dataclass(frozen=True, eq=False)
class Patch:
    """A quadric fitted to a surface round a place: its height along a frame's third axis, by the other two.

    Parameters
    ----------
    fit
        The solved quadric.
    at : ndarray, shape (3,)
        The place, LPS mm.
    frame : ndarray, shape (3, 3)
        Unit vectors in its rows.
    disc_mm : float
        Radius that was fitted.
    extent_mm : float
        Of a voxel along the third axis.
    """

    fit: QuadricFit
    at: Array
    frame: Array
    disc_mm: float
    extent_mm: float

    @classmethod
    def fitted(cls, body: TumourSurface, at: Array, frame: Array, radius: float) -> Self | None:
        """Fit as wide a disc as one quadric follows: an edge of a cut face in it would bend the quadric.

        Where none is narrow enough, as on the tip of a finger, the widest stands, and its misfit widens its error.
        """
        spacing = np.array(body.grid.spacing_mm)
        extent = float(np.linalg.norm(frame[2] @ body.grid.affine[:3, :3]))
        disc = max(_DISC * np.sqrt(2.0 * min(radius, 60.0) * max(extent, spacing.min())), 3 * np.median(spacing))
        widest = None
        for narrower in range(_NARROWER):
            reach = float(disc) * 0.75**narrower
            near = edges_near(body.crossings, at, frame, reach, radius + extent, 2 * extent + 1)
            if near is None:
                break
            fit = QuadricFit(near, body, frame, reach, radius)
            fit.solve()
            patch = cls(fit, at, frame, reach, extent) if np.isfinite(fit.coefficients).all() else None
            if patch and fit.misfit < _BENT:
                return patch
            widest = widest or patch
        return widest

    @property
    def radius_mm(self) -> float:
        """Mean radius of curvature, between 3 and 200 mm."""
        return float(1.0 / np.clip(-(self.fit.coefficients[3] + self.fit.coefficients[5]), 1 / 200.0, 1 / 3.0))

    def local(self, across: Array) -> Array:
        """The point above (u, v), in the frame and from `at`."""
        (u, v), c, h = across, self.fit.coefficients, 0.0
        flat = c[0] + c[1] * u + c[2] * v + c[3] * u * u + c[4] * u * v + c[5] * v * v
        for _ in range(12):
            h = flat / (1 + c[6] * h + c[7] * u + c[8] * v)
        return np.array([u, v, h])

    def from_patch(self, position_mm: Array) -> float:
        """Distance of a position beyond the patch, mm; below 0 before it."""
        local = self.frame @ (position_mm - self.at)
        foot = self.local(local[:2])
        slope = self.slopes(foot)
        return float((local[2] - foot[2]) / np.sqrt(1 + slope @ slope))

    def slopes(self, at: Array) -> Array:
        """Change of height along u and v."""
        (u, v, h), c = at, self.fit.coefficients
        steep = 1 + 2 * c[6] * h + c[7] * u + c[8] * v
        along_u, along_v = c[1] + 2 * c[3] * u + c[4] * v - c[7] * h, c[2] + c[4] * u + 2 * c[5] * v - c[8] * h
        slopes: Array = np.array([along_u, along_v]) / steep
        return slopes

    def sd_mm(self, at: Array) -> float:
        """Standard deviation of the height.

        Edges that crowd round their middles more than chance lets them are not independent: the surface runs along
        the lattice, and could lie anywhere between two layers of it.
        """
        row, misfit = terms(at[None])[0], self.fit.misfit
        sd = np.sqrt(row @ np.linalg.pinv(self.fit.information) @ row) * max(1.0, misfit)
        edges = len(self.fit.lengths)
        crowded = np.sqrt(max(0.0, 1.0 - misfit**2 - len(row) / edges - 3.0 / np.sqrt(edges)))
        flat = _FLAT * self.fit.lengths.min() if self.radius_mm > _NO_RADIUS else 0.0
        parts = (sd, _MODEL * self.extent_mm, crowded * self.extent_mm / np.sqrt(12.0), flat)
        return float(np.linalg.norm(parts))


def _nearer(tumour: Patch, wall: Patch, frame: Array) -> ClosestPair | None:
    """Move from the middle of the tumour's patch to where the line to the wall is square to both, if that is nearer.

    No further than half the disc at once: beyond it the quadric says little, and the next round starts from there.
    """
    apart = frame @ (wall.at - tumour.at)

    def off_square(four: Array) -> Array:
        one, other = tumour.local(four[:2]), wall.local(four[2:])
        line = other + apart - one
        return np.concatenate([line[:2] + line[2] * tumour.slopes(one), line[:2] + line[2] * wall.slopes(other)])

    def gap_from(across: Array) -> ClosestPair | None:
        foot = _root(lambda two: off_square(np.append(across, two))[2:], across - apart[:2])
        off = off_square(np.append(across, foot))[2:]
        if not np.isfinite(off).all() or np.abs(off).max() > 1e-3 or np.hypot(*foot) > wall.disc_mm:
            return None
        return _pair(tumour, wall, across, foot)

    square = _root(off_square, np.append([0.0, 0.0], -apart[:2]))[:2]
    reach = 0.5 * tumour.disc_mm / max(float(np.hypot(*square)), 1e-9)
    pairs = [gap_from(np.zeros(2)), gap_from(square * min(1.0, reach)) if np.isfinite(reach) else None]
    return min((pair for pair in pairs if pair is not None), key=lambda pair: pair.gap_mm, default=None)


def _pair(tumour: Patch, wall: Patch, across: Array, foot: Array) -> ClosestPair:
    one, other = tumour.local(across), wall.local(foot)
    slope = wall.slopes(other)
    normal = np.array([-slope[0], -slope[1], 1.0]) @ wall.frame / np.sqrt(1 + slope @ slope)
    here, there = tumour.at + one @ tumour.frame, wall.at + other @ wall.frame
    sd = float(np.hypot(tumour.sd_mm(one), wall.sd_mm(other)))
    return ClosestPair(here, there, normal, float((there - here) @ normal), sd, (tumour, wall))


def _root(off: Callable[[Array], Array], start: Array) -> Array:
    """Newton's method; the derivatives are differences over a hundredth of a millimetre."""
    at = start
    for _ in range(6):
        here = off(at)
        change = np.stack([off(at + step) - here for step in 0.01 * np.eye(len(at))], axis=1) / 0.01
        at = at - np.linalg.pinv(change) @ here
    return at
