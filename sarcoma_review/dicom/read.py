"""Read the pixels of a stack into one array of rescaled values."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset, dcmread

from sarcoma_review.dicom.codecs import decode
from sarcoma_review.dicom.instance import BROKEN, Instance
from sarcoma_review.errors import DicomError

_INT16 = np.iinfo(np.int16)


def load_slices(instances: Sequence[Instance]) -> tuple[NDArray[np.int16] | NDArray[np.float32], str]:
    """Rescaled values of ordered single-frame images of one size.

    Parameters
    ----------
    instances : sequence of Instance

    Returns
    -------
    array : ndarray, shape (slices, rows, columns)
        int16 where every slope and intercept is whole and all values fit; else float32.
    units : str
        ``"HU"`` for CT; empty where the images name none.

    Raises
    ------
    DicomError
        Naming the slice by its place in the stack, never the file.
    """
    shape = (len(instances), instances[0].rows, instances[0].columns)
    array: NDArray[np.int16] | NDArray[np.float32] = np.empty(shape, np.int16)
    units = ""
    for number, instance in enumerate(instances):
        try:
            instance.require_unchanged()
            dataset = dcmread(instance.path)
            stored = decode(dataset)
            slope, intercept = _rescale(dataset)
        except DicomError as problem:
            raise type(problem)(f"slice {number + 1} of {len(instances)}: {problem}") from None
        except (OSError, *BROKEN) as problem:
            raise DicomError(
                f"slice {number + 1} of {len(instances)} cannot be read ({type(problem).__name__})"
            ) from None
        if array.dtype == np.int16 and not _fits_int16(stored, slope, intercept):
            array = array.astype(np.float32)
        if array.dtype == np.int16:
            array[number] = stored.astype(np.int32) * int(slope) + int(intercept)
        else:
            array[number] = stored * np.float64(slope) + intercept
        units = units or _units(dataset)
    return array, units


def _rescale(dataset: Dataset) -> tuple[float, float]:
    slope, intercept = dataset.get("RescaleSlope"), dataset.get("RescaleIntercept")
    if slope is None and intercept is None:
        if str(dataset.get("Modality", "")) == "CT":
            raise DicomError("CT without RescaleSlope and RescaleIntercept: its values are not HU")
        return 1.0, 0.0
    values = float(1 if slope is None else slope), float(0 if intercept is None else intercept)
    if values[0] == 0 or not np.isfinite(values).all():
        raise DicomError(f"RescaleSlope {values[0]:g} and RescaleIntercept {values[1]:g} give no values")
    return values


def _fits_int16(stored: NDArray[np.integer], slope: float, intercept: float) -> bool:
    ends = np.array([stored.min(), stored.max()], np.float64) * slope + intercept
    whole = slope.is_integer() and intercept.is_integer()
    return whole and bool(ends.min() >= _INT16.min and ends.max() <= _INT16.max)


def _units(dataset: Dataset) -> str:
    if str(dataset.get("Modality", "")) == "CT":
        return "HU"
    return str(dataset.get("RescaleType", "") or "").replace("US", "")
