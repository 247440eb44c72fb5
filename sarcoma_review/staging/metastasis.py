"""Mirels' score of a metastasis in a long bone."""

from dataclasses import replace
from typing import Literal

from sarcoma_review.staging.classification import YES_NO, Classification, require_one_of

_POINTS: dict[str, dict[str, int]] = {
    "site": {"upper_limb": 1, "lower_limb": 2, "trochanteric": 3},
    "pain": {"mild": 1, "moderate": 2, "functional": 3},
    "lesion": {"blastic": 1, "mixed": 2, "lytic": 3},
    "size": {"under_third": 1, "third_to_two_thirds": 2, "over_two_thirds": 3},
}
_ONLY = "it is made for metastases of long bones only"
_EDITION = "Mirels 1989, 4 to 12"
_SOURCE = "mdapp.co Mirels; JAAOS Global Research e20.00141; PMC10132712"


def mirels(
    *,
    long_bone_metastasis: bool | None = None,
    site: Literal["upper_limb", "lower_limb", "trochanteric"] | None = None,
    pain: Literal["mild", "moderate", "functional"] | None = None,
    lesion: Literal["blastic", "mixed", "lytic"] | None = None,
    size: Literal["under_third", "third_to_two_thirds", "over_two_thirds"] | None = None,
) -> Classification:
    """Mirels' score, with its sum shown; blocked for a primary tumour and for the spine.

    Parameters
    ----------
    long_bone_metastasis : bool, optional
        Whether the lesion is a metastasis, and in a long bone. Anything but a recorded yes blocks the score.
    site, pain, lesion : str, optional
    size : str, optional
        Share of the bone's diameter.

    Returns
    -------
    Classification
        The total with how often such lesions broke in the published group; no total while an item is not recorded.
        It was specific in about 35 % at 9 or more: more break by the score than in life.

    Examples
    --------
    >>> print(mirels(long_bone_metastasis=False, site="upper_limb"))
    Mirels (Mirels 1989, 4 to 12; table not verified): not given, it is made for metastases of long bones only
    """
    require_one_of("long_bone_metastasis", long_bone_metastasis, YES_NO)
    items = {"site": site, "pain": pain, "lesion": lesion, "size": size}
    for name, word in items.items():
        require_one_of(name, word, tuple(_POINTS[name]))
    plain = Classification("Mirels", _EDITION, None, source=_SOURCE, verified=False)
    if not long_bone_metastasis:
        why = "that it is a metastasis of a long bone is not recorded"
        return replace(plain, blocked=why if long_bone_metastasis is None else _ONLY)
    needs = tuple(name for name, word in items.items() if word is None)
    if needs:
        return replace(plain, needs=needs)
    points = [_POINTS[name][word] for name, word in items.items() if word is not None]
    total = sum(points)
    band = "0 to 4 %" if total <= 7 else "15 %" if total == 8 else "more than 33 %"
    notes: tuple[str, ...] = (
        f"in the published group {band} of such lesions broke",
        "specificity about 35 % at 9 or more; the wording of the pain and size items was not read in the paper",
    )
    if site == "upper_limb":
        notes += ("in the humerus 8 or more parted best in one series: sensitivity 83.6 %, specificity 79.5 %",)
    return replace(plain, value=str(total), arithmetic=" + ".join(map(str, points)), notes=notes)
