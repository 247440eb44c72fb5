"""Steps of outlining, as a page asks for them and a journal keeps them: checked, then laid on the outlines.

A step is a mapping of JSON values. ``do`` says what: ``brush`` (with ``axis``, ``points``, ``radius_mm``, ``erase``
and perhaps ``values``, low and high), ``polygon`` (``points``, ``erase``), ``grow`` (one point, ``values``,
``within_mm``), ``interpolate`` (``axis``), ``mask`` (``bits``: the whole segment), ``rename`` (``name``),
``delete``, ``add`` (``name``), ``undo``, ``redo``. All but the last three name the ``segment`` by its number. Points
are LPS mm.
"""

import base64
import zlib
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sarcoma_review.errors import GeometryError, PlanError
from sarcoma_review.planning import grow, interpolate, paint, polygon, threshold
from sarcoma_review.planning.masks import bounding_box
from sarcoma_review.volume import Volume
from sarcoma_review.widgets.outline_bits import Box, Change, Mask, Outlines

Step = dict[str, Any]

MOST_POINTS = 5000
LARGEST_MM = 200.0
_REACHES_MM = (25.0, 75.0)  # tried first: most of what is grown is small, and a long reach is a large box
_DECIMALS = 3  # of a mm: journals stay short


def checked_step(asked: Mapping[str, Any], segments: int) -> Step:
    """Give a step back as it is applied and kept, with nothing in it that is not asked for.

    Raises
    ------
    PlanError
        If it is none.
    """
    do = str(asked.get("do"))
    if do in ("undo", "redo"):
        return {"do": do}
    if do == "add":
        return {"do": do, "name": str(asked.get("name", ""))}
    if do not in _PARTS:
        raise PlanError(f"a step of outlining is one of {', '.join(_PARTS)}, add, undo or redo")
    segment = asked.get("segment")
    if type(segment) is not int or not 0 <= segment < segments:
        raise PlanError(f"a segment's number is 0 to {segments - 1} here")
    try:
        return {"do": do, "segment": segment} | {part: _CHECKS[part](asked.get(part)) for part in _PARTS[do]}
    except (TypeError, ValueError) as error:
        if isinstance(error, PlanError):
            raise
        raise PlanError(f"this {do} is not complete: {', '.join(_PARTS[do])} are needed") from None


def changed(outlines: Outlines, volume: Volume, step: Step) -> Change | None:
    """What a checked step turns over, or None where it does nothing.

    Raises
    ------
    PlanError, GeometryError, EmptyMaskError
        As `paint`, `polygon`, `grow` and `interpolate` of `sarcoma_review.planning` do.
    """
    if step["do"] in ("undo", "redo"):
        stack = outlines.past if step["do"] == "undo" else outlines.future
        return stack[-1] if stack else None
    work = {"brush": _brushed, "polygon": _filled, "grow": _grown, "interpolate": _interpolated, "mask": _put}
    found = work[step["do"]](outlines, volume, step)
    return None if found is None else outlines.change(step["segment"], *found)


def packed(mask: Mask) -> str:
    """A whole mask as text of a step."""
    return base64.b64encode(zlib.compress(np.packbits(mask).tobytes())).decode()


Found = tuple[Box, Mask] | None


def _brushed(outlines: Outlines, volume: Volume, step: Step) -> Found:
    box = _box_round(volume, step["points"], step["radius_mm"])
    if box is None:
        return None
    before = outlines.mask(step["segment"], box)
    blank = _part(volume, box, before)
    looks = {key: step[key] for key in ("radius_mm", "erase")}
    now = paint(blank, step["points"], plane_axis=step["axis"], **looks).array
    if step["values"]:
        low, high = step["values"]
        allowed = threshold(_part(volume, box, volume.array[box]), low, high).array
        now = np.where(allowed, now, before)
    return box, now


def _filled(outlines: Outlines, volume: Volume, step: Step) -> Found:
    box = _box_round(volume, step["points"], 0.0)
    if box is None:
        return None
    mask = _part(volume, box, outlines.mask(step["segment"], box))
    return box, polygon(mask, step["points"], erase=step["erase"]).array


def _grown(outlines: Outlines, volume: Volume, step: Step) -> Found:
    seed, reach = step["points"][0], step["within_mm"]
    box = _box_round(volume, [seed], reach)
    index = np.floor(volume.index(seed) + 0.5)
    if box is None or not ((index >= 0) & (index < volume.shape)).all():
        raise GeometryError("the place to grow from lies outside the volume")
    if step["values"] is None:
        raise PlanError("growing needs the values to stay within, low and high")
    low, high = step["values"]
    for near in (*(part for part in _REACHES_MM if part < reach), reach):
        box = _box_round(volume, [seed], near) or box
        found = grow(_part(volume, box, volume.array[box]), seed, low=low, high=high, max_distance_mm=near).array
        if _ends_within(volume, box, found, seed, near):
            break
    return box, found | outlines.mask(step["segment"], box)


def _ends_within(volume: Volume, box: Box, found: Mask, seed: list[float], reach_mm: float) -> bool:
    """Whether what grew stays a voxel's diagonal short of its reach: then it would not grow on with a longer one."""
    diagonal = float(np.abs(volume.affine[:3, :3]).sum(axis=1) @ np.ones(3))
    index = np.argwhere(found) + [side.start for side in box]
    return float(np.linalg.norm(volume.position_mm(index) - seed, axis=1).max()) < reach_mm - diagonal


def _interpolated(outlines: Outlines, volume: Volume, step: Step) -> Found:
    whole = outlines.mask(step["segment"])
    box = bounding_box(whole) if outlines.voxels[step["segment"]] else (slice(0, 1), slice(0, 1), slice(0, 1))
    return box, interpolate(_part(volume, box, whole[box]), axis=step["axis"]).array


def _put(_outlines: Outlines, volume: Volume, step: Step) -> Found:
    size = int(np.prod(volume.shape))
    try:
        numbers = np.frombuffer(zlib.decompress(base64.b64decode(step["bits"])), np.uint8)
        mask = np.unpackbits(numbers, count=size).reshape(volume.shape).astype(bool)
    except (ValueError, zlib.error):
        raise PlanError("the mask of a step does not fit this volume") from None
    return (slice(0, volume.shape[0]), slice(0, volume.shape[1]), slice(0, volume.shape[2])), mask


def _part(volume: Volume, box: Box, array: NDArray[Any]) -> Volume:
    """A box of a volume where it lies: work is done on no more than a stroke reaches."""
    affine = volume.affine.copy()
    affine[:3, 3] = volume.position_mm([side.start for side in box])
    return Volume(array, affine, units=volume.units)


def _box_round(volume: Volume, points: list[list[float]], reach_mm: float) -> Box | None:
    """Voxels within reach of places, one more on every side; None where there are none."""
    if not points:
        raise PlanError("a step of outlining has at least 1 place, got 0")
    index = volume.index(points)
    reach = reach_mm * np.linalg.norm(np.linalg.inv(volume.affine[:3, :3]), axis=1) + 1
    low = np.maximum(np.floor(index.min(axis=0) - reach), 0).astype(int)
    high = np.minimum(np.ceil(index.max(axis=0) + reach) + 1, volume.shape).astype(int)
    if (low >= high).any():
        return None
    sides = [slice(int(a), int(b)) for a, b in zip(low, high, strict=True)]
    return sides[0], sides[1], sides[2]


# --- what a step holds ---


def _points(given: Any) -> list[list[float]]:
    points = np.asarray(given, np.float64)
    if (
        points.ndim != 2
        or points.shape[1] != 3
        or not 0 < len(points) <= MOST_POINTS
        or not np.isfinite(points).all()
    ):
        raise PlanError(f"a step of outlining has 1 to {MOST_POINTS} places of 3 finite numbers in mm")
    return [[round(mm, _DECIMALS) for mm in point] for point in points.tolist()]


def _size_mm(given: Any) -> float:
    size = round(float(given), _DECIMALS)
    if not 0 <= size <= LARGEST_MM:
        raise PlanError(f"a brush and a reach measure 0 to {LARGEST_MM:g} mm, got {size:g} mm")
    return size


def _values(given: Any) -> list[float] | None:
    if given is None:
        return None
    low, high = (float(value) for value in given)
    if not (np.isfinite([low, high]).all() and low <= high):
        raise PlanError(f"values run from low to high, got {low:g} to {high:g}")
    return [low, high]


def _axis(given: Any) -> int:
    if type(given) is not int or given not in (0, 1, 2):
        raise PlanError("an index axis is 0 (slice), 1 (row) or 2 (column)")
    return given


_CHECKS: dict[str, Callable[[Any], object]] = {
    "points": _points,
    "radius_mm": _size_mm,
    "within_mm": _size_mm,
    "axis": _axis,
    "erase": bool,
    "values": _values,
    "bits": str,
    "name": str,
}
_PARTS: dict[str, tuple[str, ...]] = {
    "brush": ("axis", "points", "radius_mm", "erase", "values"),
    "polygon": ("points", "erase"),
    "grow": ("points", "values", "within_mm"),
    "interpolate": ("axis",),
    "mask": ("bits",),
    "rename": ("name",),
    "delete": (),
}
