"""Free text, kept word by word: what the vocabulary does not hold is dropped.

No search for names: a list of what may stay cannot miss a name that it never saw. Numbers stay when they are short
and stand alone or before a unit, so that no date, telephone, NHS or hospital number survives in any spelling.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from importlib.resources import files
from itertools import pairwise, starmap

from pydicom.multival import MultiValue

REMOVED = "removed"
PURPOSE = (
    "For education, peer learning and audit of de-identified cases. Not a medical device; "
    "not for diagnosis or treatment of any patient."
)
"""What the project says of everything it makes; it may stand in a report as it is."""

# Digits with nothing but punctuation between them are one number, however it is spelt; letters behind are its unit.
_TOKEN = re.compile(r"(?<![^\W_])(?P<number>[0-9]+(?:[\W_]*[0-9]+)*[^\W_]*)|(?P<word>[^\W_]+)")
_SHORT_NUMBER = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,2})?")
_SEPARATOR = re.compile(r"[ _\-+/,.:;()*=&#]{1,3}")
_SHAPED_WORD = re.compile(
    r"[ctlsCTLS][0-9]{1,2}"  # vertebral level, or T1
    r"|[0-9]{1,3}(?:mm|cm|ml|min|sec|ms|s|kv|kvp|mgy|gy|t|d|st|nd|rd|th)"
    r"|(?P<stem>[a-z]+)[0-9]{1,2}",
    re.IGNORECASE,
)
# Templates and context groups are numbered by the standard.
_NUMBERED = ("TemplateIdentifier", "ContextIdentifier")
_CAMEL = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")
_VERSION = re.compile(r"[0-9]{4}|[0-9]{1,3}(?:\.[0-9]{1,3}){1,3}")
# Made like two short codes of a machine.
_POSTCODE = re.compile(r"\b[A-Z]{1,2}[0-9][A-Z0-9]?[ _-]?[0-9][A-Z]{2}\b", re.IGNORECASE)
_LONGEST_CODE, _MOST_DIGITS = 3, 4


def _words(name: str) -> frozenset[str]:
    text = files(__package__).joinpath("data", name).read_text("utf-8")
    lines = (line.split("#")[0] for line in text.splitlines())
    return frozenset(word for line in lines for word in line.lower().split())


@lru_cache(maxsize=1)
def vocabulary() -> frozenset[str]:
    """Give the words that may stay, in lower case."""
    return _words("vocabulary.txt")


@lru_cache(maxsize=1)
def machine_vocabulary() -> frozenset[str]:
    """Give the words that may stay where a machine writes: also those of the standard, and of makers."""
    return vocabulary() | _words("defined_terms_2020.txt") | _words("machine_words.txt")


def is_known(word: str) -> bool:
    """Say whether a word may stay.

    >>> [is_known(word) for word in ("Femur", "T2", "4mm", "GTV1", "Smith", "4711")]
    [True, True, True, True, False, False]
    """
    if not word.isascii():
        return False
    if word.lower() in vocabulary():
        return True
    shape = _SHAPED_WORD.fullmatch(word)
    return shape is not None and (shape["stem"] is None or shape["stem"].lower() in vocabulary())


@lru_cache(maxsize=4096)
def cleaned(text: str) -> str:
    """Keep the words of the vocabulary and short numbers, with the punctuation between them.

    Cleaning what is already clean changes nothing.

    >>> cleaned("GTV_Mass femur SMITH 12/03/1999")
    'GTV_Mass femur'
    >>> cleaned("AX T2 FAT SAT 4 mm")
    'AX T2 FAT SAT 4 mm'
    >>> cleaned(PURPOSE) == PURPOSE
    True
    """
    if text == PURPOSE:
        return text
    while (shorter := _once(text, _stays)) != text:
        text = shorter
    return text


def _once(text: str, stays: Callable[[re.Match[str]], bool]) -> str:
    kept, end, joined = "", 0, True
    for token in _TOKEN.finditer(text):
        if not stays(token):
            joined = False
            continue
        between = text[end : token.start()]
        plain = joined and bool(_SEPARATOR.fullmatch(between))
        kept += (between if plain else " " if kept else "") + token[0]
        end, joined = token.end(), True
    return kept


def _stays(token: re.Match[str]) -> bool:
    return bool(_SHORT_NUMBER.fullmatch(token[0])) or is_known(token[0])


@lru_cache(maxsize=4096)
def technical(text: str) -> str:
    """Keep of what a machine writes about itself: words of makers and of the standard, short codes, versions.

    >>> technical("LightSpeed16"), technical("syngo MR B17"), technical("SIEMENS Smith 9434765919")
    ('LightSpeed16', 'syngo MR B17', 'SIEMENS')
    >>> technical("*tse2d1_15"), technical("B70f"), technical("SENSE-Head-8"), technical("Smith")
    ('*tse2d1_15', 'B70f', 'SENSE-Head-8', '')
    """
    while (shorter := _technical_once(text)) != text:
        text = shorter
    return text


def _technical_once(text: str) -> str:
    text = _POSTCODE.sub(" ", text)
    plain = _once(text, _is_technical)
    return text if plain and text.strip("*+.()[] ") == plain and text.isascii() and text.isprintable() else plain


def _is_technical(token: re.Match[str]) -> bool:
    return bool(_VERSION.fullmatch(token[0])) or _stays(token) or is_code(token[0])


def is_code(word: str) -> bool:
    """Say whether a word is known to machines, or made of pieces that are, or too short for a name.

    >>> [is_code(word) for word in ("HELIX", "LightSpeedApps14", "VA44A", "Smith", "McVex", "A1234567", "FM3")]
    [True, True, True, False, False, False, True]
    """
    if not word.isascii() or sum(map(str.isdigit, word)) > _MOST_DIGITS:
        return False
    pieces = _CAMEL.findall(word)
    whole = "".join(pieces) == word and sum(len(p) <= _LONGEST_CODE and p.isalpha() for p in pieces) <= _LONGEST_CODE
    known = word.lower() in machine_vocabulary()
    return known or (whole and all(map(_is_piece, pieces)) and not any(starmap(_is_name, pairwise(pieces))))


def _is_name(piece: str, following: str) -> bool:
    """Say whether two short pieces side by side may be a name such as those that begin with Mc."""
    return all(one.isalpha() and one.lower() not in machine_vocabulary() for one in (piece, following))


def _is_piece(piece: str) -> bool:
    return len(piece) <= _LONGEST_CODE or piece.isdigit() or piece.lower() in machine_vocabulary()


def defined_term(text: str, keyword: str) -> str:
    """Keep a CS value made of words of the standard, of makers and of short codes; otherwise those of them it holds.

    >>> defined_term("HEAD_FIRST", "PatientPosition"), defined_term("left femur Smith", "Laterality")
    ('HEAD_FIRST', 'LEFT FEMUR')
    """
    if keyword in _NUMBERED and re.fullmatch("[0-9]{1,5}", text):
        return text
    return _in_capitals(text, technical)


def label(text: str) -> str:
    """Keep the known words of a CS value that people choose, in capitals and at most 16 characters.

    >>> label("left femur Smith")
    'LEFT FEMUR'
    """
    return _in_capitals(text, cleaned)


def _in_capitals(text: str, clean: Callable[[str], str]) -> str:
    return clean(_shortened(re.sub(r"[^A-Z0-9_ ]+", " ", clean(text).upper()).strip()))


def _shortened(text: str, limit: int = 16) -> str:
    while len(text) > limit:
        text = text[: max(text.rfind(" "), text.rfind("_"), 0)]
    return text


def each(value: object, change: Callable[[str], str]) -> object:
    """Apply `change` to a value, or to each of several."""
    if value is None or value == "":
        return ""
    if isinstance(value, list | tuple | MultiValue):
        return [change(str(one)) for one in value]
    return change(str(value))
