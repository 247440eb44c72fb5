"""Mirels' score of a metastasis in a long bone."""

from dataclasses import replace
from typing import Literal

from sarcoma_review.staging.classification import YES_NO, Classification, require_one_of
from sarcoma_review.staging.estimate import not_computed

_SITE = {"upper_limb": 1, "lower_limb": 2, "trochanteric": 3}
_LESION = {"blastic": 1, "mixed": 2, "lytic": 3}
_POINTS = (1, 2, 3)
_ONLY = "it is made for metastases of long bones only"
_EDITION = "Mirels 1989, 4 to 12"
_SOURCE = "mdapp.co Mirels; JAAOS Global Research e20.00141; PMC10132712"


def mirels(
    *,
    long_bone_metastasis: bool | None = None,
    site: Literal["upper_limb", "lower_limb", "trochanteric"] | None = None,
    pain: Literal[1, 2, 3] | None = None,
    lesion: Literal["blastic", "mixed", "lytic"] | None = None,
    size: Literal[1, 2, 3] | None = None,
) -> Classification:
    """Mirels' score, with its sum shown; blocked for a primary tumour and for the spine.

    Parameters
    ----------
    long_bone_metastasis : bool, optional
        Whether the lesion is a metastasis, and in a long bone. Anything but a recorded yes blocks the score.
    site, lesion : str, optional
    pain, size : {1, 2, 3}, optional
        Points, as the reader takes them from the published table. What their levels mean was not read in the paper
        (secondary texts disagree on what size is a share of), so no word is turned into points.

    Returns
    -------
    Classification
        The total with how often such lesions broke in the published group; no total while an item is not recorded.
        It was specific in about 35 % at 9 or more: more break by the score than in life.

    Raises
    ------
    NotComputedError
        If a word is given for pain or size.
    PathwayError
        If another item cannot be.

    Examples
    --------
    >>> print(mirels(long_bone_metastasis=False, site="upper_limb"))
    Mirels (Mirels 1989, 4 to 12): not given, it is made for metastases of long bones only
    >>> print(mirels(long_bone_metastasis=True, site="lower_limb", pain=2, lesion="lytic", size=2))
    Mirels (Mirels 1989, 4 to 12): 9 = 2 + 2 + 3 + 2
    """
    require_one_of("long_bone_metastasis", long_bone_metastasis, YES_NO)
    points = {
        "site": _of_word("site", site, _SITE),
        "pain": _of_reader("pain", pain),
        "lesion": _of_word("lesion", lesion, _LESION),
        "size": _of_reader("size", size),
    }
    plain = Classification("Mirels", _EDITION, None, source=_SOURCE)
    if not long_bone_metastasis:
        why = "that it is a metastasis of a long bone is not recorded"
        return replace(plain, blocked=why if long_bone_metastasis is None else _ONLY)
    recorded = [point for point in points.values() if point is not None]
    if len(recorded) < len(points):
        return replace(plain, needs=tuple(name for name, point in points.items() if point is None))
    return replace(
        plain,
        value=str(sum(recorded)),
        arithmetic=" + ".join(map(str, recorded)),
        notes=_notes(sum(recorded), humerus=site == "upper_limb"),
    )


def _of_word(name: str, word: str | None, table: dict[str, int]) -> int | None:
    require_one_of(name, word, tuple(table))
    return None if word is None else table[word]


def _of_reader(name: str, points: int | str | None) -> int | None:
    if isinstance(points, str):
        raise not_computed(f"Mirels level of {name}")
    require_one_of(name, points, _POINTS)
    return points


def _notes(total: int, *, humerus: bool) -> tuple[str, ...]:
    band = "0 to 4 %" if total <= 7 else "15 %" if total == 8 else "more than 33 %"
    notes: tuple[str, ...] = (
        f"in the published group {band} of such lesions broke",
        "specificity about 35 % at 9 or more; points of pain and size as the reader took them from the table",
    )
    if humerus:
        notes += ("in the humerus 8 or more parted best in one series: sensitivity 83.6 %, specificity 79.5 %",)
    return notes
