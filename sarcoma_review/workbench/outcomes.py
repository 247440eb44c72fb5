"""Outcomes: what was planned, decided, done and achieved in this case, and what became of all cases."""

from typing import get_args

import ipywidgets as ipw

from sarcoma_review.errors import RegistryError
from sarcoma_review.registry import Operation
from sarcoma_review.registry.planned import margin_plan
from sarcoma_review.widgets import Dashboard, OutcomeTracker
from sarcoma_review.workbench.desk import Desk, Work
from sarcoma_review.workbench.page import Page, control, grid, row
from sarcoma_review.workbench.plan import Plan

_HINT = (
    "Record what happened to this patient, to the day, month or year as known; nothing is rewritten, a correction "
    "has its reason. Below: all cases of the registry."
)

_OPERATION = (("precision", "The day is known to the"), ("procedure", "Procedure"), ("guidance", "Guidance"))


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
        self._operation = {
            name: control(ipw.Dropdown, words, options=_choices(name), value=None) for name, words in _OPERATION
        }
        self._operated_on = control(ipw.DatePicker, "Day of the operation")
        operated = self.button("Record the operation", self._operate)
        fields = ipw.VBox([grid(self._operated_on, *self._operation.values()), row(operated)])
        self._done = ipw.Accordion([fields], titles=("An operation: curves count from it",))
        self.body.children = [self._case, self._done, row(record, every), self._all]

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

    def _operate(self) -> None:
        """Record an operation; what is not chosen stays not recorded.

        Raises
        ------
        RegistryError
            If the day or the procedure is missing, or the day is still to come.
        """
        day, known = self._operated_on.value, {name: field.value for name, field in self._operation.items()}
        if day is None or known["procedure"] is None or known["precision"] is None:
            raise RegistryError("an operation needs its day, how well that is known, and its procedure")
        if day > self._desk.on:
            raise RegistryError("the day of the operation is still to come: expected today or earlier")
        self._desk.record(Operation(on_date=day, **known))
        for field in (self._operated_on, *self._operation.values()):
            field.value = None
        self.shown()
        self.say("The operation is recorded.", done=True)

    def _read(self) -> None:
        self._all.children = [Dashboard(self._desk.registry, as_of=self._desk.on)]


def _choices(name: str) -> list[tuple[str, str | None]]:
    """What a field of an operation may hold, as its event says, after "not recorded"."""
    kind = Operation.model_fields[name].annotation
    words = [each for part in (kind, *get_args(kind)) for each in get_args(part) if isinstance(each, str)]
    return [("not recorded", None), *((each.replace("_", " "), each) for each in dict.fromkeys(words))]
