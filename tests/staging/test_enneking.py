import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sarcoma_review.errors import PathwayError
from sarcoma_review.staging import (
    MarginTable,
    NotComputedError,
    benign_stage,
    enneking_appropriateness,
    malignant_stage,
)
from sarcoma_review.staging.enneking import Margin

known = st.sampled_from([True, False, None])

# Enneking 1980: grade (high), compartment (extra), metastasis.
STAGES = {
    (False, False, False): "IA",
    (False, True, False): "IB",
    (True, False, False): "IIA",
    (True, True, False): "IIB",
    (False, False, True): "III",
    (False, True, True): "III",
    (True, False, True): "III",
    (True, True, True): "III",
}

# As a site writes down the text it uses; none is shipped.
SPINE = MarginTable(
    "spine", "a text the site read", {"2": "intralesional", "3": "marginal", "IA": "wide", "IIB": "wide", "III": None}
)


@pytest.mark.parametrize(("facts", "stage"), STAGES.items())
def test_malignant_stages_are_those_of_the_1980_table(facts: tuple[bool, bool, bool], stage: str) -> None:
    high, extra, metastasis = facts
    result = malignant_stage(high_grade=high, extracompartmental=extra, metastasis=metastasis)
    assert result.value == stage
    assert result.edition == "Enneking/MSTS 1980"


@given(known, known, known)
def test_a_stage_is_given_only_when_every_completion_gives_it(
    high: bool | None, extra: bool | None, metastasis: bool | None
) -> None:
    first, second, third = [(True, False) if fact is None else (fact,) for fact in (high, extra, metastasis)]
    ways = itertools.product(first, second, third)
    possible = {STAGES[way] for way in ways}
    result = malignant_stage(high_grade=high, extracompartmental=extra, metastasis=metastasis)
    assert result.value == (possible.pop() if len(possible) == 1 else None)
    assert set(result.candidates) == (set() if result.value else possible)


def test_metastasis_alone_settles_stage_iii_and_a_divided_version_asks_for_the_compartment() -> None:
    assert malignant_stage(metastasis=True).value == "III"
    divided = malignant_stage(metastasis=True, divide_stage_iii=True)
    assert divided.candidates == ("IIIB", "IIIA")
    assert "divided" in divided.edition


@pytest.mark.parametrize(("behaviour", "stage"), [("latent", "1"), ("active", "2"), ("aggressive", "3")])
def test_benign_stages_go_by_behaviour(behaviour: str, stage: str) -> None:
    assert benign_stage(behaviour).value == stage  # type: ignore[arg-type]


def test_benign_behaviour_not_recorded_leaves_all_three() -> None:
    assert benign_stage().candidates == ("1", "2", "3")


@pytest.mark.parametrize(
    ("margin", "stage", "expected"),
    [
        ("intralesional", "IIB", "EI"),
        ("marginal", "IIB", "EI"),
        ("wide", "IIB", "EA"),
        ("radical", "IA", "EA"),
        ("marginal", "3", "EA"),
        ("intralesional", "2", "EA"),
        ("intralesional", "3", "EI"),
    ],
)
def test_a_margin_is_set_beside_the_table_for_the_spine(margin: Margin, stage: str, expected: str) -> None:
    result = enneking_appropriateness(margin, stage, table=SPINE)
    assert result.value == expected
    assert str(result) == f"Enneking appropriateness (table: spine): {expected}"


def test_where_a_table_sets_no_margin_there_is_neither_ea_nor_ei() -> None:
    result = enneking_appropriateness("intralesional", "III", table=SPINE)
    assert result.value is None
    assert result.notes == ("the table sets no margin for stage III",)
    assert str(result).endswith("no value; the table sets no margin for stage III")


def test_a_site_s_own_table_that_was_read_is_used_as_it_stands() -> None:
    limb = MarginTable("limb 1980", "Enneking 1980", {"IIA": "radical"})
    assert enneking_appropriateness("wide", "IIA", table=limb).value == "EI"
    with pytest.raises(PathwayError, match="stage: expected IIA or None for not recorded"):
        enneking_appropriateness("wide", "IB", table=limb)


def test_without_a_table_that_was_read_neither_ea_nor_ei_is_given() -> None:
    with pytest.raises(NotComputedError, match="no table of margins by stage was read for the spine"):
        enneking_appropriateness("wide", "IIB")


def test_a_margin_that_is_not_recorded_is_asked_for() -> None:
    assert enneking_appropriateness(None, "IIB", table=SPINE).needs == ("margin",)


def test_a_local_r_is_not_an_enneking_margin() -> None:
    with pytest.raises(PathwayError, match="margin: expected intralesional, marginal, wide, radical"):
        enneking_appropriateness("R0", "IIB", table=SPINE)  # type: ignore[arg-type]


def test_only_what_could_change_the_stage_is_asked_for() -> None:
    assert malignant_stage(high_grade=True, metastasis=True, divide_stage_iii=True).needs == ("extracompartmental",)
    assert malignant_stage(metastasis=True, divide_stage_iii=True).needs == ("extracompartmental",)
