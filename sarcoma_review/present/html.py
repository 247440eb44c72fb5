"""One self-contained HTML deck: it opens from a USB stick, asks nothing of any server, and prints."""

import base64
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from sarcoma_review.errors import PresentationError
from sarcoma_review.planning import BoneResection, MarginAssessment, MarginReport, ResectionPlan, StructureDistance
from sarcoma_review.planning.uncertainty import PUBLISHED_EXECUTION
from sarcoma_review.present.case import NOT_RECORDED, Case
from sarcoma_review.present.leaving import require_export
from sarcoma_review.privacy.text import PURPOSE

_FATES = {"kept": "stays", "cut": "is cut", "removed": "taken whole"}


def write(case: Case, path: str | Path) -> Path:
    """Write the deck of a case.

    Parameters
    ----------
    case : Case
    path : path-like
        Ending in ``.html``. The folder must exist; a deck that stands there is replaced at once or not at all.

    Returns
    -------
    Path

    Raises
    ------
    PresentationError
        If the ending is another, the folder is not there, or the case has no question.
    PrivacyError
        If any volume did not come through the privacy gate, or may show a face.
    """
    place = Path(path)
    if place.suffix != ".html":
        raise PresentationError(f"this version writes decks as .html, found {place.suffix or 'no ending'!r}")
    if not place.parent.is_dir():
        raise PresentationError("the folder for the deck does not exist; make it first")
    text = render(case)
    part = place.with_suffix(".part")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(place)
    finally:
        part.unlink(missing_ok=True)
    return place


def render(case: Case) -> str:
    """The deck as text, the same for the same case every time.

    Raises
    ------
    PresentationError
        If the case has no question.
    PrivacyError
        If any volume did not come through the privacy gate, or may show a face.
    """
    if not case.question.strip():
        raise PresentationError("a case is presented with a question to the meeting; found none")
    for volume in case.imaging:
        require_export(volume, "A deck")
    pages = Environment(
        loader=PackageLoader("sarcoma_review.present"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    return pages.get_template("deck.html.jinja").render(
        case=case,
        purpose=PURPOSE,
        not_recorded=NOT_RECORDED,
        images=[(base64.b64encode(image.png).decode(), image) for image in case.key_images],
        margins=_margins(case.margins, case.plan),
        rules=[{"result": result, "words": result.status.words} for result in case.rule_results],
    )


def _margins(report: MarginReport | None, plan: ResectionPlan | None) -> dict[str, Any] | None:
    """The margin table: each plane with its interval, and where it lies on a ruler from -5 to 30 mm."""
    if report is None or plan is None:
        return None
    kerfs = {plane.name: plane.kerf_mm for plane in plan.planes}
    rows = [
        {
            "name": row.name,
            "margin": f"{row.margin_mm:.1f}",
            "low": f"{row.interval_mm[0]:.1f}",
            "high": f"{row.interval_mm[1]:.1f}",
            "kerf": f"{kerfs[row.name]:g}" if row.name in kerfs else "–",
            "closest": row is report.closest,
            "bar": (_ruler(row.interval_mm[0]), _ruler(row.interval_mm[1]), _ruler(row.margin_mm)),
        }
        for row in report.planes
    ]
    low, high = report.interval_mm
    return {
        "rows": rows,
        "minimum": f"{report.minimum_mm:.1f}",
        "low": f"{low:.1f}",
        "high": f"{high:.1f}",
        "position": position_words(report),
        "fractions": [(mm, f"{100 * report.area_fraction_below(mm):.0f} %") for mm in (0, 1, 5, 10, 20)],
        "chances": [(mm, percent(report.probability_below(mm))) for mm in (0, 1, 5)],
        "saws": _saws(report),
        "structures": [_structure(each) for each in report.structures],
        "bone": bone_words(report.bone) if report.bone else None,
        "beside": (report.assessment or MarginAssessment("imaging")).words,
        "basis": report.assessment.basis if report.assessment else None,
        "ticks": [(mm, _ruler(mm)) for mm in (0, 5, 10, 15, 20, 25)],
    }


def _saws(report: MarginReport) -> list[dict[str, Any]]:
    """The least margin with the error of published cuts, where the report holds none of its own."""
    if report.uncertainty and report.uncertainty.execution_sd_mm:
        return []
    rows = []
    for name, published in PUBLISHED_EXECUTION.items():
        sawn = report.with_saw(published.sd_mm)
        low, high = sawn.interval_mm
        interval = f"{low:.1f} to {high:.1f}"
        chances = [percent(sawn.probability_below(mm)) for mm in (0, 1, 5)]
        source = f"{published.source}: {published.location_mm:g} mm, {published.cuts}"
        rows.append({"name": name, "interval": interval, "chances": chances, "source": source})
    return rows


def _structure(each: StructureDistance) -> dict[str, str]:
    low, high = each.tumour_interval_mm
    plane = "–"
    if each.plane_distance_mm is not None and each.plane_interval_mm is not None:
        ends = each.plane_interval_mm
        plane = f"{each.plane_distance_mm:.1f} ({ends[0]:.1f} to {ends[1]:.1f})"
    tumour = f"{each.tumour_distance_mm:.1f} ({low:.1f} to {high:.1f})"
    return {"name": each.name, "fate": _FATES[each.fate], "tumour": tumour, "plane": plane}


def bone_words(bone: BoneResection) -> str:
    """What a plan takes of a bone, and leaves, in one line."""
    return (
        f"{bone.length_resected_mm:.0f} mm and {bone.resected_ml:.0f} ml of bone taken, "
        f"{bone.length_kept_mm:.0f} mm and {bone.kept_ml:.0f} ml left within the image "
        f"(lengths to {bone.length_error_mm:.1f} mm, along the bone's axis)"
    )


def _ruler(margin_mm: float) -> float:
    return round(min(max((margin_mm + 5.0) / 35.0, 0.0), 1.0) * 100.0, 2)


def percent(probability: float) -> str:
    """A probability as a surgeon reads it: nothing under 1 % or over 99 % is spelt out.

    Examples
    --------
    >>> percent(0.0004), percent(0.5), percent(0.9999)
    ('under 1 %', '50 %', 'over 99 %')
    """
    if probability < 0.01:
        return "under 1 %"
    return "over 99 %" if probability > 0.99 else f"{100 * probability:.0f} %"


def position_words(report: MarginReport) -> str:
    """The place of the least margin: LPS in mm, each number with its letter.

    Letters follow DICOM: L and R are the patient's own left and right of the scanner's origin.
    """
    pairs = (("R", "L"), ("A", "P"), ("I", "S"))
    return ", ".join(
        f"{letters[int(mm >= 0)]} {abs(mm):.1f}"
        for letters, mm in zip(pairs, report.minimum_position_mm, strict=True)
    )
