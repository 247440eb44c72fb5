"""Two invented patients as a hospital sends them: CT and follow-up, MR with private parts, SEG, RTSTRUCT, SR, KO, PR.

Every object is valid by its definition, names its patient wherever a hospital does, and points at the others.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from tests.privacy.canaries import Planter

_STORAGE = "1.2.840.10008.5.1.4.1.1."
CT, MR, SEG, RTSTRUCT = (f"{_STORAGE}{end}" for end in ("2", "4", "66.4", "481.3"))
SR, KO, GSPS = (f"{_STORAGE}{end}" for end in ("88.33", "88.59", "11.1"))
MODALITY = {CT: "CT", MR: "MR", SEG: "SEG", RTSTRUCT: "RTSTRUCT", SR: "SR", KO: "KO", GSPS: "PR"}
SLICES, SIDE = 4, 16
FOLLOW_UP = dt.timedelta(days=91, hours=3, minutes=7, seconds=11)


@dataclass(frozen=True)
class Person:
    """Whom an object belongs to, and what the hospital calls this person."""

    name: str
    number: str
    born: str
    accession: str
    study: str
    frame: str
    institution: str
    surgeon: str


def person(plant: Planter) -> Person:
    """Invent a patient."""
    return Person(
        name=f"{plant.word('direct')}^{plant.word('direct')}",
        number=plant.nhs("direct"),
        born=plant.day("direct"),
        accession=plant.digits("direct", 8),
        study=plant.uid("uid"),
        frame=plant.uid("uid"),
        institution=plant.word("direct"),
        surgeon=f"{plant.word('direct')}^Otto",
    )


def _common(plant: Planter, who: Person, sop_class: str, when: dt.datetime, *, series: str = "") -> Dataset:
    ds = Dataset()
    ds.SpecificCharacterSet = "ISO_IR 100"
    ds.SOPClassUID, ds.SOPInstanceUID = sop_class, plant.uid("uid")
    ds.StudyDate = ds.ContentDate = ds.SeriesDate = plant.note("date", "digits", f"{when:%Y%m%d}")
    ds.StudyTime = ds.ContentTime = ds.SeriesTime = f"{when:%H%M%S}"
    ds.AccessionNumber, ds.Modality, ds.Manufacturer = who.accession, MODALITY[sop_class], "SIEMENS"
    ds.InstitutionName, ds.ReferringPhysicianName = who.institution, who.surgeon
    ds.ManufacturerModelName, ds.SoftwareVersions = "SOMATOM Force", "syngo CT VA50A"
    ds.DeviceSerialNumber, ds.StationName = plant.digits("direct", 6), plant.word("direct")
    ds.StudyDescription = f"MR knee and femur, {plant.word('free text')}"
    ds.PatientName, ds.PatientID, ds.PatientBirthDate, ds.PatientSex = who.name, who.number, who.born, "F"
    ds.PatientAge, ds.PatientSize, ds.PatientWeight = "014Y", "1.62", "51.3"
    ds.StudyInstanceUID, ds.SeriesInstanceUID = who.study, series or plant.uid("uid")
    ds.StudyID, ds.SeriesNumber, ds.InstanceNumber = plant.digits("direct", 7), "3", "1"
    return ds


def _code(value: str, scheme: str, meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def _pixels(ds: Dataset, samples: np.ndarray, stored: int = 12) -> None:
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.Rows, ds.Columns = samples.shape[-2:]
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, stored, stored - 1, 0
    ds.PixelData = samples.astype("<u2").tobytes()
    ds["PixelData"].VR = "OW"


def _image(ds: Dataset, plant: Planter, who: Person, number: int) -> None:
    ds.FrameOfReferenceUID, ds.PositionReferenceIndicator = who.frame, ""
    ds.ImageType, ds.InstanceNumber, ds.PatientPosition = ["ORIGINAL", "PRIMARY", "AXIAL"], str(number + 1), "FFS"
    ds.AcquisitionNumber, ds.AcquisitionDate, ds.AcquisitionTime = (
        "1",
        ds.StudyDate,
        f"{int(ds.StudyTime) + 1:06d}.25",
    )
    ds.ImagePositionPatient, ds.ImageOrientationPatient = [-10.5, 4.25, 3.0 * number], [1, 0, 0, 0, 1, 0]
    ds.PixelSpacing, ds.SliceThickness, ds.Laterality = [0.75, 0.75], "3.0", "L"
    ds.SeriesDescription = f"Femur left 3.0 mm {plant.word('free text')}"
    _pixels(ds, plant_pixels(number))


def plant_pixels(number: int) -> np.ndarray:
    """Samples of slice `number`, known to the scorer."""
    return (np.arange(SIDE * SIDE).reshape(SIDE, SIDE) * 7 + number * 13) % 4096


def ct_series(plant: Planter, who: Person, when: dt.datetime, slices: int = SLICES) -> list[Dataset]:
    """A small CT; every slice an image of its own."""
    series: list[Dataset] = []
    for number in range(slices):
        uid = series[0].SeriesInstanceUID if series else ""
        ds = _common(plant, who, CT, when, series=uid)
        _image(ds, plant, who, number)
        ds.RescaleIntercept, ds.RescaleSlope, ds.RescaleType, ds.KVP = "-1024", "1", "HU", "120"
        ds.ConvolutionKernel, ds.ProtocolName, ds.ScanOptions = "B60s", "Femur", "HELICAL_CT"
        ds.BodyPartExamined, ds.ContrastBolusAgent = "LEG", "Omnipaque"
        ds.WindowCenter, ds.WindowWidth = ["40", "300"], ["400", "1500"]
        ds.AnatomicRegionSequence = Sequence([_code("71341001", "SCT", "Femur")])
        series.append(ds)
    return series


def mr_series(plant: Planter, who: Person, when: dt.datetime) -> list[Dataset]:
    """A small diffusion MR with private elements, safe and unsafe."""
    series: list[Dataset] = []
    for number in range(SLICES):
        uid = series[0].SeriesInstanceUID if series else ""
        ds = _common(plant, who, MR, when, series=uid)
        _image(ds, plant, who, number)
        ds.ScanningSequence, ds.SequenceVariant, ds.ScanOptions = "EP", "SK", "FS"
        ds.MRAcquisitionType, ds.SequenceName, ds.EchoTrainLength = "2D", "*ep_b800t", "1"
        ds.RepetitionTime, ds.EchoTime, ds.MagneticFieldStrength = "5400", "72", "1.5"
        ds.ImagedNucleus, ds.ReceiveCoilName, ds.ProtocolName = "1H", "Body_18", "ep2d_diff"
        ds.AngioFlag, ds.PixelBandwidth, ds.FlipAngle, ds.ImagingFrequency = "N", "1500", "90", "63.6"
        _private(ds, plant)
        series.append(ds)
    return series


def _private(ds: Dataset, plant: Planter) -> None:
    block = ds.private_block(0x0019, "SIEMENS MR HEADER", create=True)
    block.add_new(0x08, "CS", "IMAGE NUM 4")
    block.add_new(0x0C, "IS", "800")
    block.add_new(0x0E, "FD", [0.5, 0.5, 0.70710678])
    block.add_new(0x27, "LO", plant.word("private"))
    csa = ds.private_block(0x0029, "SIEMENS CSA HEADER", create=True)
    csa.add_new(0x10, "OB", b"SV10" + plant.word("private").encode() + b"\0")


def _pointer(image: Dataset) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = image.SOPClassUID, image.SOPInstanceUID
    return item


def _series_pointer(images: list[Dataset], keyword: str) -> Dataset:
    item = Dataset()
    item.SeriesInstanceUID = images[0].SeriesInstanceUID
    setattr(item, keyword, Sequence(_pointer(image) for image in images))
    return item


def _study_pointer(images: list[Dataset], within: str) -> Dataset:
    item = Dataset()
    item.StudyInstanceUID = images[0].StudyInstanceUID
    item.ReferencedSeriesSequence = Sequence([_series_pointer(images, within)])
    return item


def structure_set(plant: Planter, who: Person, when: dt.datetime, images: list[Dataset]) -> Dataset:
    """Outlines of a tumour on a CT."""
    ds = _common(plant, who, RTSTRUCT, when)
    ds.StructureSetLabel, ds.StructureSetDate, ds.StructureSetTime = "GTV", ds.StudyDate, ds.StudyTime
    ds.FrameOfReferenceUID, ds.PositionReferenceIndicator, ds.OperatorsName = who.frame, "", who.surgeon
    ds.StructureSetName = f"tumour {plant.word('free text')}"
    series = _series_pointer(images, "ContourImageSequence")
    study = Dataset()
    study.ReferencedSOPClassUID, study.ReferencedSOPInstanceUID = "1.2.840.10008.3.1.2.3.1", who.study
    study.RTReferencedSeriesSequence = Sequence([series])
    frame = Dataset()
    frame.FrameOfReferenceUID, frame.RTReferencedStudySequence = who.frame, Sequence([study])
    ds.ReferencedFrameOfReferenceSequence = Sequence([frame])
    roi, drawn, seen = Dataset(), Dataset(), Dataset()
    roi.ROINumber, roi.ReferencedFrameOfReferenceUID = "1", who.frame
    roi.ROIName, roi.ROIGenerationAlgorithm = f"GTV {plant.word('free text')}", "MANUAL"
    contour = Dataset()
    contour.ContourImageSequence = Sequence([_pointer(images[1])])
    contour.ContourGeometricType, contour.NumberOfContourPoints = "CLOSED_PLANAR", "3"
    contour.ContourData = [-10.5, 4.25, 3, -9, 4.25, 3, -9, 6.5, 3]
    drawn.ReferencedROINumber, drawn.ROIDisplayColor = "1", [255, 0, 0]
    drawn.ContourSequence = Sequence([contour])
    seen.ObservationNumber, seen.ReferencedROINumber = "1", "1"
    seen.RTROIInterpretedType, seen.ROIInterpreter = "GTV", who.surgeon
    ds.StructureSetROISequence, ds.ROIContourSequence = Sequence([roi]), Sequence([drawn])
    ds.RTROIObservationsSequence = Sequence([seen])
    ds.ApprovalStatus, ds.ReviewDate, ds.ReviewTime, ds.ReviewerName = (
        "APPROVED",
        ds.StudyDate,
        ds.StudyTime,
        who.surgeon,
    )
    return ds


def segmentation(plant: Planter, who: Person, when: dt.datetime, images: list[Dataset]) -> Dataset:
    """A mask of a tumour on a CT."""
    ds = _common(plant, who, SEG, when)
    ds.FrameOfReferenceUID, ds.PositionReferenceIndicator = who.frame, ""
    ds.ImageType, ds.ContentLabel, ds.ContentDescription = ["DERIVED", "PRIMARY"], "SEGMENTATION", "tumour"
    ds.ContentCreatorName, ds.SegmentationType = who.surgeon, "BINARY"
    ds.ReferencedSeriesSequence = Sequence([_series_pointer(images, "ReferencedInstanceSequence")])
    segment = Dataset()
    segment.SegmentNumber, segment.SegmentLabel, segment.SegmentAlgorithmType = 1, "Tumour", "MANUAL"
    segment.SegmentDescription = f"osteosarcoma {plant.word('free text')}"
    segment.TrackingID, segment.TrackingUID = f"tumour {plant.word('free text')}", plant.uid("uid")
    segment.SegmentedPropertyCategoryCodeSequence = Sequence(
        [_code("49755003", "SCT", "Morphologically Altered Structure")]
    )
    segment.SegmentedPropertyTypeCodeSequence = Sequence([_code("108369006", "SCT", "Tumor")])
    ds.SegmentSequence = Sequence([segment])
    _frames(ds, plant, images)
    return ds


def _frames(ds: Dataset, plant: Planter, images: list[Dataset]) -> None:
    organisation = Dataset()
    organisation.DimensionOrganizationUID = plant.uid("uid")
    index = Dataset()
    index.DimensionOrganizationUID = organisation.DimensionOrganizationUID
    index.DimensionIndexPointer, index.FunctionalGroupPointer = 0x00200032, 0x00209113
    ds.DimensionOrganizationSequence, ds.DimensionIndexSequence = Sequence([organisation]), Sequence([index])
    shared, measures, orientation, identified = Dataset(), Dataset(), Dataset(), Dataset()
    measures.PixelSpacing, measures.SliceThickness, measures.SpacingBetweenSlices = [0.75, 0.75], "3.0", "3.0"
    orientation.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    identified.ReferencedSegmentNumber = 1
    shared.PixelMeasuresSequence, shared.PlaneOrientationSequence = Sequence([measures]), Sequence([orientation])
    shared.SegmentIdentificationSequence = Sequence([identified])
    ds.SharedFunctionalGroupsSequence = Sequence([shared])
    ds.PerFrameFunctionalGroupsSequence = Sequence(_frame(image, n) for n, image in enumerate(images[1:3], 1))
    ds.NumberOfFrames, ds.SamplesPerPixel, ds.PhotometricInterpretation = "2", 1, "MONOCHROME2"
    ds.Rows = ds.Columns = SIDE
    ds.BitsAllocated = ds.BitsStored = 1
    ds.HighBit = ds.PixelRepresentation = 0
    ds.LossyImageCompression = "00"
    ds.PixelData = bytes(range(64))
    ds["PixelData"].VR = "OB"


def _frame(image: Dataset, number: int) -> Dataset:
    frame, content, place, derived, source = Dataset(), Dataset(), Dataset(), Dataset(), _pointer(image)
    content.DimensionIndexValues = number
    place.ImagePositionPatient = image.ImagePositionPatient
    source.PurposeOfReferenceCodeSequence = Sequence(
        [_code("121322", "DCM", "Source image for image processing operation")]
    )
    derived.SourceImageSequence = Sequence([source])
    derived.DerivationCodeSequence = Sequence([_code("113076", "DCM", "Segmentation")])
    frame.FrameContentSequence, frame.PlanePositionSequence = Sequence([content]), Sequence([place])
    frame.DerivationImageSequence = Sequence([derived])
    return frame


def _content(kind: str, relation: str, name: Dataset, **values: object) -> Dataset:
    item = Dataset()
    item.RelationshipType, item.ValueType, item.ConceptNameCodeSequence = relation, kind, Sequence([name])
    for keyword, value in values.items():
        setattr(item, keyword, value)
    return item


def report(plant: Planter, who: Person, when: dt.datetime, images: list[Dataset]) -> Dataset:
    """A structured report with a measurement, a date, a person, text, and an image."""
    ds = _common(plant, who, SR, when)
    ds.CompletionFlag, ds.VerificationFlag = "COMPLETE", "VERIFIED"
    witness = Dataset()
    witness.VerifyingOrganization, witness.VerificationDateTime = who.institution, f"{when:%Y%m%d%H%M%S}"
    witness.VerifyingObserverName, witness.VerifyingObserverIdentificationCodeSequence = who.surgeon, Sequence()
    ds.VerifyingObserverSequence = Sequence([witness])
    ds.ReferencedPerformedProcedureStepSequence = ds.PerformedProcedureCodeSequence = Sequence()
    ds.CurrentRequestedProcedureEvidenceSequence = Sequence([_study_pointer(images, "ReferencedSOPSequence")])
    ds.ValueType, ds.ContinuityOfContent = "CONTAINER", "SEPARATE"
    ds.ConceptNameCodeSequence = Sequence([_code("126000", "DCM", "Imaging Measurement Report")])
    length = Dataset()
    length.NumericValue = "83.5"
    length.MeasurementUnitsCodeSequence = Sequence([_code("mm", "UCUM", "mm")])
    note = f"tumour of left femur, seen by {plant.word('sr content')}"
    ds.ContentSequence = Sequence(
        [
            _content(
                "PNAME", "HAS OBS CONTEXT", _code("121008", "DCM", "Person Observer Name"), PersonName=who.surgeon
            ),
            _content("TEXT", "CONTAINS", _code("121071", "DCM", "Finding"), TextValue=note),
            _content("DATE", "CONTAINS", _code("111060", "DCM", "Study Date"), Date=f"{when:%Y%m%d}"),
            _content("TIME", "CONTAINS", _code("111061", "DCM", "Study Time"), Time=f"{when:%H%M%S}"),
            _content(
                "DATETIME", "CONTAINS", _code("111526", "DCM", "DateTime Started"), DateTime=f"{when:%Y%m%d%H%M%S}"
            ),
            _content(
                "UIDREF",
                "CONTAINS",
                _code("112040", "DCM", "Tracking Unique Identifier"),
                UID=images[0].SOPInstanceUID,
            ),
            _content(
                "CODE",
                "CONTAINS",
                _code("363698007", "SCT", "Finding Site"),
                ConceptCodeSequence=Sequence([_code("71341001", "SCT", "Femur")]),
            ),
            _content(
                "NUM", "CONTAINS", _code("410668003", "SCT", "Length"), MeasuredValueSequence=Sequence([length])
            ),
            _content(
                "IMAGE",
                "CONTAINS",
                _code("121112", "DCM", "Source of Measurement"),
                ReferencedSOPSequence=Sequence([_pointer(images[1])]),
            ),
        ]
    )
    return ds


def key_objects(plant: Planter, who: Person, when: dt.datetime, images: list[Dataset]) -> Dataset:
    """A key object selection of two slices, with a remark."""
    ds = _common(plant, who, KO, when)
    ds.ReferencedPerformedProcedureStepSequence = Sequence()
    ds.CurrentRequestedProcedureEvidenceSequence = Sequence([_study_pointer(images[:2], "ReferencedSOPSequence")])
    ds.ValueType, ds.ContinuityOfContent = "CONTAINER", "SEPARATE"
    ds.ConceptNameCodeSequence = Sequence([_code("113000", "DCM", "Of Interest")])
    remark = f"lesion of femur {plant.word('sr content')}"
    ds.ContentSequence = Sequence(
        [_content("TEXT", "CONTAINS", _code("113012", "DCM", "Key Object Description"), TextValue=remark)]
    )
    for image in images[:2]:
        item = Dataset()
        item.RelationshipType, item.ValueType = "CONTAINS", "IMAGE"
        item.ReferencedSOPSequence = Sequence([_pointer(image)])
        ds.ContentSequence.append(item)
    template = Dataset()
    template.MappingResource, template.TemplateIdentifier = "DCMR", "2010"
    ds.ContentTemplateSequence = Sequence([template])
    return ds


def presentation(plant: Planter, who: Person, when: dt.datetime, images: list[Dataset]) -> Dataset:
    """A presentation state with an arrow and words."""
    ds = _common(plant, who, GSPS, when)
    ds.ContentLabel, ds.ContentDescription, ds.ContentCreatorName = "TUMOUR", "tumour of femur", who.surgeon
    ds.PresentationCreationDate, ds.PresentationCreationTime = ds.StudyDate, ds.StudyTime
    ds.ReferencedSeriesSequence = Sequence([_series_pointer(images[:2], "ReferencedImageSequence")])
    shown = Dataset()
    shown.DisplayedAreaTopLeftHandCorner, shown.DisplayedAreaBottomRightHandCorner = [1, 1], [SIDE, SIDE]
    shown.PresentationSizeMode, shown.PresentationPixelAspectRatio = "SCALE TO FIT", [1, 1]
    ds.DisplayedAreaSelectionSequence = Sequence([shown])
    line, words, mark = Dataset(), Dataset(), Dataset()
    line.GraphicAnnotationUnits, line.GraphicDimensions, line.NumberOfGraphicPoints = "PIXEL", 2, 2
    line.GraphicData, line.GraphicType, line.GraphicFilled = [1, 1, 8, 8], "POLYLINE", "N"
    words.AnchorPointAnnotationUnits, words.UnformattedTextValue = "PIXEL", f"tumour {plant.word('gsps text')}"
    words.AnchorPoint, words.AnchorPointVisibility = [4, 4], "N"
    mark.GraphicLayer = "LAYER1"
    mark.TextObjectSequence, mark.GraphicObjectSequence = Sequence([words]), Sequence([line])
    layer = Dataset()
    layer.GraphicLayer, layer.GraphicLayerOrder = "LAYER1", "1"
    layer.GraphicLayerDescription = f"outline {plant.word('gsps text')}"
    ds.GraphicAnnotationSequence, ds.GraphicLayerSequence = Sequence([mark]), Sequence([layer])
    ds.PresentationLUTShape, ds.Laterality = "IDENTITY", "L"
    return ds


def _one(plant: Planter, who: Person, start: dt.datetime) -> Iterator[Dataset]:
    first = ct_series(plant, who, start)
    second = ct_series(plant, who, start + FOLLOW_UP)
    yield from (*first, *second, *mr_series(plant, who, start + dt.timedelta(days=2, seconds=59)))
    for make in (segmentation, structure_set, report, key_objects, presentation):
        yield make(plant, who, start + dt.timedelta(hours=1), first)


def cases(plant: Planter) -> list[list[Dataset]]:
    """Every object of each of two patients."""
    starts = (dt.datetime(2019, 2, 3, 23, 40, 12), dt.datetime(2019, 5, 9, 8, 15, 2))
    return [list(_one(plant, person(plant), start)) for start in starts]
