"""The outline of a trunk or limb: an ellipse about a drifting centre, made less regular, and the fat beneath it."""

from dataclasses import dataclass

import numpy as np

from sarcoma_review.phantom.shapes import Field, Points, Profile


@dataclass(frozen=True)
class Around:
    """Where points lie around a body's axis.

    Parameters
    ----------
    axis_mm : ndarray
        Distance from the axis.
    cos, sin : ndarray
        Direction from the axis: patient's left, posterior.
    """

    axis_mm: Field
    cos: Field
    sin: Field


@dataclass(frozen=True)
class Skin:
    """An outline by height.

    Parameters
    ----------
    x, y : Profile
        Centre, mm.
    a, b : Profile
        Half width and half depth, mm.
    pointed, square, lean : Profile
        A little of the third and the fourth harmonic, and of the second aslant, as parts of the radius.
    fat, fat_left, fat_back, fat_sides : Profile
        Skin and subcutaneous fat: mean thickness in mm, and how much more there is to the left, behind and at
        both sides.
    """

    x: Profile
    y: Profile
    a: Profile
    b: Profile
    pointed: Profile
    square: Profile
    lean: Profile
    fat: Profile
    fat_left: Profile
    fat_back: Profile
    fat_sides: Profile

    def around(self, points: Points) -> Around:
        """Distance from the axis, cosine and sine of the angle around it."""
        dx, dy = points.x - self.x(points.z), points.y - self.y(points.z)
        reach = np.sqrt(dx * dx + dy * dy) + 1e-9
        return Around(reach, dx / reach, dy / reach)

    def distance_mm(self, z: Field, around: Around) -> Field:
        """Distance outside the skin, along the line from the axis."""
        cos, sin = around.cos, around.sin
        radius = np.sqrt((cos / self.a(z)) ** 2 + (sin / self.b(z)) ** 2)
        ellipse = 1.0 / np.maximum(radius, 1e-9)
        squared = sin * sin
        pointed = self.pointed(z) * (3 - 4 * squared) * sin
        square = self.square(z) * (8 * squared * squared - 8 * squared + 1)
        lean = self.lean(z) * cos * sin * 2
        return np.asarray(around.axis_mm - ellipse * (1.0 + pointed + square + lean))

    def fat_mm(self, z: Field, around: Around) -> Field:
        """Thickness of skin and subcutaneous fat."""
        sides = self.fat_sides(z) * (2 * around.cos * around.cos - 1)
        mean = self.fat(z) + self.fat_left(z) * around.cos + self.fat_back(z) * around.sin
        return np.asarray(np.maximum(mean + sides, 2.6))
