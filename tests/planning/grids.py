"""One mask on other grids of the same patient: axes in another order, or the other way round."""

import numpy as np
from numpy.typing import NDArray

from sarcoma_review.volume import Volume

REARRANGED = [((1, 0, 2), ()), ((2, 1, 0), (0,)), ((0, 1, 2), (0, 2)), ((1, 2, 0), (1,))]


def rearranged(volume: Volume, order: tuple[int, ...], flipped: tuple[int, ...]) -> Volume:
    """The same voxels at the same places, in an array with its axes in another order and some reversed."""
    matrix = volume.affine.copy()
    matrix[:3, :3] = volume.affine[:3, list(order)]
    array: NDArray[np.generic] = volume.array.transpose(order)
    for axis in flipped:
        matrix[:3, 3] += matrix[:3, axis] * (array.shape[axis] - 1)
        matrix[:3, axis] *= -1
        array = np.flip(array, axis)
    return Volume(array.copy(), matrix, units=volume.units)


def as_before(array: NDArray[np.bool_], order: tuple[int, ...], flipped: tuple[int, ...]) -> NDArray[np.bool_]:
    """Undo `rearranged` on an array."""
    return np.flip(array, flipped).transpose(np.argsort(order))


def oblique(array: NDArray[np.generic], spacing_mm: tuple[float, float, float] = (3.0, 0.8, 0.8)) -> Volume:
    """An array on a grid turned by 20 degrees about z."""
    cosine, sine = np.cos(np.radians(20)), np.sin(np.radians(20))
    turn = np.array([[0, -sine, cosine], [0, cosine, sine], [1, 0, 0]])
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = turn * spacing_mm, (-40.0, 12.0, 300.0)
    return Volume(array, matrix, units="HU")
