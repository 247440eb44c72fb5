"""Outcomes: endpoints, estimates with their uncertainty, centres against a benchmark, and what may be published."""

import lazy_loader

from sarcoma_review.errors import OutcomeError as OutcomeError

# A function here, though a module has the name too; importing it first keeps it a function.
from sarcoma_review.outcomes.cox import cox as cox

# Who checks dates alone, as the meeting room's server does, needs neither the other estimators nor scipy.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
__all__ += ["OutcomeError"]
