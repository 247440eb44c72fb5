"""REDCap: the registry's events as a data dictionary and as data, by the same names and codes."""

import csv
import io
from typing import Any

from sarcoma_review.registry.consent import IN_A_FILE, refused
from sarcoma_review.registry.events import Diagnosis, FollowUpSeen, HistologicalMargin, Operation, Outcome, Treatment
from sarcoma_review.registry.journal import Registry

_HEADINGS = [
    "Variable / Field Name",
    "Form Name",
    "Section Header",
    "Field Type",
    "Field Label",
    "Choices OR Calculations",
    "Field Note",
    "Text Validation Type OR Show Slider Number",
    "Text Validation Min",
    "Text Validation Max",
    "Identifier?",
    "Branching Logic",
    "Required Field?",
    "Custom Alignment",
    "Question Number",
    "Matrix Group Name",
    "Matrix Ranking?",
    "Field Annotation",
]
_FORMS = (Diagnosis, Operation, Treatment, HistologicalMargin, Outcome, FollowUpSeen)


def dictionary() -> str:
    """The data dictionary, 18 columns, as CSV text: one form for each kind of event.

    Examples
    --------
    >>> dictionary().splitlines()[1].split(",")[:4]
    ['case_id', 'case', '', 'text']
    """
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\n")
    writer.writerow(_HEADINGS)
    writer.writerow(["case_id", "case", "", "text", "Pseudonym of the case", *[""] * 13])
    for form in _FORMS:
        schema = form.model_json_schema()
        name = str(schema["properties"]["kind"]["const"])
        for field, rule in schema["properties"].items():
            if field != "kind":
                writer.writerow(_line(name, field, rule, field in schema.get("required", [])))
    return target.getvalue()


def data(registry: Registry) -> str:
    """All cases as CSV text: one repeating instance for each event, empty where not recorded.

    Who refused an audit or sharing is not in it; `sarcoma_review.registry.consent.refused` counts them. Not for
    leaving a centre: one line is one patient.
    """
    left_out = refused(registry, *IN_A_FILE)
    fields = [
        f"{form.model_fields['kind'].default}_{field}"
        for form in _FORMS
        for field in form.model_fields
        if field != "kind"
    ]
    target = io.StringIO()
    writer = csv.DictWriter(
        target, ["case_id", "redcap_repeat_instrument", "redcap_repeat_instance", *fields], lineterminator="\n"
    )
    writer.writeheader()
    for case_id in registry.cases():
        if case_id in left_out:
            continue
        counts: dict[str, int] = {}
        for fact in registry.case(case_id).facts.values():
            if isinstance(fact, _FORMS):
                counts[fact.kind] = counts.get(fact.kind, 0) + 1
                values = fact.model_dump(mode="json", exclude={"kind"}, exclude_none=True)
                row = {f"{fact.kind}_{field}": value for field, value in values.items()}
                place = {"redcap_repeat_instrument": fact.kind, "redcap_repeat_instance": counts[fact.kind]}
                writer.writerow({"case_id": case_id, **place, **row})
    return target.getvalue()


def _line(form: str, field: str, rule: dict[str, Any], required: bool) -> list[str]:
    options = [option for option in rule.get("anyOf", [rule]) if option.get("type") != "null"]
    kind = options[0]
    choices, validation, shape = "", "", "text"
    if "enum" in kind:
        shape, choices = "dropdown", " | ".join(f"{value}, {value.replace('_', ' ')}" for value in kind["enum"])
    elif kind.get("format") == "date":
        validation = "date_ymd"
    elif kind.get("type") in ("number", "integer"):
        validation = str(kind["type"])
    low, high = (str(kind.get(name, "")) for name in ("minimum", "maximum"))
    label = field.replace("_", " ").capitalize()
    start = [f"{form}_{field}", form, "", shape, label, choices, "", validation, low, high, "", ""]
    return [*start, "y" if required else "", *[""] * 5]
