"""Words that every page uses for the same thing."""

from collections.abc import Sequence

from sarcoma_review.present.pages import NOT_RECORDED


def or_not_recorded(text: str | None) -> str:
    """A text, or that there is none."""
    return text or NOT_RECORDED


def mm_words(value_mm: float, interval_mm: Sequence[float]) -> str:
    """A distance in mm with its 95 % interval, without its unit.

    Examples
    --------
    >>> mm_words(6.53, (5.91, 7.14))
    '6.5 (5.9 to 7.1)'
    """
    return f"{number_words(value_mm)} ({interval_words(interval_mm)})"


def interval_words(interval: Sequence[float]) -> str:
    """The two ends of an interval, to a tenth."""
    return f"{number_words(interval[0])} to {number_words(interval[1])}"


def number_words(value: float) -> str:
    """A number to a tenth, its minus sign as wide as a plus.

    Examples
    --------
    >>> number_words(-0.61), number_words(-0.01)
    ('−0.6', '0.0')
    """
    return f"{value:z.1f}".replace("-", "−")


def percent(probability: float) -> str:
    """A probability as a surgeon reads it: nothing under 1 % or over 99 % is spelt out.

    Examples
    --------
    >>> percent(0.0004), percent(0.5), percent(0.9999)
    ('under 1 %', '50 %', 'over 99 %')
    """
    if probability < 0.01:
        return "under 1 %"
    return "over 99 %" if probability > 0.99 else f"{100 * probability:.0f} %"


def as_title(text: str, longest: int = 60) -> str:
    """A text where there is one line for it; the whole of it stands where it is introduced.

    Examples
    --------
    >>> as_title("En bloc resection with a custom implant, planned on the MRI before chemotherapy")
    'En bloc resection with a custom implant, planned on the MRI …'
    """
    if len(text) <= longest:
        return text
    return f"{text[: longest + 1].rsplit(maxsplit=1)[0][:longest]} …"


def as_sentence(text: str) -> str:
    """A text that begins with a large letter and ends with a full stop; nothing else of it is changed.

    Examples
    --------
    >>> as_sentence("spine has a T and no stage group"), as_sentence("Why?"), as_sentence("")
    ('Spine has a T and no stage group.', 'Why?', '')
    """
    return f"{text[:1].upper()}{text[1:]}{'' if not text or text.endswith(('.', '?', '!', '…')) else '.'}"
