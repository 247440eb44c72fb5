"""The case form: the questions of the pathways, those that settle most first, and "not recorded" always in sight."""

import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import anywidget

from sarcoma_review.errors import SarcomaReviewError
from sarcoma_review.pathways import Pathway
from sarcoma_review.pathways.condition import Value
from sarcoma_review.pathways.questions import Question, Questions
from sarcoma_review.registry.events import CaseFact
from sarcoma_review.widgets.twin import Bundle, page, paragraph, table, with_html

STATIC = Path(__file__).parent / "static"
ASKED_FIRST = 5
"""How many questions stand open at a time; the others are folded away under their headings."""


class CaseForm(anywidget.AnyWidget):
    """The questions of one or several pathways, to be answered with yes, no, a word, a number, or not recorded.

    Every question is in the document's own words and says which rules wait for it. An answer can always be set back
    to not recorded, and the last one undone. Tab goes from question to question, arrow keys within one.

    Parameters
    ----------
    pathways : Pathway or sequence of Pathway
        A question that several ask is asked once.
    facts : mapping of str to bool, str, float or None, optional
        What is recorded so far, by the names of the facts; by ``document:name`` where documents use one name for
        different choices.
    on : date
        The day of the answers.
    record : callable, optional
        Called with each change as a `CaseFact`, before the change is taken; where it raises, nothing changes. To keep
        a case in a registry: ``record=lambda event: registry.append(case_id, event)``. To go on from there:
        ``facts={fact.fact: fact.value for fact in registry.case(case_id).of(CaseFact)}``.

    Raises
    ------
    PathwayError
        If a fact is not asked by any of the pathways, or has a value it cannot have.

    Notes
    -----
    The answers live in Python; a page holds a copy. A stored notebook keeps the words of a still page, as they were
    when its cell ran, and nothing of the widget's state.

    Examples
    --------
    >>> from sarcoma_review.pathways import load_pathway
    >>> kept = []
    >>> form = CaseForm(load_pathway("lsesn-spinal-2024"), on=date(2026, 11, 22), record=kept.append)
    >>> form
    <CaseForm lsesn-spinal-2024: 0 of 32 recorded>
    >>> form.answer("network", "LSESN")
    >>> form.facts
    {'network': 'LSESN'}
    >>> form.undo()
    >>> form.facts, [event.value for event in kept]
    ({}, ['LSESN', None])
    """

    _esm = STATIC / "caseform.js"
    _css = STATIC / "caseform.css"

    def __init__(
        self,
        pathways: Pathway | Sequence[Pathway],
        facts: Mapping[str, Value] | None = None,
        *,
        on: date,
        record: Callable[[CaseFact], object] | None = None,
    ) -> None:
        self._questions = Questions([pathways] if isinstance(pathways, Pathway) else pathways)
        for key, value in (facts or {}).items():
            self._questions.check(key, value)
        self._answers = {key: value for key, value in (facts or {}).items() if value is not None}
        self._on, self._record = on, record
        self._before: list[tuple[str, Value]] = []
        self._changed: list[Callable[[dict[str, Value]], object]] = []
        self._guard = threading.RLock()
        super().__init__()
        self.on_msg(self._hear)

    @property
    def questions(self) -> Questions:
        """What is asked."""
        return self._questions

    @property
    def facts(self) -> dict[str, Value]:
        """What is recorded; a question that is not in it is not recorded."""
        return dict(self._answers)

    def answer(self, key: str, value: Value) -> None:
        """Record an answer, or with None set it back to not recorded.

        Raises
        ------
        PathwayError
            If there is no such question, or it cannot have this answer.
        """
        with self._guard:
            before = self._answers.get(key)
            if self._set(key, value):
                self._before.append((key, before))
                self._tell()

    def undo(self) -> None:
        """Take the last answer back; where there is none, nothing happens."""
        with self._guard:
            if self._before:
                self._set(*self._before[-1])
                self._before.pop()
                self._tell()

    def on_change(self, callback: Callable[[dict[str, Value]], object]) -> None:
        """Call a function with the facts after each change."""
        self._changed.append(callback)

    def show(self, key: str) -> None:
        """Unfold a question on every page, and put the keyboard there.

        Raises
        ------
        PathwayError
            If there is no such question.
        """
        self._questions.check(key, None)
        self.send({"t": "show", "key": key})

    def __repr__(self) -> str:
        documents = ", ".join(pathway.id for pathway in self._questions.pathways)
        return f"<CaseForm {documents}: {len(self._answers)} of {len(self._questions.by_key)} recorded>"

    def _repr_mimebundle_(self, **options: Any) -> Bundle:
        return with_html(super()._repr_mimebundle_(**options), self._still())

    def _set(self, key: str, value: Value) -> bool:
        """Whether it is a change; the journal hears of it first."""
        self._questions.check(key, value)
        if self._answers.get(key) == value and type(self._answers.get(key)) is type(value):
            return False
        if self._record:
            self._record(self._event(key, value))
        self._answers.pop(key, None)
        if value is not None:
            self._answers[key] = value
        return True

    def _event(self, key: str, value: Value) -> CaseFact:
        versions = {pathway.id: pathway.version for pathway in self._questions.pathways}
        asked_by = tuple(f"{name}, version {versions[name]}" for name in self._questions.by_key[key].asked_by)
        return CaseFact(fact=key, value=value, asked_by=asked_by, on_date=self._on)

    def _tell(self) -> None:
        self.send({"t": "state", **self._state()})
        for callback in self._changed:
            callback(self.facts)

    def _hear(self, _widget: object, said: dict[str, Any], _buffers: object) -> None:
        with self._guard:
            match said:
                case {"t": "hello", "page": str(to)}:
                    questions = [_words(question) for question in self._questions.by_key.values()]
                    rules = {rule.id: rule.statement for p in self._questions.pathways for rule in p.rules}
                    self.send({"t": "form", "to": to, "questions": questions, "rules": rules, **self._state()})
                case {
                    "t": "answer",
                    "page": str(to),
                    "key": str(key),
                    "value": bool() | str() | int() | float() | None,
                }:
                    self._try(to, lambda: self.answer(key, said["value"]))
                case {"t": "undo", "page": str(to)}:
                    self._try(to, self.undo)

    def _try(self, to: str, change: Callable[[], None]) -> None:
        """Whatever stands in the way, a bad number or a registry that moved on, is said on the page that asked."""
        steps = len(self._before)
        try:
            change()
        except Exception as problem:
            ours = isinstance(problem, SarcomaReviewError)
            # A step more, or one less, and the answer has been taken: what follows it has failed.
            done = "Not recorded" if len(self._before) == steps else "Recorded, but not followed everywhere"
            words = f"{done}: {problem if ours else 'an error in Python; see the log'}"
            self.send({"t": "refused", "to": to, "words": words, **self._state()})
            if not ours:
                raise

    def _waiting(self) -> dict[str, tuple[str, ...]]:
        return self._questions.waiting(self._questions.results(self._answers, on=self._on))

    def _state(self) -> dict[str, Any]:
        waiting = self._waiting()
        last = self._before[-1][0] if self._before else ""
        return {
            "answers": self.facts,
            "next": list(waiting)[:ASKED_FIRST],
            "waiting": waiting,
            "undo": str(self._questions.by_key[last].fact) if last else "",
        }

    def _still(self) -> str:
        asked = self._questions.by_key
        recorded = [(asked[key].fact.question, asked[key].fact.words(value)) for key, value in self._answers.items()]
        waiting = list(self._waiting().items())[:ASKED_FIRST]
        open_ones = [(asked[key].fact.question, f"not recorded; waiting: {', '.join(ids)}") for key, ids in waiting]
        lines = len(asked) - len(recorded)
        count = f"{len(recorded)} of {len(asked)} questions recorded; {lines} not recorded."
        return page("Case form", paragraph(count), table(("Question", "Recorded"), [*recorded, *open_ones]))


def _words(question: Question) -> dict[str, Any]:
    """A question for a page."""
    fact = question.fact
    values: tuple[Value, ...] = () if fact.unit else fact.values or (True, False)
    return {
        "key": question.key,
        "question": fact.question,
        "choices": [{"value": value, "words": fact.words(value)} for value in values],
        "unit": fact.unit,
        "group": fact.group or "Other questions",
        "asked_by": list(question.asked_by),
    }
