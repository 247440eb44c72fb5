"""What a report can say of a measurement: its numbers with their units, intervals and place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

from sarcoma_review.dicom.content import Shape
from sarcoma_review.errors import DicomError
from sarcoma_review.planning.uncertainty import NORMAL_95

MM = codes.UCUM.Millimeter
MM2 = codes.UCUM.SquareMillimeter
ML = Code("ml", "UCUM", "ml")
_SUV = Code("g/ml", "UCUM", "g/ml")
_UNITS = {"HU": codes.UCUM.HounsfieldUnit, "SUVbw": _SUV, "": codes.UCUM.NoUnits}
_DERIVATIONS = {
    "mean": codes.SCT.Mean,
    "sd": codes.SCT.StandardDeviation,
    "minimum": codes.SCT.Minimum,
    "maximum": codes.SCT.Maximum,
}
_SIGNAL = {
    "HU": codes.DCM.AttenuationCoefficient,
    "SUVbw": codes.DCM.Suvbw,
    "": codes.DCM.MRSignalIntensity,
}

Position = tuple[float, float, float]


@dataclass(frozen=True)
class Quantity:
    """One number of a measurement.

    Parameters
    ----------
    concept : Code
        What was measured (SCT or DCM).
    value : float
    unit : Code
        UCUM.
    interval : tuple of float, optional
        95 % interval, in the same unit.
    derivation : Code, optional
        Such as mean or maximum.
    """

    concept: Code
    value: float
    unit: Code
    interval: tuple[float, float] | None = None
    derivation: Code | None = None


@dataclass(frozen=True)
class Drawn:
    """A measurement drawn on an image.

    Parameters
    ----------
    shape : {"POINT", "POLYLINE", "POLYGON", "ELLIPSE"}
    points_mm : tuple of position
        LPS mm; of an ellipse the ends of its longer and of its shorter axis.
    quantities : tuple of Quantity
    """

    shape: Shape
    points_mm: tuple[Position, ...]
    quantities: tuple[Quantity, ...]


def drawn_length(ends_mm: Sequence[Position], length_mm: float, *, sd_mm: float = 0.0) -> Drawn:
    """A length between two places, with the standard deviation of their placing."""
    return Drawn("POLYLINE", tuple(ends_mm), (_measured(codes.SCT.Length, length_mm, MM, sd_mm),))


def drawn_angle(points_mm: Sequence[Position], angle_deg: float, *, sd_deg: float = 0.0) -> Drawn:
    """An angle at the second of three places, in degrees."""
    return Drawn("POLYLINE", tuple(points_mm), (_measured(codes.SCT.Angle, angle_deg, codes.UCUM.Degree, sd_deg),))


def drawn_region(
    kind: str, figure_mm: Sequence[Position], *, area_mm2: float, values: Mapping[str, float], units: str
) -> Drawn:
    """The values of an image within an ellipse or a rectangle.

    Parameters
    ----------
    kind : {"ellipse", "rectangle"}
    figure_mm : three positions
        Its centre and its two half axes as vectors, LPS mm.
    area_mm2 : float
    values : mapping of str to float
        Of ``"mean"``, ``"sd"``, ``"minimum"`` and ``"maximum"`` those that are known, in `units`.
    units : {"HU", "SUVbw", ""}

    Raises
    ------
    DicomError
        If it is another kind, value or unit.
    """
    if units not in _UNITS or kind not in ("ellipse", "rectangle") or not set(values) <= set(_DERIVATIONS):
        raise DicomError(
            f"expected an ellipse or a rectangle with {', '.join(_DERIVATIONS)} in HU, SUVbw or no unit, found "
            f"{kind!r} with {', '.join(values)} in {units!r}"
        )
    numbers = tuple(
        Quantity(_SIGNAL[units], value, _UNITS[units], derivation=_DERIVATIONS[name])
        for name, value in values.items()
    )
    area = Quantity(codes.SCT.Area, area_mm2, MM2)
    return Drawn("ELLIPSE" if kind == "ellipse" else "POLYGON", _corners(kind, figure_mm), (area, *numbers))


def _corners(kind: str, figure_mm: Sequence[Position]) -> tuple[Position, ...]:
    centre, one, other = (np.array(part, np.float64) for part in figure_mm)
    if kind == "rectangle":
        turns = ((-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1))
        return tuple(_position(centre + i * one + j * other) for i, j in turns)
    long, short = sorted((one, other), key=lambda axis: -float(axis @ axis))
    return tuple(_position(centre + axis) for axis in (-long, long, -short, short))


def _position(point: NDArray[np.float64]) -> Position:
    return float(point[0]), float(point[1]), float(point[2])


def _measured(concept: Code, value: float, unit: Code, sd: float) -> Quantity:
    return Quantity(concept, value, unit, (value - NORMAL_95 * sd, value + NORMAL_95 * sd) if sd else None)
