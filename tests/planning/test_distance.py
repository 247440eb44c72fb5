import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from skimage.measure import marching_cubes

from sarcoma_review.errors import EmptyMaskError
from sarcoma_review.planning.distance import distance_to_triangles_mm, signed_distance_to_triangles_mm

Array = NDArray[np.float64]
Faces = NDArray[np.int32]


def to_segment(point: Array, a: Array, b: Array) -> float:
    along = np.clip((point - a) @ (b - a) / max(float((b - a) @ (b - a)), 1e-300), 0, 1)
    return float(np.linalg.norm(point - a - along * (b - a)))


def to_triangle(point: Array, a: Array, b: Array, c: Array) -> float:
    """One triangle at a time: above its face if the foot of the perpendicular lies within it, else to its edges."""
    edges = min(to_segment(point, a, b), to_segment(point, b, c), to_segment(point, c, a))
    normal = np.cross(b - a, c - a)
    if np.linalg.norm(normal) < 1e-9:
        return edges
    normal /= np.linalg.norm(normal)
    foot = point - ((point - a) @ normal) * normal
    turns = [np.cross(q - p, foot - p) @ normal for p, q in ((a, b), (b, c), (c, a))]
    return abs(float((point - a) @ normal)) if min(turns) >= 0 else edges


def one_by_one(points: Array, vertices: Array, faces: Faces) -> Array:
    return np.array([min(to_triangle(point, *vertices[face]) for face in faces) for point in points])


def cube(half: float) -> tuple[Array, Faces]:
    corners = half * np.array([(x, y, z) for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)], np.float64)
    squares = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    faces = [face for a, b, c, d in squares for face in ((a, b, c), (a, c, d))]
    return corners, np.array(faces, np.int32)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10**6), stretch=st.floats(0.01, 30), far=st.floats(0, 200))
def test_no_triangle_is_nearer_than_the_distance_says(seed: int, stretch: float, far: float) -> None:
    rng = np.random.default_rng(seed)
    vertices = rng.normal(size=(30, 3)) * (1.0, 1.0, stretch)
    faces = rng.integers(0, 30, (40, 3), np.int32)  # some with a corner twice: no area
    points = rng.normal(size=(10, 3)) * (1 + stretch) + far
    truth = one_by_one(points, vertices, faces)
    assert np.allclose(distance_to_triangles_mm(points, vertices, faces), truth, rtol=1e-9, atol=1e-9)


def test_on_a_surface_of_thick_voxels_with_many_points_every_distance_is_the_least() -> None:
    z, y, x = np.mgrid[-3:4, -8:9, -8:9]
    level = np.sqrt((2.5 * z) ** 2 + y**2 + x**2) - 6.3
    index, faces, _, _ = marching_cubes(level, 0.0)
    vertices = index * (5.0, 0.6, 0.6)
    rng = np.random.default_rng(3)
    points = rng.uniform(vertices.min(axis=0) - 4, vertices.max(axis=0) + 4, (400, 3))
    distance = distance_to_triangles_mm(points, vertices, faces)
    some = rng.choice(400, 12, replace=False)
    assert np.abs(distance[some] - one_by_one(points[some], vertices, faces)).max() < 1e-9


def test_a_cube_has_the_closed_form_s_distance_and_side_beyond_faces_edges_and_corners() -> None:
    vertices, faces = cube(2.0)
    points = np.random.default_rng(0).uniform(-5, 5, (3000, 3))
    beyond = np.abs(points) - 2.0
    truth = np.linalg.norm(np.maximum(beyond, 0), axis=1) + np.minimum(beyond.max(axis=1), 0)
    assert np.allclose(signed_distance_to_triangles_mm(points, vertices, faces), truth, atol=1e-12)


@pytest.mark.parametrize("at", [(3.0, 3.0, 3.0), (2.5, 3.0, 0.0), (1.9, 1.9, 1.9), (1.0, 1.9, 1.9)])
def test_where_a_corner_or_an_edge_is_nearest_the_side_is_right(at: tuple[float, float, float]) -> None:
    vertices, faces = cube(2.0)
    found = signed_distance_to_triangles_mm(np.array([at]), vertices, faces)
    assert (found[0] > 0) == (max(at) > 2.0)


def test_within_a_notch_the_side_is_that_of_the_notch() -> None:
    vertices, faces = cube(2.0)
    inner, inner_faces = cube(1.0)  # a hollow: its faces look inwards
    both = np.concatenate([vertices, inner])
    all_faces = np.concatenate([faces, inner_faces[:, ::-1] + 8]).astype(np.int32)
    found = signed_distance_to_triangles_mm(np.array([[0.9, 0.9, 0.9], [1.1, 1.1, 1.1], [0, 0, 0]]), both, all_faces)
    assert found == pytest.approx([0.1, -np.sqrt(0.03), 1.0], abs=1e-12)


def test_vertices_of_no_triangle_do_not_count_and_no_position_is_no_distance() -> None:
    vertices, faces = cube(2.0)
    stray = np.concatenate([vertices, [[0.0, 0.0, 0.0]]])
    assert distance_to_triangles_mm(np.zeros((1, 3)), stray, faces) == pytest.approx([2.0])
    assert distance_to_triangles_mm(np.empty((0, 3)), vertices, faces).shape == (0,)


def test_a_surface_without_triangles_is_refused() -> None:
    with pytest.raises(EmptyMaskError, match="without triangles: expected at least one, found 0"):
        distance_to_triangles_mm(np.zeros((1, 3)), np.empty((0, 3)), np.empty((0, 3), np.int32))
