"""Outline: the tumour and what lies near it, drawn on the chosen volume, every step kept."""

from collections.abc import Callable

from sarcoma_review.dicom.new_object import source_images
from sarcoma_review.errors import DicomError
from sarcoma_review.volume import Segment
from sarcoma_review.widgets import Outliner, seg_saver
from sarcoma_review.workbench.desk import Desk, Work
from sarcoma_review.workbench.page import Page

_HINT = (
    "Outlines that came with the study are here already; draw, grow or correct them. Every stroke is kept and can be "
    "undone. Next: Plan, when the tumour is outlined."
)


class Outline(Page):
    """An outliner on the chosen volume."""

    def __init__(self, desk: Desk) -> None:
        super().__init__("Outline", _HINT)
        self._desk = desk
        self._built: tuple[Work, int] | None = None
        self._outliner: Outliner | None = None

    def shown(self) -> None:
        """Show the outliner of the volume that is worked on."""
        outliner = self.outliner
        self.body.children = [outliner]
        if outliner.findings:
            self.say("; ".join(outliner.findings))

    @property
    def outliner(self) -> Outliner:
        """The outliner of the volume that is worked on, made when first asked for.

        Raises
        ------
        PlanError
            If what was drawn before was drawn on something else.
        PresentationError
            If no study is open.
        """
        work = self._desk.work
        if self._outliner is None or self._built != (work, work.number):
            old, self._outliner = self._outliner, _outliner(work, self)
            self._built = (work, work.number)
            if old is not None:
                old.close()
        return self._outliner

    @property
    def drawn(self) -> list[Segment]:
        """The segments that have a voxel."""
        return [each for each in self.outliner.segments if each.mask.array.any()]


def _outliner(work: Work, page: Page) -> Outliner:
    number = work.number
    name = f"outline {number}"
    folder = work.folder.made()
    made = Outliner(
        work.volume,
        segments=work.outlined(work.volume)[:8] or ["tumour"],
        autosave=folder / f"outline-{number}.jsonl",
        save=_saver(work),
    )
    made.key_images = work.folder.images(name)
    made.on_keep(lambda images: page.trying(lambda: work.folder.keep_images(name, images)))
    return made


def _saver(work: Work) -> Callable[[tuple[Segment, ...]], str] | None:
    """Saves a DICOM SEG in the case's folder; None where the volume does not know its images."""
    try:
        images = source_images(work.study.index, work.volume)
    except DicomError:
        return None
    return seg_saver(images, work.folder.path / f"outline-{work.number}.dcm")
