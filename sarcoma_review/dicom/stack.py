"""From single images to regular volumes, by geometry alone.

InstanceNumber, SliceLocation, SliceThickness and GantryDetectorTilt are hints at best and are not believed:
order, spacing and tilt come from ImagePositionPatient and ImageOrientationPatient.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sarcoma_review.dicom.instance import Instance
from sarcoma_review.dicom.read import load_slices
from sarcoma_review.errors import AmbiguousStackError, GeometryError, MissingSlicesError, SarcomaReviewError
from sarcoma_review.volume import Grid, Volume

_SAME_DIRECTION = float(np.cos(np.radians(0.1)))
_SAME_PLACE_MM = 0.01
_OFF_GRID_MM = 0.1  # PET positions are rounded by up to 0.08 mm in real scans


@dataclass(frozen=True, eq=False)
class VolumeSpec:
    """A volume that a series holds, known from geometry, its pixels not yet read.

    Parameters
    ----------
    instances : tuple of Instance
        In order along the normal.
    grid : Grid
        Where the voxels lie.
    fault : SarcomaReviewError or None
        Why `load` refuses, where it does.
    issues : tuple of str
        What was accepted and should be known.
    """

    instances: tuple[Instance, ...]
    grid: Grid
    fault: SarcomaReviewError | None
    issues: tuple[str, ...]

    @property
    def modality(self) -> str:
        """Modality of the series."""
        return self.instances[0].modality

    @property
    def description(self) -> str:
        """SeriesDescription."""
        return self.instances[0].description

    def load(self, policy: Literal["strict"] = "strict") -> Volume:
        """Read the pixels.

        Parameters
        ----------
        policy : {"strict"}
            Refuse whatever is not one regular grid.

        Returns
        -------
        Volume
            Rescaled values: int16 where slope and intercept are whole numbers and the result fits, else float32.
            Its clearance is ``"ungated"``; `sarcoma_review.open_study` gives volumes that may be shown.

        Raises
        ------
        GeometryError
            If the images are not one regular grid: gaps, uneven spacing, two images in one place.
        DicomError
            If pixels are missing, short, or in a coding that is not read.
        """
        if policy != "strict":
            raise ValueError(f"policy is 'strict' in this version, got {policy!r}")
        if self.fault is not None:
            raise self.fault
        first = self.instances[0]
        array, units = load_slices(self.instances)
        return Volume(
            array,
            self.grid.affine,
            first.frame_of_reference_uid,
            slice_uids=tuple(instance.sop_instance_uid for instance in self.instances),
            modality=first.modality,
            description=first.description,
            series_uid=first.series_uid,
            units=units,
            clearance="ungated",
            issues=self.issues,
        )

    def __repr__(self) -> str:
        size = " x ".join(str(n) for n in self.grid.shape)
        return f"<VolumeSpec {self.modality} {size}{', refused' if self.fault else ''}>"


@dataclass(frozen=True, eq=False)
class Stacking:
    """What became of the images of one series: every image is in a volume or in the residue."""

    volumes: tuple[VolumeSpec, ...]
    residue: tuple[tuple[Path, str], ...]


def stack(images: Sequence[Instance]) -> Stacking:
    """Sort images into volumes.

    Images are parted by matrix, spacing, orientation (0.1 degree) and frame of reference; then, where several
    lie in one place, by echo, time, diffusion weighting and image type; never stacked on one another.

    Parameters
    ----------
    images : sequence of Instance

    Returns
    -------
    Stacking
        Nothing vanishes: each image is in exactly one volume, or in the residue with a reason.
    """
    residue = [(image.path, image.fault) for image in images if image.fault]
    unique: dict[str, Instance] = {}
    for image in images:
        if image.fault:
            continue
        if image.sop_instance_uid in unique:
            residue.append((image.path, "second file with a SOP instance UID already read"))
        else:
            unique[image.sop_instance_uid] = image
    volumes = []
    for alike in _same_grid(list(unique.values())):
        for part in _split(alike):
            if len(part) == 1:
                residue.append((part[0].path, "single image: its slice spacing is unknown"))
            else:
                volumes.append(_volume(part))
    return Stacking(tuple(volumes), tuple(residue))


def _same_grid(images: list[Instance]) -> list[list[Instance]]:
    groups: list[list[Instance]] = []
    for image in images:
        home = next((group for group in groups if _alike(group[0], image)), None)
        if home is None:
            groups.append([image])
        else:
            home.append(image)
    return groups


def _alike(one: Instance, other: Instance) -> bool:
    return (
        (one.rows, one.columns, one.frame_of_reference_uid, one.sop_class_uid)
        == (other.rows, other.columns, other.frame_of_reference_uid, other.sop_class_uid)
        and bool(np.allclose(one.spacing_mm, other.spacing_mm, rtol=1e-4))
        and float(one.row_direction @ other.row_direction) > _SAME_DIRECTION
        and float(one.column_direction @ other.column_direction) > _SAME_DIRECTION
    )


def _places(images: Sequence[Instance]) -> list[int]:
    """A number for each image that is the same for images in one place."""
    along = np.array([image.position_mm @ images[0].normal for image in images])
    order = np.argsort(along, kind="stable")
    steps = np.diff(along[order]) > _SAME_PLACE_MM
    place = np.empty(len(images), int)
    place[order] = np.concatenate([[0], np.cumsum(steps)])
    return place.tolist()


def _split(images: list[Instance]) -> list[list[Instance]]:
    """Part images of one grid so that no two of a part share a place; whole, where nothing does that evenly."""
    if _one_each(images):
        return [images]
    keys: list[int] = []
    for key in range(len(images[0].split_values)):
        if len({image.split_values[key] for image in images}) == 1:
            continue
        keys.append(key)
        parts: dict[tuple[str, ...], list[Instance]] = defaultdict(list)
        for image in images:
            parts[tuple(image.split_values[k] for k in keys)].append(image)
        if all(_one_each(part) for part in parts.values()) and len({len(part) for part in parts.values()}) == 1:
            return list(parts.values())
        if max(Counter(_places(images)).values()) < len(parts):
            keys.pop()  # a key that differs from slice to slice tells nothing of volumes
    return _blocks_by_number(images) or [images]


def _one_each(images: Sequence[Instance]) -> bool:
    return len(set(_places(images))) == len(images)


def _blocks_by_number(images: list[Instance]) -> list[list[Instance]] | None:
    """Equal runs of InstanceNumber that each visit every place once, as dynamic series are often numbered."""
    visits = set(Counter(_places(images)).values())
    if len(visits) != 1 or len({image.number for image in images}) != len(images):
        return None
    count = visits.pop()
    ordered = sorted(images, key=lambda image: image.number)
    size = len(images) // count
    blocks = [ordered[start : start + size] for start in range(0, len(images), size)]
    return blocks if all(_one_each(block) for block in blocks) else None


def _volume(images: list[Instance]) -> VolumeSpec:
    ordered = sorted(images, key=lambda image: float(image.position_mm @ images[0].normal))
    positions = np.array([image.position_mm for image in ordered])
    first = ordered[0]
    along = positions @ first.normal
    step = (positions[-1] - positions[0]) / (len(ordered) - 1)
    if not _one_each(ordered):
        fault, step = _ambiguous(ordered, along), first.normal
        return VolumeSpec(tuple(ordered), _grid(ordered, positions[0], step), fault, ())
    off = np.linalg.norm(positions - (positions[0] + np.outer(np.arange(len(ordered)), step)), axis=1)
    if off.max() > _OFF_GRID_MM:
        return VolumeSpec(tuple(ordered), _grid(ordered, positions[0], step), _uneven(first, along, off), ())
    return VolumeSpec(tuple(ordered), _grid(ordered, positions[0], step), None, _issues(first, step, off))


def _grid(images: Sequence[Instance], origin: NDArray[np.float64], step: NDArray[np.float64]) -> Grid:
    first = images[0]
    affine = np.eye(4)
    affine[:3, 0] = step
    affine[:3, 1] = first.column_direction * first.spacing_mm[0]
    affine[:3, 2] = first.row_direction * first.spacing_mm[1]
    affine[:3, 3] = origin
    return Grid((len(images), first.rows, first.columns), affine)


def _ambiguous(images: Sequence[Instance], along: NDArray[np.float64]) -> AmbiguousStackError:
    shared = [place for place, count in Counter(np.round(along, 2).tolist()).items() if count > 1]
    return AmbiguousStackError(
        f"series …{images[0].series_uid[-8:]}: {len(images)} images at {len(set(_places(images)))} positions, "
        f"several at {', '.join(f'{place:.1f}' for place in shared[:5])} mm, and nothing tells the volumes apart"
    )


def _uneven(first: Instance, along: NDArray[np.float64], off: NDArray[np.float64]) -> GeometryError:
    gaps = np.diff(along)
    usual = float(np.median(gaps))
    multiples = gaps / usual
    where = f"series …{first.series_uid[-8:]}"
    wide = np.flatnonzero(gaps > 1.5 * usual)
    if len(wide) and np.allclose(multiples, np.round(multiples), atol=0.1):
        places = ", ".join(f"{gaps[k]:.1f} mm after slice {k + 1} at {along[k]:.1f} mm" for k in wide[:5])
        return MissingSlicesError(f"{where}: slices are missing: gap of {places}; expected {usual:.1f} mm throughout")
    if float(np.ptp(gaps)) <= _OFF_GRID_MM:
        return GeometryError(
            f"{where}: slices lie up to {off.max():.2f} mm beside one line; expected at most {_OFF_GRID_MM} mm"
        )
    return GeometryError(
        f"{where}: slice spacing is uneven, {gaps.min():.2f} to {gaps.max():.2f} mm; expected one spacing "
        f"within {_OFF_GRID_MM} mm"
    )


def _issues(first: Instance, step: NDArray[np.float64], off: NDArray[np.float64]) -> tuple[str, ...]:
    issues = []
    tilt = float(np.degrees(np.arccos(np.clip(step @ first.normal / np.linalg.norm(step), -1, 1))))
    if tilt > 0.1:
        issues.append(f"gantry tilt of {tilt:.1f} degrees: the grid is sheared")
    if off.max() > 0.01:
        issues.append(f"slice positions lie up to {off.max():.2f} mm off the regular grid")
    if first.frame_of_reference_uid is None:
        issues.append("no frame of reference: other series cannot be placed beside this one")
    return tuple(issues)
