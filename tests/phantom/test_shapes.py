import numpy as np
import pytest

from sarcoma_review.phantom.lesion import TUMOUR, union_support, union_volume_ml
from sarcoma_review.phantom.shapes import (
    Cord,
    Ellipsoid,
    Field,
    Points,
    blend_cut,
    blend_union,
    coverage,
    rotation_about,
)

TILTED = Ellipsoid((4.0, -7.0, 50.0), (9.0, 14.0, 31.0), rotation_about("x", 20.0) @ rotation_about("z", 35.0))


def surface_of(part: Ellipsoid) -> Field:
    """A dense net of points on an ellipsoid, by its definition."""
    theta, phi = np.meshgrid(np.linspace(0, np.pi, 601), np.linspace(0, 2 * np.pi, 1201))
    unit = np.stack([np.sin(theta) * np.cos(phi), np.sin(theta) * np.sin(phi), np.cos(theta)], axis=-1)
    net: Field = (unit * np.asarray(part.semi_axes_mm)) @ np.asarray(part.rotation).T + np.asarray(part.centre_mm)
    return net.reshape(-1, 3)


@pytest.mark.parametrize("direction", [(0, 0, 1), (1, 0, 0), (0.6, -0.64, 0.48), (-0.36, 0.48, 0.8)])
def test_support_is_the_farthest_of_many_points_on_the_ellipsoid(direction: tuple[float, ...]) -> None:
    reach = surface_of(TILTED) @ np.array(direction)
    assert TILTED.support_mm(direction) == pytest.approx(reach.max(), abs=1e-3)
    assert TILTED.support_mm(direction) >= reach.max()


def test_farthest_point_lies_on_the_surface_and_reaches_the_support() -> None:
    direction = np.array((0.6, -0.64, 0.48))
    x, y, z = TILTED.farthest_mm(direction)
    assert TILTED.farthest_mm(direction) @ direction == pytest.approx(TILTED.support_mm(direction))
    assert TILTED.distance_mm(Points(np.array(x), np.array(y), np.array(z))) == pytest.approx(0.0, abs=1e-9)


def test_support_of_the_tumour_is_the_farthest_of_all_its_ellipsoids() -> None:
    direction = np.array((-0.05, 0.985, 0.12)) / np.linalg.norm((-0.05, 0.985, 0.12))
    reach = max((surface_of(part) @ direction).max() for part in TUMOUR)
    assert union_support(TUMOUR, direction)[0] == pytest.approx(reach, abs=1e-3)


def test_distance_near_the_surface_is_distance_along_the_normal() -> None:
    normal = np.array((0.6, -0.64, 0.48))
    x, y, z = (TILTED.farthest_mm(normal) + 0.2 * normal)[:, None]
    assert TILTED.distance_mm(Points(x, y, z)) == pytest.approx(0.2, abs=0.01)


def test_volume_of_separate_and_of_nested_ellipsoids_is_textbook() -> None:
    ball, inner = Ellipsoid((0, 0, 0), (10, 10, 10)), Ellipsoid((1, 0, 0), (5, 5, 5))
    apart = Ellipsoid((0, 0, 40), (6, 8, 10), rotation_about("y", 30.0))
    expected = 4 / 3 * np.pi * (10**3 + 6 * 8 * 10) / 1000
    assert union_volume_ml([ball, inner, apart]) == pytest.approx(expected, rel=2e-4)


def test_volume_of_two_overlapping_balls_is_textbook() -> None:
    lens = np.pi * (4 * 10 + 12) * (2 * 10 - 12) ** 2 / 12 / 1000  # two balls of radius 10, centres 12 apart
    balls = [Ellipsoid((0, 0, 0), (10, 10, 10)), Ellipsoid((7.2, 0, 9.6), (10, 10, 10))]
    assert union_volume_ml(balls) == pytest.approx(2 * 4 / 3 * np.pi - lens, rel=2e-4)


def test_cord_is_round_about_its_line() -> None:
    cord = Cord((0.0, 0.0, 0.0), (0.0, 0.0, 10.0), 2.0)
    points = Points(np.array([3.0, 0.0, 0.0]), np.array([4.0, 0.0, 0.0]), np.array([5.0, 5.0, 14.0]))
    assert cord.distance_mm(points) == pytest.approx([3.0, -2.0, 2.0])


def test_blends_meet_the_sharp_shapes_away_from_the_crease() -> None:
    first, second = np.array([-5.0, 0.0, 9.0]), np.array([8.0, 0.0, -3.0])
    assert blend_union(first, second, 2.0) == pytest.approx([-5.0, -0.5, -3.0])
    assert blend_cut(first, second, 2.0) == pytest.approx([-5.0, 0.5, 9.0])


def test_half_of_a_voxel_is_covered_where_the_surface_cuts_its_centre() -> None:
    assert coverage(np.array([-1.0, 0.0, 0.2, 1.0]), 0.8) == pytest.approx([1.0, 0.5, 0.25, 0.0])
