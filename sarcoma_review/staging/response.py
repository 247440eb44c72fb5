"""Necrosis after chemotherapy. The number is kept; every reading of it has a name."""

from typing import Literal

from sarcoma_review.errors import PathwayError
from sarcoma_review.staging.classification import Classification, require_between

Convention = Literal["huvos", "loh", "euro_ewing"]
CONVENTIONS = {
    "huvos": ("Huvos: good from 90 % necrosis on", "stethoprep.com Huvos item"),
    "loh": ("Loh: poor at 90 % necrosis or less", "PMC4425640"),
    "euro_ewing": ("Euro-EWING: poor from 10 % viable cells on", "EE99 and Ewing-2008 abstract"),
}
"""What each says, and where it was read."""


def huvos_grade(necrosis_percent: float | None) -> Classification:
    """Huvos (Rosen) grade of necrosis: I below 50 %, II 50 to 89 %, III 90 to 99 %, IV 100 %.

    Parameters
    ----------
    necrosis_percent : float, optional
        Of the whole slab, 0 to 100. How it was counted (haemorrhage, fibrosis, acellular osteoid) matters; record it.

    Returns
    -------
    Classification
        Between 89 and 90 %, and between 99 and 100 %, the published wording has no grade: the lower one is given,
        and the note says so.

    Examples
    --------
    >>> huvos_grade(90).value
    'III'
    >>> huvos_grade(89.5).value, huvos_grade(89.5).notes
    ('II', ('89.5 % has no grade in the published wording; placed in II, the lower one',))
    """
    require_between("necrosis", necrosis_percent, 0, 100, "%")
    edition, source = "I <50, II 50-89, III 90-99, IV 100 %", CONVENTIONS["huvos"][1]
    if necrosis_percent is None:
        return Classification("Huvos", edition, None, ("I", "II", "III", "IV"), ("necrosis_percent",), source=source)
    steps = ((100, "IV"), (90, "III"), (50, "II"), (0, "I"))
    value = next(grade for least, grade in steps if necrosis_percent >= least)
    between = 89 < necrosis_percent < 90 or 99 < necrosis_percent < 100
    note = f"{necrosis_percent:g} % has no grade in the published wording; placed in {value}, the lower one"
    return Classification("Huvos", edition, value, notes=(note,) if between else (), source=source)


def response(necrosis_percent: float | None, *, convention: Convention) -> Classification:
    """Good or poor response by a named convention. At exactly 90 % the conventions disagree.

    Parameters
    ----------
    necrosis_percent : float, optional
    convention : {"huvos", "loh", "euro_ewing"}
        Named each time; there is none by default.

    Raises
    ------
    PathwayError
        If the convention is not one of these, or the number not from 0 to 100 %.

    Examples
    --------
    >>> [response(90, convention=name).value for name in ("huvos", "loh", "euro_ewing")]
    ['good', 'poor', 'poor']
    """
    if convention not in CONVENTIONS:
        raise PathwayError(f"necrosis convention: expected one of {', '.join(CONVENTIONS)}; found another word")
    require_between("necrosis", necrosis_percent, 0, 100, "%")
    words, source = CONVENTIONS[convention]
    if necrosis_percent is None:
        return Classification("Response", words, None, ("good", "poor"), ("necrosis_percent",), source=source)
    good = necrosis_percent >= 90 if convention == "huvos" else necrosis_percent > 90
    notes = ("the conventions disagree at exactly 90 %",) if necrosis_percent == 90 else ()
    return Classification("Response", words, "good" if good else "poor", notes=notes, source=source)
