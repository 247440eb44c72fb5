"""DICOM files: finding them, stacking them into volumes, reading outlines, writing new objects."""

from sarcoma_review.dicom.scan import Index, SeriesEntry, scan
from sarcoma_review.dicom.segments import read_rtstruct, read_seg, write_seg
from sarcoma_review.dicom.stack import VolumeSpec
from sarcoma_review.dicom.study import Study, open_study

__all__ = [
    "Index",
    "SeriesEntry",
    "Study",
    "VolumeSpec",
    "open_study",
    "read_rtstruct",
    "read_seg",
    "scan",
    "write_seg",
]
