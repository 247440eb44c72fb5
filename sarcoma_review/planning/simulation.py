"""The least margin as it may turn out, by seeded draws.

The closed form of `resection_margins` takes each plane's greatest outline error as normal, and the planes as
independent. Draws of a smooth random outline, of a registration and of each cut take neither; they check it, and show
the whole distribution.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sarcoma_review.errors import PlanError
from sarcoma_review.planning.margins import MarginReport
from sarcoma_review.planning.outline_error import outward_share
from sarcoma_review.planning.patches import plane_margins_mm
from sarcoma_review.planning.refine import furthest
from sarcoma_review.planning.resection import ResectionPlan
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

    Each draw moves the outline along its normals by a smooth random field (Gaussian covariance of length
    ``uncertainty.correlation_mm``), the images by one registration error, and each plane by an error of the voxels
    and one of the saw, its own.

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

    Raises
    ------
    PlanError
        If the plan holds more than planes (a specimen, an expansion, spared structures).

    Notes
    -----
    The field is a sum of 96 random waves, within 1 % of the stated deviation.
    """
    if len(report.planes) != len(plan.planes):
        others = len(report.planes) - len(plan.planes)
        raise PlanError(f"draws are made for planes alone; the report holds {others} other margin(s)")
    shift = rng.normal(0.0, uncertainty.registration_sd_mm, (draws, 3))
    least = np.full(draws, np.inf)
    field = _Field(rng, draws, uncertainty)
    all_margins = plane_margins_mm(plan, surface.points_mm)
    for plane, margins, row in zip(plan.planes, all_margins, report.planes, strict=True):
        at = _candidates(margins, uncertainty.segmentation_sd_mm)
        pushed = field.at(surface.points_mm[at]) * outward_share(surface, plane.normal)[at, None]
        reached = ((margins[at] - row.unrefined_mm + row.margin_mm)[:, None] - pushed).min(axis=0)
        voxels = rng.normal(0.0, furthest(surface, plane.normal).sd_mm, draws)
        saw = rng.normal(0.0, uncertainty.execution_sd_mm, draws)
        least = np.minimum(least, reached + voxels + saw - shift @ plane.normal)
    return Simulation(least)


def _candidates(margins: Array, sd_mm: float) -> NDArray[np.intp]:
    """Points that could become the closest to a plane."""
    order = np.argsort(margins, kind="stable")
    near = order[margins[order] <= margins[order[0]] + _DEEP_ENOUGH * sd_mm]
    thinned: NDArray[np.intp] = near[:: max(1, len(near) // _MOST_POINTS)]
    return thinned


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
