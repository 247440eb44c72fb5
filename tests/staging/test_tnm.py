from typing import Any

import pytest

from sarcoma_review.errors import PathwayError
from sarcoma_review.staging import NotComputedError, limb_stage, limb_t, pelvis_t, spine_t

NO_T4: dict[str, Any] = {"canal_invaded": False, "vessels_invaded": False}


@pytest.mark.parametrize(
    ("size_cm", "discontinuous", "t"), [(8.0, False, "T1"), (8.1, False, "T2"), (0.5, False, "T1"), (3, True, "T3")]
)
def test_a_limb_tumour_of_8_cm_exactly_is_t1(size_cm: float, discontinuous: bool, t: str) -> None:
    result = limb_t(edition="UICC9", size_cm=size_cm, discontinuous=discontinuous)
    assert result.value == t
    assert (result.notes != ()) is (size_cm == 8.0)


def test_size_or_continuity_not_recorded_is_asked_for() -> None:
    assert limb_t(edition="UICC9", size_cm=9).needs == ("discontinuous",)
    assert limb_t(edition="UICC9", discontinuous=False).needs == ("size_cm",)
    assert limb_t(edition="UICC9", discontinuous=True).value == "T3"


# NDRS sheet for bone, TNM 9.
GROUPS = [
    ("T1", "N0", "M0", "G1", "IA"),
    ("T1", "N0", "M0", "GX", "IA"),
    ("T2", "N0", "M0", "G1", "IB"),
    ("T3", "N0", "M0", "GX", "IB"),
    ("T1", "N0", "M0", "G2", "IIA"),
    ("T1", "N0", "M0", "G3", "IIA"),
    ("T2", "N0", "M0", "G2", "IIB"),
    ("T2", "N0", "M0", "G3", "IIB"),
    ("T3", "N0", "M0", "G2", "III"),
    ("T3", "N0", "M0", "G3", "III"),
    ("T1", "N0", "M1a", "G1", "IVA"),
    ("T3", "N0", "M1a", "G3", "IVA"),
    ("T1", "N1", "M0", "G1", "IVB"),
    ("T2", "N1", "M1a", "G2", "IVB"),
    ("T1", "N0", "M1b", "G1", "IVB"),
]


@pytest.mark.parametrize(("t", "n", "m", "grade", "stage"), GROUPS)
def test_stage_groups_of_the_limb_are_those_of_the_sheet(t: Any, n: Any, m: Any, grade: Any, stage: str) -> None:
    assert limb_stage(edition="UICC9", t=t, n=n, m=m, grade=grade).value == stage


def test_grade_not_recorded_is_not_gx() -> None:
    open_one = limb_stage(edition="UICC9", t="T2", n="N0", m="M0")
    assert open_one.candidates == ("IB", "IIB")
    assert open_one.needs == ("grade",)


def test_a_stage_group_whose_table_was_not_read_is_refused_with_the_way_out() -> None:
    assert limb_t(edition="AJCC8", size_cm=8.0, discontinuous=False).value == "T1"
    with pytest.raises(NotComputedError, match="outside estimate can be recorded with its tool, version and date"):
        limb_stage(edition="AJCC8", m="M1b")


@pytest.mark.parametrize("stage", [limb_t, limb_stage, spine_t, pelvis_t])
def test_an_edition_is_required(stage: Any) -> None:
    with pytest.raises(TypeError, match="edition"):
        stage()
    with pytest.raises(PathwayError, match="TNM edition: expected AJCC8 or UICC9"):
        stage(edition="7")


def body(*levels: str) -> list[tuple[str, str]]:
    return [(level, part) for level in levels for part in ("right body", "left body")]


@pytest.mark.parametrize(
    ("segments", "uicc9", "ajcc8"),
    [
        ([("T8", "left body")], "T1", "T1"),
        (body("T8"), "T1", "T1"),
        ([*body("T8"), ("T8", "left pedicle")], "T2", "T2"),
        (body("T8", "T9"), "T3", "T3"),
        ([*body("T8", "T9"), ("T9", "left pedicle")], None, "T3"),
        ([("T8", "left body"), ("T10", "left body")], None, "T3"),
        ([("T8", "left pedicle"), ("T8", "right pedicle")], None, "T3"),
        ([("T8", "posterior element"), ("T8", "right pedicle")], "T1", "T1"),
        ([("T12", "left body"), ("L1", "left body")], "T1", "T1"),
    ],
)
def test_the_spine_goes_by_adjacent_segments(segments: Any, uicc9: str | None, ajcc8: str) -> None:
    newer = spine_t(edition="UICC9", segments=segments, **NO_T4)
    assert newer.value == uicc9
    assert newer.value or "UICC9 gives a T to one to four adjacent segments" in str(newer)
    assert spine_t(edition="AJCC8", segments=segments, **NO_T4).value == ajcc8


def test_two_levels_are_not_two_segments() -> None:
    whole = [
        (level, part)
        for level in ("T8", "T9")
        for part in ("right pedicle", "right body", "left body", "left pedicle", "posterior element")
    ]
    assert spine_t(edition="AJCC8", segments=whole, **NO_T4).value == "T3"


def test_canal_invasion_is_t4a_and_a_vessel_not_recorded_is_said() -> None:
    result = spine_t(edition="UICC9", canal_invaded=True)
    assert result.value == "T4a"
    assert "vessels are not recorded: T4b is not excluded" in result.notes
    assert "spine has a T and no stage group" in result.notes
    assert spine_t(edition="UICC9", canal_invaded=True, vessels_invaded=True).value == "T4b"


def test_an_extent_alone_does_not_give_a_t() -> None:
    result = spine_t(edition="UICC9", segments=body("T8"))
    assert result.candidates == ("T1", "T4a", "T4b")
    assert result.needs == ("canal_invaded", "vessels_invaded")


@pytest.mark.parametrize(
    ("segments", "message"),
    [
        ([("S2", "left body")], "found a sacral level; the sacrum is staged as pelvis"),
        ([("T8", "lamina")], "spine segments: expected one of right pedicle"),
        ([("T13", "left body")], "vertebral level: expected C1 to C7"),
        ([], "expected at least one, or None for not recorded"),
        (3, "expected pairs such as .*, not levels and not a number"),
        (["T8"], "expected pairs such as .*, not levels and not a number"),
    ],
)
def test_segments_that_cannot_be_are_refused(segments: Any, message: str) -> None:
    with pytest.raises(PathwayError, match=message):
        spine_t(edition="UICC9", segments=segments)


@pytest.mark.parametrize(
    ("segments", "extraosseous", "size_cm", "t"),
    [
        (1, False, 8.0, "T1a"),
        (1, False, 8.1, "T1b"),
        (1, True, 5, "T2a"),
        (2, False, 9, "T2b"),
        (2, True, 5, "T3a"),
        (2, True, 12, "T3b"),
        (3, False, 5, "T4"),
    ],
)
def test_the_pelvis_goes_by_segments_extension_and_size(
    segments: int, extraosseous: bool, size_cm: float, t: str
) -> None:
    facts: dict[str, Any] = {"segments": segments, "extraosseous": extraosseous, "size_cm": size_cm}
    no_t4 = dict.fromkeys(("crosses_sacroiliac_joint", "medial_to_neuroforamen", "vessels_involved"), False)
    assert pelvis_t(edition="AJCC8", **facts, **no_t4).value == t


def test_the_pelvis_has_two_letters_of_t4_and_one_without() -> None:
    crossing: dict[str, Any] = {"edition": "AJCC8", "crosses_sacroiliac_joint": True}
    assert pelvis_t(**crossing, medial_to_neuroforamen=True, vessels_involved=False).value == "T4a"
    assert pelvis_t(**crossing, medial_to_neuroforamen=False, vessels_involved=False).value == "T4"
    assert pelvis_t(edition="AJCC8", vessels_involved=True).value == "T4b"
    assert "table not verified" in str(pelvis_t(edition="UICC9", vessels_involved=True))


def test_a_size_or_a_count_that_cannot_be_is_refused() -> None:
    with pytest.raises(PathwayError, match=r"size: expected 0.01 to 100 cm, found 0 cm"):
        limb_t(edition="UICC9", size_cm=0)
    words: Any = "8"
    with pytest.raises(PathwayError, match=r"size: expected 0.01 to 100 cm, found something that is not a number"):
        limb_t(edition="UICC9", size_cm=words)
    with pytest.raises(PathwayError, match="segments: expected 1, 2, 3, 4 or None"):
        pelvis_t(edition="AJCC8", segments=5)


def test_without_segments_every_extent_is_still_possible() -> None:
    assert spine_t(edition="AJCC8", **NO_T4).candidates == ("T1", "T2", "T3")
    assert spine_t(edition="UICC9", **NO_T4).needs == ("segments",)
