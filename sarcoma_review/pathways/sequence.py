"""Dated events of a case set beside the order a document tells of. Reported, never put right."""

from collections.abc import Mapping
from datetime import date

_BEFORE = (
    ("neoadjuvant_chemotherapy", "surgery"),
    ("surgery", "adjuvant_chemotherapy"),
    ("stem_cell_harvest", "high_dose_chemotherapy"),
    ("high_dose_chemotherapy", "stem_cell_reinfusion"),
)


def sequence_findings(days: Mapping[str, date]) -> list[str]:
    """Pairs of dated events that stand in another order than expected, or on one day.

    Known events are neoadjuvant_chemotherapy, surgery, adjuvant_chemotherapy, stem_cell_harvest,
    high_dose_chemotherapy and stem_cell_reinfusion, each by its first day; others are left alone. A pair of which one
    date is not recorded says nothing. Source: rule S8 of ``primary-bone-sequences``.

    Examples
    --------
    >>> sequence_findings({"surgery": date(2026, 3, 1), "neoadjuvant_chemotherapy": date(2026, 5, 1)})
    ['neoadjuvant chemotherapy (1 May 2026) is recorded after surgery (1 March 2026); expected before it']
    """
    found = []
    for first, second in _BEFORE:
        if first in days and second in days and not days[first] < days[second]:
            order = "on the same day as" if days[first] == days[second] else "after"
            found.append(f"{_dated(first, days)} is recorded {order} {_dated(second, days)}; expected before it")
    return found


def decompression_prompt(decompression: date | None, histology: date | None) -> str | None:
    """A question for the meeting where cord decompression came before histology; None where it did not, or is open.

    Examples
    --------
    >>> decompression_prompt(date(2018, 4, 2), date(2018, 4, 9))
    'Decompression came before histology: was this an emergency on the pathway for cord compression (MSCC)?'
    """
    if decompression is None or histology is None or decompression >= histology:
        return None
    return "Decompression came before histology: was this an emergency on the pathway for cord compression (MSCC)?"


def _dated(name: str, days: Mapping[str, date]) -> str:
    day = days[name]
    return f"{name.replace('_', ' ')} ({day.day} {day:%B %Y})"
