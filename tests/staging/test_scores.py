"""Mirels, Huvos and the conventions of response, MSTS, reconstruction events, resection types, codes, estimates."""

from datetime import date
from typing import Any

import pytest

from sarcoma_review.errors import PathwayError
from sarcoma_review.staging import (
    MORPHOLOGY,
    NOT_COMPUTED,
    TOPOGRAPHY,
    NotComputedError,
    OutsideEstimate,
    campanacci_grade,
    huvos_grade,
    mirels,
    morphology,
    msts_1993,
    not_computed,
    pelvic_resection_type,
    reconstruction_event,
    response,
    topography,
)
from sarcoma_review.staging.function import ITEMS
from sarcoma_review.staging.reconstruction import EVENTS


@pytest.mark.parametrize(
    ("items", "total", "words"),
    [
        (("upper_limb", 1, "blastic", 1), "4", "0 to 4 %"),
        (("lower_limb", 2, "mixed", 1), "7", "0 to 4 %"),
        (("lower_limb", 2, "mixed", 2), "8", "15 %"),
        (("lower_limb", 2, "lytic", 2), "9", "more than 33 %"),
        (("trochanteric", 3, "lytic", 3), "12", "more than 33 %"),
    ],
)
def test_mirels_adds_up_and_says_how_many_broke(items: Any, total: str, words: str) -> None:
    names = dict(zip(("site", "pain", "lesion", "size"), items, strict=True))
    result = mirels(long_bone_metastasis=True, **names)
    assert result.value == total
    assert f"in the published group {words} of such lesions broke" in result.notes
    assert any("humerus" in note for note in result.notes) is (items[0] == "upper_limb")


@pytest.mark.parametrize("metastasis", [False, None])
def test_mirels_is_blocked_for_all_but_a_recorded_metastasis_of_a_long_bone(metastasis: bool | None) -> None:
    result = mirels(long_bone_metastasis=metastasis, site="lower_limb", pain=1, lesion="lytic", size=1)
    assert result.value is None
    assert result.arithmetic == ""
    assert result.blocked


@pytest.mark.parametrize(("item", "word"), [("pain", "mild"), ("size", "under_third")])
def test_mirels_turns_no_word_into_points_where_its_levels_were_not_read(item: str, word: str) -> None:
    said = rf"Mirels level of {item}: not computed here, .* can be recorded with its tool, version and date"
    with pytest.raises(NotComputedError, match=said):
        mirels(long_bone_metastasis=True, **{item: word})  # type: ignore[arg-type]
    with pytest.raises(PathwayError, match=f"{item}: expected 1, 2, 3 or None"):
        mirels(long_bone_metastasis=True, **{item: 4})  # type: ignore[arg-type]


def test_mirels_without_an_item_has_no_total() -> None:
    assert mirels(long_bone_metastasis=True, site="lower_limb").needs == ("pain", "lesion", "size")


@pytest.mark.parametrize(
    ("necrosis", "grade"),
    [(0, "I"), (49, "I"), (50, "II"), (89, "II"), (90, "III"), (99, "III"), (100, "IV"), (89.5, "II"), (99.5, "III")],
)
def test_huvos_grades_are_those_of_the_table(necrosis: float, grade: str) -> None:
    result = huvos_grade(necrosis)
    assert result.value == grade
    assert any("has no grade" in note for note in result.notes) is (necrosis in (89.5, 99.5))


@pytest.mark.parametrize(
    ("necrosis", "huvos", "loh", "euro_ewing"),
    [(89, "poor", "poor", "poor"), (90, "good", "poor", "poor"), (91, "good", "good", "good")],
)
def test_the_conventions_disagree_at_exactly_90_percent(
    necrosis: float, huvos: str, loh: str, euro_ewing: str
) -> None:
    assert response(necrosis, convention="huvos").value == huvos
    assert response(necrosis, convention="loh").value == loh
    assert response(necrosis, convention="euro_ewing").value == euro_ewing
    assert bool(response(necrosis, convention="loh").notes) is (necrosis == 90)


def test_necrosis_not_recorded_is_open_and_a_convention_is_required() -> None:
    assert huvos_grade(None).needs == ("necrosis_percent",)
    assert response(None, convention="loh").candidates == ("good", "poor")
    with pytest.raises(PathwayError, match="necrosis convention: expected one of huvos, loh, euro_ewing"):
        response(95, convention="usual")  # type: ignore[arg-type]
    with pytest.raises(PathwayError, match="necrosis: expected 0 to 100 %, found 101 %"):
        huvos_grade(101)


@pytest.mark.parametrize(("points", "value"), [(0, "0 of 30 (0 %)"), (3, "18 of 30 (60 %)"), (5, "30 of 30 (100 %)")])
@pytest.mark.parametrize("limb", ["lower", "upper"])
def test_msts_sums_to_30(limb: Any, points: int, value: str) -> None:
    assert msts_1993(dict.fromkeys(ITEMS[limb], points), limb=limb).value == value


@pytest.mark.parametrize(
    ("items", "limb", "message"),
    [
        ({"pain": 6}, "lower", "pain: expected 0, 1, 2, 3, 4, 5 or None"),
        ({"pain": True}, "lower", "pain: expected 0, 1"),
        ({"gait": 3}, "upper", "MSTS 1993, upper limb: expected .*; found gait"),
        ({}, "trunk", "MSTS 1993 limb: expected lower or upper"),
    ],
)
def test_msts_items_that_cannot_be_are_refused(items: Any, limb: Any, message: str) -> None:
    with pytest.raises(PathwayError, match=message):
        msts_1993(items, limb=limb)


def test_msts_without_an_item_has_no_total() -> None:
    assert msts_1993({**dict.fromkeys(ITEMS["lower"], 4), "gait": None}, limb="lower").needs == ("gait",)


@pytest.mark.parametrize("version", ["Henderson 2011", "ISOLS 2014"])
def test_a_reconstruction_event_has_its_type_and_no_letter(version: Any) -> None:
    types = [reconstruction_event(event, version=version).value for event in EVENTS]
    assert types == ["1", "2", "3", "4", "5", "6"]
    assert "letters that were not read" in reconstruction_event("infection", version=version).notes[0]
    assert "Henderson letter" in NOT_COMPUTED


def test_a_biological_reconstruction_has_a_type_2_of_its_own_and_an_event_needs_its_version() -> None:
    result = reconstruction_event("aseptic_loosening", version="ISOLS 2014", biological=True)
    assert result.value == "2"
    assert "non-union" in result.notes[0]
    with pytest.raises(PathwayError, match="a type needs its version"):
        reconstruction_event("infection", version="latest")  # type: ignore[arg-type]
    with pytest.raises(PathwayError, match="reconstruction event: expected one of soft_tissue"):
        reconstruction_event("breakage", version="ISOLS 2014")
    open_ = reconstruction_event(None, version="ISOLS 2014")
    assert open_.needs == ("event",)
    assert open_.source == reconstruction_event("infection", version="ISOLS 2014").source != ""


def test_pelvic_zones_are_written_in_order_and_only_four_are_known() -> None:
    assert pelvic_resection_type(["IV", "I"]).value == "I + IV"
    assert pelvic_resection_type(None).value is None
    for zones in ([], ["V"]):
        with pytest.raises(PathwayError, match="pelvic zones: expected some of I, II, III, IV"):
            pelvic_resection_type(zones)


def test_a_campanacci_grade_is_kept_and_not_derived() -> None:
    assert str(campanacci_grade("III")) == "Campanacci (giant cell tumour, as recorded; table not verified): III"
    assert campanacci_grade(None).candidates == ("I", "II", "III")


def test_codes_of_the_reference_are_found_and_the_older_ewing_code_is_carried_forward() -> None:
    assert morphology("9220/3").words == "chondrosarcoma"
    older = morphology("9260/3")
    assert (older.code, older.words) == ("9364/3", "Ewing sarcoma")
    assert "not verified" in older.note
    assert morphology("9364/3").note == ""
    assert "sacrum" in topography("C41.4").words
    assert len(MORPHOLOGY) == 22
    assert set(TOPOGRAPHY) == {f"C40.{n}" for n in (0, 1, 2, 3, 8, 9)} | {f"C41.{n}" for n in (0, 1, 2, 3, 4, 9)}


@pytest.mark.parametrize(("find", "code"), [(morphology, "9180"), (morphology, "9120/3"), (topography, "C42.0")])
def test_a_code_outside_the_tables_is_refused(find: Any, code: str) -> None:
    with pytest.raises(PathwayError, match=r"ICD-O (morphology|topography): expected a code such as"):
        find(code)


def test_prognostic_and_licensed_scores_are_not_computed_and_an_outside_estimate_is_kept_with_its_tool() -> None:
    for name in ("Tokuhashi", "Tomita", "PATHFx", "TESS", "SNOMED CT"):
        assert NOT_COMPUTED[name]
        with pytest.raises(NotComputedError, match=f"{name}: not computed here, .* tool, version and date"):
            raise not_computed(name)
    kept = OutsideEstimate("PATHFx", "3.0", date(2026, 11, 1), "80 % at 3 months")
    assert str(kept) == "PATHFx 3.0, 1 November 2026: 80 % at 3 months (entered, not computed here)"
    with pytest.raises(PathwayError, match="outside estimate: expected a version, found none"):
        OutsideEstimate("PATHFx", " ", date(2026, 11, 1), "80 %")
    undated: Any = None
    with pytest.raises(PathwayError, match="outside estimate: expected the date it was made on, found none"):
        OutsideEstimate("PATHFx", "3.0", undated, "80 %")
    with pytest.raises(PathwayError, match="not computed: expected one of Tokuhashi"):
        not_computed("Bauer")


def test_a_blocked_score_says_why_in_its_sentence() -> None:
    assert str(mirels()).endswith("not given, that it is a metastasis of a long bone is not recorded")
