"""Synthetic patients: images whose truth is known, made from mathematics and seeded chance alone."""

from sarcoma_review.phantom.patient import Patient, SyntheticImage, distal_femur_osteosarcoma

__all__ = ["Patient", "SyntheticImage", "distal_femur_osteosarcoma"]
