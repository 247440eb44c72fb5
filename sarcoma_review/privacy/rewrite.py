"""One file written anew: a fresh data set of what the rules keep, a fresh file meta group, an empty preamble."""

from pathlib import Path

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filewriter import dcmwrite
from pydicom.uid import UID

from sarcoma_review.privacy import markers, pixels
from sarcoma_review.privacy.clean import Cleaning, cleaned
from sarcoma_review.privacy.structure import BIG_ENDIAN, EXPLICIT, Layout

IMPLEMENTATION_UID = "2.25.287302845216839452367410598231764520191"
"""Names this program in file meta information; drawn once at random."""

_WORD_BYTES = {"OW": 2, "OF": 4, "OL": 4, "OD": 8, "OV": 8}


def rewritten(layout: Layout, header: Dataset, run: Cleaning, *, version: str) -> Dataset:
    """Give the de-identified data set of a file.

    Parameters
    ----------
    layout : Layout
        The source, taken apart.
    header : Dataset
        Its data set without pixels.
    run : Cleaning
        The rules, and the patient's new identity.
    version : str
        Of this program, for the marks.

    Raises
    ------
    NotDicomError
        If there are fewer pixels than the header says.
    UnsupportedError
        If compressed frames cannot be walked through.
    """
    dataset = cleaned(header, run)
    dataset.PatientName = dataset.PatientID = run.identity.pseudonym("")
    markers.stamp(dataset, run.profile, version)
    if layout.transfer_syntax == BIG_ENDIAN:
        _turn_tables(dataset)
    if layout.pixels is not None:
        _put_pixels(dataset, layout, header)
    return dataset


def _put_pixels(dataset: Dataset, layout: Layout, header: Dataset) -> None:
    value = layout.pixels or b""
    if layout.encapsulated:
        dataset.PixelData = pixels.compressed(header, value, layout.transfer_syntax)
        dataset["PixelData"].VR = "OB"
        return
    big_endian = layout.transfer_syntax == BIG_ENDIAN and layout.pixel_vr == "OW"
    dataset.PixelData = pixels.native(header, value, big_endian=big_endian)
    dataset["PixelData"].VR = "OW" if int(header.BitsAllocated) > 8 else "OB"


def _turn_tables(dataset: Dataset) -> None:
    """Turn the bytes of look-up tables, which pydicom leaves as they stand."""
    for element in dataset.iterall():
        if isinstance(element.value, bytes) and element.VR in _WORD_BYTES:
            element.value = pixels.swapped(element.value, _WORD_BYTES[element.VR])


def write(dataset: Dataset, path: Path, layout: Layout) -> None:
    """Write a de-identified data set, in the transfer syntax of its pixels or explicit little endian."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    meta.TransferSyntaxUID = UID(layout.transfer_syntax if layout.encapsulated else EXPLICIT)
    meta.ImplementationClassUID = UID(IMPLEMENTATION_UID)
    meta.ImplementationVersionName = "SARCOMA_REVIEW"
    dataset.file_meta = meta
    path.parent.mkdir(parents=True, exist_ok=True)
    dcmwrite(path, dataset, enforce_file_format=True, overwrite=False)
