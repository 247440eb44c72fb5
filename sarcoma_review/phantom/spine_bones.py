"""The bones at the cervicothoracic junction: how far points lie outside them."""

from dataclasses import dataclass

import numpy as np

from sarcoma_review.phantom.shapes import (
    FAR_MM,
    Column,
    Cord,
    Field,
    Points,
    Profile,
    blend_cut,
    blend_union,
    chain,
    mirrored,
)

BODIES = Column(
    (90, 0, -19, 12.5, 8, 0), (60, 0, -13, 13, 8, 0), (38, 0, -8.5, 14, 8.2, 0), (20, 0, -4, 15.5, 8.6, 0),
    (0, 0, 0, 16.5, 9, 0), (-22, 0, 4, 16, 9.6, 0), (-45, 0, 7, 15, 10.4, 0), (-68, 0, 9, 14.5, 11, 0),
    (-100, 0, 11, 14.5, 12, 0),
)  # fmt: skip
"""All vertebral bodies and discs in one."""

DISCS = (
    (66.5, 2.8, 0.16), (48.0, 2.8, 0.16), (29.5, 2.8, 0.16), (10.5, 2.6, 0.17), (-11.0, 2.2, 0.16),
    (-33.5, 2.2, 0.13),
    (-57.0, 2.3, 0.10), (-81.0, 2.4, 0.08),
)  # fmt: skip
"""Height of each disc at its centre, half its thickness, and how far it rises per mm toward the front."""

CANAL = Column(
    (90, 0, -3, 11.5, 7.4, 0), (60, 0, 3, 11.5, 7.6, 0), (38, 0, 7.6, 11.5, 7.8, 0), (20, 0, 12.4, 11.2, 7.8, 0),
    (0, 0, 17, 10, 8, 0),
    (-22, 0, 21.4, 9, 7.8, 0), (-45, 0, 25, 8.6, 7.6, 0), (-68, 0, 27.6, 8.5, 7.6, 0), (-100, 0, 30, 8.5, 7.6, 0),
)  # fmt: skip
SAC = Column(
    (90, 0, -3, 9.4, 6, 0), (60, 0, 3, 9.4, 6.2, 0), (38, 0, 7.6, 9.2, 6.2, 0), (20, 0, 12.8, 9, 6, 0),
    (13, -0.4, 15.6, 8.6, 5, 0),
    (7, -1, 21.3, 8.2, 3.3, 0), (-7, -1, 21.3, 8.2, 3.3, 0), (-15, -0.4, 20.2, 7.8, 5.2, 0),
    (-24, 0, 21.8, 7.4, 6, 0),
    (-45, 0, 25, 7, 6, 0), (-68, 0, 27.6, 7, 6, 0), (-100, 0, 30, 7, 6, 0),
)  # fmt: skip
"""The dural sac: pushed back and flattened behind the first thoracic vertebra."""
SPINAL_CORD = Column(
    (90, 0, -2.6, 6.8, 3.9, 0), (60, 0, 3.2, 6.8, 3.9, 0), (38, 0, 7.8, 6.7, 3.9, 0), (20, 0, 13, 6.4, 3.8, 0),
    (13, -0.4, 16.4, 6.8, 3.4, 0),
    (7, -1, 21.4, 7.2, 2.5, 0), (-7, -1, 21.4, 7.2, 2.5, 0), (-15, -0.4, 20.8, 6, 3.2, 0),
    (-24, 0, 21.8, 4.9, 3.6, 0),
    (-45, 0, 24.8, 4.5, 3.4, 0), (-68, 0, 27.2, 4.4, 3.4, 0), (-100, 0, 29.6, 4.4, 3.4, 0),
)  # fmt: skip


@dataclass(frozen=True)
class Level:
    """One vertebra, in mm.

    Parameters
    ----------
    z, y : float
        Height of its body's middle, and how far back that lies.
    half_width, half_depth : float
        Of the body.
    tip : tuple of float
        End of the spinous process: y and z.
    thoracic : bool
        Transverse processes behind the joints, rather than beside the body.
    """

    z: float
    y: float
    half_width: float
    half_depth: float
    tip: tuple[float, float]
    thoracic: bool = True


LEVELS = (
    Level(57.0, -12.0, 13.0, 8.0, (33.0, 46.0), thoracic=False),
    Level(38.5, -8.5, 14.0, 8.2, (42.0, 26.0), thoracic=False),
    Level(20.0, -4.0, 15.5, 8.6, (55.0, 8.0), thoracic=False),
    Level(0.0, 0.0, 16.5, 9.0, (58.0, -14.0)),
    Level(-22.0, 4.0, 16.0, 9.6, (60.0, -42.0)),
    Level(-45.0, 7.0, 15.0, 10.4, (61.0, -69.0)),
    Level(-69.0, 9.0, 14.5, 11.0, (62.0, -97.0)),
    Level(-93.0, 11.0, 14.5, 12.0, (64.0, -122.0)),
)
"""From the fifth cervical to the fifth thoracic vertebra."""

SPINOUS_TIPS = Profile(*((level.tip[1], level.tip[0]) for level in LEVELS))
"""How far back the spinous processes reach at each height: y in mm."""


def _arch(level: Level) -> tuple[Cord, ...]:
    """Pedicle, articular mass, lamina, transverse and spinous process of one vertebra, on the left."""
    z, back, side = level.z, level.y + level.half_depth, level.half_width - 2.0
    roof = back + 19.0
    across = Cord((side, back + 7.0, z + 2.0), (side + 20.0, back + 14.0, z + 4.0), 4.6)
    beside = Cord((side, back - 6.0, z), (side + 10.0, back - 3.0, z - 3.0), 4.0)
    pedicle_mm, joint_mm = (3.8, 4.6) if level.thoracic else (3.4, 5.8)
    return (
        Cord((side - 2.0, back - 3.0, z + 3.0), (side - 0.5, back + 7.0, z + 2.0), pedicle_mm),
        Cord((side + 0.5, back + 8.0, z + 9.0), (side + 0.5, back + 11.0, z - 11.0), joint_mm),
        Cord((side, back + 10.0, z + 1.0), (0.0, roof, z - 5.0), 3.4),
        Cord((0.0, roof, z - 4.0), (0.0, level.tip[0] - 3.0, level.tip[1]), 3.4),
        across if level.thoracic else beside,
    )


ARCHES = tuple(cord for level in LEVELS for cord in _arch(level))
T1_ARCH = _arch(LEVELS[3])

_RIBS = (
    ((18, 5, 7), (40, 25, 8), (57, 18, 3), (62, -6, -6), (54, -36, -18), (34, -54, -30)),
    ((18, 10, -13), (40, 34, -12), (68, 34, -17), (87, 12, -27), (90, -22, -42), (80, -52, -60), (56, -74, -74)),
    ((17, 13, -36), (40, 41, -36), (70, 44, -43), (94, 24, -55), (102, -10, -72), (96, -40, -90)),
    ((17, 15, -60), (40, 45, -60), (72, 49, -67), (98, 30, -80), (106, 0, -96)),
)
RIBS = tuple(cord for rib in _RIBS for cord in chain(rib, 4.0, parts=4))
CLAVICLES = (
    Cord((16.0, -60.0, -26.0), (58.0, -58.0, -10.0), 6.0),
    Cord((58.0, -58.0, -10.0), (110.0, -40.0, 2.0), 5.6),
)
MANUBRIUM = Column(
    (-24, 0, -62, 24, 5.5, 0), (-45, 0, -68, 20, 5.5, 0), (-80, 0, -75, 14, 5.5, 0), (-100, 0, -78, 14, 5.5, 0)
)
SCAPULAE = (Cord((84.0, 42.0, 6.0), (92.0, 52.0, -95.0), 3.4), Cord((92.0, 52.0, -30.0), (120.0, 30.0, -40.0), 3.0))


@dataclass(frozen=True)
class Bones:
    """Distances in mm outside the bones and what they hold.

    Parameters
    ----------
    spine, chest : ndarray
        Vertebrae; ribs, collar bones, breastbone and shoulder blades.
    disc, canal, sac, cord : ndarray
        Discs, the spinal canal, the dural sac, the spinal cord.
    """

    spine: Field
    chest: Field
    disc: Field
    canal: Field
    sac: Field
    cord: Field


def bones(points: Points) -> Bones:
    """Measure points against spine and chest."""
    half = mirrored(points)
    canal = CANAL.distance_mm(points)
    column, between = BODIES.distance_mm(points), _into_discs(points)
    spine = blend_cut(blend_union(_bodies(column, between), _nearest(ARCHES, half), 3.0), canal, 1.5)
    chest = np.minimum(_nearest((*RIBS, *CLAVICLES, *SCAPULAE), half), _breastbone(half))
    return Bones(
        spine=spine,
        chest=np.maximum(chest, (chest - spine) / 2 + 0.9),
        disc=np.maximum(column - 0.3, between),
        canal=canal,
        sac=SAC.distance_mm(points),
        cord=SPINAL_CORD.distance_mm(points),
    )


def t1_distance(points: Points) -> Field:
    """Distance outside the first thoracic vertebra alone."""
    column, between = BODIES.distance_mm(points), _into_discs(points)
    height = points.z + _lean(points) * DISCS[3][2]
    body = np.maximum(_bodies(column, between), np.abs(height + 0.25) - 10.0)
    return blend_cut(blend_union(body, _nearest(T1_ARCH, mirrored(points)), 3.0), CANAL.distance_mm(points), 1.5)


def _lean(points: Points) -> Field:
    """How far behind the middle of the bodies points lie, mm."""
    return np.asarray(points.y - BODIES.centre(points.z)[1])


def _into_discs(points: Points) -> Field:
    """How far points lie above or below the nearest disc, mm; negative within one."""
    lean = _lean(points)
    return np.asarray(np.minimum.reduce([np.abs(points.z - z + rise * lean) - half_mm for z, half_mm, rise in DISCS]))


def _bodies(column: Field, between: Field) -> Field:
    """Vertebral bodies: waisted between their end plates."""
    waist = 1.1 * np.clip(between / 7.0, 0.0, 1.0)
    return -blend_union(-(column + waist), between, 2.0)


def _breastbone(half: Points) -> Field:
    return MANUBRIUM.distance_mm(half) if MANUBRIUM.reaches(half.z) else np.full(half.shape, FAR_MM)


def _nearest(cords: tuple[Cord, ...], points: Points) -> Field:
    """Distance outside the nearest of some bony bars, with small fillets between them."""
    nearest: Field = np.full(points.shape, FAR_MM)
    for cord in cords:
        if cord.reaches(points.z):
            nearest = blend_union(nearest, cord.distance_mm(points), 3.0)
    return nearest
