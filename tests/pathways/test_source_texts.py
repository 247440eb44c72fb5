"""Cases made up beside each paragraph of the source texts, with what a careful reader of the paragraph expects."""

from datetime import date

import pytest

from sarcoma_review.pathways import evaluate, load_pathway
from sarcoma_review.pathways.condition import Value

TODAY = date(2026, 11, 22)
SPINE = load_pathway("lsesn-spinal-2024")
BASE: dict[str, Value] = {"network": "LSESN", "adult": True, "status": "confirmed", "site": "spine", "tissue": "bone"}
OPERATED = BASE | {"surgery": True, "skull_base_involved": False, "transnasal_approach": False}

# Paragraph, the case, and what is expected of the rules it bears on.
CASES: list[tuple[str, dict[str, Value], dict[str, str]]] = [
    (
        "Key 1: suspected or confirmed, bone, spine or sacrum",
        BASE | {"site": "sacrum", "referred_to_rnoh": False, "surgery": False},
        {"L03": "not_met"},
    ),
    (
        "Key 1 speaks of bone",
        BASE | {"tissue": "soft_tissue", "referred_to_rnoh": False, "surgery": False},
        {"L03": "not_applicable", "L07": "not_applicable"},
    ),
    ("Key 1 does not speak of paraspinal tissue", BASE | {"site": "paraspinal"}, {"L03": "not_applicable"}),
    ("Key 2: must, for bone and soft tissue", BASE | {"tissue": "soft_tissue", "lss_mdt": "no"}, {"L04": "not_met"}),
    (
        "Key 2: paraspinal without contact too",
        BASE | {"site": "paraspinal", "spine_contact": False, "lss_mdt": "no"},
        {"L04": "not_met"},
    ),
    (
        "Key 2: confirmed only",
        BASE | {"status": "suspected", "lss_mdt": "no"},
        {"L04": "not_applicable", "L05": "not_applicable"},
    ),
    (
        "Key 2: urgency excuses the time, not the discussion",
        BASE | {"lss_mdt": "no", "clinically_urgent": True},
        {"L04": "not_met", "L05": "exception", "L06": "not_recorded"},
    ),
    (
        "Key 2: late and not urgent",
        BASE | {"lss_mdt": "after", "clinically_urgent": False},
        {"L04": "met", "L05": "not_met", "L06": "not_applicable"},
    ),
    (
        "Key 2: urgent and nobody was asked",
        BASE | {"lss_mdt": "after", "clinically_urgent": True, "urgent_peer_discussion": False},
        {"L06": "not_met"},
    ),
    ("Key 3: elsewhere, agreement not recorded", OPERATED | {"surgery_centre": "NHNN"}, {"L07": "not_recorded"}),
    (
        "Key 3: any centre the MDT agreed to",
        OPERATED | {"surgery_centre": "other", "mdt_agreed_elsewhere": True},
        {"L07": "exception"},
    ),
    (
        "Key 3: sacrum",
        OPERATED | {"site": "sacrum", "surgery_centre": "other", "mdt_agreed_elsewhere": False},
        {"L07": "not_met"},
    ),
    (
        "Key 4: no agreement changes the place",
        OPERATED | {"skull_base_involved": True, "surgery_centre": "RNOH", "mdt_agreed_elsewhere": True},
        {"L08": "not_met", "L07": "not_applicable"},
    ),
    (
        "Key 4: either of the two is enough",
        OPERATED | {"transnasal_approach": True, "surgery_centre": "NHNN"},
        {"L08": "met", "L03": "overridden"},
    ),
    (
        "Key 4: one no and one not recorded is open",
        BASE | {"surgery": True, "skull_base_involved": False},
        {"L08": "applicability_unknown", "L07": "applicability_unknown"},
    ),
    (
        "Key 6: treatment of every kind",
        BASE | {"treatment_given": True, "surgery": False, "radiotherapy": False, "operator": "neither"},
        {"L10": "not_met", "L11": "not_applicable", "L12": "not_applicable"},
    ),
    (
        "Key 6: contact not recorded is open",
        BASE | {"site": "paraspinal", "surgery": True, "operator": "neither"},
        {"L10": "applicability_unknown", "L11": "applicability_unknown", "L12": "not_met"},
    ),
    ("Key 7: bone", BASE | {"radiotherapy": True, "radiotherapy_centre": "other"}, {"L13": "not_met"}),
    (
        "Key 7 does not speak of soft tissue",
        BASE | {"tissue": "soft_tissue", "radiotherapy": True, "radiotherapy_centre": "other"},
        {"L13": "not_applicable"},
    ),
    (
        "Principle 1: wherever the tumour is",
        BASE | {"site": "other", "referred_to_specialist_centre": False},
        {"L01": "not_met"},
    ),
    (
        "Principle 2: suspected, soft tissue too",
        BASE | {"status": "suspected", "tissue": "soft_tissue", "referred_to_bone_service": False},
        {"L02": "not_met"},
    ),
    (
        "Principle 2: contact not recorded is open",
        BASE | {"status": "suspected", "site": "paraspinal", "referred_to_bone_service": False},
        {"L02": "applicability_unknown"},
    ),
    (
        "Principle 2: without contact",
        BASE | {"status": "suspected", "site": "paraspinal", "spine_contact": False},
        {"L02": "not_applicable"},
    ),
    (
        "Principle 4: not due before there is tissue",
        BASE | {"pathology_available": False, "pathology_reviewed": False},
        {"L14": "not_applicable"},
    ),
    ("Principle 4", BASE | {"pathology_available": True, "pathology_reviewed": False}, {"L14": "not_met"}),
    (
        "Principle 6: designated, in a centre not defined",
        OPERATED | {"operator": "designated", "centre_sag_defined": False},
        {"L10": "met", "L11": "not_met", "L12": "met"},
    ),
    (
        "Principle 6: core; two rules, two answers",
        OPERATED | {"operator": "core"},
        {"L10": "met", "L11": "conflict", "L12": "met"},
    ),
    (
        "Principle 6: a resection elsewhere in the body",
        OPERATED | {"site": "other", "operator": "neither"},
        {"L11": "not_applicable", "L12": "not_met"},
    ),
    ("Directory: both are needed", BASE | {"emergency": True, "suspected_mscc": False}, {"G2": "not_applicable"}),
    (
        "Directory: it switches nothing off",
        BASE | {"emergency": True, "suspected_mscc": True, "lss_mdt": "no"},
        {"G2": "redirected", "L04": "not_met"},
    ),
    ("Aims: adults", BASE | {"adult": False, "lss_mdt": "no"}, {"G1": "redirected", "L04": "not_applicable"}),
    (
        "Aims: this network",
        BASE | {"network": "other", "lss_mdt": "no"},
        {"L04": "not_applicable", "L18": "not_applicable"},
    ),
]


@pytest.mark.parametrize(("paragraph", "facts", "expected"), CASES, ids=[paragraph for paragraph, _, _ in CASES])
def test_the_spinal_pathway_says_what_its_paragraph_says(
    paragraph: str, facts: dict[str, Value], expected: dict[str, str]
) -> None:
    found = {result.rule_id: result.status.value for result in evaluate(SPINE, facts, on=TODAY)}
    assert {rule: found[rule] for rule in expected} == expected, paragraph


@pytest.mark.parametrize(
    ("level", "rules"),
    [
        ("redirect", "G1 G2"),
        ("must", "L01 L02 L04 L10 L11 L12 L14 L15"),
        ("should", "L03 L05 L06 L07 L08 L09 L13"),
        ("info", "L16 L17 L18"),
    ],
)
def test_every_level_is_the_verb_of_its_paragraph(level: str, rules: str) -> None:
    assert " ".join(rule.id for rule in SPINE.rules if rule.level == level) == rules


def test_documents_that_ask_for_nothing_hold_information_alone() -> None:
    # An account of experience, a patient's page and a case report: none says must or should.
    for name in ("bone-sarcoma-network", "primary-bone-sequences", "separation-surgery"):
        assert {rule.level for rule in load_pathway(name).rules} == {"info"}
