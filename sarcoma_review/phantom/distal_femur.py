"""The patient with an osteosarcoma of the distal femur: grids, planes, and how the case is put together."""

from typing import Any

import numpy as np

from sarcoma_review.phantom import known, postoperative
from sarcoma_review.phantom.brightness import T1
from sarcoma_review.phantom.imaging import ct_image, mr_images
from sarcoma_review.phantom.lesion import MARROW, TUMOUR, union_distance
from sarcoma_review.phantom.patient import Acquisition, Patient, SyntheticImage
from sarcoma_review.phantom.skeleton import femur_distance
from sarcoma_review.phantom.surgery import Cut
from sarcoma_review.phantom.texture import random_textures
from sarcoma_review.phantom.thigh import body
from sarcoma_review.volume import Grid, Segment, Volume

CASE_ID = "distal_femur_osteosarcoma"

FRAME_UID = "2.25.314159265358979323846264338327950288419"

KNEE_MM = (-92.4, 18.0, -655.2)
"""Where the knee's own origin lies in patient space: off the table's middle, as a right leg does."""

PLANES: tuple[known.Cutting, ...] = (
    ("proximal", (0.10, 0.17, 0.98), 20.0),
    ("posterior", (-0.05, 0.985, 0.12), 6.5),
    ("medial", (0.93, 0.15, 0.33), 11.0),
)
"""Name, direction away from the specimen and margin in mm. The proximal one cuts the shaft. The posterior one passes
between the mass and the popliteal artery, as far up as the adductor hiatus, above which the vessels are dissected
free; the medial one passes through vastus medialis. Both clear the condyles."""

CT_ACQUISITION: Acquisition = {
    "BodyPartExamined": "KNEE", "PatientPosition": "HFS", "KVP": 120.0, "XRayTubeCurrent": 190.0,
    "ExposureTime": 750.0, "SliceThickness": 0.8, "SpacingBetweenSlices": 0.8, "ConvolutionKernel": "SOFT",
    "ReconstructionDiameter": 166.4, "GantryDetectorTilt": 0.0,
}  # fmt: skip

MR_ACQUISITION: Acquisition = {
    "BodyPartExamined": "KNEE", "PatientPosition": "HFS", "ScanningSequence": "SE", "SequenceVariant": "NONE",
    "MRAcquisitionType": "2D", "RepetitionTime": 560.0, "EchoTime": 12.0, "EchoTrainLength": 1.0, "FlipAngle": 90.0,
    "MagneticFieldStrength": 1.5, "ImagedNucleus": "1H", "ImagingFrequency": 63.87, "NumberOfAverages": 2.0,
    "PixelBandwidth": 180.0, "SliceThickness": 4.0, "SpacingBetweenSlices": 4.0,
}  # fmt: skip


def distal_femur_osteosarcoma(*, rng_seed: int = 20) -> Patient:
    """Make the patient with an osteosarcoma of the right distal femur.

    The limb lies supine, head first. CT is axial with voxels of 0.8 mm, in HU; MR is a coronal T1-weighted spin
    echo of 4 mm slices, tilted along the femur. Both are cut from one body in one frame of reference. A second CT
    shows the limb after the operation, cut near the planned planes but not on them, lying otherwise and in a frame
    of reference of its own: the same body, moved as a whole.

    Parameters
    ----------
    rng_seed : int
        Seeds what is random: texture, sway and noise. Anatomy, tumour and planes are the same for every seed.

    Returns
    -------
    Patient
        Images CT, MR and post-operative CT; segments ``"tumour"`` (the ellipsoids of the truth) and ``"femur"`` (its
        outline before the tumour, so that the two overlap), true where a voxel's centre lies inside; and the truth.
        Its planes have their normals pointing away from the specimen, and margins to the plane's near face, in
        closed form; what was ``"achieved"`` of them, and how the two patient spaces lie to one another, is there too.
    """
    drawn, ct_noise, mr_noise, later_noise = np.random.default_rng(rng_seed).spawn(4)
    textures, knee = random_textures(drawn), np.array(KNEE_MM)
    limb = body(textures)
    ct, mr = ct_grid(), mr_grid()
    (signal,) = mr_images(limb, mr, knee, tables=[T1], rng=mr_noise)
    images = (
        SyntheticImage(
            Volume(
                ct_image(limb, ct, knee, ct_noise),
                ct.affine,
                FRAME_UID,
                modality="CT",
                description="knee 0.8 soft",
                units="HU",
            ),
            dict(CT_ACQUISITION),
        ),
        SyntheticImage(
            Volume(signal, mr.affine, FRAME_UID, modality="MR", description="T1 SE coronal"), dict(MR_ACQUISITION)
        ),
        SyntheticImage(
            postoperative.ct(textures, planned_cuts(), later_noise), dict(postoperative.ACQUISITION), "postoperative"
        ),
    )
    segments = (
        Segment("tumour", known.mask(ct, knee, FRAME_UID, distance=lambda points: union_distance(TUMOUR, points))),
        Segment("femur", known.mask(ct, knee, FRAME_UID, distance=femur_distance)),
    )
    return Patient(CASE_ID, images, segments, truth(rng_seed))


def ct_grid() -> Grid:
    """The CT's lattice: 184 axial slices from the knee up, of 208 x 208 voxels, 0.8 mm each way."""
    affine = np.zeros((4, 4))
    affine[0, 2] = affine[1, 1] = affine[2, 0] = 0.8
    affine[:, 3] = (-178.4, -57.6, -654.0, 1.0)
    return Grid((184, 208, 208), affine)


def mr_grid() -> Grid:
    """The MR's lattice: 36 coronal slices of 4 mm, front to back, tilted 4.5 degrees about the x axis."""
    shape, tilt = (36, 184, 208), np.radians(4.5)
    affine = np.eye(4)
    affine[:3, 0] = (0.0, 4.0 * np.cos(tilt), 4.0 * np.sin(tilt))
    affine[:3, 1] = (0.0, 0.8 * np.sin(tilt), -0.8 * np.cos(tilt))
    affine[:3, 2] = (0.8, 0.0, 0.0)
    middle = np.array(KNEE_MM) + np.array((-3.2, 4.8, 73.6))
    affine[:3, 3] = middle - affine[:3, :3] @ ((np.array(shape) - 1) / 2)
    return Grid(shape, affine)


def truth(rng_seed: int) -> dict[str, Any]:
    """What the case was made from, in patient space, as plain numbers."""
    parts = [part.moved(KNEE_MM) for part in TUMOUR]
    planes = [known.plane(parts, cutting) for cutting in PLANES]
    return {
        "case_id": CASE_ID,
        "rng_seed": rng_seed,
        "frame": "DICOM patient space (LPS), mm",
        "tumour": known.tumour(parts, medullary=len(MARROW)),
        "planes": planes,
        "minimum": known.minimum(planes),
        "achieved": postoperative.truth(planned_cuts(), np.array(KNEE_MM)),
    }


def planned_cuts() -> list[Cut]:
    """The planned planes in the knee's own frame."""
    planes = [known.plane(TUMOUR, cutting) for cutting in PLANES]
    return [
        Cut(plane["name"], np.array(plane["point_mm"]), np.array(plane["normal"]), plane["kerf_mm"])
        for plane in planes
    ]
