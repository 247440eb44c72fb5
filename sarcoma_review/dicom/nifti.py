"""NIfTI-1 and NIfTI-2 images, single files: voxels and where they lie."""

import gzip
import math
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sarcoma_review.errors import DicomError, GeometryError, UnsupportedError

Floats = NDArray[np.float64]

_TYPES = {2: "u1", 4: "i2", 8: "i4", 16: "f4", 64: "f8", 256: "i1", 512: "u2", 768: "u4", 1024: "i8", 1280: "u8"}
_TO_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
_MM = {0: 1.0, 1: 1000.0, 2: 1.0, 3: 0.001}  # of the file's unit: unknown (taken as mm), m, mm, µm
_HEAD = 544  # bytes of a NIfTI-2 header with what follows it; of NIfTI-1 352
_MOST_PACKED = 1100  # bytes that one byte of gzip can unpack to
_LONGEST = 2**31


def read_nifti(path: Path) -> tuple[NDArray[Any], Floats]:
    """Read the voxels of a NIfTI file.

    Parameters
    ----------
    path : Path
        ``.nii`` or ``.nii.gz``.

    Returns
    -------
    array : ndarray, shape (slices, rows, columns)
        The third, second and first axis of the file, its scaling applied.
    affine : ndarray, shape (4, 4)
        ``(slice, row, column, 1)`` to LPS mm: of the sform where there is one, else of the qform; NIfTI's RAS turned.

    Raises
    ------
    DicomError
        If the file is no NIfTI file, or shorter than its header says.
    GeometryError
        If it has neither sform nor qform, and so no place in the patient, or not three axes.
    UnsupportedError
        If its voxels are of a kind that no mask has (complex, coloured).
    """
    head = _begin(path, _HEAD)
    order, second = _kind(head)
    header = _header(head, order, second)
    array = _voxels(path, header, order)
    slope, intercept = header["scaling"]
    if slope not in (0.0, 1.0) or (slope and intercept):
        array = array * slope + intercept
    return array, _TO_LPS @ _affine(header) @ np.eye(4)[[2, 1, 0, 3]]


def _voxels(path: Path, header: dict[str, Any], order: str) -> NDArray[Any]:
    shape, start = header["shape"], header["offset"]
    if any(n != 1 for n in shape[3:]) or len(shape) < 3 or min(shape) < 1:
        raise GeometryError(f"a mask has three axes, found a NIfTI file of {' x '.join(map(str, shape))}")
    if header["datatype"] not in _TYPES:
        raise UnsupportedError(f"expected NIfTI voxels that are numbers, found type {header['datatype']}")
    dtype, count = np.dtype(order + _TYPES[header["datatype"]]), math.prod(shape[:3])
    size = count * dtype.itemsize
    data = b""
    if 348 <= start < _LONGEST and size <= _MOST_PACKED * path.stat().st_size:
        data = _begin(path, int(start) + size)
    if not data or len(data) != int(start) + size:
        raise DicomError(f"NIfTI file: expected {count} voxels of {dtype.itemsize} bytes, found fewer")
    return np.frombuffer(data, dtype, count, int(start)).reshape(shape[2::-1]).astype(dtype.newbyteorder("="))


def _begin(path: Path, count: int) -> bytes:
    """The first bytes of a file, unpacked: no more than asked for, whatever it would unpack to."""
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    try:
        with gzip.open(path) if packed else path.open("rb") as file:
            return file.read(count)
    except (OSError, EOFError, zlib.error):
        raise DicomError("NIfTI file: the compressed bytes are broken or end too soon") from None


def _kind(data: bytes) -> tuple[str, bool]:
    """Byte order, and whether it is NIfTI-2."""
    for order in "<>":
        size = struct.unpack_from(f"{order}i", data)[0] if len(data) >= 4 else 0
        if size == 348 and data[344:347] == b"n+1":
            return order, False
        if size == 540 and data[4:7] == b"n+2":
            return order, True
    raise DicomError("expected a NIfTI file with its voxels in it, found something else")


def _header(data: bytes, order: str, second: bool) -> dict[str, Any]:
    def at(layout: str, first: int, later: int) -> tuple[Any, ...]:
        return struct.unpack_from(order + layout, data, later if second else first)

    if len(data) < (540 if second else 348):
        raise DicomError("NIfTI file: it ends within its header")
    wide, real = ("q", "d") if second else ("h", "f")
    axes = at(f"8{wide}", 40, 16)
    return {
        "shape": tuple(int(n) for n in axes[1 : 1 + max(0, min(int(axes[0]), 7))]),
        "datatype": at("h", 70, 12)[0],
        "offset": at("q" if second else "f", 108, 168)[0],
        "scaling": at(f"2{real}", 112, 176),
        "spacing": at(f"8{real}", 76, 104),
        "qform_code": at("i" if second else "h", 252, 344)[0],
        "sform_code": at("i" if second else "h", 254, 348)[0],
        "quaternion": at(f"6{real}", 256, 352),
        "sform": at(f"12{real}", 280, 400),
        "unit": at("i", 0, 500)[0] & 7 if second else data[123] & 7,
    }


def _affine(header: dict[str, Any]) -> Floats:
    """``(i, j, k, 1)`` to RAS mm."""
    affine = np.eye(4)
    if header["sform_code"] > 0:
        affine[:3] = np.reshape(header["sform"], (3, 4))
    elif header["qform_code"] > 0:
        b, c, d, *offset = header["quaternion"]
        a = np.sqrt(max(0.0, 1.0 - b * b - c * c - d * d))
        turned = np.array(
            [
                [a * a + b * b - c * c - d * d, 2 * (b * c - a * d), 2 * (b * d + a * c)],
                [2 * (b * c + a * d), a * a + c * c - b * b - d * d, 2 * (c * d - a * b)],
                [2 * (b * d - a * c), 2 * (c * d + a * b), a * a + d * d - b * b - c * c],
            ]
        )
        handed = -1.0 if header["spacing"][0] < 0 else 1.0
        affine[:3, :3] = turned * np.multiply(header["spacing"][1:4], (1.0, 1.0, handed))
        affine[:3, 3] = offset
    else:
        raise GeometryError("NIfTI file: expected an sform or a qform, found neither: it lies nowhere in the patient")
    affine[:3] *= _MM.get(header["unit"], 1.0)
    return affine
