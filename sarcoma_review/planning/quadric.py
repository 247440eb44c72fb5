"""A quadric fitted to the voxel edges that a mask's outline crosses.

In a frame (u, v across, h along a direction) the quadric is
``h + c6 h² + c7 u h + c8 v h = c0 + c1 u + c2 v + c3 u² + c4 u v + c5 v²``. It is fitted so that it meets the edges
as near their middles as it can, each residual taken along its own edge and weighed by the edge's length.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sarcoma_review.planning.surface import Crossings, TumourSurface

Array = NDArray[np.float64]

_STEPS = 5
_DISC = 1.6  # points further out than this, of the disc radius, weigh next to nothing
_STIFF = 2.0  # pull of the three cross terms towards 0, for a cap that does not hold enough to settle them
_STEEP = 0.05  # an edge nearly within the surface says where it is only along itself
_FEWEST = 15
_SETTLED = 1e-4  # mm, and the curvatures that go with it: far below what the voxels tell


@dataclass(frozen=True, eq=False)
class QuadricTop:
    """Top (u, v, h) of a fit, its mean radius of curvature, the sd of h, and residuals over what chance gives."""

    offset: Array
    radius_mm: float
    sd_mm: float
    misfit: float


@dataclass(frozen=True, eq=False)
class EdgesNear:
    """Edges round a place: middles in (u, v, h) from it, the index axis of each, distance from the middle line."""

    local: Array
    axes: NDArray[np.int8]
    squared: Array


def edges_near(
    crossings: Crossings, centre: Array, frame: Array, disc: float, below: float, above: float
) -> EdgesNear | None:
    """The edges within a disc round a place, and so far below and above it along h, mm; None where they are few."""
    local = (crossings.positions_mm - centre) @ frame.T
    squared = local[:, 0] ** 2 + local[:, 1] ** 2
    chosen = (squared < (_DISC * disc) ** 2) & (local[:, 2] > -below) & (local[:, 2] < above)
    if chosen.sum() < _FEWEST:
        return None
    return EdgesNear(local[chosen], crossings.axes[chosen], squared[chosen])


class QuadricFit:
    """Gauss-Newton on where a quadric meets the edges.

    Attributes
    ----------
    coefficients : ndarray, shape (9,)
    information : ndarray, shape (9, 9)
        Inverse of their covariance, as the last round had it.
    misfit : float
        Residuals over what edges uniform along their length give: 1 for a quadric.
    lengths : ndarray, shape (n,)
        Of the edges, mm.
    """

    def __init__(
        self, near: EdgesNear, surface: TumourSurface, frame: Array, disc: float, curvature_radius: float
    ) -> None:
        spacing = np.array(surface.grid.spacing_mm)
        edges = (surface.grid.affine[:3, :3] / spacing).T @ frame.T
        self._middles, self._edges, self.lengths = near.local, edges[near.axes], spacing[near.axes]
        self._weights = np.sqrt(np.exp(-near.squared / disc**2) / (self.lengths**2 / 12.0 + 0.05**2))
        self._stiff = _STIFF * 2.0 * curvature_radius / np.median(spacing)
        self.coefficients = np.zeros(9)
        self.coefficients[[3, 5]] = -0.5 / curvature_radius
        self.information = np.eye(9)
        self.misfit = 1.0

    def solve(self) -> None:
        """Go on until the coefficients settle, five rounds at the most."""
        for _ in range(_STEPS):
            before = self.coefficients
            self._step()
            if np.abs(self.coefficients - before).max() < _SETTLED:
                break

    def top(self) -> QuadricTop | None:
        """The solved quadric's top, in mm; None where it has none."""
        self.solve()
        c = self.coefficients
        hessian = np.array([[2 * c[3], c[4]], [c[4], 2 * c[5]]])
        if not np.isfinite(self.coefficients).all() or np.linalg.eigvalsh(hessian)[1] > -1e-4:
            return None
        sd = float(np.sqrt(np.linalg.pinv(self.information)[0, 0])) * max(1.0, self.misfit)
        radius = float(np.clip(-2.0 / np.trace(hessian), 3.0, 200.0))
        return QuadricTop(self._summit(hessian), radius, sd, self.misfit)

    def _step(self) -> None:
        """One round of Gauss-Newton."""
        shift = np.zeros(len(self._middles))
        for _ in range(3):
            at = self._middles + self._edges * shift[:, None]
            shift = np.clip(shift - self._value(at) / self._slope(at), -self.lengths, self.lengths)
        at = self._middles + self._edges * shift[:, None]
        slope = self._slope(at)
        residual = (shift - self._value(at) / slope) * self._weights
        rows = terms(at) / slope[:, None] * self._weights[:, None]
        pull = np.eye(9)[6:] * self._stiff
        system = np.vstack([rows, pull])
        self.information = system.T @ system
        against = rows.T @ residual + pull.T @ (pull @ self.coefficients)
        self.coefficients = self.coefficients - np.linalg.pinv(self.information) @ against
        self.misfit = float(
            np.sqrt((residual**2).sum() / max(np.sum(self._weights**2 * self.lengths**2 / 12.0), 1e-9))
        )

    def _value(self, at: Array) -> Array:
        value: Array = at[:, 2] - terms(at) @ self.coefficients
        return value

    def _slope(self, at: Array) -> Array:
        """Change of the quadric's value along each edge, kept away from 0."""
        u, v, h = at.T
        c = self.coefficients
        gradient = np.stack(
            [
                c[7] * h - (c[1] + 2 * c[3] * u + c[4] * v),
                c[8] * h - (c[2] + c[4] * u + 2 * c[5] * v),
                1 + 2 * c[6] * h + c[7] * u + c[8] * v,
            ]
        )
        slope = np.einsum("ij,ji->i", self._edges, gradient)
        kept: Array = np.where(np.abs(slope) < _STEEP, np.copysign(_STEEP, slope), slope)
        return kept

    def _summit(self, hessian: Array) -> Array:
        c, h = self.coefficients, self.coefficients[0]
        u = v = 0.0
        for _ in range(20):
            u, v = np.linalg.solve(hessian, [c[7] * h - c[1], c[8] * h - c[2]])
            flat = c[0] + c[1] * u + c[2] * v + c[3] * u * u + c[4] * u * v + c[5] * v * v
            h = flat / (1 + c[6] * h + c[7] * u + c[8] * v)
        return np.array([u, v, h])


def terms(at: Array) -> Array:
    """What each of the nine coefficients is multiplied by at places (u, v, h), shape (n, 9)."""
    u, v, h = at.T
    return np.stack([np.ones_like(u), u, v, u * u, u * v, v * v, -h * h, -u * h, -v * h], axis=1)
