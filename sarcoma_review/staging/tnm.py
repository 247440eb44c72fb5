"""TNM of bone by edition: categories and stage groups as facts, without the published wording.

Spine and pelvis have a T and no stage group. A vertebra has five segments; counting levels gives another T.
"""

from collections.abc import Collection
from typing import Any, Literal

from sarcoma_review.errors import PathwayError
from sarcoma_review.staging.anatomy import LEVELS, require_level, tnm_site
from sarcoma_review.staging.classification import (
    YES_NO,
    Classification,
    require_between,
    require_one_of,
    settle,
)
from sarcoma_review.staging.estimate import not_computed

Edition = Literal["AJCC8", "UICC9"]
EDITIONS = ("AJCC8", "UICC9")
PARTS = ("right pedicle", "right body", "left body", "left pedicle", "posterior element")
"""The five segments of a vertebra, in a ring: the last is the neighbour of the first."""

_NDRS = "NDRS staging sheet for bone, UICC TNM version 9"
_AJCC = "AJCC 8th edition, as quoted in pathologyoutlines.com, bone staging"
_LIMIT_CM = 8.0


def _require_edition(edition: str) -> None:
    if edition not in EDITIONS:
        raise PathwayError(f"TNM edition: expected {' or '.join(EDITIONS)}; a T without its edition means nothing")


def limb_t(*, edition: Edition, size_cm: float | None = None, discontinuous: bool | None = None) -> Classification:
    """T of the appendicular skeleton, trunk, skull and facial bones.

    Parameters
    ----------
    edition : {"AJCC8", "UICC9"}
    size_cm : float, optional
        Greatest dimension. 8.0 cm exactly is T1.
    discontinuous : bool, optional
        More than one tumour in the primary bone site.

    Raises
    ------
    PathwayError
        If the edition is not one of these, or the size cannot be.

    Examples
    --------
    >>> limb_t(edition="UICC9", size_cm=8.0, discontinuous=False).value
    'T1'
    """
    _require_edition(edition)
    require_between("size", size_cm, 0.01, 100, "cm")
    larger = None if size_cm is None else size_cm > _LIMIT_CM

    def rule(larger: bool, discontinuous: bool) -> str:
        return "T3" if discontinuous else "T2" if larger else "T1"

    recorded = {"larger": larger, "discontinuous": discontinuous}
    value, candidates, needs = settle(rule, recorded, dict.fromkeys(recorded, YES_NO))
    notes = ("8.0 cm exactly is T1: the table says 8 cm or less",) if size_cm == _LIMIT_CM else ()
    needs = tuple("size_cm" if name == "larger" else name for name in needs)
    source = _NDRS if edition == "UICC9" else _AJCC
    return Classification("T", edition, value, candidates, needs, notes=notes, source=source)


def limb_stage(
    *,
    edition: Edition,
    t: Literal["T1", "T2", "T3"] | None = None,
    n: Literal["N0", "N1"] | None = None,
    m: Literal["M0", "M1a", "M1b"] | None = None,
    grade: Literal["G1", "G2", "G3", "GX"] | None = None,
) -> Classification:
    """Stage group of the appendicular skeleton, trunk, skull and facial bones.

    Parameters
    ----------
    edition : {"UICC9"}
        The table of AJCC8 was not read.
    t, n : str, optional
    m : {"M0", "M1a", "M1b"}, optional
        M1a is lung only.
    grade : {"G1", "G2", "G3", "GX"}, optional
        GX, that it cannot be assessed, is something recorded; None is not recorded.

    Returns
    -------
    Classification
        IA, IB, IIA, IIB, III, IVA or IVB. Nothing is inferred from what is not recorded.

    Raises
    ------
    NotComputedError
        For AJCC8.
    PathwayError
        If the edition or a category is not one of these.

    Examples
    --------
    >>> limb_stage(edition="UICC9", t="T2", n="N0", m="M0", grade="G3").value
    'IIB'
    >>> limb_stage(edition="UICC9", m="M1b").value
    'IVB'
    """
    _require_edition(edition)
    if edition == "AJCC8":
        raise not_computed("AJCC8 stage group of the limb")
    recorded = {"t": t, "n": n, "m": m, "grade": grade}
    choices = {
        "t": ("T1", "T2", "T3"),
        "n": ("N0", "N1"),
        "m": ("M0", "M1a", "M1b"),
        "grade": ("G1", "G2", "G3", "GX"),
    }
    value, candidates, needs = settle(_limb_group, recorded, choices)
    return Classification("TNM stage group", edition, value, candidates, needs, source=_NDRS)


def _limb_group(t: str, n: str, m: str, grade: str) -> str:
    if n == "N1" or m == "M1b":
        return "IVB"
    if m == "M1a":
        return "IVA"
    if grade in ("G1", "GX"):
        return "IA" if t == "T1" else "IB"
    return {"T1": "IIA", "T2": "IIB", "T3": "III"}[t]


def spine_t(
    *,
    edition: Edition,
    segments: Collection[tuple[str, str]] | None = None,
    canal_invaded: bool | None = None,
    vessels_invaded: bool | None = None,
) -> Classification:
    """T of the spine, by segments and not by levels. There is no stage group.

    Two segments are adjacent when they are neighbours in the ring of one vertebra (right pedicle, right body, left
    body, left pedicle, posterior element), or the same part of two neighbouring vertebrae; that ring is our reading.

    Parameters
    ----------
    edition : {"AJCC8", "UICC9"}
        They differ in T3: AJCC8 counts four or more, and any that are not adjacent; UICC9 counts four adjacent and
        has no T for more, or for those that are not adjacent.
    segments : collection of (level, part), optional
        Such as ``("T1", "left body")``; all that the tumour involves.
    canal_invaded, vessels_invaded : bool, optional
        Spinal canal (T4a); adjacent vessels or thrombus in them (T4b).

    Returns
    -------
    Classification
        Canal invasion is T4a whether or not vessels are recorded; that T4b is not excluded is then noted.

    Raises
    ------
    PathwayError
        If a level or part is not one, a level is sacral (staged as pelvis), or no segment is given.

    Examples
    --------
    >>> spine_t(edition="UICC9", canal_invaded=True).value
    'T4a'
    >>> body = [("T8", "left body"), ("T8", "right body"), ("T8", "right pedicle")]
    >>> spine_t(edition="UICC9", segments=body, canal_invaded=False, vessels_invaded=False).value
    'T2'
    """
    _require_edition(edition)
    involved = None if segments is None else _segments(segments)
    for name, fact in (("canal_invaded", canal_invaded), ("vessels_invaded", vessels_invaded)):
        require_one_of(name, fact, YES_NO)
    basis: dict[str, Any] = {"source": f"{_NDRS}; five segments after ICD-O texts" if edition == "UICC9" else _AJCC}
    notes: tuple[str, ...] = ("spine has a T and no stage group",)
    if vessels_invaded or canal_invaded:
        open_ones = ("vessels_invaded",) if vessels_invaded is None else ()
        notes += ("vessels are not recorded: T4b is not excluded",) if open_ones else ()
        notes += ("T4a is recorded as well",) if vessels_invaded and canal_invaded else ()
        return Classification("T", edition, "T4b" if vessels_invaded else "T4a", (), open_ones, notes=notes, **basis)
    by_extent = _extent_t(involved, edition)
    needs = tuple(
        name
        for name, fact in (
            ("segments", involved),
            ("canal_invaded", canal_invaded),
            ("vessels_invaded", vessels_invaded),
        )
        if fact is None
    )
    if not needs:
        if by_extent == _NO_T:
            return Classification("T", edition, None, notes=(*notes, _NO_T_NOTE), **basis)
        return Classification("T", edition, by_extent[0], notes=notes, **basis)
    beyond = (("T4a",) if canal_invaded is None else ()) + (("T4b",) if vessels_invaded is None else ())
    return Classification("T", edition, None, (*by_extent, *beyond), needs, notes=notes, **basis)


_NO_T = ("no T in this edition",)
_NO_T_NOTE = "UICC9 gives a T to one to four adjacent segments; for more, or for segments apart, it has none"


def _extent_t(involved: set[tuple[int, int]] | None, edition: str) -> tuple[str, ...]:
    """The T that the extent alone allows; all of them where it is not recorded."""
    if involved is None:
        return ("T1", "T2", "T3") if edition == "AJCC8" else ("T1", "T2", "T3", *_NO_T)
    joined, count = _joined(involved), len(involved)
    if not joined or count > 4:
        return ("T3",) if edition == "AJCC8" else _NO_T
    return ({1: "T1", 2: "T1", 3: "T2", 4: "T3"}[count],)


def _segments(segments: Collection[tuple[str, str]]) -> set[tuple[int, int]]:
    """Segments by level, from above, and place in the ring."""
    if not isinstance(segments, Collection) or not all(isinstance(s, tuple) and len(s) == 2 for s in segments):
        raise PathwayError('spine segments: expected pairs such as ("T1", "left body"), not levels and not a number')
    if not segments:
        raise PathwayError("spine segments: expected at least one, or None for not recorded; found none")
    for level, part in segments:
        require_level(level)
        if tnm_site(level) == "pelvis":
            raise PathwayError(
                "spine segments: expected C1 to L5, found a sacral level; the sacrum is staged as pelvis"
            )
        if part not in PARTS:
            raise PathwayError(f"spine segments: expected one of {', '.join(PARTS)}; found another part")
    return {(LEVELS.index(level), PARTS.index(part)) for level, part in segments}


def _joined(involved: set[tuple[int, int]]) -> bool:
    """Whether every segment can be reached from every other through neighbours."""
    reached, edge = set[tuple[int, int]](), [next(iter(involved))]
    while edge:
        level, part = edge.pop()
        reached.add((level, part))
        near = {(level, (part + 1) % 5), (level, (part - 1) % 5), (level + 1, part), (level - 1, part)}
        edge += list(near & involved - reached)
    return reached == involved


def pelvis_t(
    *,
    edition: Edition,
    segments: int | None = None,
    extraosseous: bool | None = None,
    size_cm: float | None = None,
    crosses_sacroiliac_joint: bool | None = None,
    medial_to_neuroforamen: bool | None = None,
    vessels_involved: bool | None = None,
) -> Classification:
    """T of the pelvis, the sacrum included. There is no stage group.

    Parameters
    ----------
    edition : {"AJCC8", "UICC9"}
        The text read is AJCC8; UICC9 agrees with it as far as it could be seen, and is shown as not verified.
    segments : int, optional
        Number of pelvic segments involved, 1 to 4.
    extraosseous : bool, optional
    size_cm : float, optional
        Greatest dimension; 8.0 cm exactly is the smaller.
    crosses_sacroiliac_joint, medial_to_neuroforamen : bool, optional
        Both make T4a.
    vessels_involved : bool, optional
        External iliac vessels encased, or gross thrombus: T4b.

    Examples
    --------
    >>> pelvis_t(edition="AJCC8", segments=2, extraosseous=False, size_cm=9, crosses_sacroiliac_joint=False,
    ...          medial_to_neuroforamen=False, vessels_involved=False).value
    'T2b'
    """
    _require_edition(edition)
    require_between("size", size_cm, 0.01, 100, "cm")
    recorded = {
        "segments": segments,
        "extraosseous": extraosseous,
        "size_cm": None if size_cm is None else size_cm > _LIMIT_CM,
        "crosses_sacroiliac_joint": crosses_sacroiliac_joint,
        "medial_to_neuroforamen": medial_to_neuroforamen,
        "vessels_involved": vessels_involved,
    }
    value, candidates, needs = settle(
        _pelvis, recorded, {**dict.fromkeys(recorded, YES_NO), "segments": (1, 2, 3, 4)}
    )
    notes: tuple[str, ...] = ("pelvis has a T and no stage group",)
    if size_cm == _LIMIT_CM:
        notes += ("8.0 cm exactly is letter a: the table says 8 cm or less",)
    source = "AJCC8 pelvis, as quoted in public code"
    verified = edition == "AJCC8"
    return Classification("T", edition, value, candidates, needs, notes=notes, source=source, verified=verified)


def _pelvis(
    *,
    segments: int,
    extraosseous: bool,
    size_cm: bool,
    crosses_sacroiliac_joint: bool,
    medial_to_neuroforamen: bool,
    vessels_involved: bool,
) -> str:
    if vessels_involved:
        return "T4b"
    if crosses_sacroiliac_joint and medial_to_neuroforamen:
        return "T4a"
    if segments >= 3 or crosses_sacroiliac_joint:
        return "T4"
    return f"T{segments + extraosseous}{'b' if size_cm else 'a'}"
