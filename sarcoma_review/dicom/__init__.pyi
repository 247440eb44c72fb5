from .gsps import write_gsps
from .kos import write_kos
from .masks import read_mask, write_mask
from .measured import drawn_angle, drawn_length, drawn_region
from .meshes import write_model
from .new_object import source_images
from .pdf_object import write_pdf
from .projection import Projection, load_projection
from .rtstruct import write_rtstruct
from .scan import Index, SeriesEntry, scan
from .segments import read_rtstruct, read_seg, write_seg
from .sr import write_sr
from .stack import VolumeSpec
from .study import Study, open_study
from .web import Archive

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
