"""Events of a reconstruction, by the Henderson types. The word failure is not used: the scheme is being rewritten."""

from typing import Literal

from sarcoma_review.errors import PathwayError
from sarcoma_review.staging.classification import Classification, require_between

Version = Literal["Henderson 2011", "ISOLS 2014"]
VERSIONS = ("Henderson 2011", "ISOLS 2014")
EVENTS = {
    "soft_tissue_function": ("1", "A"),
    "soft_tissue_coverage": ("1", "B"),
    "aseptic_loosening": ("2", ""),
    "structural_implant": ("3", "A"),
    "structural_bone": ("3", "B"),
    "infection": ("4", ""),
    "tumour_soft_tissue": ("5", "A"),
    "tumour_bone": ("5", "B"),
    "physeal_arrest": ("6", "A"),
    "joint_dysplasia": ("6", "B"),
}
"""Type and letter of each event; loosening and infection take their letter from the time."""

_SOURCE = "10.1302/0301-620X.96B11.34747; Curr Oncol 2024;31:6245; revision: isols.com/complications-report"
_EARLY_MONTHS = 24.0


def reconstruction_event(
    event: str | None, *, version: Version, months: float | None = None, biological: bool = False
) -> Classification:
    """Henderson type of a reconstruction event.

    Parameters
    ----------
    event : str, optional
        One of `EVENTS`.
    version : {"Henderson 2011", "ISOLS 2014"}
        Types 1 to 6 were read; the letters and the line at two years belong to 2014, were not read in the paper and
        are shown as not verified. 2011 is given without letter.
    months : float, optional
        From reconstruction to event, for loosening and infection. Less than 24 is early; exactly 24 is not defined in
        the text and taken as late.
    biological : bool
        A biological reconstruction has a type 2 of its own, non-union, which has no letter here.

    Raises
    ------
    PathwayError
        If event or version are not known, or the months cannot be.

    Examples
    --------
    >>> reconstruction_event("infection", version="ISOLS 2014", months=24).value
    '4B'
    >>> reconstruction_event("infection", version="ISOLS 2014").candidates
    ('4A', '4B')
    """
    if version not in VERSIONS:
        raise PathwayError(f"classification version: expected {' or '.join(VERSIONS)}; a type needs its version")
    if event is not None and event not in EVENTS:
        raise PathwayError(f"reconstruction event: expected one of {', '.join(EVENTS)}; found another word")
    require_between("months", months, 0, 1200, "months")
    letters = version == "ISOLS 2014"
    if event is None:
        return _classified(version, None, ("1", "2", "3", "4", "5", "6"), ("event",))
    kind, letter = EVENTS[event]
    if not letters or (biological and kind == "2"):
        notes = ("non-union of a biological reconstruction has a type 2 of its own",) if biological else ()
        return _classified(version, kind, notes=notes)
    if letter:
        return _classified(version, f"{kind}{letter}")
    if months is None:
        return _classified(version, None, (f"{kind}A", f"{kind}B"), ("months",))
    notes = ("exactly 24 months is not defined; less than 24 is early",) if months == _EARLY_MONTHS else ()
    return _classified(version, f"{kind}{'A' if months < _EARLY_MONTHS else 'B'}", notes=notes)


def _classified(
    version: str,
    value: str | None,
    candidates: tuple[str, ...] = (),
    needs: tuple[str, ...] = (),
    *,
    notes: tuple[str, ...] = (),
) -> Classification:
    notes = (*notes, "under revision by ISOLS")
    verified = version == "Henderson 2011"
    return Classification(
        "Reconstruction event", version, value, candidates, needs, notes=notes, source=_SOURCE, verified=verified
    )
