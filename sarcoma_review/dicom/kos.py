"""Key images as a key object selection (TID 2010): which images matter, and why."""

from collections.abc import Mapping, Sequence

from pydicom import Dataset
from pydicom.sr.codedict import codes

from sarcoma_review.dicom.content import container, image_item, text_item
from sarcoma_review.dicom.new_object import NOTHING, add_moments, begun, evidence_of, finished, reference
from sarcoma_review.errors import ReferenceNotFoundError

KEY_OBJECT_SELECTION = "1.2.840.10008.5.1.4.1.1.88.59"


def write_kos(
    key_images: Sequence[Dataset],
    *,
    note: str = "",
    uids: tuple[str, str] | None = None,
    extra: Mapping[str, object] = NOTHING,
) -> Dataset:
    """Make a key object selection of images of one study.

    It names whole images: a key image that was cut through a volume in another direction has none of its own.

    Parameters
    ----------
    key_images : sequence of pydicom.Dataset
        In the order in which they are to be shown; headers are enough (see `source_images`).
    note : str
        What they show; words that the privacy gate knows.
    uids : tuple of str, optional
        Series and SOP instance UID; drawn from the content where absent.
    extra : mapping
        DICOM keywords and values to set last.

    Raises
    ------
    ReferenceNotFoundError
        If there is no image, or they are of several studies.

    Examples
    --------
    >>> write_kos([])
    Traceback (most recent call last):
    ...
    sarcoma_review.errors.ReferenceNotFoundError: expected key images of one study, found 0 images of 0 studies
    """
    studies = {str(image.StudyInstanceUID) for image in key_images}
    if len(studies) != 1:
        raise ReferenceNotFoundError(
            f"expected key images of one study, found {len(key_images)} images of {len(studies)} studies"
        )
    dataset = begun(key_images[0], KEY_OBJECT_SELECTION, modality="KO", series_number=93)
    add_moments(key_images[0], dataset, "Content")
    dataset.ReferencedPerformedProcedureStepSequence = []
    dataset.CurrentRequestedProcedureEvidenceSequence = [evidence_of(key_images)]
    shown = [image_item("CONTAINS", codes.DCM.SourceImage, reference(image)) for image in key_images]
    for item in shown:
        del item.ConceptNameCodeSequence
    said = [text_item("CONTAINS", codes.DCM.KeyObjectDescription, note)] if note else []
    root = container(codes.DCM.OfInterest, [*said, *shown], template="2010")
    del root.RelationshipType
    dataset.update(root)
    return finished(dataset, uids, extra)
