"""Femur, patella and what covers them: their surfaces, and the tissues inside."""

import numpy as np

from sarcoma_review.phantom.anatomy import CORTEX, FEMUR, LINEA_ASPERA, SPONGY
from sarcoma_review.phantom.blend import Blend
from sarcoma_review.phantom.bone import lay_shell
from sarcoma_review.phantom.shapes import (
    FAR_MM,
    Cord,
    Ellipsoid,
    Field,
    Points,
    blend_cut,
    blend_union,
    coverage,
    rise,
    rotation_about,
)
from sarcoma_review.phantom.texture import BoneTextures

CONDYLES = (
    Ellipsoid((22.5, 13.0, 21.5), (15.0, 24.0, 21.5), rotation_about("z", -6.0)),
    Ellipsoid((-22.5, 10.5, 21.5), (15.5, 25.0, 21.5), rotation_about("z", 4.0)),
)
TROCHLEA = (
    Ellipsoid((-16.0, -10.0, 26.0), (14.0, 18.5, 19.0)),
    Ellipsoid((16.0, -8.0, 24.0), (13.0, 17.0, 18.0)),
)
EPICONDYLES = (Ellipsoid((30.0, 6.0, 31.0), (10.0, 14.0, 13.0)), Ellipsoid((-30.0, 5.0, 29.0), (10.0, 13.0, 12.0)))
NOTCH = Ellipsoid((1.0, 36.0, 4.0), (10.5, 37.0, 24.0), rotation_about("x", 8.0))
PATELLA = (
    Ellipsoid((-3.0, -42.5, 33.0), (22.0, 7.2, 21.0), rotation_about("x", 4.0)),
    Ellipsoid((-4.0, -38.0, 35.0), (10.0, 7.6, 15.0)),
)
CRUCIATES = (
    Cord((-10.0, 22.0, 24.0), (4.0, -6.0, -6.0), 4.2),
    Cord((8.0, 8.0, 12.0), (-1.0, 30.0, -8.0), 5.0),
)
COLLATERALS = (Cord((42.5, 5.0, 34.0), (41.0, 0.0, -10.0), 1.7), Cord((-42.5, 7.0, 29.0), (-44.5, 16.0, -10.0), 1.9))


def femur_distance(points: Points) -> Field:
    """Distance outside the femur's outer surface, the tumour not counted."""
    shaft = FEMUR.distance_mm(points)
    back = points.y - 12.5 - 0.02 * (points.z - 60.0)
    shaft = -blend_union(-shaft, -back, 8.0)
    if LINEA_ASPERA.reaches(points.z):
        shaft = blend_union(shaft, LINEA_ASPERA.distance_mm(points), 3.5)
    if points.z.min() > 62.0:
        return shaft
    joint = np.minimum.reduce([part.distance_mm(points) for part in CONDYLES])
    for part in (*TROCHLEA, *EPICONDYLES):
        joint = blend_union(joint, part.distance_mm(points), 5.0)
    return blend_cut(blend_union(shaft, joint, 8.0), NOTCH.distance_mm(points), 4.0)


def patella_distance(points: Points) -> Field:
    """Distance outside the patella; above it just far."""
    if points.z.min() > 70.0:
        return np.full(points.shape, FAR_MM)
    return blend_union(PATELLA[0].distance_mm(points), PATELLA[1].distance_mm(points), 6.0)


def lay_femur(blend: Blend, distance: Field, points: Points, textures: BoneTextures) -> None:
    """Lay the femur's cortex, spongy bone, physeal scar and marrow."""
    depth = -distance
    cortex_mm = CORTEX(points.z)
    spongy = spongy_share(depth - cortex_mm, points, textures)
    ragged = np.where(depth > 0, 0.25 * np.minimum(cortex_mm, 2.0) * np.sign(spongy) * spongy, 0.0)
    inner = coverage(depth - cortex_mm - ragged, 1.0 + 0.15 * cortex_mm)
    lay_shell(blend, distance, shell=inner, spongy=spongy)


def spongy_share(depth_mm: Field, points: Points, textures: BoneTextures) -> Field:
    """Part of the marrow space taken by trabecular bone, denser under the joint and at the physeal scar."""
    inside = depth_mm > -3.0
    mesh, drift = textures.mesh.where(inside, points), textures.drift.where(inside, points)
    height = np.broadcast_to(points.z, points.shape)
    base = SPONGY(points.z) * (1.0 + 0.16 * drift) + 0.10 * rise(height, 60.0, 30.0) * np.exp(-np.abs(depth_mm) / 4.0)
    scar_mm = height - 27.0 - 2.5 * np.cos(points.x / 9.0) - 1.5 * np.cos(points.y / 8.0) - 0.8 * drift
    scar = 0.45 * np.exp(-((scar_mm / 0.9) ** 2)) * (1.0 + 0.5 * mesh)
    return np.clip(base * (1.0 + 0.27 * mesh) + scar, 0.0, 0.95)


def lay_patella(blend: Blend, distance: Field, points: Points, textures: BoneTextures) -> None:
    """Lay the patella: a thin cortex around dense spongy bone."""
    inside = distance < 1.0
    mesh = textures.mesh.where(inside, points)
    spongy = np.clip(0.62 + 0.12 * textures.drift.where(inside, points) + 0.14 * mesh, 0.0, 0.95)
    front = 1.3 + 0.9 * rise(np.broadcast_to(points.y, points.shape), -43.5, -47.5)
    inner = coverage(-distance - front, 1.0)
    lay_shell(blend, distance, shell=inner, spongy=spongy)


def lay_joint(blend: Blend, femur: Field, patella: Field, points: Points) -> None:
    """Lay cartilage, the film of fluid and the capsule, cruciate and collateral ligaments."""
    if points.z.min() > 60.0:
        return
    for cord in (*CRUCIATES, *COLLATERALS):
        if cord.reaches(points.z):
            blend.lay(coverage(cord.distance_mm(points), 1.0), ligament=0.85, fat=0.15)
    y, z = np.broadcast_to(points.y, points.shape), np.broadcast_to(points.z, points.shape)
    tread = np.maximum(
        rise(y, -4.0, -12.0) * rise(z, 46.0, 40.0), rise(y - 0.9 * z, -12.0, -4.0) * rise(z, 40.0, 32.0)
    )
    side = rise(np.abs(points.x) + 0 * y, 37.0, 32.0)
    notch = rise(NOTCH.distance_mm(points), 0.5, 2.5)
    tread = tread * side * notch
    blend.lay(coverage(femur - 2.3 * tread, 0.8) * rise(tread, 0.05, 0.4), cartilage=1.0)
    blend.lay(coverage(patella - 2.6, 0.8) * rise(y, -41.5, -38.5), cartilage=1.0)
    blend.lay(coverage(femur - 3.3 * tread, 0.9) * rise(tread, 0.1, 0.5) * 0.8, fluid=1.0)
    capsule = rise(z, 48.0, 36.0) * rise(y, -22.0, -12.0) * notch
    blend.lay(coverage(np.abs(femur - 3.4) - 0.8, 0.9) * capsule * 0.8, ligament=0.8, fat=0.2)
