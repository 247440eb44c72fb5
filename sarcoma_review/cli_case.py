"""The commands ``case`` and ``margins``: what was prepared of one case, in words and in mm."""

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from sarcoma_review.present import Case

Home = Annotated[Path, typer.Option(readable=False, help="The folder of all cases that the workbench keeps.")]
Json = Annotated[bool, typer.Option("--json", help="For a program to read.")]

# Imports stand inside the commands, so that --help answers at once.


def prepared(study: Path, home: Path) -> "Case":
    """A case as it was prepared at the workbench.

    Raises
    ------
    SarcomaReviewError
        Whatever keeps the study shut, or keeps the case from being presented.
    """
    from sarcoma_review.dicom import open_study
    from sarcoma_review.workbench import review

    bench = review(open_study(study), home=home)
    return bench.case.case


def case(
    study: Annotated[Path, typer.Argument(readable=False, help="The case's de-identified images.")],
    home: Home = Path("cases"),
    as_json: Json = False,
) -> int:
    """Say what is prepared of a case, page by page. Exit 1 where something it asks for is not recorded."""
    from sarcoma_review.present.content import pages
    from sarcoma_review.present.pages import Facts

    made = prepared(study, home)
    found = pages(made)
    told = [row for page in found for block in page.blocks if isinstance(block, Facts) for row in block.rows]
    missing = [*([] if made.question.strip() else ["Question"]), *(name for name, value in told if value is None)]
    titles = [page.title for page in found]
    if as_json:
        print(json.dumps({"case": made.case_id, "pages": titles, "not_recorded": missing}, indent=1))
    else:
        print(f"case {made.case_id}: {len(titles)} page(s)", *titles, sep="\n  ")
        print(f"not recorded: {', '.join(missing) or 'nothing'}")
    return 1 if missing else 0


def margins(
    study: Annotated[Path, typer.Argument(readable=False, help="A de-identified study with its outlines.")],
    plans: Annotated[Path, typer.Option(readable=False, help="A registry, or a .json of planes by pseudonym.")],
    segment: Annotated[str, typer.Option(help="Name of the tumour's outline in the study.")] = "tumour",
    as_json: Json = False,
) -> None:
    """Measure the outline of a study to the plan that is stored for its case, with 95 % intervals."""
    from sarcoma_review.batch.plans import measured, write_plans
    from sarcoma_review.dicom import open_study

    with tempfile.TemporaryDirectory() as scratch:
        stored = plans if plans.suffix == ".json" else Path(scratch, "plans.json")
        if stored is not plans:
            write_plans(plans, stored)
        report = measured(open_study(study), segment, stored).report
    rows = [{"plane": row.name, "margin_mm": row.margin_mm, "interval_mm": row.interval_mm} for row in report.planes]
    if as_json:
        found: dict[str, Any] = {"minimum_mm": report.minimum_mm, "interval_mm": report.interval_mm, "planes": rows}
        print(json.dumps(found | {"findings": report.findings}, indent=1))
        return
    for row in report.planes:
        low, high = row.interval_mm
        print(f"{row.name}: {row.margin_mm:.1f} mm (95 % interval {low:.1f} to {high:.1f} mm)")
    low, high = report.interval_mm
    print(f"least: {report.minimum_mm:.1f} mm (95 % interval {low:.1f} to {high:.1f} mm), {report.closest.name}")
    print(*(f"finding: {finding}" for finding in report.findings), sep="\n")
