from typing import Any

import pytest

from sarcoma_review.errors import PathwayError
from sarcoma_review.staging import (
    WeinsteinBorianiBiagini,
    collapse_word,
    escc,
    lsesn_site,
    sins,
    sins_location,
    tnm_site,
)

WORST: dict[str, Any] = {
    "location": "junctional",
    "pain": "mechanical",
    "lesion": "lytic",
    "alignment": "subluxation",
    "collapse": "over_half",
    "posterolateral": "bilateral",
}
BEST: dict[str, Any] = {
    "location": "rigid",
    "pain": "none",
    "lesion": "blastic",
    "alignment": "normal",
    "collapse": "none",
    "posterolateral": "none",
}


def test_sins_runs_from_0_to_18() -> None:
    assert (sins(**BEST).value, sins(**WORST).value) == ("0, stable", "18, unstable")


@pytest.mark.parametrize(
    ("changes", "value"),
    [
        ({"location": "junctional", "pain": "mechanical"}, "6, stable"),
        ({"location": "junctional", "pain": "mechanical", "lesion": "mixed"}, "7, potentially unstable"),
        (
            {**WORST, "alignment": "normal", "lesion": "mixed", "posterolateral": "unilateral"},
            "11, potentially unstable",
        ),
        ({**WORST, "alignment": "normal", "lesion": "mixed", "collapse": "under_half"}, "12, potentially unstable"),
        ({**WORST, "alignment": "normal", "lesion": "mixed"}, "13, unstable"),
    ],
)
def test_sins_classes_change_at_7_and_at_13(changes: dict[str, Any], value: str) -> None:
    result = sins(**{**BEST, **changes})
    assert result.value == value
    assert sum(map(int, result.arithmetic.split(" + "))) == int(value.split(",")[0])
    assert bool(result.notes) is (int(value.split(",")[0]) >= 7)


def test_a_sins_item_that_is_not_recorded_leaves_no_total() -> None:
    result = sins(**{**WORST, "pain": None})
    assert result.value is None
    assert result.needs == ("pain",)


# Junctional: occiput to C2, C7 to T2, T11 to L1, L5 to S1; mobile C3 to C6, L2 to L4; semirigid T3 to T10.
@pytest.mark.parametrize(
    ("location", "levels"),
    [
        ("junctional", "C1 C2 C7 T1 T2 T11 T12 L1 L5 S1"),
        ("mobile", "C3 C4 C5 C6 L2 L3 L4"),
        ("semirigid", "T3 T4 T5 T6 T7 T8 T9 T10"),
        ("rigid", "S2 S3 S4 S5"),
    ],
)
def test_the_location_of_each_level_is_that_of_the_published_score(location: str, levels: str) -> None:
    assert {sins_location(level) for level in levels.split()} == {location}


def test_the_sacrum_has_three_homes() -> None:
    assert (lsesn_site("S1"), tnm_site("S1"), sins_location("S1")) == ("sacrum", "pelvis", "junctional")
    assert (lsesn_site("L5"), tnm_site("L5")) == ("spine", "spine")


def test_collapse_of_exactly_half_is_not_in_the_table_and_both_totals_are_said() -> None:
    result = sins(**{**WORST, "alignment": "normal", "collapse": collapse_word(50)})
    assert result.value is None
    assert result.candidates == ("13, unstable", "14, unstable")
    assert "a collapse of exactly 50 % has no place in the table" in str(result)
    assert sins(collapse="exactly_half").arithmetic == ""
    with pytest.raises(PathwayError, match="collapse: expected 0 to 100 %, found 101 %"):
        collapse_word(101)
    assert (collapse_word(50.1), collapse_word(49.9)) == ("over_half", "under_half")
    assert collapse_word(0, body_over_half_involved=False) == "none"
    assert collapse_word(0) is None
    assert collapse_word(None) is None


@pytest.mark.parametrize(
    ("facts", "grade"),
    [
        ({"cord_compressed": True, "csf_visible": False}, "3"),
        ({"cord_compressed": True, "csf_visible": True}, "2"),
        ({"cord_compressed": False, "cord_abutted": True}, "1c"),
        ({"cord_compressed": False, "cord_abutted": False, "sac_deformed": True}, "1b"),
        ({"cord_compressed": False, "cord_abutted": False, "sac_deformed": False, "epidural": True}, "1a"),
        ({"cord_compressed": False, "cord_abutted": False, "sac_deformed": False, "epidural": False}, "0"),
    ],
)
def test_escc_goes_by_the_furthest_finding(facts: dict[str, bool], grade: str) -> None:
    assert escc(**facts).value == grade


def test_compression_alone_is_2_or_3_and_asks_for_the_csf() -> None:
    result = escc(cord_compressed=True, sac_deformed=True)
    assert (result.value, result.candidates, result.needs) == (None, ("2", "3"), ("csf_visible",))
    assert escc().candidates == ("2", "3", "1c", "1b", "1a", "0")


def test_1c_is_called_debated() -> None:
    assert escc(cord_compressed=False, cord_abutted=True).notes == ("grade counted as debated",)


def test_sectors_of_two_numberings_are_never_compared() -> None:
    ours = WeinsteinBorianiBiagini({1, 2}, {"A"}, numbering="SOSG")
    theirs = WeinsteinBorianiBiagini({1, 2}, {"A"}, numbering="original")
    assert ours.same_place(WeinsteinBorianiBiagini([2, 1], ["A"], numbering="SOSG"))
    with pytest.raises(PathwayError, match="WBB numbering: expected SOSG in both, found original"):
        ours.same_place(theirs)


def test_a_wbb_place_is_said_in_words_with_its_numbering() -> None:
    place = WeinsteinBorianiBiagini({12, 4, 5, 6}, {"D", "B"}, numbering="original", levels=("T1", "T2"))
    assert str(place) == "WBB (original numbering): sectors 4 to 6, 12, layers B, D, levels T1, T2"
    assert place.layer_words() == ["B, bone, superficial", "D, outside the dura"]


@pytest.mark.parametrize(
    ("sectors", "layers", "numbering", "message"),
    [
        ({0}, {"A"}, "SOSG", "WBB sectors: expected some of 1 to 12"),
        (set(), {"A"}, "SOSG", "WBB sectors"),
        ({1}, {"F"}, "SOSG", "WBB layers: expected some of A, B, C, D, E"),
        ({1}, {"A"}, "", "WBB numbering: expected original or SOSG"),
        ({1}, {"A"}, None, "WBB numbering: expected original or SOSG"),
    ],
)
def test_a_wbb_place_that_cannot_be_is_refused(sectors: Any, layers: Any, numbering: Any, message: str) -> None:
    with pytest.raises(PathwayError, match=message):
        WeinsteinBorianiBiagini(sectors, layers, numbering=numbering)


def test_a_wbb_place_at_what_is_no_level_is_refused() -> None:
    with pytest.raises(PathwayError, match="vertebral level: expected C1 to C7"):
        WeinsteinBorianiBiagini({1}, {"A"}, numbering="SOSG", levels=("T13",))
