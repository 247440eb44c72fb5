"""Which DICOM objects this version judges, and why it withholds the others."""

from collections.abc import Mapping
from types import MappingProxyType

from pydicom.dataset import Dataset

from sarcoma_review.privacy.structure import Layout

_STORAGE = "1.2.840.10008.5.1.4.1.1."
_CLASSES = {
    "CT": ("2", "2.1", "2.2"),
    "MR": ("4", "4.1", "4.4"),
    "PT": ("128", "130", "128.1"),
    "SEG": ("66.4", "66.7"),
    "RTSTRUCT": ("481.3",),
    "SR": ("88.11", "88.22", "88.33", "88.34"),
    "KO": ("88.59",),
    "PR": ("11.1",),
    "US": ("6.1", "3.1"),
    "SC": ("7", "7.1", "7.2", "7.3", "7.4"),
    "CR": ("1",),
    "DX": ("1.1", "1.1.1"),
    "XA": ("12.1",),
    "RF": ("12.2",),
}
KINDS: Mapping[str, str] = MappingProxyType(
    {f"{_STORAGE}{end}": kind for kind, ends in _CLASSES.items() for end in ends}
)
"""SOP classes that are known, and the modality that stands in new file names."""

WATCHED = frozenset(("US", "SC", "CR", "DX", "XA", "RF"))
"""Kinds that habitually carry text in the picture: they stay closed until a person has looked and signed."""

SECTIONS = ("CT", "MR", "PT")
"""Kinds of slices, which seldom carry text."""

_DIRECTORY = "1.2.840.10008.1.3.10"
_SIZES = ("Rows", "Columns", "BitsAllocated", "BitsStored")
_WITHOUT_PIXELS = ("RTSTRUCT", "SR", "KO", "PR")


def refusal(header: Dataset, layout: Layout, *, signed: bool = False) -> str:
    """Say why a file is withheld; empty if it may be judged.

    Parameters
    ----------
    header : Dataset
        At least the elements of `TELLING`.
    layout : Layout
        The file, taken apart.
    signed : bool
        A person has looked at its pictures, and text in them is blanked.
    """
    if not layout.instance:
        return "an object without a SOP instance UID"
    kind = KINDS.get(str(header.get("SOPClassUID", "")))
    if kind is None:
        return _not_admitted(layout)
    return _picture_refused(kind, header, signed=signed) or _pixels_refused(kind, header, layout)


TELLING: frozenset[int] = frozenset(
    (
        *(0x00080005, 0x00080008, 0x00080016, 0x00100010, 0x00100020, 0x0020000E, 0x00280002, 0x00280004),
        *(0x00280006, 0x00280008, 0x00280010, 0x00280011, 0x00280100, 0x00280101, 0x00280103, 0x00280301),
        *(0x60000102 + 0x20000 * n for n in range(16)),
        *(0x60003000 + 0x20000 * n for n in range(16)),
    )
)
"""Elements that decide whether a file is refused, whose it is, and how its pixels lie; alike throughout a series."""


def _sheet_needed() -> str:
    # The reader brings scipy with it: only where a picture is refused.
    from sarcoma_review.privacy.burned_in import INSTALL, is_available

    return "it needs a signed contact sheet" + ("" if is_available() else f"; {INSTALL}")


def _picture_refused(kind: str, header: Dataset, *, signed: bool) -> str:
    says_so = _says_burned_in(header)
    if says_so and kind not in WATCHED and kind not in SECTIONS:
        return f"burned-in annotation, as the file itself says, in an object that no contact sheet shows ({kind})"
    if signed or not is_watched(header):
        return ""
    if kind in WATCHED:
        return f"a kind of picture that habitually carries text ({kind}): {_sheet_needed()}"
    if says_so:
        return f"burned-in annotation, as the file itself says: {_sheet_needed()}"
    return "a drawn or coloured picture, in which burned-in text cannot be judged without a signed contact sheet"


def is_watched(header: Dataset) -> bool:
    """Say whether an image comes onto a contact sheet: it stays closed until a person has looked at it and signed."""
    kind = KINDS.get(str(header.get("SOPClassUID", "")))
    return kind in WATCHED or (kind in SECTIONS and (_says_burned_in(header) or is_drawn(header)))


def _says_burned_in(header: Dataset) -> bool:
    return str(header.get("BurnedInAnnotation", "")).strip() == "YES"


def _not_admitted(layout: Layout) -> str:
    if layout.meta_text(0x00020002) == _DIRECTORY:
        return "a DICOMDIR, which is not read by this version"
    return "a kind of object that this version cannot judge (documents, raw data and the like)"


UNREAD = "a picture made from others, in which nobody has looked for text"


def needs_reading(header: Dataset) -> bool:
    """Say whether a slice was made from others (a reformat, a report), so that a program may have written on it.

    Of kinds that seldom carry text, what a scanner writes first-hand is taken to bear none: its image type (PS3.3
    C.7.6.1.1.2) is PRIMARY. What is SECONDARY is released, and opened, only where slices of its series were read for
    text, where a profile left that reading out by decision, or where somebody has signed for it. An image without an
    image type says neither, and counts as first-hand.
    """
    stated = header.get("ImageType") or ()
    values = [stated] if isinstance(stated, str) else [str(value).strip() for value in stated]
    is_slice = KINDS.get(str(header.get("SOPClassUID", ""))) in SECTIONS
    return is_slice and bool(values) and values[1:2] != ["PRIMARY"]


def is_drawn(header: Dataset) -> bool:
    """Say whether a picture has colours or was captured from a screen."""
    colours = str(header.get("PhotometricInterpretation", "MONOCHROME2")).strip()
    image_type = "".join(str(value) for value in header.get("ImageType") or ())
    return not colours.startswith("MONOCHROME") or "SCREEN" in image_type.upper()


def _pixels_refused(kind: str, header: Dataset, layout: Layout) -> str:
    if kind in _WITHOUT_PIXELS:
        return "pixel data in an object that should have none" if layout.pixels is not None else ""
    if layout.pixels is None:
        return "an image without pixel data"
    if not all(isinstance(header.get(keyword), int) for keyword in _SIZES):
        return "an image whose header does not say its size"
    if layout.pixel_tag != 0x7FE00010:
        return "pixel data of a kind that is not read by this version"
    return ""
