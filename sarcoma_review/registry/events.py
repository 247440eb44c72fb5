"""What can be written in the journal: one model per kind, checked at the door, never changed after."""

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

from sarcoma_review.meeting import MeetingEntry
from sarcoma_review.pathways.ewing import EwingLocalTherapy
from sarcoma_review.staging import OutsideEstimate

Text = Annotated[str, Field(max_length=4000)]
Word = Annotated[str, Field(min_length=1, max_length=80)]
Millimetres = Annotated[float, Field(allow_inf_nan=False)]
Vector = tuple[Millimetres, Millimetres, Millimetres]
Centre = Annotated[str, Field(pattern=r"^[A-Z0-9]{2,8}$")]
Precision = Literal["day", "month", "year"]
Certainty = Literal["certain", "probable", "possible"]
Modality = Literal["surgery", "radiotherapy", "systemic", "follow_up", "diagnostics", "palliative"]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class _Dated(_Model):
    """Something with a day, which may be known to the month or the year only."""

    on_date: date
    precision: Precision = "day"


class CaseOpened(_Model):
    """The first event of every case: what it is and what is asked."""

    kind: Literal["case_opened"] = "case_opened"
    purpose: Literal["peer_learning", "audit"] = "peer_learning"
    question: Text
    diagnosis: Text | None = None
    site: Text | None = None
    side: Literal["left", "right", "midline"] | None = None
    sex: Literal["female", "male", "other"] | None = None
    age_band: Annotated[str, Field(pattern=r"^\d{1,2}(-\d{1,2}|\+)$")] | None = None
    centre: Centre | None = None


class Consent(_Model):
    """Whether the patient agrees to this use; the latest one holds, and a refusal takes the case out of analyses."""

    kind: Literal["consent"] = "consent"
    given: bool
    scope: Literal["peer_learning", "audit", "sharing"]
    on_date: date


class Diagnosis(_Dated):
    """The diagnosis with its code and grade, as the pathologist gives it."""

    kind: Literal["diagnosis"] = "diagnosis"
    entity: Word
    morphology: Annotated[str, Field(pattern=r"^\d{4}/\d$")] | None = None
    site: Word | None = None
    grade: Annotated[int, Field(ge=1, le=4)] | None = None
    certainty: Certainty = "certain"
    basis: Literal["imaging", "biopsy", "resection"] | None = None


class Staging(_Dated):
    """A stage with the system and edition it is by."""

    kind: Literal["staging"] = "staging"
    system: Word
    edition: Word
    stage: Word


class ImagingReference(_Model):
    """A de-identified series the case relies on, by its replaced UIDs; never a path."""

    kind: Literal["imaging_reference"] = "imaging_reference"
    modality: Annotated[str, Field(pattern=r"^[A-Z]{2,16}$")]
    description: Text = ""
    series_uid: Annotated[str, Field(pattern=r"^[0-9.]{1,64}$")]
    slices: Annotated[int, Field(ge=1)]
    clearance: Literal["checked", "receipt"]


class PlannedMargin(_Model):
    """One plane of a plan and the margin measured to it."""

    name: Text
    point_mm: Vector
    normal: Vector
    kerf_mm: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    margin_mm: Millimetres
    interval_mm: tuple[Millimetres, Millimetres]

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        low, high = self.interval_mm
        if not low <= self.margin_mm <= high:
            raise ValueError(f"margin of {self.margin_mm:g} mm lies outside its interval {low:g} to {high:g} mm")
        return self


class MarginPlan(_Model):
    """A plan with its measured margins: a distance from imaging, not a class of margin."""

    kind: Literal["margin_plan"] = "margin_plan"
    plan: Text = "A"
    segment: Text
    planes: Annotated[tuple[PlannedMargin, ...], Field(min_length=1)]
    minimum_mm: Millimetres
    interval_mm: tuple[Millimetres, Millimetres]
    findings: tuple[Text, ...] = ()


class Action(_Model):
    """Something a meeting asks for: of a role, by a day."""

    text: Text
    owner_role: Word
    due: date | None = None


class DecidedAt(_Model):
    """The meeting that a decision was taken at: its number there, how often it was corrected, and its ballot."""

    meeting_id: Word
    number: Annotated[int, Field(ge=1)]
    corrections: Annotated[int, Field(ge=0)] = 0
    ballot_id: Word | None = None


class Decision(_Model):
    """What a meeting decided for one modality of treatment."""

    kind: Literal["decision"] = "decision"
    modality: Modality
    decision: Text
    rationale: Text | None = None
    agreement: Literal["consensus", "majority", "deferred", "no_agreement"] | None = None
    dissent: Text | None = None
    on_date: date | None = None
    alternatives: tuple[Text, ...] = ()
    attendee_roles: tuple[Word, ...] = ()
    actions: tuple[Action, ...] = ()
    evidence: Text | None = None
    decided_at: DecidedAt | None = None


class Execution(_Model):
    """Whether a decision, named by its version in the case, was carried out, and if not, why."""

    kind: Literal["execution"] = "execution"
    decision_version: Annotated[int, Field(ge=2)]
    carried_out: Literal["yes", "no", "partly", "pending"]
    reason: Text | None = None
    on_date: date | None = None

    @model_validator(mode="after")
    def _reasoned(self) -> Self:
        if self.carried_out in ("no", "partly") and not self.reason:
            raise ValueError(f"a decision carried out: {self.carried_out} needs its reason")
        return self


class Treatment(_Dated):
    """A course of treatment other than an operation."""

    kind: Literal["treatment"] = "treatment"
    modality: Literal["chemotherapy", "radiotherapy", "other_systemic", "ablation", "embolisation"]
    intent: Literal["neoadjuvant", "adjuvant", "curative", "palliative"] | None = None
    description: Text = ""
    ended: date | None = None


class Operation(_Dated):
    """An operation: what was taken out and what was put in."""

    kind: Literal["operation"] = "operation"
    procedure: Literal["resection", "amputation", "curettage", "separation", "fixation", "other"]
    reconstruction: Word | None = None
    guidance: Literal["none", "navigation", "patient_specific_instrument", "robot", "other"] | None = None
    description: Text = ""


class AchievedMargin(_Dated):
    """A margin as measured after the cut on imaging, against the plane of the same name."""

    kind: Literal["achieved_margin"] = "achieved_margin"
    plane: Text
    margin_mm: Millimetres
    interval_mm: tuple[Millimetres, Millimetres]
    method: Literal["ct", "mr", "specimen_ct", "navigation"]


class HistologicalMargin(_Dated):
    """The pathologist's margin. Enneking, residual tumour and distance are three facts; none follows from another."""

    kind: Literal["histological_margin"] = "histological_margin"
    aspect: Word
    margin_mm: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = None
    barrier: Word | None = None
    enneking: Literal["intralesional", "marginal", "wide", "radical"] | None = None
    residual: Literal["R0", "R1", "R2", "RX"] | None = None
    necrosis_percent: Annotated[float, Field(ge=0, le=100)] | None = None


class Outcome(_Model):
    """What happened; a date may be known to the day, the month or the year only."""

    kind: Literal["outcome"] = "outcome"
    type: Literal[
        "amputation",
        "local_recurrence",
        "metastasis",
        "death",
        "wound_infection",
        "loosening",
        "loss_of_prosthesis",
        "revision",
        "last_contact",
    ]
    on_date: date
    precision: Precision = "day"
    certainty: Certainty = "certain"
    note: Text | None = None
    depth: Literal["superficial", "deep", "periprosthetic"] | None = None
    definition_used: Word | None = None
    organism: Word | None = None
    site: Word | None = None
    cause: Literal["disease", "treatment", "other", "unknown"] | None = None

    @model_validator(mode="after")
    def _fields_of_the_type(self) -> Self:
        for field, type_ in (("depth", "wound_infection"), ("organism", "wound_infection"), ("cause", "death")):
            if getattr(self, field) is not None and self.type != type_:
                raise ValueError(f"{field} belongs to {type_}, not to {self.type}")
        return self


class Function(_Dated):
    """A score of function."""

    kind: Literal["function"] = "function"
    instrument: Word
    score: Annotated[float, Field(allow_inf_nan=False)]
    maximum: Annotated[float, Field(gt=0, allow_inf_nan=False)]


class FollowUpSeen(_Model):
    """A visit that took place."""

    kind: Literal["follow_up_seen"] = "follow_up_seen"
    on_date: date
    state: Literal["no_evidence_of_disease", "alive_with_disease", "unknown"] = "unknown"
    note: Text | None = None


class Override(_Model):
    """A rule of the registry set aside by a named role, for a reason: kept where everybody can read it."""

    kind: Literal["override"] = "override"
    rule: Word
    role: Word
    reason: Annotated[str, Field(min_length=10, max_length=4000)]


class CaseFact(_Model):
    """An answer to a question of the pathways; without a value it is, or is again, not recorded."""

    kind: Literal["case_fact"] = "case_fact"
    fact: Text
    value: bool | Annotated[float, Field(allow_inf_nan=False)] | Text | None = None
    asked_by: Annotated[tuple[Text, ...], Field(min_length=1)]
    on_date: date


class PathwaySeen(_Model):
    """What a document said of the case when it was last looked at, rule by rule, with the document's version."""

    kind: Literal["pathway_seen"] = "pathway_seen"
    pathway: Text
    document_version: Text
    on_date: date
    statuses: Annotated[tuple[tuple[Text, Word], ...], Field(min_length=1)]


class EwingPage(_Model):
    """The local-therapy page for the national Ewing MDT as it stood on a day; the latest one holds."""

    kind: Literal["ewing_page"] = "ewing_page"
    on_date: date
    page: EwingLocalTherapy


class Estimate(_Model):
    """What a tool outside this package said, with its version and date; shown, and used in no rule."""

    kind: Literal["outside_estimate"] = "outside_estimate"
    estimate: OutsideEstimate


Fact = (
    CaseOpened
    | Consent
    | Diagnosis
    | Staging
    | ImagingReference
    | MarginPlan
    | Decision
    | Execution
    | Treatment
    | Operation
    | AchievedMargin
    | HistologicalMargin
    | Outcome
    | Function
    | FollowUpSeen
    | Override
    | CaseFact
    | PathwaySeen
    | EwingPage
    | Estimate
)


class Correction(_Model):
    """An earlier entry, by its version, was wrong: this stands in its place, or nothing does."""

    kind: Literal["correction"] = "correction"
    corrects: Annotated[int, Field(ge=1)]
    reason: Annotated[str, Field(min_length=1, max_length=4000)]
    replacement: Annotated[Fact, Field(discriminator="kind")] | None = None


Event = Fact | Correction | MeetingEntry
"""What the journal takes: of a case, facts and corrections; of a meeting, its entries alone."""
EVENT: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="kind")])
"""Reads an event from its stored form, by its kind."""
