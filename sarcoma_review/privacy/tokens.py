"""The patient's own words and numbers, taken from the source and looked for in the result.

The strongest rule about content, and independent of every other: whatever the source calls the patient, the hospital
and its people must not stand anywhere in what was written.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from pydicom.datadict import dictionary_has_tag, dictionary_keyword, dictionary_VR
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

from sarcoma_review.privacy import text
from sarcoma_review.privacy.profile import keywords
from sarcoma_review.privacy.structure import Layout
from sarcoma_review.privacy.treatments import PARSE_ERRORS, words

SHORTEST = 4
_LONG_NUMBER = 7
_CHARACTER_SET = 0x00080005

_PATIENT = frozenset(
    (
        *("PatientName", "PatientID", "OtherPatientIDs", "OtherPatientNames", "PatientBirthName", "AccessionNumber"),
        *("PatientMotherBirthName", "PatientBirthDate", "PatientAddress", "PatientTelephoneNumbers", "MilitaryRank"),
    )
)
_AROUND = frozenset(("InstitutionName", "InstitutionAddress", "IssuerOfPatientID", "StationName"))
# A short run of digits is found in any list of numbers; identifiers made from the secret hold every run by chance.
_NUMERIC = frozenset(("DS", "IS", "FD", "FL", "US", "SS", "UL", "SL", "AT", "DA", "TM", "DT", "AS", "UI"))
# Written by this program or from a dictionary, never from the file.
_OURS = frozenset(
    (
        *("DeidentificationMethod", "LongitudinalTemporalInformationModified", "PatientIdentityRemoved"),
        *("SpecificCharacterSet", "CodeMeaning", "CodingSchemeDesignator", "SOPClassUID"),
    )
)


@dataclass(frozen=True)
class Tokens:
    """What the source calls the patient, and what it calls those around.

    Attributes
    ----------
    patient, around : set of str
        Case-folded, at least four characters, no word of the vocabulary.
    """

    patient: set[str] = field(default_factory=set)
    around: set[str] = field(default_factory=set)

    def __repr__(self) -> str:
        return f"Tokens({len(self.patient)} of the patient, {len(self.around)} around)"

    def add(self, others: "Tokens") -> None:
        """Take over the tokens of others."""
        self.patient.update(others.patient)
        self.around.update(others.around)

    def within(self, others: "Tokens") -> bool:
        """Say whether others hold all of these."""
        return self.patient <= others.patient and self.around <= others.around

    def left_in(self, written: Layout) -> list[str]:
        """Say where a file that was written still holds one of them, by element path."""
        raw = written.data + b"".join(written.meta.values())
        found = self._in_bytes(raw)
        return (
            [path for path, element in _elements(written.dataset()) if self._holds(element, found)] if found else []
        )

    def _in_bytes(self, raw: bytes) -> list[str]:
        folded = raw.lower()
        return [t for t in (*self.patient, *self.around) if any(spelling in folded for spelling in _spellings(t))]

    def gather(self, dataset: Dataset) -> None:
        """Take note of the names and numbers in a source header."""
        for keyword, value in _telling(dataset):
            (self.patient if keyword in _PATIENT else self.around).update(_split(value))

    def gather_new(self, layout: Layout, seen: set[bytes]) -> None:
        """Take note of those elements of a file that were not `seen` in another, byte for byte."""
        new = {tag for tag, start, end in layout.elements if _tells(tag) and layout.data[start:end] not in seen}
        if new:
            seen.update(layout.data[start:end] for tag, start, end in layout.elements if tag in new)
            self.gather(layout.part(new | {_CHARACTER_SET}))

    def names_patient(self, value: str) -> bool:
        """Say whether a value holds a name or number of the patient as a word."""
        folded = value.casefold()
        return any(token in folded and _in_text(token, folded) for token in self.patient)

    def _holds(self, element: DataElement, found: list[str]) -> bool:
        # A creator that was written is one of the closed list, whatever the hospital is called.
        if element.keyword in _OURS or element.tag.is_private_creator:
            return False
        value = _folded(element)
        if value == text.PURPOSE.casefold():
            return False
        machine = element.VR == "CS" or element.keyword in keywords("technical")
        return any(
            _in_text(token, value)
            for token in found
            if not (token.isdigit() and element.VR in _NUMERIC) and not (machine and token not in self.patient)
        )


def _split(value: str) -> Iterator[str]:
    """Whole numbers and single words; a number in groups also without gaps, a long one also without its letters."""
    folded = value.casefold()
    parts = {*re.split(r"[\W_]+", folded), re.sub(r"[\W_]+", "", folded) if any(map(str.isdigit, folded)) else ""}
    parts |= set(re.findall(rf"[0-9]{{{_LONG_NUMBER},}}", folded))
    yield from (word for word in parts if len(word) >= SHORTEST and not text.is_known(word))


def _telling(dataset: Dataset) -> Iterator[tuple[str, str]]:
    for tag in list(dataset.keys()):
        if not _tells(int(tag)):
            continue
        try:
            element = dataset[tag]
        except PARSE_ERRORS:
            continue
        # A file may state another VR than the dictionary: only what was read as items is one.
        if element.VR == "SQ":
            yield from (pair for item in element.value or () for pair in _telling(item))
        elif dictionary_VR(tag) != "SQ":
            yield from ((dictionary_keyword(tag), word) for word in words(element.value))


def _elements(dataset: Dataset, path: str = "") -> Iterator[tuple[str, DataElement]]:
    for element in dataset:
        where = f"{path}{element.tag!s}"
        if element.VR == "SQ":
            for n, item in enumerate(element.value):
                yield from _elements(item, f"{where}[{n}].")
        else:
            yield where, element


def _folded(element: DataElement) -> str:
    if isinstance(element.value, bytes):
        return element.value.decode("latin-1").casefold()
    return "\\".join(words(element.value)).casefold()


def _in_text(token: str, value: str) -> bool:
    return re.search(rf"(?<![^\W_]){re.escape(token)}(?![^\W_])", value) is not None


@lru_cache(maxsize=1 << 16)
def _spellings(token: str) -> set[bytes]:
    spellings = {token.encode("utf-8"), token.encode("latin-1", "ignore"), token.encode("utf-16-le")}
    return {spelling for spelling in spellings | {token.encode("utf-16-be")} if len(spelling) >= SHORTEST}


@lru_cache(maxsize=4096)
def _tells(tag: int) -> bool:
    known = (tag >> 16) % 2 == 0 and dictionary_has_tag(tag)
    return known and (dictionary_VR(tag) in ("SQ", "PN") or dictionary_keyword(tag) in _PATIENT | _AROUND)
