"""Invented plain films and screens: what tests write into pictures."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from pydicom import Dataset, Sequence
from pydicom.uid import UID, ExplicitVRLittleEndian

from sarcoma_review.privacy.structure import Layout, layout
from tests.privacy.case import NAME, ct, save

STORAGE = "1.2.840.10008.5.1.4.1.1."
SHAPE = (240, 320)


def grey(*texts: tuple[str, int, int], size_px: int = 18) -> NDArray[np.uint16]:
    """A smooth picture of 12 bits with texts on it, each at a row and column."""
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]]
    plain = 600 + 400 * np.sin(rows / 60) * np.cos(columns / 70)
    ink = Image.new("L", SHAPE[::-1])
    for text, row, column in texts:
        ImageDraw.Draw(ink).text((column, row), text, fill=255, font=ImageFont.load_default(size_px))
    weight = np.asarray(ink, float) / 255
    return np.asarray(plain * (1 - weight) + 3000 * weight, np.uint16)


def film(pixels: NDArray[np.uint16] | None = None, *, number: int = 1) -> Dataset:
    """A digital radiograph that bears a name and a marker of the side."""
    shown = grey((f"{NAME} Una", 12, 10), ("L", 100, 290)) if pixels is None else pixels
    ds = ct(number)
    ds.SOPClassUID, ds.Modality = f"{STORAGE}1.1", "DX"
    ds.Rows, ds.Columns = shown.shape
    ds.BitsStored, ds.HighBit = 12, 11
    ds.PixelData = shown.tobytes()
    for keyword in ("ImagePositionPatient", "ImageOrientationPatient", "SliceThickness", "FrameOfReferenceUID"):
        delattr(ds, keyword)
    return ds


def screen(pixels: NDArray[np.uint8], *, regions: list[tuple[int, int, int, int]] | None = None) -> Dataset:
    """A coloured ultrasound picture; regions as top, left, and the last row and column."""
    ds = film()
    ds.SOPClassUID, ds.Modality = f"{STORAGE}6.1", "US"
    ds.SamplesPerPixel, ds.PhotometricInterpretation, ds.PlanarConfiguration = 3, "RGB", 0
    ds.BitsAllocated = ds.BitsStored = 8
    ds.HighBit = 7
    ds.Rows, ds.Columns = pixels.shape[:2]
    ds.PixelData = pixels.tobytes()
    ds["PixelData"].VR = "OB"
    ds.SequenceOfUltrasoundRegions = Sequence([_region(edges) for edges in regions or []])
    return ds


def _region(edges: tuple[int, int, int, int]) -> Dataset:
    item = Dataset()
    item.RegionLocationMinY0, item.RegionLocationMinX0, item.RegionLocationMaxY1, item.RegionLocationMaxX1 = edges
    return item


def taken_apart(ds: Dataset, path: Path, *, syntax: UID = ExplicitVRLittleEndian) -> tuple[Layout, Dataset]:
    """Write a file and read it as the cleaner does."""
    whole = layout(save(ds, path, syntax=syntax).read_bytes())
    return whole, whole.dataset()
