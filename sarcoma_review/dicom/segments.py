"""Outlines of structures: SEG and RTSTRUCT onto a volume, and SEG out again."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import highdicom as hd
import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset, dcmread
from pydicom.sr.codedict import codes
from skimage.measure import grid_points_in_poly

from sarcoma_review.errors import DicomError, EmptyMaskError, GeometryError, ReferenceNotFoundError
from sarcoma_review.volume import Grid, Segment, Volume, require_same_space

_OFF_SLICE = 0.25  # of a slice spacing: how far from a slice's centre a contour may lie
_SAME_VOXEL = 0.02  # of a voxel: how well the grids of a SEG and its image must meet


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
    EmptyMaskError
        If a region has contours and none of them covers a voxel of the volume.
    """
    dataset = _open(source, "RTSTRUCT", "1.2.840.10008.5.1.4.1.1.481.3")
    names = {int(roi.ROINumber): roi for roi in dataset.get("StructureSetROISequence", [])}
    segments = []
    for contours in dataset.get("ROIContourSequence", []):
        roi = names.get(int(contours.ReferencedROINumber))
        if roi is None or not contours.get("ContourSequence"):
            continue
        name = str(roi.get("ROIName", "") or f"region {roi.ROINumber}")
        frame = Volume(
            np.zeros((1, 1, 1)), np.eye(4), str(roi.get("ReferencedFrameOfReferenceUID", "") or "") or None
        )
        require_same_space(frame, onto, f"structure set and {onto.modality or 'volume'}")
        segments.append(_fill(name, contours.ContourSequence, onto))
    return segments


def _fill(name: str, contours: Sequence[Dataset], onto: Volume) -> Segment:
    inside = np.zeros(onto.shape, bool)
    open_ones = off_slice = 0
    for contour in contours:
        if str(contour.ContourGeometricType) not in ("CLOSED_PLANAR", "CLOSEDPLANAR_XOR"):
            open_ones += 1
            continue
        index = onto.index(np.reshape(np.asarray(contour.ContourData, np.float64), (-1, 3)))
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
    findings = []
    if open_ones:
        findings.append(f"{open_ones} contour(s) that are points or open lines were left out")
    if off_slice:
        findings.append(f"{off_slice} contour(s) do not lie on a slice of the volume and were left out")
    return Segment(name, _on(onto, inside), tuple(findings))


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
    """
    seg = hd.seg.Segmentation.from_dataset(_open(source, "SEG", "1.2.840.10008.5.1.4.1.1.66.4"), copy=False)
    frame = Volume(np.zeros((1, 1, 1)), np.eye(4), str(seg.get("FrameOfReferenceUID", "") or "") or None)
    require_same_space(frame, onto, f"segmentation and {onto.modality or 'volume'}")
    segments = []
    for number in seg.segment_numbers:
        try:
            found = seg.get_volume(segment_numbers=[number], combine_segments=False)
        except (ValueError, RuntimeError, AttributeError) as problem:
            raise DicomError(f"segment {number} cannot be read ({type(problem).__name__})") from None
        values = found.array[..., 0]
        values = values.astype(np.float32) if values.dtype.kind == "f" else values.astype(bool)
        placed, left_out = _place(values, Grid(values.shape, found.affine), onto, number)
        findings = (f"{left_out} voxel(s) lie outside the volume",) if left_out else ()
        label = str(seg.SegmentSequence[number - 1].SegmentLabel)
        segments.append(Segment(label, _on(onto, placed), findings))
    return segments


def _place(
    values: NDArray[np.bool_] | NDArray[np.float32], grid: Grid, onto: Volume, number: int
) -> tuple[NDArray[np.bool_] | NDArray[np.float32], int]:
    """Copy a block of voxels into the volume they belong to; count what falls outside."""
    to_index = np.linalg.inv(onto.affine) @ grid.affine
    axes = np.round(to_index[:3, :3])
    corner = np.round(to_index[:3, 3])
    off = np.abs(to_index[:3, :3] - axes) @ np.array(grid.shape) + np.abs(to_index[:3, 3] - corner)
    if off.max() > _SAME_VOXEL or not np.array_equal(np.abs(axes).sum(axis=0), (1, 1, 1)):
        raise GeometryError(
            f"segment {number}: its voxels are {' x '.join(f'{mm:.2f}' for mm in grid.spacing_mm)} mm and not those "
            f"of the volume ({' x '.join(f'{mm:.2f}' for mm in onto.spacing_mm)} mm); expected one grid"
        )
    placed: NDArray[Any] = np.zeros(onto.shape, values.dtype)
    set_at = np.argwhere(values)
    where = (set_at @ axes.T + corner).astype(int)
    within = ((where >= 0) & (where < onto.shape)).all(axis=1)
    placed[tuple(where[within].T)] = values[tuple(set_at[within].T)]
    return placed, int((~within).sum())


def write_seg(
    segments: Sequence[Segment], *, images: Sequence[Dataset], uids: tuple[str, str], extra: Mapping[str, object]
) -> Dataset:
    """Make a binary DICOM segmentation.

    Parameters
    ----------
    segments : sequence of Segment
        Boolean masks on the grid of `images`. Names become segment labels; ``"tumour"`` is coded as a neoplasm,
        ``"femur"`` as bone, everything else as tissue.
    images : sequence of pydicom.Dataset
        The images that were outlined, ordered as the masks' slices.
    uids : tuple of str
        Series and SOP instance UID of the new object.
    extra : mapping
        DICOM keywords and values to set last, such as a series description or a date.

    Returns
    -------
    pydicom.Dataset
        Empty frames are left out; `read_seg` puts them back.

    Raises
    ------
    ReferenceNotFoundError
        If there is not one image for each slice of the masks.
    """
    slices = {segment.mask.shape[0] for segment in segments}
    if slices != {len(images)}:
        raise ReferenceNotFoundError(f"masks have {sorted(slices)} slices, found {len(images)} images to refer to")
    masks = np.stack([segment.mask.array for segment in segments], axis=-1)
    seg = hd.seg.Segmentation(
        source_images=images,
        pixel_array=masks.astype(np.uint8),
        segmentation_type=hd.seg.SegmentationTypeValues.BINARY,
        segment_descriptions=[_describe(k, segment.name) for k, segment in enumerate(segments, start=1)],
        series_instance_uid=uids[0],
        series_number=90,
        sop_instance_uid=uids[1],
        instance_number=1,
        manufacturer="sarcoma_review",
        manufacturer_model_name="sarcoma_review",
        software_versions="1",
        device_serial_number="0",
        content_label="SEGMENTATION",
    )
    for keyword, value in extra.items():
        setattr(seg, keyword, value)
    return seg


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


def _open(source: str | Path | Dataset, kind: str, sop_class: str) -> Dataset:
    dataset = source if isinstance(source, Dataset) else dcmread(source)
    if str(dataset.get("SOPClassUID", "")) != sop_class:
        raise DicomError(f"expected a DICOM {kind} object, found modality {dataset.get('Modality', 'unknown')!s:.16}")
    return dataset


def _on(onto: Volume, mask: NDArray[np.bool_] | NDArray[np.float32]) -> Volume:
    return Volume(
        mask,
        onto.affine,
        onto.frame_of_reference_uid,
        slice_uids=onto.slice_uids,
        series_uid=onto.series_uid,
        clearance=onto.clearance,
    )
