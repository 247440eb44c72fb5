"""A study as a case to be presented: its images, its outlines, and the plan that is stored for it."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from sarcoma_review.batch.plans import Measured, measured
from sarcoma_review.batch.tasks import Options
from sarcoma_review.dicom.study import Study
from sarcoma_review.errors import PlanError
from sarcoma_review.present import Case, KeyImage, key_images, slice_image
from sarcoma_review.present.case import Option
from sarcoma_review.volume import Segment, Volume

_QUESTION = "For discussion: the outline, and the plan where one is stored."


def case_of(study: Study, options: Options) -> Case:
    """Make the case: what nobody recorded is shown as not recorded.

    Parameters
    ----------
    study : Study
    options : Options
        With the day of preparation; `Options.plans` may hold the case's plan.

    Raises
    ------
    SarcomaReviewError
        If the study has no such outline, or its plan cannot be measured.
    """
    assert options.on is not None
    tumour = study.segment(options.segment)
    volume = study.carrier(tumour)
    known, said = _measured(study, options)
    beside = [each for each in study.segments if each is not tumour]
    shown = [tumour, *(each for each in beside if each.mask.grid.same_as(tumour.mask.grid))]
    return Case(
        case_id=study.pseudonym,
        question=_QUESTION,
        prepared_on=options.on,
        imaging=study.volumes,
        segments=[tumour, *beside],
        key_images=_pictures(volume, shown, known),
        options=[] if known is None else [Option("stored plan", known.plan, known.report)],
        findings=[*said, *tumour.findings, *study.issues],
    )


def _measured(study: Study, options: Options) -> tuple[Measured | None, Sequence[str]]:
    """What was measured of the stored plan, if there is one; and what is to be said of it."""
    if options.plans is None:
        return None, ()
    try:
        known = measured(study, options.segment, Path(options.plans))
    except PlanError as problem:
        return None, (str(problem),)
    return known, known.report.findings


def _pictures(volume: Volume, shown: Sequence[Segment], known: Measured | None) -> Sequence[KeyImage]:
    """Through the least margin; without a plan through the middle of the tumour."""
    window = "soft tissue" if volume.modality == "CT" else "auto"
    if known is not None:
        return key_images(volume, known.report, segments=shown, planes=known.plan.planes, window=window)
    middle = volume.position_mm(np.argwhere(shown[0].mask.array).mean(axis=0))
    return [
        slice_image(volume, view, middle, segments=shown, window=window) for view in ("axial", "coronal", "sagittal")
    ]
