"""NRRD images, single files: voxels, where they lie, and what 3D Slicer says of its segments."""

import bz2
import math
import re
import zlib
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sarcoma_review.errors import DicomError, GeometryError, UnsupportedError

Floats = NDArray[np.float64]

_TYPES = {
    "i1": ("signed char", "int8", "int8_t"),
    "u1": ("uchar", "unsigned char", "uint8", "uint8_t"),
    "i2": ("short", "short int", "signed short", "signed short int", "int16", "int16_t"),
    "u2": ("ushort", "unsigned short", "unsigned short int", "uint16", "uint16_t"),
    "i4": ("int", "signed int", "int32", "int32_t"),
    "u4": ("uint", "unsigned int", "uint32", "uint32_t"),
    "i8": ("longlong", "long long", "int64", "int64_t"),
    "u8": ("ulonglong", "unsigned long long", "uint64", "uint64_t"),
    "f4": ("float",),
    "f8": ("double",),
}
_NAMED = {name: code for code, names in _TYPES.items() for name in names}
_SPACES = {
    "left-posterior-superior": (1, 1, 1),
    "right-anterior-superior": (-1, -1, 1),
    "left-anterior-superior": (1, -1, 1),
}
_SHORT = {"LPS": "left-posterior-superior", "RAS": "right-anterior-superior", "LAS": "left-anterior-superior"}
_VECTOR = re.compile(r"\(([^()]*)\)|none")


class Nrrd(NamedTuple):
    """What a NRRD file holds.

    Attributes
    ----------
    layers : ndarray, shape (layers, slices, rows, columns)
        More than one where segments overlap.
    affine : ndarray, shape (4, 4)
        ``(slice, row, column, 1)`` to LPS mm.
    notes : dict
        Key and value pairs, such as ``"Segment0_Name"``.
    """

    layers: NDArray[Any]
    affine: Floats
    notes: dict[str, str]


def read_nrrd(path: Path) -> Nrrd:
    """Read a NRRD file with its voxels in it.

    Raises
    ------
    DicomError
        If the file is no NRRD file, or its voxels are not as many as its header says.
    GeometryError
        If its space is not the patient's, or it has not three axes there.
    UnsupportedError
        If its voxels stand in another file, or in a type or encoding that is not read.
    """
    data = path.read_bytes()
    fields, notes, body = _parted(data)
    sizes = [int(n) for n in fields.get("sizes", "").split() if n.isdigit()]
    dtype = _dtype(fields)
    count = math.prod(sizes) if sizes else 0
    raw = _decoded(body, fields.get("encoding", "raw").lower(), count * dtype.itemsize)
    if count < 1 or len(raw) != count * dtype.itemsize:
        raise DicomError(f"NRRD file: expected {count} voxels of {dtype.itemsize} bytes, found {len(raw)} bytes")
    affine, listed = _place(fields, len(sizes))
    array = np.frombuffer(raw, dtype).astype(dtype.newbyteorder("=")).reshape(sizes[::-1])
    layers = array[None] if listed is None else np.moveaxis(array, array.ndim - 1 - listed, 0)
    return Nrrd(layers, affine, notes)


def _parted(data: bytes) -> tuple[dict[str, str], dict[str, str], bytes]:
    if not data.startswith(b"NRRD000"):
        raise DicomError("expected a NRRD file, found something else")
    end = re.search(rb"\r?\n\r?\n", data)
    if end is None:
        raise DicomError("NRRD file: it ends within its header")
    fields, notes = {}, {}
    for line in data[: end.start()].decode("utf-8", "replace").splitlines()[1:]:
        if ":=" in line and not line.startswith("#"):
            key, value = line.split(":=", 1)
            notes[key.strip()] = value.strip()
        elif ": " in line and not line.startswith("#"):
            key, value = line.split(":", 1)
            fields[key.strip().lower()] = value.strip()
    if "data file" in fields or "datafile" in fields:
        raise UnsupportedError("NRRD file: its voxels stand in another file; save it as one file (.nrrd)")
    return fields, notes, data[end.end() :]


def _dtype(fields: dict[str, str]) -> np.dtype[Any]:
    code = _NAMED.get(fields.get("type", "").lower())
    if code is None:
        raise UnsupportedError(
            f"expected NRRD voxels that are numbers, found type {fields.get('type', 'none')[:16]!r}"
        )
    return np.dtype((">" if fields.get("endian", "little").lower() == "big" else "<") + code)


def _decoded(body: bytes, encoding: str, expected: int) -> bytes:
    """The voxels' bytes; no more is unpacked than one beyond those expected."""
    try:
        match encoding:
            case "raw":
                return body
            case "gzip" | "gz":
                return zlib.decompressobj(31).decompress(body, expected + 1)
            case "bzip2" | "bz2":
                return bz2.BZ2Decompressor().decompress(body, expected + 1)
    except (zlib.error, OSError, EOFError):
        raise DicomError("NRRD file: the compressed bytes are broken or end too soon") from None
    raise UnsupportedError(f"expected NRRD voxels raw, gzip or bzip2, found {encoding[:16]!r}")


def _place(fields: dict[str, str], dimensions: int) -> tuple[Floats, int | None]:
    """The affine, and which axis of the file, the fastest first, is a list and not a direction."""
    space = fields.get("space", "").strip()
    turn = _SPACES.get(_SHORT.get(space.upper(), space.lower()))
    if turn is None:
        raise GeometryError(f"NRRD file: expected a space of the patient (LPS, RAS or LAS), found {space[:32]!r}")
    axes = [_numbers(found) for found in _VECTOR.finditer(fields.get("space directions", ""))]
    (origin,) = [_numbers(found) for found in _VECTOR.finditer(fields.get("space origin", ""))] or [None]
    lists = [k for k, axis in enumerate(axes) if axis is None]
    directions = [axis for axis in axes if axis is not None]
    if len(axes) != dimensions or len(directions) != 3 or len(lists) > 1 or origin is None:
        raise GeometryError(
            f"NRRD file: expected three directions and an origin in the patient, found {len(directions)} direction(s)"
        )
    affine = np.eye(4)
    affine[:3, :3] = np.array(directions[::-1]).T
    affine[:3, 3] = origin
    affine[:3] *= np.array(turn)[:, None]
    return affine, lists[0] if lists else None


def _numbers(found: re.Match[str]) -> list[float] | None:
    if found[1] is None:
        return None
    try:
        numbers = [float(part) for part in found[1].split(",")]
    except ValueError:
        numbers = []
    if len(numbers) != 3:
        raise GeometryError("NRRD file: expected directions and origin of three numbers each")
    return numbers
