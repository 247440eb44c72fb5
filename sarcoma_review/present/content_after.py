"""The pages that stay closed until the opinions are given."""

from collections.abc import Iterator
from typing import get_args

from sarcoma_review.planning import AchievedReport, MarginReport
from sarcoma_review.planning.achieved import AchievedPlane, Measure
from sarcoma_review.planning.assessment import MarginAssessment
from sarcoma_review.present.afterwards import Afterwards, LearningPoint
from sarcoma_review.present.case import Case
from sarcoma_review.present.content_rules import ewing_afterwards, pathway_afterwards
from sarcoma_review.present.content_tables import imaging_table, picture_pages, timeline_figure, timeline_table
from sarcoma_review.present.content_words import as_sentence, mm_words, or_not_recorded
from sarcoma_review.present.pages import Block, Bullets, Facts, Headline, Note, Page, Table
from sarcoma_review.staging.response import CONVENTIONS, Convention, huvos_grade, response


def after_pages(case: Case) -> Iterator[Page]:
    """Discussion, decision, what was done, outcome and learning points; nothing where the case ends before them."""
    after = case.after
    if after is None:
        yield from ewing_afterwards(case)
        return
    yield Page("Discussion and decision", (_discussion(after), *_decision(after)), "after")
    yield _done(after)
    if after.achieved:
        yield _achieved(after.achieved, _planned(case, after))
    if after.imaging:
        yield Page("Imaging after surgery", (imaging_table(after.imaging),), "after")
    yield from picture_pages("After surgery", after.key_images, part="after")
    yield from pathway_afterwards(case)
    yield from ewing_afterwards(case)
    yield _outcome(after)
    yield _learning(after)


def _discussion(after: Afterwards) -> Block:
    return Bullets(tuple(after.discussion), "Points made") if after.discussion else Facts([("Discussion", None)])


def _decision(after: Afterwards) -> tuple[Block, ...]:
    rows = [("Reached by", after.decided_by), ("Dissent", after.dissent)]
    if not after.decision:
        return (Facts([("Decision", None), *rows]),)
    return Headline(f"Decision made at the time: {after.decision}"), Facts(rows)


def _done(after: Afterwards) -> Page:
    reason = f" ({after.carried_out_reason})" if after.carried_out_reason else ""
    rows = [
        ("What was done", after.done),
        ("Option", after.option),
        ("As decided", f"{after.carried_out}{reason}" if after.carried_out else None),
        *_assessed(after.assessment),
    ]
    percent = after.necrosis_percent
    if percent is None:
        return Page("What was done", (Facts([*rows, ("Necrosis", None)]), _THREE), "after")
    return Page(
        "What was done", (Facts([*rows, ("Necrosis", f"{percent:g} %")]), _readings(percent), _THREE), "after"
    )


_THREE = Note(
    "Margin after Enneking, residual tumour (R) and the distance in mm are three separate records: none is worked "
    "out from another."
)


def _assessed(assessment: MarginAssessment | None) -> list[tuple[str, str | None]]:
    if assessment is None:
        return [("Margin, Enneking", None), ("Residual tumour", None), ("Barrier", None)]
    barriers = "; ".join(f"{where}: {tissue}" for where, tissue in assessment.barriers.items())
    by = f", by {assessment.basis}"
    return [
        ("Margin, Enneking", assessment.enneking and f"{assessment.enneking}{by}"),
        ("Residual tumour", assessment.residual and f"{assessment.residual}{by}"),
        ("Barrier", barriers or None),
    ]


def _readings(necrosis_percent: float) -> Table:
    """One number by each convention: at 90 % they disagree."""
    rows = [("Huvos grade", huvos_grade(necrosis_percent).value or "–")]
    readings: tuple[Convention, ...] = get_args(Convention)
    rows += [(CONVENTIONS[each][0], response(necrosis_percent, convention=each).value or "–") for each in readings]
    return Table(("Convention", "Reads the necrosis as"), rows, "The same number, by each convention")


def _planned(case: Case, after: Afterwards) -> MarginReport | None:
    return next((option.margins for option in case.options if option.name == after.option), None)


def _achieved(report: AchievedReport, planned: MarginReport | None) -> Page:
    """Planned beside achieved, face by face; where no cut was found that is said."""
    margins = {row.name: mm_words(row.margin_mm, row.interval_mm) for row in planned.planes} if planned else {}
    head = (
        "Face", "Planned margin, mm (95 %)", "Cut from the plan, mean mm (95 %)", "Turned by, degrees (95 %)",
        "Margin gained or lost, mm (95 %)",
    )  # fmt: skip
    rows = [_cut(each, margins.get(each.name, "–")) for each in report.planes]
    found = {each.name for each in report.planes}
    rows += [(name, margin, "no cut found", "–", "–") for name, margin in margins.items() if name not in found]
    sign = Note("Below 0: toward the tumour. Distances are along the planned normal.")
    limits = [Note(as_sentence(words)) for words in report.findings]
    return Page("Planned and achieved", (Table(head, rows), sign, *limits), "after")


def _cut(each: AchievedPlane, planned: str) -> tuple[str, ...]:
    return (
        each.name,
        planned,
        _signed(each.deviation_mean_mm),
        _unsigned(each.angle_deg),
        _signed(each.margin_error_mm),
    )


def _signed(measure: Measure | None) -> str:
    if measure is None:
        return "not measured"
    low, high = measure.interval
    return f"{measure.value:+.1f} ({low:+.1f} to {high:+.1f})".replace("-", "−")


def _unsigned(measure: Measure) -> str:
    return mm_words(measure.value, measure.interval)


def _outcome(after: Afterwards) -> Page:
    told = Facts([("Outcome", after.outcome)])
    if not after.follow_up:
        return Page("Outcome", (told,), "after")
    drawn = timeline_figure(after.follow_up)
    return Page("Outcome", (told, *drawn, timeline_table(after.follow_up, "Follow-up")), "after")


def _learning(after: Afterwards) -> Page:
    if not after.learning:
        return Page("Learning points", (Facts([("Learning points", None)]),), "after")
    table = Table(
        ("What the system teaches", "Action", "Owner (role)", "Looked at again"),
        [_row(each) for each in after.learning],
    )
    return Page(
        "Learning points and actions",
        (table, Note("For learning; not for appraisal, complaint or litigation.")),
        "after",
    )


def _row(each: LearningPoint) -> tuple[str, ...]:
    again = f"{each.review_on.day} {each.review_on:%B %Y}" if each.review_on else None
    return each.point, or_not_recorded(each.action), or_not_recorded(each.owner_role), or_not_recorded(again)
