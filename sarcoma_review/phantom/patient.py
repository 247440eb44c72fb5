"""A synthetic patient as a value: images, outlines, and the truth they were made from."""

from dataclasses import dataclass
from typing import Any, Literal

from sarcoma_review.volume import Segment, Volume

Acquisition = dict[str, float | str | list[str]]
"""DICOM keywords and their values."""


@dataclass(frozen=True, eq=False)
class SyntheticImage:
    """An image, and what its DICOM file would say about how it was taken.

    Parameters
    ----------
    volume : Volume
        Signed 16-bit voxels in patient space.
    acquisition : dict
        DICOM keywords and their values, numbers in the units of the standard (mm, ms, kV, mA, T, degrees).
    study : {"preoperative", "postoperative"}
        Images of one study lie in one frame of reference.
    """

    volume: Volume
    acquisition: Acquisition
    study: Literal["preoperative", "postoperative"] = "preoperative"


@dataclass(frozen=True, eq=False)
class Patient:
    """A synthetic patient: nobody's data, and everything about it known.

    Parameters
    ----------
    case_id : str
        The name of the case.
    images : tuple of SyntheticImage
        CT first, then MR, then what was taken after an operation.
    segments : tuple of Segment
        Boolean masks on the grid of the first image.
    truth : dict
        What the images were made from, in patient space and mm; fit for JSON.
    sex, age : str
        As DICOM writes them: ``"M"``, ``"022Y"``.
    study, outlines : str
        Descriptions of the study and of the series of outlines.
    """

    case_id: str
    images: tuple[SyntheticImage, ...]
    segments: tuple[Segment, ...]
    truth: dict[str, Any]
    sex: str = "M"
    age: str = "022Y"
    study: str = "femur tumour"
    outlines: str = "tumour and femur"
