"""The bones of the pelvis: how far points lie outside them. All on the left; the right is its mirror image."""

from dataclasses import dataclass

import numpy as np

from sarcoma_review.phantom.shapes import (
    FAR_MM,
    Column,
    Cord,
    Ellipsoid,
    Field,
    Points,
    blend_cut,
    blend_union,
    mirrored,
    rotation_about,
)

HIP = (88.0, 0.0, 0.0)
HEAD_MM, SOCKET_MM = 23.0, 26.0
_OPENING = np.array((0.74, -0.30, -0.60))

WING = (
    Column(
        (130, 120, 6, 15, 3.5, 104), (114, 119, -6, 38, 5, 107), (92, 114, -17, 50, 3.6, 110),
        (72, 108, -21, 49, 3.6, 112),
        (54, 102, -19, 42, 5.5, 112), (38, 98, -12, 31, 10, 109), (24, 93, -5, 28, 17, 100),
        (8, 90, -2, 24, 18, 95),
    ),
    Column(
        (120, 94, 44, 32, 3.5, 122), (102, 76, 50, 43, 6.5, 124), (82, 69, 48, 45, 8.5, 121),
        (62, 69, 39, 39, 8.5, 117),
        (50, 76, 30, 27, 8.5, 114), (38, 86, 14, 19, 11, 110), (22, 90, 6, 18, 13, 100),
    ),
)  # fmt: skip
CREST = (
    Cord((125.0, -66.0, 72.0), (132.0, -40.0, 106.0), 4.6),
    Cord((132.0, -40.0, 106.0), (121.0, 6.0, 127.0), 4.4),
    Cord((121.0, 6.0, 127.0), (98.0, 44.0, 118.0), 4.4),
    Cord((98.0, 44.0, 118.0), (54.0, 82.0, 98.0), 5.2),
)
CUP = Ellipsoid(HIP, (34.0, 34.0, 34.0))
SOCKET = Cord(HIP, tuple(np.array(HIP) + 60.0 * _OPENING), SOCKET_MM)
NOTCH = Cord(HIP, tuple(np.array(HIP) + 60.0 * np.array((0.34, -0.06, -0.94))), 19.0)
"""Below, the rim of the socket is open."""
ISCHIUM = Column(
    (16, 84, 26, 9, 13, 30), (-8, 82, 27, 13, 12, 10), (-30, 77, 25, 13, 14, 0), (-50, 70, 25, 13, 17, 10),
    (-70, 63, 25, 13, 16, 10), (-88, 58, 24, 10, 11, 0),
)  # fmt: skip
RAMI = (
    Cord((76.0, -18.0, -4.0), (44.0, -40.0, -12.0), 8.2),
    Cord((44.0, -40.0, -12.0), (15.0, -52.0, -26.0), 7.2),
    Cord((14.0, -48.0, -50.0), (54.0, 14.0, -78.0), 6.2),
)
PUBIC_BODY = Ellipsoid((11.5, -50.0, -37.0), (11.0, 8.5, 20.0), rotation_about("x", 18.0))

FEMUR = (
    Cord((92.0, 1.0, -3.0), (130.0, 8.0, -24.0), 13.5),
    Cord((88.0, 0.0, 0.0), (112.0, 4.0, -10.0), 15.0),
)
TROCHANTER = Ellipsoid((138.0, 14.0, -14.0), (13.0, 18.0, 22.0), rotation_about("y", -10.0))
LESSER_TROCHANTER = Ellipsoid((113.0, 18.0, -62.0), (9.0, 8.0, 11.0))
FEMUR_SHAFT = Column(
    (-12, 132, 9, 13, 15, 0), (-40, 130, 8, 17, 17, 0), (-62, 126, 5, 15.5, 16, 0), (-115, 122, 2, 13, 13.5, 0),
)  # fmt: skip

SACRUM = Column(
    (114, 0, 16, 27, 16, 0), (92, 0, 32, 27, 16, 0), (72, 0, 47, 23, 14, 0), (52, 0, 60, 18, 11, 0),
    (32, 0, 68, 14, 9, 0),
    (12, 0, 69, 11, 7, 0), (-2, 0, 64, 7, 5, 0), (-20, 0, 53, 5, 4, 0),
)  # fmt: skip
ALA = Column(
    (114, 30, 30, 18, 9, 24), (98, 42, 44, 27, 15, 36), (80, 40, 55, 24, 18, 46), (60, 30, 64, 17, 14, 55),
    (42, 21, 71, 11, 10, 60), (18, 12, 73, 7, 6, 60),
)  # fmt: skip
LAMINA = Column(
    (112, 0, 58, 22, 9, 0), (90, 0, 71, 19, 9, 0), (70, 0, 80, 16, 8, 0), (50, 0, 83, 12, 6, 0), (30, 0, 80, 8, 5, 0)
)
SPINES = Column(
    (112, 0, 70, 3.5, 9, 0),
    (90, 0, 82, 3.5, 9, 0),
    (70, 0, 90, 3.5, 6, 0),
    (48, 0, 91, 3.5, 4, 0),
    (28, 0, 86, 3, 3, 0),
)
CANAL = Column((150, 0, 41, 11, 8.5, 0), (118, 0, 44, 12, 8.5, 0), (104, 0, 51, 12, 8, 0),
    (90, 0, 60, 10, 6.5, 0), (70, 0, 70, 8, 5, 0),
               (50, 0, 77, 6, 3.6, 0), (36, 0, 78, 4, 2.5, 0))  # fmt: skip
FORAMINA = (
    Cord((11.0, 60.0, 90.0), (24.0, 40.0, 78.0), 5.0),
    Cord((9.0, 70.0, 70.0), (21.0, 55.0, 58.0), 4.4),
    Cord((7.0, 76.0, 50.0), (18.0, 66.0, 40.0), 3.8),
    Cord((11.0, 60.0, 90.0), (24.0, 74.0, 84.0), 3.0),
    Cord((9.0, 70.0, 70.0), (19.0, 84.0, 64.0), 2.6),
)
LUMBAR = Column((160, 0, 8, 25, 17, 0), (140, 0, 9, 24, 16.5, 0), (123, 0, 12, 26, 17.5, 0))
DISC = Column((127, 0, 11, 25, 17, 0), (121, 0, 13, 25.5, 17, 0), (112, 0, 17, 25, 15.5, 0))
ARCH = Column((160, 0, 46, 17, 14, 0), (118, 0, 50, 18, 14, 0))
PROCESSES = (
    Cord((20.0, 26.0, 138.0), (54.0, 34.0, 142.0), 5.0),
    Cord((20.0, 50.0, 142.0), (22.0, 56.0, 112.0), 7.5),
    Cord((0.0, 60.0, 132.0), (0.0, 84.0, 126.0), 4.4),
    Cord((0.0, 58.0, 162.0), (0.0, 82.0, 158.0), 4.4),
)


@dataclass(frozen=True)
class Bones:
    """Distances in mm outside the bones.

    Parameters
    ----------
    hip, femur, sacrum, lumbar : ndarray
        Both hip bones; both femurs; sacrum and coccyx; the lowest lumbar vertebrae.
    disc, canal : ndarray
        Outside the lowest disc and the spinal canal.
    socket : ndarray
        Outside the hollow of the hip's socket.
    """

    hip: Field
    femur: Field
    sacrum: Field
    lumbar: Field
    disc: Field
    canal: Field
    socket: Field


def bones(points: Points) -> Bones:
    """Measure points against the bones of both sides."""
    half = mirrored(points)
    hip, canal = hip_distance(half), _column(CANAL, half)
    sacrum = _sacrum(half, canal)
    joint = np.maximum(sacrum, (sacrum - hip) / 2 + 1.3)
    return Bones(
        hip=np.maximum(hip, (hip - sacrum) / 2 + 0.5),
        femur=_femur(half),
        sacrum=joint,
        lumbar=_lumbar(half, canal),
        disc=_column(DISC, half),
        canal=canal,
        socket=SOCKET.distance_mm(half),
    )


def hip_distance(half: Points) -> Field:
    """Distance outside the left hip bone."""
    bone = _column(WING[0], half)
    bone = blend_union(bone, _column(WING[1], half), 9.0)
    for cord in CREST:
        bone = blend_union(bone, _cord(cord, half), 6.0)
    for other, fillet_mm in ((_column(ISCHIUM, half), 8.0), (CUP.distance_mm(half), 7.0)):
        bone = blend_union(bone, other, fillet_mm)
    for ramus in RAMI:
        bone = blend_union(bone, _cord(ramus, half), 6.0)
    bone = blend_union(bone, PUBIC_BODY.distance_mm(half), 6.0)
    for hollow in (SOCKET, NOTCH):
        bone = blend_cut(bone, _cord(hollow, half), 2.0)
    return blend_cut(bone, half.x - 2.4, 2.0)


def _femur(half: Points) -> Field:
    bone: Field = Ellipsoid(HIP, (HEAD_MM,) * 3).distance_mm(half)
    if half.z.min() > 30.0:
        return np.asarray(bone)
    for cord in FEMUR:
        bone = blend_union(bone, _cord(cord, half), 5.0)
    bone = blend_union(bone, _column(FEMUR_SHAFT, half), 8.0)
    bone = blend_union(bone, TROCHANTER.distance_mm(half), 7.0)
    return blend_union(bone, LESSER_TROCHANTER.distance_mm(half), 6.0)


def _sacrum(half: Points, canal: Field) -> Field:
    bone = blend_union(_column(SACRUM, half), _column(ALA, half), 8.0)
    bone = blend_union(bone, _column(LAMINA, half), 5.0)
    bone = blend_union(bone, _column(SPINES, half), 4.0)
    bone = blend_cut(bone, canal, 1.5)
    for hole in FORAMINA:
        bone = blend_cut(bone, _cord(hole, half), 2.0)
    return bone


def _lumbar(half: Points, canal: Field) -> Field:
    bone = blend_union(_column(LUMBAR, half), _column(ARCH, half), 6.0)
    for cord in PROCESSES:
        bone = blend_union(bone, _cord(cord, half), 5.0)
    return blend_cut(bone, canal, 1.5)


def _column(column: Column, points: Points) -> Field:
    return column.distance_mm(points) if column.reaches(points.z) else np.full(points.shape, FAR_MM)


def _cord(cord: Cord, points: Points) -> Field:
    return cord.distance_mm(points) if cord.reaches(points.z) else np.full(points.shape, FAR_MM)
