"""The viewer: three linked views of one volume, with outlines and cut planes."""

import threading
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import anywidget
import numpy as np
import traitlets
from numpy.typing import ArrayLike

from sarcoma_review.present.windows import Window, checked_preset, checked_window, presets
from sarcoma_review.volume import Segment, Volume, require_clearance
from sarcoma_review.widgets import wire
from sarcoma_review.widgets.scene import (
    STYLES,
    PlaneLike,
    check_segments,
    opening_position,
    plane_words,
    position_within,
)

STATIC = Path(__file__).parent / "static"


Held = TypeVar("Held")


class _Checked(traitlets.TraitType[Held, Any]):
    """A trait that its widget checks on the way in, so that a page's bad value is never stored."""

    def __init__(self, check: Callable[["Viewer", Any], Held]) -> None:
        super().__init__()
        self._check = check

    def validate(self, obj: "Viewer", value: Any) -> Held:
        """Return the value as the widget wants it, or raise what the widget raises."""
        return self._check(obj, value)


class Viewer(anywidget.AnyWidget):
    """Three linked views of a volume: axial, coronal and sagittal planes of the scan's own grid.

    The patient's right is on the left of the axial and coronal views; anterior is on top of the axial and on
    the left of the sagittal one. Where the scan is oblique the views say by how many degrees. What is moved on
    a page is read back here, and what is set here moves on every page.

    Parameters
    ----------
    volume : Volume
        The image. Its voxels travel to a page that asks for them, and are never stored in the notebook.
    segments : sequence of Segment
        Up to eight outlines, on the grid of `volume`.
    planes : sequence of PlaneLike
        Cut planes; the line is the specimen's face, the dashed one beyond it the far side of the kerf.
    window : str or tuple of float, optional
        A preset's name, or low and high in the volume's values. A CT opens on ``"soft tissue"``, else ``"auto"``.
    crosshair_mm : array_like, shape (3,), optional
        LPS mm. If left out, the middle of the first segment, or of the volume.

    Attributes
    ----------
    crosshair_mm : tuple of float
        LPS mm; may be set.
    window : tuple of float
        Low and high, in the volume's values; may be set.
    preset : str
        The name of the window, ``""`` if it has none; may be set.
    enlarged : str
        ``"axial"``, ``"coronal"`` or ``"sagittal"`` while one view fills the widget, else ``""``; may be set.

    Raises
    ------
    PrivacyError
        If the images did not come through the privacy gate.
    GeometryError
        If a segment is not on the volume's grid, or the crosshair lies outside the volume.
    PresentationError
        If there are more than eight segments, or the window is none.

    Examples
    --------
    >>> ct = Volume(np.zeros((10, 64, 64), np.int16), np.diag([3.0, 0.8, 0.8, 1.0]), modality="CT")
    >>> viewer = Viewer(ct, window="bone")
    >>> viewer
    <Viewer CT 10 x 64 x 64>
    >>> viewer.window
    (-650.0, 1350.0)
    """

    _esm = STATIC / "viewer.js"
    _css = STATIC / "viewer.css"

    crosshair_mm = _Checked(lambda viewer, value: position_within(viewer.volume, value)).tag(sync=True)
    window = _Checked(lambda viewer, value: checked_window(value, viewer.volume)).tag(sync=True)
    preset = _Checked(lambda viewer, value: checked_preset(value, viewer.presets)).tag(sync=True)
    enlarged = traitlets.Enum(("", "axial", "coronal", "sagittal"), "").tag(sync=True)

    def __init__(
        self,
        volume: Volume,
        *,
        segments: Sequence[Segment] = (),
        planes: Sequence[PlaneLike] = (),
        window: str | tuple[float, float] | None = None,
        crosshair_mm: ArrayLike | None = None,
    ) -> None:
        require_clearance(volume, "The viewer")
        check_segments(segments, volume)
        self._guard = threading.RLock()
        self._volume, self._segments, self._planes = volume, tuple(segments), tuple(planes)
        start = opening_position(volume, self._segments) if crosshair_mm is None else crosshair_mm
        chosen = next(iter(self.presets)) if window is None else window
        levels = self.presets[checked_preset(chosen, self.presets)] if isinstance(chosen, str) else chosen
        super().__init__(crosshair_mm=start, window=levels, preset=_name_of(levels, self.presets))
        self.observe(self._follow_preset, "preset")
        self.observe(self._follow_window, "window")
        self.on_msg(self._answer)

    @property
    def volume(self) -> Volume:
        """The image shown."""
        return self._volume

    @property
    def segments(self) -> tuple[Segment, ...]:
        """The outlines shown."""
        return self._segments

    @property
    def planes(self) -> tuple[PlaneLike, ...]:
        """The cut planes shown; set them anew, and every page redraws."""
        return self._planes

    @planes.setter
    def planes(self, planes: Sequence[PlaneLike]) -> None:
        with self._guard:
            self._planes = tuple(planes)
            self.send({"t": "planes", "planes": [plane_words(plane) for plane in self._planes]})

    @property
    def crosshair_index(self) -> tuple[int, int, int]:
        """The voxel nearest to the crosshair: slice, row, column, zero-based."""
        nearest = np.floor(self._volume.index(self.crosshair_mm) + 0.5).astype(int)
        kept = np.clip(nearest, 0, np.array(self._volume.shape) - 1)
        return int(kept[0]), int(kept[1]), int(kept[2])

    @property
    def value(self) -> int | float:
        """The value of the voxel under the crosshair, in the volume's unit."""
        voxel: int | float = self._volume.array[self.crosshair_index].item()
        return voxel

    @cached_property
    def presets(self) -> dict[str, Window]:
        """The windows this volume can be shown in, by name."""
        return presets(self._volume)

    def set_window(self, window: str | tuple[float, float]) -> None:
        """Show the volume in a preset, by its name, or from low to high.

        Raises
        ------
        PresentationError
            If there is no such preset, or low is not below high.
        """
        if isinstance(window, str):
            self.preset = window
        else:
            self.window = window

    def __repr__(self) -> str:
        size = " x ".join(str(n) for n in self._volume.shape)
        words = [f"{self._volume.modality} {size}".strip()]
        words += [_counted(len(self._segments), "segment")] if self._segments else []
        words += [_counted(len(self._planes), "plane")] if self._planes else []
        return f"<Viewer {', '.join(words)}>"

    def _follow_preset(self, _change: object) -> None:
        if self.preset:
            self.window = self.presets[self.preset]

    def _follow_window(self, _change: object) -> None:
        self.preset = _name_of(self.window, self.presets)

    @cached_property
    def _pixels(self) -> wire.Pixels:
        return wire.encode(self._volume.array)

    @cached_property
    def _masks(self) -> wire.Masks:
        return wire.pack(self._segments, self._volume.shape)

    @cached_property
    def _parts(self) -> list[wire.Part]:
        return wire.parts(self._pixels, self._masks)

    def _answer(self, _widget: object, asked: dict[str, Any], _buffers: object) -> None:
        """Answer one page. It asks for each part by number, so nothing about pages is kept here."""
        with self._guard:
            match asked:
                case {"t": "hello", "page": str(page)}:
                    self.send({"t": "meta", "to": page, **self._meta()})
                    self._send_part(page, 0)
                case {"t": "part", "page": str(page), "part": int(n)} if 0 <= n < len(self._parts):
                    self._send_part(page, n)

    def _send_part(self, page: str, n: int) -> None:
        part = self._parts[n]
        words = {"t": "part", "to": page, "part": n, "layer": part.layer, "offset": part.offset}
        self.send(words, [part.data.data])

    def _meta(self) -> dict[str, Any]:
        """All of the volume but its voxels."""
        volume, pixels, masks = self._volume, self._pixels, self._masks
        return {
            "shape": volume.shape,
            "affine": volume.affine.ravel().tolist(),
            "slope": pixels.slope,
            "intercept": pixels.intercept,
            "blank": pixels.blank,
            "modality": volume.modality,
            "units": volume.units,
            "parts": len(self._parts),
            "bytes": sum(part.data.nbytes for part in self._parts),
            "preview_step": wire.preview_step(pixels),
            "masks": {"origin": masks.origin, "shape": masks.bits.shape},
            "segments": [
                {"name": segment.name, "colour": colour, "dash": dash}
                for segment, (colour, dash) in zip(self._segments, STYLES, strict=False)
            ],
            "presets": [{"name": name, "window": window} for name, window in self.presets.items()],
            "planes": [plane_words(plane) for plane in self._planes],
        }


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _name_of(window: Window, named: dict[str, Window]) -> str:
    return next((name for name, known in named.items() if known == window), "")
