"""The four documents beside the spinal pathway, against what domain reference and source texts say of them."""

from datetime import date

import pytest

from sarcoma_review.errors import PathwayError
from sarcoma_review.pathways import RuleResult, Status, evaluate, load_pathway, next_facts, pathways
from sarcoma_review.pathways.condition import Value
from sarcoma_review.pathways.reach import fact_sets
from sarcoma_review.pathways.wording import avoided_words

TODAY = date(2026, 11, 22)
IDS = {
    "bone-metastasis-surgery": [
        *(f"I{n}" for n in range(1, 6)),
        *(f"P{n}" for n in range(1, 7)),
        *(f"T{n}" for n in range(1, 11)),
    ],
    "bone-sarcoma-network": [f"N{n}" for n in range(1, 17)],
    "lsesn-spinal-2024": ["G1", "G2", *(f"L{n:02}" for n in range(1, 19))],
    "primary-bone-sequences": [f"S{n}" for n in range(1, 9)],
    "separation-surgery": [f"S{n}" for n in range(9, 13)],
}


def results(pathway: str, **facts: Value) -> dict[str, RuleResult]:
    return {result.rule_id: result for result in evaluate(load_pathway(pathway), facts, on=TODAY)}


def status(pathway: str, rule: str, **facts: Value) -> str:
    return results(pathway, **facts)[rule].status.value


@pytest.mark.parametrize("name", IDS)
def test_every_choice_reads_as_words_with_the_capitals_of_a_name(name: str) -> None:
    shown = [fact.words(value) for fact in load_pathway(name).facts.values() for value in fact.values]
    assert not [words for words in shown if "_" in words or "ewing" in words or "tya" in words]


def test_every_document_holds_the_rules_of_the_reference_in_its_order() -> None:
    assert {name: [rule.id for rule in load_pathway(name).rules] for name in pathways()} == IDS


@pytest.mark.parametrize("name", IDS)
def test_every_result_is_one_sentence_with_a_source_a_notice_and_no_word_a_card_avoids(name: str) -> None:
    pathway = load_pathway(name)
    for rule in pathway.rules:
        assert rule.citation
        for facts in fact_sets(pathway, rule.id).values():
            result = next(r for r in evaluate(pathway, facts, on=TODAY) if r.rule_id == rule.id)
            assert result.explanation.count(". ") == 0
            assert result.explanation.endswith(".")
            assert result.notice.startswith("version ")
            assert bool(result.needs) is not result.status.settled
            texts = (result.explanation, result.statement, result.reading, result.destination, result.notice)
            assert avoided_words(" ".join(texts)) == []


@pytest.mark.parametrize("name", IDS)
def test_every_question_ends_as_one_and_stands_under_a_heading(name: str) -> None:
    for fact in load_pathway(name).facts.values():
        assert fact.question.endswith("?")
        assert fact.group
        assert avoided_words(f"{fact.question} {fact} {fact.group}") == []


@pytest.mark.parametrize("name", IDS)
def test_an_answer_to_each_next_fact_settles_every_rule_in_the_end(name: str) -> None:
    pathway = load_pathway(name)
    facts: dict[str, Value] = {}
    while wanted := next_facts(evaluate(pathway, facts, on=TODAY)):
        fact = pathway.facts[wanted[0]]
        assert fact.name not in facts
        facts[fact.name] = 1 if fact.unit else fact.values[0] if fact.values else True
    assert all(result.status.settled for result in evaluate(pathway, facts, on=TODAY))


def test_next_facts_asks_first_for_what_stands_in_the_way_of_most_rules() -> None:
    open_ones = list(results("lsesn-spinal-2024", network="LSESN", adult=True, status="confirmed").values())
    order = next_facts(open_ones)
    counts = [sum(name in result.needs for result in open_ones) for name in order]
    assert counts == sorted(counts, reverse=True)
    assert set(order) == {name for result in open_ones for name in result.needs}
    assert next_facts(list(results("lsesn-spinal-2024").values())) == ["network"]


def test_results_are_the_same_every_time_and_do_not_hang_on_the_order_of_the_facts() -> None:
    facts: dict[str, Value] = {"primary_bone_sarcoma": True, "histology": "ewing_sarcoma", "surgery": False}
    turned = dict(reversed(facts.items()))
    assert results("bone-sarcoma-network", **facts) == results("bone-sarcoma-network", **turned)


@pytest.mark.parametrize(
    ("bone", "soft", "expected"),
    [(50, 0, "met"), (49, 99, "not_met"), (49, 100, "met"), (49, None, "not_recorded"), (None, 100, "met")],
)
def test_yearly_volumes_count_from_the_threshold_on(bone: float | None, soft: float | None, expected: str) -> None:
    facts: dict[str, Value] = {"bone_cases_a_year": bone, "soft_tissue_cases_a_year": soft}
    assert status("bone-sarcoma-network", "N6", bone_centre=True, **facts) == expected


@pytest.mark.parametrize(
    ("hospitals", "members", "expected"),
    [(6, 29, "not_applicable"), (7, 29, "information"), (6, 30, "information")],
)
def test_the_size_of_a_network_is_noted_above_six_hospitals_or_from_thirty_members(
    hospitals: int, members: int, expected: str
) -> None:
    facts: dict[str, Value] = {"treating_hospitals": hospitals, "meeting_members": members}
    assert status("bone-sarcoma-network", "N9", **facts) == expected


def test_five_outcomes_are_asked_for_and_either_answer_counts() -> None:
    five = ("amputation", "local_recurrence", "death", "wound_infection", "loosening_or_loss")
    facts: dict[str, Value] = {"primary_bone_sarcoma": True, **dict.fromkeys(five[:4], False)}
    assert results("bone-sarcoma-network", **facts)["N10"].needs == ("loosening_or_loss",)
    assert status("bone-sarcoma-network", "N10", **facts, loosening_or_loss=True) == "met"


def test_the_national_ewing_meeting_is_no_duty() -> None:
    facts: dict[str, Value] = {"primary_bone_sarcoma": True, "histology": "ewing_sarcoma"}
    assert status("bone-sarcoma-network", "N16", **facts) == "not_recorded"
    assert status("bone-sarcoma-network", "N16", **facts, national_ewing_mdt=False) == "met"


def test_silver_is_information_with_both_papers_and_the_recomputed_p_value() -> None:
    result = results("bone-sarcoma-network", silver_coating=True)["N13"]
    assert (result.status, result.level) == (Status.INFORMATION, "info")
    for words in ("10 of 85", "19 of 85", "0.067", "printed as 0.033", "11 of 89", "23 of 305", "mixed"):
        assert words in result.reading + result.statement


@pytest.mark.parametrize(
    ("histology", "expected"),
    [
        ("high_grade_osteosarcoma", "not_recorded"),
        ("ewing_sarcoma", "not_recorded"),
        ("conventional_chondrosarcoma", "not_applicable"),
        (None, "applicability_unknown"),
    ],
)
def test_chemotherapy_first_speaks_of_two_histologies_only(histology: str | None, expected: str) -> None:
    facts: dict[str, Value] = {"primary_bone_tumour": True, "extent": "localised", "surgery": True}
    assert status("primary-bone-sequences", "S2", **facts, histology=histology) == expected


def test_a_relapse_asks_whether_its_chemotherapy_is_another_one() -> None:
    facts: dict[str, Value] = {
        "primary_bone_tumour": True,
        "extent": "relapsed",
        "histology": "high_grade_osteosarcoma",
        "lung_metastases": 2,
        "lung_treatment": "surgery",
        "relapse_free_months": 14,
    }
    assert status("primary-bone-sequences", "S6", **facts, salvage_differs=False) == "not_met"
    assert status("primary-bone-sequences", "S6", **facts, salvage_differs=True) == "met"
    assert status("primary-bone-sequences", "S6", **{**facts, "lung_metastases": 0}) == "not_applicable"


@pytest.mark.parametrize(("rule", "extent"), [("S5", "metastatic"), ("S6", "relapsed")])
def test_lung_metastases_of_osteosarcoma_are_spoken_of_whatever_its_grade(rule: str, extent: str) -> None:
    for histology, expected in (
        ("high_grade_osteosarcoma", "not_recorded"),
        ("low_grade_osteosarcoma", "not_recorded"),
        ("ewing_sarcoma", "not_applicable"),
    ):
        facts: dict[str, Value] = {"primary_bone_tumour": True, "extent": extent, "lung_metastases": 1}
        assert status("primary-bone-sequences", rule, **facts, histology=histology) == expected


BONE = {"suspected_bone_metastasis": True}
NO_FEATURE = dict.fromkeys(("bone_destruction", "new_bone", "periosteal_reaction", "soft_tissue_swelling"), False)


def test_a_feature_of_a_primary_tumour_closes_the_items_until_histology_shows_a_metastasis() -> None:
    facts: dict[str, Value] = {**BONE, **NO_FEATURE, "periosteal_reaction": True, "pathological_fracture": True}
    found = results("bone-metastasis-surgery", **facts, ct_shows_malignancy=True)
    assert found["I1"].status is Status.REDIRECTED
    assert found["I1"].destination == "bone sarcoma centre, within 72 hours"
    assert found["T7"].status is Status.APPLICABILITY_UNKNOWN
    assert found["T7"].needs == ("histology_shows_metastasis",)
    for shown, expected in ((False, Status.NOT_APPLICABLE), (True, Status.MET)):
        facts["histology_shows_metastasis"] = shown
        found = results("bone-metastasis-surgery", **facts, ct_shows_malignancy=True)
        assert (found["I1"].status, found["T7"].status) == (Status.REDIRECTED, expected)


def test_ct_without_a_malignancy_sends_the_lesion_to_a_bone_sarcoma_centre() -> None:
    found = results("bone-metastasis-surgery", **BONE, **NO_FEATURE, ct_shows_malignancy=False, biopsy=True)
    assert found["I2"].status is Status.REDIRECTED
    assert found["I3"].needs == ("biopsy_place",)
    assert (
        results("bone-metastasis-surgery", **BONE, ct_shows_malignancy=False, biopsy=True, biopsy_place="elsewhere")[
            "I3"
        ].status
        is Status.NOT_MET
    )


def test_items_stay_closed_while_the_interlocks_are_not_answered() -> None:
    found = results("bone-metastasis-surgery", **BONE, pathological_fracture=True)
    items = [result for name, result in found.items() if name[0] in "PT"]
    assert len(items) == 16
    assert {result.status for result in items} == {Status.APPLICABILITY_UNKNOWN}


def test_a_single_lesion_without_histology_says_so() -> None:
    for fact in ("solitary_lesion", "isolated_metastasis"):
        found = results("bone-metastasis-surgery", **BONE, **{fact: True})["I5"]
        assert found.explanation == "Histology not recorded."


@pytest.mark.parametrize("fact", ["spine", "nerve_compression", "paraplegia_risk"])
def test_the_spine_goes_to_the_pathway_of_cord_compression(fact: str) -> None:
    found = results("bone-metastasis-surgery", **BONE, **{fact: True})
    assert found["I4"].status is Status.REDIRECTED
    assert "NG234" in found["I4"].destination


def test_survival_counts_only_with_its_estimator_named() -> None:
    facts: dict[str, Value] = {**BONE, "histology_shows_metastasis": True, "survival_over_three_months": True}
    assert status("bone-metastasis-surgery", "P1", **facts) == "not_recorded"
    shorter = facts | {"survival_over_three_months": False}
    assert status("bone-metastasis-surgery", "P1", **shorter) == "not_met"
    assert status("bone-metastasis-surgery", "P1", **facts, survival_estimator="clinician") == "met"


def test_the_notice_of_the_weakest_source_says_so_on_every_card() -> None:
    for result in results("bone-metastasis-surgery", **BONE).values():
        assert result.notice.endswith("without references: the lowest level of evidence")
        assert "date of review not stated" in result.notice


def test_separation_surgery_is_shown_with_what_it_asks_a_network_to_record() -> None:
    facts: dict[str, Value] = {
        "primary_osteosarcoma": True,
        "site": "spine",
        "next_to_cord": True,
        "en_bloc_feasible": False,
        "mdt_discussed": True,
    }
    found = results("separation-surgery", **facts)["S10"]
    assert found.status is Status.NOT_RECORDED
    assert found.needs == (
        "en_bloc_reason_recorded",
        "radiotherapy_dose_gy",
        "radiotherapy_fractions",
        "distance_to_cord_mm",
    )
    assert "intralesional" in found.reading
    assert status("separation-surgery", "S10", **{**facts, "en_bloc_feasible": True}) == "not_applicable"


def test_the_published_t1_case_is_not_covered_by_the_network_s_pathway_but_by_its_own() -> None:
    outside = results("lsesn-spinal-2024", network="other", adult=True, status="confirmed", site="spine")
    assert {result.status for result in outside.values()} == {Status.NOT_APPLICABLE}
    own = results("separation-surgery", primary_osteosarcoma=True, site="spine", next_to_cord=True)
    assert own["S12"].status is Status.INFORMATION
    assert own["S10"].needs == ("en_bloc_feasible",)


@pytest.mark.parametrize("value", [True, "50", float("nan"), float("inf")])
def test_a_number_is_a_number(value: Value) -> None:
    with pytest.raises(PathwayError, match="fact 'bone_cases_a_year': expected a number of cases a year or None"):
        results("bone-sarcoma-network", bone_cases_a_year=value)
