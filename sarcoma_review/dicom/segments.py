"""Outlines of structures: SEG and RT structure sets onto a volume, and SEG out again."""

import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Literal

import highdicom as hd
import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset, dcmread
from pydicom.sr.codedict import codes
from skimage.measure import grid_points_in_poly

from sarcoma_review.dicom.new_object import (
    MAKER,
    MARKS,
    NOTHING,
    add_moments,
    carry,
    finished,
    own_uid,
    require_images,
)
from sarcoma_review.dicom.onto_volume import absent_images, not_there, on_volume, put_onto
from sarcoma_review.dicom.rtstruct import RT_STRUCTURE_SET
from sarcoma_review.errors import DicomError, EmptyMaskError, SarcomaReviewError
from sarcoma_review.privacy.sources import quietly
from sarcoma_review.privacy.text import cleaned
from sarcoma_review.volume import Grid, Segment, Volume, require_same_space

Kind = Literal["binary", "fractional", "labelmap"]

_SEGMENTATIONS = ("1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.7")
_OFF_SLICE = 0.25  # of a slice spacing: how far from a slice's centre a contour may lie


def read_rtstruct(source: str | Path | Dataset, *, onto: Volume) -> list[Segment]:
    """Read the regions of an RT structure set as masks on a volume.

    A voxel belongs to a region where its centre lies inside an odd number of the closed contours of its slice, so
    that holes drawn as contours of their own, or through a keyhole, stay holes.

    Parameters
    ----------
    source : path-like or pydicom.Dataset
    onto : Volume
        Whose grid and frame of reference the masks take.

    Returns
    -------
    list of Segment
        In the file's order. Contours that do not lie on a slice of the volume are named in `Segment.findings`.

    Raises
    ------
    DicomError
        If the object is no RT structure set.
    GeometryError
        If it lies in another frame of reference.
    ReferenceNotFoundError
        If some contours name images of the volume and others name images that it does not hold; or all name others
        and no frame of reference says where they lie. Where all do and one does, that is a finding: images are
        numbered anew when they are sent about.
    EmptyMaskError
        If a region has contours and none of them covers a voxel of the volume.
    """
    with _readable("structure set"):
        return _regions(_open(source, "RTSTRUCT", RT_STRUCTURE_SET), onto)


def _regions(dataset: Dataset, onto: Volume) -> list[Segment]:
    findings = _elsewhere(dataset, onto)
    names = {int(roi.ROINumber): roi for roi in dataset.get("StructureSetROISequence", [])}
    segments = []
    for contours in dataset.get("ROIContourSequence", []):
        roi = names.get(int(contours.ReferencedROINumber))
        if roi is None or not contours.get("ContourSequence"):
            continue
        name = str(roi.get("ROIName", "") or f"region {roi.ROINumber}")
        _require_frame(roi.get("ReferencedFrameOfReferenceUID"), onto, "structure set")
        segments.append(_fill(name, contours.ContourSequence, onto, findings))
    return segments


def _elsewhere(dataset: Dataset, onto: Volume) -> tuple[str, ...]:
    """What is to be said of contours that name other images than the volume's, if anything else ties them to it."""
    regions = dataset.get("ROIContourSequence", [])
    contours = [contour for region in regions for contour in region.get("ContourSequence", [])]
    named = ({str(image.ReferencedSOPInstanceUID) for image in c.get("ContourImageSequence", [])} for c in contours)
    absent, stated = absent_images(named, onto)
    frames = [str(roi.get("ReferencedFrameOfReferenceUID", "")) for roi in dataset.get("StructureSetROISequence", [])]
    tied = onto.frame_of_reference_uid is not None and all(frames)
    if absent and (absent < stated or not tied):
        raise not_there("structure set", absent, stated)
    return ("drawn on images with other identifiers; placed by the frame of reference",) if absent else ()


def _fill(name: str, contours: Sequence[Dataset], onto: Volume, known: tuple[str, ...]) -> Segment:
    inside = np.zeros(onto.shape, bool)
    open_ones = off_slice = 0
    for contour in contours:
        if str(contour.ContourGeometricType) not in ("CLOSED_PLANAR", "CLOSEDPLANAR_XOR"):
            open_ones += 1
            continue
        index = onto.index(_points_mm(contour))
        slice_number = round(float(np.median(index[:, 0])))
        flat = bool(np.abs(index[:, 0] - slice_number).max() <= _OFF_SLICE)
        if not flat or not 0 <= slice_number < onto.shape[0]:
            off_slice += 1
            continue
        _flip_inside(inside[slice_number], index[:, 1:])
    if not inside.any():
        raise EmptyMaskError(
            f"region {name!r}: none of its {len(contours)} contour(s) covers a voxel of the volume's "
            f"{onto.shape[0]} slices"
        )
    findings = list(known)
    if open_ones:
        findings.append(f"{open_ones} contour(s) that are points or open lines were left out")
    if off_slice:
        findings.append(f"{off_slice} contour(s) do not lie on a slice of the volume and were left out")
    return Segment(name, on_volume(onto, inside), tuple(findings))


def _points_mm(contour: Dataset) -> NDArray[np.float64]:
    """The corners, shape (n, 3), from the bytes: the library would make an object of each number."""
    stored = getattr(contour.get_item("ContourData"), "value", None)
    numbers = stored.split(b"\\") if isinstance(stored, bytes) else contour.ContourData
    return np.array(numbers).astype(np.float64).reshape(-1, 3)


def _flip_inside(plane: NDArray[np.bool_], corners: NDArray[np.float64]) -> None:
    """Turn over the pixels (row, column) whose centres a polygon encloses."""
    low = np.clip(np.floor(corners.min(axis=0)).astype(int), 0, plane.shape)
    high = np.clip(np.ceil(corners.max(axis=0)).astype(int) + 1, 0, plane.shape)
    size = (int(high[0] - low[0]), int(high[1] - low[1]))
    if min(size) > 0:
        plane[low[0] : high[0], low[1] : high[1]] ^= grid_points_in_poly(size, corners - low)


def read_seg(source: str | Path | Dataset, *, onto: Volume) -> list[Segment]:
    """Read the segments of a DICOM segmentation as masks on a volume.

    Parameters
    ----------
    source : path-like or pydicom.Dataset
    onto : Volume
        On whose voxels the segmentation was drawn; the SEG may cover a part of it.

    Returns
    -------
    list of Segment
        In the order of segment numbers; fractional ones as float in 0 to 1.

    Raises
    ------
    DicomError
        If the object is no segmentation that can be read.
    GeometryError
        If it lies in another frame of reference, or its voxels are not the volume's.
    ReferenceNotFoundError
        If a frame names the images it was drawn on, and none of them is the volume's.
    """
    with _readable("segmentation"):
        return _segments(_open(source, "SEG", *_SEGMENTATIONS), onto)


def _segments(dataset: Dataset, onto: Volume) -> list[Segment]:
    absent, stated = absent_images(_drawn_on(dataset), onto)
    if absent:
        raise not_there("segmentation", absent, stated)
    _require_frame(dataset.get("FrameOfReferenceUID"), onto, "segmentation")
    if not dataset.file_meta.TransferSyntaxUID.is_encapsulated and len(dataset.PixelData) < _pixel_bytes(dataset):
        raise DicomError(f"segmentation: expected {_pixel_bytes(dataset)} bytes of pixels, found fewer")
    seg = hd.seg.Segmentation.from_dataset(dataset, copy=False)
    segments = []
    for number in seg.segment_numbers:
        found = seg.get_volume(segment_numbers=[number], combine_segments=False)
        values = found.array[..., 0]
        values = values.astype(np.float32) if values.dtype.kind == "f" else values.astype(bool)
        mask, findings = put_onto(values, Grid(values.shape, found.affine), onto=onto, what=f"segment {number}")
        label = str(seg.get_segment_description(number).segment_label)
        segments.append(Segment(label, on_volume(onto, mask), findings))
    return segments


def _pixel_bytes(dataset: Dataset) -> int:
    """The bytes that the frames take, without padding."""
    sizes = (int(dataset[word].value) for word in ("NumberOfFrames", "Rows", "Columns", "BitsAllocated"))
    return (math.prod(sizes) + 7) // 8


def _drawn_on(dataset: Dataset) -> Iterator[set[str]]:
    """The images that each frame of a segmentation names."""
    for frame in dataset.get("PerFrameFunctionalGroupsSequence", []):
        derivations = frame.get("DerivationImageSequence", [])
        sources = (source for derivation in derivations for source in derivation.get("SourceImageSequence", []))
        yield {str(source.ReferencedSOPInstanceUID) for source in sources}


def write_seg(
    segments: Sequence[Segment],
    *,
    images: Sequence[Dataset],
    kind: Kind = "binary",
    uids: tuple[str, str] | None = None,
    extra: Mapping[str, object] = NOTHING,
) -> Dataset:
    """Make a DICOM segmentation.

    Parameters
    ----------
    segments : sequence of Segment
        Masks on the grid of `images`. Names become segment labels; ``"tumour"`` is coded as a neoplasm,
        ``"femur"`` as bone, everything else as tissue.
    images : sequence of pydicom.Dataset
        The images that were outlined, ordered as the masks' slices; headers are enough (see `source_images`).
    kind : {"binary", "fractional", "labelmap"}
        Fractional ones keep probabilities in steps of 1/255, in 8 times the space. A label map holds one segment
        for each voxel, and few programs read it.
    uids : tuple of str, optional
        Series and SOP instance UID; drawn from the content where absent.
    extra : mapping
        DICOM keywords and values to set last, such as a series description or a date.

    Returns
    -------
    pydicom.Dataset
        With the marks of the images' de-identification. Empty frames are left out; `read_seg` puts them back.

    Raises
    ------
    ReferenceNotFoundError
        If there is not one image for each slice of the masks.
    GeometryError
        If the masks do not lie on the images.
    DicomError
        If masks hold what this kind cannot: fractions in a binary one, overlap in a label map.
    """
    require_images(segments, images)
    masks = _stacked(segments, kind)
    drawn = own_uid("segmentation", masks.tobytes(), *(str(image.SOPInstanceUID) for image in images))
    with warnings.catch_warnings():
        # A pseudonym is one word, and that is no mistake.
        warnings.filterwarnings("ignore", "The string .* unlikely to represent the intended person name")
        seg = hd.seg.Segmentation(
            source_images=images,
            pixel_array=masks,
            segmentation_type=hd.seg.SegmentationTypeValues[kind.upper()],
            segment_descriptions=[_describe(k, segment.name) for k, segment in enumerate(segments, start=1)],
            series_instance_uid=own_uid("series", drawn),
            series_number=90,
            sop_instance_uid=own_uid("instance", drawn),
            instance_number=1,
            manufacturer=MAKER,
            manufacturer_model_name=MAKER,
            software_versions="1",
            device_serial_number="removed",
            content_label="SEGMENTATION",
        )
    carry(images[0], seg, MARKS)
    add_moments(images[0], seg, "Series", "Content", "InstanceCreation")
    _settle(seg, images[0], own_uid("dimensions", drawn))
    return finished(seg, uids, extra)


def _stacked(segments: Sequence[Segment], kind: Kind) -> NDArray[np.uint8] | NDArray[np.float32]:
    """The masks beside one another along a fourth axis, in the numbers that this kind stores."""
    masks = np.stack([segment.mask.array for segment in segments], axis=-1)
    if kind == "fractional":
        return masks.astype(np.float32)
    fractional = [segment.name for segment in segments if ((segment.mask.array % 1) != 0).any()]
    if fractional:
        raise DicomError(f"expected whole voxels in a {kind} segmentation, found fractions in {fractional[0]!r}")
    if kind == "labelmap" and (overlap := int((masks.sum(axis=-1) > 1).sum())):
        raise DicomError(f"a label map holds one segment for each voxel, found several in {overlap} voxel(s)")
    return masks.astype(np.uint8)


def _settle(seg: Dataset, image: Dataset, dimensions: str) -> None:
    """Put what follows from the content, and what the privacy gate knows, where the library wrote something else."""
    drawn = str(seg.DimensionOrganizationSequence[0].DimensionOrganizationUID)
    for element in seg.iterall():
        if element.VR == "UI" and element.value == drawn:
            element.value = dimensions
        elif element.VR == "DT":
            element.value = f"{image.get('StudyDate') or '19000101'}{image.get('StudyTime') or '000000'}"
    for item in seg.DimensionIndexSequence:
        if "DimensionDescriptionLabel" in item:
            item.DimensionDescriptionLabel = cleaned(item.DimensionDescriptionLabel)
    seg.pop("ContributingEquipmentSequence", None)
    # The library pads to an even length with a digit.
    size = _pixel_bytes(seg)
    seg.PixelData = seg.PixelData[:size] + b"\0" * (size % 2)


def _describe(number: int, name: str) -> hd.seg.SegmentDescription:
    kinds = {
        "tumour": (codes.SCT.MorphologicallyAbnormalStructure, codes.SCT.Neoplasm),
        "femur": (codes.SCT.AnatomicalStructure, codes.SCT.Femur),
    }
    category, kind = kinds.get(name, (codes.SCT.Tissue, codes.SCT.Tissue))
    return hd.seg.SegmentDescription(
        segment_number=number,
        segment_label=name,
        segmented_property_category=category,
        segmented_property_type=kind,
        algorithm_type=hd.seg.SegmentAlgorithmTypeValues.MANUAL,
    )


def _require_frame(uid: object, onto: Volume, what: str) -> None:
    """Refuse an object that names another frame of reference than the volume's."""
    drawn_in = replace(onto, frame_of_reference_uid=str(uid or "") or None)
    require_same_space(drawn_in, onto, f"{what} and {onto.modality or 'volume'}")


@contextmanager
def _readable(what: str) -> Iterator[None]:
    """Turn whatever reading a broken file raises into one error, and keep pydicom from showing its values."""
    try:
        with quietly():
            yield
    except SarcomaReviewError:
        raise
    except Exception as problem:  # highdicom's come from SQLite too, and from its own assertions
        if isinstance(problem, OSError) and problem.errno is not None:
            raise  # the disk's, and not pydicom's word for a broken sequence
        raise DicomError(f"{what} cannot be read ({type(problem).__name__})") from None


def _open(source: str | Path | Dataset, kind: str, *sop_classes: str) -> Dataset:
    dataset = source if isinstance(source, Dataset) else dcmread(source)
    if str(dataset.get("SOPClassUID", "")) not in sop_classes:
        raise DicomError(f"expected a DICOM {kind} object, found modality {dataset.get('Modality', 'unknown')!s:.16}")
    return dataset
