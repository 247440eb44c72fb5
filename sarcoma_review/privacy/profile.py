"""Which rule decides about a DICOM element: Table E.1-1 of PS3.15 as data, its options, and what lies outside it.

One answer per (tag, VR, profile), for the root of a data set and for every level below it. Both the cleaner and the
gate ask here, so that they cannot differ.
"""

import csv
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from types import MappingProxyType
from typing import Literal

from pydicom.datadict import dictionary_has_tag, dictionary_keyword, dictionary_VR

from sarcoma_review.errors import PrivacyError

TABLE_FILE = "ps315_2026c.csv"

Need = Literal["", "1", "2"]
_Dropped = Literal["private", "group", "unknown", "wrong VR", "remove"]
_Replaced = Literal["empty", "dummy", "uid", "date", "time", "datetime", "pseudonym", "person"]
_Coarse = Literal["sex", "age", "size", "weight"]
_Weighed = Literal["text", "label", "technical", "code value", "code scheme", "code meaning", "defined term"]
Rule = (
    _Dropped
    | _Replaced
    | _Coarse
    | _Weighed
    | Literal["charset", "marker", "number", "lookup table", "keep", "sequence"]
)


@dataclass(frozen=True)
class Profile:
    """A choice among the options of PS3.15 Annex E.

    Parameters
    ----------
    name : str
        As `deidentify` takes it.
    codes : tuple of str
        DCM codes of the method and of the options done (CID 7050).
    keeps_descriptions, shifts_dates, keeps_characteristics, keeps_safe_private : bool
        Clean Descriptors, Modified Dates, Retain Patient Characteristics (sex, banded age, rounded size and weight),
        Retain Safe Private. Structured content and graphics are cleaned in every profile.
    samples_slices : bool
        Whether some slices of each series are looked at for burned-in text, where the extra that reads is installed.
    """

    name: str
    codes: tuple[str, ...]
    keeps_descriptions: bool = False
    shifts_dates: bool = False
    keeps_characteristics: bool = False
    keeps_safe_private: bool = False
    samples_slices: bool = True

    @property
    def temporal_information(self) -> str:
        """The value of LongitudinalTemporalInformationModified."""
        return "MODIFIED" if self.shifts_dates else "REMOVED"


PEER_LEARNING = Profile(
    "peer-learning",
    ("113100", "113103", "113104", "113105", "113107", "113108", "113111"),
    keeps_descriptions=True,
    shifts_dates=True,
    keeps_characteristics=True,
    keeps_safe_private=True,
)
BASIC = Profile("basic", ("113100", "113103", "113104"))
PROFILES: Mapping[str, Profile] = MappingProxyType({p.name: p for p in (PEER_LEARNING, BASIC)})

SPECIAL: Mapping[str, Rule] = MappingProxyType(
    {
        "PatientName": "pseudonym",
        "PatientID": "pseudonym",
        "SpecificCharacterSet": "charset",
        "CodeValue": "code value",
        "LongCodeValue": "code value",
        "CodingSchemeDesignator": "code scheme",
        "CodeMeaning": "code meaning",
        "PatientIdentityRemoved": "marker",
        "DeidentificationMethod": "marker",
        "DeidentificationMethodCodeSequence": "marker",
        "LongitudinalTemporalInformationModified": "marker",
    }
)
CHARACTERISTICS: Mapping[str, Rule] = MappingProxyType(
    {"PatientSex": "sex", "PatientAge": "age", "PatientSize": "size", "PatientWeight": "weight"}
)

_TEXT: tuple[str, ...] = ("LO", "SH", "ST", "LT", "UT", "UC")
_DATES: tuple[str, ...] = ("DA", "TM", "DT")
_DECIMAL: tuple[str, ...] = ("IS", "DS")
# Anything may stand in an application entity, an address or a run of bytes.
_ANYTHING: tuple[str, ...] = ("AE", "UR", "AS", "OB", "OW", "OF", "OD", "OL", "OV", "UN")
_OTHERS: Mapping[str, Rule] = MappingProxyType(
    {
        "SQ": "sequence",
        "UI": "uid",
        "DA": "date",
        "TM": "time",
        "DT": "datetime",
        "PN": "person",
        "CS": "defined term",
    }
)
_LOOKUP_TABLES = ("PaletteColorLookupTableData", "LUTData")


def rows(name: str) -> Iterator[dict[str, str]]:
    """Read a table that comes with this package, without its lines of comment."""
    text = files(__package__).joinpath("data", name).read_text("utf-8")
    return csv.DictReader(line for line in text.splitlines() if not line.startswith("#"))


@lru_cache(maxsize=1)
def table() -> Mapping[str, str]:
    """Give the action of each tag, or pattern of tags, in Table E.1-1: X, Z, D, U or a choice such as X/Z/D."""
    return MappingProxyType({row["tag"]: row["action"] for row in rows(TABLE_FILE)})


@lru_cache(maxsize=1)
def options() -> Mapping[str, Mapping[str, str]]:
    """Give what each option of Annex E does to a tag: K to keep, C to clean; tags without any are left out."""
    return MappingProxyType({row.pop("tag"): row for row in rows("ps315_options.csv")})


@lru_cache(maxsize=64)
def needs(sop_class: str) -> Mapping[tuple[int, int], Need]:
    """Give the attributes of Type 1 and 2 in a class, by the tag of their sequence (0 at the root) and own."""
    end = sop_class.removeprefix("1.2.840.10008.5.1.4.1.1.")
    found: dict[tuple[int, int], Need] = {}
    for row in rows("needs_2020.csv"):
        place = int(row["parent"] or "0", 16), int(row["tag"], 16)
        if end in row["classes"].split() and found.get(place) != "1":
            found[place] = "1" if row["type"] == "1" else "2"
    return MappingProxyType(found)


@lru_cache(maxsize=16)
def keywords(kind: str) -> frozenset[str]:
    """Give the attributes of a kind, such as ``"technical"``, from ``data/keywords.toml``."""
    text = files(__package__).joinpath("data", "keywords.toml").read_text("utf-8")
    return frozenset(tomllib.loads(text)[kind])


def edition() -> str:
    """Give the edition of the standard that the table was taken from.

    >>> edition()
    '2026c'
    """
    return TABLE_FILE.removeprefix("ps315_").removesuffix(".csv")


def profile_named(name: str | Profile) -> Profile:
    """Find a profile by its name; one that is given as such is taken as it is.

    Raises
    ------
    PrivacyError
        If there is none of that name.
    """
    if isinstance(name, Profile):
        return name
    if name not in PROFILES:
        raise PrivacyError(f"no such profile: expected one of {', '.join(PROFILES)}")
    return PROFILES[name]


@lru_cache(maxsize=16384)
def rule_for(tag: int, vr: str, profile: Profile, need: Need = "") -> Rule:
    """Say which rule decides about an element.

    Parameters
    ----------
    tag : int
        Group and element, ``0xggggeeee``.
    vr : str
        Value representation as the file states it.
    profile : Profile
        The options in force.
    need : {"", "1", "2"}
        The attribute's type where it stands, from `needs`.

    Examples
    --------
    >>> rule_for(0x00100010, "PN", PEER_LEARNING), rule_for(0x00080050, "SH", PEER_LEARNING)
    ('pseudonym', 'empty')
    >>> rule_for(0x0008103E, "LO", PEER_LEARNING), rule_for(0x0008103E, "LO", BASIC)
    ('text', 'remove')
    >>> rule_for(0x00181000, "LO", BASIC), rule_for(0x00181000, "LO", BASIC, "1")
    ('remove', 'dummy')
    """
    group, element = tag >> 16, tag & 0xFFFF
    if group % 2:
        return "private"
    if group in (0x0000, 0x0002, 0x0004, 0xFFFA, 0xFFFC) or group >> 8 in (0x50, 0x60) or element == 0:
        return "group"
    if not dictionary_has_tag(tag):
        return "unknown"
    if vr not in dictionary_VR(tag) or vr == "UN":
        return "wrong VR"
    return _known(tag, vr, profile, need)


def _known(tag: int, vr: str, profile: Profile, need: Need) -> Rule:
    keyword, action = dictionary_keyword(tag), table().get(f"{tag:08x}", "")
    if keyword in SPECIAL:
        return SPECIAL[keyword]
    if keyword in CHARACTERISTICS and profile.keeps_characteristics:
        return CHARACTERISTICS[keyword]
    if action:
        return _by_table(tag, vr, profile, need)
    return "remove" if keyword in keywords("personal") else _outside_table(keyword, vr, profile, need)


def _by_table(tag: int, vr: str, profile: Profile, need: Need) -> Rule:
    key = f"{tag:08x}"
    action, option = table()[key], options().get(key, {})
    if "U" in action or (vr == "SQ" and option.get("structured_content") == "C"):
        return _by_vr(vr)
    if profile.shifts_dates and vr in _DATES and option.get("modified_dates") == "C":
        return _by_vr(vr)
    if profile.keeps_descriptions and dictionary_keyword(tag) in keywords("descriptors"):
        return "text"
    return _resolved(vr, action.split("/"), need)


def _resolved(vr: str, choices: list[str], need: Need) -> Rule:
    """Choose within X/Z/D: what keeps the object valid and destroys least."""
    if choices == ["D"] or (need == "1" and ("D" in choices or vr in _DATES)):
        # A sequence is made a dummy by making dummies of what it holds.
        return "sequence" if vr == "SQ" else "dummy"
    if choices == ["Z"] or (need and "Z" in choices):
        return "empty"
    if "X" in choices:
        return "remove"
    return "empty"


def _outside_table(keyword: str, vr: str, profile: Profile, need: Need) -> Rule:
    if keyword in keywords("technical"):
        return "technical"
    if keyword in keywords("labels"):
        return "label"
    if keyword.endswith(_LOOKUP_TABLES):
        return "lookup table"
    if keyword in keywords("unshifted") or (vr in _DATES and not profile.shifts_dates):
        return "dummy" if need == "1" else "remove"
    return _by_vr(vr)


def _by_vr(vr: str) -> Rule:
    vr = vr[:2]  # "US or SS", as an implicit file leaves it open, is a number like either
    if vr in _OTHERS:
        return _OTHERS[vr]
    if vr in _TEXT:
        return "text"
    if vr in _ANYTHING:
        return "remove"
    return "number" if vr in _DECIMAL else "keep"
