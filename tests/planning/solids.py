"""More solids whose margins are known in closed form: a ball with a finger, a box."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class Finger:
    """A ball at 0 0 0 with a round-ended finger along a unit vector; `length` is to the centre of the end."""

    def __init__(self, along: Array, ball: float, length: float, radius: float) -> None:
        self.along, self.ball, self.length, self.radius = along, ball, length, radius

    def __call__(self, at: Array) -> Array:
        foot = np.clip(at @ self.along, 0, self.length)[..., None] * self.along
        finger = np.linalg.norm(at - foot, axis=-1) - self.radius
        level: Array = np.minimum(finger, np.linalg.norm(at, axis=-1) - self.ball)
        return level


class Box:
    """A box about 0 0 0 with its axes along the columns of `turn`."""

    def __init__(self, turn: Array, half: tuple[float, float, float]) -> None:
        self.turn, self.half = turn, half

    def __call__(self, at: Array) -> Array:
        level: Array = (np.abs(at @ self.turn) - self.half).max(axis=-1)
        return level
