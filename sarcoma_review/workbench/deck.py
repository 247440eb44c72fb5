"""Deck: the case as one file to show, to edit or to hand out, or ready in a meeting room."""

from functools import partial
from pathlib import Path

import ipywidgets as ipw

from sarcoma_review.errors import PresentationError
from sarcoma_review.present import write
from sarcoma_review.present.write import cleared_pages
from sarcoma_review.room import Publication, publish
from sarcoma_review.room.folder import is_room
from sarcoma_review.workbench.case_page import CasePage
from sarcoma_review.workbench.desk import Desk, Work
from sarcoma_review.workbench.page import Page, control, row

_HINT = (
    "Write the presentation: HTML to show, with the viewer inside; PPTX to edit; PDF to hand out. None needs a "
    "network. Or make it ready in a meeting room that runs. Next: the meeting; afterwards Outcomes."
)
_LIVE = "For a live meeting"
_READY = (
    "{size:.1f} MB stand ready. Nobody sees them before the chair opens the case in the room, pastes the fingerprint "
    "below, and says that every image was looked at."
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
        self._room = control(ipw.Text, "Meeting room's folder", placeholder="its data folder, as --data was given")
        self._agenda = control(ipw.Text, "Case on its agenda")
        self._fingerprint = control(ipw.Text, "Fingerprint", placeholder="stands here once it is ready")
        ready = self.button("Make ready in the room", self.publish)
        self.body.children = [
            self._folder, self._reveal, row(*buttons),
            ipw.HTML(f"<h4>{_LIVE}</h4>"), self._room, self._agenda, row(ready), self._fingerprint,
        ]  # fmt: skip

    def shown(self) -> None:
        """Offer the case's own folder."""
        work = self._desk.work
        if self._built is not work:
            self._folder.value, self._built = str(work.folder.path), work
            self._agenda.value, self._fingerprint.value = work.case_id, ""

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

    def publish(self) -> Publication:
        """Make the case ready in a meeting room, and give the fingerprint with which the chair shows it.

        What came after the opinions goes with it; the room keeps that shut until the opinions are shown.

        Raises
        ------
        PresentationError
            If the folder is none, or the case has no question, or a text names somebody.
        PrivacyError
            If an image may not leave this machine.
        """
        self._fingerprint.value = ""
        folder = Path(self._room.value.strip()).expanduser()
        if not self._room.value.strip() or not is_room(folder):
            raise PresentationError("expected the data folder of a meeting room; in this place no meeting was opened")
        sheets = cleared_pages(self._case.case, reveal=True, what="A meeting")
        published = publish(sheets, folder, case_id=self._agenda.value.strip())
        self._fingerprint.value = published.manifest
        self.say(_READY.format(size=published.size_bytes / 1e6), done=True)
        return published
