"""Cases as FHIR R4B resources in plain JSON: patient, condition, procedures, observations of margins and outcomes."""

from collections.abc import Iterator
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from sarcoma_review.registry.consent import IN_A_FILE, refused
from sarcoma_review.registry.events import (
    AchievedMargin,
    Diagnosis,
    Fact,
    FollowUpSeen,
    Function,
    HistologicalMargin,
    MarginPlan,
    Operation,
    Outcome,
    Staging,
    Treatment,
)
from sarcoma_review.registry.journal import Registry
from sarcoma_review.registry.record import CaseRecord

Resource = dict[str, Any]
_TERMINOLOGY = "http://terminology.hl7.org/CodeSystem"
_VERIFIED = {"certain": "confirmed", "probable": "provisional", "possible": "differential"}


def bundle(registry: Registry) -> Resource:
    """Every case as one FHIR R4B Bundle of the type collection; who refused an audit or sharing is not in it.

    Not for leaving a centre: one Patient is one patient, under the pseudonym of the case.

    Notes
    -----
    No conformance to a national or mCODE profile is claimed: codes are given where the registry holds them (ICD-O-3
    morphology), and text elsewhere. A date known to the month or the year is written so. FHIR has no word for a
    margin's 95 % interval, so its ends are components of the observation.

    References
    ----------
    .. [1] HL7 FHIR R4B (4.3.0), http://hl7.org/fhir/R4B/

    Examples
    --------
    >>> bundle(Registry.open(":memory:"))
    {'resourceType': 'Bundle', 'type': 'collection', 'entry': []}
    """
    left_out = refused(registry, *IN_A_FILE)
    resources = [
        resource
        for case_id in registry.cases()
        if case_id not in left_out
        for resource in case_resources(registry.case(case_id))
    ]
    entries = [{"fullUrl": f"urn:uuid:{each['id']}", "resource": each} for each in resources]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


def case_resources(record: CaseRecord) -> list[Resource]:
    """The resources of one case: its Patient, and one or more for each fact that FHIR has a place for."""
    found = [_patient(record)]
    for version, fact in record.facts.items():
        for number, resource in enumerate(_resources(record, fact)):
            found.append(
                {
                    "resourceType": resource.pop("resourceType"),
                    "id": _id(record.case_id, str(version), str(number)),
                    "subject": {"reference": f"urn:uuid:{_id(record.case_id)}"},
                    **{name: value for name, value in resource.items() if value is not None},
                }
            )
    return found


def _patient(record: CaseRecord) -> Resource:
    named = {"system": "urn:sarcoma-review:case", "value": record.case_id}
    patient: Resource = {"resourceType": "Patient", "id": _id(record.case_id), "identifier": [named]}
    if record.opened.sex:
        patient["gender"] = record.opened.sex
    deaths = [outcome for outcome in record.outcomes if outcome.type == "death" and outcome.certainty != "possible"]
    if deaths:
        patient["deceasedDateTime"] = _day(deaths[-1])
    return patient


def _resources(record: CaseRecord, fact: Fact) -> Iterator[Resource]:
    match fact:
        case Diagnosis():
            yield _condition(record, fact)
        case Operation() | Treatment():
            yield _procedure(fact)
        case MarginPlan():
            for plane in fact.planes:
                yield _distance(f"planned margin at {plane.name}", plane.margin_mm, plane.interval_mm)
        case AchievedMargin():
            words = f"achieved margin at {fact.plane}"
            yield _distance(words, fact.margin_mm, fact.interval_mm) | {"effectiveDateTime": _day(fact)}
        case HistologicalMargin():
            yield _histology(fact)
        case Outcome() | FollowUpSeen() | Function():
            yield _happening(fact)
        case _:
            return


def _condition(record: CaseRecord, fact: Diagnosis) -> Resource:
    code = _text(fact.entity)
    if fact.morphology:
        code["coding"] = [{"system": f"{_TERMINOLOGY}/icd-o-3", "code": fact.morphology}]
    stages = [
        {"summary": _text(stage.stage), "type": _text(f"{stage.system} {stage.edition}")}
        for stage in record.of(Staging)
    ]
    verified = {"system": f"{_TERMINOLOGY}/condition-ver-status", "code": _VERIFIED[fact.certainty]}
    return {
        "resourceType": "Condition",
        "verificationStatus": {"coding": [verified]},
        "code": code,
        "bodySite": [_text(fact.site)] if fact.site else None,
        "onsetDateTime": _day(fact),
        "stage": stages or None,
    }


def _procedure(fact: Operation | Treatment) -> Resource:
    words = fact.procedure if isinstance(fact, Operation) else fact.modality
    more = (fact.reconstruction if isinstance(fact, Operation) else fact.intent, fact.description)
    notes = [{"text": text.replace("_", " ")} for text in more if text]
    return {
        "resourceType": "Procedure",
        "status": "completed",
        "code": _text(words),
        "performedDateTime": _day(fact),
        "note": notes or None,
    }


def _observation(words: str, **elements: Any) -> Resource:
    return {"resourceType": "Observation", "status": "final", "code": _text(words), **elements}


def _distance(words: str, margin_mm: float, interval_mm: tuple[float, float]) -> Resource:
    ends = zip(("lower end of the 95 % interval", "upper end of the 95 % interval"), interval_mm, strict=True)
    parts = [{"code": _text(end), "valueQuantity": _quantity(value)} for end, value in ends]
    return _observation(words, valueQuantity=_quantity(margin_mm), component=parts)


def _histology(fact: HistologicalMargin) -> Resource:
    """Enneking, residual tumour and distance are three components: none follows from another."""
    named = {"Enneking margin": fact.enneking, "residual tumour": fact.residual, "barrier": fact.barrier}
    parts: list[Resource] = [
        {"code": _text(name), "valueCodeableConcept": _text(value)} for name, value in named.items() if value
    ]
    if fact.margin_mm is not None:
        parts.append({"code": _text("distance"), "valueQuantity": _quantity(fact.margin_mm)})
    if fact.necrosis_percent is not None:
        parts.append({"code": _text("necrosis"), "valueQuantity": _quantity(fact.necrosis_percent, "%")})
    words = f"histological margin, {fact.aspect}"
    return _observation(words, effectiveDateTime=_day(fact), component=parts or None)


def _happening(fact: Outcome | FollowUpSeen | Function) -> Resource:
    if isinstance(fact, FollowUpSeen):
        return _observation("disease status", effectiveDateTime=_day(fact), valueCodeableConcept=_text(fact.state))
    if isinstance(fact, Function):
        share = _quantity(fact.score, "{score}")
        words = f"{fact.instrument}, of {fact.maximum:g}"
        return _observation(words, effectiveDateTime=_day(fact), valueQuantity=share)
    detail = fact.depth or fact.cause or fact.site
    found = _observation(fact.type, effectiveDateTime=_day(fact), valueBoolean=True)
    # What is only probable or possible is not a final observation.
    found["status"] = "final" if fact.certainty == "certain" else "preliminary"
    found["interpretation"] = None if fact.certainty == "certain" else [_text(fact.certainty)]
    found["component"] = [{"code": _text("detail"), "valueCodeableConcept": _text(detail)}] if detail else None
    return found


def _text(words: str) -> Resource:
    return {"text": words.replace("_", " ")}


def _quantity(value: float, unit: str = "mm") -> Resource:
    return {"value": value, "unit": unit, "system": "http://unitsofmeasure.org", "code": unit}


def _day(fact: Any) -> str:
    """A date as far as it is known: FHIR writes 2026, 2026-03 or 2026-03-14."""
    length = {"year": 4, "month": 7, "day": 10}[getattr(fact, "precision", "day")]
    return str(fact.on_date.isoformat())[:length]


def _id(*parts: str) -> str:
    """The same for the same entry in every export."""
    return str(uuid5(NAMESPACE_OID, "/".join(("sarcoma_review", *parts))))
