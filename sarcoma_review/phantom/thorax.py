"""The root of the neck and the upper chest put together: what each point of it is made of."""

import numpy as np

from sarcoma_review.phantom import spinal_osteosarcoma as sarcoma
from sarcoma_review.phantom import thorax_anatomy as anatomy
from sarcoma_review.phantom.blend import Blend
from sarcoma_review.phantom.bone import lay_bone
from sarcoma_review.phantom.fat import lay_fat
from sarcoma_review.phantom.growth import Lesion, lay_growth, lesion
from sarcoma_review.phantom.imaging import Body
from sarcoma_review.phantom.lesion import union_distance
from sarcoma_review.phantom.muscles import Coats, lay_bundle, lay_muscles
from sarcoma_review.phantom.shapes import Field, Points, coverage, rise
from sarcoma_review.phantom.soft import displaced
from sarcoma_review.phantom.spine_bones import CANAL, SPINOUS_TIPS, Bones, bones
from sarcoma_review.phantom.texture import Textures


def body(textures: Textures) -> Body:
    """The neck and chest as images see them, narrower than the table; see `tissues`."""
    return Body(skin_distance, lambda points: tissues(points, textures))


def skin_distance(points: Points) -> Field:
    """Distance outside the skin."""
    return anatomy.SKIN.distance_mm(points.z, anatomy.SKIN.around(points))


def tissues(points: Points, textures: Textures) -> Blend:
    """What neck and chest are made of at points: tissue fractions that sum to one, air outside the skin.

    Parameters
    ----------
    points : Points
        In the frame of the first thoracic vertebra, mm.
    textures : Textures
        The patient.
    """
    blend, where, skeleton = Blend(points.shape), _lesion(points), bones(points)
    coats = Coats(points, skin_distance(points), where.tumour, _fat_mm(points))
    blend.lay(1 - coverage(coats.skin, 0.8), air=1.0)
    _lay_cord(blend, skeleton)
    lay_growth(blend, points, where, bone=skeleton.spine, look=sarcoma.LOOK, textures=textures.tumour)
    _lay_bones(blend, skeleton, points, textures)
    soft = soft_points(points, textures)
    inside = (coats.skin < 0) & (blend.left > 0)
    patches, septa = textures.patches.where(inside, points), textures.septa.where(inside, points)
    _lay_airways(blend, soft, patches)
    sheath = lay_bundle(blend, points, soft, bundle=anatomy.BUNDLE)
    _lay_lungs(blend, soft, where, septa)
    lay_muscles(
        blend, coats, soft,
        muscles=anatomy.MUSCLES, sheath=sheath, patches=patches, fibres=textures.fibres,
    )  # fmt: skip
    lay_fat(blend, coats, fascia_mm=0.35, septa=septa, patches=patches)
    return blend


def soft_points(points: Points, textures: Textures) -> Points:
    """Where soft tissue would lie in an undisturbed neck."""
    mass = _lesion(points).mass
    return displaced(points, skin_distance(points) < 0, mass=mass, textures=textures, centre_mm=sarcoma.CENTRE_MM)


def _lesion(points: Points) -> Lesion:
    return lesion(points, marrow=sarcoma.MARROW, mass=sarcoma.MASS)


def _fat_mm(points: Points) -> Field:
    return anatomy.SKIN.fat_mm(points.z, anatomy.SKIN.around(points))


def _lay_cord(blend: Blend, skeleton: Bones) -> None:
    """Lay the cord, the fluid around it and the dura."""
    blend.lay(coverage(skeleton.cord, 0.8), cord=1.0)
    blend.lay(coverage(skeleton.sac + 0.4, 0.8), fluid=1.0)
    blend.lay(coverage(skeleton.sac, 0.8), ligament=1.0)


def _lay_bones(blend: Blend, skeleton: Bones, points: Points, textures: Textures) -> None:
    for distance, cortex_mm, density in ((skeleton.spine, 0.9, 0.37), (skeleton.chest, 1.0, 0.28)):
        lay_bone(blend, distance, points, cortex_mm=cortex_mm, density=density, textures=textures.bone)
    blend.lay(coverage(skeleton.disc, 0.8), disc=1.0)
    blend.lay(coverage(skeleton.canal, 0.8), fat=0.8, vein=0.2)
    behind = np.maximum(CANAL.centre(points.z)[1] - points.y, 3.0 - skeleton.canal)
    reach = np.maximum(points.y - SPINOUS_TIPS(points.z) + 2.0, np.abs(points.x) - 2.2)
    blend.lay(coverage(np.maximum(reach, behind), 0.9), fat=0.5, ligament=0.5)


def _lay_airways(blend: Blend, soft: Points, patches: Field) -> None:
    """Lay windpipe, gullet and thyroid gland."""
    windpipe = anatomy.TRACHEA.distance_mm(soft)
    blend.lay(coverage(windpipe, 0.8), gas=1.0)
    front = rise(soft.y - anatomy.TRACHEA.centre(soft.z)[1], 6.0, 3.0)
    ring = (0.5 + 0.5 * np.sign(np.sin(soft.z * 2 * np.pi / 6.5))) * front
    blend.lay(coverage(windpipe - 1.8, 0.8), cartilage=0.7 * ring, wall=1 - 0.7 * ring)
    gullet = anatomy.OESOPHAGUS.distance_mm(soft)
    blend.lay(0.7 * coverage(gullet + 3.0, 0.8) * rise(patches, 0.2, 0.8), gas=1.0)
    blend.lay(coverage(gullet, 0.8), wall=1.0)
    for lobe in anatomy.THYROID:
        if lobe.reaches(soft.z):
            blend.lay(coverage(lobe.distance_mm(soft), 0.8), thyroid=1.0)


def _lay_lungs(blend: Blend, soft: Points, where: Lesion, septa: Field) -> None:
    """Lay the tops of the lungs with their vessels, and the chest wall that lines them."""
    lung = union_distance(anatomy.LUNGS, soft)
    if lung.min() > 8.0:
        return
    vessels = 0.9 * rise(np.abs(septa), 1.9, 2.5) * rise(-lung, 4.0, 12.0)
    blend.lay(coverage(np.maximum(lung, 1.5 - where.tumour), 0.8), lung=1 - vessels, vein=vessels)
    lined = rise(np.abs(np.broadcast_to(soft.x, soft.shape)), 26.0, 34.0)
    blend.lay(0.92 * coverage(lung - 5.0, 0.8) * lined, muscle=0.85, fat=0.15)
