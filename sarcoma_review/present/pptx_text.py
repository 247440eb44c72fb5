"""How much room a text takes on a slide, told from the letters of a font that is wider than those in use."""

import re
from functools import lru_cache
from pathlib import Path

import matplotlib
from PIL import ImageFont

LINE = 1.22
"""Height of a line, as a multiple of the letters' size."""
POINTS = 72.0
"""In an inch."""

# Matplotlib brings DejaVu Sans along. Its letters are wider than those of Arial, Calibri and most others: what fits
# by it fits by the font of whoever opens the slide.
_FILES = {False: "DejaVuSans.ttf", True: "DejaVuSans-Bold.ttf"}
_MEASURED_AT = 100
_FIRST_WIDE, _WIDE_EM = "\u2e80", 1.35  # of these the font has few
_LONG = 64  # letters
_LETTERS = re.compile(r"[^ ]{1,64}| ")
_WORD = re.compile(r"[^ \n]+ *|\n| +")


@lru_cache(maxsize=4096)
def wrapped(text: str, width_in: float, size_pt: float, *, bold: bool = False) -> tuple[str, ...]:
    r"""Break a text into lines of a width; the lines put together are the text again.

    A word longer than a line is broken anywhere.

    Examples
    --------
    >>> wrapped("margin of the plane\nin mm", 1.1, 16)
    ('margin of ', 'the plane\n', 'in mm')
    >>> wrapped("", 1.0, 16)
    ('',)
    """
    room_em = width_in * POINTS / size_pt
    lines, line, used = list[str](), "", 0.0
    for token in _WORD.findall(text):
        if token == "\n":
            lines.append(line + token)
            line, used = "", 0.0
            continue
        for piece in _breakable(token, room_em, bold=bold):
            need = width_em(piece.rstrip(" "), bold=bold)
            if line and used + need > room_em:
                lines.append(line)
                line, used = "", 0.0
            line += piece
            used += width_em(piece, bold=bold)
    return (*lines, line)


def width_em(text: str, *, bold: bool = False) -> float:
    """How wide a text is on one line, as a multiple of the letters' size."""
    return sum(_word_em(part, bold) for part in _LETTERS.findall(text))


def height_in(lines: int, size_pt: float) -> float:
    """How high some lines are."""
    return lines * LINE * size_pt / POINTS


def _breakable(word: str, room_em: float, *, bold: bool) -> list[str]:
    """A word, or where it is longer than a line its parts, each as long as fits and of one letter at least."""
    if len(word) < _LONG and width_em(word.rstrip(" "), bold=bold) <= room_em:
        return [word]
    parts, part, used = list[str](), "", 0.0
    for letter in word:
        need = 0.0 if letter == " " else _word_em(letter, bold)
        if part and used + need > room_em:
            parts.append(part)
            part, used = "", 0.0
        part += letter
        used += need
    return [*parts, part]


@lru_cache(maxsize=20_000)
def _word_em(word: str, bold: bool) -> float:
    narrow = "".join(letter for letter in word if letter < _FIRST_WIDE)
    return float(_font(bold).getlength(narrow)) / _MEASURED_AT + _WIDE_EM * (len(word) - len(narrow))


@lru_cache(maxsize=2)
def _font(bold: bool) -> ImageFont.FreeTypeFont:
    place = Path(matplotlib.get_data_path(), "fonts", "ttf", _FILES[bold])
    return ImageFont.truetype(place, _MEASURED_AT, layout_engine=ImageFont.Layout.BASIC)
