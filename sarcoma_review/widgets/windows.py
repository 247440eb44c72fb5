"""Grey windows: which values are drawn black, and which white."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sarcoma_review.errors import PresentationError
from sarcoma_review.volume import Volume

Window = tuple[float, float]
"""Low and high, in the volume's values: at low and below black, at high and above white."""

CT_WINDOWS: dict[str, Window] = {
    "soft tissue": (-160.0, 240.0),  # width 400, level 40
    "bone": (-650.0, 1350.0),  # width 2000, level 350
    "lung": (-1350.0, 150.0),  # width 1500, level -600
}
_SAMPLED_VOXELS = 2_000_000


def presets(volume: Volume) -> dict[str, Window]:
    """Name the windows that suit a volume; the first is how it opens.

    A CT opens on soft tissue: on a bone window the part of a sarcoma outside the bone hardly shows. Other
    images have no fixed scale, and open on ``"auto"``.

    Parameters
    ----------
    volume : Volume
        A CT is known by its modality, or by its unit HU.

    Returns
    -------
    dict of str to tuple of float
        ``"auto"`` runs from the 1st to the 99.5th percentile, ``"full range"`` from the lowest to the highest
        value. Of a volume above two million voxels the percentiles are those of evenly spaced slices, rows
        and columns.

    Examples
    --------
    >>> ct = Volume(np.zeros((2, 2, 2), np.int16), np.eye(4), modality="CT")
    >>> list(presets(ct))
    ['soft tissue', 'bone', 'lung', 'auto']
    """
    auto = {"auto": _between(volume, (1.0, 99.5))}
    if volume.modality == "CT" or volume.units == "HU":
        return CT_WINDOWS | auto
    return auto | {"full range": _between(volume, (0.0, 100.0))}


def checked_window(window: Sequence[float], volume: Volume) -> Window:
    """Give a window back as two numbers.

    Raises
    ------
    PresentationError
        If it is not two finite numbers, low below high.
    """
    if len(window) != 2 or not np.isfinite(window).all() or not window[0] < window[1]:
        found = " to ".join(f"{level:g}" for level in window)
        raise PresentationError(f"a window needs low below high, found {found} {volume.units}".rstrip())
    return float(window[0]), float(window[1])


def checked_preset(name: str, named: Mapping[str, Window]) -> str:
    """Give a preset's name back; the empty name stands for a window that has none.

    Raises
    ------
    PresentationError
        If there is no such preset.
    """
    if name and name not in named:
        raise PresentationError(f"no window is called {name!r} for this volume; there are {', '.join(named)}")
    return name


def _between(volume: Volume, percentiles: tuple[float, float]) -> Window:
    values = _sample(volume) if percentiles != (0.0, 100.0) else volume.array
    values = values[np.isfinite(values)]
    if not values.size:
        return 0.0, 1.0
    low, high = (float(value) for value in np.percentile(values, percentiles))
    return low, high if high > low else low + 1.0


def _sample(volume: Volume) -> NDArray[Any]:
    step = int(np.ceil((volume.array.size / _SAMPLED_VOXELS) ** (1 / 3)))
    sample: NDArray[Any] = volume.array[::step, ::step, ::step]
    return sample
