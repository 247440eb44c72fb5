"""Deck: the case as one file to show, to edit or to hand out."""

from functools import partial
from pathlib import Path

import ipywidgets as ipw

from sarcoma_review.errors import PresentationError
from sarcoma_review.present import write
from sarcoma_review.workbench.case_page import CasePage
from sarcoma_review.workbench.desk import Desk, Work
from sarcoma_review.workbench.page import Page, control, row

_HINT = (
    "Write the presentation: HTML to show, with the viewer inside; PPTX to edit; PDF to hand out. None needs a "
    "network. Next: the meeting; afterwards Outcomes."
)
_KINDS = (("Write HTML", ".html"), ("Write PPTX", ".pptx"), ("Write PDF", ".pdf"))


class Deck(Page):
    """Buttons that write the presentation."""

    def __init__(self, desk: Desk, case: CasePage) -> None:
        super().__init__("Deck", _HINT)
        self._desk, self._case = desk, case
        self._built: Work | None = None
        self._reveal = ipw.Checkbox(
            description="with what came after the opinions (decision, outcome, learning)",
            indent=False,
            layout=ipw.Layout(width="auto"),
        )
        self._folder = control(ipw.Text, "Folder")
        buttons = [self.button(words, partial(self.write, ending), main=True) for words, ending in _KINDS]
        self.body.children = [self._folder, self._reveal, row(*buttons)]

    def shown(self) -> None:
        """Offer the case's own folder."""
        work = self._desk.work
        if self._built is not work:
            self._folder.value, self._built = str(work.folder.path), work

    def write(self, ending: str) -> Path:
        """Write the presentation as a file of this ending, and say where it is.

        Raises
        ------
        PresentationError
            If the case has no question, or a text names somebody.
        PrivacyError
            If an image may not leave this machine.
        """
        case = self._case.case
        folder = Path(self._folder.value).expanduser()
        if folder == self._desk.work.folder.path:
            self._desk.work.folder.made()
        if not folder.is_dir():
            raise PresentationError("the folder for the deck does not exist; make it first")
        closed = "" if self._reveal.value else "_before"
        written = write(case, folder / f"{case.case_id}{closed}{ending}", reveal=self._reveal.value)
        self.say(f"Written: {written.name}, {written.stat().st_size / 1e6:.1f} MB, in {folder}", done=True)
        return written
