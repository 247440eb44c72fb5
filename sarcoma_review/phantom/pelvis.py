"""The whole pelvis put together: what each point of it is made of."""

import numpy as np

from sarcoma_review.phantom import ewing
from sarcoma_review.phantom import pelvis_anatomy as anatomy
from sarcoma_review.phantom.blend import Blend
from sarcoma_review.phantom.bone import lay_bone
from sarcoma_review.phantom.fat import lay_fat
from sarcoma_review.phantom.growth import Lesion, lay_growth, lay_lifted_periosteum, lesion
from sarcoma_review.phantom.imaging import Body
from sarcoma_review.phantom.muscles import Coats, Course, lay_bundle, lay_muscles, nearest_course
from sarcoma_review.phantom.pelvis_bones import HIP, PUBIC_BODY, SOCKET_MM, Bones, bones
from sarcoma_review.phantom.shapes import Ellipsoid, Field, Points, blend_cut, coverage, mirrored, rise
from sarcoma_review.phantom.soft import displaced
from sarcoma_review.phantom.texture import Textures


def body(textures: Textures) -> Body:
    """The pelvis as images see it; see `tissues`."""
    return Body(skin_distance, lambda points: tissues(points, textures), table_mm=117.0)


def skin_distance(points: Points) -> Field:
    """Distance outside the skin of trunk and thighs."""
    trunk = anatomy.SKIN.distance_mm(points.z, anatomy.SKIN.around(points))
    for cleft in (anatomy.BETWEEN_THE_LEGS, anatomy.BETWEEN_THE_BUTTOCKS):
        if cleft.reaches(points.z):
            trunk = blend_cut(trunk, cleft.distance_mm(points), 6.0)
    return trunk


def tissues(points: Points, textures: Textures) -> Blend:
    """What the pelvis is made of at points: tissue fractions that sum to one, air outside the skin.

    Parameters
    ----------
    points : Points
        In the pelvis's own frame, mm.
    textures : Textures
        The patient.
    """
    blend, where, skeleton = Blend(points.shape), _lesion(points), bones(points)
    coats = Coats(points, skin_distance(points), where.tumour, _fat_mm(points))
    blend.lay(1 - coverage(coats.skin, 0.8), air=1.0)
    lay_growth(blend, points, where, bone=skeleton.hip, look=ewing.LOOK, textures=textures.tumour)
    _lay_bones(blend, skeleton, points, textures)
    lay_lifted_periosteum(blend, where, bone=skeleton.hip)
    soft = soft_points(points, textures)
    inside = (coats.skin < 0) & (blend.left > 0)
    patches, septa = textures.patches.where(inside, points), textures.septa.where(inside, points)
    _lay_organs(blend, soft, patches)
    sheath = lay_bundle(blend, points, soft, bundle=anatomy.BUNDLE)
    lay_muscles(
        blend, coats, soft,
        muscles=anatomy.MUSCLES, sheath=sheath, patches=patches, fibres=textures.fibres,
    )  # fmt: skip
    lay_fat(blend, coats, fascia_mm=0.35, septa=septa, patches=patches)
    return blend


def soft_points(points: Points, textures: Textures) -> Points:
    """Where soft tissue would lie in an undisturbed pelvis."""
    mass = _lesion(points).mass
    return displaced(points, skin_distance(points) < 0, mass=mass, textures=textures, centre_mm=ewing.CENTRE_MM)


def course_distance(courses: tuple[Course, ...], points: Points, textures: Textures) -> Field:
    """Distance outside vessels or nerves where this patient has them."""
    return nearest_course(courses, points, soft_points(points, textures))


def _lesion(points: Points) -> Lesion:
    return lesion(points, marrow=ewing.MARROW, mass=ewing.MASS)


def _fat_mm(points: Points) -> Field:
    return anatomy.SKIN.fat_mm(points.z, anatomy.SKIN.around(points))


def _lay_bones(blend: Blend, skeleton: Bones, points: Points, textures: Textures) -> None:
    """Lay the bones, the cartilage of hip, sacroiliac joint and symphysis, the disc and the canal."""
    for distance, cortex_mm, density in (
        (skeleton.hip, 1.5, 0.34),
        (skeleton.femur, 1.6, 0.42),
        (skeleton.sacrum, 1.1, 0.32),
        (skeleton.lumbar, 1.1, 0.36),
    ):
        lay_bone(blend, distance, points, cortex_mm=cortex_mm, density=density, textures=textures.bone)
    half = mirrored(points)
    socket = Ellipsoid(HIP, (SOCKET_MM + 0.4,) * 3).distance_mm(half)
    blend.lay(coverage(socket, 0.8) * coverage(-skeleton.femur, 0.8), cartilage=0.85, fluid=0.15)
    between = coverage(np.maximum(skeleton.hip - 2.2, skeleton.sacrum - 2.2), 0.9)
    blend.lay(between, cartilage=0.6, ligament=0.4)
    slab = np.abs(points.x) - 3.0
    round_it = PUBIC_BODY.distance_mm(Points(np.full((1, 1, 1), 11.5), points.y, points.z))
    symphysis = np.maximum(slab, round_it)
    blend.lay(coverage(symphysis, 0.8), cartilage=1.0)
    blend.lay(coverage(skeleton.disc, 0.8), disc=1.0)
    _lay_canal(blend, skeleton.canal, points)


def _lay_canal(blend: Blend, canal: Field, points: Points) -> None:
    sac = canal + 2.4 + 3.0 * rise(np.broadcast_to(points.z, points.shape), 70.0, 50.0)
    blend.lay(coverage(sac, 0.8), fluid=0.8, nerve=0.2)
    blend.lay(coverage(canal, 0.8), fat=0.9, nerve=0.1)


def _lay_organs(blend: Blend, soft: Points, patches: Field) -> None:
    """Lay bladder, prostate, seminal vesicles, rectum and bowel."""
    bladder = anatomy.BLADDER.distance_mm(soft)
    blend.lay(coverage(bladder, 0.8), urine=1.0)
    blend.lay(coverage(bladder - 3.2, 0.8), wall=1.0)
    for organ in (anatomy.PROSTATE, anatomy.SEMINAL_VESICLES):
        blend.lay(coverage(organ.distance_mm(soft), 0.8), gland=1.0)
    winding = _wound(soft)
    tubes: list[tuple[Course, float]] = [(anatomy.RECTUM, 0.9)]
    tubes += [(part, 0.6) for part in anatomy.COLON] + [(part, 2.4) for part in anatomy.ILEUM]
    for gut, gassy in tubes:
        if gut.reaches(soft.z):
            _lay_gut(blend, gut.distance_mm(winding), patches, gassy)


def _wound(points: Points) -> Points:
    """Points moved to and fro, so that what is straight there winds here."""
    x, y, z = points.x, points.y, points.z
    return Points(
        x + 4.0 * np.sin(y / 9.0 + z / 15.0),
        y + 4.0 * np.sin(x / 10.0 - z / 13.0),
        z + 5.0 * np.sin(x / 12.0 + y / 21.0),
    )


def _lay_gut(blend: Blend, distance: Field, patches: Field, gassy: float) -> None:
    """Lay one loop: content, with gas where the patches rise above a threshold, and its wall."""
    lumen = coverage(distance + 2.4, 0.8)
    gas = lumen * rise(patches, gassy, gassy + 0.15) * rise(-distance, 3.5, 5.0)
    blend.lay(lumen, gas=gas, content=1 - gas)
    blend.lay(coverage(distance, 0.8), wall=1.0)
