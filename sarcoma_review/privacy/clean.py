"""The rules at work on a data set: each element is kept, changed or dropped, at the root and in every item.

`cleaned` gives a new data set and the list of changes. With `identity.Keyed` it is the cleaner; with
`identity.Recognised` the changes are the faults that the gate reports.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from pydicom.datadict import dictionary_has_tag, dictionary_keyword, dictionary_VR
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.tag import BaseTag

from sarcoma_review.privacy import text
from sarcoma_review.privacy.identity import Identity
from sarcoma_review.privacy.profile import Profile, Rule, keywords, rule_for
from sarcoma_review.privacy.treatments import DIGITS, GONE, PARSE_ERRORS, TREATMENTS, Place, words

_DROPPED: frozenset[Rule] = frozenset(("private", "group", "unknown", "wrong VR", "remove"))
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
    place = Place(_keyword(tag), element.VR, dataset, run.identity, run.is_own, "[" not in where)
    value = TREATMENTS[rule](element.value, place)
    if place.keyword in keywords("never_empty") and value in ("", []) and words(element.value):
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
    return DIGITS.issuperset(value) and (stored.VR == "DS" or len(value) <= _LONGEST_PLAIN)


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
    length = len(value.rstrip(b"\0 ")) if isinstance(value, bytes) else len("\\".join(words(value)))
    return f"{vr}, {length} {unit}"


def _keyword(tag: BaseTag) -> str:
    return dictionary_keyword(tag) if not tag.is_private and dictionary_has_tag(tag) else ""


def _same(old: object, new: object) -> bool:
    return old is new or (new is not GONE and words(old) == words(new))
