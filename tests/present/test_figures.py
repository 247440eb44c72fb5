import io
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from matplotlib.image import imread
from numpy.typing import NDArray

from sarcoma_review.errors import GeometryError, PresentationError, PrivacyError
from sarcoma_review.planning import Plane
from sarcoma_review.present import slice_image
from sarcoma_review.present.figures import draw_slice
from sarcoma_review.present.section import View, section
from sarcoma_review.volume import Segment, Volume

from .deck_pages import HOSTILE

AFFINE = np.array([[0, 0, 1.0, 0], [0, 1.0, 0, 0], [3.0, 0, 0, 0], [0, 0, 0, 1]])


def pixels(png: bytes) -> NDArray[np.float64]:
    picture: NDArray[np.float64] = imread(io.BytesIO(png))[..., :3]
    return picture


@pytest.fixture
def volume() -> Volume:
    """Grey, with a white block in the front right upper corner of the patient (low x, low y, high z)."""
    array = np.zeros((30, 80, 80), np.int16)
    array[20:, 10:30, 10:30] = 1000
    return Volume(array, AFFINE, modality="CT", units="HU", description="test")


def brightest(picture: NDArray[np.float64]) -> tuple[float, float]:
    """Middle of the plain white area, as fractions across and down the picture."""
    grey = picture.mean(axis=-1)
    rows, columns = np.nonzero(np.asarray(grey > 0.97))
    return float(np.median(columns) / grey.shape[1]), float(np.median(rows) / grey.shape[0])


def test_each_view_shows_the_block_where_a_reader_expects_it(volume: Volume) -> None:
    place = (20.0, 20.0, 75.0)
    axial = brightest(pixels(slice_image(volume, "axial", place, window=(0, 500)).png))
    coronal = brightest(pixels(slice_image(volume, "coronal", place, window=(0, 500)).png))
    sagittal = brightest(pixels(slice_image(volume, "sagittal", place, window=(0, 500)).png))
    assert axial == pytest.approx((0.25, 0.25), abs=0.03)  # patient's right on the left, front on top
    assert coronal == pytest.approx((0.25, 1 / 6), abs=0.04)  # upper third of 90 mm
    assert sagittal == pytest.approx((0.25, 1 / 6), abs=0.04)  # front on the left


def test_a_plane_is_drawn_at_its_place_in_mm(volume: Volume) -> None:
    blank = replace(volume, array=np.zeros_like(volume.array))
    plane = Plane((0, 60.0, 0), (0, 1, 0), name="", kerf_mm=0)
    picture = pixels(slice_image(blank, "axial", (20, 20, 75), planes=[plane], window=(0, 500)).png)
    yellow = (picture[..., 0] > 0.7) & (picture[..., 1] > 0.7) & (picture[..., 2] < 0.5)
    rows = np.nonzero(yellow.sum(axis=1) > 0.8 * picture.shape[1])[0]
    assert np.median(rows) / picture.shape[0] == pytest.approx((60.0 + 0.5) / 80, abs=0.005)


def test_an_outline_runs_along_the_mask_s_edge(volume: Volume) -> None:
    blank = replace(volume, array=np.zeros_like(volume.array))
    tumour = Segment("tumour", replace(volume, array=volume.array > 0))
    image = slice_image(blank, "axial", (20, 20, 75), segments=[tumour], window=(0, 500))
    picture = pixels(image.png)
    orange = (picture[..., 0] > 0.8) & (picture[..., 2] < 0.2)
    orange[: picture.shape[0] // 12] = False  # the legend
    rows, columns = np.nonzero(orange)
    size = picture.shape[0]
    assert (columns.min() / size, columns.max() / size) == pytest.approx((10 / 80, 30 / 80), abs=0.012)
    assert (rows.min() / size, rows.max() / size) == pytest.approx((10 / 80, 30 / 80), abs=0.012)
    assert "outlines: tumour" in image.alt


def test_a_plane_that_ends_is_drawn_no_further_than_its_patch(volume: Volume) -> None:
    """A patch from 20 to 50 mm across at 60 mm down, with a kerf of 6 mm: two lines of that length, 6 mm apart."""
    blank = replace(volume, array=np.zeros_like(volume.array))
    corners = [(20.0, 60.0, 40.0), (20.0, 60.0, 89.0), (50.0, 60.0, 89.0), (50.0, 60.0, 40.0)]
    step = Plane((35, 60.0, 60), (0, 1, 0), name="", kerf_mm=6, patch_mm=corners)
    image = slice_image(blank, "axial", (20, 20, 75), planes=[step], window=(0, 500))
    picture = pixels(image.png)
    size = picture.shape[0]
    yellow = (picture[..., 0] > 0.5) & (picture[..., 1] > 0.5) & (picture[..., 2] < 0.4)
    for down in (60.0, 66.0):
        middle = round((down + 0.5) / 80 * size)
        columns = np.nonzero(yellow[middle - 4 : middle + 5].any(axis=0))[0]
        assert (columns.min() / size, columns.max() / size) == pytest.approx((20.5 / 80, 50.5 / 80), abs=0.015)
    assert not yellow[: round(58 / 80 * size)].any()
    missed = slice_image(blank, "axial", (20, 20, 30), planes=[step], window=(0, 500))  # below the patch
    assert "planes" in image.alt
    assert "planes" not in missed.alt


def test_a_footer_stands_below_the_picture_and_leaves_it_as_it_is(volume: Volume) -> None:
    plain = pixels(slice_image(volume, "axial", (20, 20, 75), window=(0, 500)).png)
    footed = pixels(slice_image(volume, "axial", (20, 20, 75), window=(0, 500), footer="what it is for").png)
    below = footed[len(plain) :]
    np.testing.assert_allclose(footed[: len(plain)], plain, atol=0.02)
    assert (below[:, :5] == 0).all()
    written = (below > 0.5).any(axis=(1, 2)).astype(int)
    assert (np.diff(written, prepend=0) == 1).sum() == 2  # a line of caption and window, and the footer


def test_what_cannot_be_shown_is_refused(volume: Volume) -> None:
    with pytest.raises(GeometryError, match="slice 201 of 30: outside the volume"):
        slice_image(volume, "axial", (0, 0, 600))
    with pytest.raises(PresentationError, match="no window is called 'brain'"):
        slice_image(volume, "axial", (0, 0, 0), window="brain")
    with pytest.raises(PrivacyError, match="came through the privacy gate"):
        slice_image(replace(volume, clearance="ungated"), "axial", (0, 0, 0))
    other = Segment("tumour", Volume(np.ones((2, 2, 2), bool), AFFINE))
    with pytest.raises(GeometryError, match="segment 'tumour' is not on the grid"):
        slice_image(volume, "axial", (0, 0, 0), segments=[other])
    with pytest.raises(PresentationError, match="up to 8 segments, found 9"):
        slice_image(volume, "axial", (0, 0, 0), segments=[other] * 9)


def test_the_same_picture_has_the_same_bytes(volume: Volume) -> None:
    assert slice_image(volume, "axial", (0, 0, 0)).png == slice_image(volume, "axial", (0, 0, 0)).png


@pytest.mark.parametrize("mask", [{"clearance": "ungated"}, {"head": "a head CT"}])
def test_an_outline_that_may_not_leave_is_in_no_picture(mask: Any) -> None:
    ct = Volume(np.zeros((4, 20, 20), np.int16), np.diag([3.0, 1.0, 1.0, 1.0]))
    outlined = Segment("skin", replace(ct, array=np.ones(ct.shape, bool), **mask))
    with pytest.raises(PrivacyError, match="segment 'skin'"):
        slice_image(ct, "axial", (3, 10, 10), segments=[outlined])


@pytest.mark.parametrize("text", [*HOSTILE, "$\\frac{a}{$", "_unseen", "two $x^2$ sums"])
def test_a_name_is_drawn_as_it_is_and_never_read_as_mathematics(text: str) -> None:
    volume = Volume(np.arange(512, dtype=np.int16).reshape(8, 8, 8), np.eye(4), modality="CT", description=text)
    mask = np.zeros((8, 8, 8), bool)
    mask[2:6, 2:6, 2:6] = True
    segments = [Segment(text, replace(volume, array=mask))]
    image = slice_image(
        volume, "axial", (4, 4, 4), segments=segments, planes=[Plane((4, 4, 4), (1, 0, 0), name=text)], footer=text
    )
    assert text in image.alt


def test_an_outline_whose_name_begins_with_a_line_is_in_the_legend() -> None:
    volume = Volume(np.zeros((8, 8, 8), np.int16), np.eye(4))
    mask = np.zeros((8, 8, 8), bool)
    mask[2:6, 2:6, 2:6] = True
    _, axes, _ = draw_slice(
        volume, section(volume.grid, "axial"), 4, segments=[Segment("_edge", replace(volume, array=mask))]
    )
    legend = axes.get_legend()
    assert legend is not None
    assert [words.get_text().strip() for words in legend.get_texts()] == ["_edge"]


@pytest.mark.parametrize("shape", [(60, 4, 40), (60, 40, 4), (4, 60, 60), (40, 40, 40)])
@pytest.mark.parametrize("view", ["axial", "coronal", "sagittal"])
def test_a_millimetre_is_as_long_across_as_down(
    shape: tuple[int, int, int], view: View, caplog: pytest.LogCaptureFixture
) -> None:
    volume = Volume(np.zeros(shape, np.int16), np.diag([3.0, 1.0, 2.0, 1.0])[:, [2, 1, 0, 3]])
    figure, axes, _ = draw_slice(volume, section(volume.grid, view), 1)
    figure.draw_without_rendering()
    across, down = axes.transData.transform([(1, 0), (0, 1)]) - axes.transData.transform((0, 0))
    assert across[0] == pytest.approx(abs(down[1]))
    assert caplog.messages == []
