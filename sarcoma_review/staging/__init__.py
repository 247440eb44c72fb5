"""Staging and scores: facts of a case in the words of published classifications, each with its edition.

What is licensed, prognostic for one patient, or not verified against its source is not computed; see `NOT_COMPUTED`.
"""

from sarcoma_review.staging.anatomy import lsesn_site, sins_location, tnm_site
from sarcoma_review.staging.classification import Classification
from sarcoma_review.staging.codes import MORPHOLOGY, TOPOGRAPHY, Code, morphology, topography
from sarcoma_review.staging.enneking import (
    MarginTable,
    benign_stage,
    enneking_appropriateness,
    malignant_stage,
)
from sarcoma_review.staging.estimate import NOT_COMPUTED, NotComputedError, OutsideEstimate, not_computed
from sarcoma_review.staging.function import msts_1993
from sarcoma_review.staging.metastasis import mirels
from sarcoma_review.staging.reconstruction import reconstruction_event
from sarcoma_review.staging.resection import campanacci_grade, pelvic_resection_type
from sarcoma_review.staging.response import huvos_grade, response
from sarcoma_review.staging.spine import WeinsteinBorianiBiagini, collapse_word, escc, sins
from sarcoma_review.staging.tnm import limb_stage, limb_t, pelvis_t, spine_t

__all__ = [
    "MORPHOLOGY",
    "NOT_COMPUTED",
    "TOPOGRAPHY",
    "Classification",
    "Code",
    "MarginTable",
    "NotComputedError",
    "OutsideEstimate",
    "WeinsteinBorianiBiagini",
    "benign_stage",
    "campanacci_grade",
    "collapse_word",
    "enneking_appropriateness",
    "escc",
    "huvos_grade",
    "limb_stage",
    "limb_t",
    "lsesn_site",
    "malignant_stage",
    "mirels",
    "morphology",
    "msts_1993",
    "not_computed",
    "pelvic_resection_type",
    "pelvis_t",
    "reconstruction_event",
    "response",
    "sins",
    "sins_location",
    "spine_t",
    "tnm_site",
    "topography",
]
