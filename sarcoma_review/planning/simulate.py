"""The least margin as it may turn out: seeded draws where no closed form holds.

The closed form of `resection_margins` blurs each plane's closest point. An outline's error, though, is free to push
some other point out further: over a tumour several correlation lengths wide the least margin lies lower than the
closed form says. Draws of a smooth random outline, of a registration and of each cut show by how much.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sarcoma_review.planning.margins import MarginReport
from sarcoma_review.planning.resection import Plane, ResectionPlan
from sarcoma_review.planning.surface import TumourSurface
from sarcoma_review.planning.uncertainty import Uncertainty

Array = NDArray[np.float64]

_WAVES = 96
_DEEP_ENOUGH = 6.0  # points further in than this, of the outline's deviation, cannot become the closest
_MOST_POINTS = 1500


@dataclass(frozen=True, eq=False)
class Simulation:
    """Draws of the least margin.

    Parameters
    ----------
    minima_mm : ndarray, shape (draws,)
    """

    minima_mm: Array

    @property
    def interval_mm(self) -> tuple[float, float]:
        """The 2.5 % and 97.5 % quantiles, mm."""
        low, high = np.quantile(self.minima_mm, (0.025, 0.975))
        return float(low), float(high)

    def probability_below(self, limit_mm: float) -> float:
        """Share of the draws below `limit_mm`; known to about ``0.5 / sqrt(draws)``."""
        return float((self.minima_mm < limit_mm).mean())


def simulate(
    surface: TumourSurface,
    plan: ResectionPlan,
    report: MarginReport,
    *,
    uncertainty: Uncertainty,
    rng: np.random.Generator,
    draws: int = 2000,
) -> Simulation:
    """Draw the least margin of a plan many times.

    Each draw moves the outline along its normal by a smooth random field (Gaussian covariance of length
    ``uncertainty.correlation_mm``), the images along each plane's normal by one registration error, and each plane by
    one execution error of its own.

    Parameters
    ----------
    surface : TumourSurface
    plan : ResectionPlan
    report : MarginReport
        Of this surface and plan: its refined margins are where the draws start.
    uncertainty : Uncertainty
    rng : numpy.random.Generator
        Seeded by the caller: the same generator gives the same draws.
    draws : int

    Returns
    -------
    Simulation

    Notes
    -----
    The field is a sum of 96 random cosine waves, within 1 % of the stated deviation. With one point, or a correlation
    length far above the tumour's size, the draws agree with the closed form.
    """
    shift = rng.normal(0.0, uncertainty.registration_sd_mm, (draws, 3))
    least = np.full(draws, np.inf)
    field = _Field(rng, draws, uncertainty)
    for plane, row in zip(plan.planes, report.planes, strict=True):
        points, margins = _candidates(
            surface, plane, row.unrefined_mm - row.margin_mm, uncertainty.segmentation_sd_mm
        )
        reached = (margins[:, None] - field.at(points)).min(axis=0)
        saw = rng.normal(0.0, uncertainty.execution_sd_mm, draws)
        least = np.minimum(least, reached + saw - shift @ plane.normal)
    return Simulation(least)


def _candidates(surface: TumourSurface, plane: Plane, correction_mm: float, sd_mm: float) -> tuple[Array, Array]:
    """Points that could become the closest to a plane, and their margins less the refit's correction."""
    margins = -plane.distance_mm(surface.points_mm) - correction_mm
    order = np.argsort(margins, kind="stable")
    near = order[margins[order] <= margins[order[0]] + _DEEP_ENOUGH * sd_mm]
    near = near[:: max(1, len(near) // _MOST_POINTS)]
    return surface.points_mm[near], margins[near]


class _Field:
    """Smooth random displacements of the outline, the same field for every plane of a draw."""

    def __init__(self, rng: np.random.Generator, draws: int, uncertainty: Uncertainty) -> None:
        self._waves = rng.normal(0.0, 1.0 / uncertainty.correlation_mm, (_WAVES, 3))
        self._sines, self._cosines = rng.normal(0.0, 1.0, (2, _WAVES, draws))
        self._scale = uncertainty.segmentation_sd_mm / np.sqrt(_WAVES)

    def at(self, points_mm: Array) -> Array:
        """Displacement outward, mm, shape (points, draws)."""
        phases = points_mm @ self._waves.T
        field: Array = np.cos(phases) @ self._cosines + np.sin(phases) @ self._sines
        scaled: Array = self._scale * field
        return scaled
