"""The rules at work on a data set: each element is kept, changed or dropped, at the root and in every item.

`cleaned` gives a new data set and the list of changes. With `identity.Keyed` it is the cleaner; with
`identity.Recognised` the changes are the faults that the gate reports.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType
from typing import Final, NamedTuple

from pydicom import charset
from pydicom.datadict import dictionary_has_tag, dictionary_keyword, dictionary_VR
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence
from pydicom.tag import BaseTag

from sarcoma_review.privacy import characteristics, codes, text
from sarcoma_review.privacy.identity import Identity
from sarcoma_review.privacy.profile import Profile, Rule, keywords, rule_for

PARSE_ERRORS: Final = (ValueError, TypeError, KeyError, AttributeError, NotImplementedError, EOFError, OverflowError)
"""What pydicom raises on values that are not what their VR says."""


class _Gone(Enum):
    GONE = "gone"


GONE: Final = _Gone.GONE
_DROPPED: frozenset[Rule] = frozenset(("private", "group", "unknown", "wrong VR", "remove"))
_DIGITS: Final = frozenset(b"0123456789+-.eE \\\0")
_LONGEST_PLAIN: Final = 9


class Change(NamedTuple):
    """One element that a rule changed: where it stands, and what it held by kind and length only."""

    path: str
    keyword: str
    rule: str
    value: str


@dataclass(frozen=True)
class Cleaning:
    """One run of the rules over one data set.

    Parameters
    ----------
    identity : Identity
        Replaces, or recognises, what belongs to the patient.
    profile : Profile
        The options in force.
    building : bool
        False where only the changes are wanted: numbers are then left out of the result.
    is_own : callable
        Says whether a value holds a name or number of the patient, where the source is known.
    changes : list of Change
        Filled on the way.
    """

    identity: Identity
    profile: Profile
    building: bool = True
    is_own: Callable[[str], bool] = lambda _: False
    changes: list[Change] = field(default_factory=list)


class _Place(NamedTuple):
    keyword: str
    vr: str
    parent: Dataset
    run: Cleaning
    at_root: bool


def cleaned(dataset: Dataset, run: Cleaning, path: str = "") -> Dataset:
    """Apply the rules to a data set and all that it contains.

    Parameters
    ----------
    dataset : Dataset
        Without pixel data; it is not changed.
    run : Cleaning
        Takes note of each change.
    path : str
        Where the data set stands, such as ``"(0008,0082)[0]."``; empty at the root.
    """
    result = Dataset()
    for tag in sorted(dataset.keys()):
        element = _cleaned_element(dataset, tag, run, path)
        if element is not None:
            result[tag] = element
    return result


def _cleaned_element(dataset: Dataset, tag: BaseTag, run: Cleaning, path: str) -> DataElement | None:
    stored = dataset.get_item(tag)
    vr = stored.VR or (dictionary_VR(tag) if dictionary_has_tag(tag) else "UN")
    rule = rule_for(int(tag), vr, run.profile)
    where = f"{path}({tag.group:04X},{tag.element:04X})"
    if rule in _DROPPED:
        _note(run, where, tag, rule, stored)
        return None
    if rule in ("keep", "number") and _plain_number(stored, rule):
        return _converted(dataset, tag) if run.building else None
    return _treated(dataset, tag, rule, run, where)


def _treated(dataset: Dataset, tag: BaseTag, rule: Rule, run: Cleaning, where: str) -> DataElement | None:
    element = _converted(dataset, tag)
    if element is None:
        run.changes.append(Change(where, _keyword(tag), "unreadable", ""))
        return None
    if rule == "sequence":
        return _sequence(element, run, where)
    place = _Place(_keyword(tag), element.VR, dataset, run, "[" not in where)
    value = _TREATMENTS[rule](element.value, place)
    if place.keyword in keywords("never_empty") and value in ("", []) and _words(element.value):
        value = text.REMOVED.upper() if element.VR == "CS" else text.REMOVED
    if _same(element.value, value):
        return element
    _note(run, where, tag, rule, element)
    return None if value is GONE else DataElement(tag, element.VR, value)


def _sequence(element: DataElement, run: Cleaning, where: str) -> DataElement:
    items = [cleaned(item, run, f"{where}[{n}].") for n, item in enumerate(element.value)]
    return DataElement(element.tag, "SQ", Sequence(items))


def _converted(dataset: Dataset, tag: BaseTag) -> DataElement | None:
    try:
        return dataset[tag]
    except PARSE_ERRORS:
        return None


def _plain_number(stored: RawDataElement | DataElement, rule: Rule) -> bool:
    """Say whether a number is one by its bytes: no letter and no long identifier can hide in it."""
    if rule == "keep" or not isinstance(stored, RawDataElement):
        return rule == "keep"
    value = stored.value or b""
    return _DIGITS.issuperset(value) and (stored.VR == "DS" or len(value) <= _LONGEST_PLAIN)


def _note(run: Cleaning, where: str, tag: BaseTag, rule: str, stored: RawDataElement | DataElement) -> None:
    if stored.value in (None, "", b"", []) and rule not in ("private", "unknown"):
        return  # dropping what is empty loses nothing and hides nothing
    run.changes.append(Change(where, _keyword(tag), rule, masked(stored)))


def masked(stored: RawDataElement | DataElement) -> str:
    """Describe a value by kind and length alone."""
    vr, value = stored.VR or "UN", stored.value
    if vr == "SQ" and isinstance(value, Sequence):
        return f"SQ, {len(value)} items"
    unit = "bytes" if isinstance(value, bytes) and vr in ("OB", "OW", "UN", "SQ") else "characters"
    length = len(value.rstrip(b"\0 ")) if isinstance(value, bytes) else len("\\".join(_words(value)))
    return f"{vr}, {length} {unit}"


def _keyword(tag: BaseTag) -> str:
    return dictionary_keyword(tag) if not tag.is_private and dictionary_has_tag(tag) else ""


def _words(value: object) -> list[str]:
    if isinstance(value, list | tuple | MultiValue | Sequence):
        return [str(one) for one in value]
    return [] if value is None or value == "" else [str(value)]


def _same(old: object, new: object) -> bool:
    return old is new or (new is not GONE and _words(old) == _words(new))


# --- what each rule does to a value -----------------------------------------------------------------


def _empty(value: object, place: _Place) -> object:  # noqa: ARG001 - the value does not matter
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
    | {"OB": b"\0\0", "OW": b"\0\0", "SQ": [], "PN": "", "UR": ""}
)


def _dummy(value: object, place: _Place) -> object:  # noqa: ARG001 - the value does not matter
    return _DUMMIES.get(place.vr, text.REMOVED)


def _uid(value: object, place: _Place) -> object:
    return text.each(value, place.run.identity.uid)


def _beside(place: _Place, one: str, other: str) -> list[str]:
    """Values of the time that belongs to a date, or of the date that belongs to a time."""
    keyword = place.keyword.replace(one, other, 1)
    if keyword == place.keyword or keyword not in place.parent:
        return []
    try:
        return _words(place.parent[keyword].value)
    except PARSE_ERRORS:
        return []


def _paired(value: object, partners: list[str], change: Callable[[str, str], str]) -> object:
    words = _words(value)
    if len(words) != len(partners):
        partners = [""] * len(words)
    new = [change(word, partner) for word, partner in zip(words, partners, strict=True)]
    return new if len(new) > 1 else "".join(new)


def _date(value: object, place: _Place) -> object:
    return _paired(value, _beside(place, "Date", "Time"), place.run.identity.date)


def _time(value: object, place: _Place) -> object:
    return _paired(value, _beside(place, "Time", "Date"), place.run.identity.time)


def _datetime(value: object, place: _Place) -> object:
    return text.each(value, place.run.identity.datetime)


def _pseudonym(value: object, place: _Place) -> object:
    return place.run.identity.pseudonym(str(value or ""))


def _text(value: object, place: _Place) -> object:
    new = text.each(value, text.cleaned)
    return GONE if new == "" and place.keyword == "CodingSchemeVersion" and value else new


def _region_name(value: object, place: _Place) -> object:
    """Give a region whose name held no known word the number it has in its object."""
    new = _text(value, place)
    number = str(place.parent.get(_NUMBER_BESIDE[place.keyword], "") or "")
    kind = "Segment" if place.keyword == "SegmentLabel" else "ROI"
    return new or (f"{kind} {number}" if number.isdigit() and len(number) < 4 else kind)


_NUMBER_BESIDE: Final = MappingProxyType({"ROIName": "ROINumber", "SegmentLabel": "SegmentNumber"})


def _described(value: object, place: _Place) -> object:
    return (_region_name if place.keyword in _NUMBER_BESIDE else _text)(value, place)


def _label(value: object, place: _Place) -> object:  # noqa: ARG001 - one rule for every label
    return text.each(value, text.label)


def _technical(value: object, place: _Place) -> object:
    return text.each(value, lambda word: "" if place.run.is_own(word) else text.technical(word))


def _machine(value: object, place: _Place) -> object:
    return text.each(value, lambda word: "" if place.run.is_own(word) else text.machine_code(word))


def _defined_term(value: object, place: _Place) -> object:
    return text.each(value, lambda term: "" if place.run.is_own(term) else text.defined_term(term, place.keyword))


def _code_parts(place: _Place) -> tuple[str, str]:
    value = place.parent.get("CodeValue") or place.parent.get("LongCodeValue") or ""
    return str(place.parent.get("CodingSchemeDesignator") or ""), str(value)


def _code_value(value: object, place: _Place) -> object:
    return codes.code_value(_code_parts(place)[0], str(value or ""))


def _code_scheme(value: object, place: _Place) -> object:  # noqa: ARG001 - one rule for every scheme
    return codes.scheme_designator(str(value or ""))


def _code_meaning(value: object, place: _Place) -> object:
    return codes.meaning(*_code_parts(place), str(value or ""))


def _charset(value: object, place: _Place) -> object:  # noqa: ARG001 - the same everywhere
    # All text that stays is ASCII, which every character set of DICOM holds.
    return value if all(word in charset.python_encoding for word in _words(value)) else "ISO_IR 192"


def _number(value: object, place: _Place) -> object:
    return value if all(_is_number(word, place.vr) for word in _words(value)) else ""


def _is_number(word: str, vr: str) -> bool:
    # IS ends at 32 bits; most NHS numbers lie above.
    numeric = _DIGITS.issuperset(word.encode())
    return numeric and (vr == "DS" or not word.strip("+- ").isdigit() or abs(int(word)) < 2**31)


def _marker(value: object, place: _Place) -> object:
    # At the root `markers` looks after these; in an item they have no meaning.
    return value if place.at_root else GONE


_TREATMENTS: Mapping[Rule, Callable[[object, _Place], object]] = MappingProxyType(
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
        "machine": _machine,
        "code value": _code_value,
        "code scheme": _code_scheme,
        "code meaning": _code_meaning,
        "defined term": _defined_term,
        "charset": _charset,
        "marker": _marker,
        "number": _number,
        "keep": lambda value, _: value,
    }
)
