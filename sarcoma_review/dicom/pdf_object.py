"""A PDF, such as the summary of a case, as a DICOM object of the study."""

from collections.abc import Mapping

from pydicom import Dataset

from sarcoma_review.dicom.new_object import NOTHING, add_moments, begun, finished
from sarcoma_review.errors import DicomError

ENCAPSULATED_PDF = "1.2.840.10008.5.1.4.1.1.104.1"


def write_pdf(
    pdf: bytes,
    *,
    image: Dataset,
    title: str,
    uids: tuple[str, str] | None = None,
    extra: Mapping[str, object] = NOTHING,
) -> Dataset:
    """Put a PDF into the study of an image.

    Nobody looks into the PDF: what it says of a patient it says here too, which is why the privacy gate does not
    open studies with documents. Keep it beside the study and not in it.

    Parameters
    ----------
    pdf : bytes
    image : pydicom.Dataset
        Any image of the study; its header is enough.
    title : str
        Up to 64 characters, without a name.
    uids : tuple of str, optional
        Series and SOP instance UID; drawn from the content where absent.
    extra : mapping
        DICOM keywords and values to set last.

    Raises
    ------
    DicomError
        If these bytes are no PDF.
    """
    if not pdf.startswith(b"%PDF-"):
        raise DicomError(f"expected a PDF, found {len(pdf)} bytes that do not begin as one")
    dataset = begun(image, ENCAPSULATED_PDF, modality="DOC", series_number=95)
    add_moments(image, dataset, "Content")
    dataset.AcquisitionDateTime = ""
    dataset.ConversionType, dataset.BurnedInAnnotation = "WSD", "YES"
    dataset.DocumentTitle = title
    dataset.ConceptNameCodeSequence = []
    dataset.MIMETypeOfEncapsulatedDocument = "application/pdf"
    dataset.EncapsulatedDocumentLength = len(pdf)
    dataset.EncapsulatedDocument = pdf + b"\0" * (len(pdf) % 2)
    return finished(dataset, uids, extra)
