"""The rules at work on a data set: each element is kept, changed or dropped, at the root and in every item.

`cleaned` gives a new data set and the list of changes. With `identity.Keyed` it is the cleaner; with
`identity.Recognised` the changes are the faults that the gate reports.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, NamedTuple

from pydicom.datadict import dictionary_has_tag, dictionary_keyword, dictionary_VR
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.tag import BaseTag

from sarcoma_review.privacy import content, private
from sarcoma_review.privacy.identity import Identity
from sarcoma_review.privacy.profile import Need, Profile, Rule, keywords, needs, rule_for
from sarcoma_review.privacy.treatments import DIGITS, GONE, PARSE_ERRORS, TREATMENTS, Place, days, dummy, words

_DROPPED: frozenset[Rule] = frozenset(("private", "group", "unknown", "wrong VR", "remove"))
_SPOKEN: Final = frozenset(("LO", "SH", "ST", "LT", "UT", "UC", "CS", "PN"))
# Numbers that are text from end to end, or for longer than chance makes them.
_READS_AS_TEXT: Final = re.compile(
    rb"[A-Z]?[a-z]{5,}|[A-Z]{6,}|[A-Za-z0-9 ^.,'@/-]{9,}|.*[A-Za-z ^]{16}.*", re.DOTALL
)
_WIDTHS: Final = MappingProxyType({"US": 2, "SS": 2, "UL": 4, "SL": 4, "AT": 4, "FL": 4, "FD": 8, "UV": 8, "SV": 8})
# Digits in groups, as of a telephone, are no number; nor are two points.
_NOT_PLAIN: Final = re.compile(rb"[0-9]{7}|[0-9][ +\0-]+[0-9]|\.[0-9]*\.")


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
    sop_class : str
        Says which attributes may be absent or empty.
    building : bool
        False where only the changes are wanted: numbers are then left out of the result.
    is_own : callable
        Says whether a value holds a name or number of the patient, where the source is known.
    changes : list of Change
        Filled on the way.
    """

    identity: Identity
    profile: Profile
    sop_class: str = ""
    building: bool = True
    is_own: Callable[[str], bool] = lambda _: False
    changes: list[Change] = field(default_factory=list)


class Level(NamedTuple):
    """Where a data set stands: the tag of its sequence, 0 at the root, and the way there."""

    parent: int
    path: str
    days: Mapping[str, str]


def cleaned(dataset: Dataset, run: Cleaning) -> Dataset:
    """Apply the rules to a data set and all that it contains.

    Parameters
    ----------
    dataset : Dataset
        Without pixel data; it is not changed.
    run : Cleaning
        Takes note of each change.
    """
    return _cleaned_level(dataset, run, Level(0, "", days(dataset)))


def _cleaned_level(dataset: Dataset, run: Cleaning, level: Level) -> Dataset:
    result = Dataset()
    for tag in sorted(dataset.keys()):
        element = cleaned_element(dataset, tag, run, level)
        if element is not None:
            result[tag] = element
    return result


def cleaned_element(dataset: Dataset, tag: BaseTag, run: Cleaning, level: Level) -> DataElement | None:
    """Apply the rules to one element of a data set; None where it goes."""
    stored = dataset.get_item(tag)
    vr = stored.VR or (dictionary_VR(tag) if dictionary_has_tag(tag) else "UN")
    need = needs(run.sop_class).get((level.parent, int(tag)), "")
    rule = rule_for(int(tag), vr, run.profile, need)
    where = f"{level.path}{tag!s}"
    if rule == "private" and run.profile.keeps_safe_private and (known := private.safe(dataset, tag)) is not None:
        return known
    if rule in _DROPPED:
        _note(run, where, tag, rule, stored)
        return None
    if rule == "keep" and not is_binary_number(vr, stored.value):
        _note(run, where, tag, "text in a number", stored)
        return None
    if rule == "keep" or (rule == "number" and _plain_number(stored)):
        return _converted(dataset, tag) if run.building else None
    return _treated(dataset, tag, _Decision(rule, need, level, where), run)


class _Decision(NamedTuple):
    rule: Rule
    need: Need
    level: Level
    where: str


def _treated(dataset: Dataset, tag: BaseTag, decision: _Decision, run: Cleaning) -> DataElement | None:
    element = _converted(dataset, tag)
    if element is None:
        run.changes.append(Change(decision.where, _keyword(tag), "unreadable", ""))
        return None
    if decision.rule == "sequence":
        return _sequence(element, run, decision)
    at_root, known_days = not decision.level.path, decision.level.days
    place = Place(_keyword(tag), element.VR, dataset, run.identity, run.is_own, at_root, known_days)
    value = TREATMENTS[decision.rule](element.value, place)
    if value in ("", [], None) and words(element.value) and _may_not_be_empty(place.keyword, decision):
        value = dummy(element.VR)
    if _same(element.value, value):
        return element
    _note(run, decision.where, tag, decision.rule, element)
    return None if value is GONE else DataElement(tag, element.VR, value)


def _may_not_be_empty(keyword: str, decision: _Decision) -> bool:
    return decision.need == "1" or keyword in keywords("never_empty")


def _sequence(element: DataElement, run: Cleaning, decision: _Decision) -> DataElement:
    level = decision.level._replace(parent=int(element.tag))
    items = (
        _cleaned_level(item, run, level._replace(path=f"{decision.where}[{n}]."))
        for n, item in enumerate(element.value)
    )
    return DataElement(element.tag, "SQ", Sequence(items))


def _converted(dataset: Dataset, tag: BaseTag) -> DataElement | None:
    try:
        return dataset[tag]
    except PARSE_ERRORS:
        return None


def is_binary_number(vr: str, value: object) -> bool:
    """Say whether a value of a binary VR is one by its bytes: of whole numbers, and no text.

    >>> is_binary_number("US", bytes(8)), is_binary_number("US", b"Brambles"), is_binary_number("FD", bytes(9))
    (True, False, False)
    """
    if not isinstance(value, bytes):
        return True
    return len(value) % _WIDTHS.get(vr, 1) == 0 and not _READS_AS_TEXT.fullmatch(value.rstrip(b"\0 "))


def _plain_number(stored: RawDataElement | DataElement) -> bool:
    """Say whether a decimal number is one by its bytes: no letter and no long identifier can hide in it."""
    value = stored.value
    return isinstance(value, bytes) and DIGITS.issuperset(value) and not _NOT_PLAIN.search(value)


def _note(run: Cleaning, where: str, tag: BaseTag, rule: str, stored: RawDataElement | DataElement) -> None:
    if stored.value in (None, "", b"", []) and rule not in ("private", "unknown"):
        return  # dropping what is empty loses nothing and hides nothing
    run.changes.append(Change(where, _keyword(tag), rule, masked(stored)))


def masked(stored: RawDataElement | DataElement) -> str:
    """Describe a value by kind and length, and by what it looks like."""
    vr, value = stored.VR or "UN", stored.value
    if vr == "SQ" and isinstance(value, Sequence):
        return f"SQ, {len(value)} items"
    if isinstance(value, bytes) and vr in ("OB", "OW", "UN", "SQ"):
        length = len(value.rstrip(b"\0 "))
        return f"{vr}, {length} bytes"
    said = value.rstrip(b"\0 ").decode("latin-1") if isinstance(value, bytes) else "\\".join(words(value))
    holds = content.recognised(said) if vr in _SPOKEN else ""
    return f"{vr}, {len(said)} characters" + (f", holds {holds}" if holds else "")


def _keyword(tag: BaseTag) -> str:
    return dictionary_keyword(tag) if not tag.is_private and dictionary_has_tag(tag) else ""


def _same(old: object, new: object) -> bool:
    return old is new or (new is not GONE and words(old) == words(new))
