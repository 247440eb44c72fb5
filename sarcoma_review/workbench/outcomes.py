"""Outcomes: what was planned, decided, done and achieved in this case, and what became of all cases."""

import ipywidgets as ipw

from sarcoma_review.registry.planned import margin_plan
from sarcoma_review.widgets import Dashboard, OutcomeTracker
from sarcoma_review.workbench.desk import Desk, Work
from sarcoma_review.workbench.page import Page, row
from sarcoma_review.workbench.plan import Plan

_HINT = (
    "Record what happened to this patient, to the day, month or year as known; nothing is rewritten, a correction "
    "has its reason. Below: all cases of the registry."
)


class Outcomes(Page):
    """The tracker of this case, and the dashboard of the registry."""

    def __init__(self, desk: Desk, plan: Plan) -> None:
        super().__init__("Outcomes", _HINT)
        self._desk, self._plan = desk, plan
        self._built: tuple[Work, int] | None = None
        self._case, self._all = ipw.VBox(), ipw.VBox()
        self._begin = row(self.button("Open this case in the registry", self._open, main=True))
        record = self.button("Record the plans with their margins", self._record)
        every = self.button("Show all cases of the registry", self._read)
        self.body.children = [self._case, row(record, every), self._all]

    def shown(self) -> None:
        """Show the tracker, or the way to begin one; a case that has moved on is read again."""
        work = self._desk.work
        if not self._desk.is_recorded:
            self._case.children = [self._begin]
            return
        self._desk.tell_registry()
        version = self._desk.registry.case(work.case_id).version
        if self._built != (work, version):
            self._case.children = [OutcomeTracker.of(self._desk.registry, work.case_id, on=self._desk.on)]
            self._built = (work, version)

    def _open(self) -> None:
        self._desk.tell_registry()
        self.shown()

    def _record(self) -> None:
        for option in self._plan.options:
            if option.plan is not None and option.margins is not None:
                self._desk.record(margin_plan(option.plan, option.margins, self._plan.tumour, name=option.name))
        self.shown()

    def _read(self) -> None:
        self._all.children = [Dashboard(self._desk.registry, as_of=self._desk.on)]
