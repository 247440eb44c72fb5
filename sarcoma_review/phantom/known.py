"""What a case was made from, as plain numbers: tumours of ellipsoids, planes at known margins, outlines."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from sarcoma_review.phantom.imaging import slabs
from sarcoma_review.phantom.lesion import union_support, union_volume_ml
from sarcoma_review.phantom.shapes import Ellipsoid, Field, Points
from sarcoma_review.volume import Grid, Volume

Cutting = tuple[str, tuple[float, float, float], float]
"""A plane's name, its direction away from the specimen, and its margin in mm."""


def tumour(parts: Sequence[Ellipsoid], *, medullary: int) -> dict[str, Any]:
    """A union of ellipsoids, of which the first few lie within bone."""
    return {
        "definition": "union of ellipsoids: |diag(1/semi_axes_mm) rotationᵀ (p - centre_mm)| < 1 in any",
        "ellipsoids": [_ellipsoid(part, number < medullary) for number, part in enumerate(parts)],
        "volume_ml": union_volume_ml(parts),
        "volume_from": "closed-form chords along z on a 0.1 mm grid in x and y",
    }


def plane(parts: Sequence[Ellipsoid], cutting: Cutting) -> dict[str, Any]:
    """A cutting plane at a chosen margin from a tumour."""
    name, direction, margin_mm = cutting
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


def minimum(planes: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The least margin of some planes, and where it is."""
    least = min(planes, key=lambda each: float(each["margin_mm"]))
    return {
        "margin_mm": least["margin_mm"],
        "plane": least["name"],
        "position_mm": least["closest_point_mm"],
        "computed_from": "least over planes of n·point - max over ellipsoids of "
        "(n·centre + sqrt(nᵀ Q diag(a²,b²,c²) Qᵀ n))",
    }


def mask(grid: Grid, origin_mm: Field, frame_uid: str, *, distance: Callable[[Points], Field]) -> Volume:
    """The voxels whose centre lies inside a shape."""
    inside = [np.asarray(distance(points))[0] < 0 for points in slabs(grid, origin_mm)]
    return Volume(np.stack(inside), grid.affine, frame_uid)


def _ellipsoid(part: Ellipsoid, medullary: bool) -> dict[str, Any]:
    return {
        "where": "medullary" if medullary else "extraosseous",
        "centre_mm": np.asarray(part.centre_mm).tolist(),
        "semi_axes_mm": np.asarray(part.semi_axes_mm).tolist(),
        "rotation": np.asarray(part.rotation).tolist(),
    }
