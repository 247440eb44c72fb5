"""Standardised uptake value by body weight, where a PET image says enough to compute it.

After the vendor-neutral rules of the Quantitative Imaging Biomarkers Alliance: activity concentration times body
weight, over the injected dose decayed to the time that the images were corrected to.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from pydicom import Dataset

from sarcoma_review.dicom.elements import BROKEN

SUV_TAGS = (
    "Units",
    "SUVType",
    "CorrectedImage",
    "DecayCorrection",
    "PatientWeight",
    "SeriesDate",
    "SeriesTime",
    "AcquisitionDate",
    "RadiopharmaceuticalInformationSequence",
)
_LEAST_DOSE_BQ = 1e5
_MOST_HALF_LIVES = 10
_LONGEST = timedelta(days=1)


class Uptake(NamedTuple):
    """What to multiply rescaled values by, the units that gives, and how it came or why it did not."""

    factor: float
    units: str
    remark: str


def suv_scale(header: Dataset, acquisition_times: Sequence[str]) -> Uptake:
    """How a PET image's rescaled values become SUV by body weight.

    Parameters
    ----------
    header : pydicom.Dataset
        With `SUV_TAGS`, as far as the image has them.
    acquisition_times : sequence of str
        AcquisitionTime of each slice, as DICOM writes times.

    Returns
    -------
    Uptake
        A factor of 1 with the reason, where the attributes do not suffice.
    """
    units = str(header.get("Units", "") or "")
    if units == "GML":
        kind = str(header.get("SUVType", "") or "BW")
        return Uptake(1.0, f"SUV{kind.lower()}", f"stored as SUV ({kind}), not computed here")
    if units != "BQML":
        return Uptake(1.0, units, f"not SUV: Units are {units or 'absent'}, expected BQML")
    try:
        missing = _missing(header)
        if missing:
            return Uptake(1.0, "Bq/ml", f"not SUV: {missing}")
        return _computed(header, acquisition_times)
    except BROKEN as problem:
        return Uptake(1.0, "Bq/ml", f"not SUV: an attribute is not of its kind ({type(problem).__name__})")


def _missing(header: Dataset) -> str:
    """What is wanting for SUV; empty where nothing is."""
    corrected = header.get("CorrectedImage") or []
    drug = list(header.get("RadiopharmaceuticalInformationSequence") or [Dataset()])
    wanting = {
        "CorrectedImage does not name ATTN and DECY": not {"ATTN", "DECY"} <= set(corrected),
        "DecayCorrection is neither START nor ADMIN": header.get("DecayCorrection") not in ("START", "ADMIN"),
        "PatientWeight is absent or 0 kg": not float(header.get("PatientWeight") or 0) > 0,
        f"{len(drug)} injections are named, expected 1": len(drug) != 1,
        "RadionuclideTotalDose is absent, or too little to be Bq": not float(
            drug[0].get("RadionuclideTotalDose") or 0
        )
        >= _LEAST_DOSE_BQ,
        "RadionuclideHalfLife is absent": not float(drug[0].get("RadionuclideHalfLife") or 0) > 0,
    }
    return next((reason for reason, is_so in wanting.items() if is_so), "")


def _computed(header: Dataset, acquisition_times: Sequence[str]) -> Uptake:
    drug = header.RadiopharmaceuticalInformationSequence[0]
    dose_bq, half_life_s = float(drug.RadionuclideTotalDose), float(drug.RadionuclideHalfLife)
    weight_g = 1000.0 * float(header.PatientWeight)
    if header.DecayCorrection == "ADMIN":
        return Uptake(weight_g / dose_bq, "SUVbw", "SUV by body weight, of images corrected to the injection")
    start, source = _scan_start(header, acquisition_times)
    injected = _injection(header, start)
    if start is None or injected is None:
        wanting = "scan" if start is None else "injection"
        return Uptake(1.0, "Bq/ml", f"not SUV: the time of the {wanting} is absent")
    waited_s = (start - injected).total_seconds()
    if not 0 <= waited_s <= _MOST_HALF_LIVES * half_life_s:
        return Uptake(1.0, "Bq/ml", f"not SUV: the scan is {waited_s / 60:.0f} minutes after the injection")
    factor = weight_g / (dose_bq * 2.0 ** (-waited_s / half_life_s))
    return Uptake(factor, "SUVbw", f"SUV by body weight, dose decayed {waited_s / 60:.1f} minutes to {source}")


def _scan_start(header: Dataset, acquisition_times: Sequence[str]) -> tuple[datetime | None, str]:
    """Series time; the first acquisition where that is earlier, for then the series was made anew later."""
    series = _moment(header.get("SeriesDate"), header.get("SeriesTime"))
    date = header.get("AcquisitionDate") or header.get("SeriesDate")
    taken = [moment for time in acquisition_times if (moment := _moment(date, time))]
    if taken and (series is None or min(taken) < series):
        return min(taken), "the first acquisition"
    return series, "the start of the series"


def _injection(header: Dataset, start: datetime | None) -> datetime | None:
    drug = header.RadiopharmaceuticalInformationSequence[0]
    whole = str(drug.get("RadiopharmaceuticalStartDateTime", "") or "")
    if len(whole) >= 12:
        return _moment(whole[:8], whole[8:].partition("+")[0].partition("-")[0])
    if start is None:
        return None
    moment = _moment(f"{start:%Y%m%d}", drug.get("RadiopharmaceuticalStartTime"))
    # A time alone: the last time the clock showed it before the scan, be it over midnight.
    return moment - _LONGEST if moment is not None and moment > start else moment


def _moment(date: object, time: object) -> datetime | None:
    """A date and a time as DICOM writes them (YYYYMMDD, HHMMSS.FFFFFF)."""
    day, clock = str(date or ""), str(time or "").replace(":", "")
    if len(day) != 8 or len(clock) < 4:
        return None
    whole, _, part = clock.partition(".")
    return datetime.strptime(f"{day}{whole:0<6}.{part or '0'}", "%Y%m%d%H%M%S.%f")
