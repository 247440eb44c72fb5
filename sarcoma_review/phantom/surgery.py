"""What the surgeon did: cuts that lie near the planned ones but not on them, and the bed they leave behind."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from sarcoma_review.phantom.blend import Blend
from sarcoma_review.phantom.shapes import Cord, Field, Points, coverage
from sarcoma_review.phantom.surfaces import Surfaces

CUFF_MM = 9.0
"""Soft tissue that leaves with bone and tumour, where no cut is nearer."""

SPACER = Cord((0.0, 0.0, 30.0), (-9.5, -4.5, 150.0), 11.0)
"""Plain cement along the shaft's line; the cuts end it."""

SPACER_GAP_MM = 3.0
"""Fluid between the spacer and every cut face."""


@dataclass(frozen=True, eq=False)
class Cut:
    """A plane cut with a saw of some width.

    Parameters
    ----------
    name : str
        Of the plane that was aimed at.
    point_mm, normal : ndarray, shape (3,)
        On the tumour-side face, and the unit direction away from the specimen.
    kerf_mm : float
        Tissue the saw turned to dust, beyond the face on the patient's side.
    """

    name: str
    point_mm: Field
    normal: Field
    kerf_mm: float = 1.0

    def distance_mm(self, points: Points) -> Field:
        """Signed distance beyond the tumour-side face: negative in the specimen."""
        (nx, ny, nz), (px, py, pz) = self.normal, self.point_mm
        return np.asarray(nx * (points.x - px) + ny * (points.y - py) + nz * (points.z - pz))


def missed(cut: Cut, *, pivot_mm: ArrayLike, tilt_deg: float, toward: ArrayLike, offset_mm: float) -> Cut:
    """The cut that was made when another was aimed at.

    Parameters
    ----------
    cut : Cut
        As planned.
    pivot_mm : array_like, shape (3,)
        A point of the planned face; the made face passes `offset_mm` beyond it along the planned normal.
    tilt_deg : float
        Angle between the two faces.
    toward : array_like, shape (3,)
        Which way the normal leans; only its part within the planned face counts.
    offset_mm : float
        Negative where the saw came too near the tumour.
    """
    pivot, lean = np.asarray(pivot_mm, np.float64), np.asarray(toward, np.float64)
    lean = lean - (lean @ cut.normal) * cut.normal
    tilt = np.radians(tilt_deg)
    normal = np.cos(tilt) * cut.normal + np.sin(tilt) * lean / np.linalg.norm(lean)
    return Cut(cut.name, pivot + offset_mm * cut.normal, normal, cut.kerf_mm)


def lay_bed(blend: Blend, where: Surfaces, cuts: Sequence[Cut]) -> None:
    """Lay what fills the place of the specimen: fluid round a spacer of cement."""
    cuff = np.minimum(where.femur, where.tumour) - CUFF_MM
    nearest_cut = np.maximum.reduce([cut.distance_mm(where.points) - cut.kerf_mm for cut in cuts])
    cement = coverage(np.maximum(SPACER.distance_mm(where.points), nearest_cut + SPACER_GAP_MM), 0.8)
    blend.lay(coverage(np.maximum(cuff, nearest_cut), 0.8), cement=cement, fluid=1.0 - cement)
