from .achieved import AchievedPlane, AchievedReport, Measure, compare_achieved
from .alternatives import PlanComparison, compare_plans
from .assessment import MarginAssessment
from .body import left_in_place
from .bone import BoneResection, bone_resected
from .contours import fractional_mask
from .drag import PlanDrag
from .draw import paint, polygon
from .interpolation import interpolate
from .landmarks import Landmarks
from .margins import MarginReport, PlaneMargin, resection_margins
from .observers import ObserverPair, ObserverReport, compare_observers
from .optimise import Constraints, TradeOff, trade_off
from .patches import clipped, step_cut
from .registration import Registration, register
from .resection import Plane, ResectionPlan
from .reshape import grow_by, shrink_by, smooth
from .segment import Component, combine, components, fill_holes, grow, islands, threshold
from .simulation import Simulation, simulate
from .structures import StructureDistance, structure_distance
from .surface import TumourSurface
from .uncertainty import PUBLISHED_EXECUTION, Uncertainty

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
