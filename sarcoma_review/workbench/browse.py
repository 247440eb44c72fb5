"""Browse: what the study holds, and a look at one volume, which is then worked on."""

import ipywidgets as ipw

from sarcoma_review.volume import Volume
from sarcoma_review.widgets import StudyBrowser, Viewer
from sarcoma_review.workbench.desk import Desk, Work
from sarcoma_review.workbench.page import Page

_HINT = (
    "Click the series to work on. K on a view keeps a key image for the deck; L and A measure. "
    "Next: Outline, where the tumour is drawn or taken from the study."
)


class Browse(Page):
    """The study's volumes as pictures, and the chosen one in a viewer."""

    def __init__(self, desk: Desk) -> None:
        super().__init__("Browse", _HINT)
        self._desk = desk
        self._place = ipw.VBox()
        self._built: Work | None = None
        self.viewer: Viewer | None = None

    def shown(self) -> None:
        """Show the study, and the volume that is worked on."""
        work = self._desk.work
        if self._built is work:
            return
        browser = StudyBrowser(work.study)
        browser.on_open(lambda volume: self.trying(lambda: self._look_at(work, volume)))
        self.body.children = [browser, self._place]
        browser.chosen = work.number
        self._built = work

    def _look_at(self, work: Work, volume: Volume) -> None:
        work.folder.keep("volume", next(n for n, known in enumerate(work.volumes) if known is volume))
        marks = work.folder.made() / f"browse-{work.number}.marks.json"
        old, self.viewer = self.viewer, Viewer(volume, segments=work.outlined(volume)[:8], measured=marks)
        name = f"browse {work.number}"
        self.viewer.key_images = work.folder.images(name)
        self.viewer.on_keep(lambda images: self.trying(lambda: work.folder.keep_images(name, images)))
        self._place.children = [self.viewer]
        if old is not None:
            old.close()
