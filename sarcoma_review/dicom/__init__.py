"""DICOM files: finding them, stacking them into volumes, reading outlines, writing new objects."""

import lazy_loader

# A function here, though a module has the name too; importing it first keeps it a function.
from sarcoma_review.dicom.scan import scan as scan

# Who reads a study does not wait for what writes objects: each name is loaded when it is used.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
