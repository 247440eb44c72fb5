"""MSTS 1993 functional score: the arithmetic. The published wording of the levels is not reproduced."""

from collections.abc import Mapping
from typing import Literal

from sarcoma_review.errors import PathwayError
from sarcoma_review.staging.classification import Classification, require_one_of

ITEMS = {
    "lower": ("pain", "function", "emotional_acceptance", "supports", "walking", "gait"),
    "upper": ("pain", "function", "emotional_acceptance", "hand_position", "dexterity", "lifting"),
}
"""The six items of each limb, 0 to 5 each."""


def msts_1993(items: Mapping[str, int | None], *, limb: Literal["lower", "upper"]) -> Classification:
    """Sum of the six items, of 30, and in percent.

    Parameters
    ----------
    items : mapping of str to int or None
        By the names in `ITEMS`, 0 to 5; one that is absent or None is not recorded.
    limb : {"lower", "upper"}

    Returns
    -------
    Classification
        No total while an item is not recorded.

    Raises
    ------
    PathwayError
        If the limb, an item or its points are not those of the score.

    Examples
    --------
    >>> print(msts_1993(dict.fromkeys(ITEMS["lower"], 4), limb="lower"))
    MSTS (1993, lower limb): 24 of 30 (80 %) = 4 + 4 + 4 + 4 + 4 + 4
    """
    if limb not in ITEMS:
        raise PathwayError("MSTS 1993 limb: expected lower or upper; found another word")
    names = ITEMS[limb]
    if unknown := sorted(set(items) - set(names)):
        raise PathwayError(f"MSTS 1993, {limb} limb: expected {', '.join(names)}; found {', '.join(unknown)}")
    for name in names:
        require_one_of(name, items.get(name), (0, 1, 2, 3, 4, 5))
    edition, source = f"1993, {limb} limb", "use of the score and its items: PMC5539034, PMC5438502"
    needs = tuple(name for name in names if items.get(name) is None)
    if needs:
        return Classification("MSTS", edition, None, (), needs, source=source)
    points = [items[name] or 0 for name in names]
    total = sum(points)
    note = "a study of 2024 found its content validity inadequate (BMC Cancer, s12885-024-12686-9)"
    value = f"{total} of 30 ({total / 30:.0%})".replace("%", " %")
    return Classification(
        "MSTS", edition, value, arithmetic=" + ".join(map(str, points)), notes=(note,), source=source
    )
