"""How sure a margin is."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import log_ndtr, ndtr

from sarcoma_review.errors import PlanError
from sarcoma_review.volume import Grid


@dataclass(frozen=True)
class Uncertainty:
    """What blurs a margin besides the voxels, each as a standard deviation in mm along the plane's normal.

    Parameters
    ----------
    segmentation_sd_mm : float
        How far observers' outlines differ at the closest place.
    registration_sd_mm : float
        Of the images to one another, at the cut.
    execution_sd_mm : float
        Of the saw to the plan.
    """

    segmentation_sd_mm: float = 0.0
    registration_sd_mm: float = 0.0
    execution_sd_mm: float = 0.0

    def __post_init__(self) -> None:
        parts = (self.segmentation_sd_mm, self.registration_sd_mm, self.execution_sd_mm)
        if not all(np.isfinite(part) and part >= 0 for part in parts):
            raise PlanError(f"a standard deviation is a finite number of mm, at least 0; got {parts}")

    @property
    def sd_mm(self) -> float:
        """The three together, taken as independent."""
        return float(np.hypot(np.hypot(self.segmentation_sd_mm, self.registration_sd_mm), self.execution_sd_mm))


def voxel_sd_mm(grid: Grid, direction: NDArray[np.float64]) -> float:
    """Standard deviation in mm of an edge that lies anywhere in its voxel, along a unit direction (3,).

    The edge is uniform within the voxel's own extent along `direction`, ``h = sqrt(sum (spacing_i * cosine_i)^2)``,
    whose standard deviation is ``h / sqrt(12)``: 0.23 mm for 0.8 mm voxels.
    """
    extent = np.linalg.norm(direction @ grid.affine[:3, :3])
    return float(extent / np.sqrt(12.0))


def probability_below(margins_mm: Sequence[float], sds_mm: Sequence[float], limit_mm: float) -> float:
    """Probability that the smallest of independent normal margins is below `limit_mm`.

    Examples
    --------
    >>> round(probability_below([10.0], [1.0], 10.0), 3)
    0.5
    >>> round(probability_below([10.0, 10.0], [1.0, 1.0], 10.0), 3)
    0.75
    """
    z = (limit_mm - np.asarray(margins_mm)) / np.asarray(sds_mm)
    return float(-np.expm1(log_ndtr(-z).sum()))


def interval_of_minimum(margins_mm: Sequence[float], sds_mm: Sequence[float]) -> tuple[float, float]:
    """Give the 2.5 % and 97.5 % quantiles, in mm, of the smallest of independent normal margins.

    The smallest of several uncertain margins lies lower than the smallest of their means; "mean plus or minus
    two standard deviations" would hide that.

    Examples
    --------
    >>> low, high = interval_of_minimum([10.0], [1.0])
    >>> round(low, 2), round(high, 2)
    (8.04, 11.96)
    """
    margins, sds = np.asarray(margins_mm), np.asarray(sds_mm)
    bracket = (float((margins - 9 * sds).min()), float((margins + 9 * sds).min()))

    def quantile(p: float) -> float:
        return float(brentq(lambda mm: probability_below(margins_mm, sds_mm, mm) - p, *bracket, xtol=1e-9))

    return quantile(float(ndtr(-1.959963984540054))), quantile(float(ndtr(1.959963984540054)))
