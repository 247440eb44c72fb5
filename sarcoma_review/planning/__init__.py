"""Planning: tumour surfaces, resection planes and the margins between them."""

from sarcoma_review.planning.achieved import AchievedPlane, AchievedReport, Measure, compare_achieved
from sarcoma_review.planning.alternatives import PlanComparison, compare_plans
from sarcoma_review.planning.assessment import MarginAssessment
from sarcoma_review.planning.body import left_in_place
from sarcoma_review.planning.bone import BoneResection, bone_resected
from sarcoma_review.planning.contours import fractional_mask
from sarcoma_review.planning.drag import PlanDrag
from sarcoma_review.planning.draw import paint, polygon
from sarcoma_review.planning.interpolate import interpolate
from sarcoma_review.planning.landmarks import Landmarks
from sarcoma_review.planning.margins import MarginReport, PlaneMargin, resection_margins
from sarcoma_review.planning.observers import ObserverPair, ObserverReport, compare_observers
from sarcoma_review.planning.optimise import Constraints, TradeOff, trade_off
from sarcoma_review.planning.patches import clipped, step_cut
from sarcoma_review.planning.register import Registration, register
from sarcoma_review.planning.resection import Plane, ResectionPlan
from sarcoma_review.planning.reshape import grow_by, shrink_by, smooth
from sarcoma_review.planning.segment import Component, combine, components, fill_holes, grow, islands, threshold
from sarcoma_review.planning.simulate import Simulation, simulate
from sarcoma_review.planning.structures import StructureDistance, structure_distance
from sarcoma_review.planning.surface import TumourSurface
from sarcoma_review.planning.uncertainty import PUBLISHED_EXECUTION, Uncertainty

__all__ = [
    "PUBLISHED_EXECUTION",
    "AchievedPlane",
    "AchievedReport",
    "BoneResection",
    "Component",
    "Constraints",
    "Landmarks",
    "MarginAssessment",
    "MarginReport",
    "Measure",
    "ObserverPair",
    "ObserverReport",
    "PlanComparison",
    "PlanDrag",
    "Plane",
    "PlaneMargin",
    "Registration",
    "ResectionPlan",
    "Simulation",
    "StructureDistance",
    "TradeOff",
    "TumourSurface",
    "Uncertainty",
    "bone_resected",
    "clipped",
    "combine",
    "compare_achieved",
    "compare_observers",
    "compare_plans",
    "components",
    "fill_holes",
    "fractional_mask",
    "grow",
    "grow_by",
    "interpolate",
    "islands",
    "left_in_place",
    "paint",
    "polygon",
    "register",
    "resection_margins",
    "shrink_by",
    "simulate",
    "smooth",
    "step_cut",
    "structure_distance",
    "threshold",
    "trade_off",
]
