"""Pathway: the questions of the chosen documents, and what they ask of this case."""

import ipywidgets as ipw

from sarcoma_review.errors import PathwayError
from sarcoma_review.pathways import Pathway, RuleResult, load_pathway, pathways
from sarcoma_review.pathways.questions import Questions
from sarcoma_review.registry.events import CaseFact, PathwaySeen
from sarcoma_review.widgets import CaseForm, PathwayPanel, link
from sarcoma_review.workbench.desk import Desk, Work
from sarcoma_review.workbench.page import Page

_HINT = (
    "Tick the documents that may govern this case and answer what is known: what is not recorded stays so. Each "
    "answer goes into the registry at once. Next: Case."
)
_FIRST = ("bone-sarcoma-network",)


class Pathways(Page):
    """A case form and the cards of the chosen documents, side by side."""

    def __init__(self, desk: Desk) -> None:
        super().__init__("Pathway", _HINT)
        self._desk = desk
        self._built: tuple[Work, tuple[str, ...]] | None = None
        self._form: CaseForm | None = None
        self._ticks = {
            name: ipw.Checkbox(description=load_pathway(name).title, indent=False, layout=ipw.Layout(width="auto"))
            for name in pathways()
        }
        self._place = ipw.VBox()
        self.body.children = [ipw.VBox(list(self._ticks.values())), self._place]
        for tick in self._ticks.values():
            self.on_value(tick, lambda _ticked: self._choose())

    def shown(self) -> None:
        """Show the form and the cards of the documents chosen for this case."""
        work = self._desk.work
        if self._built and self._built[0] is work:
            return
        self._built = None  # ticks that follow what was kept choose nothing
        chosen = work.folder.get("pathways", list(_FIRST))
        for name, tick in self._ticks.items():
            tick.value = name in chosen
        self._build(work)

    @property
    def results(self) -> tuple[Pathway, list[RuleResult]] | None:
        """The first chosen document and what it asks; None where none was chosen."""
        self.shown()
        if self._form is None:
            return None
        questions = self._form.questions
        pathway = questions.pathways[0]
        return pathway, questions.results(self._form.facts, on=self._desk.on)[pathway.id]

    def _choose(self) -> None:
        if self._built is None:
            return
        work = self._desk.work
        work.folder.keep("pathways", self._chosen)
        self._build(work)

    @property
    def _chosen(self) -> list[str]:
        return [name for name, tick in self._ticks.items() if tick.value]

    def _build(self, work: Work) -> None:
        self._built, self._form = (work, tuple(self._chosen)), None
        if not self._chosen:
            self._place.children = ()
            raise PathwayError("no document is ticked: choose one to see what it asks")
        documents = [load_pathway(name) for name in self._chosen]
        recorded = self._desk.registry.case(work.case_id) if self._desk.is_recorded else None
        asked = Questions(documents).by_key
        facts = {fact.fact: fact.value for fact in (recorded.of(CaseFact) if recorded else ())}
        known = {key: value for key, value in facts.items() if key in asked}
        self._form = CaseForm(documents, known, on=self._desk.on, record=self._desk.record)
        seen = recorded.of(PathwaySeen) if recorded else ()
        panel = PathwayPanel(documents, known, on=self._desk.on, seen=seen, record=self._desk.record)
        link(self._form, panel)
        self._place.children = [self._form, panel]
