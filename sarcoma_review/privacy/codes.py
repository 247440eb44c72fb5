"""Coded concepts: a meaning is taken from the dictionary of its scheme, never from the file.

A code value is kept where the dictionary holds it or it has the form that its scheme gives to codes; a hospital
number does not become a code by standing in (0008,0100).
"""

import re
from collections import defaultdict
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from sarcoma_review.privacy import text

SCHEMES = frozenset(
    (
        *("DCM", "SCT", "SRT", "SNM3", "99SDM", "LN", "UCUM", "NCIt", "UMLS", "RADLEX", "FMA", "MDC", "IBSI", "MSH"),
        *("99PMP", "99_OFFIS_DCMTK"),
        *("NEU", "BARI", "RXNORM", "I10", "I9C", "RFC5646", "RFC3066", "ISO3166_1", "ISO639_1", "ISO639_2", "DCMUID"),
    )
)

LONGEST_MEANING = 64
"""Characters that (0008,0104) may hold."""

# A unit of measurement, and what it counts.
_UNIT = r"[a-zA-Z%]{1,3}-?[0-9]{0,2}"
_NOTE = r"(?:\{(?:SUV(?:bw|lbm|bsa|ibw)|pixels|voxels|counts|ratio)\})"
_SNOMED_RT = re.compile(r"[A-Z][A-Z0-9]?-[0-9A-FXY]{4,6}")
_FORMS: Mapping[str, re.Pattern[str]] = MappingProxyType(
    {
        "DCM": re.compile(r"1[0-3][0-9]{4}|[A-Z]{2,16}"),
        "SRT": _SNOMED_RT,
        "SNM3": _SNOMED_RT,
        "99SDM": _SNOMED_RT,
        "LN": re.compile(r"[0-9]{1,5}-[0-9]"),
        "NCIt": re.compile(r"C[0-9]{2,6}"),
        "RADLEX": re.compile(r"RID[0-9]{1,5}"),
        "UMLS": re.compile(r"C[0-9]{7}"),
        "UCUM": re.compile(rf"{_NOTE}?(?:{_UNIT}(?:[./]{_UNIT}){{0,3}})?{_NOTE}?"),
        "99PMP": re.compile(r"25[0-9]{4}"),
        "99_OFFIS_DCMTK": re.compile(r"[0-9]{4}(?:\.[0-9])?|IHE\.[0-9]{2}"),
        "FMA": re.compile(r"[0-9]{1,6}"),
    }
    | dict.fromkeys(("RFC5646", "RFC3066", "ISO639_1", "ISO639_2"), re.compile(r"[a-z]{2,3}(?:-[A-Z]{2})?"))
)
_SNOMED_CT = re.compile(r"[1-9][0-9]{2,14}[01]0[0-9]")
_SHORT_CODE = re.compile(r"[A-Z]{0,3}-?[0-9]{1,4}")


@lru_cache(maxsize=1)
def _dictionary() -> Mapping[tuple[str, str], tuple[str, ...]]:
    """Meanings of each (scheme, value), the shortest first."""
    # Read on the first code only: the dictionaries take longer to load than everything else here.
    from pydicom.sr import _concepts_dict, _snomed_dict

    concepts_of: dict[str, Any] = _concepts_dict.concepts
    found: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for scheme, concepts in concepts_of.items():
        for entry in concepts.values():
            for value, (meaning_, _) in entry.items():
                found[(scheme, value)].add(meaning_)
    for old, new in _snomed_dict.mapping["SRT"].items():
        for scheme in ("SRT", "SNM3", "99SDM"):
            found[(scheme, old)] |= found.get(("SCT", new), set())
    return MappingProxyType({code: tuple(sorted(texts, key=lambda t: (len(t), t))) for code, texts in found.items()})


def meaning(scheme: str, value: str, stated: str) -> str:
    """Keep a stated meaning that the dictionary has or whose words are known; otherwise take the dictionary's.

    >>> meaning("DCM", "113100", "Smith")
    'Basic Application Confidentiality Profile'
    >>> meaning("99LOCAL", "7", "left femur Smith")
    'left femur'
    """
    known = _dictionary().get((scheme, value), ())
    plain = text.cleaned(stated)
    if stated and (plain == stated or stated.casefold() in map(str.casefold, known)):
        return stated
    return next((one for one in known if len(one) <= LONGEST_MEANING), plain)


def code_value(scheme: str, value: str) -> str:
    """Keep a code that its dictionary holds or that has the form of its scheme; empty otherwise.

    >>> code_value("SCT", "71341001"), code_value("SCT", "9434765919"), code_value("99LOCAL", "12")
    ('71341001', '', '12')
    >>> code_value("UCUM", "{SUVbw}g/ml"), code_value("UCUM", "{Smith}"), code_value("UMLS", "C2348792")
    ('{SUVbw}g/ml', '', 'C2348792')
    """
    if value == text.REMOVED or (scheme, value) in _dictionary():
        return value
    if scheme == "SCT":
        return value if _SNOMED_CT.fullmatch(value) and _verhoeff(value) else ""
    form = _FORMS.get(scheme, _SHORT_CODE)
    return value if form.fullmatch(value) or text.cleaned(value) == value else ""


def scheme_designator(value: str) -> str:
    """Keep the name of a known coding scheme, or a private one made of known words; empty otherwise.

    >>> scheme_designator("SCT"), scheme_designator("99SMITH")
    ('SCT', '')
    """
    return value if value in SCHEMES or value == text.REMOVED else text.cleaned(value)


def _verhoeff(digits: str) -> bool:
    """Say whether the last digit is right by Verhoeff's scheme, as in every SNOMED CT identifier."""
    order = (1, 5, 7, 6, 2, 8, 3, 0, 9, 4)
    check = 0
    for place, digit in enumerate(reversed(digits)):
        moved = int(digit)
        for _ in range(place % 8):
            moved = order[moved]
        check = _in_dihedral_group(check, moved)
    return check == 0


def _in_dihedral_group(a: int, b: int) -> int:
    turned = (a + b if a < 5 else a - b) % 5
    return turned + 5 * ((a < 5) != (b < 5))
