"""The patient with a Ewing sarcoma of the left acetabulum: grids, planes, and how the case is put together."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sarcoma_review.phantom import known, pelvis
from sarcoma_review.phantom.brightness import STIR, T1
from sarcoma_review.phantom.ewing import MARROW, TUMOUR
from sarcoma_review.phantom.imaging import ct_image, mr_images
from sarcoma_review.phantom.lesion import union_distance
from sarcoma_review.phantom.muscles import Course
from sarcoma_review.phantom.patient import Acquisition, Patient, SyntheticImage
from sarcoma_review.phantom.pelvis_anatomy import ILIAC_ARTERIES, ILIAC_VEINS, SACRAL_NERVES
from sarcoma_review.phantom.pelvis_bones import bones, hip_distance
from sarcoma_review.phantom.shapes import FAR_MM, Field, Points, extent
from sarcoma_review.phantom.texture import Textures, random_textures
from sarcoma_review.volume import Grid, Segment, Volume

CASE_ID = "pelvis_ewing"

FRAME_UID = "2.25.141421356237309504880168872420969807856"

HIPS_MM = (1.3, -12.0, -410.0)
"""Where the pelvis's own origin lies in patient space."""

GROIN_MM = -10.0
"""Below which vessels and nerves are not outlined, in the pelvis's own frame."""

WIDE: tuple[known.Cutting, ...] = (
    ("iliac", (-0.10, 0.30, 0.95), 16.0),
    ("pubic", (-0.80, -0.52, -0.30), 12.0),
    ("ischial", (-0.10, 0.20, -0.97), 10.0),
)
"""The iliac cut ends behind in the sacroiliac joint; the others pass through the superior ramus and the ischium."""

SPARING: tuple[known.Cutting, ...] = (("iliac, lower", (-0.10, 0.30, 0.95), 6.0), *WIDE[1:])
"""The iliac cut a centimetre lower: more of the ilium stays, to carry a reconstruction."""

CT_ACQUISITION: Acquisition = {
    "BodyPartExamined": "PELVIS", "PatientPosition": "HFS", "KVP": 120.0, "XRayTubeCurrent": 160.0,
    "ExposureTime": 750.0, "SliceThickness": 2.5, "SpacingBetweenSlices": 2.5, "ConvolutionKernel": "SOFT",
    "ReconstructionDiameter": 358.4, "GantryDetectorTilt": 0.0,
}  # fmt: skip

_MR: Acquisition = {
    "BodyPartExamined": "PELVIS", "PatientPosition": "HFS", "MRAcquisitionType": "2D", "MagneticFieldStrength": 1.5,
    "ImagedNucleus": "1H", "ImagingFrequency": 63.87, "SliceThickness": 4.5, "SpacingBetweenSlices": 4.5,
}  # fmt: skip
T1_ACQUISITION: Acquisition = _MR | {
    "ScanningSequence": "SE", "SequenceVariant": "NONE", "RepetitionTime": 580.0, "EchoTime": 11.0,
    "EchoTrainLength": 1.0, "FlipAngle": 90.0, "NumberOfAverages": 2.0, "PixelBandwidth": 180.0,
}  # fmt: skip
STIR_ACQUISITION: Acquisition = _MR | {
    "ScanningSequence": ["SE", "IR"], "SequenceVariant": "SK", "RepetitionTime": 4800.0, "EchoTime": 48.0,
    "InversionTime": 150.0, "EchoTrainLength": 12.0, "FlipAngle": 90.0, "NumberOfAverages": 2.0,
    "PixelBandwidth": 200.0,
}  # fmt: skip


def pelvis_ewing(*, rng_seed: int = 21) -> Patient:
    """Make the patient with a Ewing sarcoma about the left acetabulum.

    A young man lies supine, head first. CT is axial, 2.5 mm slices of 1.4 mm pixels, in HU; MR is coronal, 4.5 mm
    slices, T1-weighted and STIR. All are cut from one body in one frame of reference.

    Parameters
    ----------
    rng_seed : int
        Seeds what is random: texture, sway and noise. Tumour and planes are the same for every seed.

    Returns
    -------
    Patient
        Images CT, T1, STIR; segments ``"tumour"`` (the ellipsoids of the truth), ``"hip bone"`` (the left hip bone
        before the tumour), ``"iliac vessels"`` and ``"sacral nerves"`` of the left; the truth, with the margins of
        two plans in closed form.
    """
    drawn, ct_noise, mr_noise = np.random.default_rng(rng_seed).spawn(3)
    textures, origin = random_textures(drawn), np.array(HIPS_MM)
    body, ct, mr = pelvis.body(textures), ct_grid(), mr_grid()
    array = ct_image(body, ct, origin, ct_noise)
    t1, stir = mr_images(body, mr, origin, tables=[T1, STIR], rng=mr_noise, noise=9.0, offsets=(-1 / 3, 0.0, 1 / 3))
    images = (
        SyntheticImage(
            Volume(array, ct.affine, FRAME_UID, modality="CT", description="pelvis 2.5 soft", units="HU"),
            dict(CT_ACQUISITION),
        ),
        SyntheticImage(
            Volume(t1, mr.affine, FRAME_UID, modality="MR", description="T1 SE coronal"), dict(T1_ACQUISITION)
        ),
        SyntheticImage(
            Volume(stir, mr.affine, FRAME_UID, modality="MR", description="STIR coronal"), dict(STIR_ACQUISITION)
        ),
    )
    return Patient(
        CASE_ID, images, segments(ct, textures), truth(rng_seed),
        age="017Y", study="pelvis tumour", outlines="tumour and pelvis",
    )  # fmt: skip


def segments(grid: Grid, textures: Textures) -> tuple[Segment, ...]:
    """Tumour, and what a surgeon would spare or cut on the left."""
    shapes: dict[str, Callable[[Points], Field]] = {
        "tumour": lambda points: union_distance(TUMOUR, points),
        "hip bone": lambda points: np.where(points.x > 0, hip_distance(points), 1.0),
        "iliac vessels": lambda points: _on_the_left((*ILIAC_ARTERIES, *ILIAC_VEINS), points, textures),
        "sacral nerves": lambda points: _on_the_left(SACRAL_NERVES, points, textures),
    }
    origin = np.array(HIPS_MM)
    return tuple(Segment(name, known.mask(grid, origin, FRAME_UID, distance=shape)) for name, shape in shapes.items())


def _on_the_left(courses: tuple[Course, ...], points: Points, textures: Textures) -> Field:
    """Distance outside vessels or nerves of the left, down to the groin and where no bone is in front of them."""
    distance = pelvis.course_distance(courses, points, textures)
    distance = np.where((points.x > 0) & (points.z > GROIN_MM), distance, FAR_MM)
    near: NDArray[np.bool_] = distance < 0
    if near.any():
        window = extent(np.any(near, axis=(0, 2))), extent(np.any(near, axis=(0, 1)))
        where = bones(points.window(*window))
        part = distance[:, window[0], window[1]]
        part[...] = np.maximum(part, -np.minimum.reduce([where.hip, where.sacrum, where.lumbar]))
    return distance


def ct_grid() -> Grid:
    """The CT's lattice: 90 axial slices of 2.5 mm from below the ischia up, of 164 x 256 voxels of 1.4 mm."""
    affine = np.zeros((4, 4))
    affine[0, 2] = affine[1, 1] = 1.4
    affine[2, 0] = 2.5
    affine[:, 3] = (HIPS_MM[0] - 178.5, HIPS_MM[1] - 105.0, HIPS_MM[2] - 88.0, 1.0)
    return Grid((90, 164, 256), affine)


def mr_grid() -> Grid:
    """The MR's lattice: 36 coronal slices of 4.5 mm from front to back, of 160 x 240 voxels of 1.4 mm."""
    affine = np.zeros((4, 4))
    affine[0, 2], affine[2, 1], affine[1, 0] = 1.4, -1.4, 4.5
    affine[:, 3] = (HIPS_MM[0] - 167.3, HIPS_MM[1] - 76.0, HIPS_MM[2] + 133.0, 1.0)
    return Grid((36, 160, 240), affine)


def truth(rng_seed: int) -> dict[str, Any]:
    """What the case was made from, in patient space, as plain numbers."""
    parts = [part.moved(HIPS_MM) for part in TUMOUR]
    wide, sparing = ([known.plane(parts, cutting) for cutting in plan] for plan in (WIDE, SPARING))
    return {
        "case_id": CASE_ID,
        "rng_seed": rng_seed,
        "frame": "DICOM patient space (LPS), mm",
        "tumour": known.tumour(parts, medullary=len(MARROW)),
        "planes": wide,
        "minimum": known.minimum(wide),
        "alternative": {"planes": sparing, "minimum": known.minimum(sparing)},
    }
