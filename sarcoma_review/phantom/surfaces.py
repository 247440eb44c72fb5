"""How far each point lies outside the limb's main surfaces, worked out once and shared by all tissues."""

from dataclasses import dataclass

import numpy as np

from sarcoma_review.phantom import anatomy
from sarcoma_review.phantom.lesion import MARROW, MASS, union_distance
from sarcoma_review.phantom.shapes import Field, Points
from sarcoma_review.phantom.skeleton import femur_distance, patella_distance


@dataclass(frozen=True)
class Surfaces:
    """Points, and their distances in mm (negative inside) outside the surfaces that tissues refer to.

    Parameters
    ----------
    points : Points
        In the knee's own frame.
    cos, sin : ndarray
        Direction from the limb's axis: medial, posterior.
    axis_mm : ndarray
        Distance from the limb's axis.
    skin, femur, patella : ndarray
        Distances outside each.
    mass, tumour : ndarray
        Distances outside the tumour's part in the soft tissue, and the whole of it.
    fat_mm : ndarray
        Thickness of skin and subcutaneous fat.
    """

    points: Points
    cos: Field
    sin: Field
    axis_mm: Field
    skin: Field
    femur: Field
    patella: Field
    mass: Field
    tumour: Field
    fat_mm: Field


def surfaces(points: Points) -> Surfaces:
    """Measure points against the limb's main surfaces."""
    axis_mm, cos, sin = _around_axis(points)
    mass = union_distance(MASS, points)
    return Surfaces(
        points=points,
        cos=cos,
        sin=sin,
        axis_mm=axis_mm,
        skin=axis_mm - _skin_radius(points.z, cos, sin),
        femur=femur_distance(points),
        patella=patella_distance(points),
        mass=mass,
        tumour=np.minimum(mass, union_distance(MARROW, points)),
        fat_mm=_fat_thickness(points.z, cos, sin),
    )


def skin_distance(points: Points) -> Field:
    """Distance outside the skin, along the line from the limb's axis."""
    axis_mm, cos, sin = _around_axis(points)
    return np.asarray(axis_mm - _skin_radius(points.z, cos, sin))


def _around_axis(points: Points) -> tuple[Field, Field, Field]:
    """Distance from the limb's axis, cosine (medial) and sine (posterior) of the angle around it."""
    dx, dy = points.x - anatomy.SKIN_X(points.z), points.y - anatomy.SKIN_Y(points.z)
    reach = np.sqrt(dx * dx + dy * dy) + 1e-9
    return reach, dx / reach, dy / reach


def _skin_radius(z: Field, cos: Field, sin: Field) -> Field:
    """The skin's distance from the axis: an ellipse, made less regular by low harmonics of the angle."""
    ellipse = 1.0 / np.sqrt((cos / anatomy.SKIN_A(z)) ** 2 + (sin / anatomy.SKIN_B(z)) ** 2)
    squared = sin * sin
    pointed = anatomy.SKIN_POINTED(z) * (3 - 4 * squared) * sin
    square = anatomy.SKIN_SQUARE(z) * (8 * squared * squared - 8 * squared + 1)
    lean = anatomy.SKIN_LEAN(z) * cos * sin * 2
    return np.asarray(ellipse * (1.0 + pointed + square + lean))


def _fat_thickness(z: Field, cos: Field, sin: Field) -> Field:
    sides = anatomy.FAT_SIDES(z) * (2 * cos * cos - 1)
    mean = anatomy.FAT_MEAN(z) + anatomy.FAT_MEDIAL(z) * cos + anatomy.FAT_POSTERIOR(z) * sin
    return np.asarray(np.maximum(mean + sides, 2.6))
