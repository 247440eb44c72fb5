"""Smooth randomness in space: one field of bumps that any grid can be cut through."""

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, map_coordinates

from sarcoma_review.phantom.shapes import Field, Points

LATTICE = 56
"""Nodes per axis; the field repeats after that many, farther than a tissue reaches at the spacings used."""


class Texture:
    """A random field of mean 0 and standard deviation 1, the same at the same place whatever the grid.

    Parameters
    ----------
    rng : numpy.random.Generator
        Where the randomness comes from.
    spacing_mm : tuple of float
        Distance of the nodes along x, y and z; a bump measures about four of them across.
    """

    def __init__(self, rng: np.random.Generator, spacing_mm: tuple[float, float, float]) -> None:
        nodes = gaussian_filter(rng.standard_normal((LATTICE,) * 3), 1.0, mode="wrap")
        self._nodes: NDArray[np.float64] = (nodes - nodes.mean()) / nodes.std()
        self._spacing_mm = spacing_mm

    def at(self, points: Points) -> Field:
        """The field's values at points, of the shape they broadcast to."""
        axes = np.broadcast_arrays(points.x, points.y, points.z)
        index = np.stack([axis / mm for axis, mm in zip(axes, self._spacing_mm, strict=True)])
        return np.asarray(map_coordinates(self._nodes, index, order=1, mode="grid-wrap"), np.float64)

    def where(self, chosen: NDArray[np.bool_], points: Points) -> Field:
        """The values where `chosen` holds and 0 elsewhere, at the cost of the chosen points only."""
        values = np.zeros(points.shape)
        values[chosen] = self.at(points.take(chosen))
        return values
