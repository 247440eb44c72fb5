"""Free text, kept word by word: what the vocabulary does not hold is dropped.

No search for names: a list of what may stay cannot miss a name that it never saw. Numbers stay when they are short
and stand alone or before a unit, so that no date, telephone, NHS or hospital number survives in any spelling.
"""

import re
from collections.abc import Callable
from functools import lru_cache
from importlib.resources import files

from pydicom.multival import MultiValue

REMOVED = "removed"

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
# A machine's own words: letters, digits and little else; no long run of digits, no date, no number in groups.
_NOT_TECHNICAL = re.compile(
    r"[0-9]{5}"
    r"|[0-9]{1,4}[-/. ][0-9]{1,2}[-/. ][0-9]{4}|[0-9]{4}[-/ ][0-9]{1,2}[-/ ][0-9]{1,2}"
    r"|[0-9]{3}[- ][0-9]{3}[- ][0-9]{3}"
    r"|\b(?:Mr|Mrs|Ms|Miss|Dr|Prof)\b\.? +[A-Z]"
)
_TECHNICAL = re.compile(r"[A-Za-z0-9 ._\-+/*:,#&()\[\]]{0,64}")
# Templates and context groups are numbered by the standard.
_NUMBERED = ("TemplateIdentifier", "ContextIdentifier")
_DEFINED_TERM = re.compile(r"(?!.*[0-9]{4})[A-Z0-9_ ]{0,16}")


@lru_cache(maxsize=1)
def vocabulary() -> frozenset[str]:
    """Give the words that may stay, in lower case."""
    text = files(__package__).joinpath("data", "vocabulary.txt").read_text("utf-8")
    lines = (line.split("#")[0] for line in text.splitlines())
    return frozenset(word for line in lines for word in line.lower().split())


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
    """
    while (shorter := _once(text)) != text:
        text = shorter
    return text


def _once(text: str) -> str:
    kept, end, joined = "", 0, True
    for token in _TOKEN.finditer(text):
        if not _stays(token):
            joined = False
            continue
        between = text[end : token.start()]
        plain = joined and bool(_SEPARATOR.fullmatch(between))
        kept += (between if plain else " " if kept else "") + token[0]
        end, joined = token.end(), True
    return kept


def _stays(token: re.Match[str]) -> bool:
    return bool(_SHORT_NUMBER.fullmatch(token[0])) or is_known(token[0])


def technical(text: str) -> str:
    """Keep what a machine or a program writes about itself, if it has the shape of that; empty otherwise.

    >>> technical("LightSpeed16"), technical("syngo MR B17"), technical("ward 9434765919")
    ('LightSpeed16', 'syngo MR B17', '')
    """
    return text if _TECHNICAL.fullmatch(text) and not _NOT_TECHNICAL.search(text) else ""


def machine_code(text: str) -> str:
    """Keep a short code of the machine: words are known, at most four letters long, or letters mixed with digits.

    >>> machine_code("*tse2d1_15"), machine_code("B70f"), machine_code("SENSE-Head-8"), machine_code("Smith")
    ('*tse2d1_15', 'B70f', 'SENSE-Head-8', '')
    """
    words = re.findall(r"[^\W_]+", text)
    return technical(text) if all(_is_code(word) for word in words) else ""


def _is_code(word: str) -> bool:
    return len(word) <= 4 or is_known(word) or (not word.isalpha() and not word.isdigit())


def defined_term(text: str, keyword: str) -> str:
    """Keep a CS value that has the shape of a defined term; otherwise its known words, in capitals.

    >>> defined_term("HEAD_FIRST", "PatientPosition"), defined_term("left femur Smith", "Laterality")
    ('HEAD_FIRST', 'LEFT FEMUR')
    """
    if _DEFINED_TERM.fullmatch(text) or (keyword in _NUMBERED and re.fullmatch("[0-9]{1,5}", text)):
        return text
    return label(text)


def label(text: str) -> str:
    """Keep the known words of a CS value that people choose, in capitals and at most 16 characters.

    >>> label("left femur Smith")
    'LEFT FEMUR'
    """
    return cleaned(_shortened(re.sub(r"[^A-Z0-9_ ]+", " ", cleaned(text).upper()).strip()))


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
