import sarcoma_review.errors

from .centres import (
    Benchmark,
    Funnel,
    VolumeRule,
    case_mix_risk,
    funnel,
    funnel_limits,
    observed_expected,
    volumes,
)
from .comparison import TestResult, gray_test, logrank
from .cox import CoxFit, cox
from .disclosure import coarsen, differs_by_few, smallest_group, suppress
from .endpoints import ENDPOINTS, Endpoint, Happening, TimeToEvent, time_to_event
from .follow_up import Schedule, Span, follow_up_windows, overdue_count, schedules
from .monitoring import Cusum, cusum, run_length
from .proportions import clopper_pearson, wilson
from .survival import Curve, cumulative_incidence, kaplan_meier, median_follow_up, rmst

OutcomeError = sarcoma_review.errors.OutcomeError

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
