"""What can be written in the journal: one model per kind, checked at the door, never changed after."""

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, model_validator

Text = Annotated[str, Field(max_length=4000)]
Millimetres = Annotated[float, Field(allow_inf_nan=False)]
Vector = tuple[Millimetres, Millimetres, Millimetres]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


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


class Decision(_Model):
    """What a meeting decided for one modality of treatment."""

    kind: Literal["decision"] = "decision"
    modality: Literal["surgery", "radiotherapy", "systemic", "follow_up", "diagnostics", "palliative"]
    decision: Text
    rationale: Text | None = None
    agreement: Literal["consensus", "majority", "deferred", "no_agreement"] | None = None
    dissent: Text | None = None
    on_date: date | None = None


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
        "last_contact",
    ]
    on_date: date
    precision: Literal["day", "month", "year"] = "day"
    certainty: Literal["certain", "probable", "possible"] = "certain"
    note: Text | None = None


Event = CaseOpened | ImagingReference | MarginPlan | Decision | Outcome
EVENT: TypeAdapter[Event] = TypeAdapter(Annotated[Event, Field(discriminator="kind")])
"""Reads an event from its stored form, by its kind."""
