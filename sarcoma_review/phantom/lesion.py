"""The osteosarcoma: a union of ellipsoids, so that its margin to any plane is known in closed form."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from sarcoma_review.phantom.shapes import Ellipsoid, Field, Points, rotation_about

MARROW = (
    Ellipsoid((-3.6, -1.8, 68.0), (14.5, 12.0, 33.0), rotation_about("y", -7.0)),
    Ellipsoid((5.0, -0.5, 50.5), (21.5, 13.5, 17.0), rotation_about("z", 8.0) @ rotation_about("y", 12.0)),
)
"""The part inside the bone: along the shaft, and across the metaphysis."""

MASS = (
    Ellipsoid((3.0, 19.5, 62.0), (20.0, 12.5, 24.0), rotation_about("x", -6.0) @ rotation_about("z", -12.0)),
    Ellipsoid((-5.0, 16.0, 74.0), (14.0, 11.5, 16.0), rotation_about("x", 10.0)),
    Ellipsoid((13.5, 17.5, 53.5), (15.0, 13.0, 15.0), rotation_about("z", 30.0)),
    Ellipsoid((17.5, 4.0, 61.0), (16.0, 14.0, 17.0), rotation_about("y", 12.0) @ rotation_about("z", 15.0)),
    Ellipsoid((21.0, 9.0, 51.0), (12.0, 11.5, 11.5), rotation_about("z", 20.0)),
    Ellipsoid((16.5, 1.0, 72.0), (11.0, 11.5, 13.0), rotation_about("y", 18.0)),
)
"""The part outside it: lobes behind the popliteal surface, and on the medial side."""

TUMOUR = MARROW + MASS


def union_distance(parts: Sequence[Ellipsoid], points: Points) -> Field:
    """Distance outside a union: the sign is exact, the value so to first order at the surface."""
    return np.asarray(np.minimum.reduce([part.distance_mm(points) for part in parts]))


def union_support(parts: Sequence[Ellipsoid], direction: ArrayLike) -> tuple[float, Field]:
    """How far a union of ellipsoids reaches along a unit direction (mm from the origin), and where it does."""
    farthest = max(parts, key=lambda part: part.support_mm(direction))
    return farthest.support_mm(direction), farthest.farthest_mm(direction)


def union_volume_ml(parts: Sequence[Ellipsoid], *, step_mm: float = 0.1) -> float:
    """Volume of a union of ellipsoids, by exact chords along z over a fine grid in x and y.

    The chords are closed form, so that only the grid in x and y (midpoint rule) is approximate: below 0.01 % at
    0.1 mm for bodies of centimetres.
    """
    reach = np.array([[part.support_mm(sign * axis) for axis in np.eye(3)[:2] for sign in (-1, 1)] for part in parts])
    low, high = -reach.max(axis=0)[[0, 2]], reach.max(axis=0)[[1, 3]]
    x = np.arange(low[0], high[0], step_mm) + step_mm / 2
    y = np.arange(low[1], high[1], step_mm) + step_mm / 2
    chords = [_chords(part, x[:, None], y[None, :]) for part in parts]
    return float(_covered_length(chords).sum() * step_mm**2 / 1000.0)


def _chords(part: Ellipsoid, x: Field, y: Field) -> tuple[Field, Field]:
    """Where lines along z enter and leave an ellipsoid; an empty chord begins and ends at 0."""
    shape = np.linalg.inv(part.spread_mm2)
    cx, cy, cz = np.asarray(part.centre_mm)
    dx, dy = x - cx, y - cy
    half = shape[0, 2] * dx + shape[1, 2] * dy
    rest = shape[0, 0] * dx**2 + 2 * shape[0, 1] * dx * dy + shape[1, 1] * dy**2 - 1.0
    root = half**2 - shape[2, 2] * rest
    reach = np.sqrt(np.maximum(root, 0.0)) / shape[2, 2]
    middle = cz - half / shape[2, 2]
    return np.where(root > 0, middle - reach, 0.0), np.where(root > 0, middle + reach, 0.0)


def _covered_length(chords: list[tuple[Field, Field]]) -> Field:
    """Length of the union of the chords on each line."""
    starts, ends = (np.stack(side) for side in zip(*chords, strict=True))
    order = np.argsort(starts, axis=0, kind="stable")
    starts, ends = np.take_along_axis(starts, order, 0), np.take_along_axis(ends, order, 0)
    length, reached = np.zeros(starts.shape[1:]), np.full(starts.shape[1:], -np.inf)
    for start, end in zip(starts, ends, strict=True):
        length += np.maximum(end - np.maximum(start, reached), 0.0)
        reached = np.maximum(reached, end)
    return length
