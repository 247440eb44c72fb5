"""The patient with an osteosarcoma of the first thoracic vertebra: grids, plan, and how the case is put together."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sarcoma_review.phantom import known, thorax
from sarcoma_review.phantom.brightness import T1, T2
from sarcoma_review.phantom.imaging import ct_image, mr_images
from sarcoma_review.phantom.lesion import union_distance
from sarcoma_review.phantom.patient import Acquisition, Patient, SyntheticImage
from sarcoma_review.phantom.shapes import Column, Field, Points
from sarcoma_review.phantom.spinal_osteosarcoma import EPIDURAL, MARROW, TUMOUR
from sarcoma_review.phantom.spine_bones import SAC, SPINAL_CORD, t1_distance
from sarcoma_review.phantom.texture import random_textures
from sarcoma_review.phantom.thorax_anatomy import AORTA
from sarcoma_review.volume import Grid, Segment, Volume

CASE_ID = "t1_spine_osteosarcoma"

FRAME_UID = "2.25.173205080756887729352744634150587236694"

T1_MM = (2.1, 24.0, -180.0)
"""Where the middle of the first thoracic vertebra lies in patient space."""

PLANES: tuple[known.Cutting, ...] = (
    ("cranial", (0.0, -0.17, 0.985), 5.0),
    ("caudal", (0.0, 0.16, -0.987), 5.0),
    ("dural", (0.0, 1.0, 0.0), -5.0),
)
"""What taking out the vertebra in one piece would ask for. The third plane passes in front of the cord, and so
through the tumour in pedicle and lamina: intralesional, by as much as its margin is below 0."""

CT_ACQUISITION: Acquisition = {
    "BodyPartExamined": "TSPINE", "PatientPosition": "HFS", "KVP": 120.0, "XRayTubeCurrent": 240.0,
    "ExposureTime": 750.0, "SliceThickness": 1.5, "SpacingBetweenSlices": 1.5, "ConvolutionKernel": "SOFT",
    "ReconstructionDiameter": 180.0, "GantryDetectorTilt": 0.0,
}  # fmt: skip

_MR: Acquisition = {
    "BodyPartExamined": "TSPINE", "PatientPosition": "HFS", "ScanningSequence": "SE", "MRAcquisitionType": "2D",
    "MagneticFieldStrength": 1.5, "ImagedNucleus": "1H", "ImagingFrequency": 63.87, "FlipAngle": 90.0,
    "NumberOfAverages": 2.0, "PixelBandwidth": 190.0, "SliceThickness": 3.0, "SpacingBetweenSlices": 3.0,
}  # fmt: skip
T1_ACQUISITION: Acquisition = _MR | {
    "SequenceVariant": "NONE", "RepetitionTime": 540.0, "EchoTime": 11.0, "EchoTrainLength": 1.0,
}  # fmt: skip
T2_ACQUISITION: Acquisition = _MR | {
    "SequenceVariant": "SK", "RepetitionTime": 3600.0, "EchoTime": 104.0, "EchoTrainLength": 16.0,
}  # fmt: skip


def t1_spine_osteosarcoma(*, rng_seed: int = 22) -> Patient:
    """Make the patient with an osteosarcoma of the first thoracic vertebra that presses on the spinal cord.

    A young woman lies supine, head first; the images end well below the jaw. CT is axial and narrow, 1.5 mm slices of
    0.9 mm pixels, in HU; MR is sagittal, T1- and T2-weighted, and axial T2-weighted, all of 3 mm slices. All are
    cut from one body in one frame of reference.

    Parameters
    ----------
    rng_seed : int
        Seeds what is random: texture, sway and noise. Tumour, cord and planes are the same for every seed.

    Returns
    -------
    Patient
        Images CT, sagittal T1 and T2, axial T2; segments ``"tumour"`` (the ellipsoids of the truth), ``"vertebra"``
        (T1 before the tumour), ``"spinal cord"``, ``"dural sac"`` (with the cord in it) and ``"aorta"``; the truth,
        with the distance from tumour to cord and an intralesional plan in closed form.
    """
    drawn, ct_noise, sagittal_noise, axial_noise = np.random.default_rng(rng_seed).spawn(4)
    body, origin = thorax.body(random_textures(drawn)), np.array(T1_MM)
    ct, sagittal, axial = ct_grid(), sagittal_grid(), axial_grid()
    offsets = (-1 / 3, 0.0, 1 / 3)
    array = ct_image(body, ct, origin, ct_noise)
    t1, t2 = mr_images(body, sagittal, origin, tables=[T1, T2], rng=sagittal_noise, noise=10.0, offsets=offsets)
    (across,) = mr_images(body, axial, origin, tables=[T2], rng=axial_noise, noise=10.0, offsets=offsets)
    images = (
        SyntheticImage(
            Volume(array, ct.affine, FRAME_UID, modality="CT", description="spine 1.5 soft", units="HU"),
            dict(CT_ACQUISITION),
        ),
        _mr(t1, sagittal, "T1 SE sagittal", T1_ACQUISITION),
        _mr(t2, sagittal, "T2 TSE sagittal", T2_ACQUISITION),
        _mr(across, axial, "T2 TSE axial", T2_ACQUISITION),
    )
    return Patient(
        CASE_ID, images, segments(ct), truth(rng_seed),
        sex="F", age="019Y", study="spine tumour", outlines="tumour and spine",
    )  # fmt: skip


def _mr(array: NDArray[np.int16], grid: Grid, description: str, acquisition: Acquisition) -> SyntheticImage:
    return SyntheticImage(
        Volume(array, grid.affine, FRAME_UID, modality="MR", description=description), dict(acquisition)
    )


def segments(grid: Grid) -> tuple[Segment, ...]:
    """Tumour, and what a surgeon would spare."""
    shapes: dict[str, Callable[[Points], Field]] = {
        "tumour": lambda points: union_distance(TUMOUR, points),
        "vertebra": t1_distance,
        "spinal cord": SPINAL_CORD.distance_mm,
        "dural sac": SAC.distance_mm,
        "aorta": AORTA.distance_mm,
    }
    origin = np.array(T1_MM)
    return tuple(Segment(name, known.mask(grid, origin, FRAME_UID, distance=shape)) for name, shape in shapes.items())


def ct_grid() -> Grid:
    """The CT's lattice: 88 axial slices of 1.5 mm from the fourth thoracic vertebra up, 200 x 200 voxels, 0.9 mm."""
    affine = np.zeros((4, 4))
    affine[0, 2] = affine[1, 1] = 0.9
    affine[2, 0] = 1.5
    affine[:, 3] = (T1_MM[0] - 89.3, T1_MM[1] - 92.0, T1_MM[2] - 74.0, 1.0)
    return Grid((88, 200, 200), affine)


def sagittal_grid() -> Grid:
    """The lattice of the sagittal MR: 15 slices of 3 mm from left to right, of 160 x 176 voxels of 0.85 mm."""
    affine = np.zeros((4, 4))
    affine[1, 2], affine[2, 1], affine[0, 0] = 0.85, -0.85, -3.0
    affine[:, 3] = (T1_MM[0] + 21.0, T1_MM[1] - 68.0, T1_MM[2] + 58.0, 1.0)
    return Grid((15, 160, 176), affine)


def axial_grid() -> Grid:
    """The lattice of the axial MR: 18 slices of 3 mm about the vertebra, of 160 x 176 voxels of 0.85 mm."""
    affine = np.zeros((4, 4))
    affine[0, 2] = affine[1, 1] = 0.85
    affine[2, 0] = 3.0
    affine[:, 3] = (T1_MM[0] - 74.4, T1_MM[1] - 64.0, T1_MM[2] - 25.5, 1.0)
    return Grid((18, 160, 176), affine)


def truth(rng_seed: int) -> dict[str, Any]:
    """What the case was made from, in patient space, as plain numbers."""
    parts = [part.moved(T1_MM) for part in TUMOUR]
    planes = [known.plane(parts, cutting) for cutting in PLANES]
    return {
        "case_id": CASE_ID,
        "rng_seed": rng_seed,
        "frame": "DICOM patient space (LPS), mm",
        "tumour": known.tumour(parts, medullary=len(MARROW)),
        "planes": planes,
        "minimum": known.minimum(planes),
        "distances": [_behind("spinal cord", SPINAL_CORD), _behind("dural sac", SAC)],
    }


def _behind(name: str, column: Column) -> dict[str, Any]:
    """How far behind the tumour a column runs, on the line along y through the middle of both.

    Tumour and column lie on either side of the two planes at right angles to that line: nothing of them is closer.
    """
    tip = EPIDURAL.farthest_mm((0.0, 1.0, 0.0))
    _, y, _, half_depth_mm, _ = column.section(tip[2])
    face = np.array([tip[0], y - half_depth_mm, tip[2]])
    return {
        "structure": name,
        "distance_mm": float(face[1] - tip[1]),
        "tumour_point_mm": (tip + T1_MM).tolist(),
        "structure_point_mm": (face + T1_MM).tolist(),
        "computed_from": "front of the column's ellipse less the back of the epidural ellipsoid, on one line along y",
    }
