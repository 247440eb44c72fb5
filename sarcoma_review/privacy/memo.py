"""Elements cleaned once: in a series most of them are alike, byte for byte, from file to file.

What the rules make of an element of the root depends on its bytes and on little else: on the patient, the class of
object, the character set, a date's time of day, a private element's group. All that is part of the key under which
the result is remembered.
"""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from io import BytesIO
from typing import Final, NamedTuple

from pydicom.datadict import dictionary_has_tag, dictionary_keyword, dictionary_VR, tag_for_keyword
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.filebase import DicomBytesIO
from pydicom.filereader import read_dataset
from pydicom.filewriter import correct_ambiguous_vr, write_data_element
from pydicom.tag import Tag

from sarcoma_review.privacy import plain
from sarcoma_review.privacy.clean import Change, Cleaning, Level, cleaned, cleaned_element
from sarcoma_review.privacy.structure import BIG_ENDIAN, IMPLICIT, Layout

_LARGEST: Final = 1 << 16
_MOST: Final = 1 << 15
# Character set; code value, scheme and meaning; bits, and their sign.
_CONTEXT: Final = (0x00080005, 0x00080100, 0x00080102, 0x00080104, 0x00280100, 0x00280103)
_DATES: Final = (
    (0x00080020, 0x00080030),
    (0x00080021, 0x00080031),
    (0x00080022, 0x00080032),
    (0x00080023, 0x00080033),
)


class Result(NamedTuple):
    """What became of a unit: its elements as they are to be written, and the changes."""

    written: tuple[tuple[int, bytes], ...]
    changes: tuple[Change, ...]


@dataclass(frozen=True)
class Memo:
    """Results of one way of cleaning one patient's files.

    Attributes
    ----------
    known : dict
        By all that is the same in files of a series, then by the bytes of an element and of what it looks at.
    """

    known: dict[tuple[object, ...], dict[object, Result]] = field(default_factory=dict, repr=False)


def cleaned_elements(layout: Layout, run: Cleaning, memo: Memo) -> dict[int, bytes]:
    """Apply the rules to a file's header.

    Parameters
    ----------
    layout : Layout
        The file, taken apart.
    run : Cleaning
        The rules; takes note of each change.
    memo : Memo
        For the same identity, profile and tokens as `run`.

    Returns
    -------
    dict of int to bytes
        Each element that stays, by its tag, in explicit little endian; empty if `run` builds nothing.
    """
    if layout.transfer_syntax == BIG_ENDIAN:
        dataset = cleaned(layout.dataset(), run)
        return {int(tag): encoded(dataset[tag]) for tag in list(dataset.keys())} if run.building else {}
    raw = {tag: layout.data[start:end] for tag, start, end in layout.elements}
    days = _days(raw)
    around = (layout.transfer_syntax == IMPLICIT, run.sop_class, *(raw.get(tag, b"") for tag in _CONTEXT))
    known = memo.known.setdefault(around, {})
    written: dict[int, bytes] = {}
    for elements in _units(layout):
        tag, own = elements[0]
        partner, is_dated = _looks_at(tag)
        alone = len(elements) == 1 and not partner and not is_dated
        key = own if alone else (elements, raw.get(partner, b""), days if is_dated else ())
        result = known.get(key)
        if result is None:
            result = _remembered(_Unit(elements, raw, days if is_dated else (), around), run, known, key)
        run.changes.extend(result.changes)
        written.update(result.written)
    return written


class _Unit(NamedTuple):
    """One element, or all of a private group, and where it stands."""

    elements: tuple[tuple[int, bytes], ...]
    raw: dict[int, bytes]
    days: tuple[tuple[str, str], ...]
    around: tuple[object, ...]


def _units(layout: Layout) -> Iterator[tuple[tuple[int, bytes], ...]]:
    private: list[tuple[int, bytes]] = []
    for tag, start, end in layout.elements:
        part = (tag, layout.data[start:end])
        if private and private[0][0] >> 16 != tag >> 16:
            yield tuple(private)
            private = []
        if tag >> 16 & 1:
            private.append(part)
        else:
            yield (part,)
    if private:
        yield tuple(private)


def _remembered(unit: _Unit, run: Cleaning, known: dict[object, Result], key: object) -> Result:
    partner = _looks_at(unit.elements[0][0])[0]
    result = _plain(unit, partner, run) or _cleaned_unit(unit, partner, run)
    if len(known) >= _MOST:
        known.clear()
    if sum(len(part) for _, part in unit.elements) <= _LARGEST:
        known[key] = result
    return result


def _plain(unit: _Unit, partner: int, run: Cleaning) -> Result | None:
    """Judge an element without parsing it, where that can be done."""
    tag, raw = unit.elements[0]
    if len(unit.elements) > 1 or (tag >> 16) % 2 or unit.around[0]:
        return None
    found = plain.treated(plain.Unparsed(tag, raw, unit.raw.get(partner, b""), dict(unit.days)), run)
    return None if found is None else Result(((tag, found[0]),) if run.building else (), found[1])


def _cleaned_unit(unit: _Unit, partner: int, run: Cleaning) -> Result:
    needed = {tag: unit.raw[tag] for tag in (*_CONTEXT, partner) if tag in unit.raw} | dict(unit.elements)
    stream = BytesIO(b"".join(part for _, part in sorted(needed.items())))
    dataset = read_dataset(stream, bool(unit.around[0]), True)
    one = dataclasses.replace(run, changes=[])
    result = Dataset()
    for tag, _ in unit.elements:
        element = cleaned_element(dataset, Tag(tag), one, Level(0, "", dict(unit.days))) if tag in dataset else None
        if element is not None and run.building:
            result[tag] = element
    return Result(_written(result, dataset), tuple(one.changes))


def _written(result: Dataset, dataset: Dataset) -> tuple[tuple[int, bytes], ...]:
    own = list(result.keys())
    if "PixelRepresentation" in dataset and "PixelRepresentation" not in result:
        result.PixelRepresentation = dataset.PixelRepresentation
    correct_ambiguous_vr(result, True)
    return tuple((int(tag), encoded(result[tag])) for tag in own)


def encoded(element: DataElement) -> bytes:
    """Write an element in explicit little endian; its text is ASCII."""
    buffer = DicomBytesIO()
    buffer.is_little_endian, buffer.is_implicit_VR = True, False
    write_data_element(buffer, element, ["iso8859"])
    return buffer.getvalue()


@lru_cache(maxsize=8192)
def _looks_at(tag: int) -> tuple[int, bool]:
    """The time that belongs to a date, or the reverse, 0 for all others; and whether the days of the root count.

    They count for a date, and for a sequence, which may hold dates.
    """
    if not dictionary_has_tag(tag):
        return 0, True
    keyword, is_dated = dictionary_keyword(tag), dictionary_VR(tag) in ("DA", "SQ")
    for one, other in (("Date", "Time"), ("Time", "Date")):
        if one in keyword:
            return int(tag_for_keyword(keyword.replace(one, other, 1)) or 0), is_dated
    return 0, is_dated


def _days(raw: dict[int, bytes]) -> tuple[tuple[str, str], ...]:
    """The dates that the root states together with a time, as `treatments.days` gives them."""
    found: dict[str, str] = {}
    for date, time in _DATES:
        if date in raw and time in raw:
            found.setdefault(_short_text(raw[date]), _short_text(raw[time]))
    return tuple(found.items())


def _short_text(raw: bytes) -> str:
    return raw[8:].rstrip(b"\0 ").decode("ascii", "replace")
