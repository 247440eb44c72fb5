"""A small picture of a volume, to choose it by."""

import io

import numpy as np
from PIL import Image

from sarcoma_review.present.section import Section, View, section
from sarcoma_review.present.windows import Window, named_window
from sarcoma_review.volume import Grid, Volume, require_clearance

_VIEWS: tuple[View, ...] = ("axial", "coronal", "sagittal")


def acquired_view(grid: Grid) -> View:
    """The view that shows the slices as they were acquired: that which looks along the slice axis.

    Examples
    --------
    >>> acquired_view(Grid((30, 64, 64), np.array([[0, 0, 1, 0], [4, 0, 0, 0], [0, -1, 0, 0], [0, 0, 0, 1.0]])))
    'coronal'
    """
    return next(view for view in _VIEWS if section(grid, view).through == 0)


def thumbnail(volume: Volume, *, window: str | Window = "", size_px: int = 144) -> bytes:
    """Draw the middle slice as it was acquired, in true proportions, the patient's right on the left.

    Parameters
    ----------
    volume : Volume
    window : str or (low, high)
        A preset's name, or values; by default that in which the viewer opens.
    size_px : int
        Width and height of the picture, 16 to 512.

    Returns
    -------
    bytes
        PNG, grey, 16 kB at most with the default size.

    Raises
    ------
    PrivacyError
        If the volume did not come through the privacy gate.
    """
    require_clearance(volume, "A thumbnail")
    seen = section(volume.grid, acquired_view(volume.grid))
    low, high = named_window(window, volume)
    # The first index axis is that through the slices: what is left are rows and columns.
    values = np.nan_to_num(volume.array[volume.shape[0] // 2].astype(np.float32), nan=low)
    grey = (np.clip((values - low) / (high - low), 0, 1) * 255).astype(np.uint8)
    picture = Image.fromarray(grey if seen.vertical < seen.horizontal else grey.T)
    placed = picture.transform(
        (2 * size_px, 2 * size_px),
        Image.Transform.AFFINE,
        _back(picture.size, seen, 2 * size_px),
        resample=Image.Resampling.BILINEAR,
    )
    with io.BytesIO() as out:
        placed.reduce(2).quantize(64).save(out, format="PNG", optimize=True)
        return out.getvalue()


def _back(size: tuple[int, int], seen: Section, side_px: int) -> tuple[float, ...]:
    """From the picture's pixels to the slice's, as Pillow counts both: corners at whole numbers."""
    corners = np.array([(h, v) for h in (0, size[0]) for v in (0, size[1])]) @ seen.to_picture.T
    low, high = corners.min(axis=0), corners.max(axis=0)
    mm = float((high - low).max()) / side_px
    inverse = np.linalg.inv(seen.to_picture)
    start = inverse @ ((low + high) / 2 - mm * side_px / 2)
    step = inverse * mm
    return (step[0, 0], step[0, 1], start[0], step[1, 0], step[1, 1], start[1])
