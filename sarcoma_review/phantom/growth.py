"""What a tumour does to the bone it grows in, and what it looks like inside."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sarcoma_review.phantom.blend import Blend
from sarcoma_review.phantom.lesion import union_distance
from sarcoma_review.phantom.shapes import Ellipsoid, Field, Points, coverage, rise
from sarcoma_review.phantom.texture import TumourTextures


@dataclass(frozen=True)
class Look:
    """What is particular to one tumour.

    Parameters
    ----------
    sclerosis : float
        Mean part of new bone within the old.
    mineral : float
        Part of new bone in the clouds of the soft mass.
    necrosis : float
        The higher, the less of the mass is dead; -1 is most of its depth, 2 next to nothing.
    """

    sclerosis: float
    mineral: float
    necrosis: float


@dataclass(frozen=True)
class Lesion:
    """Distances in mm outside a tumour.

    Parameters
    ----------
    mass, tumour : ndarray
        Outside its part in the soft tissue, and the whole of it.
    """

    mass: Field
    tumour: Field


def lesion(points: Points, *, marrow: Sequence[Ellipsoid], mass: Sequence[Ellipsoid]) -> Lesion:
    """Measure points against a tumour's parts within the bone and outside it."""
    outside = union_distance(mass, points)
    return Lesion(outside, np.minimum(outside, union_distance(marrow, points)))


def lay_growth(
    blend: Blend, points: Points, where: Lesion, *, bone: Field, look: Look, textures: TumourTextures
) -> None:
    """Lay a tumour: moth-eaten cortex, patchy new bone, soft mass, and necrosis in its depth.

    Parameters
    ----------
    blend : Blend
        What lies in front already.
    points : Points
    where : Lesion
    bone : ndarray
        Distance outside the bone that it grows in, mm.
    look : Look
    textures : TumourTextures
    """
    near = where.tumour < 1.0
    if not near.any():
        return
    clouds, wisps = textures.clouds.where(near, points), textures.wisps.where(near, points)
    inside = coverage(bone, 1.5)
    shell = coverage(np.abs(bone + 0.9) - 0.9, 1.0)
    eaten = np.clip(0.42 + 0.28 * wisps + 0.34 * clouds, 0.0, 0.9) * rise(where.mass, -7.0, 1.0)
    cortex = shell * np.maximum(eaten, 0.12 * rise(clouds, 0.2, 1.2))
    within = np.clip(look.sclerosis + 0.20 * clouds + 0.10 * wisps, 0.0, 0.7)
    outside = look.mineral * (0.12 + 0.88 * rise(clouds + 0.5 * wisps, 0.0, 1.8))
    osteoid = (inside * within + (1 - inside) * outside) * (1 - cortex)
    dead = rise(-where.mass, 5.0, 11.0) * rise(clouds + 0.25 * wisps, -look.necrosis, -look.necrosis - 0.75)
    necrosis = (1 - inside) * dead * (1 - cortex - osteoid)
    soft = 1 - cortex - osteoid - necrosis
    blend.lay(coverage(where.tumour, 0.8), cortex=cortex, osteoid=osteoid, necrosis=necrosis, tumour=soft)


def lay_lifted_periosteum(blend: Blend, where: Lesion, *, bone: Field) -> None:
    """Lay new bone in a layer where a mass lifts the periosteum off the bone."""
    if where.mass.min() > 6.0:
        return
    foot = rise(bone, 7.0, 1.0) * rise(bone, 0.0, 0.6)
    layer = coverage(np.abs(where.mass - 0.8) - 0.5, 0.8)
    blend.lay(0.5 * layer * foot * coverage(-where.tumour, 0.8), cortex=0.55, septum=0.45)
