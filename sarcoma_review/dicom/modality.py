"""What stored values mean: rescale, look-up table, SUV."""

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset, dcmread
from pydicom.uid import ExplicitVRBigEndian

from sarcoma_review.dicom.elements import BROKEN
from sarcoma_review.dicom.instance import SPLIT_KEYS, Instance
from sarcoma_review.dicom.suv import SUV_TAGS, suv_scale
from sarcoma_review.errors import DicomError

_UNSPECIFIED = ("", "US")
_ACQUISITION_TIME = SPLIT_KEYS.index("AcquisitionTime")


class Scale(NamedTuple):
    """From stored to meaningful values of one image.

    Attributes
    ----------
    slope, intercept : float
    table : ndarray or None
        Values from `first` on, in place of slope and intercept.
    first : int
        The stored value of the table's first entry; lower ones take it too, higher ones the last.
    """

    slope: float = 1.0
    intercept: float = 0.0
    table: NDArray[np.float32] | None = None
    first: int = 0

    def of(self, stored: NDArray[np.integer]) -> NDArray[np.float64] | NDArray[np.float32]:
        """The meaningful values of stored ones."""
        if self.table is None:
            return stored * np.float64(self.slope) + self.intercept
        return self.table[np.clip(stored.astype(np.int64) - self.first, 0, len(self.table) - 1)]

    @property
    def is_whole(self) -> bool:
        """Whether whole stored values stay whole."""
        return self.table is None and self.slope.is_integer() and self.intercept.is_integer()


class Meaning(NamedTuple):
    """Scales of a stack's images, in order; the units they give; what a reader should know."""

    scales: list[Scale]
    units: str
    issues: tuple[str, ...]


def meaning_of(instances: Sequence[Instance]) -> Meaning:
    """How the stored values of a stack are to be read.

    Raises
    ------
    DicomError
        If a CT has no rescale, a rescale or table gives no values, or several units stand in one stack.
    """
    if any(instance.has_modality_lut for instance in instances):
        if not all(instance.has_modality_lut for instance in instances):
            raise DicomError("some images of the stack have a Modality LUT and others none")
        tables = [_table(instance) for instance in instances]
        return Meaning([scale for scale, _ in tables], _one_unit(unit for _, unit in tables), ())
    scales = [_rescale(instance) for instance in instances]
    if instances[0].modality == "PT":
        return _uptake(instances, scales)
    return Meaning(scales, _one_unit(map(_unit, instances)), ())


def _unit(instance: Instance) -> str:
    """What RescaleType says; without one a CT is in HU (PS3.3 C.8.2.1.1), and of others nothing is known."""
    return instance.rescale_type or ("HU" if instance.modality == "CT" else "")


def _one_unit(stated: Iterable[str]) -> str:
    units = {"" if unit in _UNSPECIFIED else unit for unit in stated}
    if len(units) != 1:
        raise DicomError(f"expected one unit in a stack, found {', '.join(sorted(unit or 'none' for unit in units))}")
    return units.pop()


def _rescale(instance: Instance) -> Scale:
    if instance.slope is None and instance.intercept is None:
        if instance.modality == "CT":
            raise DicomError("CT without RescaleSlope and RescaleIntercept: its values are not HU")
        return Scale()
    slope = 1.0 if instance.slope is None else instance.slope
    intercept = 0.0 if instance.intercept is None else instance.intercept
    if slope == 0 or not (math.isfinite(slope) and math.isfinite(intercept)):
        raise DicomError(f"RescaleSlope {slope:g} and RescaleIntercept {intercept:g} give no values")
    return Scale(slope, intercept)


def _uptake(instances: Sequence[Instance], scales: list[Scale]) -> Meaning:
    """PET in SUV by body weight where the header allows, else as it is, with the reason."""
    header = header_with(instances[0], SUV_TAGS)
    times = [instance.split_values[_ACQUISITION_TIME] for instance in instances]
    suv = suv_scale(header, times)
    scaled = [Scale(scale.slope * suv.factor, scale.intercept * suv.factor) for scale in scales]
    return Meaning(scaled, suv.units, (suv.remark,))


def header_with(instance: Instance, tags: Sequence[str] | None = None) -> Dataset:
    """These elements of a file's header, or all of them, as pydicom reads them.

    Raises
    ------
    DicomError
        If the file changed since it was indexed, or cannot be read.
    """
    instance.require_unchanged()
    try:
        return dcmread(instance.path, stop_before_pixels=True, specific_tags=None if tags is None else list(tags))
    except (OSError, *BROKEN) as problem:
        raise DicomError(f"the header cannot be read again ({type(problem).__name__})") from None


def _table(instance: Instance) -> tuple[Scale, str]:
    """The Modality LUT (PS3.3 C.11.1) of an image, and its units."""
    header = header_with(instance, ["ModalityLUTSequence", "PixelRepresentation"])
    try:
        item = header.ModalityLUTSequence[0]
        count, first, bits = (int(value) for value in item.LUTDescriptor)
        data = item.LUTData
        order = ">" if instance.transfer_syntax == ExplicitVRBigEndian else "<"
        values = np.frombuffer(data, f"{order}u2") if isinstance(data, bytes) else np.atleast_1d(data)
    except BROKEN as problem:
        raise DicomError(f"the Modality LUT cannot be read ({type(problem).__name__})") from None
    if bits == 8 and len(values) * 2 == (count or 65536):  # two entries in a word (PS3.3 C.11.1.1.1)
        values = values.astype("<u2").view(np.uint8)
    if len(values) < (count or 65536):
        raise DicomError(f"the Modality LUT has {len(values)} entries, expected {count or 65536}")
    scale = Scale(table=values[: count or 65536].astype(np.float32), first=first)
    return scale, str(item.get("ModalityLUTType", "") or "")
