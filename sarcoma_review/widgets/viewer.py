"""The viewer: three linked views of one volume, with outlines and cut planes."""

import threading
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol, TypeVar

import anywidget
import numpy as np
import traitlets
from numpy.typing import ArrayLike, NDArray

from sarcoma_review.errors import GeometryError, PresentationError
from sarcoma_review.volume import Segment, Volume, require_clearance, require_same_space
from sarcoma_review.widgets import wire
from sarcoma_review.widgets.windows import Window, checked_preset, checked_window, presets

STATIC = Path(__file__).parent / "static"
# Okabe and Ito's palette, readable by colour-blind surgeons, without the yellow, which is the planes'. Each has
# a dash pattern of its own (px), for colour alone says nothing in print.
STYLES: tuple[tuple[str, tuple[int, ...]], ...] = (
    ("#e69f00", ()),
    ("#56b4e9", (7, 3)),
    ("#009e73", (2, 2)),
    ("#cc79a7", (8, 3, 2, 3)),
    ("#d55e00", (12, 3)),
    ("#ffffff", (4, 4)),
    ("#0072b2", (8, 3, 2, 3, 2, 3)),
    ("#999999", (1, 3)),
)
_AT_THE_RIM = 1e-6  # of a voxel: a position that a page put on the outermost face, after rounding


class PlaneLike(Protocol):
    """What the viewer asks of a cut plane: `sarcoma_review.planning.Plane` has it."""

    @property
    def name(self) -> str:
        """What the cut is called."""

    @property
    def point_mm(self) -> NDArray[np.float64]:
        """A point on the specimen's face of the cut, LPS mm, shape (3,)."""

    @property
    def normal(self) -> NDArray[np.float64]:
        """Unit vector away from the specimen, shape (3,)."""

    @property
    def kerf_mm(self) -> float:
        """What the saw takes, from the face along the normal."""


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

    crosshair_mm = _Checked(lambda viewer, value: _position_within(viewer.volume, value)).tag(sync=True)
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
        _check_segments(segments, volume)
        self._guard = threading.RLock()
        self._volume, self._segments, self._planes = volume, tuple(segments), tuple(planes)
        start = _middle(volume, self._segments) if crosshair_mm is None else crosshair_mm
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
            self.send({"t": "planes", "planes": [_plane_meta(plane) for plane in self._planes]})

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
            "planes": [_plane_meta(plane) for plane in self._planes],
        }


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _name_of(window: Window, named: dict[str, Window]) -> str:
    return next((name for name, known in named.items() if known == window), "")


def _plane_meta(plane: PlaneLike) -> dict[str, Any]:
    return {
        "name": plane.name,
        "point_mm": np.asarray(plane.point_mm, np.float64).tolist(),
        "normal": np.asarray(plane.normal, np.float64).tolist(),
        "kerf_mm": float(plane.kerf_mm),
    }


def _check_segments(segments: Sequence[Segment], volume: Volume) -> None:
    if len(segments) > len(STYLES):
        raise PresentationError(
            f"the viewer shows up to {len(STYLES)} segments at once, found {len(segments)}; choose among them"
        )
    for segment in segments:
        require_clearance(segment.mask, "The viewer")
        require_same_space(volume, segment.mask, f"segment {segment.name!r}")
        if not segment.mask.grid.same_as(volume.grid):
            raise GeometryError(
                f"segment {segment.name!r} is not on the grid of the volume: expected {volume!r}, "
                f"found {segment.mask!r}; resample it first"
            )


def _position_within(volume: Volume, position_mm: ArrayLike) -> tuple[float, float, float]:
    """Check that a position lies in a voxel, whose faces are half a voxel beyond its centre."""
    found = np.asarray(position_mm, np.float64)
    if found.shape != (3,):
        raise GeometryError(f"a crosshair is one position of three numbers in mm, found shape {found.shape}")
    index, shape = volume.index(found), np.array(volume.shape)
    if not (np.all(index >= -0.5 - _AT_THE_RIM) and np.all(index <= shape - 0.5 + _AT_THE_RIM)):
        corners = volume.position_mm(np.stack(np.meshgrid(*[(-0.5, n - 0.5) for n in shape]), axis=-1))
        low, high = corners.min(axis=(0, 1, 2)), corners.max(axis=(0, 1, 2))
        extent = ", ".join(f"{axis} {a:.1f} to {b:.1f}" for axis, a, b in zip("xyz", low, high, strict=True))
        place = ", ".join(f"{mm:.1f}" for mm in found)
        raise GeometryError(f"the crosshair lies outside the volume: found ({place}) mm, expected {extent} mm (LPS)")
    return float(found[0]), float(found[1]), float(found[2])


def _middle(volume: Volume, segments: Sequence[Segment]) -> NDArray[np.float64]:
    """Find the voxel to open at: the centre of gravity of the first segment, else the middle of the volume."""
    index = (np.array(volume.shape) - 1) // 2
    if segments and (inside := np.asarray(segments[0].mask.array) >= 0.5).any():
        counts = (inside.sum(axis=axes) for axes in ((1, 2), (0, 2), (0, 1)))
        index = np.rint([np.average(np.arange(len(count)), weights=count) for count in counts]).astype(int)
    return volume.position_mm(index)
