"""An invented case with something on every page, and one whose every text is hostile."""

import dataclasses
from dataclasses import replace
from datetime import date
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sarcoma_review.pathways import evaluate, load_pathway
from sarcoma_review.pathways.ewing import EwingLocalTherapy
from sarcoma_review.planning import Plane, ResectionPlan, TumourSurface, resection_margins
from sarcoma_review.planning.achieved import AchievedPlane, AchievedReport, Measure
from sarcoma_review.planning.assessment import MarginAssessment
from sarcoma_review.present import Afterwards, Case, Event, KeyImage, LearningPoint, Option, Pathology, key_images
from sarcoma_review.staging import malignant_stage
from sarcoma_review.volume import Segment, Volume

TODAY = date(2026, 11, 22)
SHORT, LONG = "Spares the joint", "Takes the joint"
HOSTILE = (
    "<script>document.title='owned'</script> </script><!-- {{ 7 * 7 }} ]]> &lt;b&gt; \"quoted\" 'single' "
    "#( =cmd|' /C calc'!A0 "
    "\u05e9\u05dc\u05d5\u05dd \u202eright to left \U0001f9b4 \x00 e\u0301 \u2028"
)
ENDLESS = "x" * 10_000


def ball(radius: float, shape: tuple[int, int, int] = (30, 40, 40)) -> NDArray[np.bool_]:
    """A ball round (15, 20, 20)."""
    z, y, x = np.mgrid[: shape[0], : shape[1], : shape[2]]
    inside: NDArray[np.bool_] = (x - 20.0) ** 2 + (y - 20.0) ** 2 + (z - 15.0) ** 2 < radius**2
    return inside


def volume(modality: str = "CT", description: str = "planning") -> Volume:
    """A bright ball in 30 slices of 1 mm."""
    noise = np.random.default_rng(0).normal(0, 9, (30, 40, 40))
    values = np.where(ball(9), 80, 20) + noise
    return Volume(
        values.astype(np.int16), np.eye(4)[[2, 1, 0, 3]], modality=modality, description=description,
        units="HU" if modality == "CT" else "",
    )  # fmt: skip


@cache
def before_case() -> Case:
    """All that is known before the opinions."""
    ct = volume()
    tumour, vessel = (
        Segment(name, replace(ct, array=mask)) for name, mask in (("tumour", ball(9)), ("vessel", _vessel()))
    )
    short, long = (_option(name, shift, tumour, vessel) for name, shift in ((SHORT, 0.0), (LONG, 5.0)))
    assert short.plan is not None
    assert short.margins is not None
    pathway = load_pathway("lsesn-spinal-2024")
    return Case(
        "SR-A",
        "Which planes, and why?",
        TODAY,
        age_band="20-24",
        sex="female",
        site="distal femur",
        side="left",
        diagnosis="conventional osteosarcoma",
        history="Pain for six weeks.",
        timeline=[Event("First pain", -6), Event("Biopsy", 0), Event("Chemotherapy", 1.5), Event("Physiotherapy")],
        performance_status="WHO 1",
        comorbidity="none found",
        patient_views="Wants to run again.",
        psychosocial="Lives with her parents.",
        imaging=[volume("MR", "first"), volume("MR", "after chemotherapy"), ct],
        segments=[tumour, vessel],
        key_images=key_images(ct, short.margins, segments=[tumour], planes=short.plan.planes) * 2,
        pathology=Pathology("Osteosarcoma, osteoblastic", "high grade", "reviewed by a specialist", "none done"),
        stage=[malignant_stage(high_grade=True, extracompartmental=True)],
        options=[short, long, Option("Rotationplasty", for_=["no endoprosthesis"], against="appearance")],
        pathway=pathway,
        rule_results=evaluate(pathway, {"network": "LSESN", "adult": True, "status": "suspected"}, on=TODAY),
        ewing=EwingLocalTherapy(
            site="pelvis", volume_ml=240, necrosis_percent=85, panel_view="Surgery, then radiotherapy."
        ),
        findings=short.margins.findings,
    )


@cache
def whole_case() -> Case:
    """The same with what came after."""
    return replace(before_case(), after=_after())


def _after() -> Afterwards:
    return Afterwards(
        discussion=["The vessel can be lifted off.", "Two centres would take the joint."],
        decision="Spare the joint.",
        decided_by="majority",
        dissent="One in three preferred the longer cut.",
        done="Resection with a guide.",
        option=SHORT,
        carried_out="partial",
        carried_out_reason="the back cut was moved for the vessel",
        achieved=AchievedReport((_cut(),), ("no cut was found near plane 'back'",)),
        assessment=MarginAssessment("histology", enneking="marginal", residual="R0", barriers={"back": "fascia"}),
        necrosis_percent=90,
        outcome="Alive, walks without a stick.",
        follow_up=[Event("No recurrence on MRI", 52)],
        imaging=[volume("CT", "after surgery")],
        key_images=before_case().key_images[:1],
        learning=[
            LearningPoint("The MRI was old at surgery.", "Book it with the theatre.", "MDT lead", date(2027, 3, 1))
        ],
    )


def hostile_case(text: str) -> Case:
    """The whole case with the same text wherever somebody may write."""
    case: Case = _written(before_case(), text)
    after: Afterwards = _written(replace(_after(), option=None), text)
    options = [replace(option, name=f"{number} {text}") for number, option in enumerate(case.options)]
    return replace(case, options=options, after=replace(after, option=options[0].name))


_CLOSED = {"purpose", "decided_by", "carried_out", "case_id"}
_TAKEN_APART = (Case, Afterwards, Event, LearningPoint, Option, Pathology, KeyImage, Segment, EwingLocalTherapy)


def _written(value: Any, text: str) -> Any:
    """A value with another text for each of its texts, but for those of a closed list."""
    if isinstance(value, str):
        return text
    if isinstance(value, list | tuple):
        return [_written(each, text) for each in value]
    if not isinstance(value, _TAKEN_APART):
        return value
    changed = {
        field.name: _written(getattr(value, field.name), text)
        for field in dataclasses.fields(value)
        if field.name not in _CLOSED and not (isinstance(value, Option) and field.name == "name")
    }
    return replace(value, **changed)


def _vessel() -> NDArray[np.bool_]:
    _, y, x = np.mgrid[:30, :40, :40]
    inside: NDArray[np.bool_] = (x - 20.0) ** 2 + (y - 33.0) ** 2 < 4
    return inside


def _option(name: str, shift: float, tumour: Segment, vessel: Segment) -> Option:
    plan = ResectionPlan(
        [
            Plane((20, 20, 28 + shift), (0, 0.1, 1), name="proximal"),
            Plane((20, 31 + shift, 15), (0, 1, 0), name="back"),
        ]
    )
    report = resection_margins(TumourSurface.from_mask(tumour.mask), plan, structures={"vessel": vessel})
    return Option(name, plan, report, ["for one reason", "for another"], ["against"])


def _cut() -> AchievedPlane:
    named = {field.name: Measure(-1.0, -1.2, (-2.0, 0.1)) for field in dataclasses.fields(AchievedPlane)[3:]}
    return AchievedPlane("proximal", Plane((20, 20, 27), (0, 0.1, 1), name="proximal"), 900, **named)
