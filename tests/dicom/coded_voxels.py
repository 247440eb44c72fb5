"""Series whose voxels say which pixel of which image they were, and edits that make a series awkward.

A series is written three times, its pixels replaced by row, by column and by the number of the image or frame, the
header untouched but for what says how values are stored. What a reader makes of it is then held against the place
that each pixel's own header gives it: a reader that is silently wrong is found out by millimetres.
"""

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from sarcoma_review.dicom.scan import scan
from sarcoma_review.dicom.stack import Policy, VolumeSpec
from sarcoma_review.errors import SarcomaReviewError
from sarcoma_review.volume import Volume

Array = NDArray[np.float64]
Mutation = Callable[[list[Dataset], np.random.Generator], list[Dataset]]

_CODES = ("row", "column", "image")
_ROOM = 1024


@dataclass(frozen=True)
class Outcome:
    """What a reader made of a coded series.

    Attributes
    ----------
    worst_mm : list of float
        For each volume that was given, the largest distance between where a voxel is said to lie and where its own
        image puts it.
    images : list of list of int
        For each of them, which images it was made of.
    refused : list of SarcomaReviewError
    residue : list of str
        The reason for each image that is in no volume.
    issues : list of str
        Of all volumes.
    """

    worst_mm: list[float]
    images: list[list[int]]
    refused: list[SarcomaReviewError]
    residue: list[str]
    issues: list[str]


def outcome(images: Sequence[Dataset], folder: Path, *, policy: Policy = "strict", copies: bool = False) -> Outcome:
    """Write a series coded, read it, and compare the place of every voxel with that of its pixel.

    Parameters
    ----------
    images : sequence of pydicom.Dataset
        Headers; pixels are not looked at.
    folder : Path
        A new one.
    policy : {"strict", "resample"}
    copies : bool
        Whether images of one place hold the same pixels; else only those of one UID do.
    """
    places = [place for dataset in images for place in _places(dataset)]
    numbers = _numbers(images, places if copies else [])
    entries = [scan(_written(images, folder / code, code, numbers)).series for code in _CODES]
    assert len(entries[0]) == 1, "one series at a time"
    rows, columns, codes = (next(iter(entry.values())) for entry in entries)
    found = Outcome([], [], [], [reason for _, reason in codes.residue], [])
    for specs in zip(rows.volumes(), columns.volumes(), codes.volumes(), strict=True):
        _add(found, specs, places, policy)
    return found


def _add(found: Outcome, specs: Sequence[VolumeSpec], places: Array | list[Array], policy: Policy) -> None:
    try:
        row, column, code = (spec.load(policy) for spec in specs)
    except SarcomaReviewError as refusal:
        found.refused.append(refusal)
        return
    found.worst_mm.append(placement_error_mm(row, column, code, np.array(places)))
    found.images.append(sorted({int(value) for value in np.unique(code.array)}))
    found.issues.extend(code.issues)


def placement_error_mm(row: Volume, column: Volume, code: Volume, places: Array) -> float:
    """The largest distance in mm between where voxels are said to lie and where their images put them.

    Parameters
    ----------
    row, column, code : Volume
        Whose values are the row, the column (below multiples of 1024) and the number of the image that each voxel
        came from.
    places : ndarray, shape (images, 3, 3)
        First pixel, step down and step across of each image, LPS mm.
    """
    worst = 0.0
    for k in range(code.shape[0]):
        said = row.position_mm(np.stack(np.meshgrid([k], *map(np.arange, code.shape[1:]), indexing="ij"), -1)[0])
        first, down, across = np.moveaxis(places[np.rint(code.array[k]).astype(int)], -2, 0)
        own = first + row.array[k][..., None] % _ROOM * down + column.array[k][..., None] % _ROOM * across
        worst = max(worst, float(np.linalg.norm(said - own, axis=-1).max()))
    return worst


def _places(dataset: Dataset) -> list[Array]:
    """First pixel, step down, step across, of each frame, from the header alone."""
    if "PerFrameFunctionalGroupsSequence" not in dataset:
        return [_place(dataset, dataset, dataset)]
    shared = (dataset.get("SharedFunctionalGroupsSequence") or [Dataset()])[0]
    return [
        _place(
            *(
                (frame.get(name) or shared.get(name))[0]
                for name in ("PlanePositionSequence", "PlaneOrientationSequence", "PixelMeasuresSequence")
            )
        )
        for frame in dataset.PerFrameFunctionalGroupsSequence
    ]


def _place(position: Dataset, orientation: Dataset, measures: Dataset) -> Array:
    if not position.get("ImagePositionPatient"):
        return np.full((3, 3), np.nan)
    across, down = np.array(orientation.ImageOrientationPatient, float).reshape(2, 3)
    step_down, step_across = (float(mm) for mm in measures.PixelSpacing)
    first = np.array(position.ImagePositionPatient, float)
    return np.stack([first, step_down * down / np.linalg.norm(down), step_across * across / np.linalg.norm(across)])


def _numbers(images: Sequence[Dataset], places: list[Array]) -> list[int]:
    """The code of each image, or of its first frame: the first one's for images that are the same."""
    numbers: list[int] = []
    seen: dict[str, int] = {}
    following = 0
    for k, dataset in enumerate(images):
        same = str(np.round(places[k], 4)) if places else dataset.SOPInstanceUID
        numbers.append(seen.setdefault(same, following))
        following += int(dataset.get("NumberOfFrames", 1) or 1)
    return numbers


def _written(images: Sequence[Dataset], folder: Path, code: str, numbers: Sequence[int]) -> Path:
    folder.mkdir(parents=True)
    order = np.random.default_rng(len(images)).permutation(len(images))
    for name, dataset, number in zip(order, images, numbers, strict=True):
        copy = Dataset()
        for element in deepcopy(dataset):  # values by now, whatever order of bytes they came in
            copy.add(element)
        _store(copy, code, number)
        copy.save_as(folder / f"file{name:04d}", enforce_file_format=True)
    return folder


def _store(dataset: Dataset, code: str, number: int) -> None:
    rows, columns = int(dataset.Rows), int(dataset.Columns)
    frames = int(dataset.get("NumberOfFrames", 1) or 1)
    axis = {"row": np.arange(rows)[None, :, None], "column": np.arange(columns)[None, None, :]}
    image = number + np.arange(frames)[:, None, None]
    # The image stands in the high bits too, so that no two images are alike by their rows and columns alone.
    values = image if code == "image" else axis[code] + _ROOM * (image % 60)
    dataset.PixelData = np.broadcast_to(values, (frames, rows, columns)).astype("<u2").tobytes()
    dataset["PixelData"].VR = "OW"
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit, dataset.PixelRepresentation = 16, 16, 15, 0
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    for keyword in ("PixelPaddingValue", "ModalityLUTSequence", "SmallestImagePixelValue", "LargestImagePixelValue"):
        if keyword in dataset:
            delattr(dataset, keyword)
    _unscale(dataset)
    if dataset.get("Modality") == "PT":
        dataset.Units = "CNTS"
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = dataset.SOPClassUID, dataset.SOPInstanceUID
    dataset.file_meta = meta


def _unscale(dataset: Dataset) -> None:
    dataset.RescaleSlope, dataset.RescaleIntercept = 1, 0
    groups = [
        *dataset.get("PerFrameFunctionalGroupsSequence", []),
        *dataset.get("SharedFunctionalGroupsSequence", []),
    ]
    for group in groups:
        for item in group.get("PixelValueTransformationSequence", []):
            item.RescaleSlope, item.RescaleIntercept = 1, 0


def _along(images: Sequence[Dataset]) -> tuple[Array, Array]:
    """The normal of the first image, and how far along it each image lies in mm."""
    across, down = np.array(images[0].ImageOrientationPatient, float).reshape(2, 3)
    normal = np.cross(across, down)
    return normal, np.array([np.array(image.ImagePositionPatient, float) @ normal for image in images])


def _edited(image: Dataset, **changes: Any) -> Dataset:
    copy = deepcopy(image)
    for keyword, value in changes.items():
        setattr(copy, keyword, value)
    return copy


def _moved(image: Dataset, by_mm: Array, **changes: Any) -> Dataset:
    position = np.array(image.ImagePositionPatient, float) + by_mm
    return _edited(image, ImagePositionPatient=[f"{mm:.6f}" for mm in position], **changes)


def _turned(image: Dataset, axes: Array, **changes: Any) -> Dataset:
    """An image whose row and column directions are turned by a matrix."""
    turned = np.array(image.ImageOrientationPatient, float).reshape(2, 3) @ axes.T
    return _edited(image, ImageOrientationPatient=[f"{part:.9f}" for part in turned.ravel()], **changes)


def _about(axis: Array, degrees: float) -> Array:
    x, y, z = axis / np.linalg.norm(axis)
    cross = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    angle = np.radians(degrees)
    turn: Array = np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
    return turn


def gap(images: list[Dataset], rng: np.random.Generator) -> list[Dataset]:
    """One slice within the stack is missing."""
    order = np.argsort(_along(images)[1])
    lost = int(order[rng.integers(1, len(images) - 1)])
    return [image for k, image in enumerate(images) if k != lost]


def duplicate(images: list[Dataset], rng: np.random.Generator) -> list[Dataset]:
    """One file is there twice."""
    return [*images, deepcopy(images[rng.integers(len(images))])]


def renamed_duplicate(images: list[Dataset], rng: np.random.Generator) -> list[Dataset]:
    """One image is there twice, under two UIDs and numbers."""
    twice = images[rng.integers(len(images))]
    return [*images, _edited(twice, SOPInstanceUID=generate_uid(), InstanceNumber=len(images) + 1)]


def second_acquisition(images: list[Dataset], rng: np.random.Generator) -> list[Dataset]:
    """Part of the stack was taken again, half a slice further on."""
    normal, along = _along(images)
    order = np.argsort(along)
    again = order[: max(3, int(rng.integers(len(images) // 2, len(images))))]
    half = normal * float(np.median(np.diff(along[order]))) / 2
    first = [_edited(image, AcquisitionNumber=1) for image in images]
    more = [
        _moved(images[k], half, SOPInstanceUID=generate_uid(), AcquisitionNumber=2, InstanceNumber=500 + n)
        for n, k in enumerate(again)
    ]
    return first + more


def rotated_slice(images: list[Dataset], rng: np.random.Generator) -> list[Dataset]:
    """One more image lies among the slices, turned."""
    other = images[rng.integers(len(images))]
    axes = _about(np.array(other.ImageOrientationPatient[:3], float), float(rng.uniform(2, 90)))
    return [*images, _turned(other, axes, SOPInstanceUID=generate_uid())]


def localizer_inside(images: list[Dataset], rng: np.random.Generator) -> list[Dataset]:
    """Three images across the stack are in the series."""
    middle = images[len(images) // 2]
    axes = _about(np.array(middle.ImageOrientationPatient[:3], float), 90.0)
    normal = np.cross(*(np.array(middle.ImageOrientationPatient, float).reshape(2, 3) @ axes.T))
    step = normal * float(rng.uniform(5, 20))
    return [
        *images,
        *(_turned(_moved(middle, k * step), axes, SOPInstanceUID=generate_uid()) for k in range(3)),
    ]


def jitter(images: list[Dataset], rng: np.random.Generator) -> list[Dataset]:
    """Orientations differ by 2e-5 from slice to slice."""
    return [_turned(image, _about(rng.normal(size=3), np.degrees(2e-5))) for image in images]


def rounded(images: list[Dataset], rng: np.random.Generator) -> list[Dataset]:
    """Positions lie up to 0.05 mm off the grid, as rounding leaves them."""
    normal, _ = _along(images)
    return [_moved(image, normal * float(rng.uniform(-0.05, 0.05))) for image in images]


def loose(images: list[Dataset], rng: np.random.Generator) -> list[Dataset]:
    """Orientations differ by half a tenth of a degree, too much for a large image."""
    axis = rng.normal(size=3)
    return [_turned(image, _about(axis, 0.045 * (-1) ** k)) for k, image in enumerate(images)]


def shuffled_numbers(images: list[Dataset], rng: np.random.Generator) -> list[Dataset]:
    """InstanceNumber says nothing."""
    numbers = rng.permutation(len(images)) + 1
    return [_edited(image, InstanceNumber=int(number)) for image, number in zip(images, numbers, strict=True)]


def tilt(images: list[Dataset], rng: np.random.Generator) -> list[Dataset]:
    """The gantry leans: each slice lies further down its plane than the one before."""
    _, along = _along(images)
    lean = np.tan(np.radians(rng.uniform(5, 25))) * np.array(images[0].ImageOrientationPatient[3:], float)
    return [_moved(image, lean * (at - along.min())) for image, at in zip(images, along, strict=True)]


def uneven(images: list[Dataset], rng: np.random.Generator) -> list[Dataset]:
    """Spacing grows from slice to slice."""
    normal, along = _along(images)
    start, span = along.min(), np.ptp(along)
    power = float(rng.uniform(1.15, 1.3))
    return [
        _moved(image, normal * (((at - start) / span) ** power * span - (at - start)))
        for image, at in zip(images, along, strict=True)
    ]


def turned_patient(images: list[Dataset], rng: np.random.Generator) -> list[Dataset]:
    """The patient lies otherwise: feet first, on a side, oblique."""
    axes = _about(rng.normal(size=3), float(rng.uniform(10, 180)))
    return [
        _turned(_edited(image, ImagePositionPatient=[f"{mm:.6f}" for mm in axes @ image.ImagePositionPatient]), axes)
        for image in images
    ]


MUTATIONS: tuple[Mutation, ...] = (
    *(gap, duplicate, renamed_duplicate, second_acquisition, rotated_slice, localizer_inside, jitter, rounded),
    *(loose, shuffled_numbers, tilt, uneven, turned_patient),
)
