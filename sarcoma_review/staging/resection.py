"""Pelvic resection types, and the Campanacci grade as a reader recorded it."""

from collections.abc import Collection
from typing import Literal

from sarcoma_review.errors import PathwayError
from sarcoma_review.staging.classification import Classification, require_one_of

PELVIC_ZONES = {
    "I": "iliac wing",
    "II": "around the acetabulum",
    "III": "pubic rami and ischium",
    "IV": "sacrum",
}
"""The zones of Enneking and Dunham."""


def pelvic_resection_type(zones: Collection[str] | None) -> Classification:
    """Type of a pelvic resection, by the zones taken out.

    Parameters
    ----------
    zones : collection of {"I", "II", "III", "IV"}, optional

    Raises
    ------
    PathwayError
        If a zone is not one of these, or none is given.

    Examples
    --------
    >>> pelvic_resection_type({"III", "II"}).value
    'II + III'
    """
    edition, source = "Enneking and Dunham", "zones as in a thesis of pelvic resections (my-thesis.info, p. 15)"
    if zones is None:
        return Classification("Pelvic resection", edition, None, tuple(PELVIC_ZONES), ("zones",), source=source)
    if not zones or not set(zones) <= set(PELVIC_ZONES):
        raise PathwayError("pelvic zones: expected some of I, II, III, IV, or None for not recorded")
    value = " + ".join(zone for zone in PELVIC_ZONES if zone in zones)
    words = "; ".join(f"{zone}, {PELVIC_ZONES[zone]}" for zone in PELVIC_ZONES if zone in zones)
    return Classification("Pelvic resection", edition, value, notes=(words,), source=source)


def campanacci_grade(grade: Literal["I", "II", "III"] | None) -> Classification:
    """Campanacci grade of a giant cell tumour as a reader recorded it; it is not derived from images here.

    The definitions were not read in their primary source, so the grade is kept and shown as not verified.

    Examples
    --------
    >>> print(campanacci_grade("II"))
    Campanacci (giant cell tumour, as recorded; table not verified): II
    """
    require_one_of("campanacci grade", grade, ("I", "II", "III"))
    edition = "giant cell tumour, as recorded"
    if grade is None:
        return Classification("Campanacci", edition, None, ("I", "II", "III"), ("grade",), verified=False)
    return Classification("Campanacci", edition, grade, verified=False)
