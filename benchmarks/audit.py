"""The audit that a batch is measured on: the sample patient's margins to the planes that are drawn for it."""

import json
from pathlib import Path

from sarcoma_review.dicom import open_study

SAMPLE = Path(__file__).parents[1] / "sample_dicom" / "distal_femur_osteosarcoma"


def write_plans(home: Path) -> Path:
    """The planes, as a batch takes them."""
    truth = json.loads((SAMPLE / "truth.json").read_text("utf-8"))
    plans = home / "plans.json"
    case_id = open_study(SAMPLE / "dicom").pseudonym
    plans.write_text(json.dumps({case_id: {"planes": truth["planes"]}}), encoding="utf-8")
    return plans
