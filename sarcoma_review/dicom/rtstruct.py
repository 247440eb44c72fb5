"""RT structure sets out: segments as closed contours on the slices of their images."""

from collections.abc import Mapping, Sequence

import numpy as np
from pydicom import Dataset
from pydicom.dataelem import RawDataElement
from pydicom.tag import Tag

from sarcoma_review.dicom.new_object import (
    NOTHING,
    add_moments,
    begun,
    by_series,
    decimal,
    finished,
    reference,
    require_images,
)
from sarcoma_review.dicom.outlines import Floats, mask_outlines
from sarcoma_review.errors import EmptyMaskError, GeometryError
from sarcoma_review.volume import Segment

RT_STRUCTURE_SET = "1.2.840.10008.5.1.4.1.1.481.3"
COLOURS = ((213, 94, 0), (0, 114, 178), (0, 158, 115), (204, 121, 167), (230, 159, 0), (86, 180, 233))
"""Red, green and blue after Okabe and Ito, in the order of the segments."""

_CONTOUR_DATA = Tag("ContourData")
_DETACHED_STUDY = "1.2.840.10008.3.1.2.3.1"


def write_rtstruct(
    segments: Sequence[Segment],
    *,
    images: Sequence[Dataset],
    uids: tuple[str, str] | None = None,
    extra: Mapping[str, object] = NOTHING,
) -> Dataset:
    """Make an RT structure set.

    Contours run between pixel centres, where the mask passes one half, so that whoever asks which centres they
    enclose gets the mask back: the outline through the outermost centres, as others write it, loses half a pixel
    all round. A hole is joined to its region through a keyhole, which readers that fill and readers that turn over
    read alike.

    Parameters
    ----------
    segments : sequence of Segment
        Masks on the grid of `images`; of fractional ones what is at least one half.
    images : sequence of pydicom.Dataset
        The images that were outlined, ordered as the masks' slices; headers are enough (see `source_images`).
    uids : tuple of str, optional
        Series and SOP instance UID; drawn from the content where absent.
    extra : mapping
        DICOM keywords and values to set last, such as a series description or a date.

    Returns
    -------
    pydicom.Dataset
        Coordinates in LPS mm to 0.0001 mm, no closer.

    Raises
    ------
    ReferenceNotFoundError
        If there is not one image for each slice of the masks.
    GeometryError
        If a mask does not lie on the images, or they name no frame of reference.
    EmptyMaskError
        If a mask has no voxel.
    """
    require_images(segments, images)
    frame = str(images[0].get("FrameOfReferenceUID", "") or "")
    if not frame:
        raise GeometryError("expected images that name a frame of reference, found none: contours need one")
    dataset = begun(images[0], RT_STRUCTURE_SET, modality="RTSTRUCT", series_number=91)
    dataset.FrameOfReferenceUID = frame
    dataset.PositionReferenceIndicator = images[0].get("PositionReferenceIndicator") or ""
    dataset.OperatorsName = ""
    dataset.StructureSetLabel, dataset.ApprovalStatus = "outline", "UNAPPROVED"
    add_moments(images[0], dataset, "StructureSet")
    dataset.ReferencedFrameOfReferenceSequence = [_frame(frame, images)]
    dataset.StructureSetROISequence = [_roi(k, segment, frame) for k, segment in enumerate(segments, 1)]
    dataset.ROIContourSequence = [_contours(k, segment, images) for k, segment in enumerate(segments, 1)]
    dataset.RTROIObservationsSequence = [_observation(k) for k in range(1, len(segments) + 1)]
    return finished(dataset, uids, extra)


def _frame(uid: str, images: Sequence[Dataset]) -> Dataset:
    study = Dataset()
    study.ReferencedSOPClassUID, study.ReferencedSOPInstanceUID = _DETACHED_STUDY, images[0].StudyInstanceUID
    study.RTReferencedSeriesSequence = by_series(images, "ContourImageSequence")
    frame = Dataset()
    frame.FrameOfReferenceUID, frame.RTReferencedStudySequence = uid, [study]
    return frame


def _roi(number: int, segment: Segment, frame: str) -> Dataset:
    roi = Dataset()
    roi.ROINumber, roi.ROIName = number, segment.name
    roi.ReferencedFrameOfReferenceUID = frame
    roi.ROIGenerationAlgorithm = ""
    return roi


def _observation(number: int) -> Dataset:
    observation = Dataset()
    observation.ObservationNumber = observation.ReferencedROINumber = number
    observation.RTROIInterpretedType, observation.ROIInterpreter = "", ""
    return observation


def _contours(number: int, segment: Segment, images: Sequence[Dataset]) -> Dataset:
    found = mask_outlines(segment.mask)
    if not found:
        raise EmptyMaskError(f"segment {segment.name!r} has no voxels: expected at least one to outline, found 0")
    region = Dataset()
    region.ReferencedROINumber = number
    region.ROIDisplayColor = list(COLOURS[(number - 1) % len(COLOURS)])
    region.ContourSequence = [_contour(line, images[k]) for k, lines in found.items() for line in lines]
    return region


def _contour(line: Floats, image: Dataset) -> Dataset:
    contour = Dataset()
    contour.ContourImageSequence = [reference(image)]
    contour.ContourGeometricType = "CLOSED_PLANAR"
    contour.NumberOfContourPoints = len(line)
    # As bytes: the library would look at each of a million numbers for what `decimal` makes sure of.
    data = "\\".join(decimal(mm) for mm in np.ravel(line).tolist()).encode("ascii")
    data += b" " * (len(data) % 2)
    contour[_CONTOUR_DATA] = RawDataElement(_CONTOUR_DATA, "DS", len(data), data, 0, False, True)
    return contour
