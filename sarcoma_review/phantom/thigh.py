"""The whole limb put together: what each point of it is made of."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sarcoma_review.phantom import anatomy
from sarcoma_review.phantom.blend import Blend
from sarcoma_review.phantom.muscles import lay_bundle, lay_muscles
from sarcoma_review.phantom.sarcoma import TumourTextures, lay_periosteum, lay_tumour
from sarcoma_review.phantom.shapes import Field, Points, coverage, rise
from sarcoma_review.phantom.skeleton import BoneTextures, lay_femur, lay_joint, lay_patella
from sarcoma_review.phantom.surfaces import Surfaces, surfaces
from sarcoma_review.phantom.surgery import Cut, lay_bed
from sarcoma_review.phantom.texture import Texture


@dataclass(frozen=True)
class Limb:
    """One patient's limb: everything about it that is random; the rest is anatomy.

    Parameters
    ----------
    sway : tuple of Texture
        How far tissue lies from where the tables say, along x and y.
    patches : Texture
        Where something is found more, or less.
    fibres : Texture
        Fat between the fascicles of muscle.
    septa : Texture
        Fibrous septa in fat.
    bone : BoneTextures
        Of femur and patella.
    tumour : TumourTextures
        Of the osteosarcoma.
    """

    sway: tuple[Texture, Texture]
    patches: Texture
    fibres: Texture
    septa: Texture
    bone: BoneTextures
    tumour: TumourTextures


def random_limb(rng: np.random.Generator) -> Limb:
    """Draw the random part of a limb."""
    return Limb(
        sway=(Texture(rng, (7.0, 7.0, 11.0)), Texture(rng, (7.0, 7.0, 11.0))),
        patches=Texture(rng, (2.6, 2.6, 10.0)),
        fibres=Texture(rng, (4.0, 1.5, 40.0)),
        septa=Texture(rng, (2.6, 2.6, 4.5)),
        bone=BoneTextures(mesh=Texture(rng, (0.7, 0.7, 1.3)), drift=Texture(rng, (3.2, 3.2, 5.0))),
        tumour=TumourTextures(
            clouds=Texture(rng, (2.6, 2.6, 3.2)),
            wisps=Texture(rng, (0.9, 0.9, 1.1)),
            rays=Texture(rng, (0.9, 0.9, 1.3)),
        ),
    )


def tissues(points: Points, limb: Limb, cuts: Sequence[Cut] = ()) -> Blend:
    """What the limb is made of at points: tissue fractions that sum to one, air outside the skin.

    Parameters
    ----------
    points : Points
        In the knee's own frame, mm.
    limb : Limb
        The patient.
    cuts : sequence of Cut
        Behind which the specimen has been taken out and its bed filled; none before the operation.
    """
    blend, where = Blend(points.shape), surfaces(points)
    blend.lay(1 - coverage(where.skin, 0.8), air=1.0)
    if cuts:
        lay_bed(blend, where, cuts)
    lay_tumour(blend, where, limb.tumour)
    lay_femur(blend, where.femur, points, limb.bone)
    lay_patella(blend, where.patella, points, limb.bone)
    lay_periosteum(blend, where)
    lay_joint(blend, where.femur, where.patella, points)
    _lay_soft(blend, where, limb)
    return blend


def _lay_soft(blend: Blend, where: Surfaces, limb: Limb) -> None:
    inside = (where.skin < 0) & (blend.left > 0)
    patches, septa = limb.patches.where(inside, where.points), limb.septa.where(inside, where.points)
    soft = displaced(where, limb)
    sheath = lay_bundle(blend, where, soft)
    lay_muscles(blend, where, soft, sheath, patches, limb.fibres)
    _lay_skin_veins(blend, where)
    _lay_fat(blend, where, septa, patches)


def displaced(where: Surfaces, limb: Limb) -> Points:
    """Where soft tissue would lie without this patient's own sway and without the tumour's push."""
    points, inside = where.points, where.skin < 0
    x = points.x + 1.1 * limb.sway[0].where(inside, points)
    y = points.y + 1.1 * limb.sway[1].where(inside, points)
    pull = 0.36 * np.exp(-np.maximum(where.mass, 0.0) / 10.0)
    return Points(x - pull * (points.x - 2.0), y - pull * (points.y - 3.0), points.z)


def _lay_skin_veins(blend: Blend, where: Surfaces) -> None:
    """Lay the veins under the skin, each at its depth."""
    for angle, depth_mm, radius_mm in anatomy.SKIN_VEINS:
        turn = np.radians(angle(where.points.z))
        aside = where.axis_mm * (where.sin * np.cos(turn) - where.cos * np.sin(turn))
        ahead = where.cos * np.cos(turn) + where.sin * np.sin(turn) > 0
        distance = np.sqrt((where.skin + depth_mm) ** 2 + aside**2) - radius_mm
        blend.lay(coverage(distance, 0.8) * ahead, vein=1.0)


def _lay_fat(blend: Blend, where: Surfaces, septa: Field, patches: Field) -> None:
    """Lay fascia, fat with its septa, and skin behind all else."""
    deep = where.skin + where.fat_mm
    band = 0.35 + 0.7 * rise(-where.cos, 0.86, 0.98)
    blend.lay(0.7 * coverage(np.abs(deep) - band, 0.8), septum=1.0)
    lines = 0.45 * rise(np.abs(septa), 0.14, 0.0) * rise(patches, -0.4, 0.8) * (0.4 + 0.6 * (deep > 0))
    layer = (
        0.3 * coverage(np.abs(where.skin + 0.5 * where.fat_mm + 0.8 * septa) - 0.15, 0.9) * rise(patches, -0.2, 0.8)
    )
    vessels = 0.8 * rise(septa, 2.5, 3.0)
    strands = np.clip(np.maximum(np.maximum(lines, layer * (deep > 0)), vessels), 0.0, 1.0)
    blend.lay(coverage(where.skin + 1.4, 0.8), fat=1 - strands, septum=strands)
    blend.lay(1.0, skin=1.0)
