"""The marks that a de-identified data set carries, written and read back."""

import re

from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from sarcoma_review.privacy import codes, text
from sarcoma_review.privacy.clean import Change
from sarcoma_review.privacy.profile import PROFILES, Profile, edition

_METHOD_LINE = re.compile(r"sarcoma_review [0-9][0-9a-z.+]{0,20}|PS3\.15 20[0-9]{2}[a-e]")
_CODES = re.compile(r"1131[0-9]{2}")
_TEMPORAL = ("UNMODIFIED", "MODIFIED", "REMOVED")


CLEAN_PIXELS = "113101"


def stamp(dataset: Dataset, profile: Profile, version: str, *, signed: bool = False) -> None:
    """Mark a cleaned data set in place: what was done, by which program and edition of the standard."""
    dataset.PatientIdentityRemoved = "YES"
    done = sorted((*profile.codes, CLEAN_PIXELS) if signed else profile.codes)
    dataset.DeidentificationMethod = [f"sarcoma_review {version}", f"PS3.15 {edition()}", profile.name]
    dataset.DeidentificationMethodCodeSequence = Sequence(_code(value) for value in done)
    dataset.LongitudinalTemporalInformationModified = profile.temporal_information


def _code(value: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator = value, "DCM"
    item.CodeMeaning = codes.meaning("DCM", value, "")
    return item


def missing(dataset: Dataset) -> list[Change]:
    """List the marks that are absent or hold more than they should."""
    found = (
        ("(0012,0062)", "PatientIdentityRemoved", dataset.get("PatientIdentityRemoved") == "YES"),
        ("(0012,0063)", "DeidentificationMethod", _method_is_plain(dataset)),
        ("(0012,0064)", "DeidentificationMethodCodeSequence", _codes_are_known(dataset)),
        ("(0028,0303)", "LongitudinalTemporalInformationModified", _temporal(dataset) in _TEMPORAL),
        ("(0010,0020)", "PatientID", bool(dataset.get("PatientID"))),
        ("(0010,0010)", "PatientName", str(dataset.get("PatientName", "")) == str(dataset.get("PatientID", ""))),
    )
    return [Change(path, keyword, "mark absent or not ours", "") for path, keyword, right in found if not right]


def _temporal(dataset: Dataset) -> str:
    return str(dataset.get("LongitudinalTemporalInformationModified", ""))


def _method_is_plain(dataset: Dataset) -> bool:
    stated = dataset.get("DeidentificationMethod") or ""
    lines = [stated] if isinstance(stated, str) else list(stated)
    plain = (line in PROFILES or line == text.cleaned(line) or _METHOD_LINE.fullmatch(line) for line in lines)
    return bool(stated) and all(plain)


def _codes_are_known(dataset: Dataset) -> bool:
    stated = dataset.get("DeidentificationMethodCodeSequence") or []
    values = [str(item.get("CodeValue", "")) for item in stated]
    return "113100" in values and all(_is_plain_code(item) for item in stated)


def _is_plain_code(item: Dataset) -> bool:
    value, meaning = str(item.get("CodeValue", "")), str(item.get("CodeMeaning", ""))
    whole = {element.keyword for element in item} <= {"CodeValue", "CodingSchemeDesignator", "CodeMeaning"}
    return (
        whole
        and bool(_CODES.fullmatch(value))
        and item.get("CodingSchemeDesignator") == "DCM"
        and meaning == codes.meaning("DCM", value, meaning)
    )
