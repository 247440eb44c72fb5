"""The registry: an append-only journal of what was planned, decided and achieved."""

from sarcoma_review.registry.events import (
    CaseOpened,
    Decision,
    Event,
    ImagingReference,
    MarginPlan,
    Outcome,
    PlannedMargin,
)
from sarcoma_review.registry.journal import CaseRecord, Entry, Registry

__all__ = [
    "CaseOpened",
    "CaseRecord",
    "Decision",
    "Entry",
    "Event",
    "ImagingReference",
    "MarginPlan",
    "Outcome",
    "PlannedMargin",
    "Registry",
]
