"""Events of a reconstruction, by the Henderson types. The word failure is not used: the scheme is being rewritten."""

from typing import Literal

from sarcoma_review.errors import PathwayError
from sarcoma_review.staging.classification import Classification

Version = Literal["Henderson 2011", "ISOLS 2014"]
VERSIONS = ("Henderson 2011", "ISOLS 2014")
EVENTS = {
    "soft_tissue": "1",
    "aseptic_loosening": "2",
    "structural": "3",
    "infection": "4",
    "tumour_progression": "5",
    "paediatric": "6",
}
"""Type of each event."""

_SOURCE = "10.1302/0301-620X.96B11.34747; Curr Oncol 2024;31:6245; revision: isols.com/complications-report"
_LETTER = "types have letters that were not read in the paper and are not given"


def reconstruction_event(event: str | None, *, version: Version, biological: bool = False) -> Classification:
    """Henderson type of a reconstruction event.

    Parameters
    ----------
    event : str, optional
        One of `EVENTS`.
    version : {"Henderson 2011", "ISOLS 2014"}
        The types were read; the letters within a type, and the time that parts early from late, were not and are not
        computed. A letter given elsewhere is recorded as an `OutsideEstimate`.
    biological : bool
        A biological reconstruction has a type 2 of its own, non-union.

    Raises
    ------
    PathwayError
        If event or version are not known.

    Examples
    --------
    >>> reconstruction_event("infection", version="ISOLS 2014").value
    '4'
    """
    if version not in VERSIONS:
        raise PathwayError(f"classification version: expected {' or '.join(VERSIONS)}; a type needs its version")
    if event is not None and event not in EVENTS:
        raise PathwayError(f"reconstruction event: expected one of {', '.join(EVENTS)}; found another word")
    notes: tuple[str, ...] = (_LETTER, "under revision by ISOLS")
    if biological:
        notes = ("non-union of a biological reconstruction has a type 2 of its own", *notes)
    if event is None:
        candidates = tuple(EVENTS.values())
        return Classification(
            "Reconstruction event", version, None, candidates, ("event",), notes=notes, source=_SOURCE
        )
    return Classification("Reconstruction event", version, EVENTS[event], notes=notes, source=_SOURCE)
