"""From single images to regular volumes, by geometry alone.

InstanceNumber, SliceLocation, SliceThickness and GantryDetectorTilt are hints at best and are not believed:
order, spacing and tilt come from ImagePositionPatient and ImageOrientationPatient.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from sarcoma_review.dicom import parting, placing
from sarcoma_review.dicom.enhanced import frames_of
from sarcoma_review.dicom.instance import SPLIT_KEYS, Instance
from sarcoma_review.dicom.projection import is_projection
from sarcoma_review.dicom.read import load_slices, same_pixels
from sarcoma_review.dicom.respace import evenly_spaced
from sarcoma_review.errors import AmbiguousStackError, SarcomaReviewError, UnevenSpacingError
from sarcoma_review.volume import Grid, Volume

Policy = Literal["strict", "resample"]

_PIXELS_MM = (0.001, 1000.0)
_FARTHEST_MM = 1e6


@dataclass(frozen=True, eq=False)
class VolumeSpec:
    """A volume that a series holds, known from geometry, its pixels not yet read.

    Parameters
    ----------
    instances : tuple of Instance
        One for each slice, in order along the normal; the frames of one file where it is multi-frame.
    grid : Grid
        Where the voxels lie.
    fault : SarcomaReviewError or None
        Why `load` refuses, where it does.
    issues : tuple of str
        What was accepted and should be known.
    twins : tuple of (Instance, Instance)
        Images that came twice under one UID; `load` refuses where their pixels differ.
    """

    instances: tuple[Instance, ...]
    grid: Grid
    fault: SarcomaReviewError | None
    issues: tuple[str, ...]
    twins: tuple[tuple[Instance, Instance], ...] = ()

    @property
    def modality(self) -> str:
        """Modality of the series."""
        return self.instances[0].modality

    @property
    def description(self) -> str:
        """SeriesDescription."""
        return self.instances[0].description

    def load(self, policy: Policy = "strict") -> Volume:
        """Read the pixels.

        Parameters
        ----------
        policy : {"strict", "resample"}
            ``"strict"`` refuses whatever is not one regular grid; a sheared grid (gantry tilt) is one, and kept.
            ``"resample"`` brings unevenly spaced slices to the closest spacing among them, linear along the
            stack, and a sheared grid to square corners. Positions stay exact; what lies between two slices is
            blurred over their distance, which `Volume.issues` tells. Missing slices are refused all the same.

        Returns
        -------
        Volume
            Rescaled values: int16 where slope and intercept are whole numbers and the result fits, else float32.
            PET in SUV by body weight where the attributes suffice. Its clearance is ``"ungated"``;
            `sarcoma_review.open_study` gives volumes that may be shown.

        Raises
        ------
        GeometryError
            If the images are not one regular grid: gaps, uneven spacing, two images in one place.
        DicomError
            If pixels are missing, short, or in a coding that is not read.
        """
        if policy not in ("strict", "resample"):
            raise ValueError(f"policy is 'strict' or 'resample', got {policy!r}")
        uneven = policy == "resample" and isinstance(self.fault, UnevenSpacingError)
        if self.fault is not None and not uneven:
            raise self.fault
        self._require_equal_twins()
        volume = self._read()
        if uneven:
            volume = evenly_spaced(volume, self.instances)
        return volume.resample_orthogonal() if policy == "resample" else volume

    def _require_equal_twins(self) -> None:
        for one, other in self.twins:
            if not same_pixels([one, other]):
                place = float(one.position_mm @ one.normal)
                raise AmbiguousStackError(
                    f"series …{one.series_uid[-8:]}: two files have one SOP instance UID and different pixels, "
                    f"at {place:.1f} mm"
                )

    def _read(self) -> Volume:
        first = self.instances[0]
        loaded = load_slices(self.instances)
        return Volume(
            loaded.array,
            self.grid.affine,
            first.frame_of_reference_uid,
            slice_uids=tuple(instance.sop_instance_uid for instance in self.instances),
            modality=first.modality,
            description=first.description,
            series_uid=first.series_uid,
            units=loaded.units,
            clearance="ungated",
            issues=(*self.issues, *loaded.issues),
        )

    def __repr__(self) -> str:
        size = " x ".join(str(n) for n in self.grid.shape)
        return f"<VolumeSpec {self.modality} {size}{', refused' if self.fault else ''}>"


@dataclass(frozen=True, eq=False)
class Stacking:
    """What became of the images of one series: every image is in a volume, a projection, or the residue.

    Parameters
    ----------
    volumes : tuple of VolumeSpec
    residue : tuple of (Path, str)
        Images, or frames of one, that belong to none, each with the reason.
    projections : tuple of Instance
        Plain films, which have no place in the patient.
    """

    volumes: tuple[VolumeSpec, ...]
    residue: tuple[tuple[Path, str], ...]
    projections: tuple[Instance, ...] = ()


@dataclass(eq=False)
class _Sorting:
    residue: list[tuple[Path, str]] = field(default_factory=list)
    twins: list[tuple[Instance, Instance]] = field(default_factory=list)


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
        Nothing vanishes: each image is in exactly one volume, among the projections, or in the residue.
    """
    left = _Sorting()
    films = [image for image in images if is_projection(image)]
    placed = _placed([image for image in images if not is_projection(image)], left)
    volumes = []
    for alike in placing.same_plane(_once_each(placed, left)):
        parts = [finer for part in parting.parted(alike) for finer in _without_copies(part, left)]
        for part in parts:
            if len(part) == 1:
                left.residue.append((part[0].path, "single image: its slice spacing is unknown"))
            else:
                volumes.append(_volume(part, left.twins, parting.between(part, parts)))
    return Stacking(tuple(volumes), tuple(left.residue), tuple(films))


def _placed(images: Sequence[Instance], left: _Sorting) -> list[Instance]:
    """Images with a place in the patient, multi-frame ones frame by frame."""
    placed = []
    for image in images:
        for frame in frames_of(image) if image.is_multiframe and not image.fault else [image]:
            if fault := frame.fault or _nonsense(frame) or _mosaic(frame):
                left.residue.append((frame.path, fault))
            else:
                placed.append(frame)
    return placed


def _nonsense(image: Instance) -> str:
    """Why no scanner can have made an image of this size in this place; empty where one can."""
    low, high = _PIXELS_MM
    if image.rows < 1 or image.columns < 1:
        return f"an image of {image.rows} rows and {image.columns} columns"
    if not low <= min(image.spacing_mm) <= max(image.spacing_mm) <= high:
        return f"no place in the patient: PixelSpacing is not within {low} to {high} mm"
    if float(abs(image.position_mm).max()) > _FARTHEST_MM:
        return f"no place in the patient: it lies more than {_FARTHEST_MM:g} mm from the origin"
    return ""


def _mosaic(image: Instance) -> str:
    """Many slices laid out in one image, as Siemens does: its header places a plane that does not exist."""
    kinds = image.split_values[SPLIT_KEYS.index("ImageType")].split("\\")
    return "a mosaic of slices, not one plane of the patient" if "MOSAIC" in kinds else ""


def _once_each(images: Sequence[Instance], left: _Sorting) -> list[Instance]:
    """One of each UID and frame; a second file with a UID is kept only where it claims another place."""
    unique: dict[tuple[str, int], Instance] = {}
    others = []
    for image in images:
        first = unique.setdefault((image.sop_instance_uid, image.frame), image)
        if first is image:
            continue
        if placing.same_place(first, image):
            left.residue.append((image.path, "second file with a SOP instance UID already read"))
            left.twins.append((first, image))
        else:
            others.append(image)
    return [*unique.values(), *others]


def _without_copies(images: list[Instance], left: _Sorting) -> list[list[Instance]]:
    """Of images that share a place, and that nothing tells apart, leave out those with the pixels of another."""
    if parting.most_in_one_place(images) == 1:
        return [images]
    crowds = parting.by_place(images)
    if not all(map(_copies, crowds)):
        return [images]
    for crowd in crowds:
        left.residue += [(image.path, "same place and same pixels as another image") for image in crowd[1:]]
    return parting.parted([crowd[0] for crowd in crowds])


def _copies(images: Sequence[Instance]) -> bool:
    """Whether images at one height are one image: beside one another, blank ones too are two."""
    return all(placing.same_place(images[0], other) for other in images[1:]) and (
        len(images) == 1 or same_pixels(images)
    )


def _volume(
    images: list[Instance], twins: Sequence[tuple[Instance, Instance]], between: tuple[str, ...]
) -> VolumeSpec:
    fitted = placing.fit(images)
    members = {id(image) for image in fitted.images}
    own = tuple(pair for pair in twins if id(pair[0]) in members)
    issues = fitted.issues + parting.interleaved(fitted.images) + between
    return VolumeSpec(fitted.images, fitted.grid, fitted.fault, () if fitted.fault else issues, own)
