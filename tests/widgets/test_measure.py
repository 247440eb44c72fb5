from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sarcoma_review.errors import GeometryError
from sarcoma_review.volume import Volume
from sarcoma_review.widgets.marks import MOST, Marks
from sarcoma_review.widgets.measure import measure_angle, measure_length, measure_region, pin_note

TURN = np.linalg.qr(np.random.default_rng(3).normal(size=(3, 3)))[0]
SPACING = np.diag([3.0, 0.8, 0.7])
ORIGIN = np.array([-40.0, 12.0, 300.0])


def _affine(steps: np.ndarray) -> np.ndarray:
    affine = np.eye(4)
    affine[:3, :3], affine[:3, 3] = steps, ORIGIN
    return affine


OBLIQUE = _affine(TURN @ SPACING)
places = st.tuples(*[st.floats(-200, 200)] * 3)


def _volume(array: np.ndarray, affine: np.ndarray = OBLIQUE) -> Volume:
    return Volume(array, affine, units="HU")


@pytest.fixture
def ramp() -> Volume:
    """Values that rise evenly along each index axis."""
    s, r, c = np.indices((12, 60, 70))
    return _volume((100 * s + 20 * r + 30 * c).astype(np.int16))


@given(places, places)
def test_a_length_is_the_distance_of_its_ends(one: tuple[float, ...], other: tuple[float, ...]) -> None:
    volume = _volume(np.zeros((2, 2, 2)))
    apart = float(np.sqrt(sum((a - b) ** 2 for a, b in zip(one, other, strict=True))))
    if apart > 0.01:
        assert measure_length(volume, [one, other]).length_mm == pytest.approx(apart)


def test_the_spread_of_a_length_is_that_of_ends_put_anywhere_in_their_voxels() -> None:
    volume, rng = _volume(np.zeros((2, 2, 2))), np.random.default_rng(1)
    ends = np.array([[0.0, 0, 0], [20.0, 30.0, -10.0]])
    within = rng.uniform(-0.5, 0.5, (200_000, 2, 3)) @ OBLIQUE[:3, :3].T
    lengths = np.linalg.norm(np.subtract(*np.moveaxis(ends + within, 1, 0)), axis=1)
    assert measure_length(volume, ends).sd_mm == pytest.approx(lengths.std(), rel=0.02)


def test_the_spread_of_an_angle_is_that_of_points_put_anywhere_in_their_voxels() -> None:
    volume, rng = _volume(np.zeros((2, 2, 2))), np.random.default_rng(2)
    points = np.array([[30.0, 5, 0], [0.0, 0, 0], [-10.0, 25, 15]])
    moved = points + rng.uniform(-0.5, 0.5, (200_000, 3, 3)) @ OBLIQUE[:3, :3].T
    arms = moved[:, [0, 2]] - moved[:, [1]]
    arms /= np.linalg.norm(arms, axis=2, keepdims=True)
    spread = np.degrees(np.arccos((arms[:, 0] * arms[:, 1]).sum(axis=1))).std()
    assert measure_angle(volume, points).sd_deg == pytest.approx(spread, rel=0.03)


@pytest.mark.parametrize("degrees", [0.0, 30.0, 90.0, 135.0, 180.0])
def test_an_angle_is_that_between_its_arms(degrees: float) -> None:
    turned = np.array([np.cos(np.radians(degrees)), np.sin(np.radians(degrees)), 0.0])
    arms = TURN @ np.stack([25 * np.array([1.0, 0, 0]), np.zeros(3), 40 * turned]).T
    assert measure_angle(_volume(np.zeros((2, 2, 2))), arms.T + ORIGIN).angle_deg == pytest.approx(degrees, abs=1e-6)


def test_a_rectangle_on_a_slice_holds_the_voxels_whose_centres_lie_in_it(ramp: Volume) -> None:
    across, along = 8.5 * OBLIQUE[:3, 2], 5.5 * OBLIQUE[:3, 1]
    region = measure_region(ramp, "rectangle", [ramp.position_mm((4, 30, 25)), across, along])
    held = ramp.array[4, 25:36, 17:34].astype(float)
    assert (region.n, region.interpolated) == (held.size, False)
    assert [region.mean, region.sd] == pytest.approx([held.mean(), held.std(ddof=1)])
    assert (region.minimum, region.maximum) == (held.min(), held.max())
    assert region.area_mm2 == pytest.approx(17 * 0.7 * 11 * 0.8)


def test_an_ellipse_has_its_area_and_about_as_many_voxels(ramp: Volume) -> None:
    region = measure_region(ramp, "ellipse", [ramp.position_mm((4, 30, 25)), 14 * TURN[:, 2], 10 * TURN[:, 1]])
    assert region.area_mm2 == pytest.approx(np.pi * 140)
    assert region.n * 0.56 == pytest.approx(np.pi * 140, rel=0.02)
    assert region.mean == pytest.approx(400 + 20 * 30 + 30 * 25, abs=2)


def test_a_region_on_no_slice_of_the_scan_is_interpolated_and_says_so(ramp: Volume) -> None:
    turned = np.cos(0.4) * TURN[:, 1] + np.sin(0.4) * TURN[:, 0]
    region = measure_region(ramp, "ellipse", [ramp.position_mm((5, 30, 25)), 9 * TURN[:, 2], 9 * turned])
    assert region.interpolated
    assert region.mean == pytest.approx(500 + 20 * 30 + 30 * 25, abs=0.5)  # linear is exact on a ramp
    assert region.n * 0.7**2 == pytest.approx(np.pi * 81, rel=0.02)
    assert "places" in region.words


def test_values_that_are_no_number_do_not_count() -> None:
    array = np.full((3, 20, 20), 5.0)
    array[1, 10, 8:11] = np.nan
    volume = _volume(array)
    points = [volume.position_mm((1, 10, 10)), 3.5 * OBLIQUE[:3, 2], 2.5 * OBLIQUE[:3, 1]]
    region = measure_region(volume, "rectangle", points)
    assert (region.n, region.mean, region.sd) == (7 * 5 - 3, 5.0, 0.0)


@pytest.mark.parametrize(
    ("points", "message"),
    [
        ([(0, 0, 0), (0, 0, 0), (0, 0, 1)], "expected more than 0.001 mm, found 0 mm"),
        ([(0, 0, 0), (3, 0, 0), (3, 3, 0)], "right angles, found a cosine of 0.707"),
        ([(900, 0, 0), (3, 0, 0), (0, 3, 0)], "holds no voxel's centre: expected at least one value, found 0"),
        ([(0, 0, 0), (3, 0, 0)], "a region has 3 positions of three numbers in mm, found shape"),
    ],
)
def test_an_impossible_region_is_refused(ramp: Volume, points: list[tuple[float, ...]], message: str) -> None:
    with pytest.raises(GeometryError, match=message):
        measure_region(ramp, "ellipse", points)


def test_a_length_of_nothing_and_an_empty_note_are_refused(ramp: Volume) -> None:
    with pytest.raises(GeometryError, match=r"the ends of a length: expected more than 0\.001 mm"):
        measure_length(ramp, [(1, 2, 3), (1, 2, 3)])
    for text in ("", "   ", "x" * 201):
        with pytest.raises(GeometryError, match="a note has 1 to 200 letters, found"):
            pin_note((0, 0, 0), text)


def test_words_say_the_number_its_spread_and_its_unit(ramp: Volume) -> None:
    assert measure_length(ramp, [(0, 0, 0), (0, 30, 40)]).words.startswith("50.0 ± ")
    region = measure_region(ramp, "rectangle", [ramp.position_mm((4, 30, 25)), 0.4 * TURN[:, 2], 0.4 * TURN[:, 1]])
    assert region.words == "mean 1750.0 (sd not known) HU\n1750 to 1750, 1 ± 1 mm², 1 voxel"


def test_numbers_are_not_given_twice_and_what_is_gone_stays_gone(ramp: Volume) -> None:
    marks = Marks({"first": ramp})
    asked = {"kind": "length", "image": "first", "points": [[0, 0, 0], [0, 3, 4]]}
    for _ in range(3):
        marks.add(marks.measure(asked))
    marks.remove(3)
    marks.remove(3)
    marks.add(marks.measure({"kind": "note", "image": "first", "points": [[0, 0, 0]], "text": "a  note"}))
    assert [(words["n"], words["kind"], words["words"].split()[0]) for words in marks.words()] == [
        (1, "length", "5.0"),
        (2, "length", "5.0"),
        (4, "note", "a"),
    ]


def test_marks_of_no_kind_or_image_and_too_many_are_refused(ramp: Volume) -> None:
    marks = Marks({"first": ramp})
    with pytest.raises(GeometryError, match="is a length, angle, ellipse, rectangle or note, found 'area'"):
        marks.measure({"kind": "area", "image": "first"})
    with pytest.raises(GeometryError, match="no image 'beside' is measured here; there are first"):
        marks.measure({"kind": "length", "image": "beside"})
    length = measure_length(ramp, [(0, 0, 0), (0, 3, 4)])
    with pytest.raises(GeometryError, match=f"up to {MOST} measurements, found {MOST + 1}"):
        marks.replace([length] * (MOST + 1))
    marks.replace([length] * MOST)
    with pytest.raises(GeometryError, match="delete one first"):
        marks.add(length)


def test_the_spread_of_a_single_value_is_not_known() -> None:
    ct = Volume(np.full((4, 9, 9), 7.0), np.diag([3.0, 1.0, 1.0, 1.0]), units="HU")
    region = measure_region(ct, "rectangle", [(3, 4, 4), (0, 0.4, 0), (0, 0, 0.4)])
    assert (region.n, region.sd) == (1, None)
    assert "mean 7 (sd not known) HU" in region.words


def test_the_area_of_a_region_comes_with_what_placing_its_corners_adds() -> None:
    """Two corners anywhere within their voxels of 1 x 2 mm: simulated, for a box and for an ellipse."""
    ct = Volume(np.zeros((4, 90, 90)), np.diag([3.0, 1.0, 2.0, 1.0]))
    draws = np.random.default_rng(5).uniform(-0.5, 0.5, (200_000, 2, 2)) * (1.0, 2.0)
    sides = np.array([20.0, 30.0]) + draws[:, 1] - draws[:, 0]
    kinds: tuple[tuple[Literal["rectangle", "ellipse"], float], ...] = (("rectangle", 1.0), ("ellipse", np.pi / 4))
    for kind, share in kinds:
        region = measure_region(ct, kind, [(3, 40, 80), (0, 10, 0), (0, 0, 15)])
        assert region.area_sd_mm2 == pytest.approx(share * float(sides.prod(axis=1).std()), rel=0.02)
        assert f"{region.area_mm2:.0f} ± {1.96 * region.area_sd_mm2:.0f} mm²" in region.words
