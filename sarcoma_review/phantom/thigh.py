"""The whole limb put together: what each point of it is made of."""

from collections.abc import Sequence

import numpy as np

from sarcoma_review.phantom import anatomy
from sarcoma_review.phantom.blend import Blend
from sarcoma_review.phantom.fat import lay_fat
from sarcoma_review.phantom.imaging import Body
from sarcoma_review.phantom.muscles import lay_bundle, lay_muscles
from sarcoma_review.phantom.sarcoma import lay_periosteum, lay_tumour
from sarcoma_review.phantom.shapes import Points, coverage, rise
from sarcoma_review.phantom.skeleton import lay_femur, lay_joint, lay_patella
from sarcoma_review.phantom.soft import displaced
from sarcoma_review.phantom.surfaces import Surfaces, skin_distance, surfaces
from sarcoma_review.phantom.surgery import Cut, lay_bed
from sarcoma_review.phantom.texture import Textures


def body(textures: Textures, cuts: Sequence[Cut] = ()) -> Body:
    """The limb as images see it; see `tissues`."""
    return Body(skin_distance, lambda points: tissues(points, textures, cuts), table_mm=78.0)


def tissues(points: Points, textures: Textures, cuts: Sequence[Cut] = ()) -> Blend:
    """What the limb is made of at points: tissue fractions that sum to one, air outside the skin.

    Parameters
    ----------
    points : Points
        In the knee's own frame, mm.
    textures : Textures
        The patient.
    cuts : sequence of Cut
        Behind which the specimen has been taken out and its bed filled; none before the operation.
    """
    blend, where = Blend(points.shape), surfaces(points)
    blend.lay(1 - coverage(where.skin, 0.8), air=1.0)
    if cuts:
        lay_bed(blend, where, cuts)
    lay_tumour(blend, where, textures.tumour)
    lay_femur(blend, where.femur, points, textures.bone)
    lay_patella(blend, where.patella, points, textures.bone)
    lay_periosteum(blend, where)
    lay_joint(blend, where.femur, where.patella, points)
    _lay_soft(blend, where, textures)
    return blend


def _lay_soft(blend: Blend, where: Surfaces, textures: Textures) -> None:
    inside = (where.skin < 0) & (blend.left > 0)
    patches, septa = textures.patches.where(inside, where.points), textures.septa.where(inside, where.points)
    soft = displaced(where.points, where.skin < 0, mass=where.mass, textures=textures, centre_mm=(2.0, 3.0))
    sheath = lay_bundle(blend, where.points, soft, bundle=anatomy.BUNDLE)
    lay_muscles(
        blend, where, soft,
        muscles=anatomy.MUSCLES, sheath=sheath, patches=patches, fibres=textures.fibres,
    )  # fmt: skip
    _lay_skin_veins(blend, where)
    fascia_mm = 0.35 + 0.7 * rise(-where.cos, 0.86, 0.98)
    lay_fat(blend, where, fascia_mm=fascia_mm, septa=septa, patches=patches)


def _lay_skin_veins(blend: Blend, where: Surfaces) -> None:
    """Lay the veins under the skin, each at its depth."""
    for angle, depth_mm, radius_mm in anatomy.SKIN_VEINS:
        turn = np.radians(angle(where.points.z))
        aside = where.axis_mm * (where.sin * np.cos(turn) - where.cos * np.sin(turn))
        ahead = where.cos * np.cos(turn) + where.sin * np.sin(turn) > 0
        distance = np.sqrt((where.skin + depth_mm) ** 2 + aside**2) - radius_mm
        blend.lay(coverage(distance, 0.8) * ahead, vein=1.0)
