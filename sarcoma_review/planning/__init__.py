"""Planning: tumour surfaces, resection planes and the margins between them."""

from sarcoma_review.planning.alternatives import PlanComparison, compare_plans
from sarcoma_review.planning.bone import BoneResection, bone_resected
from sarcoma_review.planning.drag import PlanDrag
from sarcoma_review.planning.margins import MarginReport, PlaneMargin, resection_margins
from sarcoma_review.planning.optimise import Constraints, TradeOff, trade_off
from sarcoma_review.planning.resection import Plane, ResectionPlan
from sarcoma_review.planning.simulate import Simulation, simulate
from sarcoma_review.planning.structures import StructureDistance, structure_distance
from sarcoma_review.planning.surface import TumourSurface
from sarcoma_review.planning.uncertainty import PUBLISHED_EXECUTION, Uncertainty

__all__ = [
    "PUBLISHED_EXECUTION",
    "BoneResection",
    "Constraints",
    "MarginReport",
    "PlanComparison",
    "PlanDrag",
    "Plane",
    "PlaneMargin",
    "ResectionPlan",
    "Simulation",
    "StructureDistance",
    "TradeOff",
    "TumourSurface",
    "Uncertainty",
    "bone_resected",
    "compare_plans",
    "resection_margins",
    "simulate",
    "structure_distance",
    "trade_off",
]
