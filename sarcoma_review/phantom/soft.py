"""Where soft tissue lies: each patient's own sway, and the push of a tumour."""

import numpy as np
from numpy.typing import NDArray

from sarcoma_review.phantom.shapes import Field, Points
from sarcoma_review.phantom.texture import Textures


def displaced(
    points: Points, inside: NDArray[np.bool_], *, mass: Field, textures: Textures, centre_mm: tuple[float, float]
) -> Points:
    """Where soft tissue would lie without this patient's own sway and without the tumour's push.

    Parameters
    ----------
    points : Points
    inside : ndarray of bool
        Where it matters.
    mass : ndarray
        Distance outside what pushes, mm.
    textures : Textures
    centre_mm : tuple of float
        Away from which (x and y) it pushes.
    """
    x = points.x + 1.1 * textures.sway[0].where(inside, points)
    y = points.y + 1.1 * textures.sway[1].where(inside, points)
    pull = 0.36 * np.exp(-np.maximum(mass, 0.0) / 10.0)
    return Points(x - pull * (points.x - centre_mm[0]), y - pull * (points.y - centre_mm[1]), points.z)
