"""Measurements as a structured report after TID 1500: margins, volumes, and what was drawn on the images."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import count

from pydicom import Dataset
from pydicom.sr.codedict import codes

from sarcoma_review.dicom.content import (
    code_item,
    container,
    image_item,
    number_item,
    place_item,
    text_item,
    uid_item,
)
from sarcoma_review.dicom.measured import ML, MM, Drawn, Quantity
from sarcoma_review.dicom.new_object import (
    NOTHING,
    add_moments,
    begun,
    evidence_of,
    finished,
    own_uid,
    reference,
)
from sarcoma_review.errors import DicomError, ReferenceNotFoundError
from sarcoma_review.planning import MarginReport, PlaneMargin
from sarcoma_review.privacy.text import PURPOSE
from sarcoma_review.volume import Segment

COMPREHENSIVE_3D = "1.2.840.10008.5.1.4.1.1.88.34"

_MARGIN_BY = ("margin from surface to plane", "1")
_VOLUME_BY = ("volume of mask", "1")


def write_sr(
    *,
    images: Sequence[Dataset],
    margins: MarginReport | None = None,
    plan_name: str = "plan",
    segments: Sequence[Segment] = (),
    segmentation: Dataset | None = None,
    drawn: Sequence[Drawn] = (),
    uids: tuple[str, str] | None = None,
    extra: Mapping[str, object] = NOTHING,
) -> Dataset:
    """Make a structured report of what was measured, after TID 1500 (Comprehensive 3D SR).

    Texts stand as they are given. The privacy gate knows words, not names: a plane or plan called by others keeps
    the report out of a study.

    Parameters
    ----------
    images : sequence of pydicom.Dataset
        What was measured; headers are enough (see `source_images`).
    margins : MarginReport, optional
        Its least margin and that of each plane, mm, each with its place and its 95 % interval (as ranges of lower
        and upper measurement uncertainty; one is below 0 where the outline's error puts the whole interval to one
        side), and the volume that the plan leaves behind.
    plan_name : str
    segments : sequence of Segment
        Their volumes are reported, ml.
    segmentation : pydicom.Dataset, optional
        The SEG object that holds them, in the same order: the report then points at it.
    drawn : sequence of Drawn
        See `measured.drawn_length`, `drawn_angle` and `drawn_region`.
    uids : tuple of str, optional
        Series and SOP instance UID; drawn from the content where absent.
    extra : mapping
        DICOM keywords and values to set last.

    Returns
    -------
    pydicom.Dataset
        With the purpose, in words that the gate knows, as a comment.

    Raises
    ------
    DicomError
        If there is nothing to report, or the images name no frame of reference.
    ReferenceNotFoundError
        If there is no image, or the segmentation does not hold as many segments.
    """
    if not images:
        raise ReferenceNotFoundError("expected the images that were measured, found none")
    if segmentation is not None and len(segmentation.SegmentSequence) != len(segments):
        raise ReferenceNotFoundError(
            f"expected a segmentation of {len(segments)} segment(s), found {len(segmentation.SegmentSequence)}"
        )
    frame = str(images[0].get("FrameOfReferenceUID", "") or "")
    groups = [
        *_margin_groups(margins, plan_name, frame),
        *_volume_groups(segments, segmentation, images),
        *_drawn_groups(drawn, frame),
    ]
    if not groups or not frame:
        missing = "a frame of reference" if groups else "anything measured"
        raise DicomError(f"a report needs images with a frame of reference and a measurement, found not {missing}")
    dataset = begun(images[0], COMPREHENSIVE_3D, modality="SR", series_number=92)
    evidence = [*images, segmentation] if segmentation is not None else images
    _document(dataset, images[0], evidence)
    dataset.update(_report(images[0], _numbered(groups, str(images[0].StudyInstanceUID))))
    return finished(dataset, uids, extra)


def _document(dataset: Dataset, image: Dataset, evidence: Sequence[Dataset]) -> None:
    add_moments(image, dataset, "Content")
    dataset.CompletionFlag, dataset.VerificationFlag = "COMPLETE", "UNVERIFIED"
    dataset.ReferencedPerformedProcedureStepSequence = []
    dataset.PerformedProcedureCodeSequence = []
    dataset.CurrentRequestedProcedureEvidenceSequence = [evidence_of(evidence)]


def _report(image: Dataset, groups: Sequence[Dataset]) -> Dataset:
    procedure = codes.SCT.ComputedTomography if image.get("Modality") == "CT" else codes.SCT.ImagingProcedure
    root = container(
        codes.DCM.ImagingMeasurementReport,
        [
            code_item("HAS OBS CONTEXT", codes.DCM.ObserverType, codes.DCM.Device),
            uid_item("HAS OBS CONTEXT", codes.DCM.DeviceObserverUID, own_uid("device")),
            code_item("HAS CONCEPT MOD", codes.DCM.ProcedureReported, procedure),
            container(codes.DCM.ImagingMeasurements, groups),
            text_item("CONTAINS", codes.DCM.Comment, PURPOSE),
        ],
        template="1500",
    )
    del root.RelationshipType
    return root


def _numbered(groups: Sequence[tuple[str, str, list[Dataset]]], study: str) -> list[Dataset]:
    """Measurement groups, each under the name and the identifier by which it is followed."""
    made = []
    for number, (name, template, content) in enumerate(groups, 1):
        followed = [
            text_item("HAS OBS CONTEXT", codes.DCM.TrackingIdentifier, name),
            uid_item("HAS OBS CONTEXT", codes.DCM.TrackingUniqueIdentifier, own_uid(study, str(number), name)),
        ]
        made.append(container(codes.DCM.MeasurementGroup, followed + content, template=template))
    return made


def _margin_groups(
    margins: MarginReport | None, plan_name: str, frame: str
) -> Iterator[tuple[str, str, list[Dataset]]]:
    if margins is None:
        return
    least = _margin(margins.minimum_mm, margins.interval_mm, margins.closest, frame)
    left = Quantity(codes.SCT.Volume, margins.breach_volume_ml, ML)
    yield plan_name, "1501", [*_made_by(*_MARGIN_BY), _finding(), least]
    yield "residual tumour", "1501", [*_made_by(*_VOLUME_BY), _finding(), _number(left)]
    for plane in margins.planes:
        margin = _margin(plane.margin_mm, plane.interval_mm, plane, frame)
        yield plane.name, "1501", [*_made_by(*_MARGIN_BY), _finding(), margin]


def _margin(value_mm: float, interval_mm: tuple[float, float], plane: PlaneMargin, frame: str) -> Dataset:
    place = place_item(codes.SCT.SurgicalMarginObservable, "POINT", plane.position_mm, frame=frame)
    least = Quantity(codes.SCT.SurgicalMarginObservable, value_mm, MM, interval_mm, codes.SCT.Minimum)
    return _number(least, [place])


def _volume_groups(
    segments: Sequence[Segment], segmentation: Dataset | None, images: Sequence[Dataset]
) -> Iterator[tuple[str, str, list[Dataset]]]:
    for number, segment in enumerate(segments, 1):
        volume = _number(Quantity(codes.SCT.Volume, segment.volume_ml, ML))
        if segmentation is None:
            yield segment.name, "1501", [*_made_by(*_VOLUME_BY), volume]
            continue
        held = reference(segmentation)
        held.ReferencedSegmentNumber = number
        source = uid_item("CONTAINS", codes.DCM.SourceSeriesForSegmentation, str(images[0].SeriesInstanceUID))
        points_at = image_item("CONTAINS", codes.DCM.ReferencedSegment, held)
        yield segment.name, "1411", [*_made_by(*_VOLUME_BY), points_at, source, volume]


def _drawn_groups(drawn: Sequence[Drawn], frame: str) -> Iterator[tuple[str, str, list[Dataset]]]:
    for number, one in zip(count(1), drawn, strict=False):
        name = f"measurement {number}"
        if one.shape in ("POLYGON", "ELLIPSE"):
            region = place_item(codes.DCM.ImageRegion, one.shape, one.points_mm, frame=frame, relation="CONTAINS")
            yield name, "1410", [region, *(_number(each) for each in one.quantities)]
        else:
            place = place_item(codes.DCM.Path, one.shape, one.points_mm, frame=frame)
            yield name, "1501", [_number(each, [place]) for each in one.quantities]


def _finding() -> Dataset:
    return code_item("CONTAINS", codes.DCM.Finding, codes.SCT.Neoplasm)


def _made_by(name: str, version: str) -> tuple[Dataset, Dataset]:
    return (
        text_item("HAS CONCEPT MOD", codes.DCM.AlgorithmName, name),
        text_item("HAS CONCEPT MOD", codes.DCM.AlgorithmVersion, version),
    )


def _number(quantity: Quantity, places: Sequence[Dataset] = ()) -> Dataset:
    """A measurement (TID 300) with its interval and derivation."""
    below = list(places)
    if quantity.derivation is not None:
        below.insert(0, code_item("HAS CONCEPT MOD", codes.DCM.Derivation, quantity.derivation))
    if quantity.interval is not None:
        low, high = quantity.interval
        ranges = (
            (codes.SCT.RangeOfLowerMeasurementUncertainty, quantity.value - low),
            (codes.SCT.RangeOfUpperMeasurementUncertainty, high - quantity.value),
        )
        below += [number_item(which, size, quantity.unit, relation="HAS PROPERTIES") for which, size in ranges]
    return number_item(quantity.concept, quantity.value, quantity.unit, below=below)
