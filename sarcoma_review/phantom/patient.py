"""The synthetic patient: images, outlines, and the truth they were made from."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from sarcoma_review.phantom import postoperative
from sarcoma_review.phantom.imaging import ct_image, mr_image, slabs
from sarcoma_review.phantom.lesion import MARROW, TUMOUR, union_distance, union_support, union_volume_ml
from sarcoma_review.phantom.shapes import Ellipsoid, Field, Points
from sarcoma_review.phantom.skeleton import femur_distance
from sarcoma_review.phantom.surgery import Cut
from sarcoma_review.phantom.thigh import random_limb
from sarcoma_review.volume import Grid, Segment, Volume

CASE_ID = "distal_femur_osteosarcoma"

FRAME_UID = "2.25.314159265358979323846264338327950288419"

KNEE_MM = (-92.4, 18.0, -655.2)
"""Where the knee's own origin lies in patient space: off the table's middle, as a right leg does."""

PLANES = (
    ("proximal", (0.10, 0.17, 0.98), 20.0),
    ("posterior", (-0.05, 0.985, 0.12), 6.5),
    ("medial", (0.93, 0.15, 0.33), 11.0),
)
"""Name, direction away from the specimen and margin in mm. The proximal one cuts the shaft. The posterior one passes
between the mass and the popliteal artery, as far up as the adductor hiatus, above which the vessels are dissected
free; the medial one passes through vastus medialis. Both clear the condyles."""

CT_ACQUISITION: dict[str, float | str] = {
    "BodyPartExamined": "KNEE", "PatientPosition": "HFS", "KVP": 120.0, "XRayTubeCurrent": 190.0,
    "ExposureTime": 750.0, "SliceThickness": 0.8, "SpacingBetweenSlices": 0.8, "ConvolutionKernel": "SOFT",
    "ReconstructionDiameter": 166.4, "GantryDetectorTilt": 0.0,
}  # fmt: skip

MR_ACQUISITION: dict[str, float | str] = {
    "BodyPartExamined": "KNEE", "PatientPosition": "HFS", "ScanningSequence": "SE", "SequenceVariant": "NONE",
    "MRAcquisitionType": "2D", "RepetitionTime": 560.0, "EchoTime": 12.0, "EchoTrainLength": 1.0, "FlipAngle": 90.0,
    "MagneticFieldStrength": 1.5, "ImagedNucleus": "1H", "ImagingFrequency": 63.87, "NumberOfAverages": 2.0,
    "PixelBandwidth": 180.0, "SliceThickness": 4.0, "SpacingBetweenSlices": 4.0,
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class SyntheticImage:
    """An image, and what its DICOM file would say about how it was taken.

    Parameters
    ----------
    volume : Volume
        Signed 16-bit voxels in patient space.
    acquisition : dict
        DICOM keywords and their values, numbers in the units of the standard (mm, ms, kV, mA, T, degrees).
    study : {"preoperative", "postoperative"}
        Images of one study lie in one frame of reference.
    """

    volume: Volume
    acquisition: dict[str, float | str]
    study: Literal["preoperative", "postoperative"] = "preoperative"


@dataclass(frozen=True, eq=False)
class Patient:
    """A synthetic patient: nobody's data, and everything about it known.

    Parameters
    ----------
    case_id : str
        The name of the case.
    images : tuple of SyntheticImage
        CT, MR, and the CT after the operation.
    segments : tuple of Segment
        Boolean masks on the grid of the first image.
    truth : dict
        What the images were made from, in patient space and mm; fit for JSON.
    """

    case_id: str
    images: tuple[SyntheticImage, ...]
    segments: tuple[Segment, ...]
    truth: dict[str, Any]


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
    body, ct_noise, mr_noise, later_noise = np.random.default_rng(rng_seed).spawn(4)
    limb, knee = random_limb(body), np.array(KNEE_MM)
    ct, mr = ct_grid(), mr_grid()
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
            Volume(
                mr_image(limb, mr, knee, mr_noise), mr.affine, FRAME_UID, modality="MR", description="T1 SE coronal"
            ),
            dict(MR_ACQUISITION),
        ),
        SyntheticImage(
            postoperative.ct(limb, planned_cuts(), later_noise), dict(postoperative.ACQUISITION), "postoperative"
        ),
    )
    segments = (
        Segment("tumour", _mask(ct, lambda points: union_distance(TUMOUR, points))),
        Segment("femur", _mask(ct, femur_distance)),
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
    planes = [_plane(parts, *plane) for plane in PLANES]
    least = min(planes, key=lambda plane: float(plane["margin_mm"]))
    return {
        "case_id": CASE_ID,
        "rng_seed": rng_seed,
        "frame": "DICOM patient space (LPS), mm",
        "tumour": {
            "definition": "union of ellipsoids: |diag(1/semi_axes_mm) rotationᵀ (p - centre_mm)| < 1 in any",
            "ellipsoids": [_ellipsoid(part, number < len(MARROW)) for number, part in enumerate(parts)],
            "volume_ml": union_volume_ml(parts),
            "volume_from": "closed-form chords along z on a 0.1 mm grid in x and y",
        },
        "planes": planes,
        "minimum": {
            "margin_mm": least["margin_mm"],
            "plane": least["name"],
            "position_mm": least["closest_point_mm"],
            "computed_from": "least over planes of n·point - max over ellipsoids of "
            "(n·centre + sqrt(nᵀ Q diag(a²,b²,c²) Qᵀ n))",
        },
        "achieved": postoperative.truth(planned_cuts(), np.array(KNEE_MM)),
    }


def planned_cuts() -> list[Cut]:
    """The planned planes in the knee's own frame."""
    planes = [_plane(list(TUMOUR), *plane) for plane in PLANES]
    return [
        Cut(plane["name"], np.array(plane["point_mm"]), np.array(plane["normal"]), plane["kerf_mm"])
        for plane in planes
    ]


def _plane(
    parts: list[Ellipsoid], name: str, direction: tuple[float, float, float], margin_mm: float
) -> dict[str, Any]:
    """A cutting plane at a chosen margin from the tumour."""
    normal = np.array(direction) / np.linalg.norm(direction)
    _, closest = union_support(parts, normal)
    return {
        "name": name,
        "point_mm": (closest + margin_mm * normal).tolist(),
        "normal": normal.tolist(),
        "kerf_mm": 1.0,
        "margin_mm": margin_mm,
        "closest_point_mm": closest.tolist(),
    }


def _ellipsoid(part: Ellipsoid, medullary: bool) -> dict[str, Any]:
    return {
        "where": "medullary" if medullary else "extraosseous",
        "centre_mm": np.asarray(part.centre_mm).tolist(),
        "semi_axes_mm": np.asarray(part.semi_axes_mm).tolist(),
        "rotation": np.asarray(part.rotation).tolist(),
    }


def _mask(grid: Grid, distance: Callable[[Points], Field]) -> Volume:
    """The voxels whose centre lies inside a shape."""
    inside = [np.asarray(distance(points))[0] < 0 for points in slabs(grid, np.array(KNEE_MM))]
    return Volume(np.stack(inside), grid.affine, FRAME_UID)
