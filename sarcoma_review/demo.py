"""The first walk: one case from DICOM to a deck, through every part."""

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from sarcoma_review.dicom.container import Progress
from sarcoma_review.dicom.study import Study, open_study
from sarcoma_review.errors import NotDeidentifiedError, RegistryError
from sarcoma_review.pathways import RuleResult, Status, evaluate, load_pathway
from sarcoma_review.pathways.condition import Value
from sarcoma_review.planning import MarginReport, Plane, ResectionPlan, TumourSurface, resection_margins
from sarcoma_review.present import Afterwards, Case, Event, LearningPoint, Option, Pathology, key_images, write
from sarcoma_review.present.content_margins import bone_words, position_words
from sarcoma_review.privacy import deidentify
from sarcoma_review.registry import CaseOpened, ImagingReference, MarginPlan, Registry
from sarcoma_review.registry.planned import margin_plan
from sarcoma_review.staging import malignant_stage
from sarcoma_review.volume import Segment, Volume

PATHWAY = "lsesn-spinal-2024"
SAMPLE = "distal_femur_osteosarcoma"
SAMPLE_FACTS: Mapping[str, Value] = {
    "network": "LSESN",
    "adult": True,
    "emergency": False,
    "status": "confirmed",
    "site": "other",
    "tissue": "bone",
    "referred_to_specialist_centre": True,
    "surgery": True,
    "pathology_available": True,
}
Say = Callable[[str], None]


@dataclass(frozen=True)
class Walk:
    """What the walk found.

    Parameters
    ----------
    study : Study
    report : MarginReport
    results : list of RuleResult
    truth : mapping of str to float
        Margins known in closed form, by plane; empty for a real study.
    case : Case
    deck : Path
    """

    study: Study
    report: MarginReport
    results: list[RuleResult]
    truth: Mapping[str, float]
    case: Case
    deck: Path


@dataclass(frozen=True)
class _Input:
    """What is known of the case besides its images."""

    case_id: str = ""
    planes: tuple[Plane, ...] = ()
    bone: str = ""
    truth: Mapping[str, float] = field(default_factory=dict)
    facts: Mapping[str, Value] = field(default_factory=dict)


def walk(folder: Path, out: Path, *, segment: str, today: date, say: Say, progress: Progress | None = None) -> Walk:
    """Take one study from the gate to the deck, saying each step.

    A study that the gate does not let in is de-identified into a temporary folder first; its key is thrown away.

    Parameters
    ----------
    folder : Path
        DICOM files, or a patient of ``sample_dicom/``.
    out : Path
        Folder for deck and registry; made where it is not there.
    segment : str
        Name of the tumour's outline.
    today : date
    say : callable
        Called with each line of findings.
    progress : callable, optional
        Called with files done and files in all.

    Raises
    ------
    SarcomaReviewError
        Whatever stops the walk, in one line. Nothing is written then.
    """
    known = _known(folder, say)
    with _opened(folder, say, progress) as study:
        tumour = study.segment(segment)
        volume = study.carrier(tumour)
        _say_study(study, volume, say)
        surface = TumourSurface.from_mask(tumour.mask)
        plan = ResectionPlan(known.planes or _two_planes(surface))
        report = resection_margins(surface, plan, bone=_bone(study, known, tumour))
        _say_margins(report, known.truth, say)
        pathway = load_pathway(PATHWAY)
        results = evaluate(pathway, known.facts, on=today)
        _say_rules(results, say)
        case = Case(
            case_id=known.case_id or study.pseudonym,
            question="Do these planes clear the outline?",
            prepared_on=today,
            imaging=study.volumes,
            segments=[tumour, *(other for other in study.segments if other is not tumour)],
            key_images=key_images(
                volume, report, segments=_beside(study, tumour), planes=plan.planes, window=_window(volume)
            ),
            options=[Option("The planes as drawn", plan, report)],
            pathway=pathway,
            rule_results=results,
            findings=_findings(study, tumour, report),
        )
        if known.case_id == SAMPLE:
            case = _told(case, surface, _bone(study, known, tumour))
    _require_own_case(out / "registry.sqlite", case, study)
    out.mkdir(parents=True, exist_ok=True)
    deck = write(case, out / f"{case.case_id}.html")
    _record(out / "registry.sqlite", case, study, margin_plan(plan, report, segment), say)
    say(f"deck       {deck}")
    return Walk(study, report, results, known.truth, case, deck)


def sample_case(folder: Path, today: date) -> Case:
    """The sample patient's case, ready to be presented.

    Parameters
    ----------
    folder : Path
        The patient of ``sample_dicom/``.
    today : date
    """
    with tempfile.TemporaryDirectory() as scratch:
        return walk(folder, Path(scratch), segment="tumour", today=today, say=lambda _: None).case


def _known(folder: Path, say: Say) -> _Input:
    """What the sample patient's truth says; of any other folder nothing is believed but its images."""
    truth_file = folder / "truth.json"
    if not truth_file.exists():
        return _Input()
    try:
        truth: dict[str, Any] = json.loads(truth_file.read_text(encoding="utf-8"))
        if truth["case_id"] != SAMPLE:
            raise KeyError("case_id")
        planes = tuple(
            Plane(p["point_mm"], p["normal"], name=p["name"], kerf_mm=p["kerf_mm"]) for p in truth["planes"]
        )
        margins = {str(p["name"]): float(p["margin_mm"]) for p in truth["planes"]}
    except (ValueError, KeyError, TypeError):
        say("truth      a truth.json is there that is not the sample patient's; left aside")
        return _Input()
    return _Input(SAMPLE, planes, bone="femur", truth=margins, facts=SAMPLE_FACTS)


@contextmanager
def _opened(folder: Path, say: Say, progress: Progress | None) -> Iterator[Study]:
    """The study itself where the gate is open; else a cleaned copy that lives as long as the walk."""
    try:
        study = open_study(folder, progress=progress)
        say("gate       open: nothing found that names a patient")
        yield study
        return
    except NotDeidentifiedError as problem:
        reason = str(problem).splitlines()[0]
    with tempfile.TemporaryDirectory() as scratch:
        clean = Path(scratch, "clean")
        done = deidentify(folder, clean, key_file=Path(scratch, "case.key"), progress=progress)
        if not done.written:
            raise NotDeidentifiedError("no file of the study can be released; run check to see why")
        say(f"gate       shut: {reason}")
        say("           de-identified into a temporary folder, its key thrown away")
        for _, why in done.withheld:
            say(f"           left out: one file, {why}")
        yield open_study(clean)


def _beside(study: Study, tumour: Segment) -> list[Segment]:
    """The tumour first, then what else is outlined on the same voxels."""
    others = (other for other in study.segments if other is not tumour)
    return [tumour, *(other for other in others if other.mask.grid.same_as(tumour.mask.grid))]


def _bone(study: Study, known: _Input, tumour: Segment) -> Segment | None:
    """The bone that is cut, where it is outlined on the tumour's own images."""
    return next((each for each in _beside(study, tumour) if each.name == known.bone), None)


def _told(case: Case, surface: TumourSurface, bone: Segment | None) -> Case:
    """The sample patient's own words, all invented, with a second option beside the planes of its truth."""
    (drawn,) = case.options
    first = replace(drawn, for_=["keeps more bone and muscle"], against=["the least margin is at the back"])
    return replace(
        case,
        question="Do these three planes clear the tumour, and can the popliteal vessels stay?",
        age_band="20-24",
        sex="male",
        site="distal femur",
        side="right",
        diagnosis="conventional osteosarcoma (invented patient)",
        history="Six weeks of pain above the knee; biopsy at a bone sarcoma centre. Invented.",
        timeline=[Event("Pain above the knee", -6), Event("Biopsy", 0), Event("CT and MRI for planning", 10)],
        performance_status="WHO 1",
        patient_views="Wishes to keep the knee where that can be done.",
        pathology=Pathology("Conventional osteosarcoma", "high grade", "reviewed by a sarcoma pathologist"),
        stage=[malignant_stage(high_grade=True, extracompartmental=True)],
        options=[first, _further_out(surface, drawn.plan, bone)],
        after=_AFTERWARDS,
    )


def _further_out(surface: TumourSurface, drawn: ResectionPlan | None, bone: Segment | None) -> Option:
    planes = [
        Plane(each.point_mm + _FURTHER_MM * each.normal, each.normal, name=each.name, kerf_mm=each.kerf_mm)
        for each in (drawn.planes if drawn else ())
    ]
    plan = ResectionPlan(planes)
    name = f"Every cut {_FURTHER_MM:g} mm further out"
    report = resection_margins(surface, plan, bone=bone)
    return Option(name, plan, report, [f"{_FURTHER_MM:g} mm more on every face"], ["takes more bone and muscle"])


_FURTHER_MM = 5.0
_AFTERWARDS = Afterwards(
    discussion=["The vessels lie behind the posterior cut.", "Would a guide be worth its time here?"],
    decision="Resection along the planes as drawn, with a patient-specific guide.",
    decided_by="majority",
    dissent="Some would have moved the posterior cut further back.",
    done="Resection with a guide along the three planes; reconstruction with an endoprosthesis. Invented.",
    option="The planes as drawn",
    carried_out="full",
    necrosis_percent=92,
    outcome="No event recorded two years on. Invented.",
    follow_up=[Event("No recurrence on MRI", 62)],
    learning=[
        LearningPoint(
            "The guide was planned on images five weeks old.",
            "Agree the day of the planning images with that of surgery.",
            "MDT co-ordinator",
        )
    ],
)


def _two_planes(surface: TumourSurface) -> tuple[Plane, Plane]:
    """Two planes placed about 20 mm above and 10 mm behind an outline, tilted as a saw would be."""
    points = surface.points_mm
    top, back = points[np.argmax(points[:, 2])], points[np.argmax(points[:, 1])]
    return (
        Plane(top + np.array([0, 0, 20]), (0.05, 0.12, 1.0), name="proximal"),
        Plane(back + np.array([0, 10, 0]), (0.10, 1.0, 0.05), name="posterior"),
    )


def _window(volume: Volume) -> str:
    return "soft tissue" if volume.modality == "CT" else "auto"


def _findings(study: Study, tumour: Segment, report: MarginReport) -> tuple[str, ...]:
    residue = [reason for entry in study.index.series.values() for _, reason in entry.residue]
    left_out = [f"{residue.count(reason)} image(s) left out: {reason}" for reason in dict.fromkeys(residue)]
    return (*report.findings, *tumour.findings, *study.issues, *left_out)


def _say_study(study: Study, volume: Volume, say: Say) -> None:
    for each in study.volumes:
        spacing = " x ".join(f"{mm:.2f}" for mm in each.spacing_mm)
        tilt = f", {each.grid.tilt_deg:.1f} degrees oblique" if each.grid.tilt_deg > 0.5 else ""
        mark = "  <- outlined" if each is volume else ""
        size = " x ".join(str(n) for n in each.shape)
        say(f"volume     {each.modality} {each.description}: {size} voxels of {spacing} mm{tilt}{mark}")
    for segment in study.segments:
        say(f"segment    {segment.name}: {segment.volume_ml:.1f} ml")
    for issue in study.issues:
        say(f"issue      {issue}")


def _say_margins(report: MarginReport, truth: Mapping[str, float], say: Say) -> None:
    for row in report.planes:
        low, high = row.interval_mm
        known = f"; known in closed form: {truth[row.name]:.2f} mm" if row.name in truth else ""
        say(f"margin     {row.name}: {row.margin_mm:.2f} mm (95 % interval {low:.1f} to {high:.1f}){known}")
    low, high = report.interval_mm
    say(f"least      {report.minimum_mm:.2f} mm (95 % interval {low:.1f} to {high:.1f}), {report.closest.name}")
    say(f"at         {position_words(report)} mm")
    if report.bone:
        say(f"bone       {bone_words(report.bone)}")
    for finding in report.findings:
        say(f"finding    {finding}")


def _say_rules(results: list[RuleResult], say: Say) -> None:
    say(f"pathway    {PATHWAY}, {results[0].notice}")
    spoken = [result for result in results if result.status is not Status.NOT_APPLICABLE]
    open_ones = [result for result in spoken if result.status is Status.APPLICABILITY_UNKNOWN]
    for result in spoken:
        if result not in open_ones:
            say(f"  {result.rule_id:<9}{result.level}: {result.statement} -> {result.status.words}")
    silent = len(results) - len(spoken)
    if open_ones:
        needs = ", ".join(dict.fromkeys(name.replace("_", " ") for result in open_ones for name in result.needs))
        say(f"  {len(open_ones)} rule(s): applicability not known; not recorded: {needs}")
    if silent:
        say(f"  {silent} rule(s) do not speak of this case")


def _require_own_case(path: Path, case: Case, study: Study) -> None:
    """Refuse a registry that holds this case with other imaging, before anything is written."""
    if not path.exists():
        return
    registry = Registry.open(path)
    known = case.case_id in registry.cases()
    recorded = {reference.series_uid for reference in registry.case(case.case_id).imaging} if known else set()
    registry.close()
    if known and recorded != {volume.series_uid for volume in study.volumes}:
        raise RegistryError(f"the registry holds a case {case.case_id} with other imaging; nothing was added to it")


def _record(path: Path, case: Case, study: Study, event: MarginPlan, say: Say) -> None:
    registry = Registry.open(path)
    if case.case_id not in registry.cases():
        sides = {"side": case.side, "sex": case.sex, "age_band": case.age_band}
        opened = {"question": case.question, "diagnosis": case.diagnosis, "site": case.site, **sides}
        registry.append(case.case_id, CaseOpened.model_validate(opened))
        for volume in study.volumes:
            registry.append(case.case_id, _reference(volume))
    version = registry.append(case.case_id, event)
    problems = registry.verify()
    registry.close()
    whole = "verified" if not problems else f"DOES NOT VERIFY: {problems[0]}"
    say(f"registry   {path}: case {case.case_id}, version {version}, {whole}")


def _reference(volume: Volume) -> ImagingReference:
    fields = {"modality": volume.modality, "description": volume.description, "series_uid": volume.series_uid}
    return ImagingReference.model_validate({**fields, "slices": volume.shape[0], "clearance": volume.clearance})
