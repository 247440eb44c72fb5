"""From a case to the pages that say it, in the order in which a meeting hears it."""

from collections.abc import Iterator, Sequence

from sarcoma_review.present.case import Case
from sarcoma_review.present.content_after import after_pages
from sarcoma_review.present.content_margins import margin_pages, option_pages
from sarcoma_review.present.content_rules import ewing_pages, pathway_pages
from sarcoma_review.present.content_tables import imaging_table, picture_pages, timeline_figure, timeline_table
from sarcoma_review.present.content_words import as_sentence, as_title
from sarcoma_review.present.look import Look
from sarcoma_review.present.pages import Bullets, Facts, Headline, Note, Page, Table
from sarcoma_review.present.paging import paged


def pages(case: Case) -> list[Page]:
    """Lay a case out on pages.

    Parameters
    ----------
    case : Case

    Returns
    -------
    list of Page
        Those of the part ``"after"`` last. A text too long for a page goes on on the next.
    """
    found: list[Page] = [_opening(case), *_patient(case), *_imaging(case)]
    found += [*_pictures(case), _pathology(case), *option_pages(case, _findings(case))]
    look = Look.of(case)
    found += look.pages() if look else ()
    for option in case.options:
        found += look.pages_of(option) if look else ()
        found += margin_pages(option)
    found += [*pathway_pages(case), *ewing_pages(case), _opinion(case)]
    found += after_pages(case)
    return [sheet for page in found for sheet in paged(page)]


def _opening(case: Case) -> Page:
    day = f"{case.prepared_on.day} {case.prepared_on:%B %Y}"
    rows = [("Age", case.age_band), ("Sex", case.sex), ("Site", case.site), ("Side", case.side)]
    told = [("Purpose", case.purpose.replace("_", " ")), *rows, ("Diagnosis", case.diagnosis), ("Prepared", day)]
    return Page("Question to the meeting", (Headline(case.question), Facts(told)))


def _patient(case: Case) -> Iterator[Page]:
    told = [
        ("History", case.history),
        ("Performance status", case.performance_status),
        ("Comorbidity", case.comorbidity),
        ("The patient's views", case.patient_views),
        ("Psychosocial needs", case.psychosocial),
    ]
    yield Page("The patient", (Facts(told),))
    if case.timeline:
        note = Note("Weeks are counted from diagnosis; the case holds no date of the patient's.")
        yield Page("Time line", (*timeline_figure(case.timeline), timeline_table(case.timeline), note))


def _imaging(case: Case) -> Iterator[Page]:
    if not case.imaging:
        yield Page("Imaging", (Facts([("Imaging", None)]),))
        return
    outlined = [(each.name, f"{each.volume_ml:.1f} ml") for each in case.segments]
    drawn = Table(("Outlined", "Volume"), outlined) if outlined else Facts([("Outlines", None)])
    yield Page("Imaging", (imaging_table(case.imaging), drawn))


def _pictures(case: Case) -> Iterator[Page]:
    marked = (_MARKS,) if any(option.margins for option in case.options) else ()
    yield from picture_pages("Key images", case.key_images, *marked)


_MARKS = Note(
    "A ring, where there is one, marks the place of the least margin. Solid yellow: the tumour-side face of a cut; "
    "dotted: the far side of the kerf."
)


def _pathology(case: Case) -> Page:
    told = case.pathology
    rows = [
        ("Report", told.report),
        ("Grade", told.grade),
        ("Review", told.review),
        ("Molecular tests", told.molecular),
    ]
    if not case.stage:
        return Page("Pathology and stage", (Facts([*rows, ("Stage", None)]),))
    stages = [(each.scheme, each.edition, each.value or "not determined", _beside(each.needs)) for each in case.stage]
    unread = [f"{each.scheme}: its table was not verified in the source" for each in case.stage if not each.verified]
    notes = [Note(as_sentence(words)) for words in (*unread, *(note for each in case.stage for note in each.notes))]
    table = Table(("Stage", "Edition", "Value", "Not recorded"), stages)
    return Page("Pathology and stage", (Facts(rows), table, *notes))


def _beside(needs: Sequence[str]) -> str:
    return ", ".join(need.replace("_", " ") for need in needs) or "–"


def _findings(case: Case) -> Bullets:
    return Bullets(tuple(map(as_sentence, case.findings)) or ("None recorded.",), "Findings and limits")


def _opinion(case: Case) -> Page:
    names = [option.name for option in case.options]
    choices = Table(
        ("Option", "Your choice (how sure, 0 to 10)", "Why: what weighs most with you"),
        [(name, "", "") for name in (*names, "Another, namely")],
    )
    asked = Bullets(("What would change your mind?", "What information is missing?"))
    note = Note(
        "Each gives an opinion alone, before the discussion and before what was decided, done and found is shown. "
        "No opinion is shown with a name, and no division of fewer than three."
    )
    return Page("Your own opinion, first", (Headline(as_title(case.question, 160)), choices, asked, note))
