"""Where a tumour is, recorded once; what each scheme calls that place is derived.

The sacrum has three homes: spine in the LSESN pathway, pelvis in ICD-O and TNM, and two classes in SINS.
"""

from typing import Literal

from sarcoma_review.errors import PathwayError

LEVELS = (
    *(f"C{n}" for n in range(1, 8)),
    *(f"T{n}" for n in range(1, 13)),
    *(f"L{n}" for n in range(1, 6)),
    *(f"S{n}" for n in range(1, 6)),
)
"""Vertebral levels from above, one by one."""

SinsLocation = Literal["junctional", "mobile", "semirigid", "rigid"]
_JUNCTIONAL = {"C1", "C2", "C7", "T1", "T2", "T11", "T12", "L1", "L5", "S1"}


def require_level(level: str) -> None:
    """Refuse what is not a vertebral level.

    Raises
    ------
    PathwayError
        Unless it is C1 to C7, T1 to T12, L1 to L5 or S1 to S5.
    """
    if level not in LEVELS:
        raise PathwayError("vertebral level: expected C1 to C7, T1 to T12, L1 to L5 or S1 to S5; found another value")


def sins_location(level: str) -> SinsLocation:
    """The SINS location of a vertebral level; the occiput is not a level and is junctional too.

    References
    ----------
    .. [1] Fisher CG et al. A novel classification system for spinal instability in neoplastic disease. Spine 2010.

    Examples
    --------
    >>> sins_location("T1"), sins_location("T8"), sins_location("S2")
    ('junctional', 'semirigid', 'rigid')
    """
    require_level(level)
    if level in _JUNCTIONAL:
        return "junctional"
    if level[0] == "S":
        return "rigid"
    return "semirigid" if level[0] == "T" else "mobile"


def tnm_site(level: str) -> Literal["spine", "pelvis"]:
    """The TNM group of a vertebral level: the sacrum is staged as pelvis.

    Examples
    --------
    >>> tnm_site("T1"), tnm_site("S3")
    ('spine', 'pelvis')
    """
    require_level(level)
    return "pelvis" if level[0] == "S" else "spine"


def lsesn_site(level: str) -> Literal["spine", "sacrum"]:
    """The `site` of a vertebral level in the pathway ``lsesn-spinal-2024``.

    Examples
    --------
    >>> lsesn_site("T1"), lsesn_site("S3")
    ('spine', 'sacrum')
    """
    require_level(level)
    return "sacrum" if level[0] == "S" else "spine"
