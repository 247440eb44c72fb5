"""The pages of the options: side by side, and each with its planned margin per face."""

from collections.abc import Iterator, Sequence

from sarcoma_review.planning import BoneResection, MarginAssessment, MarginReport, ResectionPlan, StructureDistance
from sarcoma_review.planning.uncertainty import PUBLISHED_EXECUTION
from sarcoma_review.present.case import Case, Option
from sarcoma_review.present.content_words import as_title, interval_words, mm_words, number_words, percent
from sarcoma_review.present.pages import NOT_RECORDED, Block, Facts, Headline, Interval, Note, Page, Pictures, Table
from sarcoma_review.present.plan_figure import margin_share_figure, plan_figure
from sarcoma_review.volume import LETTERS

_FATES = {"kept": "stays", "cut": "is cut", "removed": "taken whole"}
_ABREAST = 3  # options in one table
_SHARES_MM, _CHANCES_MM = (0, 1, 5, 10, 20), (0, 1, 5)
_NO_MARGIN = "no margin measured"
_LIMIT = Note(
    "Distances measured on images, in mm, from the tumour outline to each plane. They are not a class of margin "
    "(Enneking) and say nothing of residual tumour (R)."
)


def option_pages(case: Case, *below: Block) -> Iterator[Page]:
    """The options with what speaks for and against each, `below` them, and their margins side by side."""
    if not case.options:
        yield Page("Options for discussion", (Facts([("Options", None)]), *below))
        return
    rows = [(option.name, _reasons(option.for_), _reasons(option.against), _least(option)) for option in case.options]
    alone = (Note("One option is recorded; a discussion weighs two or more."),) if len(rows) == 1 else ()
    head = ("Option", "For", "Against", "Least planned margin, mm (95 % interval)")
    yield Page("Options for discussion", (Table(head, rows), *alone, *below))
    yield from _drawn(case.options)
    for first in range(0, len(rows), _ABREAST) if len(rows) > 1 else ():
        yield from _side_by_side(case.options[first : first + _ABREAST])


def _drawn(options: Sequence[Option]) -> Iterator[Page]:
    """Two or more plans on one ruler."""
    reports = [(option.name, option.margins) for option in options if option.margins]
    for first in range(0, len(reports), _ABREAST) if len(reports) > 1 else ():
        figure = plan_figure(dict(reports[first : first + _ABREAST]))
        yield Page("Margins on one ruler", (Pictures([figure], figure=True), _LIMIT))


def margin_pages(option: Option) -> Iterator[Page]:
    """The planned margin of one option, face by face, and the structures near its cuts."""
    report, plan = option.margins, option.plan
    if report is None or plan is None:
        return
    name = as_title(option.name)
    yield Page(f"Planned margin: {name}", (_headline(report), _faces(report, plan), *_limits(report)))
    near, sure = _table("Tumour surface nearer to a cut than", _shares(report)), _table(_CHANCE, _chances(report))
    bands = Pictures([margin_share_figure({option.name: report})], figure=True)
    yield Page(f"How near, how sure: {name}", (bands, near, sure, *_saws(report), _LIMIT))
    if report.structures:
        head = ("Structure", "In this plan", "To the tumour, mm (95 % interval)", "To the nearest plane, mm (95 %)")
        note = Note("Distances between outlines, in mm. They say nothing of what can be lifted out of the way.")
        rows = [_structure(each) for each in report.structures]
        yield Page(f"Structures near the cuts: {name}", (Table(head, rows), note))


_CHANCE = "Chance that the least margin is below"


def _reasons(reasons: Sequence[str]) -> str:
    return "; ".join(reasons) or NOT_RECORDED


def _least(option: Option) -> str:
    return mm_words(option.margins.minimum_mm, option.margins.interval_mm) if option.margins else _NO_MARGIN


def _side_by_side(options: Sequence[Option]) -> Iterator[Page]:
    reports = [option.margins for option in options]
    if not any(reports):
        return
    faces = list(dict.fromkeys(row.name for report in reports if report for row in report.planes))
    near = list(dict.fromkeys(each.name for report in reports if report for each in report.structures))
    rows = [("Least margin", *(_least(option) for option in options))]
    rows += [(face, *(_face(report, face) for report in reports)) for face in faces]
    rows += [(f"Chance below {mm} mm", *(_chance(report, mm) for report in reports)) for mm in _CHANCES_MM]
    rows += [(f"To {name}", *(_distance(report, name) for report in reports)) for name in near]
    table = Table(("mm (95 % interval)", *(as_title(option.name) for option in options)), rows, strong=frozenset({0}))
    yield Page("The options side by side", (table, _LIMIT))


def _face(report: MarginReport | None, face: str) -> str:
    found = [row for row in report.planes if row.name == face] if report else []
    return mm_words(found[0].margin_mm, found[0].interval_mm) if found else "–"


def _chance(report: MarginReport | None, limit_mm: float) -> str:
    return percent(report.probability_below(limit_mm)) if report else "–"


def _distance(report: MarginReport | None, name: str) -> str:
    found = [each for each in report.structures if each.name == name] if report else []
    if not found:
        return "–"
    each = found[0]
    return f"{mm_words(each.tumour_distance_mm, each.tumour_interval_mm)} from the tumour; {_FATES[each.fate]}"


def _headline(report: MarginReport) -> Headline:
    least = number_words(report.minimum_mm)
    return Headline(f"Least: {least} mm (95 % interval {interval_words(report.interval_mm)} mm)")


def _faces(report: MarginReport, plan: ResectionPlan) -> Table:
    kerfs = {plane.name: f"{plane.kerf_mm:g}" for plane in plan.planes}
    closest = next(n for n, row in enumerate(report.planes) if row is report.closest)
    rows = [
        (
            f"{row.name} (closest)" if n == closest else row.name,
            number_words(row.margin_mm),
            interval_words(row.interval_mm),
            kerfs.get(row.name, "–"),
        )
        for n, row in enumerate(report.planes)
    ]
    rulers = [Interval(row.interval_mm[0], row.margin_mm, row.interval_mm[1]) for row in report.planes]
    head = ("Face", "Margin, mm", "95 % interval, mm", "Kerf, mm")
    return Table(head, rows, strong=frozenset({closest}), rulers=rulers)


def _limits(report: MarginReport) -> tuple[Block, ...]:
    beside = report.assessment or MarginAssessment("imaging")
    basis = f" (by {beside.basis})" if report.assessment else ""
    notes = [f"The least margin lies at {position_words(report)} mm."]
    notes += [f"{bone_words(report.bone)}."] if report.bone else []
    notes += [f"Recorded beside the distance{basis}: {'; '.join(beside.words)}."]
    return (*(Note(text) for text in notes), _LIMIT)


def _table(heading: str, cells: Sequence[tuple[str, str]]) -> Table:
    return Table([name for name, _ in cells], [[value for _, value in cells]], heading)


def _shares(report: MarginReport) -> list[tuple[str, str]]:
    return [(f"{mm} mm", f"{100 * report.area_fraction_below(mm):.0f} %") for mm in _SHARES_MM]


def _chances(report: MarginReport) -> list[tuple[str, str]]:
    return [(f"{mm} mm", percent(report.probability_below(mm))) for mm in _CHANCES_MM]


def _saws(report: MarginReport) -> tuple[Block, ...]:
    """The least margin with the error of published cuts, where the report holds none of its own."""
    if report.uncertainty and report.uncertainty.execution_sd_mm:
        return ()
    rows = []
    for name, published in PUBLISHED_EXECUTION.items():
        sawn = report.with_saw(published.sd_mm)
        source = f"{published.source}: {published.location_mm:g} mm, {published.cuts}"
        rows.append((name, interval_words(sawn.interval_mm), *(value for _, value in _chances(sawn)), source))
    chances = (f"Below {mm} mm" for mm in _CHANCES_MM)
    head = ("Cut made", "95 % interval of the least margin, mm", *chances, "Published distance from plan to cut")
    return (Table(head, rows, "The same, with the error that published series found in the cut itself", dense=True),)


def _structure(each: StructureDistance) -> tuple[str, ...]:
    plane = "–"
    if each.plane_distance_mm is not None and each.plane_interval_mm is not None:
        plane = mm_words(each.plane_distance_mm, each.plane_interval_mm)
    return each.name, _FATES[each.fate], mm_words(each.tumour_distance_mm, each.tumour_interval_mm), plane


def bone_words(bone: BoneResection) -> str:
    """What a plan takes of a bone, and leaves, in one line."""
    return (
        f"{bone.length_resected_mm:.0f} mm and {bone.resected_ml:.0f} ml of bone taken, "
        f"{bone.length_kept_mm:.0f} mm and {bone.kept_ml:.0f} ml left within the image "
        f"(lengths to {bone.length_error_mm:.1f} mm, along the bone's axis)"
    )


def position_words(report: MarginReport) -> str:
    """The place of the least margin: LPS in mm, each number with its letter.

    Letters follow DICOM: L and R are the patient's own left and right of the scanner's origin.
    """
    return ", ".join(
        f"{letters[int(mm >= 0)]} {abs(mm):.1f}"
        for letters, mm in zip(LETTERS, report.minimum_position_mm, strict=True)
    )
