"""The spine: SINS, epidural compression (ESCC), and the WBB clock."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from sarcoma_review.errors import PathwayError
from sarcoma_review.staging.anatomy import require_level
from sarcoma_review.staging.classification import YES_NO, Classification, require_between, require_one_of, settle

_SINS_POINTS: dict[str, dict[str, int]] = {
    "location": {"junctional": 3, "mobile": 2, "semirigid": 1, "rigid": 0},
    "pain": {"mechanical": 3, "occasional": 1, "none": 0},
    "lesion": {"lytic": 2, "mixed": 1, "blastic": 0},
    "alignment": {"subluxation": 4, "new_deformity": 2, "normal": 0},
    "collapse": {"over_half": 3, "under_half": 2, "none_body_over_half": 1, "none": 0},
    "posterolateral": {"bilateral": 3, "unilateral": 1, "none": 0},
}
_HALF = "exactly_half"
_SINS_EDITION = "Spinal Instability Neoplastic Score 2010, 0 to 18"
_SINS_SOURCE = "Fisher CG et al. Spine 2010; table as in cancercalc.com/sins.php"


def collapse_word(percent: float | None, *, body_over_half_involved: bool | None = None) -> str | None:
    """The SINS item for a vertebral collapse in percent of height; None where it is not recorded.

    Exactly 50 % has no place in the published table, which says more than and less than 50 %: it has a word of its
    own, with which `sins` gives no total.

    Raises
    ------
    PathwayError
        Outside 0 to 100 %.

    Examples
    --------
    >>> collapse_word(60), collapse_word(50), collapse_word(0, body_over_half_involved=True)
    ('over_half', 'exactly_half', 'none_body_over_half')
    """
    require_between("collapse", percent, 0, 100, "%")
    require_one_of("body_over_half_involved", body_over_half_involved, YES_NO)
    if percent is None or (percent == 0 and body_over_half_involved is None):
        return None
    if percent == 0:
        return "none_body_over_half" if body_over_half_involved else "none"
    return _HALF if percent == 50 else "over_half" if percent > 50 else "under_half"


def sins(
    *,
    location: Literal["junctional", "mobile", "semirigid", "rigid"] | None = None,
    pain: Literal["mechanical", "occasional", "none"] | None = None,
    lesion: Literal["lytic", "mixed", "blastic"] | None = None,
    alignment: Literal["subluxation", "new_deformity", "normal"] | None = None,
    collapse: str | None = None,
    posterolateral: Literal["bilateral", "unilateral", "none"] | None = None,
) -> Classification:
    """Spinal Instability Neoplastic Score, with its sum shown.

    Parameters
    ----------
    location : str, optional
        See `anatomy.sins_location`.
    pain : str, optional
        Occasional is pain that is not mechanical.
    lesion, alignment, posterolateral : str, optional
    collapse : {"over_half", "under_half", "none_body_over_half", "none", "exactly_half"}, optional
        See `collapse_word`. Exactly half is 2 or 3 points: both totals are given and neither is chosen.

    Returns
    -------
    Classification
        The total with its class; no total while an item is not recorded. The points so far stand in `arithmetic`.

    References
    ----------
    .. [1] Fisher CG et al. A novel classification system for spinal instability in neoplastic disease. Spine 2010.

    Examples
    --------
    >>> print(sins(location="junctional", pain="mechanical", lesion="lytic", alignment="normal", collapse="none",
    ...            posterolateral="none"))
    SINS (Spinal Instability Neoplastic Score 2010, 0 to 18): 8, potentially unstable = 3 + 3 + 2 + 0 + 0 + 0
    """
    items = {
        "location": location,
        "pain": pain,
        "lesion": lesion,
        "alignment": alignment,
        "collapse": collapse,
        "posterolateral": posterolateral,
    }
    for name, word in items.items():
        require_one_of(name, word, (*_SINS_POINTS[name], *([_HALF] if name == "collapse" else [])))
    points = {name: _SINS_POINTS[name][word] for name, word in items.items() if word is not None and word != _HALF}
    needs = tuple(name for name, word in items.items() if word is None)
    if needs:
        so_far = ", ".join(f"{name} {point}" for name, point in points.items())
        return Classification("SINS", _SINS_EDITION, None, (), needs, arithmetic=so_far, source=_SINS_SOURCE)
    if collapse == _HALF:
        both = [_sins_words(sum(points.values()) + point) for point in (2, 3)]
        note = f"a collapse of exactly 50 % has no place in the table: {both[0]}, or {both[1]}"
        return Classification("SINS", _SINS_EDITION, None, tuple(both), notes=(note,), source=_SINS_SOURCE)
    total = sum(points.values())
    notes = ("the published text asks for a surgical review from 7 on",) if total >= 7 else ()
    arithmetic = " + ".join(str(point) for point in points.values())
    return Classification(
        "SINS", _SINS_EDITION, _sins_words(total), arithmetic=arithmetic, notes=notes, source=_SINS_SOURCE
    )


def _sins_words(total: int) -> str:
    band = "stable" if total <= 6 else "potentially unstable" if total <= 12 else "unstable"
    return f"{total}, {band}"


def escc(
    *,
    epidural: bool | None = None,
    sac_deformed: bool | None = None,
    cord_abutted: bool | None = None,
    cord_compressed: bool | None = None,
    csf_visible: bool | None = None,
) -> Classification:
    """Epidural spinal cord compression scale (Bilsky) on axial T2 images, at the worst level.

    Parameters
    ----------
    epidural : bool, optional
        Tumour beyond the bone, in the epidural space.
    sac_deformed, cord_abutted, cord_compressed : bool, optional
        The further one of these is recorded as present, the less the ones before it matter.
    csf_visible : bool, optional
        Around the compressed cord.

    Returns
    -------
    Classification
        0, 1a, 1b, 1c, 2 or 3. "Compression" alone is 2 or 3.

    Examples
    --------
    >>> escc(cord_compressed=True).candidates
    ('2', '3')
    """

    def rule(epidural: bool, sac_deformed: bool, cord_abutted: bool, cord_compressed: bool, csf_visible: bool) -> str:
        if cord_compressed:
            return "2" if csf_visible else "3"
        return "1c" if cord_abutted else "1b" if sac_deformed else "1a" if epidural else "0"

    recorded = {
        "epidural": epidural,
        "sac_deformed": sac_deformed,
        "cord_abutted": cord_abutted,
        "cord_compressed": cord_compressed,
        "csf_visible": csf_visible,
    }
    value, candidates, needs = settle(rule, recorded, dict.fromkeys(recorded, YES_NO))
    note = {"0": "low", "1a": "low", "1b": "low", "1c": "debated", "2": "high", "3": "high"}.get(value or "", "")
    return Classification(
        "ESCC",
        "Bilsky, axial T2, worst level",
        value,
        candidates,
        needs,
        notes=(f"grade counted as {note}",) if note else (),
        source="Bilsky et al.; as in radiopaedia.org, epidural spinal cord compression scale",
    )


WBB_LAYERS = {
    "A": "soft tissue outside the bone",
    "B": "bone, superficial",
    "C": "bone, deep",
    "D": "outside the dura",
    "E": "inside the dura",
}


@dataclass(frozen=True)
class WeinsteinBorianiBiagini:
    """A tumour on the WBB clock: sectors 1 to 12, layers A to E, levels; only with its numbering.

    Parameters
    ----------
    sectors : collection of int
    layers : collection of str
    numbering : {"original", "SOSG"}
        Original: clockwise from the spinous process. SOSG: counter-clockwise from the left half of it. The view that
        "clockwise" means is not stated in the text read, so one is never turned into the other.
    levels : tuple of str

    Raises
    ------
    PathwayError
        If a sector is not 1 to 12, a layer not A to E, a level not one, the numbering not stated, or there is no
        sector or layer.

    Examples
    --------
    >>> print(WeinsteinBorianiBiagini({5, 6, 7, 8}, {"A", "B"}, numbering="SOSG", levels=("T1",)))
    WBB (SOSG numbering): sectors 5 to 8, layers A, B, levels T1
    """

    sectors: Collection[int]
    layers: Collection[str]
    numbering: Literal["original", "SOSG"]
    levels: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.numbering not in ("original", "SOSG"):
            raise PathwayError("WBB numbering: expected original or SOSG; sectors without it name no place")
        if not self.sectors or not set(self.sectors) <= set(range(1, 13)):
            raise PathwayError("WBB sectors: expected some of 1 to 12")
        if not self.layers or not set(self.layers) <= set(WBB_LAYERS):
            raise PathwayError("WBB layers: expected some of A, B, C, D, E")
        for level in self.levels:
            require_level(level)

    def layer_words(self) -> list[str]:
        """Its layers in words, from outside in."""
        return [f"{layer}, {WBB_LAYERS[layer]}" for layer in sorted(self.layers)]

    def same_place(self, other: "WeinsteinBorianiBiagini") -> bool:
        """Whether two tumours lie on the same sectors and layers.

        Raises
        ------
        PathwayError
            If their numberings differ.
        """
        if self.numbering != other.numbering:
            raise PathwayError(f"WBB numbering: expected {self.numbering} in both, found {other.numbering}")
        return set(self.sectors) == set(other.sectors) and set(self.layers) == set(other.layers)

    def __str__(self) -> str:
        levels = f", levels {', '.join(self.levels)}" if self.levels else ""
        layers = ", ".join(sorted(self.layers))
        return f"WBB ({self.numbering} numbering): sectors {_runs(self.sectors)}, layers {layers}{levels}"


def _runs(sectors: Collection[int]) -> str:
    runs: list[list[int]] = []
    for sector in sorted(set(sectors)):
        if runs and sector == runs[-1][-1] + 1:
            runs[-1].append(sector)
        else:
            runs.append([sector])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs)
