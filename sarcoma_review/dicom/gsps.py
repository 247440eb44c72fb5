"""Outlines and plane lines as a softcopy presentation state: drawn over the images, which stay as they are."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from highdicom.color import CIELabColor
from numpy.typing import NDArray
from pydicom import Dataset

from sarcoma_review.dicom.new_object import (
    NOTHING,
    add_moments,
    begun,
    by_series,
    finished,
    reference,
    require_images,
    require_on_images,
)
from sarcoma_review.dicom.outlines import slice_outlines
from sarcoma_review.dicom.rtstruct import COLOURS
from sarcoma_review.errors import DicomError
from sarcoma_review.planning import Plane
from sarcoma_review.volume import Grid, Segment

SOFTCOPY = "1.2.840.10008.5.1.4.1.1.11.1"

Floats = NDArray[np.float64]
Lines = dict[int, list[Floats]]


def write_gsps(
    segments: Sequence[Segment] = (),
    planes: Sequence[Plane] = (),
    *,
    images: Sequence[Dataset],
    grid: Grid,
    uids: tuple[str, str] | None = None,
    extra: Mapping[str, object] = NOTHING,
) -> Dataset:
    """Make a grayscale softcopy presentation state with outlines and plane lines.

    Each segment and each plane is a layer of its own, described by its name. Lines hold pixels, column before row,
    where 0.5, 0.5 is the middle of the first pixel.

    Parameters
    ----------
    segments : sequence of Segment
        Masks on `grid`.
    planes : sequence of Plane
        Where a plane has a patch, the line ends with it.
    images : sequence of pydicom.Dataset
        The images, ordered as the slices; headers are enough (see `source_images`).
    grid : Grid
        Of the images, such as ``volume.grid``.
    uids : tuple of str, optional
        Series and SOP instance UID; drawn from the content where absent.
    extra : mapping
        DICOM keywords and values to set last.

    Raises
    ------
    ReferenceNotFoundError
        If there is not one image for each slice.
    GeometryError
        If the masks or the grid do not lie on the images.
    DicomError
        If nothing is to be drawn on any image.
    """
    if segments:
        require_images(segments, images)
    require_on_images(grid, images)
    layers = [(segment.name, _outlines(segment)) for segment in segments]
    layers += [(plane.name, _plane_lines(plane, grid)) for plane in planes]
    if not any(lines for _, lines in layers):
        raise DicomError(f"expected something to draw on {len(images)} images, found none of it on them")
    dataset = begun(images[0], SOFTCOPY, modality="PR", series_number=94)
    add_moments(images[0], dataset, "PresentationCreation")
    # Required wherever the body part is one of a pair, and the images need not say so.
    dataset.Laterality = images[0].get("Laterality") or ""
    dataset.ContentLabel, dataset.ContentDescription, dataset.ContentCreatorName = "OUTLINE", "", ""
    dataset.ReferencedSeriesSequence = by_series(images, "ReferencedImageSequence")
    dataset.GraphicLayerSequence = [_layer(k, name) for k, (name, _) in enumerate(layers)]
    dataset.GraphicAnnotationSequence = [
        _annotation(_layer_name(k), found, images[number])
        for k, (_, lines) in enumerate(layers)
        for number, found in lines.items()
    ]
    dataset.DisplayedAreaSelectionSequence = [_whole(images[0])]
    dataset.PresentationLUTShape = "IDENTITY"
    return finished(dataset, uids, extra)


def _layer_name(k: int) -> str:
    return f"OUTLINE{k + 1}"


def _layer(k: int, name: str) -> Dataset:
    layer = Dataset()
    layer.GraphicLayer, layer.GraphicLayerOrder, layer.GraphicLayerDescription = _layer_name(k), k + 1, name
    colour = CIELabColor.from_rgb(*COLOURS[k % len(COLOURS)])
    layer.GraphicLayerRecommendedDisplayCIELabValue = list(colour.value)
    return layer


def _annotation(layer: str, lines: Sequence[Floats], image: Dataset) -> Dataset:
    annotation = Dataset()
    annotation.ReferencedImageSequence = [reference(image)]
    annotation.GraphicLayer = layer
    annotation.GraphicObjectSequence = [_polyline(line) for line in lines]
    return annotation


def _polyline(line: Floats) -> Dataset:
    """A line of rows and columns, counted from the middle of the first pixel."""
    drawn = Dataset()
    drawn.GraphicAnnotationUnits, drawn.GraphicDimensions = "PIXEL", 2
    drawn.NumberOfGraphicPoints = len(line)
    # DICOM counts from the outer corner of the first pixel (PS3.3 C.10.5.1.2).
    drawn.GraphicData = np.round(line[:, ::-1] + 0.5, 3).astype(np.float32).ravel().tolist()
    drawn.GraphicType, drawn.GraphicFilled = "POLYLINE", "N"
    return drawn


def _whole(image: Dataset) -> Dataset:
    area = Dataset()
    area.DisplayedAreaTopLeftHandCorner = [1, 1]
    area.DisplayedAreaBottomRightHandCorner = [int(image.Columns), int(image.Rows)]
    area.PresentationSizeMode = "SCALE TO FIT"
    area.PresentationPixelAspectRatio = [1, 1]
    if image.get("PixelSpacing"):
        del area.PresentationPixelAspectRatio
        area.PresentationPixelSpacing = list(image.PixelSpacing)
    return area


def _outlines(segment: Segment) -> Lines:
    filled = np.flatnonzero(segment.mask.array.any(axis=(1, 2))).tolist()
    found = {number: [_closed(line) for line in slice_outlines(segment.mask.array[number])] for number in filled}
    return {number: lines for number, lines in found.items() if lines}


def _closed(line: Floats) -> Floats:
    return np.concatenate([line, line[:1]])


def _plane_lines(plane: Plane, grid: Grid) -> Lines:
    found = {}
    for number in range(grid.shape[0]):
        ends = _across(plane, grid, number)
        if ends is not None:
            found[number] = [grid.index(ends)[:, 1:]]
    return found


def _across(plane: Plane, grid: Grid, number: int) -> Floats | None:
    """The two ends, LPS mm, of a plane's line on a slice; None where it does not cross it."""
    _, rows, columns = grid.shape
    corners = [(-0.5, -0.5), (-0.5, columns - 0.5), (rows - 0.5, columns - 0.5), (rows - 0.5, -0.5)]
    square = grid.position_mm([(number, *corner) for corner in corners])
    heights = plane.distance_mm(square)
    ends = [
        square[i] + heights[i] / (heights[i] - heights[j]) * (square[j] - square[i])
        for i, j in ((0, 1), (1, 2), (2, 3), (3, 0))
        if (heights[i] < 0) != (heights[j] < 0)
    ]
    if len(ends) != 2:
        return None
    line: Floats = np.array(ends)
    return line if plane.patch_mm is None else _within(line, plane)


def _within(line: Floats, plane: Plane) -> Floats | None:
    """The part of a line on the plane that lies in its patch."""
    start, along = line[0], line[1] - line[0]
    low, high = 0.0, 1.0
    for beyond, ahead in _patch_sides(plane, start, along):
        if abs(ahead) < 1e-12:
            if beyond > 0:
                return None
        elif ahead > 0:
            high = min(high, -beyond / ahead)
        else:
            low = max(low, -beyond / ahead)
    return np.array([start + low * along, start + high * along]) if low < high else None


def _patch_sides(plane: Plane, start: Floats, along: Floats) -> Iterator[tuple[float, float]]:
    """How far a place lies beyond each side of a convex patch, and how much further a step takes it."""
    assert plane.patch_mm is not None
    for corner, following in zip(plane.patch_mm, np.roll(plane.patch_mm, -1, axis=0), strict=True):
        # The corners run counter-clockwise round the normal: this points out of the patch.
        out = np.cross(following - corner, plane.normal)
        yield float((start - corner) @ out), float(along @ out)
