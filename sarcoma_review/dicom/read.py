"""Read the pixels of a stack into one array of rescaled values."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from io import FileIO
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian

from sarcoma_review.dicom import codecs
from sarcoma_review.dicom.elements import BROKEN, PIXEL_DATA
from sarcoma_review.dicom.instance import Instance
from sarcoma_review.dicom.modality import Scale, meaning_of
from sarcoma_review.dicom.nested import Layout, walk
from sarcoma_review.errors import DicomError, SarcomaReviewError, TruncatedError, UnsupportedError

Pixels: TypeAlias = "NDArray[np.int16] | NDArray[np.float32]"

_LOWEST, _HIGHEST = -(1 << 15), (1 << 15) - 1  # of int16
_KINDS = {(signed, bits): np.dtype(f"{'ui'[signed]}{bits // 8}") for signed in (False, True) for bits in (8, 16, 32)}


class Loaded(NamedTuple):
    """Rescaled values, shape (slices, rows, columns); their units; what a reader should know."""

    array: Pixels
    units: str
    issues: tuple[str, ...]


class _Slice(NamedTuple):
    """One image to be read, and what its stored values mean."""

    number: int
    instance: Instance
    scale: Scale


class _Met(NamedTuple):
    """What was met in one image: voxels of padding, bits beyond those stored."""

    padded: int
    overlaid: bool


class _DoesNotFitError(Exception):
    """A value beyond int16."""


def load_slices(instances: Sequence[Instance]) -> Loaded:
    """Rescaled values of ordered images, or frames of images, of one size.

    Parameters
    ----------
    instances : sequence of Instance

    Returns
    -------
    Loaded
        int16 where every slope and intercept is whole and all values fit; else float32. Units are ``"HU"`` for
        CT, ``"SUVbw"`` for PET where it can be computed, and empty where the images name none.

    Raises
    ------
    DicomError
        Naming the slice by its place in the stack, never the file.
    """
    for number, instance in enumerate(instances):
        with _Named(number, len(instances)):
            _require_readable(instance)
    meaning = meaning_of(instances)
    slices = [_Slice(number, *pair) for number, pair in enumerate(zip(instances, meaning.scales, strict=True))]
    array, met = _values(slices)
    return Loaded(array, meaning.units, (*meaning.issues, *_remarks(slices, met, meaning.units)))


def same_pixels(instances: Sequence[Instance]) -> bool:
    """Say whether images hold the same values; not where one of them cannot be read."""
    try:
        arrays = [load_slices([instance]).array for instance in instances]
    except SarcomaReviewError:
        return False
    return all(np.array_equal(arrays[0], other) for other in arrays[1:])


class _Named(NamedTuple):
    """Says in an error which slice it is; a class, for a generator takes longer than a slice's other checks."""

    number: int
    total: int

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, problem: BaseException | None, _trace: object) -> None:
        if problem is None:
            return
        where = f"slice {self.number + 1} of {self.total}"
        if isinstance(problem, DicomError):
            raise type(problem)(f"{where}: {problem}") from None
        if isinstance(problem, (OSError, *BROKEN)):
            raise DicomError(f"{where} cannot be read ({type(problem).__name__})") from None


def _require_readable(instance: Instance) -> None:
    """Refuse before anything is allocated."""
    codecs.require_known(instance.transfer_syntax)
    if instance.samples != 1 or instance.photometric not in ("MONOCHROME1", "MONOCHROME2"):
        raise UnsupportedError(
            f"only grey images (MONOCHROME1 or 2) are read, found {instance.photometric or 'none'}"
        )
    if instance.bits_allocated not in (8, 16, 32):
        raise UnsupportedError(f"BitsAllocated of {instance.bits_allocated} is not read; expected 8, 16 or 32")
    if not 0 < instance.bits_stored <= instance.high_bit + 1 <= instance.bits_allocated:
        raise DicomError(
            f"BitsStored {instance.bits_stored} and HighBit {instance.high_bit} do not fit in "
            f"{instance.bits_allocated} bits"
        )
    if instance.pixel_offset < 0 and instance.transfer_syntax != DeflatedExplicitVRLittleEndian:
        raise DicomError("image without pixels: PixelData is absent")
    if codecs.is_native(instance) and instance.pixel_offset >= 0:
        _require_length(instance)


def _require_length(instance: Instance) -> None:
    expected = _frame_bytes(instance) * instance.frames
    found = min(instance.pixel_length, instance.stamp[0] - instance.pixel_offset)
    if instance.pixel_length < 0:
        raise DicomError("pixels of undefined length in a transfer syntax that compresses nothing")
    if found < expected:
        raise TruncatedError(f"pixels are truncated: expected {expected} bytes, found {max(found, 0)}")


def _frame_bytes(instance: Instance) -> int:
    return instance.rows * instance.columns * (instance.bits_allocated // 8)


def _values(slices: Sequence[_Slice]) -> tuple[Pixels, list[_Met]]:
    shape = (len(slices), slices[0].instance.rows, slices[0].instance.columns)
    if all(each.scale.is_whole and each.instance.bits_allocated <= 16 for each in slices):
        whole = np.empty(shape, np.int16)
        try:
            return whole, _fill(slices, whole, _as_integers)
        except _DoesNotFitError:
            del whole  # before the larger array is made
    broken = np.empty(shape, np.float32)
    return broken, _fill(slices, broken, _as_floats)


_Fill: TypeAlias = "Callable[[_Slice, Callable[[NDArray[Any]], None], NDArray[Any]], _Met]"


def _fill(slices: Sequence[_Slice], array: Pixels, fill: _Fill) -> list[_Met]:
    """Read every slice into its place; one stack may hold compressed images and others."""
    native = [each for each in slices if codecs.is_native(each.instance)]
    coded = [each for each in slices if not codecs.is_native(each.instance)]
    met = _fill_native(native, array, fill) | _fill_coded(coded, array, fill)
    return [met[number] for number in range(len(slices))]


def _fill_coded(slices: Sequence[_Slice], array: Pixels, fill: _Fill) -> dict[int, _Met]:
    """Compressed slices, by as many threads as there are processors."""
    spans = _spans(slices, len(array))

    def job(each: _Slice) -> _Met:
        with _Named(each.number, len(array)), _open(each.instance) as file:
            own = spans.get(each.instance.path) or codecs.frame_spans(file, each.instance)
            frame = b"".join(_exactly(file, span) for span in own[each.instance.frame])

            def decode(into: NDArray[Any]) -> None:
                codecs.decode(frame, each.instance.transfer_syntax, into)

            return fill(each, decode, array[each.number])

    pool = ThreadPoolExecutor(os.cpu_count() or 1)
    try:
        return dict(zip((each.number for each in slices), pool.map(job, slices), strict=True))
    finally:
        pool.shutdown(cancel_futures=True)


def _spans(slices: Sequence[_Slice], count: int) -> dict[os.PathLike[str], list[Sequence[codecs.Span]]]:
    """Where the frames of multi-frame files lie, whose fragments are gone through once."""
    found: dict[os.PathLike[str], list[Sequence[codecs.Span]]] = {}
    for each in slices:
        if each.instance.frames > 1 and each.instance.path not in found:
            with _Named(each.number, count), _open(each.instance) as file:
                found[each.instance.path] = codecs.frame_spans(file, each.instance)
    return found


def _fill_native(slices: Sequence[_Slice], array: Pixels, fill: _Fill) -> dict[int, _Met]:
    met: dict[int, _Met] = {}
    by_file: dict[os.PathLike[str], list[_Slice]] = {}
    for each in slices:
        by_file.setdefault(each.instance.path, []).append(each)
    for frames in by_file.values():
        with _Named(frames[0].number, len(array)), _open(frames[0].instance) as file:
            read = _inflated_frame(file, frames[0].instance) if _is_deflated(frames[0].instance) else _frame
            for each in frames:
                met[each.number] = fill(each, _reader(file, each.instance, read), array[each.number])
    return met


_Read: TypeAlias = "Callable[[FileIO, Instance, NDArray[Any]], None]"


def _reader(file: FileIO, instance: Instance, read: _Read) -> Callable[[NDArray[Any]], None]:
    def into(stored: NDArray[Any]) -> None:
        read(file, instance, stored)

    return into


def _open(instance: Instance) -> FileIO:
    file = FileIO(instance.path)
    try:
        instance.require_unchanged(file.fileno())
    except DicomError:
        file.close()
        raise
    return file


def _exactly(file: FileIO, span: codecs.Span) -> bytes:
    file.seek(span[0])
    data = file.read(span[1])
    if len(data) != span[1]:
        raise TruncatedError(f"the file ends within a fragment of {span[1]} bytes")
    return data


def _frame(file: FileIO, instance: Instance, stored: NDArray[Any]) -> None:
    """Bytes of one frame straight from the file into their place."""
    size = _frame_bytes(instance)
    file.seek(instance.pixel_offset + instance.frame * size)
    found = file.readinto(stored.data.cast("B"))
    if found != size:
        raise TruncatedError(f"pixels are truncated: expected {size} bytes, found {found}")
    if instance.transfer_syntax == ExplicitVRBigEndian:
        _to_little(file, instance, stored)


def _to_little(file: FileIO, instance: Instance, stored: NDArray[Any]) -> None:
    if stored.dtype.itemsize > 1:
        stored.byteswap(inplace=True)
        return
    file.seek(instance.pixel_offset - 8)
    if file.read(2) == b"OW" and stored.size % 2 == 0:  # bytes in words of the other order (PS3.5 8.1.1)
        stored.reshape(-1).view(np.uint16).byteswap(inplace=True)


def _is_deflated(instance: Instance) -> bool:
    return instance.transfer_syntax == DeflatedExplicitVRLittleEndian


def _inflated_frame(file: FileIO, instance: Instance) -> _Read:
    size = _frame_bytes(instance)
    data = codecs.inflated(file, size * instance.frames)
    pixels = walk(data, 0, Layout(False, "<", frozenset())).get(PIXEL_DATA, b"")
    if not isinstance(pixels, bytes) or len(pixels) < size * instance.frames:
        raise TruncatedError(f"pixels are truncated: expected {size * instance.frames} bytes, found {len(pixels)}")

    def read(_file: FileIO, frame: Instance, stored: NDArray[Any]) -> None:
        stored[...] = np.frombuffer(pixels, stored.dtype, stored.size, frame.frame * size).reshape(stored.shape)

    return read


def _kind(instance: Instance) -> np.dtype[np.integer]:
    return _KINDS[instance.signed, instance.bits_allocated]


def _as_integers(each: _Slice, read: Callable[[NDArray[Any]], None], into: NDArray[Any]) -> _Met:
    kind, (slope, intercept) = _kind(each.instance), each.scale[:2]
    stored = into.view(kind) if kind.itemsize == 2 else np.empty(into.shape, kind)
    read(stored)
    met = _cleaned(stored, each.instance)
    if not _fits(_possible(each.instance), slope, intercept) and not _fits(
        (int(stored.min()), int(stored.max())), slope, intercept
    ):
        raise _DoesNotFitError
    if stored.dtype.itemsize == 1:
        into[...] = stored
    # Reckoned modulo 65536, which comes out right because the result fits.
    if slope != 1:
        into *= np.int64(slope).astype(np.int16)
    if intercept != 0:
        into += np.int64(intercept).astype(np.int16)
    return met


def _possible(instance: Instance) -> tuple[int, int]:
    """The least and the greatest value that so many bits hold."""
    if instance.signed:
        return -(1 << instance.bits_stored - 1), (1 << instance.bits_stored - 1) - 1
    return 0, (1 << instance.bits_stored) - 1


def _fits(ends: tuple[int, int], slope: float, intercept: float) -> bool:
    low, high = sorted(end * slope + intercept for end in ends)
    return low >= _LOWEST and high <= _HIGHEST


def _as_floats(each: _Slice, read: Callable[[NDArray[Any]], None], into: NDArray[Any]) -> _Met:
    stored = np.empty(into.shape, _kind(each.instance))
    read(stored)
    met = _cleaned(stored, each.instance)
    into[...] = each.scale.of(stored)
    return met


def _cleaned(stored: NDArray[Any], instance: Instance) -> _Met:
    """Take off what lies beside the bits stored (old overlays), keeping the sign; count padding."""
    above = instance.bits_allocated - 1 - instance.high_bit
    below = instance.high_bit + 1 - instance.bits_stored
    low, high = _possible(instance)
    overlaid = False
    if below or (above and (int(stored.max()) > high or (instance.signed and int(stored.min()) < low))):
        before = stored.copy()
        np.left_shift(stored, above, out=stored)
        np.right_shift(stored, above + below, out=stored)
        # A sign that was only drawn out over the bits above is no overlay.
        unsigned = stored & ((1 << instance.bits_stored) - 1)
        overlaid = not below and bool(((before != stored) & (before != unsigned)).any())
    padded = 0 if instance.padding is None else int(np.count_nonzero(stored == instance.padding))
    return _Met(padded, overlaid)


def _remarks(slices: Sequence[_Slice], met: Sequence[_Met], units: str) -> tuple[str, ...]:
    remarks = []
    first = slices[0].instance
    if padded := sum(each.padded for each in met):
        low, high = _padding_ends([each for each, found in zip(slices, met, strict=True) if found.padded])
        held = f"{low:g}" if low == high else f"{low:g} to {high:g}"
        remarks.append(f"pixel padding: {padded} voxels were not imaged and hold {held} {units}".rstrip())
    if overlaid := sum(each.overlaid for each in met):
        remarks.append(f"bits above the {first.bits_stored} stored were taken off in {overlaid} slice(s)")
    if inverted := sum(each.instance.photometric == "MONOCHROME1" for each in slices):
        only = "" if inverted == len(slices) else f", in {inverted} of {len(slices)} slices"
        remarks.append(f"MONOCHROME1: high values are meant to be shown dark{only}")
    if any(each.instance.transfer_syntax in codecs.LOSSY for each in slices):
        remarks.append("coded in a transfer syntax that allows loss")
    return tuple(remarks)


def _padding_ends(padded: Sequence[_Slice]) -> tuple[float, float]:
    """The least and the greatest value that padding has become."""
    held = [float(each.scale.of(np.array(each.instance.padding))) for each in padded]
    return min(held), max(held)
