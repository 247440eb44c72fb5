"""Private elements about the picture that name nobody: a closed list, by creator and VR."""

import re
import struct
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.tag import BaseTag, Tag

from sarcoma_review.privacy.profile import rows

_FORMATS: Final = MappingProxyType({"FD": "d", "FL": "f", "US": "H", "SS": "h", "UL": "I", "SL": "i"})
_DECIMALS: Final = re.compile(rb"[-+0-9.eE \\]*\0?")
_TERMS: Final = frozenset(
    ("NONE", "DIRECTIONAL", "BMATRIX", "ISOTROPIC", "I", "S", "P", "M", "R", "N", "IMAGE NUM 4")
)
_LONGEST: Final = 12


@lru_cache(maxsize=1)
def listed() -> Mapping[tuple[int, str, int], str]:
    """Give the VR of each element on the list, by group, creator, and last byte of the element number."""
    return MappingProxyType(
        {(int(r["group"], 16), r["creator"], int(r["element"], 16)): r["vr"] for r in rows("safe_private.csv")}
    )


def safe(dataset: Dataset, tag: BaseTag) -> DataElement | None:
    """Give a private element that may stay, or the creator of one; None for every other.

    Parameters
    ----------
    dataset : Dataset
        The data set or item that holds it.
    tag : BaseTag
        Of the element.
    """
    if tag.is_private_creator:
        name = _creator(dataset, tag)
        block = [
            other for other in list(dataset.keys()) if other.group == tag.group and other.element >> 8 == tag.element
        ]
        return DataElement(tag, "LO", name) if any(_value(dataset, Tag(o)) is not None for o in block) else None
    return _value(dataset, tag)


def _creator(dataset: Dataset, tag: BaseTag) -> str:
    stored = dataset.get_item(tag)
    value = stored.value if stored is not None else None
    if isinstance(value, bytes):
        value = value.rstrip(b"\0 ").decode("ascii", "replace")
    return str(value or "").strip()


def _value(dataset: Dataset, tag: BaseTag) -> DataElement | None:
    block = tag.element >> 8
    if block < 0x10:
        return None
    vr = listed().get((tag.group, _creator(dataset, Tag(tag.group, block)), tag.element & 0xFF))
    stored = dataset.get_item(tag)
    if vr is None or stored is None or stored.VR not in (vr, "UN", None):
        return None
    value = _plain(stored.value, vr)
    return None if value is None else DataElement(tag, vr, value)


def _plain(value: Any, vr: str) -> object:
    """Give the numbers that a value holds, from its bytes or as pydicom gives them; None for anything else."""
    if not isinstance(value, bytes):
        parts = value if isinstance(value, list | tuple) or hasattr(value, "append") else [value]
        return value if all(_is_plain_part(part, vr) for part in parts) else None
    if vr in _FORMATS:
        width = struct.calcsize(_FORMATS[vr])
        if not value or len(value) % width or re.search(rb"[A-Za-z ]{6}", value):
            return None
        numbers = struct.unpack(f"<{len(value) // width}{_FORMATS[vr]}", value)
        return list(numbers) if len(numbers) > 1 else numbers[0]
    parts = value.rstrip(b"\0 ").decode("ascii", "replace").split("\\")
    return parts if all(_is_plain_part(part.strip(), vr) for part in parts) else None


def _is_plain_part(part: object, vr: str) -> bool:
    if vr in _FORMATS:
        return isinstance(part, int | float)
    word = str(part)
    if vr == "CS":
        return word in _TERMS
    digits = sum(map(str.isdigit, word))
    # Makers write a b-value with a thousand million added.
    return bool(_DECIMALS.fullmatch(word.encode())) and (
        (digits <= 7 if vr == "IS" else len(word) <= 16 and ("." in word or digits <= 7))
        or re.fullmatch("10000[0-9]{5}", word) is not None
    )
