"""Resources against the published element lists of FHIR R4B (4.3.0): names, and what must be there."""

import json
import re
from datetime import date
from typing import Any

import pytest

from sarcoma_review.registry import (
    AchievedMargin,
    CaseOpened,
    Consent,
    Diagnosis,
    Event,
    FollowUpSeen,
    Function,
    HistologicalMargin,
    MarginPlan,
    Operation,
    Outcome,
    PlannedMargin,
    Registry,
    Staging,
    Treatment,
)
from sarcoma_review.registry.fhir import bundle

BASE = "resourceType id meta implicitRules language text contained extension modifierExtension identifier "
ELEMENTS = {
    "Patient": BASE + "active name telecom gender birthDate deceasedBoolean deceasedDateTime address maritalStatus "
    "multipleBirthBoolean multipleBirthInteger photo contact communication generalPractitioner "
    "managingOrganization link",
    "Condition": BASE
    + "clinicalStatus verificationStatus category severity code bodySite subject encounter onsetDateTime onsetAge "
    "onsetPeriod onsetRange onsetString abatementDateTime recordedDate recorder asserter stage evidence note",
    "Procedure": BASE
    + "instantiatesCanonical instantiatesUri basedOn partOf status statusReason category code subject encounter "
    "performedDateTime performedPeriod performedString performedAge performedRange recorder asserter performer "
    "location reasonCode reasonReference bodySite outcome report complication complicationDetail followUp note "
    "focalDevice usedReference usedCode",
    "Observation": BASE
    + "basedOn partOf status category code subject focus encounter effectiveDateTime effectivePeriod effectiveTiming "
    "effectiveInstant issued performer valueQuantity valueCodeableConcept valueString valueBoolean valueInteger "
    "valueRange valueRatio valueSampledData valueTime valueDateTime valuePeriod dataAbsentReason interpretation note "
    "bodySite method specimen device referenceRange hasMember derivedFrom component",
}
REQUIRED = {
    "Patient": set[str](),
    "Condition": {"subject"},
    "Procedure": {"status", "subject"},
    "Observation": {"status", "code"},
}
COMPONENT = {"code", "valueQuantity", "valueCodeableConcept", "dataAbsentReason", "interpretation", "referenceRange"}
LISTS = {"bodySite": ("Condition",), "stage": ("Condition",), "note": ("Procedure",), "component": ("Observation",)}
DAY = date(2026, 3, 14)
PLANE = PlannedMargin(name="a", point_mm=(0, 0, 0), normal=(0, 0, 1), kerf_mm=1, margin_mm=9, interval_mm=(8, 10))
EVENTS: tuple[Event, ...] = (
    CaseOpened(question="?", sex="female"),
    Diagnosis(entity="osteosarcoma", morphology="9180/3", site="femur", on_date=DAY, precision="month"),
    Staging(system="TNM", edition="UICC9", stage="IIB", on_date=DAY),
    Treatment(modality="chemotherapy", intent="neoadjuvant", on_date=DAY),
    MarginPlan(segment="tumour", planes=(PLANE,), minimum_mm=9, interval_mm=(8, 10)),
    Operation(procedure="resection", reconstruction="endoprosthesis", on_date=DAY),
    AchievedMargin(plane="a", margin_mm=7.5, interval_mm=(6.5, 8.5), method="ct", on_date=DAY),
    HistologicalMargin(aspect="closest", margin_mm=2, residual="R0", enneking="wide", on_date=DAY),
    FollowUpSeen(on_date=DAY, state="no_evidence_of_disease"),
    Function(instrument="MSTS", score=24, maximum=30, on_date=DAY),
    Outcome(type="metastasis", on_date=DAY, precision="year", certainty="probable", site="lung"),
    Outcome(type="death", on_date=DAY, cause="disease"),
)


@pytest.fixture
def registry() -> Registry:
    made = Registry.open(":memory:")
    for event in EVENTS:
        made.append("case_1", event)
    made.append("case-2", EVENTS[0])
    made.append("case-2", Consent(given=False, scope="sharing", on_date=DAY))
    return made


@pytest.fixture
def resources(registry: Registry) -> list[dict[str, Any]]:
    found = json.loads(json.dumps(bundle(registry)))
    assert (found["resourceType"], found["type"]) == ("Bundle", "collection")
    assert {name for entry in found["entry"] for name in entry} == {"fullUrl", "resource"}
    return [entry["resource"] for entry in found["entry"]]


def of(resources: list[dict[str, Any]], words: str) -> dict[str, Any]:
    [found] = [each for each in resources if each.get("code", {}).get("text") == words]
    return found


def test_every_element_is_one_of_the_standard_and_none_is_missing(resources: list[dict[str, Any]]) -> None:
    assert {each["resourceType"] for each in resources} == set(ELEMENTS)
    for each in resources:
        kind = each["resourceType"]
        assert set(each) <= set(ELEMENTS[kind].split()), kind
        assert set(each) >= REQUIRED[kind], kind
        assert len([name for name in each if name.startswith("value")]) <= 1
        for name, kinds in LISTS.items():
            assert kind not in kinds or isinstance(each.get(name, []), list)
        for part in each.get("component", []):
            assert set(part) <= COMPONENT
            assert "code" in part


def test_ids_dates_and_codes_have_the_form_of_the_standard(resources: list[dict[str, Any]]) -> None:
    assert len({each["id"] for each in resources}) == len(resources)
    for each in resources:
        assert re.fullmatch(r"[A-Za-z0-9\-.]{1,64}", each["id"])
        for name in [name for name in each if name.endswith("DateTime")]:
            assert re.fullmatch(r"\d{4}(-\d{2}(-\d{2})?)?", each[name])
        if each["resourceType"] != "Patient":
            assert each["subject"] == {"reference": f"urn:uuid:{resources[0]['id']}"}
        assert each.get("status", "final") in ("final", "preliminary", "completed")


def test_a_patient_is_a_pseudonym_and_who_refused_is_not_there(resources: list[dict[str, Any]]) -> None:
    [patient] = [each for each in resources if each["resourceType"] == "Patient"]
    assert patient | {"id": ""} == {
        "resourceType": "Patient",
        "id": "",
        "identifier": [{"system": "urn:sarcoma-review:case", "value": "case_1"}],
        "gender": "female",
        "deceasedDateTime": "2026-03-14",
    }


def test_what_was_recorded_reads_back(resources: list[dict[str, Any]]) -> None:
    condition = of(resources, "osteosarcoma")
    assert condition["code"]["coding"][0]["code"] == "9180/3"
    assert (condition["onsetDateTime"], condition["stage"][0]["summary"]["text"]) == ("2026-03", "IIB")
    achieved = of(resources, "achieved margin at a")
    assert achieved["valueQuantity"]["value"] == 7.5
    assert [part["valueQuantity"]["value"] for part in achieved["component"]] == [6.5, 8.5]
    metastasis = of(resources, "metastasis")
    assert (metastasis["status"], metastasis["effectiveDateTime"]) == ("preliminary", "2026")


def test_three_facts_of_a_histological_margin_stay_three(resources: list[dict[str, Any]]) -> None:
    parts = {part["code"]["text"]: part for part in of(resources, "histological margin, closest")["component"]}
    assert set(parts) == {"Enneking margin", "residual tumour", "distance"}
    assert parts["residual tumour"]["valueCodeableConcept"] == {"text": "R0"}
