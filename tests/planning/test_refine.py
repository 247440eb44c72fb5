from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from sarcoma_review.planning import TumourSurface
from sarcoma_review.planning.refine import furthest
from sarcoma_review.volume import Volume
from tests.planning.shapes import Ball, Ellipsoid, directions, mask

Array = NDArray[np.float64]
Spacing = tuple[float, float, float]


class RoundedBox:
    """A box with a ball rolled round it: flat faces, which no quadric follows at the edges."""

    def __init__(self, half: Array, radius: float, turn: Array) -> None:
        self.half, self.radius, self.turn = half, radius, turn

    def __call__(self, at: Array) -> Array:
        off = np.abs(at @ self.turn) - self.half
        level: Array = np.linalg.norm(np.maximum(off, 0), axis=-1) + np.minimum(off.max(axis=-1), 0) - self.radius
        return level

    def reach(self, direction: Array) -> float:
        return float(np.abs(direction @ self.turn) @ self.half + self.radius)


Solid = Ball | Ellipsoid | RoundedBox


def ratios(solid: Callable[[np.random.Generator], Solid], spacing: Spacing) -> Array:
    """Error of the reach over its stated standard deviation, along the slices and in random directions."""
    found = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        body = solid(rng)
        surface = TumourSurface.from_mask(mask(body, rng, spacing, 24))
        across = surface.grid.affine[:3, 0] / spacing[0]
        for towards in (across, -across, *directions(rng, 2)):
            reach = furthest(surface, towards)
            found.append((float(reach.position_mm @ towards) - body.reach(towards)) / reach.sd_mm)
    return np.array(found)


def ball(rng: np.random.Generator) -> Ball:
    return Ball(rng.uniform(-1, 1, 3), rng.uniform(9, 20))


def ellipsoid(rng: np.random.Generator) -> Ellipsoid:
    axes = rng.uniform(9, 20, 3)
    return Ellipsoid(rng.uniform(-1, 1, 3), (axes[0], axes[1], axes[2]), Rotation.random(rng=rng).as_matrix())


def rounded_box(rng: np.random.Generator) -> RoundedBox:
    return RoundedBox(rng.uniform(0, 7, 3), rng.uniform(5, 9), Rotation.random(rng=rng).as_matrix())


@pytest.mark.parametrize("spacing", [(1.5, 1.5, 1.5), (5.0, 1.0, 1.0)], ids=["iso", "thick"])
@pytest.mark.parametrize("solid", [ball, ellipsoid, rounded_box])
def test_the_stated_deviation_is_that_of_the_errors(
    solid: Callable[[np.random.Generator], Solid], spacing: Spacing
) -> None:
    found = ratios(solid, spacing)
    assert 0.5 <= np.sqrt((found**2).mean()) <= 1.6
    assert (np.abs(found) < 1.96).mean() >= (0.8 if solid is rounded_box else 0.87)


def test_a_flat_face_along_thick_slices_is_told_to_lie_anywhere_between_two_of_them() -> None:
    """The mask cannot say where between two slices the face lies: its sd is that of a uniform, h / sqrt(12)."""
    ratio = []
    for top in np.linspace(10.1, 14.9, 9):
        z, y, x = np.mgrid[-6:7, -22:23, -22:23].astype(float)
        box = RoundedBox(np.array([16.0, 16.0, top - 3.0]), 3.0, np.eye(3))
        lps = np.array([[0, 0, 1, -22], [0, 1, 0, -22], [5, 0, 0, -30], [0, 0, 0, 1]], dtype=float)
        surface = TumourSurface.from_mask(Volume(box(np.stack([x, y, 5.0 * z], axis=-1)) < 0, lps))
        reach = furthest(surface, np.array([0.0, 0.0, 1.0]))
        assert abs(reach.position_mm[2] - top) <= 3.0
        assert reach.sd_mm >= 0.5
        ratio.append((reach.position_mm[2] - top) / reach.sd_mm)
    assert np.sqrt(np.mean(np.square(ratio))) <= 1.6
