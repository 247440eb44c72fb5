"""Heads and limbs by formula, and volumes of them acquired in any direction."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from sarcoma_review.volume import Volume

Points = NDArray[np.float64]
Shape = Callable[[Points], NDArray[np.float64]]
"""HU at points (..., 3) in LPS mm; the field of view reaches from -130 to 130 mm, and from 0 to 240 mm in height."""

_AIR, _SOFT, _BONE, _BRAIN = -1000.0, 40.0, 900.0, 35.0


def _grid(slices: tuple[int, float, int], rows: tuple[int, float, int], columns: tuple[int, float, int]) -> Points:
    """Patient axis, mm (with its sign) and count of each index axis; the field of view is that of `Shape`."""
    affine = np.eye(4)
    affine[:3, :3] = 0
    affine[:3, 3] = (-130.0, -130.0, 0.0)
    for n, (axis, mm, count) in enumerate((slices, rows, columns)):
        affine[axis, n] = mm
        if mm < 0:
            affine[axis, 3] -= mm * (count - 1)
    return affine


AXIAL = _grid((2, 4.0, 60), (1, 3.0, 87), (0, 3.0, 87))
FEET_FIRST = _grid((2, -4.0, 60), (1, 3.0, 87), (0, 3.0, 87))
CORONAL = _grid((1, 4.0, 65), (2, -3.0, 80), (0, 3.0, 87))
SAGITTAL = _grid((0, 4.0, 65), (2, -3.0, 80), (1, 3.0, 87))
_COS, _SIN = np.cos(np.radians(20)), np.sin(np.radians(20))
_TURN = np.array([[1, 0, 0], [0, _COS, -_SIN], [0, _SIN, _COS]])
OBLIQUE = AXIAL.copy()
OBLIQUE[:3, :3] = _TURN @ AXIAL[:3, :3]
OBLIQUE[:3, 3] = np.array([0, 0, 120]) + _TURN @ (AXIAL[:3, 3] - np.array([0, 0, 120]))


def acquired(
    shape: Shape, affine: Points, *, modality: str = "CT", below_mm: float = np.inf, flagged: str = ""
) -> Volume:
    """A volume of a shape, of which only what lies below a height is there."""
    spacing = np.linalg.norm(affine[:3, :3], axis=0)
    spans = 240.0 if abs(affine[2, 0]) > 2 else 260.0, 240.0 if abs(affine[2, 1]) > 2 else 260.0, 260.0
    counts = [round(span / mm) for span, mm in zip(spans, spacing, strict=True)]
    index = np.stack(np.meshgrid(*map(np.arange, counts), indexing="ij"), axis=-1)
    points = index @ affine[:3, :3].T + affine[:3, 3]
    values = shape(points)
    if modality == "MR":
        noise = np.random.default_rng(6).rayleigh(4.0, values.shape)
        values = np.where(values > -500, 400.0, 0.0) + noise
    kept = points[:, 0, 0, 2] < below_mm if np.isfinite(below_mm) else slice(None)
    return Volume(values[kept].astype(np.float32), affine, modality=modality, head=flagged)


def head(points: Points) -> NDArray[np.float64]:
    """Scalp, skull, brain, a nose, and a neck below."""
    values = np.full(points.shape[:-1], _AIR)
    values[(_radius(points, (0, 0, 0), (60, 60, 1e6)) <= 1) & (points[..., 2] < 110)] = _SOFT
    values[_radius(points, (0, -95, 110), (12, 18, 14)) <= 1] = _SOFT
    for radii, value in (((75, 95, 85), _SOFT), ((68, 85, 78), _BONE), ((62, 79, 71), _BRAIN)):
        values[_radius(points, (0, 0, 145), radii) <= 1] = value
    return values


def body(x_mm: float, y_mm: float, *, top_mm: float = np.inf) -> Shape:
    """A limb or trunk along the patient with a bone in it; closed by half an ellipsoid where it has a top."""

    def shape(points: Points) -> NDArray[np.float64]:
        up = np.maximum(points[..., 2] - (top_mm - 70 if np.isfinite(top_mm) else 1e6), 0) / 70
        across = np.hypot(points[..., 0] / x_mm, points[..., 1] / y_mm)
        values = np.where(np.hypot(across, up) <= 1, _SOFT, _AIR)
        values[np.hypot(points[..., 0], points[..., 1]) < 16] = _BONE
        values[np.hypot(points[..., 0], points[..., 1]) < 9] = 20.0
        return np.where(np.hypot(across, up) <= 1, values, _AIR)

    return shape


def shoulder(points: Points) -> NDArray[np.float64]:
    """A rounded shoulder at the side of a trunk that the field of view cuts through."""
    joint = _radius(points, (-40, 0, 130), (75, 70, 70)) <= 1
    arm = (np.hypot(points[..., 0] + 60, points[..., 1]) < 50) & (points[..., 2] < 130)
    slope = (points[..., 0] > -40) & (np.abs(points[..., 1]) < 75) & (points[..., 2] < 175)
    return np.where(joint | arm | slope, _SOFT, _AIR)


def _radius(points: Points, centre: tuple[float, float, float], radii: tuple[float, float, float]) -> Points:
    return np.asarray(np.linalg.norm((points - np.array(centre)) / np.array(radii), axis=-1))
