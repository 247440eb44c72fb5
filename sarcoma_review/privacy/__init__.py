"""De-identification of DICOM studies, and the gate that keeps the rest out."""

from sarcoma_review.privacy.deidentify import deidentify
from sarcoma_review.privacy.gate import check
from sarcoma_review.privacy.heads import sign_heads
from sarcoma_review.privacy.report import DeidentificationReport, PrivacyReport

__all__ = ["DeidentificationReport", "PrivacyReport", "check", "deidentify", "sign_heads"]
