"""What the workbench writes into the registry of a case: how it opens."""

from collections.abc import Mapping

from sarcoma_review.registry import CaseOpened, CaseRecord, Correction

_OPENING = ("age_band", "sex", "site", "side", "diagnosis")


def opening(words: Mapping[str, str]) -> CaseOpened:
    """The first entry of a case, from what its form says so far.

    Examples
    --------
    >>> opening({"question": "", "site": "distal femur"}).question
    'not recorded'
    """
    known = {name: words[name] for name in _OPENING if words.get(name)}
    return CaseOpened.model_validate({"question": words.get("question") or "not recorded", **known})


def reworded(record: CaseRecord, words: Mapping[str, str]) -> Correction | None:
    """The correction of a case's opening where the form says something else by now; None where it says the same."""
    version = next(number for number, fact in record.facts.items() if isinstance(fact, CaseOpened))
    now = record.opened.model_copy(update=opening(words).model_dump(include={"question", *_OPENING}))
    if now == record.opened:
        return None
    return Correction(corrects=version, reason="the case's words were written on", replacement=now)
