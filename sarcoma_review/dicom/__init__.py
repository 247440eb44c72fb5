"""DICOM files: finding them, stacking them into volumes, reading outlines, writing new objects."""

from sarcoma_review.dicom.gsps import write_gsps
from sarcoma_review.dicom.kos import write_kos
from sarcoma_review.dicom.masks import read_mask, write_mask
from sarcoma_review.dicom.measured import drawn_angle, drawn_length, drawn_region
from sarcoma_review.dicom.meshes import write_model
from sarcoma_review.dicom.new_object import source_images
from sarcoma_review.dicom.pdf_object import write_pdf
from sarcoma_review.dicom.projection import Projection, load_projection
from sarcoma_review.dicom.rtstruct import write_rtstruct
from sarcoma_review.dicom.scan import Index, SeriesEntry, scan
from sarcoma_review.dicom.segments import read_rtstruct, read_seg, write_seg
from sarcoma_review.dicom.sr import write_sr
from sarcoma_review.dicom.stack import VolumeSpec
from sarcoma_review.dicom.study import Study, open_study
from sarcoma_review.dicom.web import Archive

__all__ = [
    "Archive",
    "Index",
    "Projection",
    "SeriesEntry",
    "Study",
    "VolumeSpec",
    "drawn_angle",
    "drawn_length",
    "drawn_region",
    "load_projection",
    "open_study",
    "read_mask",
    "read_rtstruct",
    "read_seg",
    "scan",
    "source_images",
    "write_gsps",
    "write_kos",
    "write_mask",
    "write_model",
    "write_pdf",
    "write_rtstruct",
    "write_seg",
    "write_sr",
]
