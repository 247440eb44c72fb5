"""Whether a head lies in the field of view: a face can be drawn from it, and recognised.

By the words of the header, and by the shape of what is in the air: a dome that closes at the top, as wide as a head;
in CT also a ring of bone around brain. Nothing here makes a face anonymous: a series that is flagged stays closed to
export until its slices are restricted to what lies below the orbits, or somebody signs for it.
"""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from scipy import ndimage

_WORDS = re.compile(
    r"\b(?:heads?|headneck|skull\w*|brain\w*|crani\w+|cerebr\w+|faces?|facial|maxillofacial|orbits?|orbital|eyes?"
    r"|sinus(?:es)?|nasal|jaws?|mandib\w+|maxill\w+|temporal bones?|pituitary|iam|iams|tmj|wholebody|whole body"
    r"|vertex)\b",
    re.IGNORECASE,
)
# The head of a bone is no head; the venous sinus of a tumour's name is rare enough to be asked about.
_OTHER_HEADS = re.compile(
    r"(?:femoral|humeral|radial|fibular?|femur|humerus|radius|metatarsal|metacarpal)\W+heads?"
    r"|heads? of (?:the )?(?:femur|humerus|radius|fibula|pancreas)|head first|iliosacral|sinus tarsi",
    re.IGNORECASE,
)
_KEYWORDS = (
    "BodyPartExamined",
    "ProtocolName",
    "SeriesDescription",
    "StudyDescription",
    "RequestedProcedureDescription",
)

_AIR_HU, _BONE_HU = -300.0, 250.0
_BRAIN_HU, _BRAIN_CM2, _BRAIN_MM = (-10.0, 90.0), 60.0, 30.0
_HEAD_CM2, _DOME_MM, _CLOSED = (130.0, 420.0), 140.0, 0.35
_COARSE_MM = 4.0


def in_field_of_view(
    headers: Sequence[Dataset],
    slices: NDArray[np.float64] | None = None,
    spacing_mm: tuple[float, float, float] | None = None,
) -> str | None:
    """Say why a series may show a head, or None.

    Parameters
    ----------
    headers : sequence of Dataset
        Of the images of one series; nothing of their values is repeated in the answer.
    slices : ndarray, shape (slices, rows, columns), optional
        Axial slices from the feet upwards; HU in CT. Without them the words alone decide.
    spacing_mm : tuple of float, optional
        Between slices, rows and columns.

    Notes
    -----
    None is no proof: a face without the vault of the skull, or in slices that are not axial, is not seen where no
    word says so.

    Examples
    --------
    >>> header = Dataset()
    >>> header.BodyPartExamined = "SKULL"
    >>> in_field_of_view([header])
    'the header names the head (BodyPartExamined)'
    """
    for header in headers:
        if keyword := _named(header):
            return f"the header names the head ({keyword})"
    if slices is None or spacing_mm is None:
        return None
    if str(headers[0].get("Modality", "")) == "CT" and _holds_brain(slices, spacing_mm):
        return "bone closes around what has the density of brain"
    if _has_dome(slices, spacing_mm):
        return "the outline closes at the top as a head does"
    return None


def _named(header: Dataset) -> str:
    for keyword in _KEYWORDS:
        words = _OTHER_HEADS.sub(" ", str(header.get(keyword, "")).replace("_", " "))
        if _WORDS.search(words):
            return keyword
    return ""


def _coarse(
    slices: NDArray[np.float64], spacing_mm: tuple[float, float, float]
) -> tuple[NDArray[np.float64], tuple[float, float, float]]:
    step = [max(1, round(_COARSE_MM / mm)) for mm in spacing_mm]
    dz, dy, dx = (mm * n for mm, n in zip(spacing_mm, step, strict=True))
    return slices[:: step[0], :: step[1], :: step[2]], (dz, dy, dx)


def _holds_brain(slices: NDArray[np.float64], spacing_mm: tuple[float, float, float]) -> bool:
    """Whether bone encloses a wide space with the density of brain, over some height."""
    fine = (spacing_mm[0], spacing_mm[1] * 2, spacing_mm[2] * 2)
    step = max(1, round(_COARSE_MM / spacing_mm[0]))
    pixel_cm2 = fine[1] * fine[2] / 100
    run = longest = 0
    for image in slices[::step, ::2, ::2]:
        shell = ndimage.binary_closing(np.pad(image > _BONE_HU, 3), iterations=2)[3:-3, 3:-3]
        inside = ndimage.binary_fill_holes(shell) & ~shell
        brain = inside & (image > _BRAIN_HU[0]) & (image < _BRAIN_HU[1])
        wide = brain.sum() * pixel_cm2 >= _BRAIN_CM2 and brain.sum() >= 0.7 * inside.sum()
        run = run + 1 if wide else 0
        longest = max(longest, run)
    return longest * step * spacing_mm[0] >= _BRAIN_MM


def _has_dome(slices: NDArray[np.float64], spacing_mm: tuple[float, float, float]) -> bool:
    """Whether one body, as wide as a head, closes within the height of a head below the top of the slices."""
    coarse, (dz, dy, dx) = _coarse(slices, spacing_mm)
    areas_cm2 = [_largest(image > _threshold(coarse)) * dy * dx / 100 for image in coarse][::-1]
    top = [area for n, area in enumerate(areas_cm2) if n * dz <= _DOME_MM]
    if not top or not _HEAD_CM2[0] <= max(top) <= _HEAD_CM2[1]:
        return False
    return min(top[: int(np.argmax(top)) + 1]) <= _CLOSED * max(top)


def _threshold(slices: NDArray[np.float64]) -> float:
    """Between air and body: fixed in HU, by the bulk of the values in MR."""
    least, most = float(slices.min()), float(np.percentile(slices, 99))
    return _AIR_HU if least < -500 else least + 0.1 * (most - least)


def _largest(body: NDArray[np.bool_]) -> int:
    """Pixels of the largest part, its hollows filled."""
    labels, count = ndimage.label(body)
    if not count:
        return 0
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    return int(ndimage.binary_fill_holes(labels == sizes.argmax()).sum())
