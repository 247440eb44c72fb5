"""The viewer: linked views of one volume or two, with outlines, cut planes and measurements."""

import threading
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import anywidget
import numpy as np
import traitlets
from numpy.typing import ArrayLike

from sarcoma_review.errors import GeometryError
from sarcoma_review.planning import Registration, TumourSurface
from sarcoma_review.present import KeyImage, wire
from sarcoma_review.present.images import images
from sarcoma_review.present.scene import (
    PlaneLike,
    check_segments,
    opening_position,
    plane_words,
    position_within,
)
from sarcoma_review.present.shown import scene_words
from sarcoma_review.present.skin import skin
from sarcoma_review.present.windows import Window, checked_preset, checked_window
from sarcoma_review.volume import Segment, Volume
from sarcoma_review.widgets.marks import Marks
from sarcoma_review.widgets.measure import Measurement
from sarcoma_review.widgets.settings import (
    PANES,
    WINDOW_OF,
    Checked,
    checked_hidden,
    checked_oblique,
    checked_share,
    counted,
    image_words,
    name_of,
)
from sarcoma_review.widgets.stills import Still, Stills, still, still_volume

STATIC = Path(__file__).parent / "static"


class Viewer(anywidget.AnyWidget):
    """Linked views of a volume: axial, coronal and sagittal planes of the scan's own grid, and any oblique one.

    The patient's right is on the left of the axial and coronal views; anterior is on top of the axial and on
    the left of the sagittal one. Where the scan is oblique the views say by how many degrees. What is moved on
    a page is read back here, and what is set here moves on every page.

    Parameters
    ----------
    volume : Volume
        The image. Its voxels travel to a page that asks for them, and are never stored in the notebook.
    segments : sequence of Segment
        Up to eight outlines, on the grid of `volume`; they are drawn on the image beside too.
    planes : sequence of PlaneLike
        Cut planes; a line is the specimen's face, a dashed one the kerf's far side. A ``patch_mm`` ends them.
    window : str or tuple of float, optional
        A preset's name, or low and high in the volume's values. A CT opens on ``"soft tissue"``, else ``"auto"``.
    crosshair_mm : array_like, shape (3,), optional
        LPS mm. If left out, the middle of the first segment, or of the volume.
    beside : Volume, optional
        A second image, such as that after chemotherapy, in a second row on its own slices.
    registration : Registration or array_like, shape (4, 4), optional
        From `volume` to `beside`, LPS mm; left out where both lie in one space.
    fusion : Volume, optional
        A third, laid over the first in colours; interpolated onto its grid where it lies on another.
    labels : sequence of str
        Names of the images, in this order, such as ``("before", "after")``.
    surface : TumourSurface, optional
        Drawn where it crosses the slices.
    margins_mm : array_like, shape (n,), optional
        Margin of each vertex of the surface, such as ``MarginReport.distances_mm``; the lines take its colours.
    measured : str or Path, optional
        A file that keeps measurements and notes, by where they lie: they are there when the viewer is made anew.

    Attributes
    ----------
    crosshair_mm : tuple of float
        LPS mm; may be set.
    window, beside_window, fusion_window : tuple of float
        Low and high, in each image's values; may be set. Empty where there is no such image.
    preset : str
        The name of the window, ``""`` if it has none; may be set.
    enlarged : str
        ``"axial"``, ``"coronal"``, ``"sagittal"`` or ``"oblique"`` while one view fills the widget, else ``""``.
    oblique : str or tuple of float
        A plane's name, or a normal (LPS): a fourth view runs along it, through the crosshair. ``""`` for none.
    hidden : tuple of str
        Segments that are not drawn; may be set.
    fill_opacity, fusion_opacity : float
        0 to 1; may be set. With 0 segments are outlines alone.

    Raises
    ------
    PrivacyError
        If the images did not come through the privacy gate.
    GeometryError
        If a segment is not on the volume's grid, the crosshair lies outside the volume, or two images lie in
        different frames of reference without a rigid registration.
    PresentationError
        If there are more than eight segments, or the window is none.

    Notes
    -----
    Pixels of an oblique view are interpolated linearly between voxels; all others are those acquired. Outlines on
    an oblique view, and on the image beside, are those of the nearest voxels.

    Examples
    --------
    >>> ct = Volume(np.zeros((10, 64, 64), np.int16), np.diag([3.0, 0.8, 0.8, 1.0]), modality="CT")
    >>> viewer = Viewer(ct, window="bone")
    >>> viewer.window
    (-650.0, 1350.0)
    """

    _esm = STATIC / "viewer.js"
    _css = STATIC / "viewer.css"

    crosshair_mm = Checked(lambda viewer, value: position_within(viewer.volume, value)).tag(sync=True)
    window = Checked(lambda viewer, value: viewer._checked_window("first", value)).tag(sync=True)
    beside_window = Checked(lambda viewer, value: viewer._checked_window("beside", value)).tag(sync=True)
    fusion_window = Checked(lambda viewer, value: viewer._checked_window("fusion", value)).tag(sync=True)
    fusion_opacity = Checked(lambda _viewer, value: checked_share(value, "the opacity of a fusion")).tag(sync=True)
    fill_opacity = Checked(lambda _viewer, value: checked_share(value, "the opacity of a fill")).tag(sync=True)
    preset = Checked(lambda viewer, value: checked_preset(value, viewer.presets)).tag(sync=True)
    hidden = Checked(lambda viewer, value: checked_hidden(value, viewer.segments)).tag(sync=True)
    oblique = Checked(lambda viewer, value: checked_oblique(value, viewer.planes)).tag(sync=True)
    enlarged = traitlets.Enum(("", *PANES), "").tag(sync=True)

    def __init__(  # noqa: PLR0913 (what may be laid on an image is many things, each by its name)
        self,
        volume: Volume,
        *,
        segments: Sequence[Segment] = (),
        planes: Sequence[PlaneLike] = (),
        window: str | tuple[float, float] | None = None,
        crosshair_mm: ArrayLike | None = None,
        beside: Volume | None = None,
        registration: Registration | ArrayLike | None = None,
        fusion: Volume | None = None,
        labels: Sequence[str] = (),
        surface: TumourSurface | None = None,
        margins_mm: ArrayLike | None = None,
        measured: str | Path | None = None,
    ) -> None:
        self._images = images(volume, beside=beside, registration=registration, fusion=fusion, labels=labels)
        check_segments(segments, volume)
        self._guard = threading.RLock()
        self._segments, self._planes = tuple(segments), tuple(planes)
        self._skin = None if surface is None else skin(surface, margins_mm)
        self._marks = Marks({image.role: image.volume for image in self._images if image.role != "fusion"}, measured)
        self._stills = Stills()
        self._keepers: list[Callable[[tuple[KeyImage, ...]], object]] = []
        chosen = next(iter(self.presets)) if window is None else window
        levels = self.presets[checked_preset(chosen, self.presets)] if isinstance(chosen, str) else chosen
        opening = {f"{image.role}_window": next(iter(image.presets.values())) for image in self._images[1:]}
        super().__init__(
            crosshair_mm=opening_position(volume, self._segments) if crosshair_mm is None else crosshair_mm,
            window=levels,
            preset=name_of(levels, self.presets),
            hidden=(),
            oblique="",
            fill_opacity=0.0,
            fusion_opacity=0.5,
            **({"beside_window": (), "fusion_window": ()} | opening),
        )
        self.observe(self._follow_preset, "preset")
        self.observe(self._follow_window, "window")
        self.on_msg(self._answer)

    @property
    def volume(self) -> Volume:
        """The first image."""
        return self._images[0].volume

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
            self._lay(tuple(planes))

    @property
    def crosshair_index(self) -> tuple[int, int, int]:
        """The voxel nearest to the crosshair: slice, row, column, zero-based."""
        nearest = np.floor(self.volume.index(self.crosshair_mm) + 0.5).astype(int)
        kept = np.clip(nearest, 0, np.array(self.volume.shape) - 1)
        return int(kept[0]), int(kept[1]), int(kept[2])

    @property
    def value(self) -> int | float:
        """The value of the voxel under the crosshair, in the volume's unit."""
        voxel: int | float = self.volume.array[self.crosshair_index].item()
        return voxel

    @property
    def presets(self) -> dict[str, Window]:
        """The windows the first image can be shown in, by name."""
        return self._images[0].presets

    @property
    def measurements(self) -> tuple[Measurement, ...]:
        """What was measured and noted, by hand or here; set it anew, and every page follows.

        Raises
        ------
        GeometryError
            If one belongs to an image that is not shown, or there are more than 200.
        """
        return self._marks.values

    @measurements.setter
    def measurements(self, measurements: Sequence[Measurement]) -> None:
        with self._guard:
            self._marks.replace(measurements)
            self._keep_marks()

    @property
    def key_images(self) -> tuple[KeyImage, ...]:
        """Up to 60 stills that were kept, by hand or here, for a deck; set them anew, and every page follows."""
        with self._guard:
            return self._stills.images

    @key_images.setter
    def key_images(self, images: Sequence[KeyImage]) -> None:
        with self._guard:
            self._stills.replace(images)
            self._tell_kept()

    def on_keep(self, callback: Callable[[tuple[KeyImage, ...]], object]) -> None:
        """Call a function with all key images after each change of them, here or on a page."""
        self._keepers.append(callback)

    def key_image(self, view: str = "axial", note: str = "", *, image: str = "first") -> KeyImage:
        """Draw what a view shows at the crosshair: outlines, planes, letters, scale, window, and what it is for.

        The whole slice is drawn, whatever zoom and pan, without a fused image and without measurements.

        Parameters
        ----------
        view : {"axial", "coronal", "sagittal"}
        note : str
            Up to 200 letters, at the end of the caption; no name, no number of a patient.
        image : {"first", "beside"}
            On the image beside, planes are drawn, and outlines where it lies on the same grid.

        Raises
        ------
        PresentationError
            If there is no such view or image, or the note is too long.
        GeometryError
            If the crosshair lies outside the image.
        """
        return self._still(view, image, self.crosshair_mm, self.hidden).noted(note).image

    def look_along(self, plane: str) -> None:
        """Show the oblique view along a cut plane, and move the crosshair onto it.

        Raises
        ------
        PresentationError
            If no plane has that name.
        GeometryError
            If the place on the plane nearest to the crosshair lies outside the volume.
        """
        checked_oblique(plane, self._planes)
        chosen = next(known for known in self._planes if known.name == plane)
        away = float((np.asarray(self.crosshair_mm) - chosen.point_mm) @ chosen.normal)
        self.crosshair_mm = np.asarray(self.crosshair_mm) - away * chosen.normal
        self.oblique = plane

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
        others = [{"beside": "one beside", "fusion": "one fused"}[image.role] for image in self._images[1:]]
        words = [image_words(self.volume), *others]
        words += [counted(len(self._segments), "segment")] if self._segments else []
        words += [counted(len(self._planes), "plane")] if self._planes else []
        return f"<Viewer {', '.join(words)}>"

    def _lay(self, planes: tuple[PlaneLike, ...], *, frm: str = "") -> None:
        """Show other planes on every page; an oblique view along one that is gone ends."""
        self._planes = planes
        if isinstance(self.oblique, str) and self.oblique not in {plane.name for plane in planes}:
            self.oblique = ""
        self.send({"t": "planes", "from": frm, "planes": [plane_words(plane) for plane in planes]})

    def _follow_preset(self, _change: object) -> None:
        if self.preset:
            self.window = self.presets[self.preset]

    def _follow_window(self, _change: object) -> None:
        self.preset = name_of(self.window, self.presets)

    def _checked_window(self, role: str, window: Sequence[float]) -> tuple[float, ...]:
        image = next((image for image in self._images if image.role == role), None)
        return () if image is None else checked_window(window, image.volume)

    @cached_property
    def _masks(self) -> wire.Masks:
        return wire.pack(self._segments, self.volume.shape)

    @cached_property
    def _parts(self) -> list[wire.Part]:
        return wire.parts([image.pixels for image in self._images], self._masks, self._meshes())

    def _meshes(self) -> dict[wire.Layer, Any]:
        return wire.mesh_layers(self._skin)

    def _answer(self, _widget: object, asked: dict[str, Any], _buffers: object) -> None:
        """Answer one page. It asks for each part by number, so nothing about pages is kept here."""
        with self._guard:
            match asked:
                case {"t": "hello", "page": str(page)}:
                    self.send({"t": "meta", "to": page, **self._meta()})
                case {"t": "part", "page": str(page), "part": int(n)} if 0 <= n < len(self._parts):
                    self.send({"t": "part", "to": page, "part": n}, [self._parts[n].packed()])
                case {"t": "mark" | "draft" as t, "page": str(page), "n": int(n), "mark": dict(mark)}:
                    self._measure(page, n, mark, keep=t == "mark")
                case {"t": "unmark", "n": int(n)}:
                    self._marks.remove(n)
                    self._keep_marks(page=str(asked.get("page")))
                case {"t": "keep" | "note" | "unkeep", "page": str(page)}:
                    said = self._stills.change(asked, self._asked_still)
                    self._tell_kept()
                    if said:
                        self.send({"t": "said", "to": page, "words": said})

    def _tell_kept(self) -> None:
        self.send({"t": "kept", "kept": self._stills.words()})
        for callback in self._keepers:
            callback(self._stills.images)

    def _measure(self, page: str, n: int, mark: dict[str, Any], *, keep: bool) -> None:
        """Measure what a page has placed, or is placing; what cannot be measured is said on that page."""
        try:
            measurement = self._marks.measure(mark)
            if keep:
                self._marks.add(measurement)
        except GeometryError as error:
            self.send({"t": "said", "to": page, "words": str(error) if keep else ""})
            return
        if keep:
            self._keep_marks(page=page)
        else:
            self.send({"t": "draft", "to": page, "n": n, "words": measurement.words})

    def _asked_still(self, asked: Mapping[str, Any]) -> Still:
        """A still of what a page shows; one that does not follow says what that is."""
        view, role, own = str(asked.get("view")), str(asked.get("image")), asked.get("own") or {}
        place = position_within(self.volume, own.get("crosshair_mm", self.crosshair_mm))
        hidden = checked_hidden(own.get("hidden", self.hidden), self.segments)
        return self._still(view, role, place, hidden, own.get(WINDOW_OF.get(role, ""), ()))

    def _still(
        self, view: str, role: str, place: Sequence[float], hidden: Sequence[str], window: Sequence[float] = ()
    ) -> Still:
        volume = still_volume({image.role: image.volume for image in self._images}, role)
        levels = checked_window(window or getattr(self, WINDOW_OF[role]), volume)
        return still(volume, view, place, segments=self.segments, hidden=hidden, planes=self.planes, window=levels)

    def _keep_marks(self, page: str = "") -> None:
        """Tell every page what is measured, and keep it; where that fails, the page that did it is told why."""
        self.send({"t": "marks", "marks": self._marks.words()})
        try:
            self._marks.save()
        except GeometryError as error:
            if not page:
                raise
            self.send({"t": "said", "to": page, "words": str(error)})

    def _meta(self) -> dict[str, Any]:
        """All but voxels and meshes."""
        shown = scene_words(self._images, self._parts, self._masks, self._segments, self._planes, self._skin)
        return shown | {"marks": self._marks.words(), "kept": self._stills.words()}
