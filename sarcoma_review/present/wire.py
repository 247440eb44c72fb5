"""How voxels travel to a page: as 16-bit numbers, in parts small enough for any link.

A browser's typed arrays know 16-bit integers, and a grey table over all of them is quick, so every volume
travels as ``int16`` with a slope and an intercept. Masks travel together, one bit each, and only the box that
holds them. Every part is deflated on its way: a page spends more on a byte of a message than on unpacking it.
"""

import hashlib
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from sarcoma_review.planning.masks import inside
from sarcoma_review.present.skin import Skin
from sarcoma_review.volume import Segment

PART_BYTES = 16 << 20
"""Parts of 16 MiB, some 4 MiB on the wire: few, for each costs a notebook more than its bytes, and packed in 0.1 s,
so that a click is answered in between."""

PREVIEW_BYTES = 4 << 20
BLANK = -32768
_LOWEST, _HIGHEST = -32767, 32767


@dataclass(frozen=True, eq=False)
class Pixels:
    """Voxels as they travel: value = slope * stored + intercept.

    Parameters
    ----------
    stored : ndarray of int16, shape (slices, rows, columns)
        C-contiguous, little-endian.
    slope, intercept : float
        Whole-number volumes that span at most 65 536 values travel exactly, with a slope of 1; others in 65 535
        even steps from lowest to highest, so that a value shown on a page is off by at most half a slope.
    blank : int or None
        The stored number of voxels that are not finite, where there are any.
    """

    stored: NDArray[np.int16]
    slope: float
    intercept: float
    blank: int | None

    @cached_property
    def id(self) -> str:
        """The same for the same numbers in the same shape, so that a page holds them once."""
        told = hashlib.sha256(repr(self.stored.shape).encode())
        told.update(self.stored.data)
        return told.hexdigest()[:32]


@dataclass(frozen=True, eq=False)
class Masks:
    """All segments as one array: segment n is bit n.

    Parameters
    ----------
    bits : ndarray of uint8
        The smallest box of voxels that holds every segment; empty where none has a voxel.
    origin : tuple of int
        Slice, row and column of the box's first voxel.
    """

    bits: NDArray[np.uint8]
    origin: tuple[int, int, int]


Layer = Literal["preview", "masks", "pixels", "vertices", "faces", "bands", "bone_vertices", "bone_faces"]


@dataclass(frozen=True, eq=False)
class Part:
    """One message's worth of numbers, to be laid at `offset` (in elements, C order) of its layer."""

    layer: Layer
    image: int
    offset: int
    data: NDArray[Any]

    def words(self) -> dict[str, Any]:
        """All but the numbers."""
        return {"layer": self.layer, "image": self.image, "offset": self.offset, "bytes": self.data.nbytes}

    def packed(self) -> bytes:
        """The numbers as they travel: deflated, voxels as steps from one to the next.

        Notes
        -----
        Steps of noise need seven bits or so of the sixteen, and those through air none: all low bytes come first
        and then all high ones, so that the two kinds are told apart. Only runs are looked for, which is quick.
        """
        numbers = _steps(self.data.reshape(-1)) if self.layer in ("preview", "pixels") else self.data
        deflate = zlib.compressobj(1, zlib.DEFLATED, -15, 9, zlib.Z_RLE)
        return deflate.compress(numbers.data) + deflate.flush()


def _steps(voxels: NDArray[np.int16]) -> NDArray[np.uint8]:
    """Steps between voxels, zigzag so that small ones of either sign are small: low bytes, then high bytes."""
    steps = np.diff(voxels, prepend=np.int16(0))
    zigzag = (steps << 1) ^ (steps >> 15)
    return np.ascontiguousarray(zigzag.view(np.uint8).reshape(-1, 2).T)


def encode(array: NDArray[Any]) -> Pixels:
    """Turn voxel values into what travels; a volume that is ``int16`` already is not copied.

    Parameters
    ----------
    array : ndarray, shape (slices, rows, columns)
        Boolean, whole or floating-point numbers; NaN and infinity become blank.
    """
    if array.dtype == np.int16:
        return Pixels(_as_int16(array, 0), 1.0, 0.0, None)
    values = array.astype(np.uint8) if array.dtype == bool else array
    finite = np.isfinite(values)
    every = bool(finite.all())
    known = values if every else values[finite]
    low, high = (known.min().item(), known.max().item()) if known.size else (0, 0)
    if every and high - low <= 65535 and _whole(values):
        shift = 0 if low >= -32768 and high <= 32767 else int(low) + 32768
        return Pixels(_as_int16(values, shift), 1.0, float(shift), None)
    return _quantised(values, finite, float(low), float(high))


def _whole(values: NDArray[Any]) -> bool:
    return bool(np.issubdtype(values.dtype, np.integer) or np.array_equal(values, np.rint(values)))


def _as_int16(values: NDArray[Any], shift: int) -> NDArray[np.int16]:
    if shift == 0:
        return np.ascontiguousarray(values, dtype="<i2")
    wide = np.float64 if np.issubdtype(values.dtype, np.floating) else np.int64
    return np.ascontiguousarray(values.astype(wide) - shift, dtype="<i2")


def _quantised(values: NDArray[Any], finite: NDArray[np.bool_], low: float, high: float) -> Pixels:
    slope = (high - low) / (_HIGHEST - _LOWEST) or 1.0
    with np.errstate(invalid="ignore"):
        steps = np.rint((values.astype(np.float64) - low) / slope) + _LOWEST
    stored = np.where(finite, steps, BLANK).astype("<i2")
    return Pixels(stored, slope, low - _LOWEST * slope, None if finite.all() else BLANK)


def pack(segments: Sequence[Segment], shape: tuple[int, int, int]) -> Masks:
    """Lay up to eight segments into one array.

    Parameters
    ----------
    segments : sequence of Segment
        On a grid of `shape`.
    shape : tuple of int
        Slices, rows, columns.
    """
    nothing = Masks(np.zeros((0, 0, 0), np.uint8), (0, 0, 0))
    if not segments:
        return nothing
    bits = np.zeros(shape, np.uint8)
    for n, segment in enumerate(segments):
        bits |= inside(segment.mask).astype(np.uint8) << np.uint8(n)
    held = [np.flatnonzero(bits.any(axis=axes)) for axes in ((1, 2), (0, 2), (0, 1))]
    if not held[0].size:
        return nothing
    first, last = [int(run[0]) for run in held], [int(run[-1]) for run in held]
    box = tuple(slice(low, high + 1) for low, high in zip(first, last, strict=True))
    return Masks(np.ascontiguousarray(bits[box]), (first[0], first[1], first[2]))


def preview_step(pixels: Pixels) -> int:
    """Every how many voxels the preview takes one: 2, or so many more that it stays small."""
    step = 2
    while pixels.stored.nbytes / step**3 > PREVIEW_BYTES:
        step *= 2
    return step


def parts(images: Sequence[Pixels], masks: Masks, mesh: Mapping[Layer, NDArray[Any]] | None = None) -> list[Part]:
    """Divide what a viewer shows: coarse previews first, then the outlines, then every voxel from the middle outward.

    Parameters
    ----------
    images : sequence of Pixels
    masks : Masks
    mesh : mapping, optional
        A surface's ``vertices``, ``faces`` and ``bands``.

    Returns
    -------
    list of Part
        Each of at most `PART_BYTES`, views of the arrays given where that is possible.
    """
    found = []
    for number, pixels in enumerate(images):
        step = preview_step(pixels)
        found.append(Part("preview", number, 0, np.ascontiguousarray(pixels.stored[::step, ::step, ::step])))
    found += _flat("masks", masks.bits)
    for layer, numbers in (mesh or {}).items():
        found += _flat(layer, numbers)
    for number, pixels in enumerate(images):
        flat = pixels.stored.reshape(-1)
        found += [Part("pixels", number, start, flat[start:stop]) for start, stop in _slabs(pixels.stored)]
    return found


def mesh_layers(skin: Skin | None) -> dict[Layer, NDArray[Any]]:
    """A surface as layers of parts; none where there is no surface."""
    return {} if skin is None else {"vertices": skin.vertices, "faces": skin.faces, "bands": skin.bands}


def _flat(layer: Layer, numbers: NDArray[Any]) -> list[Part]:
    flat = np.ascontiguousarray(numbers).reshape(-1)
    return [
        Part(layer, 0, start, flat[start:stop]) for start, stop in _runs(0, flat.size, PART_BYTES // flat.itemsize)
    ]


def _slabs(stored: NDArray[np.int16]) -> Iterator[tuple[int, int]]:
    """Ranges of elements, whole slices together where they fit, from the middle of the volume outward."""
    voxels = stored[0].size
    thick = max(1, PART_BYTES // (2 * voxels))
    starts = range(0, stored.shape[0], thick)
    middle = stored.shape[0] / 2
    for start in sorted(starts, key=lambda first: abs(first + thick / 2 - middle)):
        stop = min(start + thick, stored.shape[0])
        yield from _runs(start * voxels, stop * voxels, PART_BYTES // 2)


def _runs(start: int, stop: int, longest: int) -> Iterator[tuple[int, int]]:
    for first in range(start, stop, longest):
        yield first, min(first + longest, stop)
