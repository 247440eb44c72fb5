"""How sure a margin is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Self

import numpy as np
import scipy  # its parts are loaded when they are used
from numpy.typing import NDArray
from scipy.special import log_ndtr, ndtr

from sarcoma_review.errors import PlanError
from sarcoma_review.planning.observer_length import deviation_length_mm
from sarcoma_review.planning.observers import compare_observers
from sarcoma_review.volume import Grid, Segment, Volume

NORMAL_95 = 1.959963984540054
"""Standard deviations of a normal distribution to either side, within which 95 % lie."""


@dataclass(frozen=True)
class Execution:
    """How far cuts lay from their plan in a published series.

    Parameters
    ----------
    location_mm : float
        Mean distance between planned and achieved cut, mm, as the paper gives it.
    cuts : str
        What was cut, and how often.
    source : str
    """

    location_mm: float
    cuts: str
    source: str

    @property
    def sd_mm(self) -> float:
        """As a standard deviation, reading the figure as the mean of ``|error|`` of a normal error without bias.

        A location is the largest distance over a cut, so that this is on the wide side.
        """
        return float(self.location_mm * np.sqrt(np.pi / 2.0))


PUBLISHED_EXECUTION: Mapping[str, Execution] = MappingProxyType(
    {
        "freehand": Execution(5.2, "156 cuts on bone models, oscillating saw", "Cartiaux 2010, J Bone Joint Surg Am"),
        "navigated": Execution(
            2.8, "156 cuts on bone models, oscillating saw", "Cartiaux 2010, J Bone Joint Surg Am"
        ),
        "patient-specific guide": Execution(2.5, "11 patients, pelvis", "Gouin 2014, PMC4101950"),
    }
)
"""Execution errors by the way the cut is made; they differ between surgeons and sites: take the nearest, and say
so."""


@dataclass(frozen=True)
class Uncertainty:
    """What blurs a margin besides the voxels, each as a standard deviation along the plane's normal.

    Parameters
    ----------
    segmentation_sd_mm : float
        How far observers' outlines differ at one place.
    registration_sd_mm : float
        Of the images to one another, at the cut.
    execution_sd_mm : float
        Of the saw to the plan.
    correlation_mm : float
        Over what length an outline's error stays alike: at this distance two places' errors correlate by 0.61
        (Gaussian covariance). The shorter it is, the more places may lie further out than drawn.
    """

    segmentation_sd_mm: float = 0.0
    registration_sd_mm: float = 0.0
    execution_sd_mm: float = 0.0
    correlation_mm: float = 10.0

    def __post_init__(self) -> None:
        parts = (self.segmentation_sd_mm, self.registration_sd_mm, self.execution_sd_mm)
        if not all(np.isfinite(part) and part >= 0 for part in parts):
            raise PlanError(f"a standard deviation is a finite number of mm, at least 0; got {parts}")
        if not (np.isfinite(self.correlation_mm) and self.correlation_mm > 0):
            raise PlanError(f"a correlation length is above 0 mm, got {self.correlation_mm:g} mm")

    @classmethod
    def published(cls, execution: str, *, segmentation_sd_mm: float = 0.0, registration_sd_mm: float = 0.0) -> Self:
        """Take the saw's error from a published series by its name in `PUBLISHED_EXECUTION`.

        Raises
        ------
        PlanError
            If there is none of this name, listing those there are.

        Examples
        --------
        >>> round(Uncertainty.published("navigated", segmentation_sd_mm=2.0).sd_mm, 2)
        4.04
        """
        if execution not in PUBLISHED_EXECUTION:
            names = ", ".join(PUBLISHED_EXECUTION)
            raise PlanError(f"no published execution error named {execution!r}; there are: {names}")
        return cls(segmentation_sd_mm, registration_sd_mm, PUBLISHED_EXECUTION[execution].sd_mm)

    @classmethod
    def from_observers(
        cls, masks: Sequence[Volume], *, registration_sd_mm: float = 0.0, execution_sd_mm: float = 0.0
    ) -> Self:
        """Take the outline's error from what several observers drew of one tumour.

        Parameters
        ----------
        masks : sequence of Volume
            One mask of each observer, at least two, on one grid with square corners.
        registration_sd_mm, execution_sd_mm : float
            As told; observers do not show them.

        Returns
        -------
        Uncertainty
            ``segmentation_sd_mm`` is that of one observer's outline about the mean one, along its normal (root mean
            square over the surface), and ``correlation_mm`` the distance at which deviations from the mean outline
            correlate by 0.61, at least 1 mm and at most the tumour's greatest extent.

        Raises
        ------
        PlanError
            If there are fewer than two masks.
        EmptyMaskError
            If one holds no voxel.
        GeometryError
            If grids or frames of reference differ, or the grid is sheared.

        Notes
        -----
        Observers who share a habit share an error that no comparison shows. From two observers the deviation is
        known no better than to a factor of about two, and the length to about a third where the tumour is several
        lengths wide.

        Examples
        --------
        >>> z, y, x = np.mgrid[-16:17, -16:17, -16:17]
        >>> from_centre = np.sqrt(x**2 + y**2 + z**2)
        >>> drawn = [Volume(from_centre < radius, np.eye(4)) for radius in (10, 12)]
        >>> told = Uncertainty.from_observers(drawn)  # 2 mm apart everywhere: sd 2 / sqrt(2)
        >>> round(told.segmentation_sd_mm, 1), told.correlation_mm > 15
        (1.4, True)
        """
        report = compare_observers([Segment("tumour", mask) for mask in masks])
        length = deviation_length_mm(masks)
        return cls(report.boundary_sd_mm, registration_sd_mm, execution_sd_mm, length)

    @property
    def sd_mm(self) -> float:
        """The three together, taken as independent, at one place of the outline."""
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
        return float(
            scipy.optimize.brentq(lambda mm: probability_below(margins_mm, sds_mm, mm) - p, *bracket, xtol=1e-9)
        )

    return quantile(0.025), quantile(0.975)


def greatest_of_normals(means: NDArray[np.float64], covariance: NDArray[np.float64]) -> tuple[float, float]:
    """Mean and standard deviation of the greatest of correlated normal values, in closed form.

    Two at a time, each greatest of two being taken as normal in turn: exact for two, and the order then matters a
    little; put the least likely first.

    Parameters
    ----------
    means : ndarray, shape (n,)
    covariance : ndarray, shape (n, n)

    Returns
    -------
    tuple of float

    References
    ----------
    .. [1] Clark CE. The greatest of a finite set of random variables. Oper Res. 1961;9(2):145-162.

    Examples
    --------
    >>> mean, sd = greatest_of_normals(np.zeros(2), np.eye(2))
    >>> round(mean, 4), round(sd, 4)  # 1 / sqrt(pi), sqrt(1 - 1 / pi)
    (0.5642, 0.8256)
    """
    mean, variance = float(means[0]), float(covariance[0, 0])
    shared = covariance[0].copy()
    for n in range(1, len(means)):
        apart = float(np.sqrt(max(variance + covariance[n, n] - 2.0 * shared[n], 1e-12)))
        z = (mean - means[n]) / apart
        share, density = float(ndtr(z)), float(np.exp(-0.5 * z * z) / np.sqrt(2.0 * np.pi))
        greatest = mean * share + means[n] * (1.0 - share) + apart * density
        squared = (variance + mean**2) * share + (covariance[n, n] + means[n] ** 2) * (1.0 - share)
        squared += (mean + means[n]) * apart * density
        shared = shared * share + covariance[n] * (1.0 - share)
        mean, variance = float(greatest), max(float(squared - greatest**2), 1e-12)
    return mean, float(np.sqrt(variance))
