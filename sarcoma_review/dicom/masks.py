"""Masks of other tools, NIfTI and NRRD, in and out: the same voxels in the same places, or a refusal."""

import gzip
import re
import struct
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sarcoma_review.dicom.nifti import read_nifti
from sarcoma_review.dicom.nrrd import read_nrrd
from sarcoma_review.dicom.onto_volume import Mask, on_volume, put_onto
from sarcoma_review.errors import DicomError, EmptyMaskError, GeometryError, UnsupportedError
from sarcoma_review.volume import Grid, Segment, Volume

_NO_FRAME = "the file names no frame of reference: placed by its coordinates"
_SEGMENT = re.compile(r"Segment(\d+)_(Name|LabelValue|Layer)")


def read_mask(path: str | Path, *, onto: Volume, names: Mapping[int, str] | None = None) -> list[Segment]:
    """Read the mask or label map of another tool onto a volume.

    NIfTI counts in RAS, NRRD in the space that it names; both are turned to LPS. Axes may be turned or exchanged,
    and the file may cover a part of the volume, but its voxels must be the volume's: nothing is resampled.

    Parameters
    ----------
    path : path-like
        ``.nii``, ``.nii.gz`` or ``.nrrd`` (also ``.seg.nrrd`` of 3D Slicer, whose segments keep names and overlap).
    onto : Volume
        On whose voxels it was drawn.
    names : mapping of int to str, optional
        What a label value stands for; without it ``"label 1"`` and so on.

    Returns
    -------
    list of Segment
        One for each label above 0, in their order; of a file with fractions between 0 and 1, one fractional segment.
        Neither format names a frame of reference, which `Segment.findings` says.

    Raises
    ------
    GeometryError
        If the file does not say where it lies, or its voxels are not the volume's.
    EmptyMaskError
        If no voxel is set.
    DicomError
        If the file is broken, or its values are neither labels nor fractions.
    UnsupportedError
        If it is of another kind.
    """
    source = Path(path)
    kind = source.name.lower()
    if kind.endswith((".nii", ".nii.gz")):
        array, affine = read_nifti(source)
        labelled = list(_labels(array, names or {}))
    elif kind.endswith(".nrrd"):
        nrrd = read_nrrd(source)
        affine = nrrd.affine
        labelled = _slicer_segments(nrrd.layers, nrrd.notes) or [
            one for layer in nrrd.layers for one in _labels(layer, names or {})
        ]
    else:
        raise UnsupportedError(f"expected a mask in .nii, .nii.gz or .nrrd, found {source.suffix or 'no suffix'!r}")
    if not labelled:
        raise EmptyMaskError("the mask file has no voxel above 0: expected at least one")
    segments = []
    for name, values in labelled:
        mask, findings = put_onto(values, Grid(values.shape, affine), onto=onto, what=f"segment {name!r}")
        segments.append(Segment(name, on_volume(onto, mask), (_NO_FRAME, *findings)))
    return segments


def _labels(array: NDArray[Any], names: Mapping[int, str]) -> Iterator[tuple[str, Mask]]:
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise DicomError("a mask holds labels or fractions, found values that are not finite")
    values = np.unique(array[array != 0])
    if not len(values):
        return
    if values[0] < 0:
        raise DicomError(f"labels are 0 or above, found {values[0]:g}")
    if not (values % 1 != 0).any():
        for value in values.tolist():
            yield names.get(int(value), f"label {int(value)}"), array == value
    elif values[-1] <= 1:
        yield names.get(1, "label 1"), array.astype(np.float32)
    else:
        raise DicomError(f"fractions lie between 0 and 1, found {values[0]:g} to {values[-1]:g}")


def _slicer_segments(layers: NDArray[Any], notes: Mapping[str, str]) -> list[tuple[str, Mask]]:
    """The segments that 3D Slicer names: a label value in one of several layers each."""
    told: dict[int, dict[str, str]] = {}
    for key, value in notes.items():
        found = _SEGMENT.fullmatch(key)
        if found:
            told.setdefault(int(found[1]), {})[found[2]] = value
    segments: list[tuple[str, Mask]] = []
    for number, segment in sorted(told.items()):
        layer, label = segment.get("Layer", "0"), segment.get("LabelValue", "1")
        if not (layer.isdigit() and label.isdigit() and int(layer) < len(layers)):
            raise DicomError(f"NRRD file: segment {number} names a layer or label that is not in it")
        mask = layers[int(layer)] == int(label)
        if mask.any():
            segments.append((segment.get("Name") or f"segment {number + 1}", mask))
    return segments


def write_mask(segments: Sequence[Segment], path: str | Path) -> Path:
    """Write segments as a NIfTI label map: the first is 1, the second 2.

    The affine stands in the sform, to the precision of 32-bit numbers; shear is kept.

    Parameters
    ----------
    segments : sequence of Segment
        Boolean masks on one grid that do not overlap.
    path : path-like
        ``.nii`` or ``.nii.gz``; compressed bytes are the same every time.

    Raises
    ------
    GeometryError
        If there is no segment, or they lie on several grids.
    DicomError
        If they overlap, which a label map cannot hold, or one holds fractions.
    UnsupportedError
        If the path ends otherwise.
    """
    target = Path(path)
    if not target.name.lower().endswith((".nii", ".nii.gz")):
        raise UnsupportedError(f"a mask is written as .nii or .nii.gz, found {target.suffix or 'no suffix'!r}")
    if not segments or not all(segment.mask.grid.same_as(segments[0].mask.grid) for segment in segments):
        raise GeometryError(f"expected segments on one grid, found {len(segments)} that are not")
    labels = np.zeros(segments[0].mask.shape, "<u2")
    for value, segment in enumerate(segments, 1):
        mask = segment.mask.array
        if mask.dtype != bool or labels[mask].any():
            raise DicomError("a label map holds one whole segment for each voxel, found overlap or fractions")
        labels[mask] = value
    data = _nifti_header(segments[0].mask) + labels.tobytes()
    target.write_bytes(gzip.compress(data, 6, mtime=0) if target.name.lower().endswith(".gz") else data)
    return target


def _nifti_header(mask: Volume) -> bytes:
    affine = mask.ras_affine @ np.eye(4)[[2, 1, 0, 3]]  # NIfTI counts columns, rows, slices
    header = bytearray(352)
    struct.pack_into("<i", header, 0, 348)
    struct.pack_into("<8h", header, 40, 3, *mask.shape[::-1], 1, 1, 1, 1)
    struct.pack_into("<2h", header, 70, 512, 16)  # unsigned, 16 bits
    struct.pack_into("<8f", header, 76, 1.0, *mask.spacing_mm[::-1], 0, 0, 0, 0)
    struct.pack_into("<3f", header, 108, 352, 1, 0)
    header[123] = 2  # mm
    struct.pack_into("<2h", header, 252, 0, 1)  # no qform; the sform is scanner anatomical
    struct.pack_into("<12f", header, 280, *affine[:3].ravel())
    header[344:348] = b"n+1\0"
    return bytes(header)
