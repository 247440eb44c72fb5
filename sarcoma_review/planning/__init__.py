"""Planning: tumour surfaces, resection planes and the margins between them."""

from sarcoma_review.planning.margins import MarginReport, PlaneMargin, resection_margins
from sarcoma_review.planning.resection import Plane, ResectionPlan
from sarcoma_review.planning.surface import TumourSurface
from sarcoma_review.planning.uncertainty import Uncertainty

__all__ = [
    "MarginReport",
    "Plane",
    "PlaneMargin",
    "ResectionPlan",
    "TumourSurface",
    "Uncertainty",
    "resection_margins",
]
