"""Pictures of slices with outlines, planes, letters and a scale bar."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patheffects import AbstractPathEffect, withStroke
from matplotlib.transforms import Affine2D, Transform
from numpy.typing import NDArray
from skimage.measure import find_contours

from sarcoma_review.errors import GeometryError, PresentationError
from sarcoma_review.planning import MarginReport, Plane
from sarcoma_review.planning.masks import inside
from sarcoma_review.present.leaving import require_export
from sarcoma_review.present.legible import legible, lettered
from sarcoma_review.present.png import drawn
from sarcoma_review.present.section import Section, View, plane_line, section, slice_at
from sarcoma_review.present.windows import Window, named_window
from sarcoma_review.volume import Segment, Volume

# Okabe and Ito's palette with a line style each: colour alone says nothing in print.
_Dash = str | tuple[float, tuple[float, ...]]
OUTLINES: tuple[tuple[str, _Dash], ...] = (
    ("#e69f00", "-"),
    ("#56b4e9", "--"),
    ("#009e73", ":"),
    ("#cc79a7", "-."),
    ("#d55e00", (0, (8, 2))),
    ("#ffffff", (0, (3, 3))),
    ("#0072b2", (0, (6, 2, 1, 2, 1, 2))),
    ("#999999", (0, (1, 2))),
)
PLANE_COLOUR = "#f0e442"
_HALO: list[AbstractPathEffect] = [withStroke(linewidth=2.5, foreground="black")]
_RIM: list[AbstractPathEffect] = [withStroke(linewidth=4.5, foreground="black")]  # round a line of 2.2 points
_HEIGHT_INCHES, _DOTS_PER_INCH = 4.4, 150
_NAME = 28  # letters of an outline or a plane
_LINE_INCHES, _SMALL = 0.115, 6.0  # points of the lines below a picture


@dataclass(frozen=True)
class KeyImage:
    """A still with what it shows in words.

    Parameters
    ----------
    png : bytes
    caption, alt : str
        Under the picture; in place of the picture.
    """

    png: bytes
    caption: str
    alt: str

    def __repr__(self) -> str:
        return f"<KeyImage {self.caption!r}>"


def slice_image(
    volume: Volume,
    view: View,
    position_mm: Sequence[float] | NDArray[np.float64],
    *,
    segments: Sequence[Segment] = (),
    planes: Sequence[Plane] = (),
    window: str | Window = "auto",
    mark: bool = False,
    footer: str = "",
) -> KeyImage:
    """Draw the slice of a volume through a position.

    Parameters
    ----------
    volume : Volume
    view : {"axial", "coronal", "sagittal"}
    position_mm : array_like, shape (3,)
        LPS mm; the nearest slice of the scan's own grid is drawn.
    segments : sequence of Segment
        Up to eight, outlined, on the volume's grid.
    planes : sequence of Plane
        Drawn where they cross the slice, and no further than a plane's patch; the dotted line is the far side of
        the kerf.
    window : str or (low, high)
        A preset's name, or values.
    mark : bool
        Put a ring on the position.
    footer : str
        Written below the picture, under its caption and window; nothing is written there without it.

    Returns
    -------
    KeyImage

    Raises
    ------
    GeometryError
        If the position lies outside the volume, or a segment is not on its grid.
    PresentationError
        If there are more than eight segments.
    PrivacyError
        If the volume or a segment did not come through the privacy gate, or may show a face.
    """
    require_export(volume, "A picture")
    for segment in segments:
        require_export(segment.mask, f"A picture of segment {segment.name!r}")
    seen = section(volume.grid, view)
    number = slice_at(volume.grid, seen, position_mm)
    if not 0 <= number < volume.shape[seen.through]:
        raise GeometryError(f"the position is slice {number + 1} of {volume.shape[seen.through]}: outside the volume")
    figure, axes, place = draw_slice(
        volume, seen, number, segments=segments, planes=planes, window=window, footer=footer
    )
    if mark:
        ring: dict[str, Any] = {
            "marker": "o",
            "mfc": "none",
            "mec": "white",
            "ms": 11,
            "mew": 1.4,
            "path_effects": _HALO,
        }
        index = volume.index(position_mm)
        axes.plot(index[seen.horizontal], index[seen.vertical], transform=place, **ring)
    return KeyImage(
        drawn(figure, "black"), _caption(volume, seen, number), _alt(volume, seen, number, segments, planes)
    )


def draw_slice(
    volume: Volume,
    seen: Section,
    number: int,
    *,
    segments: Sequence[Segment] = (),
    planes: Sequence[Plane] = (),
    window: str | Window = "auto",
    footer: str = "",
) -> tuple[Figure, Axes, Transform]:
    """Draw one slice of a section on a figure of its own; see `slice_image`.

    Parameters
    ----------
    volume : Volume
    seen : Section
        Of the volume's grid.
    number : int
        Index along the section's through axis.
    segments, planes, window, footer
        As for `slice_image`.

    Returns
    -------
    figure : Figure
    axes : Axes
        Of the picture, in mm right and down.
    place : Transform
        From (horizontal, vertical) index to the figure.

    Raises
    ------
    GeometryError
        If a segment is not on the volume's grid.
    PresentationError
        If there are more than eight segments.
    """
    if len(segments) > len(OUTLINES):
        raise PresentationError(f"a picture shows up to {len(OUTLINES)} segments, found {len(segments)}")
    levels = named_window(window, volume)
    figure, axes, place = _canvas(volume, seen, _below(volume, seen, number, levels, footer))
    cut = _cut(volume.array, seen, number)
    axes.imshow(cut, cmap="gray", vmin=levels[0], vmax=levels[1], transform=place, interpolation="bilinear")
    _frame(axes, volume, seen, place)
    for segment, (colour, dash) in zip(segments, OUTLINES, strict=False):
        _outline(axes, segment, volume, seen, number, place, colour, dash)
    for plane in planes:
        _plane(axes, plane, volume, seen, number, place)
    _annotate(axes, volume, seen)
    return figure, axes, place


def key_images(
    volume: Volume,
    report: MarginReport,
    *,
    segments: Sequence[Segment] = (),
    planes: Sequence[Plane] = (),
    window: str | Window = "auto",
) -> tuple[KeyImage, ...]:
    """Draw the three views through the place where the margin is least, marked by a ring."""
    return tuple(
        slice_image(
            volume, view, report.minimum_position_mm, segments=segments, planes=planes, window=window, mark=True
        )
        for view in ("axial", "coronal", "sagittal")
    )


def _cut(array: NDArray[np.generic], seen: Section, number: int) -> NDArray[np.generic]:
    """The slice as an image: vertical index down its rows, horizontal along its columns."""
    plane: NDArray[np.generic] = np.take(array, number, axis=seen.through)
    return plane if seen.vertical < seen.horizontal else plane.T


def _canvas(volume: Volume, seen: Section, below: Sequence[str]) -> tuple[Figure, Axes, Transform]:
    """A figure as wide as the slice asks for, with the lines that stand below the picture."""
    room = round(_DOTS_PER_INCH * _LINE_INCHES * (len(below) + 0.6 * bool(below))) / _DOTS_PER_INCH
    height = _HEIGHT_INCHES + room
    figure = Figure(figsize=(_width_inches(volume, seen), height), dpi=_DOTS_PER_INCH, facecolor="black")
    FigureCanvasAgg(figure)
    axes = figure.add_axes((0, room / height, 1, _HEIGHT_INCHES / height))
    axes.set_axis_off()
    for n, line in enumerate(below):
        up = (room - (n + 1) * _LINE_INCHES) / height
        figure.text(0.5, up, line, color="#d7dee3", size=_SMALL, ha="center", va="baseline", parse_math=False)
    place = Affine2D(np.block([[seen.to_picture, np.zeros((2, 1))], [np.array([0, 0, 1.0])]])) + axes.transData
    return figure, axes, place


def _width_inches(volume: Volume, seen: Section) -> float:
    size = np.ptp(_corners(volume, seen) @ seen.to_picture.T, axis=0)
    return _HEIGHT_INCHES * float(np.clip(size[0] / size[1], 0.4, 2.2))


def _below(volume: Volume, seen: Section, number: int, levels: Window, footer: str) -> list[str]:
    """What a picture that travels alone says of itself: its slice, its window, and what it is for."""
    if not footer:
        return []
    low, high = levels
    shown = f"{_caption(volume, seen, number)}, W {high - low:.4g} L {(low + high) / 2:.4g}"
    letters = int(_width_inches(volume, seen) * 72 / (0.55 * _SMALL))
    return [line for text in (shown, footer) for line in textwrap.wrap(legible(text), letters)]


def _frame(axes: Axes, volume: Volume, seen: Section, place: Transform) -> None:
    corners = _corners(volume, seen) @ seen.to_picture.T
    low, high = corners.min(axis=0), corners.max(axis=0)
    # As much ground on both sides as makes a mm as long across as down.
    width, height = axes.bbox.size
    mm = max((high - low) / (width, height)) * np.array([width, height])
    middle = (low + high) / 2
    axes.set_aspect("auto")
    axes.set_xlim(middle[0] - mm[0] / 2, middle[0] + mm[0] / 2)
    axes.set_ylim(middle[1] + mm[1] / 2, middle[1] - mm[1] / 2)
    axes.set_autoscale_on(False)
    outline = _corners(volume, seen)[[0, 1, 3, 2, 0]]
    axes.plot(outline[:, 0], outline[:, 1], color="#333333", lw=0.6, transform=place)


def _corners(volume: Volume, seen: Section) -> NDArray[np.float64]:
    across, down = volume.shape[seen.horizontal] - 0.5, volume.shape[seen.vertical] - 0.5
    return np.array([(h, v) for h in (-0.5, across) for v in (-0.5, down)])


def _outline(
    axes: Axes,
    segment: Segment,
    volume: Volume,
    seen: Section,
    number: int,
    place: Transform,
    colour: str,
    dash: _Dash,
) -> None:
    if not segment.mask.grid.same_as(volume.grid):
        raise GeometryError(f"segment {segment.name!r} is not on the grid of the volume it is drawn on")
    cut = np.pad(_cut(segment.mask.array, seen, number).astype(np.float32), 1)
    loops = [np.vstack([loop - 1, [[np.nan, np.nan]]]) for loop in find_contours(cut, 0.5)]
    if loops:  # drawn as one line with gaps: one for each of many islands takes seconds
        rows, columns = np.vstack(loops).T
        axes.plot(
            columns, rows, ls=dash, color=colour, lw=1.5, transform=place, label=f" {lettered(segment.name, _NAME)}"
        )  # _x is in no legend


def _plane(axes: Axes, plane: Plane, volume: Volume, seen: Section, number: int, place: Transform) -> None:
    near, far = _lines(plane, volume, seen, number)
    if near is None:
        return
    axes.plot(near[:, 0], near[:, 1], color=PLANE_COLOUR, lw=1.3, transform=place)
    if far is not None and plane.kerf_mm:
        axes.plot(far[:, 0], far[:, 1], ":", color=PLANE_COLOUR, lw=0.9, transform=place)
    at = _beside_legend(axes, near, place)
    style: dict[str, Any] = {"color": PLANE_COLOUR, "size": 10, "ha": "center", "va": "bottom", "parse_math": False}
    text = axes.text(at[0], at[1], f" {lettered(plane.name, _NAME)} ", transform=place, **style)
    text.set_path_effects(_HALO)
    text.set_clip_on(True)


def _beside_legend(axes: Axes, line: NDArray[np.float64], place: Transform) -> NDArray[np.float64]:
    """Where the name of a line stands: near its end, or its beginning where that lies under the legend."""
    begin, end = 0.88 * line[0] + 0.12 * line[1], 0.12 * line[0] + 0.88 * line[1]
    right, up = (place - axes.transAxes).transform(end)
    spot: NDArray[np.float64] = begin if right > 0.6 and up > 0.8 else end
    return spot


def _lines(
    plane: Plane, volume: Volume, seen: Section, number: int
) -> tuple[NDArray[np.float64] | None, NDArray[np.float64] | None]:
    """Where the near and the far side of a cut cross a slice."""
    across, patch = plane.kerf_mm * plane.normal, plane.patch_mm
    near = plane_line(volume.grid, seen, number, plane.point_mm, plane.normal, patch_mm=patch)
    beyond = None if patch is None else patch + across
    far = plane_line(volume.grid, seen, number, plane.point_mm + across, plane.normal, patch_mm=beyond)
    return near, far


def _annotate(axes: Axes, volume: Volume, seen: Section) -> None:
    style: dict[str, Any] = {"color": "white", "size": 13, "path_effects": _HALO, "transform": axes.transAxes}
    sides = {"left": (0.015, 0.5), "right": (0.985, 0.5), "top": (0.5, 0.985), "bottom": (0.5, 0.015)}
    for side, (x, y) in sides.items():
        across = {0.015: "left", 0.985: "right"}.get(x, "center")
        upright = {0.015: "bottom", 0.985: "top"}.get(y, "center")
        axes.text(x, y, seen.letters[side], ha=across, va=upright, **style)
    if volume.grid.tilt_deg > 0.5:
        axes.text(0.015, 0.985, f"oblique {volume.grid.tilt_deg:.0f}°", ha="left", va="top", **(style | {"size": 10}))
    _scale_bar(axes)
    handles, _ = axes.get_legend_handles_labels()
    if handles:
        legend = axes.legend(
            loc="upper right", fontsize=10, framealpha=0.6, facecolor="black", edgecolor="none", labelcolor="white"
        )
        for words in legend.get_texts():
            words.set_parse_math(False)


def _scale_bar(axes: Axes) -> None:
    left, right = axes.get_xlim()
    bottom, top = axes.get_ylim()
    length = 50.0 if abs(right - left) > 120 else 20.0
    x, y = left + 0.04 * (right - left), bottom + 0.06 * (top - bottom)
    axes.plot([x, x + length], [y, y], color="white", lw=2.2, path_effects=_RIM, solid_capstyle="butt")
    label = axes.text(x + length / 2, y, f"{length / 10:.0f} cm", color="white", size=10, ha="center", va="bottom")
    label.set_path_effects(_HALO)


def _caption(volume: Volume, seen: Section, number: int) -> str:
    plane = "" if volume.grid.tilt_deg <= 0.5 else f", the scan's own plane, {volume.grid.tilt_deg:.0f}° oblique"
    what = f"{volume.modality} {volume.description}".strip() or "Volume"
    return f"{what}, {seen.view} {number + 1} of {volume.shape[seen.through]}{plane}"


def _alt(volume: Volume, seen: Section, number: int, segments: Sequence[Segment], planes: Sequence[Plane]) -> str:
    shown = [segment.name for segment in segments if _cut(inside(segment.mask), seen, number).any()]
    cuts = [plane.name for plane in planes if _lines(plane, volume, seen, number)[0] is not None]
    parts = [f"{seen.view.capitalize()} {volume.modality or 'image'} slice, {seen.letters['left']} on the left"]
    parts += [f"outlines: {', '.join(shown)}"] if shown else []
    parts += [f"planes: {', '.join(cuts)}"] if cuts else []
    return "; ".join(parts)
