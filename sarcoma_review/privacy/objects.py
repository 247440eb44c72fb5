"""Which DICOM objects this version judges, and why it withholds the others."""

from collections.abc import Mapping
from types import MappingProxyType

from pydicom.dataset import Dataset

from sarcoma_review.privacy.structure import Layout

_STORAGE = "1.2.840.10008.5.1.4.1.1."
ADMITTED: Mapping[str, str] = MappingProxyType(
    {f"{_STORAGE}{end}": "CT" for end in ("2", "2.1", "2.2")}
    | {f"{_STORAGE}{end}": "MR" for end in ("4", "4.1", "4.4")}
    | {f"{_STORAGE}{end}": "PT" for end in ("128", "130", "128.1")}
    | {f"{_STORAGE}66.4": "SEG", f"{_STORAGE}66.7": "SEG", f"{_STORAGE}481.3": "RTSTRUCT"}
)
"""SOP classes that are read, and the modality that stands in new file names."""

_DIRECTORY = "1.2.840.10008.1.3.10"
_IMAGES = ("CT", "MR", "PT")


def refusal(header: Dataset, layout: Layout) -> str:
    """Say why a file is withheld; empty if it may be judged.

    Burned-in text is not looked for: kinds of object that habitually carry it stay out.
    """
    if not header.get("SOPInstanceUID"):
        return "an object without a SOP instance UID"
    sop_class = str(header.get("SOPClassUID", ""))
    kind = ADMITTED.get(sop_class)
    if kind is None:
        return _not_admitted(layout)
    if str(header.get("BurnedInAnnotation", "")).strip() == "YES":
        return "burned-in annotation, as the file itself says"
    if kind in _IMAGES and _is_drawn(header):
        return "a drawn or coloured picture, in which burned-in text cannot be judged"
    return _pixels_refused(kind, header, layout)


def _not_admitted(layout: Layout) -> str:
    if layout.meta_text(0x00020002) == _DIRECTORY:
        return "a DICOMDIR, which is not read by this version"
    return "a kind of object that this version cannot judge (burned-in text, documents, raw data)"


def _is_drawn(header: Dataset) -> bool:
    colours = str(header.get("PhotometricInterpretation", "MONOCHROME2")).strip()
    image_type = "".join(str(value) for value in header.get("ImageType") or ())
    return not colours.startswith("MONOCHROME") or "SCREEN" in image_type.upper()


def _pixels_refused(kind: str, header: Dataset, layout: Layout) -> str:
    if kind == "RTSTRUCT":
        return "pixel data in a structure set" if layout.pixels is not None else ""
    if layout.pixels is None:
        return "an image without pixel data"
    if any(keyword not in header for keyword in ("Rows", "Columns", "BitsAllocated", "BitsStored")):
        return "an image whose header does not say its size"
    if layout.pixel_tag != 0x7FE00010:
        return "pixel data of a kind that is not read by this version"
    return ""
