"""What is typed on a page, on its way into names, notes and captions.

They are shown to every page, kept with the case, and go into decks, stills and DICOM objects as they are: who types
must name no patient, and says so beside every field. What is refused here is what no one types on purpose.
"""

import unicodedata

from sarcoma_review.errors import SarcomaReviewError

_HIDDEN = ("Cc", "Cf", "Cs", "Co", "Cn")


def typed_line(text: str, what: str, *, most: int, least: int = 0, error: type[SarcomaReviewError]) -> str:
    r"""Give a typed line back with single blanks.

    Parameters
    ----------
    text, what : str
        What was typed, and what it is, such as ``"a note"``.
    least, most : int
        Characters it may have.
    error : type
        Raised where it cannot be taken.

    Raises
    ------
    SarcomaReviewError
        As `error`, if it is shorter or longer, or holds characters that are not seen: control characters, and those
        that turn the direction of what is around them.

    Examples
    --------
    >>> from sarcoma_review.errors import PresentationError
    >>> typed_line(" soft  tissue\n", "a note", most=40, error=PresentationError)
    'soft tissue'
    """
    line = " ".join(text.split())
    hidden = sum(unicodedata.category(letter) in _HIDDEN for letter in line)
    if hidden:
        raise error(f"{what} has letters that can be seen alone, found {hidden} that cannot")
    if not least <= len(line) <= most:
        raise error(f"{what} has {f'{least} to ' if least else 'up to '}{most} letters, found {len(line)}")
    return line
