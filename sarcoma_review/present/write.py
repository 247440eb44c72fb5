"""A case to a file, as the file's ending asks."""

from collections.abc import Callable, Mapping
from pathlib import Path

from sarcoma_review.errors import PresentationError
from sarcoma_review.present.case import Case
from sarcoma_review.present.content import pages
from sarcoma_review.present.html import write_html
from sarcoma_review.present.leaving import require_export
from sarcoma_review.present.pages import Page
from sarcoma_review.present.pdf import write_pdf
from sarcoma_review.present.place import replacing, require_place
from sarcoma_review.present.pptx_deck import write_pptx


def write(case: Case, path: str | Path, *, reveal: bool = False, template: str | Path | None = None) -> Path:
    """Write the presentation of a case.

    Parameters
    ----------
    case : Case
    path : path-like
        Ending in ``.html`` (to show, interactive), ``.pptx`` (to edit) or ``.pdf`` (to hand out). The folder must
        exist; a file that stands there is replaced at once or not at all.
    reveal : bool
        Whether to write what came after the opinions too: discussion, decision, operation, outcome, learning points.
        Without it nothing of that is in the file, so that it can be given out before the meeting.
    template : path-like, optional
        A hospital's own ``.pptx``, whose design the slides take; for no other ending.

    Returns
    -------
    Path

    Raises
    ------
    PresentationError
        If the ending is another, the folder is not there, the case has no question, or the template cannot be used.
    PrivacyError
        If any volume did not come through the privacy gate, or may show a face.
    """
    place = checked_place(path)
    if template is not None and place.suffix != ".pptx":
        raise PresentationError(f"a template is for .pptx, found {place.suffix!r}")
    options = {} if template is None else {"template": Path(template)}
    sheets = cleared_pages(case, reveal=reveal)
    with replacing(place) as part:
        _WRITERS[place.suffix](sheets, part, case_id=case.case_id, **options)
    return place


def checked_place(path: str | Path) -> Path:
    """A place that a presentation can be written to, asked before the work of making one.

    Raises
    ------
    PresentationError
        If the ending is another than those of `write`, or the folder is not there.
    """
    return require_place(path, _WRITERS, what="the presentation", written="a presentation is written")


def cleared_pages(case: Case, *, reveal: bool, what: str = "A presentation") -> list[Page]:
    """The pages of a case that may be shown to others.

    Parameters
    ----------
    case : Case
    reveal : bool
        Whether what came after the opinions is among them.
    what : str
        What they are for, to be named in a refusal.

    Raises
    ------
    PresentationError
        If the case has no question.
    PrivacyError
        If any volume did not come through the privacy gate, or may show a face.
    """
    if not case.question.strip():
        raise PresentationError("a case is presented with a question to the meeting; found none")
    for volume in case.volumes():
        require_export(volume, what)
    return [page for page in pages(case) if reveal or page.part == "before"]


_WRITERS: Mapping[str, Callable[..., None]] = {".html": write_html, ".pptx": write_pptx, ".pdf": write_pdf}
