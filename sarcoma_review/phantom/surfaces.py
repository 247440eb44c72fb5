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
    around = anatomy.SKIN.around(points)
    mass = union_distance(MASS, points)
    return Surfaces(
        points=points,
        cos=around.cos,
        sin=around.sin,
        axis_mm=around.axis_mm,
        skin=anatomy.SKIN.distance_mm(points.z, around),
        femur=femur_distance(points),
        patella=patella_distance(points),
        mass=mass,
        tumour=np.minimum(mass, union_distance(MARROW, points)),
        fat_mm=anatomy.SKIN.fat_mm(points.z, around),
    )


def skin_distance(points: Points) -> Field:
    """Distance outside the skin, along the line from the limb's axis."""
    return anatomy.SKIN.distance_mm(points.z, anatomy.SKIN.around(points))
