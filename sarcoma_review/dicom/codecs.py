"""Pixels of one single-frame image, whatever they are coded in."""

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.encaps import generate_frames

from sarcoma_review.errors import DicomError, UnsupportedError

_DECODERS = {
    "1.2.840.10008.1.2.4.57": imagecodecs.jpegsof3_decode,  # JPEG lossless
    "1.2.840.10008.1.2.4.70": imagecodecs.jpegsof3_decode,
    "1.2.840.10008.1.2.4.80": imagecodecs.jpegls_decode,  # JPEG-LS
    "1.2.840.10008.1.2.4.81": imagecodecs.jpegls_decode,
    "1.2.840.10008.1.2.4.90": imagecodecs.jpeg2k_decode,  # JPEG 2000
    "1.2.840.10008.1.2.4.91": imagecodecs.jpeg2k_decode,
    "1.2.840.10008.1.2.4.201": imagecodecs.htj2k_decode,  # high-throughput JPEG 2000
    "1.2.840.10008.1.2.4.202": imagecodecs.htj2k_decode,
    "1.2.840.10008.1.2.4.203": imagecodecs.htj2k_decode,
}
_RLE = "1.2.840.10008.1.2.5"


def decode(dataset: Dataset) -> NDArray[np.integer]:
    """Stored values of a single-frame grey image, bits above BitsStored taken off.

    Parameters
    ----------
    dataset : pydicom.Dataset
        With file meta and PixelData.

    Returns
    -------
    ndarray of int, shape (rows, columns)

    Raises
    ------
    UnsupportedError
        If the transfer syntax, or the kind of pixel, is not read by this version.
    DicomError
        If the pixels are short, broken, or not of the size the header says.
    """
    _require_grey(dataset)
    syntax = dataset.file_meta.TransferSyntaxUID
    shape = (int(dataset.Rows), int(dataset.Columns))
    kind = np.dtype(f"{'i' if dataset.PixelRepresentation else 'u'}{dataset.BitsAllocated // 8}")
    if not syntax.is_compressed or syntax.is_deflated:
        return _mask(_native(dataset, shape, kind.newbyteorder("<" if syntax.is_little_endian else ">")), dataset)
    frame = next(generate_frames(dataset.PixelData, number_of_frames=1))
    try:
        pixels = _decompress(frame, str(syntax), shape, kind)
    except (ValueError, RuntimeError, IndexError) as problem:
        raise DicomError(f"pixels cannot be decoded ({syntax.name}): {type(problem).__name__}") from None
    if pixels.shape != shape:
        raise DicomError(f"decoded image is {pixels.shape} pixels, the header says {shape}")
    return _mask(pixels.astype(kind, copy=False), dataset)


def _require_grey(dataset: Dataset) -> None:
    if "PixelData" not in dataset:
        raise DicomError("image without pixels: PixelData is absent")
    photometric = str(dataset.get("PhotometricInterpretation", ""))
    if int(dataset.get("SamplesPerPixel", 1)) != 1 or photometric != "MONOCHROME2":
        raise UnsupportedError(
            f"only grey images (MONOCHROME2) are read by this version, found {photometric or 'none'}"
        )
    if int(dataset.BitsAllocated) not in (8, 16, 32):
        raise UnsupportedError(f"BitsAllocated of {dataset.BitsAllocated} is not read; expected 8, 16 or 32")


def _native(dataset: Dataset, shape: tuple[int, int], kind: np.dtype[np.integer]) -> NDArray[np.integer]:
    expected = shape[0] * shape[1] * kind.itemsize
    found = len(dataset.PixelData)
    if found < expected:
        raise DicomError(f"pixels are truncated: expected {expected} bytes, found {found}")
    return np.frombuffer(dataset.PixelData, kind, count=shape[0] * shape[1]).reshape(shape)


def _decompress(frame: bytes, syntax: str, shape: tuple[int, int], kind: np.dtype[np.integer]) -> NDArray[np.integer]:
    if syntax == _RLE:
        unsigned = np.dtype(f"u{kind.itemsize}")
        flat = np.frombuffer(imagecodecs.dicomrle_decode(frame, unsigned), unsigned)
        return flat[: shape[0] * shape[1]].reshape(shape).view(kind)
    if syntax not in _DECODERS:
        raise UnsupportedError(f"transfer syntax {syntax} is not read by this version")
    pixels: NDArray[np.integer] = _DECODERS[syntax](frame)
    return pixels


def _mask(pixels: NDArray[np.integer], dataset: Dataset) -> NDArray[np.integer]:
    """Take off what lies above BitsStored (old overlays), keeping the sign."""
    spare = int(dataset.BitsAllocated) - int(dataset.get("BitsStored", dataset.BitsAllocated))
    native = pixels.astype(pixels.dtype.newbyteorder("="), copy=False)
    if spare <= 0:
        return native
    shifted: NDArray[np.integer] = np.right_shift(np.left_shift(native, spare), spare)
    return shifted
