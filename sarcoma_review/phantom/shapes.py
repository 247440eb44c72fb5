"""Implicit shapes: how far a point lies outside a surface, in mm, negative inside.

Everything is a smooth function of position, so that one body can be cut along any grid. Positions are in the
body's own frame (see `sarcoma_review.phantom.anatomy`): directions as in DICOM's LPS, in mm.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import CubicSpline, PchipInterpolator

Field = NDArray[np.float64]
"""One number per point."""

FAR_MM = 99.0
"""The distance a shape reports where it does not reach; only its sign and that it is large are used."""

TABLE_MM = 0.1
"""Step of the tables that curves over height are read off; the curves are centimetres long."""

TIP_MM = 9.0
"""The length over which a column is rounded off at its ends."""


@dataclass(frozen=True)
class Points:
    """Positions as three arrays that broadcast against one another, which keeps lattices cheap.

    Parameters
    ----------
    x, y, z : ndarray
        Left, posterior and superior in mm.
    """

    x: Field
    y: Field
    z: Field

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape the three broadcast to."""
        return np.broadcast_shapes(self.x.shape, self.y.shape, self.z.shape)

    def take(self, chosen: NDArray[np.bool_]) -> "Points":
        """Only the points where `chosen` (of `shape`) holds, as flat arrays."""
        return Points(*(np.broadcast_to(axis, self.shape)[chosen] for axis in (self.x, self.y, self.z)))

    def window(self, rows: slice, columns: slice) -> "Points":
        """A block of points of shape (n, rows, columns); an axis of length one is kept, as it broadcasts."""
        return Points(*(_cut(axis, rows, columns) for axis in (self.x, self.y, self.z)))


def extent(chosen: NDArray[np.bool_]) -> slice:
    """From the first to the last place of a line where `chosen` holds; empty where it holds nowhere."""
    places = np.flatnonzero(chosen)
    return slice(int(places[0]), int(places[-1]) + 1) if places.size else slice(0, 0)


def box(points: Points, low: tuple[float, float], high: tuple[float, float]) -> tuple[slice, slice]:
    """Rows and columns of a lattice of points that come between two corners (x and y in mm); perhaps none."""
    x = np.broadcast_to((points.x > low[0]) & (points.x < high[0]), points.shape)
    y = np.broadcast_to((points.y > low[1]) & (points.y < high[1]), points.shape)
    by_row, by_column = (np.logical_and(x.any(axis=across), y.any(axis=across)) for across in ((0, 2), (0, 1)))
    return extent(by_row), extent(by_column)


def _cut(axis: Field, rows: slice, columns: slice) -> Field:
    first = rows if axis.shape[1] > 1 else slice(None)
    return axis[:, first, columns if axis.shape[2] > 1 else slice(None)]


class _Curves:
    """Smooth curves over height, worked out exactly for a few heights and read off a fine table for many.

    A lattice whose axes are the limb's own asks for one height per row or slice; a turned one for one per voxel.
    """

    def __init__(self, heights: Field, values: Field) -> None:
        self._exact = PchipInterpolator(heights, values)
        self._low, self._count = float(heights[0]), int((heights[-1] - heights[0]) / TABLE_MM) + 2

    @cached_property
    def _table(self) -> Field:
        table: Field = np.moveaxis(self._exact(self._low + TABLE_MM * np.arange(self._count)), 0, -1)
        return table

    def __call__(self, z: Field) -> Field:
        """Values at heights z between the first and the last, the curves along the first axis."""
        if z.size < 4096:
            exact = self._exact(z)
            return np.asarray(np.moveaxis(exact, -1, 0) if exact.ndim > z.ndim else exact, np.float64)
        place = (z - self._low) / TABLE_MM
        before = np.minimum(place.astype(np.intp), self._count - 2)
        share, table = place - before, self._table
        return np.asarray(table[..., before] * (1 - share) + table[..., before + 1] * share)


class Profile:
    """A number that varies smoothly along the limb, through given values and never beyond them.

    Parameters
    ----------
    levels : sequence of (float, float)
        Height z in mm and the value there, in any order. Beyond the ends the last value holds.
    """

    def __init__(self, *levels: tuple[float, float]) -> None:
        table = np.array(sorted(levels))
        self._low, self._high = float(table[0, 0]), float(table[-1, 0])
        self._curve = _Curves(table[:, 0], table[:, 1])

    def __call__(self, z: Field) -> Field:
        """Values at heights z in mm."""
        return np.asarray(self._curve(np.clip(z, self._low, self._high)), np.float64)


class Column:
    """A body that runs along the limb: in each axial plane an ellipse, drifting and changing with height.

    Parameters
    ----------
    levels : sequence of tuples (z, x, y, a, b, angle)
        Height, centre, half widths in mm and the turn of the first half width from +x toward +y in degrees.
        It ends at the first and the last level, rounded off over the last `TIP_MM`.
    """

    def __init__(self, *levels: Sequence[float]) -> None:
        table = np.array(sorted(levels, key=lambda level: level[0]), np.float64)
        self.low_mm, self.high_mm = float(table[0, 0]), float(table[-1, 0])
        self._curves = _Curves(table[:, 0], table[:, 1:])

    def reaches(self, z: Field) -> bool:
        """Say whether the column passes any of the heights z (mm)."""
        return bool(z.min() <= self.high_mm and z.max() >= self.low_mm)

    def centre(self, z: Field) -> tuple[Field, Field]:
        """Where the column's middle lies at heights z (mm): x and y in mm."""
        x, y, *_ = self._curves(np.clip(z, self.low_mm, self.high_mm))
        return x, y

    def section(self, z: Field) -> Field:
        """The ellipses at heights z (mm), away from the rounded ends: x, y, a, b, angle along the first axis."""
        return self._curves(np.clip(z, self.low_mm, self.high_mm))

    def block(self, points: Points, spare_mm: float) -> tuple[slice, slice]:
        """Rows and columns of a lattice of points that come within `spare_mm` of the column; perhaps none."""
        heights = np.linspace(points.z.min(), points.z.max(), 9)
        x, y, a, b, _ = self._curves(np.clip(heights, self.low_mm, self.high_mm))
        reach = np.maximum(a, b) + spare_mm
        return box(points, ((x - reach).min(), (y - reach).min()), ((x + reach).max(), (y + reach).max()))

    def distance_mm(self, points: Points) -> Field:
        """Distance outside the column, measured within the axial plane; exact to first order at its edge."""
        height = np.clip(points.z, self.low_mm, self.high_mm)
        x, y, a, b, angle = self._curves(height)
        to_end = np.minimum(height - self.low_mm, self.high_mm - height)
        tip = np.sqrt(np.clip(to_end / TIP_MM, 0.003, 1.0))
        a, b = a * tip, b * tip
        cos, sin = np.cos(np.radians(angle)), np.sin(np.radians(angle))
        dx, dy = points.x - x, points.y - y
        u, v = (dx * cos + dy * sin) / a, (dy * cos - dx * sin) / b
        radius = np.sqrt(u * u + v * v)
        slope = np.sqrt((u / a) ** 2 + (v / b) ** 2) + 1e-9
        distance = radius * (radius - 1.0) / slope
        beyond = np.maximum(self.low_mm - points.z, points.z - self.high_mm)
        return np.where(beyond > 0, FAR_MM, distance)


def swollen(levels: Sequence[Sequence[float]], more_mm: float) -> list[tuple[float, ...]]:
    """The levels of a column (z, x, y, a, b, angle) with both half widths larger."""
    return [(z, x, y, a + more_mm, b + more_mm, angle) for z, x, y, a, b, angle in levels]


def both_sides(*levels: Sequence[float]) -> tuple[Column, Column]:
    """A column given on the patient's left, and its mirror image on the right."""
    mirrored = [(z, -x, y, a, b, 180.0 - angle) for z, x, y, a, b, angle in levels]
    return Column(*levels), Column(*mirrored)


@dataclass(frozen=True, eq=False)
class Ellipsoid:
    """An ellipsoid anywhere in space.

    Parameters
    ----------
    centre_mm : array_like, shape (3,)
        Position of its centre.
    semi_axes_mm : array_like, shape (3,)
        Half lengths along its own axes.
    rotation : array_like, shape (3, 3)
        Its own axes as columns; orthonormal.

    Examples
    --------
    >>> ball = Ellipsoid((0.0, 0.0, 50.0), (10.0, 10.0, 30.0))
    >>> ball.support_mm((0.0, 0.0, 1.0))
    80.0
    """

    centre_mm: ArrayLike
    semi_axes_mm: ArrayLike
    rotation: ArrayLike = field(default_factory=lambda: np.eye(3))

    def __post_init__(self) -> None:
        for name in ("centre_mm", "semi_axes_mm", "rotation"):
            object.__setattr__(self, name, np.asarray(getattr(self, name), np.float64))

    @cached_property
    def spread_mm2(self) -> Field:
        """The symmetric matrix Q diag(a², b², c²) Qᵀ, shape (3, 3)."""
        rotation = np.asarray(self.rotation)
        spread: Field = (rotation * np.asarray(self.semi_axes_mm) ** 2) @ rotation.T
        return spread

    def support_mm(self, direction: ArrayLike) -> float:
        """How far the ellipsoid reaches along a unit direction, from the origin: closed form."""
        n = np.asarray(direction, np.float64)
        return float(n @ np.asarray(self.centre_mm) + np.sqrt(n @ self.spread_mm2 @ n))

    def farthest_mm(self, direction: ArrayLike) -> Field:
        """The one point that reaches farthest along a unit direction, shape (3,)."""
        n = np.asarray(direction, np.float64)
        reach = self.spread_mm2 @ n
        farthest: Field = np.asarray(self.centre_mm) + reach / np.sqrt(n @ reach)
        return farthest

    def moved(self, by_mm: ArrayLike) -> "Ellipsoid":
        """The same ellipsoid elsewhere."""
        return Ellipsoid(np.asarray(self.centre_mm) + np.asarray(by_mm), self.semi_axes_mm, self.rotation)

    def distance_mm(self, points: Points) -> Field:
        """Distance outside the surface: its sign is exact everywhere, its value to first order at the surface."""
        a = np.asarray(self.semi_axes_mm)
        scaled = self._own_axes(points)
        radius = np.sqrt(scaled[0] ** 2 + scaled[1] ** 2 + scaled[2] ** 2)
        slope = np.sqrt((scaled[0] / a[0]) ** 2 + (scaled[1] / a[1]) ** 2 + (scaled[2] / a[2]) ** 2)
        distance: Field = radius * (radius - 1.0) / (slope + 1e-9)
        return distance

    def _own_axes(self, points: Points) -> list[Field]:
        """Positions along the ellipsoid's axes, in half lengths."""
        centre, turn = np.asarray(self.centre_mm), np.asarray(self.rotation) / np.asarray(self.semi_axes_mm)
        dx, dy, dz = points.x - centre[0], points.y - centre[1], points.z - centre[2]
        return [(dx * turn[0, i] + dy * turn[1, i]) + dz * turn[2, i] for i in range(3)]


@dataclass(frozen=True)
class Cord:
    """A straight band between two points, round in section, such as a ligament.

    Parameters
    ----------
    start_mm, end_mm : tuple of float
        Its ends.
    radius_mm : float
        Half its thickness.
    """

    start_mm: tuple[float, float, float]
    end_mm: tuple[float, float, float]
    radius_mm: float

    def reaches(self, z: Field) -> bool:
        """Say whether the cord passes any of the heights z (mm)."""
        low, high = sorted((self.start_mm[2], self.end_mm[2]))
        return bool(z.min() <= high + self.radius_mm and z.max() >= low - self.radius_mm)

    def block(self, points: Points, spare_mm: float) -> tuple[slice, slice]:
        """Rows and columns of a lattice of points that come within `spare_mm` of the cord; perhaps none."""
        reach = self.radius_mm + spare_mm
        (x0, x1), (y0, y1) = (sorted((self.start_mm[i], self.end_mm[i])) for i in range(2))
        return box(points, (x0 - reach, y0 - reach), (x1 + reach, y1 + reach))

    def distance_mm(self, points: Points) -> Field:
        """Distance outside the cord."""
        start, end = np.array(self.start_mm), np.array(self.end_mm)
        along = end - start
        d = (points.x - start[0], points.y - start[1], points.z - start[2])
        t = np.clip((d[0] * along[0] + d[1] * along[1] + d[2] * along[2]) / (along @ along), 0.0, 1.0)
        squared = sum((d[i] - t * along[i]) ** 2 for i in range(3))
        return np.asarray(np.sqrt(squared) - self.radius_mm)


def mirrored(points: Points) -> Points:
    """Points with those on the patient's right brought over to the left: one half then serves for both."""
    return Points(np.abs(points.x), points.y, points.z)


def chain(points_mm: Sequence[Sequence[float]], radius_mm: float, *, parts: int) -> tuple[Cord, ...]:
    """Cords one after another along a smooth curve through some points, `parts` between every two of them."""
    knots = np.arange(len(points_mm))
    curve = CubicSpline(knots, np.array(points_mm, np.float64))
    places = curve(np.linspace(0, knots[-1], parts * int(knots[-1]) + 1)).tolist()
    return tuple(Cord(tuple(start), tuple(end), radius_mm) for start, end in pairwise(places))


def rotation_about(axis: str, angle_deg: float) -> Field:
    """The right-handed rotation matrix about one of the axes x, y, z."""
    first, second = {"x": (1, 2), "y": (2, 0), "z": (0, 1)}[axis]
    cos, sin = np.cos(np.radians(angle_deg)), np.sin(np.radians(angle_deg))
    matrix = np.eye(3)
    matrix[first, first] = matrix[second, second] = cos
    matrix[first, second], matrix[second, first] = -sin, sin
    return matrix


def blend_union(first: Field, second: Field, radius_mm: float) -> Field:
    """Both shapes in one, with the crease between them filled by a fillet of about `radius_mm`."""
    overlap = np.maximum(radius_mm - np.abs(first - second), 0.0)
    return np.minimum(first, second) - overlap * overlap / (4.0 * radius_mm)


def blend_cut(shape: Field, cutter: Field, radius_mm: float) -> Field:
    """What is left of a shape outside `cutter`, with the new edge rounded by about `radius_mm`."""
    return -blend_union(-shape, cutter, radius_mm)


def coverage(distance_mm: Field, edge_mm: Field | float) -> Field:
    """The part of a voxel that a shape covers: 1 inside, 0 outside, one half at distance 0."""
    return np.clip(0.5 - distance_mm / edge_mm, 0.0, 1.0)


def rise(value: Field, start: float, stop: float) -> Field:
    """0 before `start`, 1 after `stop`, smooth in between; `stop` may lie below `start`."""
    t = np.clip((value - start) / (stop - start), 0.0, 1.0)
    return np.asarray(t * t * (3.0 - 2.0 * t), np.float64)
