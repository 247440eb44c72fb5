"""Muscles, and the vessels, nerves and tendons that run between them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from sarcoma_review.phantom.blend import Blend
from sarcoma_review.phantom.shapes import FAR_MM, Column, Cord, Field, Points, blend_union, coverage, rise
from sarcoma_review.phantom.texture import Texture

Course = Column | Cord
"""How a muscle, a vessel or a nerve runs."""

SPARE_MM = 20.0
"""How far sway and the tumour's push may carry tissue from where the tables say, and a little more."""


class Covered(Protocol):
    """Points, and distances in mm (negative inside) outside what muscles keep clear of."""

    @property
    def points(self) -> Points: ...  # noqa: D102
    @property
    def skin(self) -> Field: ...  # noqa: D102
    @property
    def tumour(self) -> Field: ...  # noqa: D102
    @property
    def fat_mm(self) -> Field: ...  # noqa: D102


@dataclass(frozen=True)
class Coats:
    """Just what `Covered` asks for.

    Parameters
    ----------
    points : Points
    skin, tumour : ndarray
        Distances outside them, mm.
    fat_mm : ndarray
        Thickness of skin and subcutaneous fat.
    """

    points: Points
    skin: Field
    tumour: Field
    fat_mm: Field


def lay_bundle(
    blend: Blend, points: Points, soft: Points, *, bundle: Iterable[tuple[str, tuple[Course, ...], float]]
) -> Field:
    """Lay vessels, nerves and tendons (tissue, courses, fat around them in mm); give the distance outside it all."""
    sheath: Field = np.full(soft.shape, FAR_MM)
    for tissue, courses, around_mm in bundle:
        nearest = nearest_course(courses, points, soft)
        blend.lay(coverage(nearest, 0.8), **{tissue: 1.0})
        sheath = blend_union(sheath, nearest - around_mm, 8.0)
    return sheath


def lay_muscles(
    blend: Blend,
    where: Covered,
    soft: Points,
    *,
    muscles: Mapping[str, tuple[Course, ...]],
    sheath: Field,
    patches: Field,
    fibres: Texture,
) -> None:
    """Lay the muscles: neighbours share the room between them, with a thin plane of fat in between.

    Parameters
    ----------
    blend : Blend
        What lies in front already.
    where : Covered
        Where the points are.
    soft : Points
        Where they would be in an undisturbed body.
    muscles : mapping of tuples
        The bellies by name, larger than they are drawn.
    sheath : ndarray
        Distance outside vessels, nerves and the fat around them in mm.
    patches : ndarray
        Where there is more fat.
    fibres : Texture
        Fat between the fascicles, drawn out along x; each muscle has its own direction.
    """
    nearest, second, tone = _two_nearest(muscles, where.points, soft)
    packed = np.maximum(nearest, (nearest - second) / 2 + 0.5 + 0.25 * patches)
    aside = np.maximum(0.4 * patches - sheath, 0.35 + 0.4 * patches - where.tumour)
    edge = np.maximum(np.maximum(packed, where.skin + where.fat_mm), aside)
    cover = coverage(edge, 0.8)
    pattern = fibres.where((cover > 0) & (blend.left > 0), _turned(soft, 90.0 * tone))
    lines = rise(np.abs(pattern), 0.25, 0.02) * rise(patches, 0.4, 1.5)
    fat = np.clip(tone + 0.022 * pattern + 0.012 * patches + 0.6 * lines, 0.0, 1.0)
    blend.lay(cover, muscle=1 - fat, fat=fat)


def _turned(points: Points, angle: Field) -> Points:
    """Points turned about the z axis, each by its own angle in radians."""
    cos, sin = np.cos(angle), np.sin(angle)
    return Points(points.x * cos + points.y * sin, points.y * cos - points.x * sin, points.z)


def _two_nearest(
    muscles: Mapping[str, tuple[Course, ...]], points: Points, soft: Points
) -> tuple[Field, Field, Field]:
    """Distances outside the nearest and the second nearest muscle, and the fat share of the nearest."""
    nearest, second, tone = np.full(soft.shape, FAR_MM), np.full(soft.shape, FAR_MM), np.zeros(soft.shape)
    for number, courses in enumerate(muscles.values()):
        distance = nearest_course(courses, points, soft, fillet_mm=7.0)
        tone = np.where(distance < nearest, 0.03 + 0.008 * (number * 5 % 7), tone)
        second = np.minimum(second, np.maximum(nearest, distance))
        nearest = np.minimum(nearest, distance)
    return nearest, second, tone


def nearest_course(courses: tuple[Course, ...], points: Points, soft: Points, *, fillet_mm: float = 0.01) -> Field:
    """Distance outside the nearest of some courses, far where none is close."""
    nearest: Field = np.full(soft.shape, FAR_MM)
    for course in courses:
        if course.reaches(points.z):
            block = course.block(points, SPARE_MM)
            part = nearest[:, block[0], block[1]]
            part[...] = blend_union(part, course.distance_mm(soft.window(*block)), fillet_mm)
    return nearest
