"""Editing a mask by hand: a brush along a stroke, and a polygon on a slice."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from skimage.measure import grid_points_in_poly

from sarcoma_review.errors import GeometryError, PlanError
from sarcoma_review.planning.masks import inside, mask_on
from sarcoma_review.volume import Volume

Floats = NDArray[np.float64]

_OFF_SLICE = 0.5  # voxels that a drawing may lie from the middle of its slice
_AXIS_NAMES = ("slice", "row", "column")


def paint(
    mask: Volume,
    stroke_mm: ArrayLike,
    *,
    radius_mm: float,
    erase: bool = False,
    plane_axis: int | None = None,
) -> Volume:
    """Draw a brush along a line of places.

    Parameters
    ----------
    mask : Volume
    stroke_mm : array_like, shape (n, 3)
        Places in LPS mm, at least one, joined by straight lines. What lies outside the volume paints nothing.
    radius_mm : float
        Of the brush. Voxels whose centre is within it are painted, and those the stroke itself runs through.
    erase : bool
        Take away instead of adding.
    plane_axis : {0, 1, 2}, optional
        A disc instead of a ball: only on the slice across this index axis on which the stroke lies.

    Returns
    -------
    Volume
        Boolean.

    Raises
    ------
    PlanError
        If the stroke holds no place or one that is not finite, the radius is negative or not finite, or
        `plane_axis` is not an axis.
    GeometryError
        If a disc's stroke leaves its slice by more than half a voxel.

    Examples
    --------
    >>> blank = Volume(np.zeros((3, 9, 9), bool), np.diag([3.0, 1.0, 1.0, 1.0]))
    >>> dot = paint(blank, [(3.0, 4.0, 4.0)], radius_mm=2.0)  # x runs along the slices here
    >>> np.argwhere(dot.array).min(axis=0).tolist(), np.argwhere(dot.array).max(axis=0).tolist()
    ([1, 2, 2], [1, 6, 6])
    """
    stroke = _places(stroke_mm, "a stroke", 1)
    if not (np.isfinite(radius_mm) and radius_mm >= 0):
        raise PlanError(f"a brush has a radius of at least 0 mm, got {radius_mm:g} mm")
    painted = np.zeros(mask.shape, bool)
    window = [slice(0, size) for size in mask.shape]
    if plane_axis is not None:
        if plane_axis not in (0, 1, 2):
            raise PlanError(f"an index axis is 0 (slice), 1 (row) or 2 (column), got {plane_axis}")
        number = _slice_number(mask, stroke, plane_axis, "the stroke")
        window[plane_axis] = slice(number, number + 1)
        stroke = _onto_slice(mask, stroke, plane_axis, number)
    for start, end in zip(stroke, stroke[1:] if len(stroke) > 1 else stroke, strict=False):
        _add_segment(painted, mask, (start, end), radius_mm, window)
    return _edited(mask, painted, erase=erase)


def polygon(mask: Volume, corners_mm: ArrayLike, *, erase: bool = False) -> Volume:
    """Fill a polygon on the slice it lies on.

    Parameters
    ----------
    mask : Volume
    corners_mm : array_like, shape (n, 3)
        At least three, LPS mm, on one slice across any index axis; the last is joined to the first. What lies
        outside the volume is left out. Where the line crosses itself, what it encloses twice stays out.
    erase : bool
        Take away instead of adding.

    Returns
    -------
    Volume
        Boolean; voxels whose centre the polygon encloses, by the same rule that reads a structure set's contours.

    Raises
    ------
    PlanError
        If there are fewer than three corners, or one is not finite.
    GeometryError
        If the corners lie on no slice: off the middle of each by more than half a voxel, or outside the volume.

    Examples
    --------
    >>> blank = Volume(np.zeros((3, 9, 9), bool), np.eye(4))
    >>> corners = [(1, 1.5, 1.5), (1, 1.5, 5.5), (1, 4.5, 5.5), (1, 4.5, 1.5)]
    >>> int(polygon(blank, corners).array[1].sum())
    12
    """
    corners = _places(corners_mm, "a polygon", 3)
    index = mask.index(corners)
    axis = int(np.argmin(np.ptp(index, axis=0)))
    number = _slice_number(mask, corners, axis, "the polygon")
    flat = np.delete(index, axis, axis=1)
    drawn = np.zeros(mask.shape, bool)
    plane = np.moveaxis(drawn, axis, 0)[number]
    low = np.clip(np.floor(flat.min(axis=0)).astype(int), 0, plane.shape)
    high = np.clip(np.ceil(flat.max(axis=0)).astype(int) + 1, 0, plane.shape)
    size = (int(high[0] - low[0]), int(high[1] - low[1]))
    if min(size) > 0:
        plane[low[0] : high[0], low[1] : high[1]] = grid_points_in_poly(size, flat - low)
    return _edited(mask, drawn, erase=erase)


def _places(places_mm: ArrayLike, what: str, least: int) -> Floats:
    places = np.asarray(places_mm, np.float64)
    if places.ndim != 2 or places.shape[1] != 3 or len(places) < least:
        raise PlanError(f"{what} has at least {least} place(s) of 3 numbers in mm, got an array of {places.shape}")
    if not np.isfinite(places).all():
        raise PlanError(f"{what} has finite places in mm, got one that is not")
    return places


def _slice_number(mask: Volume, places: Floats, axis: int, what: str) -> int:
    along = mask.index(places)[:, axis]
    number = int(np.floor(np.median(along) + 0.5))
    off = float(np.abs(along - number).max())
    name = _AXIS_NAMES[axis]
    if off > _OFF_SLICE + 1e-6:
        raise GeometryError(
            f"{what} lies on no {name}: expected within {_OFF_SLICE * mask.spacing_mm[axis]:.2f} mm of {name} "
            f"{number}'s middle, found {off * mask.spacing_mm[axis]:.2f} mm"
        )
    if not 0 <= number < mask.shape[axis]:
        raise GeometryError(
            f"{what} lies outside the volume: expected a {name} below {mask.shape[axis]}, got {number}"
        )
    return number


def _onto_slice(mask: Volume, places: Floats, axis: int, number: int) -> Floats:
    index = mask.index(places)
    index[:, axis] = number
    return mask.position_mm(index)


def _add_segment(
    painted: NDArray[np.bool_], mask: Volume, ends: tuple[Floats, Floats], radius_mm: float, window: list[slice]
) -> None:
    """Paint, in place, what lies within the brush of one straight piece of a stroke."""
    index = mask.index(np.stack(ends))
    reach = radius_mm * np.linalg.norm(np.linalg.inv(mask.affine[:3, :3]), axis=1)
    low, high = np.ceil(index.min(axis=0) - reach), np.floor(index.max(axis=0) + reach) + 1
    box = tuple(
        slice(int(max(a, side.start)), int(max(a, side.start, min(b, side.stop))))
        for a, b, side in zip(low, high, window, strict=True)
    )
    steps = np.stack(np.meshgrid(*[np.arange(side.start, side.stop) for side in box], indexing="ij"), axis=-1)
    painted[box] |= _distance_to_line_mm(mask.position_mm(steps), *ends) <= radius_mm + 1e-9
    run = np.linspace(index[0], index[1], 2 + int(2 * np.abs(index[1] - index[0]).max()))
    through = np.floor(run + 0.5).astype(int)
    held = ((through >= [side.start for side in window]) & (through < [side.stop for side in window])).all(axis=1)
    painted[tuple(through[held].T)] = True


def _distance_to_line_mm(positions: Floats, start: Floats, end: Floats) -> Floats:
    along = end - start
    share = (positions - start) @ along / max(float(along @ along), 1e-30)
    distance: Floats = np.linalg.norm(positions - start - np.clip(share, 0, 1)[..., None] * along, axis=-1)
    return distance


def _edited(mask: Volume, drawn: NDArray[np.bool_], *, erase: bool) -> Volume:
    whole = inside(mask)
    return mask_on(mask, whole & ~drawn if erase else whole | drawn)
