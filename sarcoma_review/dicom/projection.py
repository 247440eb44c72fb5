"""Plain films: images that project the patient, and lie nowhere in patient space."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydicom import Dataset

from sarcoma_review.dicom.elements import BROKEN
from sarcoma_review.dicom.instance import Instance
from sarcoma_review.dicom.modality import header_with
from sarcoma_review.dicom.read import load_slices
from sarcoma_review.errors import DicomError, GeometryError
from sarcoma_review.volume import Clearance

PitchSource = Literal["PixelSpacing", "ImagerPixelSpacing", "magnification", "none"]

_KINDS = frozenset(f"1.2.840.10008.5.1.4.1.1.{kind}" for kind in ("1", "1.1", "1.1.1"))  # CR, DX to show, DX raw
_TAGS = (
    "PixelSpacing",
    "ImagerPixelSpacing",
    "PixelSpacingCalibrationType",
    "EstimatedRadiographicMagnificationFactor",
)


@dataclass(frozen=True, eq=False)
class Projection:
    """A plain film.

    Parameters
    ----------
    array : ndarray, shape (rows, columns)
    pixel_pitch_mm : tuple of float or None
        Between rows, between columns; None where the image says nothing.
    pitch_source : {"PixelSpacing", "ImagerPixelSpacing", "magnification", "none"}
        ImagerPixelSpacing is measured at the detector, so that anatomy appears larger than it is;
        ``"magnification"`` is that, divided by the estimated magnification.
    calibrated : bool
        Whether the pitch was calibrated, by an object of known size or by the known geometry, so that lengths
        on the film may be given in mm.
    inverted : bool
        Whether high values are meant to be shown dark (MONOCHROME1).
    modality, description, sop_instance_uid, series_uid, units : str
    clearance : {"array", "ungated", "checked", "receipt"}
        How the pixels got past the privacy gate.
    issues : tuple of str
        What a reader should know and nothing else says.
    """

    array: NDArray[np.int16] | NDArray[np.float32]
    pixel_pitch_mm: tuple[float, float] | None
    pitch_source: PitchSource
    calibrated: bool
    inverted: bool
    modality: str
    description: str
    sop_instance_uid: str
    series_uid: str
    units: str
    clearance: Clearance
    issues: tuple[str, ...]

    def distance_mm(self, start: ArrayLike, end: ArrayLike) -> float:
        """Length in mm between two pixels (row, column), as projected.

        Raises
        ------
        GeometryError
            If the film is not calibrated.
        """
        if not self.calibrated or self.pixel_pitch_mm is None:
            raise GeometryError(
                f"{self.modality} film: no length in mm is given, its pixel pitch is not calibrated "
                f"(source: {self.pitch_source})"
            )
        apart = (np.asarray(end, np.float64) - np.asarray(start, np.float64)) * self.pixel_pitch_mm
        return float(np.linalg.norm(apart))

    def __repr__(self) -> str:
        rows, columns = self.array.shape
        pitch = "no pitch" if self.pixel_pitch_mm is None else f"{self.pixel_pitch_mm[0]:.3f} mm"
        return (
            f"<Projection {self.modality} {rows} x {columns}, {pitch}, {'' if self.calibrated else 'not '}calibrated>"
        )


def is_projection(image: Instance) -> bool:
    """Whether an image is a plain film (CR or DX)."""
    return image.sop_class_uid in _KINDS


def load_projection(image: Instance) -> Projection:
    """Read a plain film.

    Raises
    ------
    DicomError
        If pixels are missing, short, or in a coding that is not read.
    """
    if image.rows < 1 or image.columns < 1 or image.frames != 1:
        raise DicomError(f"a plain film has one frame of rows and columns, found {image.frames} frame(s)")
    loaded = load_slices([image])
    pitch, source, calibrated, remarks = _pitch(header_with(image, _TAGS))
    return Projection(
        array=loaded.array[0],
        pixel_pitch_mm=pitch,
        pitch_source=source,
        calibrated=calibrated,
        inverted=image.photometric == "MONOCHROME1",
        modality=image.modality,
        description=image.description,
        sop_instance_uid=image.sop_instance_uid,
        series_uid=image.series_uid,
        units=loaded.units,
        clearance="ungated",
        issues=(*loaded.issues, *remarks),
    )


_Pitch = tuple[tuple[float, float] | None, PitchSource, bool, tuple[str, ...]]


def _pitch(header: Dataset) -> _Pitch:
    """Pixel pitch by PS3.3 10.7.1.3: what its source is decides whether it may be measured with."""
    spacing, detector = _pair(header, "PixelSpacing"), _pair(header, "ImagerPixelSpacing")
    kind = str(header.get("PixelSpacingCalibrationType", "") or "")
    if spacing and kind in ("FIDUCIAL", "GEOMETRY"):
        depth = " at a depth the image does not tell" if kind == "GEOMETRY" else ""
        return spacing, "PixelSpacing", True, (f"pixel pitch calibrated by {kind.lower()}{depth}",)
    magnified = _number(header, "EstimatedRadiographicMagnificationFactor")
    if detector and magnified > 0:
        pitch = (detector[0] / magnified, detector[1] / magnified)
        return pitch, "magnification", False, (f"pixel pitch by an estimated magnification of {magnified:g}",)
    if detector:
        return detector, "ImagerPixelSpacing", False, ("pixel pitch at the detector: anatomy appears larger",)
    if spacing:
        return spacing, "PixelSpacing", False, ("pixel pitch of unknown calibration",)
    return None, "none", False, ("no pixel pitch",)


def _pair(header: Dataset, keyword: str) -> tuple[float, float] | None:
    try:
        rows, columns = (float(value) for value in header.get(keyword) or ())
    except BROKEN:
        return None
    return (rows, columns) if min(rows, columns) > 0 and np.isfinite((rows, columns)).all() else None


def _number(header: Dataset, keyword: str) -> float:
    try:
        return float(header.get(keyword) or 0)
    except BROKEN:
        return 0.0
