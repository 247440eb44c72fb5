"""The registry: an append-only journal of what was planned, decided, done and achieved."""

from sarcoma_review.registry.chain import Checkpoint
from sarcoma_review.registry.events import (
    AchievedMargin,
    Action,
    CaseOpened,
    Consent,
    Correction,
    Decision,
    Diagnosis,
    Event,
    Execution,
    FollowUpSeen,
    Function,
    HistologicalMargin,
    ImagingReference,
    MarginPlan,
    Operation,
    Outcome,
    Override,
    PlannedMargin,
    Staging,
    Treatment,
)
from sarcoma_review.registry.journal import Registry
from sarcoma_review.registry.record import CaseRecord, Entry

__all__ = [
    "AchievedMargin",
    "Action",
    "CaseOpened",
    "CaseRecord",
    "Checkpoint",
    "Consent",
    "Correction",
    "Decision",
    "Diagnosis",
    "Entry",
    "Event",
    "Execution",
    "FollowUpSeen",
    "Function",
    "HistologicalMargin",
    "ImagingReference",
    "MarginPlan",
    "Operation",
    "Outcome",
    "Override",
    "PlannedMargin",
    "Registry",
    "Staging",
    "Treatment",
]
