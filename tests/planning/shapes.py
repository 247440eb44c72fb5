"""Solids whose margin to a plane is known in closed form, put on rotated and shifted grids."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from sarcoma_review.volume import Volume

Array = NDArray[np.float64]
Spacing = tuple[float, float, float]


def affine(rng: np.random.Generator, spacing: Spacing, half_mm: float) -> tuple[tuple[int, ...], Array]:
    turn = Rotation.from_euler("zyx", rng.uniform(-35, 35, 3), degrees=True).as_matrix()
    shape = tuple(int(2 * half_mm / mm) + 1 for mm in spacing)
    matrix = np.eye(4)
    matrix[:3, :3] = turn[:, ::-1] * spacing
    matrix[:3, 3] = -matrix[:3, :3] @ ((np.array(shape) - 1) / 2 + rng.uniform(-0.5, 0.5, 3))
    return shape, matrix


def mask(inside: Callable[[Array], Array], rng: np.random.Generator, spacing: Spacing, half_mm: float) -> Volume:
    """Voxels whose centre lies where `inside` (of LPS mm) is below zero."""
    shape, matrix = affine(rng, spacing, half_mm)
    index = np.stack(np.meshgrid(*[np.arange(n) for n in shape], indexing="ij"), axis=-1)
    return Volume(inside(index @ matrix[:3, :3].T + matrix[:3, 3]) < 0, matrix)


class Ball:
    def __init__(self, centre: Array, radius: float) -> None:
        self.centre, self.radius = centre, radius

    def __call__(self, at: Array) -> Array:
        distance: Array = np.linalg.norm(at - self.centre, axis=-1) - self.radius
        return distance

    def reach(self, direction: Array) -> float:
        return float(direction @ self.centre + self.radius)

    def furthest(self, direction: Array) -> Array:
        return self.centre + self.radius * direction


class Ellipsoid:
    def __init__(self, centre: Array, semi_axes: tuple[float, ...], turn: Array) -> None:
        self.centre, self.a = centre, turn @ np.diag(np.square(semi_axes)) @ turn.T

    def __call__(self, at: Array) -> Array:
        off = at - self.centre
        level: Array = np.sqrt(np.einsum("...i,ij,...j", off, np.linalg.inv(self.a), off)) - 1
        return level

    def reach(self, direction: Array) -> float:
        return float(direction @ self.centre + np.sqrt(direction @ self.a @ direction))

    def furthest(self, direction: Array) -> Array:
        at: Array = self.centre + self.a @ direction / np.sqrt(direction @ self.a @ direction)
        return at


def directions(rng: np.random.Generator, count: int) -> Array:
    normal = rng.normal(size=(count, 3))
    unit: Array = normal / np.linalg.norm(normal, axis=1, keepdims=True)
    return unit


class Finger:
    """A ball at the origin with a capsule growing out of it along z."""

    def __init__(self, ball_mm: float, length_mm: float, radius_mm: float) -> None:
        self.ball_mm, self.length_mm, self.radius_mm = ball_mm, length_mm, radius_mm

    def __call__(self, at: Array) -> Array:
        along = np.clip(at[..., 2], 0, self.length_mm)
        finger = np.hypot(np.hypot(at[..., 0], at[..., 1]), at[..., 2] - along) - self.radius_mm
        nearest: Array = np.minimum(np.linalg.norm(at, axis=-1) - self.ball_mm, finger)
        return nearest

    def reach(self) -> float:
        return self.length_mm + self.radius_mm

    def volume_ml(self) -> float:
        r, length, ball = self.radius_mm, self.length_mm, self.ball_mm
        meet = np.sqrt(ball**2 - r**2)  # height at which the cylinder leaves the ball
        cap = np.pi * (ball - meet) ** 2 * (2 * ball + meet) / 3
        return float((4 / 3 * np.pi * ball**3 - cap + np.pi * r**2 * (length - meet) + 2 / 3 * np.pi * r**3) / 1000)


def aligned(inside: Callable[[Array], Array], rng: np.random.Generator, spacing: Spacing, half_mm: float) -> Volume:
    """As `mask`, with the grid along x, y and z."""
    shape = tuple(int(2 * half_mm / mm) + 1 for mm in spacing)
    matrix = np.eye(4)
    matrix[:3, :3] = np.eye(3)[:, ::-1] * spacing
    matrix[:3, 3] = -matrix[:3, :3] @ ((np.array(shape) - 1) / 2 + rng.uniform(-0.5, 0.5, 3))
    index = np.stack(np.meshgrid(*[np.arange(n) for n in shape], indexing="ij"), axis=-1)
    return Volume(inside(index @ matrix[:3, :3].T + matrix[:3, 3]) < 0, matrix)


def enclosed_ml(vertices: Array, faces: NDArray[np.int32]) -> float:
    """Volume within a closed surface by the divergence theorem; below 0 where its faces turn inward."""
    a, b, c = (vertices - vertices.mean(axis=0))[faces].transpose(1, 0, 2)
    return float(np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6 / 1000)


def is_closed(faces: NDArray[np.int32]) -> bool:
    """Whether every edge is run along once each way."""
    edges = np.concatenate([faces[:, [0, 1]], faces[:, [1, 2]], faces[:, [2, 0]]]).tolist()
    return sorted(map(tuple, edges)) == sorted((b, a) for a, b in edges)
