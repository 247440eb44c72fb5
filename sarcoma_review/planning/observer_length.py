"""Over what length the deviations of several observers' outlines stay alike."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial.distance import cdist

from sarcoma_review.errors import PlanError
from sarcoma_review.planning.distance import level_surface, signed_distance_mm
from sarcoma_review.planning.masks import bounding_box, inside
from sarcoma_review.volume import Volume

Array = NDArray[np.float64]

_PAD = 3  # voxels of background round the outlines
_MOST_POINTS = 1500
_ONE_LENGTH = float(np.exp(-0.5))  # what a Gaussian covariance keeps at one correlation length
_LEAST_MM = 1.0


def deviation_length_mm(masks: Sequence[Volume]) -> float:
    """Distance at which observers' deviations from their mean outline correlate by 0.61.

    Parameters
    ----------
    masks : sequence of Volume
        Of one tumour, on one grid with square corners, none empty.

    Returns
    -------
    float
        mm, at least 1; the greatest extent of the mean outline where they correlate more than that all over it.

    Raises
    ------
    PlanError
        If the outlines have no mean, for lying apart.
    """
    held = [inside(mask) for mask in masks]
    box = bounding_box(np.logical_or.reduce(held))
    spacing = masks[0].spacing_mm
    signed = np.array([signed_distance_mm(np.pad(one[box], _PAD), spacing) for one in held])
    mean = signed.mean(axis=0)
    if mean.min() >= 0:
        raise PlanError("the outlines lie apart and have no mean; expected outlines of one tumour that overlap")
    points, _ = level_surface(mean, spacing)
    points = points[:: max(1, len(points) // _MOST_POINTS)]
    index = points.T / np.asarray(spacing)[:, None]
    offsets = np.array([ndimage.map_coordinates(one, index, order=1, mode="nearest") for one in signed])
    return max(_length_mm(points, offsets - offsets.mean(axis=0), step=max(spacing)), _LEAST_MM)


def _length_mm(points: Array, deviations: Array, *, step: float) -> float:
    apart = cdist(points, points)
    variance = float((deviations**2).sum(axis=0).mean())
    if variance == 0.0:
        return float(apart.max())
    bins = (apart / step).astype(int).ravel()
    counts = np.bincount(bins)
    covariance = np.bincount(bins, (deviations.T @ deviations).ravel()) / np.maximum(counts, 1)
    low = np.flatnonzero((covariance / variance < _ONE_LENGTH) & (counts > 0))
    if not len(low):
        return float(apart.max())
    return _crossing_mm(covariance / variance, int(low[0]), step)


def _crossing_mm(correlation: Array, first_below: int, step: float) -> float:
    """Where the correlation falls through 0.61, on a straight line between the middles of two bins."""
    if first_below == 0:
        return step / 2.0
    above, below = correlation[first_below - 1], correlation[first_below]
    return float(step * (first_below - 0.5 + (above - _ONE_LENGTH) / (above - below)))
