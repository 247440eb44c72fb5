"""What a text looks like it holds, as an NHS number or a postcode: for the wording of faults, and names of files.

The rules do not rest on this: what may stay is listed, and all else goes whether it is recognised here or not.
"""

import re
from typing import Final

from sarcoma_review.privacy import text
from sarcoma_review.privacy.identity import Recognised, is_pseudonym

_TEN_DIGITS: Final = re.compile(r"(?<!\d)(\d{3})[ ._-]?(\d{3})[ ._-]?(\d{4})(?!\d)")
_DATE: Final = re.compile(
    r"(?<!\d)(?:(?:19|20)\d\d[-./]?(?:0\d|1[0-2])[-./]?[0-3]\d|\d\d?[-./]\d\d?[-./](?:19|20)?\d\d)(?!\d)"
)
_RULES: Final = (
    ("an e-mail address", re.compile(r"[\w.+-]+@[\w-]+\.\w+")),
    ("a UK postcode", re.compile(r"\b[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}\b", re.IGNORECASE)),
    ("a date", _DATE),
    ("a telephone number", re.compile(r"(?<!\d)(?:\+44|0)[\d ()-]{9,14}(?!\d)")),
    ("a title and a name", re.compile(r"\b(?:Mr|Mrs|Ms|Miss|Dr|Prof|Sir|Dame)\b\.? +[A-Z]", re.IGNORECASE)),
    ("a name in DICOM's form", re.compile(r"[^\W\d_]\^")),
    ("a long number", re.compile(r"\d{6}")),
)  # fmt: skip
_NAME_WORDS: Final = frozenset(
    (
        *("case", "cases", "study", "studies", "data", "dicomdir", "export", "exports", "folder", "meeting", "mdt"),
        *(
            "ima",
            "out",
            "opened",
            "input",
            "output",
            "shared",
            "sample",
            "instance",
            "again",
            "backup",
            "old",
            "half",
        ),
        *("extra", "short", "img", "ser", "srs", "std", "dcm", "pat", "vol", "acq", "ref", "new"),
    )
)
_LONGEST_NUMBER: Final = 4


def is_nhs_number(digits: str) -> bool:
    """Say whether ten digits are an NHS number by their check digit (modulus 11, weights 10 to 2).

    >>> is_nhs_number("9434765919"), is_nhs_number("9434765918"), is_nhs_number("94347659")
    (True, False, False)
    """
    if not re.fullmatch("[0-9]{10}", digits):
        return False
    check = 11 - sum(int(digit) * weight for digit, weight in zip(digits, range(10, 1, -1), strict=False)) % 11
    return check % 11 == int(digits[9])


def recognised(value: str) -> str:
    """Name what a text holds, without repeating it; empty if it looks like nothing in particular.

    >>> recognised("femur 943 476 5919"), recognised("ZE9 9ZZ"), recognised("Dr Brambleby"), recognised("left femur")
    ('an NHS number', 'a UK postcode', 'a title and a name', '')
    """
    if any(is_nhs_number("".join(found.groups())) for found in _TEN_DIGITS.finditer(value)):
        return "an NHS number"
    return next((name for name, pattern in _RULES if pattern.search(value)), "")


def is_plain_name(relative: str) -> bool:
    """Say whether the name of a file, with its folders, is made of known words and short numbers.

    >>> [is_plain_name(name) for name in ("CT-3/0001.dcm", "left femur/IM_12.dcm", "Smith/1.dcm", "Vex/1.dcm")]
    [True, True, False, False]
    """
    return all(map(_is_plain_part, relative.split("/")))


def _is_plain_part(part: str) -> bool:
    stem = part.removesuffix(".dcm")
    if is_pseudonym(stem) or (stem.startswith("2.25.") and Recognised().uid(stem)):
        return True
    words = re.findall(r"[^\W_]+", stem)
    return stem.isascii() and not recognised(stem.replace("_", " ")) and all(map(_is_plain_word, words))


def _is_plain_word(word: str) -> bool:
    if word.isdigit():
        return len(word.lstrip("0")) <= _LONGEST_NUMBER
    # Three letters may be a whole surname: in a header only a machine writes them, in a name of a file anybody does.
    may_be_name = word.isalpha() and len(word) == 3 and word.lower() not in text.machine_vocabulary()
    return word.lower() in _NAME_WORDS or (text.is_code(word) and not may_be_name)
