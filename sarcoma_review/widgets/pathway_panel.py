"""The pathway panel: a card for each rule, what would settle it, and what changed since the last look."""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import anywidget

from sarcoma_review.errors import PresentationError, SarcomaReviewError
from sarcoma_review.pathways import Pathway, RuleResult, Status
from sarcoma_review.pathways.condition import Value
from sarcoma_review.pathways.questions import Questions
from sarcoma_review.registry.events import PathwaySeen
from sarcoma_review.widgets.case_form import CaseForm
from sarcoma_review.widgets.rule_cards import Change, Sheet, sheet_html, sheet_words
from sarcoma_review.widgets.twin import Bundle, page, paragraph, with_html

STATIC = Path(__file__).parent / "static"
WHO_DECIDES = "Source text may have changed. The responsible clinical team decides."
"""Below still cards, as the page itself says below live ones."""


class PathwayPanel(anywidget.AnyWidget):
    """What the documents ask of a case: cards by level and status, each with its source and review date.

    A card gives its status by a word and a sign as well as by colour, one sentence on how it came about, and the
    facts that would settle it; in a panel linked to a form, a click on a fact leads to its question. It decides
    nothing.

    Parameters
    ----------
    source : Pathway, sequence of Pathway, or sequence of RuleResult
        Results alone are shown as they are: they follow no form and are not marked as seen.
    facts : mapping of str to bool, str, float or None, optional
        As of a `CaseForm` of the same pathways.
    on : date, optional
        The day of reading, for the notice of a review past due; needed with pathways.
    seen : iterable of PathwaySeen
        Earlier looks, oldest first, such as ``registry.case(case_id).of(PathwaySeen)``. Without one, the panel is
        compared with what it showed first.
    record : callable, optional
        Called with a `PathwaySeen` of each document when somebody marks the panel as seen.

    Raises
    ------
    PresentationError
        If pathways come without a day.
    PathwayError
        If a fact is not asked by any of the pathways, or has a value it cannot have.

    Examples
    --------
    >>> from sarcoma_review.pathways import load_pathway
    >>> panel = PathwayPanel(load_pathway("lsesn-spinal-2024"), {"network": "LSESN"}, on=date(2026, 11, 22))
    >>> panel
    <PathwayPanel lsesn-spinal-2024: 20 applicability not known>
    >>> panel.facts = {"network": "LSESN", "adult": False}
    >>> str(panel.changes[0])
    'G1: applicability not known → redirected'
    >>> event, = panel.mark_seen()
    >>> event.statuses[0], panel.changes
    (('G1', 'redirected'), [])
    """

    _esm = STATIC / "pathwaypanel.js"
    _css = STATIC / "pathwaypanel.css"

    def __init__(
        self,
        source: Pathway | Sequence[Pathway] | Sequence[RuleResult],
        facts: Mapping[str, Value] | None = None,
        *,
        on: date | None = None,
        seen: Iterable[PathwaySeen] = (),
        record: Callable[[PathwaySeen], object] | None = None,
    ) -> None:
        self._sheets: tuple[Sheet, ...]
        self._questions, results = _opened(source)
        self._facts, self._on, self._record = dict(facts or {}), on, record
        for key, value in self._facts.items():
            self._asked().check(key, value)
        self._sheets = self._evaluated() if self._questions else (Sheet(None, tuple(results)),)
        self._looks: dict[str, dict[str, Status]] = {sheet.id: sheet.statuses for sheet in self._sheets}
        self._days: dict[str, PathwaySeen] = {event.pathway: event for event in seen}
        self._looks |= {name: {i: Status(word) for i, word in e.statuses} for name, e in self._days.items()}
        self._jumped: list[Callable[[str, str], object]] = []
        self._guard = threading.RLock()
        super().__init__()
        self.on_msg(self._hear)

    @property
    def questions(self) -> Questions | None:
        """What the documents ask; None for results alone."""
        return self._questions

    @property
    def facts(self) -> dict[str, Value]:
        """What is recorded; may be set, and the cards follow."""
        return dict(self._facts)

    @facts.setter
    def facts(self, facts: Mapping[str, Value]) -> None:
        asked = self._asked()
        for key, value in facts.items():
            asked.check(key, value)
        with self._guard:
            self._facts = dict(facts)
            self._sheets = self._evaluated()
            self.send({"t": "panel", **self._words()})

    @property
    def results(self) -> list[RuleResult]:
        """Every rule of every document."""
        return [result for sheet in self._sheets for result in sheet.results]

    @property
    def changes(self) -> list[Change]:
        """Rules that say something else than at the last look."""
        return [change for sheet in self._sheets for change in sheet.changes(self._looks.get(sheet.id, {}))]

    def mark_seen(self) -> tuple[PathwaySeen, ...]:
        """Take what the panel shows as seen; the next look is compared with it.

        Returns
        -------
        tuple of PathwaySeen
            One for each document, as given to `record`.
        """
        with self._guard:
            events = tuple(self._seen(sheet.pathway) for sheet in self._sheets if sheet.pathway)
            for event in events:
                if self._record:
                    self._record(event)
                self._days[event.pathway] = event
            self._looks = {sheet.id: sheet.statuses for sheet in self._sheets}
            self.send({"t": "panel", **self._words()})
            return events

    def on_jump(self, callback: Callable[[str, str], object]) -> None:
        """Call a function with the document and the fact whenever somebody asks for the question of a fact."""
        self._jumped.append(callback)

    def __repr__(self) -> str:
        return f"<PathwayPanel {', '.join(sheet.summary for sheet in self._sheets)}>"

    def _repr_mimebundle_(self, **options: Any) -> Bundle:
        still = [sheet_html(sheet, self._looks.get(sheet.id, {}), on=self._on) for sheet in self._sheets]
        return with_html(
            super()._repr_mimebundle_(**options), page("What the documents ask", *still, paragraph(WHO_DECIDES))
        )

    def _mark(self, to: str) -> None:
        try:
            self.mark_seen()
        except SarcomaReviewError as problem:
            self.send({"t": "refused", "to": to, "words": f"Not marked as seen: {problem}"})

    def _asked(self) -> Questions:
        if self._questions is None:
            raise PresentationError("this panel shows results alone; give it pathways to follow facts")
        return self._questions

    def _evaluated(self) -> tuple[Sheet, ...]:
        asked = self._asked()
        results = asked.results(self._facts, on=self._day())
        return tuple(Sheet(pathway, tuple(results[pathway.id])) for pathway in asked.pathways)

    def _seen(self, pathway: Pathway) -> PathwaySeen:
        sheet = next(sheet for sheet in self._sheets if sheet.pathway is pathway)
        statuses = tuple((rule, status.value) for rule, status in sheet.statuses.items())
        return PathwaySeen(
            pathway=pathway.id, document_version=pathway.version, on_date=self._day(), statuses=statuses
        )

    def _day(self) -> date:
        if self._on is None:
            raise PresentationError("a panel of pathways needs the day of reading, on=date(...); found none")
        return self._on

    def _words(self) -> dict[str, Any]:
        sheets = [
            sheet_words(sheet, self._looks.get(sheet.id, {}), on=self._on, last=self._days.get(sheet.id))
            for sheet in self._sheets
        ]
        can = {"can_mark": self._questions is not None, "linked": bool(self._jumped)}
        return {"sheets": sheets, "changes": len(self.changes), **can}

    def _hear(self, _widget: object, said: dict[str, Any], _buffers: object) -> None:
        with self._guard:
            match said:
                case {"t": "hello", "page": str(to)}:
                    self.send({"t": "panel", "to": to, **self._words()})
                case {"t": "jump", "sheet": str(name), "fact": str(fact)}:
                    for callback in self._jumped:
                        callback(name, fact)
                case {"t": "seen", "page": str(to)} if self._questions:
                    self._mark(to)


def link(form: CaseForm, panel: PathwayPanel) -> None:
    """Let a panel follow a form, and lead from a card's open facts to their questions.

    Parameters
    ----------
    form : CaseForm
    panel : PathwayPanel
        Documents of it that the form does not have keep their facts.

    Raises
    ------
    PresentationError
        If the panel shows results alone, or form and panel have no document in common.
    """
    asked = panel.questions
    shared = [p.id for p in form.questions.pathways if asked and p.id in {q.id for q in asked.pathways}]
    if asked is None or not shared:
        raise PresentationError("a form and a panel are linked by a document that both have; found none")

    def follow(answers: Mapping[str, Value]) -> None:
        facts = panel.facts
        for name in shared:
            facts |= dict.fromkeys(asked.keyed(name, dict.fromkeys(asked.pathway(name).facts)))
            facts |= asked.keyed(name, form.questions.facts_for(name, answers))
        panel.facts = facts

    def jump(name: str, fact: str) -> None:
        if name in shared:
            form.show(form.questions.key(name, fact))

    form.on_change(follow)
    panel.on_jump(jump)
    follow(form.facts)


def _opened(
    source: Pathway | Sequence[Pathway] | Sequence[RuleResult],
) -> tuple[Questions | None, list[RuleResult]]:
    given = [source] if isinstance(source, Pathway) else list(source)
    pathways = [each for each in given if isinstance(each, Pathway)]
    return (Questions(pathways) if pathways else None), [each for each in given if isinstance(each, RuleResult)]
