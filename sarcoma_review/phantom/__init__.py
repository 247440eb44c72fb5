"""Synthetic patients: images whose truth is known, made from mathematics and seeded chance alone."""

from sarcoma_review.phantom.distal_femur import distal_femur_osteosarcoma
from sarcoma_review.phantom.patient import Patient, SyntheticImage
from sarcoma_review.phantom.pelvic_ewing import pelvis_ewing
from sarcoma_review.phantom.t1_spine import t1_spine_osteosarcoma

PATIENTS = (distal_femur_osteosarcoma, pelvis_ewing, t1_spine_osteosarcoma)
"""What makes each patient of ``sample_dicom/``; each is called as its case is."""

__all__ = [
    "PATIENTS",
    "Patient",
    "SyntheticImage",
    "distal_femur_osteosarcoma",
    "pelvis_ewing",
    "t1_spine_osteosarcoma",
]
