"""A study to rehearse on: a de-identified one under invented names, and a plain film that bears one."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from pydicom import Dataset, dcmread
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from sarcoma_review.errors import PrivacyError
from sarcoma_review.privacy.pictures import decoded
from sarcoma_review.privacy.structure import layout

_FILM = "1.2.840.10008.5.1.4.1.1.1.1"
_IDENTITY = {
    "PatientName": "Quillfeather^Una",
    "PatientID": "ZK4711923",
    "PatientBirthDate": "20080517",
    "InstitutionName": "Wexcombe Infirmary",
    "ReferringPhysicianName": "Brambleby^Otto",
    "AccessionNumber": "ACC778812",
    "PatientComments": "Una's mother asks to be rung on 020 7946 0123",
}
_MARKS = (
    "PatientIdentityRemoved", "DeidentificationMethod", "DeidentificationMethodCodeSequence",
    "LongitudinalTemporalInformationModified",
)  # fmt: skip
_OF_SLICES = (
    "ImagePositionPatient", "ImageOrientationPatient", "SliceThickness", "SpacingBetweenSlices",
    "FrameOfReferenceUID", "PositionReferenceIndicator", "SliceLocation",
    "RescaleSlope", "RescaleIntercept", "RescaleType",
)  # fmt: skip


def pretend_identified(source: str | Path, destination: str | Path) -> int:
    """Copy one series of slices under invented names, and add a plain film of it with the name burned in.

    The persons, the hospital and the numbers are invented; the telephone number is of those kept for fiction.

    Parameters
    ----------
    source : path
        A folder of single-frame images that are de-identified.
    destination : path
        Takes the copies: ``0001.dcm`` and so on, the film last.

    Returns
    -------
    int
        Files written.

    Raises
    ------
    PrivacyError
        If an image of the source is not marked as de-identified: nobody's real images are given another's name.
    """
    target = Path(destination)
    target.mkdir(parents=True, exist_ok=True)
    paths = sorted(Path(source).glob("*.dcm"))
    slices = [dcmread(path) for path in paths]
    if not slices or any(ds.get("PatientIdentityRemoved") != "YES" for ds in slices):
        raise PrivacyError("expected a folder of de-identified slices to rehearse on")
    for number, ds in enumerate([*slices, _film(paths)], 1):
        for mark in _MARKS:
            ds.pop(mark, None)
        for keyword, value in _IDENTITY.items():
            setattr(ds, keyword, value)
        ds.save_as(target / f"{number:04d}.dcm", enforce_file_format=True)
    return len(slices) + 1


def _film(paths: Sequence[Path]) -> Dataset:
    """A plain film: the slices summed from front to back, the name and a marker of the side written on it."""
    ds = dcmread(paths[0])
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    for keyword in _OF_SLICES:
        ds.pop(keyword, None)
    layouts = [layout(path.read_bytes()) for path in paths]
    summed = np.sum([decoded(whole, whole.dataset())[0] for whole in layouts], axis=0, dtype=np.float64)
    pixels = _written_on(np.kron(summed / max(summed.max(), 1.0) * 3000, np.ones((3, 3))))
    ds.SOPClassUID, ds.Modality, ds.SeriesNumber = _FILM, "DX", "9"
    for keyword, entropy in (("SOPInstanceUID", "film"), ("SeriesInstanceUID", "films")):
        setattr(ds, keyword, generate_uid(entropy_srcs=[entropy]))
    ds.Rows, ds.Columns = pixels.shape
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 12, 11, 0
    ds.PixelData = pixels.tobytes()
    ds["PixelData"].VR = "OW"
    return ds


def _written_on(plain: NDArray[np.float64]) -> NDArray[np.uint16]:
    ink = Image.new("L", plain.shape[::-1])
    draw, font = ImageDraw.Draw(ink), ImageFont.load_default(22)
    draw.text((12, 12), "QUILLFEATHER, UNA  17.05.2008", fill=255, font=font)
    draw.text((plain.shape[1] - 40, plain.shape[0] // 2), "L", fill=255, font=ImageFont.load_default(32))
    weight = np.asarray(ink, dtype=np.float64) / 255
    return (plain * (1 - weight) + 4000 * weight).astype(np.uint16)
