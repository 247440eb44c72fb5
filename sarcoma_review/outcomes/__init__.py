"""Outcomes: endpoints, estimates with their uncertainty, centres against a benchmark, and what may be published."""

from sarcoma_review.errors import OutcomeError
from sarcoma_review.outcomes.centres import (
    Benchmark,
    Funnel,
    VolumeRule,
    case_mix_risk,
    funnel,
    funnel_limits,
    observed_expected,
    volumes,
)
from sarcoma_review.outcomes.comparison import TestResult, gray_test, logrank
from sarcoma_review.outcomes.cox import CoxFit, cox
from sarcoma_review.outcomes.disclosure import coarsen, differs_by_few, smallest_group, suppress
from sarcoma_review.outcomes.endpoints import ENDPOINTS, Endpoint, Happening, TimeToEvent, time_to_event
from sarcoma_review.outcomes.follow_up import Schedule, Span, follow_up_windows, overdue_count, schedules
from sarcoma_review.outcomes.monitoring import Cusum, cusum, run_length
from sarcoma_review.outcomes.proportions import clopper_pearson, wilson
from sarcoma_review.outcomes.survival import Curve, cumulative_incidence, kaplan_meier, median_follow_up, rmst

__all__ = [
    "ENDPOINTS",
    "Benchmark",
    "CoxFit",
    "Curve",
    "Cusum",
    "Endpoint",
    "Funnel",
    "Happening",
    "OutcomeError",
    "Schedule",
    "Span",
    "TestResult",
    "TimeToEvent",
    "VolumeRule",
    "case_mix_risk",
    "clopper_pearson",
    "coarsen",
    "cox",
    "cumulative_incidence",
    "cusum",
    "differs_by_few",
    "follow_up_windows",
    "funnel",
    "funnel_limits",
    "gray_test",
    "kaplan_meier",
    "logrank",
    "median_follow_up",
    "observed_expected",
    "overdue_count",
    "rmst",
    "run_length",
    "schedules",
    "smallest_group",
    "suppress",
    "time_to_event",
    "volumes",
    "wilson",
]
