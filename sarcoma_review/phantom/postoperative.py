"""The CT after the operation: the specimen gone, the limb lying differently, in a space of its own."""

from typing import Any

import numpy as np

from sarcoma_review.phantom.anatomy import FEMUR
from sarcoma_review.phantom.imaging import turned_ct_image
from sarcoma_review.phantom.lesion import TUMOUR, union_support
from sarcoma_review.phantom.patient import Acquisition
from sarcoma_review.phantom.shapes import Field, Points, rotation_about
from sarcoma_review.phantom.skeleton import femur_distance
from sarcoma_review.phantom.surgery import Cut, missed
from sarcoma_review.phantom.texture import Textures
from sarcoma_review.phantom.thigh import body
from sarcoma_review.volume import Grid, Volume

FRAME_UID = "2.25.271828182845904523536028747135266249776"
DESCRIPTION = "postop knee 0.78 soft"

KNEE_MM = (-81.3, 33.6, -412.7)
"""Where the knee's own origin lies after the operation."""

TURN: Field = rotation_about("z", 7.0) @ rotation_about("x", -4.0) @ rotation_about("y", 3.0)
"""How the limb is turned against how it lay before: 8.6 degrees in all."""

ERRORS = {
    "proximal": (-2.4, 3.0, (1.0, -0.6, 0.0)),
    "posterior": (-1.2, 2.0, (0.3, 0.0, 1.0)),
    "medial": (1.5, 2.5, (0.0, 1.0, 0.4)),
}
"""By plane: how far the saw missed along the planned normal in mm (negative toward the tumour), by what angle in
degrees, and which way the normal leaned."""

ACQUISITION: Acquisition = {
    "BodyPartExamined": "KNEE", "PatientPosition": "HFS", "KVP": 120.0, "XRayTubeCurrent": 210.0,
    "ExposureTime": 750.0, "SliceThickness": 0.8, "SpacingBetweenSlices": 0.8, "ConvolutionKernel": "SOFT",
    "ReconstructionDiameter": 150.0, "GantryDetectorTilt": 0.0,
}  # fmt: skip


def grid() -> Grid:
    """The lattice: 112 axial slices of 0.8 mm from mid-bed to well up the shaft, 192 x 192 voxels of 0.78125 mm."""
    affine = np.zeros((4, 4))
    affine[0, 2] = affine[1, 1] = 0.78125
    affine[2, 0] = 0.8
    affine[:, 3] = (KNEE_MM[0] - 84.0, KNEE_MM[1] - 66.0, KNEE_MM[2] + 60.0, 1.0)
    return Grid((112, 192, 192), affine)


def ct(textures: Textures, planned: list[Cut], rng: np.random.Generator) -> Volume:
    """Draw the CT of a limb, as if each planned cut had been missed by `ERRORS`."""
    lattice = grid()
    to_knee = np.asarray(np.linalg.inv(from_knee()), np.float64)
    array = turned_ct_image(body(textures, achieved_cuts(planned)), lattice, to_knee, rng)
    return Volume(array, lattice.affine, FRAME_UID, modality="CT", description=DESCRIPTION, units="HU")


def from_knee() -> Field:
    """From the knee's own frame to patient space after the operation, shape (4, 4), mm."""
    matrix = np.eye(4)
    matrix[:3, :3], matrix[:3, 3] = TURN, KNEE_MM
    return matrix


def achieved_cuts(planned: list[Cut]) -> list[Cut]:
    """The cuts that were made, in the knee's own frame."""
    return [
        missed(cut, pivot_mm=_pivot(cut), tilt_deg=tilt, toward=toward, offset_mm=offset)
        for cut, (offset, tilt, toward) in ((cut, ERRORS[cut.name]) for cut in planned)
    ]


def _pivot(cut: Cut) -> Field:
    """Where the shaft's line meets the proximal cut; the others turn about their own point."""
    if cut.name != "proximal":
        return cut.point_mm
    height = float(cut.point_mm[2])
    for _ in range(20):  # the line is nearly along z, so that this converges at once
        x, y = FEMUR.centre(np.array(height))
        height = float(cut.point_mm[2] - ((cut.normal[:2] @ (np.array([x, y]) - cut.point_mm[:2])) / cut.normal[2]))
    return np.array([x, y, height])


def truth(planned: list[Cut], knee_mm: Field) -> dict[str, Any]:
    """What was achieved, in patient space before the operation, as plain numbers."""
    to_knee = np.eye(4)
    to_knee[:3, 3] = -knee_mm
    return {
        "definition": "faces on the tumour's side; the bone left begins kerf_mm beyond. Patient space before the "
        "operation (LPS), mm",
        "to_postoperative": (from_knee() @ to_knee).tolist(),
        "to_postoperative_is": "4 x 4, patient space before the operation to that after it, mm",
        "turn_deg": float(np.degrees(np.arccos((np.trace(TURN) - 1) / 2))),
        "planes": [
            _achieved(plan, made, knee_mm) for plan, made in zip(planned, achieved_cuts(planned), strict=True)
        ],
    }


def _achieved(planned: Cut, made: Cut, knee_mm: Field) -> dict[str, Any]:
    offset, tilt, _ = ERRORS[planned.name]
    margins = [float(cut.normal @ cut.point_mm) - union_support(TUMOUR, cut.normal)[0] for cut in (planned, made)]
    found: dict[str, Any] = {
        "name": made.name,
        "point_mm": (made.point_mm + knee_mm).tolist(),
        "normal": made.normal.tolist(),
        "kerf_mm": made.kerf_mm,
        "offset_mm": offset,
        "angle_deg": tilt,
        "margin_mm": margins[1],
        "margin_error_mm": margins[1] - margins[0],
    }
    return found | ({"bone_section": _bone_section(planned, made)} if made.name == "proximal" else {})


def _bone_section(planned: Cut, made: Cut, *, step_mm: float = 0.1) -> dict[str, float | str]:
    """How far the made face lies from the planned one over the bone it cut, sampled on a fine square lattice."""
    u = np.cross(made.normal, (0.0, 1.0, 0.0))
    u /= np.linalg.norm(u)
    v = np.cross(made.normal, u)
    steps = np.arange(-25.0, 25.0, step_mm)
    first, second = np.meshgrid(steps, steps, indexing="ij")
    spots = made.point_mm + first[..., None] * u + second[..., None] * v
    face = Points(spots[..., 0], spots[..., 1], spots[..., 2])
    deviation = planned.distance_mm(face)[femur_distance(face) < 0]
    low, high = float(deviation.min()), float(deviation.max())
    return {
        "minimum_mm": low,
        "mean_mm": float(deviation.mean()),
        "maximum_mm": high,
        "zone_mm": 2 * max(abs(low), abs(high)),
        "parallelism_mm": high - low,
        "computed_from": f"signed distance from the planned plane over the femur's section, {step_mm} mm lattice",
    }
