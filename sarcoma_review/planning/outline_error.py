"""How far an uncertain outline reaches beyond a certain one.

An outline's error is free to push any place near the closest one out further: what decides a margin is the greatest
of many errors, each held back by how deep its place lies. The places are the surface's points thinned to about as far
apart as errors stay alike; the mean and the deviation of the greatest follow in closed form.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sarcoma_review.planning.surface import TumourSurface
from sarcoma_review.planning.uncertainty import Uncertainty, greatest_of_normals

Array = NDArray[np.float64]

_DEEP_ENOUGH = 4.0  # places further in than this, of the outline's deviation, hardly ever become the closest
_APART = 0.6  # of the correlation length: the spacing at which the closed form agrees best with draws
_MOST_PLACES = 250
_SHORTFALL = 0.2  # share of the lost variance given back: the closed form makes the greatest a little too sure


@dataclass(frozen=True)
class OutlineError:
    """What an outline's error does to a margin.

    Parameters
    ----------
    shift_mm : float
        How much lower the margin lies on average than the outline as drawn has it; at least 0.
    sd_mm : float
        Standard deviation about that.
    """

    shift_mm: float
    sd_mm: float


def outline_error(
    surface: TumourSurface, margins_mm: Array, direction: Array, uncertainty: Uncertainty
) -> OutlineError:
    """Mean and deviation of what an outline's error takes off the least of some margins.

    Parameters
    ----------
    surface : TumourSurface
    margins_mm : ndarray, shape (n + k,)
        At each of ``surface.points_mm``.
    direction : ndarray, shape (3,)
        Unit vector from the tumour towards what the margin is measured to, LPS: a place whose outline does not face
        it moves the margin less.
    uncertainty : Uncertainty
        Its outline part alone counts here.

    Returns
    -------
    OutlineError

    Notes
    -----
    The true outline is taken as the one drawn plus a smooth normal error along its normals, so that it is rougher
    than what was drawn. Against draws over balls of radius 12 to 35 mm, lengths of 5 to 30 mm and a deviation of 2
    mm, the shift is right to 0.2 mm, the deviation to a tenth.
    """
    sd = uncertainty.segmentation_sd_mm
    if sd == 0.0:
        return OutlineError(0.0, 0.0)
    places = _places(surface.points_mm, margins_mm, sd, uncertainty.correlation_mm)
    points = surface.points_mm[places]
    least = float(margins_mm.min())
    facing = sd * outward_share(surface, direction)[places]
    squared = ((points[:, None] - points[None]) ** 2).sum(axis=-1)
    alike = np.exp(-squared / (2.0 * uncertainty.correlation_mm**2))
    mean, deviation = greatest_of_normals(least - margins_mm[places], np.outer(facing, facing) * alike)
    given_back = _SHORTFALL * max(sd**2 - deviation**2, 0.0)
    return OutlineError(max(mean, 0.0), float(np.hypot(deviation, np.sqrt(given_back))))


def outward_share(surface: TumourSurface, direction: Array) -> Array:
    """Cosine between the outline's outward normal and a direction, 0 where it faces away; 1 at guard points.

    Returns
    -------
    ndarray, shape (n + k,)
        At each of ``surface.points_mm``.
    """
    a, b, c = surface.vertices[surface.faces].transpose(1, 0, 2)
    across = np.cross(b - a, c - a)
    number = len(surface.vertices)
    normals = np.stack(
        [np.bincount(surface.faces.ravel(), np.repeat(part, 3), minlength=number) for part in across.T], axis=1
    )
    lengths = np.maximum(np.linalg.norm(normals, axis=1), 1e-12)
    share = np.clip(normals @ direction / lengths, 0.0, 1.0)
    return np.concatenate([share, np.ones(len(surface.guard_points_mm))])


def _places(points: Array, margins: Array, sd: float, correlation: float) -> NDArray[np.intp]:
    """The closest point, then each next closest that lies far enough from all before it; the deepest first."""
    order = np.argsort(margins, kind="stable")
    order = order[margins[order] <= margins[order[0]] + _DEEP_ENOUGH * sd]
    found: list[np.intp] = []
    while len(order) and len(found) < _MOST_PLACES:
        found.append(order[0])
        away = np.linalg.norm(points[order] - points[order[0]], axis=1) > _APART * correlation
        order = order[away]
    return np.array(found[::-1])
