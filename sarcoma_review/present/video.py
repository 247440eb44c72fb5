"""A short video that scrolls through slices, for a deck."""

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

from sarcoma_review.errors import GeometryError, PresentationError
from sarcoma_review.planning import Plane
from sarcoma_review.present.figures import draw_slice
from sarcoma_review.present.leaving import require_export
from sarcoma_review.present.section import View, section
from sarcoma_review.present.windows import Window, named_window
from sarcoma_review.privacy.text import PURPOSE
from sarcoma_review.volume import Segment, Volume

MOST_SLICES = 400
_DOTS_PER_INCH = 110
_BYTES_PER_SLICE = 30_000
# Quality and size, tried in this order: fine detail goes first, and only then the size of the letters.
_STEPS = ((80, 1.0), (60, 1.0), (40, 1.0), (40, 0.75), (25, 0.75), (20, 0.6))


def scroll_video(
    volume: Volume,
    view: View,
    *,
    segments: Sequence[Segment] = (),
    planes: Sequence[Plane] = (),
    window: str | Window = "auto",
    slices: tuple[int, int] | None = None,
    fps: float = 12,
) -> bytes:
    """Draw a run of slices as an animated WebP picture, which every browser plays by itself.

    Parameters
    ----------
    volume : Volume
    view : {"axial", "coronal", "sagittal"}
    segments, planes, window
        As for `slice_image`.
    slices : tuple of int, optional
        The first and the last slice, as captions count them: from 1, both shown; the first may be the higher.
        All by default.
    fps : float
        Slices a second, 1 to 60.

    Returns
    -------
    bytes
        WebP; each frame says its slice and window, and what the pictures are for. It is played over and over.

    Raises
    ------
    GeometryError
        If the volume has no such slices, or a segment is not on its grid.
    PresentationError
        If there are more than 400 slices, or `fps` is out of range.
    PrivacyError
        If the images did not come through the privacy gate.

    Notes
    -----
    Compression loses detail, and then size, until 30 kB a slice are enough: a video is to scroll by, not to measure
    on. A slice takes about 0.1 s to draw.

    Examples
    --------
    >>> ct = Volume(np.zeros((3, 32, 32), np.int16), np.eye(4)[[2, 1, 0, 3]], modality="CT")
    >>> scroll_video(ct, "axial")[8:12]
    b'WEBP'
    """
    require_export(volume, "A video")
    for segment in segments:
        require_export(segment.mask, "A video")
    if not 1 <= fps <= 60:
        raise PresentationError(f"a video runs at 1 to 60 slices a second, found {fps:g}")
    seen = section(volume.grid, view)
    levels = named_window(window, volume)  # once: percentiles of all voxels take long
    numbers = _numbers(slices, volume.shape[seen.through], view)
    frames = []
    for number in numbers:
        figure, _, _ = draw_slice(
            volume, seen, number, segments=segments, planes=planes, window=levels, footer=PURPOSE
        )
        figure.set_dpi(_DOTS_PER_INCH)
        canvas: Any = FigureCanvasAgg(figure)  # matplotlib gives it no types
        canvas.draw()
        frames.append(Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3]))
    return _webp(frames, round(1000 / fps))


def _numbers(slices: tuple[int, int] | None, count: int, view: View) -> range:
    first, last = slices or (1, count)
    if not (1 <= first <= count and 1 <= last <= count):
        raise GeometryError(f"the volume has {view} slices 1 to {count}, found {first} to {last}")
    if abs(last - first) >= MOST_SLICES:
        raise PresentationError(f"a video shows up to {MOST_SLICES} slices, found {abs(last - first) + 1}")
    step = 1 if last >= first else -1
    return range(first - 1, last - 1 + step, step)


def _webp(frames: Sequence[Image.Image], duration_ms: int) -> bytes:
    """The frames in the first of several steps that keeps within the size; in the last where none does."""
    data = b""
    for quality, scale in _STEPS:
        size = round(scale * frames[0].width), round(scale * frames[0].height)
        first, *others = frames if scale == 1.0 else [frame.resize(size) for frame in frames]
        with io.BytesIO() as out:
            first.save(
                out,
                format="WEBP",
                save_all=True,
                append_images=others,
                duration=duration_ms,
                loop=0,
                quality=quality,
                method=2,
            )
            data = out.getvalue()
        if len(data) <= _BYTES_PER_SLICE * len(frames):
            break
    return data
