"""The answer of every classification: a value with its edition, or what stands in its way."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from itertools import product
from numbers import Real
from typing import Any

from sarcoma_review.errors import PathwayError


@dataclass(frozen=True)
class Classification:
    """What a classification says of what is recorded.

    Parameters
    ----------
    scheme, edition : str
        Without an edition a value means nothing.
    value : str or None
        None where what is not recorded leaves it open, where the table has no place for it, or where it is blocked.
    candidates : tuple of str
        The values that are still possible where it is open.
    needs : tuple of str
        What is not recorded and could change it.
    arithmetic : str
        How a sum came about.
    notes : tuple of str
        How an undefined corner was read, and what a reader must know beside the value.
    source : str
    verified : bool
        False where the table was not read in its primary source; it is shown as unverified.
    blocked : str
        Why it is not given at all.
    """

    scheme: str
    edition: str
    value: str | None
    candidates: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    arithmetic: str = ""
    notes: tuple[str, ...] = ()
    source: str = ""
    verified: bool = True
    blocked: str = ""

    def __str__(self) -> str:
        name = f"{self.scheme} ({self.edition}{'' if self.verified else '; table not verified'})"
        if self.blocked:
            return f"{name}: not given, {self.blocked}"
        if self.value is not None:
            return f"{name}: {self.value}{f' = {self.arithmetic}' if self.arithmetic else ''}"
        if not self.needs:
            return f"{name}: no value; {'; '.join(self.notes)}"
        missing = ", ".join(word.replace("_", " ") for word in self.needs)
        so_far = f", so far {self.arithmetic}" if self.arithmetic else ""
        still = f", still possible: {', '.join(self.candidates)}" if self.candidates else ""
        return f"{name}: not determined{so_far}{still}; not recorded: {missing}"

    def noting(self, *notes: str) -> "Classification":
        """The same with further notes."""
        return replace(self, notes=(*self.notes, *(note for note in notes if note)))


def settle(
    rule: Callable[..., str], recorded: Mapping[str, Any], choices: Mapping[str, tuple[Any, ...]]
) -> tuple[str | None, tuple[str, ...], tuple[str, ...]]:
    """A value, the values still possible, and the facts it hangs on, whatever is not recorded turning out any way.

    Parameters
    ----------
    rule : callable
        From every fact, recorded, to a value.
    recorded : mapping
        None where a fact is not recorded.
    choices : mapping of str to tuple
        What each fact can be.

    Returns
    -------
    value : str or None
        The one value that every completion gives.
    candidates, needs : tuple of str
        Empty where there is a value.

    Raises
    ------
    PathwayError
        If a recorded fact is none of its choices.
    """
    for name, value in recorded.items():
        require_one_of(name, value, choices[name])
    given = [(value,) if value is not None else choices[name] for name, value in recorded.items()]
    answers = {way: rule(**dict(zip(recorded, way, strict=True))) for way in product(*given)}
    values = tuple(dict.fromkeys(answers.values()))
    if len(values) == 1:
        return values[0], (), ()
    return None, values, tuple(name for n, name in enumerate(recorded) if _hangs_on(answers, n))


def _hangs_on(answers: Mapping[tuple[Any, ...], str], place: int) -> bool:
    """Whether two ways that differ in one place alone have different answers."""
    seen: dict[tuple[Any, ...], str] = {}
    return any(seen.setdefault(way[:place] + way[place + 1 :], value) != value for way, value in answers.items())


def require_one_of(name: str, value: object, choices: tuple[Any, ...]) -> None:
    """Refuse a value that is neither None nor one of the choices; True is not 1.

    Raises
    ------
    PathwayError
        Naming the fact and the choices.
    """
    if value is not None and not any(type(value) is type(choice) and value == choice for choice in choices):
        words = ", ".join("yes (True)" if c is True else "no (False)" if c is False else str(c) for c in choices)
        raise PathwayError(
            f"{name.replace('_', ' ')}: expected {words} or None for not recorded; found another value"
        )


def require_between(name: str, value: float | None, low: float, high: float, unit: str) -> None:
    """Refuse a number outside its range.

    Raises
    ------
    PathwayError
        With the range, the unit and what was found.
    """
    if value is None:
        return
    given: object = value
    number = isinstance(given, Real) and not isinstance(given, bool)
    if not number or not low <= value <= high:
        found = f"{value:g} {unit}" if number else "something that is not a number"
        raise PathwayError(f"{name.replace('_', ' ')}: expected {low:g} to {high:g} {unit}, found {found}")


YES_NO = (True, False)
