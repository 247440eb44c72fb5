"""Elements judged by their bytes alone: plain numbers, identifiers, dates and times of the root, in explicit coding.

They are what differs from slice to slice of a series, and to parse each takes longer than all else. Whatever is in
the least unusual is left to `clean`, which decides the same about these.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from pydicom.datadict import dictionary_keyword
from pydicom.tag import Tag

from sarcoma_review.privacy.clean import Change, Cleaning, is_binary_number
from sarcoma_review.privacy.profile import needs, rule_for

_HEAD: Final = 8
_DECIMAL: Final = rb"[+-]?[0-9]{1,6}(?:\.[0-9]{0,12})?(?:[eE][+-]?[0-9]{1,2})?"
_PLAIN: Final[Mapping[bytes, re.Pattern[bytes]]] = MappingProxyType(
    {
        b"DS": re.compile(rb"%b(?:\\%b)* ?" % (_DECIMAL, _DECIMAL)),
        b"IS": re.compile(rb"[+-]?[0-9]{1,6}(?:\\[+-]?[0-9]{1,6})* ?"),
        b"UI": re.compile(rb"[0-9.]{1,64}\0?"),
        b"DA": re.compile(rb"[0-9]{8}"),
        b"TM": re.compile(rb"[0-9.]{2,16} ?"),
    }
)
_WIDTHS: Final = MappingProxyType({b"US": 2, b"SS": 2, b"UL": 4, b"SL": 4, b"FL": 4, b"FD": 8})
_LONG_NUMBER: Final = re.compile(rb"[0-9]{7}")
_TIME: Final = re.compile(rb"[0-9.]{0,16} ?")


class Unparsed(NamedTuple):
    """An element as it stands, and what a date looks at.

    Attributes
    ----------
    tag : int
    raw : bytes
        With its head, explicit little endian.
    time : bytes
        The element of the time that belongs to a date; empty for all others.
    days : mapping of str to str
        As `treatments.days` gives them.
    """

    tag: int
    raw: bytes
    time: bytes
    days: Mapping[str, str]


def treated(element: Unparsed, run: Cleaning) -> tuple[bytes, tuple[Change, ...]] | None:
    """Give an element as it is to be written, and what changed; None where it must be looked at more closely."""
    raw = element.raw
    vr, value = raw[4:6], raw[_HEAD:]
    if len(value) % 2 or int.from_bytes(raw[6:_HEAD], "little") != len(value):
        return None
    need = needs(run.sop_class).get((0, element.tag), "")
    rule = rule_for(element.tag, vr.decode("latin-1"), run.profile, need)
    if rule == "keep":
        return (raw, ()) if len(value) == _WIDTHS.get(vr) and is_binary_number("", value) else None
    pattern = _PLAIN.get(vr)
    if pattern is None or not pattern.fullmatch(value):
        return None
    if rule == "number":
        return (raw, ()) if _is_nobodys(value, run) else None
    old = value.rstrip(b"\0 ").decode("ascii")
    new = _replaced(rule, old, element, run)
    if new == old:
        return raw, ()
    return _changed(element, new, rule, old) if new and run.building else None


def _is_nobodys(value: bytes, run: Cleaning) -> bool:
    words = value.decode("ascii").strip().split("\\") if _LONG_NUMBER.search(value) else ()
    return not any(map(run.is_own, words))


def _replaced(rule: str, old: str, element: Unparsed, run: Cleaning) -> str:
    if rule == "uid":
        return run.identity.uid(old)
    if rule == "time":
        return run.identity.time(old, "")
    if rule != "date":
        return ""
    beside = element.time[_HEAD:]
    if not _TIME.fullmatch(beside):
        return ""
    return run.identity.date(old, beside.decode("ascii").rstrip() or element.days.get(old, ""))


def _changed(element: Unparsed, new: str, rule: str, old: str) -> tuple[bytes, tuple[Change, ...]]:
    vr, value = element.raw[4:6], new.encode("ascii")
    value += (b"\0" if vr == b"UI" else b" ") * (len(value) % 2)
    said = f"{vr.decode()}, {len(old)} characters"
    head = element.raw[:6] + len(value).to_bytes(2, "little")
    return head + value, (Change(str(Tag(element.tag)), dictionary_keyword(element.tag), rule, said),)
