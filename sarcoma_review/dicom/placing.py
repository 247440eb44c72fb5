"""The one regular grid that a stack of images lies on, or why there is none."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sarcoma_review.dicom.instance import Instance
from sarcoma_review.errors import (
    AmbiguousStackError,
    GeometryError,
    MissingSlicesError,
    SarcomaReviewError,
    UnevenSpacingError,
)
from sarcoma_review.volume import Grid

SAME_PLACE_MM = 0.01
OFF_GRID_MM = 0.1
"""How far from the grid a voxel's own image may put it: PET positions are rounded by up to 0.08 mm in real scans."""

_SAME_DIRECTION = float(np.cos(np.radians(0.1)))
_SAME_SPACING = 1e-4

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Fit:
    """Images in order along their normal, and the grid they lie on.

    Parameters
    ----------
    images : tuple of Instance
    grid : Grid
        The nearest one, where there is a fault.
    fault : SarcomaReviewError or None
    issues : tuple of str
        What was accepted and should be known.
    """

    images: tuple[Instance, ...]
    grid: Grid
    fault: SarcomaReviewError | None
    issues: tuple[str, ...]


def same_plane(images: Sequence[Instance]) -> list[list[Instance]]:
    """Part images by matrix, spacing, orientation, frame of reference and kind of object."""
    groups: list[list[Instance]] = []
    homes: dict[tuple[object, ...], list[list[Instance]]] = {}
    for image in images:
        key = (image.rows, image.columns, image.frame_of_reference_uid, image.sop_class_uid)
        near = homes.setdefault(key, [])
        home = next((group for group in near if _parallel(group[0], image)), None)
        if home is None:
            near.append([image])
            groups.append(near[-1])
        else:
            home.append(image)
    return groups


def _parallel(one: Instance, other: Instance) -> bool:
    return (
        all(abs(a - b) <= _SAME_SPACING * b for a, b in zip(one.spacing_mm, other.spacing_mm, strict=True))
        and float(one.row_direction.dot(other.row_direction)) > _SAME_DIRECTION
        and float(one.column_direction.dot(other.column_direction)) > _SAME_DIRECTION
    )


def same_place(one: Instance, other: Instance) -> bool:
    """Say whether two images claim the same pixels in the patient."""
    return (
        (one.rows, one.columns) == (other.rows, other.columns)
        and _parallel(one, other)
        and float(np.abs(one.position_mm - other.position_mm).max()) <= SAME_PLACE_MM
    )


def along_mm(images: Sequence[Instance]) -> Floats:
    """How far along the first image's normal each image lies, in mm."""
    along: Floats = np.array([image.position_mm for image in images]) @ images[0].normal
    return along


def places(images: Sequence[Instance]) -> list[int]:
    """A number for each image that is the same for images in one place, growing along the normal."""
    along = along_mm(images)
    order = np.argsort(along, kind="stable")
    place = np.empty(len(images), int)
    place[order] = np.concatenate([[0], np.cumsum(np.diff(along[order]) > SAME_PLACE_MM)])
    return place.tolist()


def fit(images: Sequence[Instance]) -> Fit:
    """Order images of one plane along their normal and find the grid they lie on.

    Parameters
    ----------
    images : sequence of Instance
        At least two, as `same_plane` parts them.

    Returns
    -------
    Fit
        Without a fault only where every corner of every image lies within `OFF_GRID_MM` of its voxel.
    """
    order = np.argsort(along_mm(images), kind="stable")
    ordered = tuple(images[k] for k in order)
    along = along_mm(ordered)
    if np.diff(along).min() <= SAME_PLACE_MM:
        anywhere = _grid(ordered, np.stack([ordered[0].position_mm, ordered[0].normal]))
        return Fit(ordered, anywhere, _ambiguous(ordered, along), ())
    grid, off = _nearest(ordered)
    if off.max() > OFF_GRID_MM:
        return Fit(ordered, grid, _uneven(ordered, along, off), ())
    return Fit(ordered, grid, None, _issues(ordered, grid, off))


def _nearest(images: tuple[Instance, ...]) -> tuple[Grid, Floats]:
    """The grid from first to last slice, or by least squares where that lies closer; and how far slices lie off."""
    positions = np.array([image.position_mm for image in images])
    ends = np.stack([positions[0], (positions[-1] - positions[0]) / (len(images) - 1)])
    grid, off = _with_line(images, ends)
    if off.max() <= SAME_PLACE_MM:
        return grid, off
    counted = np.stack([np.ones(len(images)), np.arange(len(images))], axis=1)
    other, other_off = _with_line(images, np.linalg.pinv(counted) @ positions)
    return (other, other_off) if other_off.max() < off.max() else (grid, off)


def _with_line(images: tuple[Instance, ...], line: Floats) -> tuple[Grid, Floats]:
    grid = _grid(images, line)
    return grid, _off_mm(images, grid)


def _grid(images: Sequence[Instance], line: Floats) -> Grid:
    """The grid whose slices follow a line (its start, its step), with the mean directions and spacings."""
    down = _mean([image.column_direction for image in images]) * np.mean([image.spacing_mm[0] for image in images])
    across = _mean([image.row_direction for image in images]) * np.mean([image.spacing_mm[1] for image in images])
    affine = np.eye(4)
    affine[:3] = np.stack([line[1], down, across, line[0]], axis=1)
    return Grid((len(images), images[0].rows, images[0].columns), affine)


def _mean(directions: Sequence[Floats]) -> Floats:
    mean: Floats = np.mean(directions, axis=0)
    # One direction throughout stays as it is written, to the last digit.
    return directions[0] if np.array_equal(mean, directions[0]) else mean / np.linalg.norm(mean)


def _off_mm(images: Sequence[Instance], grid: Grid) -> Floats:
    """For each image, how far its worst corner lies from where the grid puts it."""
    rows, columns = grid.shape[1] - 1, grid.shape[2] - 1
    corners = np.array([(0, 0), (rows, 0), (0, columns), (rows, columns)], np.float64)
    spacing = np.array([image.spacing_mm for image in images])
    down = np.array([image.column_direction for image in images]) * spacing[:, :1]
    across = np.array([image.row_direction for image in images]) * spacing[:, 1:]
    own = np.array([image.position_mm for image in images])[:, None] + np.einsum(
        "cd,dnx->ncx", corners, np.stack([down, across])
    )
    index = np.concatenate(
        [
            np.repeat(np.arange(len(images), dtype=np.float64), 4)[:, None],
            np.tile(corners, (len(images), 1)),
        ],
        axis=1,
    )
    apart: Floats = np.linalg.norm(own.reshape(-1, 3) - grid.position_mm(index), axis=1)
    worst: Floats = apart.reshape(-1, 4).max(axis=1)
    return worst


def _ambiguous(images: Sequence[Instance], along: Floats) -> AmbiguousStackError:
    crowds = Counter(places(images))
    shared = sorted(
        {round(float(at), 1) for at, place in zip(along, places(images), strict=True) if crowds[place] > 1}
    )
    return AmbiguousStackError(
        f"series …{images[0].series_uid[-8:]}: {len(images)} images at {len(crowds)} positions, "
        f"several at {', '.join(f'{place:.1f}' for place in shared[:5])} mm, and nothing tells the volumes apart"
    )


def _uneven(images: Sequence[Instance], along: Floats, off: Floats) -> GeometryError:
    gaps = np.diff(along)
    usual = float(np.median(gaps))
    where = f"series …{images[0].series_uid[-8:]}"
    wide = np.flatnonzero(gaps > 1.5 * usual)
    if len(wide) and (gaps.max() > 2.5 * usual or np.allclose(gaps / usual, np.round(gaps / usual), atol=0.1)):
        at = ", ".join(f"{gaps[k]:.1f} mm after slice {k + 1} at {along[k]:.1f} mm" for k in wide[:5])
        return MissingSlicesError(f"{where}: slices are missing: gap of {at}; expected {usual:.1f} mm throughout")
    if float(np.ptp(gaps)) > OFF_GRID_MM and _on_one_line(images, along):
        odd = int(np.abs(gaps - usual).argmax())
        return UnevenSpacingError(
            f"{where}: slice spacing is uneven, {gaps.min():.2f} to {gaps.max():.2f} mm, "
            f"the oddest at {along[odd]:.1f} mm; expected one spacing within {OFF_GRID_MM} mm"
        )
    worst = int(off.argmax())
    return GeometryError(
        f"{where}: slices lie up to {off.max():.2f} mm beside one line, the worst at {along[worst]:.1f} mm; "
        f"expected at most {OFF_GRID_MM} mm"
    )


def _on_one_line(images: Sequence[Instance], along: Floats) -> bool:
    """Whether slices of whatever spacing follow one another along one line, their corners alike."""
    positions = np.array([image.position_mm for image in images])
    part = ((along - along[0]) / (along[-1] - along[0]))[:, None]
    beside = np.linalg.norm(positions - positions[0] - part * (positions[-1] - positions[0]), axis=1)
    return bool(beside.max() <= OFF_GRID_MM)


def _issues(images: Sequence[Instance], grid: Grid, off: Floats) -> tuple[str, ...]:
    issues = []
    step = grid.affine[:3, 0]
    tilt = float(np.degrees(np.arccos(np.clip(step @ images[0].normal / np.linalg.norm(step), -1, 1))))
    if tilt > 0.1:
        issues.append(f"gantry tilt of {tilt:.1f} degrees: the grid is sheared")
    if off.max() > 0.01:
        issues.append(f"slice positions lie up to {off.max():.2f} mm off the regular grid")
    if images[0].frame_of_reference_uid is None:
        issues.append("no frame of reference: other series cannot be placed beside this one")
    return tuple(issues)
