"""ICD-O codes of bone tumours. SNOMED CT is licensed and left to a site."""

from dataclasses import dataclass

from sarcoma_review.errors import PathwayError

MORPHOLOGY = {
    "9180/3": "osteosarcoma, conventional or not specified further",
    "9181/3": "chondroblastic osteosarcoma",
    "9182/3": "fibroblastic osteosarcoma",
    "9183/3": "telangiectatic osteosarcoma",
    "9184/3": "osteosarcoma in Paget disease",
    "9185/3": "small cell osteosarcoma",
    "9186/3": "central osteosarcoma",
    "9187/3": "low-grade central osteosarcoma",
    "9192/3": "parosteal osteosarcoma",
    "9193/3": "periosteal osteosarcoma",
    "9194/3": "high-grade surface osteosarcoma",
    "9220/3": "chondrosarcoma",
    "9221/3": "peripheral or periosteal chondrosarcoma",
    "9240/3": "mesenchymal chondrosarcoma",
    "9242/3": "clear cell chondrosarcoma",
    "9243/3": "dedifferentiated chondrosarcoma",
    "9250/1": "giant cell tumour of bone",
    "9250/3": "malignant giant cell tumour of bone",
    "9261/3": "adamantinoma of long bones",
    "9364/3": "Ewing sarcoma",
    "9370/3": "chordoma",
    "9371/3": "chondroid chordoma",
}
"""ICD-O morphology, by its code with behaviour; attributed to the World Health Organization."""

TOPOGRAPHY = {
    "C40.0": "long bones of the upper limb, scapula",
    "C40.1": "short bones of the upper limb",
    "C40.2": "long bones of the lower limb",
    "C40.3": "short bones of the lower limb",
    "C40.8": "limb, overlapping",
    "C40.9": "limb, not specified",
    "C41.0": "skull and face",
    "C41.1": "mandible",
    "C41.2": "vertebral column, without the sacrum",
    "C41.3": "rib, sternum, clavicle",
    "C41.4": "pelvis, sacrum, coccyx",
    "C41.9": "bone, not specified",
}
"""ICD-O topography of bone."""

_FORWARD = {"9260/3": "9364/3"}


@dataclass(frozen=True)
class Code:
    """A code that was found.

    Parameters
    ----------
    code, words : str
    note : str
        What happened on the way, such as an older code that was carried forward.
    """

    code: str
    words: str
    note: str = ""


def morphology(code: str) -> Code:
    """The meaning of an ICD-O morphology code; an older code of Ewing sarcoma is carried forward.

    Raises
    ------
    PathwayError
        If the code is not in `MORPHOLOGY`.

    Examples
    --------
    >>> morphology("9180/3").words
    'osteosarcoma, conventional or not specified further'
    >>> morphology("9260/3").code
    '9364/3'
    """
    current = _FORWARD.get(code, code)
    if current not in MORPHOLOGY:
        raise PathwayError("ICD-O morphology: expected a code such as 9180/3 out of MORPHOLOGY; found another")
    note = (
        f"{code} stands in older tables; that {current} is the current one was not verified"
        if current != code
        else ""
    )
    return Code(current, MORPHOLOGY[current], note)


def topography(code: str) -> Code:
    """The meaning of an ICD-O topography code of bone.

    Raises
    ------
    PathwayError
        If the code is not in `TOPOGRAPHY`.

    Examples
    --------
    >>> topography("C41.4").words
    'pelvis, sacrum, coccyx'
    """
    if code not in TOPOGRAPHY:
        raise PathwayError("ICD-O topography: expected a code such as C40.2 out of TOPOGRAPHY; found another")
    return Code(code, TOPOGRAPHY[code])
