"""The pictures of a DICOM file: decoded to be looked at, and put back without the text in them."""

from copy import deepcopy
from dataclasses import replace
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from sarcoma_review.errors import UnsupportedError
from sarcoma_review.privacy import pixels
from sarcoma_review.privacy.blanking import Blanking, Box, TextLine, blank
from sarcoma_review.privacy.burned_in import find_text
from sarcoma_review.privacy.decoders import DECODERS, JPEG, RLE
from sarcoma_review.privacy.structure import BIG_ENDIAN, EXPLICIT, Layout

_BASELINE = frozenset((f"{JPEG}.50", f"{JPEG}.51"))
_FRAMES_LOOKED_AT, _FEWEST_SIGNS = 5, 3
_REGION_EDGES = ("RegionLocationMinY0", "RegionLocationMinX0", "RegionLocationMaxY1", "RegionLocationMaxX1")


def looked_at(frames: NDArray[Any], header: Dataset) -> Blanking:
    """Find what must go from a file's pictures: the union of what up to five of its frames carry.

    Parameters
    ----------
    frames : ndarray, shape (frames, rows, columns) or (frames, rows, columns, 3)
        As `decoded` gives them.
    header : Dataset

    Raises
    ------
    PrivacyError
        If the extra that reads pictures is not installed.
    """
    regions = ultrasound_regions(header)
    chosen = np.unique(np.linspace(0, len(frames) - 1, _FRAMES_LOOKED_AT).round().astype(int))
    lines: dict[Box, TextLine] = {}
    for number in chosen:
        for line in find_text(blank(frames[number], (), regions=regions)):
            lines.setdefault(line.box, TextLine(line.box, "", line.is_marker))
    return Blanking(tuple(lines.values()), regions)


def carries_text(layout: Layout) -> bool | None:
    """Say whether a slice bears a line of three signs and more: a quick look, for kinds that seldom do.

    None where its pixels cannot be decoded, and nobody knows.
    """
    header = layout.dataset()
    try:
        frames = decoded(layout, header)
    except UnsupportedError:
        return None
    lines = find_text(frames[len(frames) // 2], quick=True)
    return any(sum(sign.isalnum() for sign in line.characters) >= _FEWEST_SIGNS for line in lines)


def ultrasound_regions(header: Dataset) -> tuple[Box, ...]:
    """Give the parts of a picture that the file calls ultrasound (0018,6011); what lies outside is labels."""
    rows, columns = int(header.Rows), int(header.Columns)
    found = []
    for item in header.get("SequenceOfUltrasoundRegions") or ():
        edges = [item.get(keyword) for keyword in _REGION_EDGES]
        if all(isinstance(edge, int) for edge in edges):
            top, left, bottom, right = edges
            found.append((max(0, top), max(0, left), min(rows, bottom + 1), min(columns, right + 1)))
    return tuple(box for box in found if box[0] < box[2] and box[1] < box[3])


def decoded(layout: Layout, header: Dataset) -> NDArray[Any]:
    """Decode the stored values of every frame.

    Returns
    -------
    ndarray, shape (frames, rows, columns) or (frames, rows, columns, 3)

    Raises
    ------
    UnsupportedError
        If this version does not decode the pixels, or they are not of the size the header says.
    NotDicomError
        If there are fewer bytes than the header says.
    """
    if layout.pixels is None or layout.pixel_tag != 0x7FE00010:
        raise UnsupportedError("an image without pixels that can be looked at")
    if int(header.BitsAllocated) not in (8, 16, 32):
        raise UnsupportedError(f"pixels of {header.BitsAllocated} bits are not looked at; expected 8, 16 or 32")
    if not layout.encapsulated:
        return _native(layout, header)
    try:
        frames = pixels.frames(header, layout.pixels, layout.transfer_syntax)
        return np.stack([_decompressed(frame, layout.transfer_syntax, header) for frame in frames])
    except (ValueError, RuntimeError, IndexError) as error:
        if isinstance(error, UnsupportedError):
            raise
        raise UnsupportedError("compressed pixels that cannot be decoded") from None


def _kind(header: Dataset) -> np.dtype[Any]:
    return np.dtype(f"<{'i' if header.get('PixelRepresentation') else 'u'}{int(header.BitsAllocated) // 8}")


def _native(layout: Layout, header: Dataset) -> NDArray[Any]:
    if str(header.PhotometricInterpretation).startswith("YBR_FULL_422"):
        raise UnsupportedError("uncompressed colours at half resolution, which are not looked at")
    turned = layout.transfer_syntax == BIG_ENDIAN and layout.pixel_vr == "OW"
    value = pixels.native(header, layout.pixels or b"", big_endian=turned)
    samples, rows, columns = int(header.get("SamplesPerPixel", 1)), int(header.Rows), int(header.Columns)
    flat = np.frombuffer(value, _kind(header))
    flat = flat[: flat.size // (rows * columns * samples) * rows * columns * samples]
    if samples == 1:
        return flat.reshape(-1, rows, columns)
    if int(header.get("PlanarConfiguration", 0)) == 1:
        return np.moveaxis(flat.reshape(-1, samples, rows, columns), 1, -1)
    return flat.reshape(-1, rows, columns, samples)


def _decompressed(frame: bytes, syntax: str, header: Dataset) -> NDArray[Any]:
    rows, columns, samples = int(header.Rows), int(header.Columns), int(header.get("SamplesPerPixel", 1))
    expected = (rows, columns) if samples == 1 else (rows, columns, samples)
    if syntax == RLE:
        unsigned = np.dtype(f"u{int(header.BitsAllocated) // 8}")
        planes = np.frombuffer(imagecodecs.dicomrle_decode(frame, unsigned), unsigned)[: rows * columns * samples]
        picture = np.moveaxis(planes.reshape(samples, rows, columns), 0, -1).reshape(expected)
    elif syntax in _BASELINE:
        picture = _baseline(frame, str(header.PhotometricInterpretation), samples)
    elif syntax in DECODERS:
        picture = DECODERS[syntax](frame)
    else:
        raise UnsupportedError("a transfer syntax that this version does not decode")
    if picture.shape != expected:
        raise UnsupportedError("a compressed picture that is not of the size its header says")
    return picture.astype(_kind(header), copy=False)


def _baseline(frame: bytes, colours: str, samples: int) -> Any:
    if samples == 1:
        return imagecodecs.jpeg8_decode(frame)
    coded = "RGB" if colours == "RGB" else "YCBCR"
    return imagecodecs.jpeg8_decode(frame, colorspace=coded, outcolorspace="RGB")


def without_text(layout: Layout, header: Dataset, blanking: Blanking) -> tuple[Layout, Dataset]:
    """Give the file's pixels without its text: uncompressed, little endian; or both as they are if nothing goes.

    Raises
    ------
    UnsupportedError
        If the pixels cannot be decoded.
    """
    if not blanking.changes_something:
        return layout, header
    frames = decoded(layout, header)
    changed = deepcopy(header)
    if frames.ndim == 4:
        changed.PlanarConfiguration = 0
        changed.PhotometricInterpretation = _colours(layout, header)
    dark = _dark(str(changed.PhotometricInterpretation), frames)
    value = blank(frames, blanking.lines, regions=blanking.regions, dark=dark).tobytes()
    value += b"\0" * (len(value) % 2)
    return replace(layout, pixels=value, transfer_syntax=EXPLICIT), changed


def _colours(layout: Layout, header: Dataset) -> str:
    """What the decoder made of the colours."""
    stored = str(header.PhotometricInterpretation)
    return "RGB" if layout.transfer_syntax in _BASELINE or stored in ("YBR_RCT", "YBR_ICT") else stored


def _dark(colours: str, frames: NDArray[Any]) -> Any:
    """Black, or the least value of a grey picture."""
    if frames.ndim == 3:
        return frames.min()
    return np.array([0, 128, 128] if colours.startswith("YBR") else [0, 0, 0], frames.dtype)
