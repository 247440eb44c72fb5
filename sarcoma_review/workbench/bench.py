"""`review`: the whole work on a case, in tabs."""

from datetime import date
from pathlib import Path
from typing import Any

import ipywidgets as ipw

from sarcoma_review.dicom import Study
from sarcoma_review.present import PURPOSE
from sarcoma_review.registry import Registry
from sarcoma_review.widgets.twin import page, paragraph
from sarcoma_review.workbench.bring_in import BringIn
from sarcoma_review.workbench.browse import Browse
from sarcoma_review.workbench.case_page import CasePage
from sarcoma_review.workbench.deck import Deck
from sarcoma_review.workbench.desk import Desk, Work
from sarcoma_review.workbench.outcomes import Outcomes
from sarcoma_review.workbench.outline import Outline
from sarcoma_review.workbench.page import Page
from sarcoma_review.workbench.pathway import Pathways
from sarcoma_review.workbench.plan import Plan

CASES = "cases"


class Workbench(ipw.VBox):  # type: ignore[misc]
    """The whole work on a case in tabs: bring in, browse, outline, plan, pathway, case, deck, outcomes.

    Each tab is made when it is first opened. What is done is kept with the case, and goes on where it stopped.
    Whatever cannot be done is said in one line on its tab.

    Parameters
    ----------
    home : Path
        Folder of all cases, made when the first is kept.
    on : date
        The day of the work.
    registry : Registry, optional
        Without one, the registry of `home`.

    Examples
    --------
    >>> import tempfile
    >>> Workbench(Path(tempfile.mkdtemp()), on=date(2026, 11, 22))
    <Workbench: no study open>
    """

    def __init__(self, home: Path, *, on: date, registry: Registry | None = None) -> None:
        self._desk = Desk(home, on, registry)
        self.bring_in, self.browse, self.outline = BringIn(self._desk), Browse(self._desk), Outline(self._desk)
        self.plan, self.pathway = Plan(self._desk, self.outline), Pathways(self._desk)
        self.case = CasePage(self._desk, self.plan, self.pathway)
        self.deck, self.outcomes = Deck(self._desk, self.case), Outcomes(self._desk, self.plan)
        self._tabs = ipw.Tab(self.pages, titles=[page.title for page in self.pages])
        super().__init__([self._tabs, ipw.HTML(f"<small>{PURPOSE}</small>")])
        self._tabs.observe(lambda _change: self._turned(), "selected_index")
        self._desk.on_open(self._began)

    @property
    def pages(self) -> tuple[Page, ...]:
        """The tabs, in order."""
        return (
            self.bring_in,
            self.browse,
            self.outline,
            self.plan,
            self.pathway,
            self.case,
            self.deck,
            self.outcomes,
        )

    @property
    def tab(self) -> str:
        """The name of the open tab; may be set."""
        return self.pages[self._tabs.selected_index or 0].title

    @tab.setter
    def tab(self, title: str) -> None:
        self._tabs.selected_index = [page.title for page in self.pages].index(title)

    def take_up(self, source: str | Path | Study) -> None:
        """Open a study, or the folder of one; what is not clean is shown with its faults first."""
        if isinstance(source, Study):
            self.bring_in.trying(lambda: self._desk.open(source))
        else:
            self.bring_in.place.value = str(source)
            self.bring_in.trying(lambda: self.bring_in.bring(str(source)))

    def __repr__(self) -> str:
        if not self._desk.is_open:
            return "<Workbench: no study open>"
        work = self._desk.work
        return f"<Workbench {work.case_id}: {len(work.study.specs)} volume(s), at {self.tab}>"

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        still = page("Case review", paragraph("Run this cell to work: the tabs appear here."))
        return {**super()._repr_mimebundle_(**options), "text/html": still}

    def _turned(self) -> None:
        opened = self.pages[self._tabs.selected_index or 0]
        if opened is self.bring_in:
            return
        if opened.trying(opened.shown):
            opened.trying(lambda: self._desk.work.folder.keep("tab", opened.title))

    def _began(self, work: Work) -> None:
        """Go on where the work on this case stopped."""
        if work.folder.finding:
            self.bring_in.say(work.folder.finding)
        last = work.folder.get("tab", "")
        title = last if last in [page.title for page in self.pages] else self.browse.title
        if self.tab == title:
            self._turned()
        self.tab = title


def review(
    path_or_study: str | Path | Study | None = None,
    *,
    registry: Registry | None = None,
    home: str | Path = CASES,
    on: date | None = None,
) -> Workbench:
    """Open the whole work on a case as one widget: from a folder of DICOM files to a deck, and to what became of it.

    Parameters
    ----------
    path_or_study : path-like or Study, optional
        A folder of DICOM files, clean or not, or an open study. Without it, a case is chosen on the page.
    registry : Registry, optional
        Where answers and outcomes are recorded; without it, ``registry.sqlite`` in `home`.
    home : path-like
        The folder of all cases: for each a folder named by letters that say nothing of the patient, in which
        outlines, plans, words, key images and decks are kept, and what was cleaned here.
    on : date, optional
        The day of the work; today.

    Returns
    -------
    Workbench
        What cannot be opened is said on its first tab; nothing is raised.
    """
    bench = Workbench(Path(home), on=on or date.today(), registry=registry)
    if path_or_study is not None:
        bench.take_up(path_or_study)
    return bench
