"""What each rule does to a value: one small function per rule.

Each takes the value and the place where it stands, and gives the new value, or `GONE` where the element goes.
"""

import contextlib
import re
import struct
from collections.abc import Callable, Mapping
from enum import Enum
from types import MappingProxyType
from typing import Final, NamedTuple

import numpy as np
from pydicom import charset
from pydicom.dataset import Dataset
from pydicom.errors import BytesLengthException
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence

from sarcoma_review.privacy import characteristics, codes, content, text
from sarcoma_review.privacy.identity import Identity
from sarcoma_review.privacy.profile import Rule, keywords

PARSE_ERRORS: Final = (
    *(ValueError, TypeError, LookupError, AttributeError, NotImplementedError, EOFError, ArithmeticError),
    *(RecursionError, AssertionError, struct.error, BytesLengthException),
)
"""What pydicom raises on values that are not what their VR says."""


class _Gone(Enum):
    GONE = "gone"


GONE: Final = _Gone.GONE
DIGITS: Final = frozenset(b"0123456789+-.eE \\\0")
"""Bytes that a number is written with."""


class Place(NamedTuple):
    """Where a value stands, and whose it is.

    Attributes
    ----------
    keyword, vr : str
        Of the attribute.
    parent : Dataset
        The source data set or item that holds it.
    identity : Identity
        Replaces, or recognises, what belongs to the patient.
    is_own : callable
        Says whether a text holds a name or number of the patient.
    at_root : bool
        Not in an item.
    days : mapping of str to str
        Dates that the root of the object gives together with a time, and that time.
    """

    keyword: str
    vr: str
    parent: Dataset
    identity: Identity
    is_own: Callable[[str], bool]
    at_root: bool
    days: Mapping[str, str] = MappingProxyType({})


def words(value: object) -> list[str]:
    """Give a value, or each of several, as text; nothing where it is empty."""
    if isinstance(value, list | tuple | MultiValue | Sequence):
        return [str(one) for one in value]
    return [] if value is None or value == "" else [str(value)]


def _empty(value: object, place: Place) -> object:  # noqa: ARG001 - the value does not matter
    return [] if place.vr == "SQ" else ""


_DUMMIES: Final = MappingProxyType(
    {
        "DA": "19000101",
        "TM": "000000",
        "DT": "19000101000000",
        "AS": "000Y",
        "CS": "REMOVED",
        "UI": "2.25." + "1" * 38,
    }
    | {"OB": b"\0\0", "OW": b"\0\0", "UN": b"\0\0", "SQ": [], "UR": ""}
    | dict.fromkeys(("IS", "DS", "FD", "FL", "US", "SS", "UL", "SL"), 0)
)


def dummy(vr: str) -> object:
    """Give a value of this VR that says nothing."""
    return _DUMMIES.get(vr, text.REMOVED)


def _dummy(value: object, place: Place) -> object:  # noqa: ARG001 - the value does not matter
    return dummy(place.vr)


def _uid(value: object, place: Place) -> object:
    return text.each(value, place.identity.uid)


def _beside(place: Place, one: str, other: str) -> list[str]:
    """Values of the time that belongs to a date, or of the date that belongs to a time."""
    keyword = place.keyword.replace(one, other, 1)
    if keyword == place.keyword or keyword not in place.parent:
        return []
    try:
        return words(place.parent[keyword].value)
    except PARSE_ERRORS:
        return []


def _paired(value: object, partners: list[str], change: Callable[[str, str], str]) -> object:
    moments = words(value)
    if len(moments) != len(partners):
        partners = [""] * len(moments)
    new = [change(moment, partner) for moment, partner in zip(moments, partners, strict=True)]
    return new if len(new) > 1 else "".join(new)


def days(root: Dataset) -> Mapping[str, str]:
    """Give the dates that the root of an object states together with a time.

    A date that stands alone in a report or item moves over midnight when the same day of the root does.
    """
    found: dict[str, str] = {}
    for kind in ("Study", "Series", "Acquisition", "Content"):
        with contextlib.suppress(*PARSE_ERRORS):
            found.setdefault(str(root[f"{kind}Date"].value), str(root[f"{kind}Time"].value or ""))
    return found


def _date(value: object, place: Place) -> object:
    times = _beside(place, "Date", "Time") or [place.days.get(day, "") for day in words(value)]
    return _paired(value, times, place.identity.date)


def _time(value: object, place: Place) -> object:
    return _paired(value, _beside(place, "Time", "Date"), place.identity.time)


def _datetime(value: object, place: Place) -> object:
    return text.each(value, place.identity.datetime)


def _pseudonym(value: object, place: Place) -> object:
    return place.identity.pseudonym(str(value or ""))


def _text(value: object, place: Place) -> object:
    new = text.each(value, text.cleaned)
    return GONE if new == "" and place.keyword == "CodingSchemeVersion" and value else new


def _region_name(value: object, place: Place) -> object:
    """Give a region whose name held no known word the number it has in its object."""
    new = _text(value, place)
    number = str(place.parent.get(_NUMBER_BESIDE[place.keyword], "") or "")
    kind = "Segment" if place.keyword == "SegmentLabel" else "ROI"
    return new or (f"{kind} {number}" if number.isdigit() and len(number) < 4 else kind)


_NUMBER_BESIDE: Final = MappingProxyType({"ROIName": "ROINumber", "SegmentLabel": "SegmentNumber"})


def _described(value: object, place: Place) -> object:
    return (_region_name if place.keyword in _NUMBER_BESIDE else _text)(value, place)


def _label(value: object, place: Place) -> object:  # noqa: ARG001 - one rule for every label
    return text.each(value, text.label)


def _technical(value: object, place: Place) -> object:
    return text.each(value, lambda word: "" if place.is_own(word) else text.technical(word))


def _defined_term(value: object, place: Place) -> object:
    new = text.each(value, lambda term: "" if place.is_own(term) else text.defined_term(term, place.keyword))
    # The values have places, as those of ImageType: what goes leaves a word behind.
    if not isinstance(new, list):
        return new
    return [term or ("OTHER" if old.strip() else "") for term, old in zip(new, words(value), strict=True)]


def _lookup_table(value: object, place: Place) -> object:  # noqa: ARG001 - one rule for every table
    return GONE if isinstance(value, bytes) and _WORD.search(value) and not _is_rising(value) else value


_WORD: Final = re.compile(rb"[A-Za-z]{5}")


def _is_rising(value: bytes) -> bool:
    """Say whether numbers of 16 bits never fall, or never rise: a curve of grey levels, and no text."""
    steps = np.diff(np.frombuffer(value[: len(value) // 2 * 2], "<u2").astype(np.int32))
    return bool(np.all(steps >= 0) or np.all(steps <= 0))


def _code_parts(place: Place) -> tuple[str, str]:
    value = place.parent.get("CodeValue") or place.parent.get("LongCodeValue") or ""
    return str(place.parent.get("CodingSchemeDesignator") or ""), str(value)


def _code_value(value: object, place: Place) -> object:
    return codes.code_value(_code_parts(place)[0], str(value or ""))


def _code_scheme(value: object, place: Place) -> object:  # noqa: ARG001 - one rule for every scheme
    return codes.scheme_designator(str(value or ""))


def _code_meaning(value: object, place: Place) -> object:
    return codes.meaning(*_code_parts(place), str(value or ""))


def _charset(value: object, place: Place) -> object:  # noqa: ARG001 - the same everywhere
    # All text that stays is ASCII, which every character set of DICOM holds.
    return value if all(word in charset.python_encoding for word in words(value)) else "ISO_IR 192"


def _number(value: object, place: Place) -> object:
    whole = all(_is_number(word, place) for word in words(value))
    return value if whole and not any(place.is_own(word) for word in words(value)) else ""


def _is_number(word: str, place: Place) -> bool:
    found = _DECIMAL.fullmatch(word.strip(" \0"))
    if found is None:
        return not word
    digits = found[1]
    if len(digits) <= _COUNTS:
        return True
    if place.keyword in keywords("quantities"):
        return not content.is_nhs_number(digits)
    # A longer one may be a patient's, unless it is a round one, as makers give to series.
    return len(digits) <= _LABELS and digits.endswith("000") and not _DAY.fullmatch(digits)


_COUNTS, _LABELS = 7, 9
_DECIMAL: Final = re.compile(r"[+-]?([0-9]*)(?:\.[0-9]*)?(?:[eE][+-]?[0-9]{1,3})?")
_DAY: Final = re.compile(
    r"(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])"
    r"|(?:0[1-9]|[12][0-9]|3[01])(?:0[1-9]|1[0-2])(?:19|20)[0-9]{2}"
)


def _marker(value: object, place: Place) -> object:
    # At the root `markers` looks after these; in an item they have no meaning.
    return value if place.at_root else GONE


TREATMENTS: Mapping[Rule, Callable[[object, Place], object]] = MappingProxyType(
    {
        "empty": _empty,
        "dummy": _dummy,
        "uid": _uid,
        "date": _date,
        "time": _time,
        "datetime": _datetime,
        "pseudonym": _pseudonym,
        "person": _empty,
        "sex": lambda value, _: text.each(value, characteristics.sex),
        "age": lambda value, _: text.each(value, characteristics.age),
        "size": lambda value, _: text.each(value, characteristics.size),
        "weight": lambda value, _: text.each(value, characteristics.weight),
        "text": _described,
        "label": _label,
        "technical": _technical,
        "code value": _code_value,
        "code scheme": _code_scheme,
        "code meaning": _code_meaning,
        "defined term": _defined_term,
        "charset": _charset,
        "marker": _marker,
        "lookup table": _lookup_table,
        "number": _number,
        "keep": lambda value, _: value,
    }
)
