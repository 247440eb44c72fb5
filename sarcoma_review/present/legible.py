"""Text as a file can hold it: what cannot be written, or would turn the rest around, is shown by a sign."""

import re

_BREAKS = re.compile("\r\n|[\r\v\f\x1c-\x1e\x85\u2028\u2029]")
# Control characters (XML refuses them), half characters, and marks that turn the reading order of others around.
_UNWRITABLE = re.compile(
    "[\x00-\x08\x0e-\x1b\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff\u202a-\u202e\u2066-\u2069]"
)
SIGN = "\ufffd"
"""Stands for each character that cannot be written."""


def legible(text: str) -> str:
    r"""Give a text with one kind of line break, and a sign for each character that no file can hold.

    Examples
    --------
    >>> legible("2 mm\x00\r\nleft\tside <b> #( \u202e")
    '2 mm�\nleft side <b> #( �'
    """
    return _UNWRITABLE.sub(SIGN, _BREAKS.sub("\n", text)).replace("\t", " ")


def shortened(text: str, longest: int) -> str:
    """A text as far as there is room, with a sign where it goes on.

    Examples
    --------
    >>> shortened("proximal cut", 9)
    'proximal …'
    """
    return text if len(text) <= longest else f"{text[:longest].rstrip()} …"


def lettered(text: str, longest: int) -> str:
    r"""A text as it stands in a picture: on one line, and no longer than there is room for.

    Examples
    --------
    >>> lettered("proximal\ncut", 30)
    'proximal cut'
    """
    return shortened(" ".join(legible(text).split()), longest)
