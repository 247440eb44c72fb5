"""Rigid alignment from paired landmarks, and how far off it may be at the tumour."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sarcoma_review.errors import GeometryError


@dataclass(frozen=True, eq=False)
class Landmarks:
    """The same places marked in two spaces.

    Parameters
    ----------
    fixed_mm, moving_mm : array_like, shape (n, 3)
        LPS mm, one row per place, in the same order; at least 3, not on one line.

    Raises
    ------
    GeometryError
        If the two differ in number, hold fewer than 3 places, or all lie on one line.

    References
    ----------
    .. [1] Arun KS, Huang TS, Blostein SD. Least-squares fitting of two 3-D point sets.
       IEEE Trans Pattern Anal Mach Intell. 1987;9(5):698-700.
    .. [2] Fitzpatrick JM, West JB, Maurer CR. Predicting error in rigid-body point-based registration.
       IEEE Trans Med Imaging. 1998;17(5):694-702.

    Examples
    --------
    >>> places = [(0, 0, 0), (60, 0, 0), (0, 40, 0), (0, 0, 80)]
    >>> marks = Landmarks(places, [(x, y, z + 5) for x, y, z in places])
    >>> marks.transform[2, 3].round(6)
    np.float64(5.0)
    """

    fixed_mm: NDArray[np.float64]
    moving_mm: NDArray[np.float64]

    def __init__(self, fixed_mm: ArrayLike, moving_mm: ArrayLike) -> None:
        fixed, moving = np.array(fixed_mm, np.float64), np.array(moving_mm, np.float64)
        if fixed.shape != moving.shape or fixed.ndim != 2 or fixed.shape[1] != 3 or len(fixed) < 3:
            raise GeometryError(
                f"landmarks are at least 3 pairs of positions (n, 3) in mm, got {fixed.shape} and {moving.shape}"
            )
        if not (np.isfinite(fixed).all() and np.isfinite(moving).all()):
            raise GeometryError("landmarks must be finite positions in mm")
        for name, places in (("fixed", fixed), ("moving", moving)):
            spread = np.linalg.svd(places - places.mean(axis=0), compute_uv=False)
            if spread[1] < 1.0:
                raise GeometryError(f"the {name} landmarks lie on one line: the turn about it cannot be told")
        object.__setattr__(self, "fixed_mm", fixed)
        object.__setattr__(self, "moving_mm", moving)

    @cached_property
    def transform(self) -> NDArray[np.float64]:
        """Fixed positions to moving positions, shape (4, 4), mm: least squares, closed form, never a mirror [1]_."""
        here, there = self.fixed_mm.mean(axis=0), self.moving_mm.mean(axis=0)
        left, _, right = np.linalg.svd((self.moving_mm - there).T @ (self.fixed_mm - here))
        upright = np.diag([1.0, 1.0, np.linalg.det(left @ right)])
        matrix = np.eye(4)
        matrix[:3, :3] = left @ upright @ right
        matrix[:3, 3] = there - matrix[:3, :3] @ here
        return matrix

    @cached_property
    def residual_mm(self) -> float:
        """Root mean square distance of the landmarks after alignment (FRE), mm. Small says little of the tumour."""
        moved = self.fixed_mm @ self.transform[:3, :3].T + self.transform[:3, 3]
        return float(np.sqrt(((moved - self.moving_mm) ** 2).sum(axis=1).mean()))

    @property
    def localisation_mm(self) -> float:
        """Root mean square error of marking one landmark (FLE) that the residual points to, mm; 0 for 3 or fewer.

        ``FLE² = FRE² n / (n - 2)``, expected over many sets; of few landmarks a rough figure.
        """
        n = len(self.fixed_mm)
        return self.residual_mm * float(np.sqrt(n / (n - 2))) if n > 3 else 0.0

    def error_mm(self, target_mm: ArrayLike, *, localisation_mm: float) -> float:
        """Root mean square error of the alignment at a place away from the landmarks (TRE), mm [2]_.

        Parameters
        ----------
        target_mm : array_like, shape (3,)
            In fixed space.
        localisation_mm : float
            Root mean square error of marking one landmark, both spaces together (FLE).
        """
        centre = self.fixed_mm.mean(axis=0)
        places = self.fixed_mm - centre
        axes = np.linalg.svd(places, full_matrices=False)[2]
        own, target = places @ axes.T, (np.asarray(target_mm, np.float64) - centre) @ axes.T
        away2 = (target**2).sum() - target**2
        spread2 = ((own**2).sum(axis=1, keepdims=True) - own**2).mean(axis=0)
        return float(localisation_mm * np.sqrt((1.0 + (away2 / spread2).mean()) / len(own)))
