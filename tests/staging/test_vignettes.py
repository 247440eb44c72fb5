"""The published T1 osteosarcoma (separation surgery) and its pair (en bloc), by what their abstracts hold."""

from sarcoma_review.staging import (
    NOT_COMPUTED,
    MarginTable,
    enneking_appropriateness,
    escc,
    limb_stage,
    malignant_stage,
    mirels,
    sins,
    sins_location,
    spine_t,
)

# As a site writes down the text it uses; none is shipped.
SPINE = MarginTable("spine", "a text the site read", {"IIB": "wide"})


def test_the_canal_gives_t4a_and_no_stage_group_exists_for_the_spine() -> None:
    t = spine_t(edition="UICC9", canal_invaded=True)
    assert t.value == "T4a"
    assert "spine has a T and no stage group" in t.notes
    assert set(limb_stage(edition="UICC9").needs) == {"t", "n", "m", "grade"}


def test_enneking_is_iib_only_once_high_grade_and_no_metastasis_are_entered() -> None:
    assert malignant_stage(extracompartmental=True).candidates == ("III", "IIB", "IB")
    assert malignant_stage(extracompartmental=True, high_grade=True, metastasis=False).value == "IIB"


def test_sins_has_its_location_of_3_points_and_no_total() -> None:
    result = sins(location=sins_location("T1"))
    assert result.value is None
    assert result.arithmetic == "location 3"
    assert len(result.needs) == 5


def test_compression_is_escc_2_or_3_and_not_determinable() -> None:
    assert escc(cord_compressed=True).candidates == ("2", "3")


def test_an_intralesional_margin_in_stage_ii_is_ei_and_without_a_stage_it_is_open() -> None:
    assert enneking_appropriateness("intralesional", "IIB", table=SPINE).value == "EI"
    assert enneking_appropriateness("intralesional", None, table=SPINE).needs == ("stage",)


def test_scores_of_metastasis_are_blocked() -> None:
    assert mirels(long_bone_metastasis=False).blocked
    assert "Tokuhashi" in NOT_COMPUTED


def test_the_pair_at_the_same_level_had_the_other_choice() -> None:
    stage = malignant_stage(extracompartmental=True, high_grade=True, metastasis=False).value
    assert enneking_appropriateness("wide", stage, table=SPINE).value == "EA"
    levels = ("C7", "T1", "T2")
    assert {sins_location(level) for level in levels} == {"junctional"}
    involved = [(level, part) for level in levels for part in ("left body", "right body")]
    facts = {"canal_invaded": False, "vessels_invaded": False}
    assert spine_t(edition="AJCC8", segments=involved, **facts).value == "T3"
    assert spine_t(edition="UICC9", segments=involved, **facts).value is None
