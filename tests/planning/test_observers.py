import numpy as np
import pytest
import SimpleITK as sitk
from numpy.typing import NDArray

from sarcoma_review.errors import EmptyMaskError, GeometryError, PlanError
from sarcoma_review.planning.distance import distance_to_triangles_mm
from sarcoma_review.planning.observers import compare_observers
from sarcoma_review.volume import Segment, Volume
from tests.planning.grids import REARRANGED, rearranged
from tests.planning.shapes import Ball, mask

Floats = NDArray[np.float64]
Spacing = tuple[float, float, float]

ISO, THICK = (0.8, 0.8, 0.8), (3.0, 0.8, 0.8)


def ball(radius: float, spacing: Spacing = ISO, centre: tuple[float, float, float] = (0, 0, 0)) -> Segment:
    volume = mask(Ball(np.array(centre, np.float64), radius), np.random.default_rng(3), spacing, 26)
    return Segment("tumour", volume)


def lens_mm3(r: float, s: float, apart: float) -> float:
    """What two balls have in common."""
    reach = r + s - apart
    inner = apart**2 + 2 * apart * (r + s) - 3 * (r - s) ** 2
    return float(np.pi * reach**2 * inner / (12 * apart))


@pytest.mark.parametrize(("spacing", "tolerance_mm"), [(ISO, 0.1), (THICK, 0.2)])
def test_balls_about_one_centre_are_apart_by_the_difference_of_their_radii(
    spacing: Spacing, tolerance_mm: float
) -> None:
    report = compare_observers([ball(r, spacing) for r in (16, 18, 20)])
    for pair, apart in zip(report.pairs, (2, 4, 2), strict=True):
        assert pair.mean_mm == pytest.approx(apart, abs=tolerance_mm)
        assert pair.p95_mm == pytest.approx(apart, abs=4 * tolerance_mm)
        assert apart - 0.05 <= pair.maximum_mm <= apart + 0.7 * max(spacing)
    assert report.boundary_sd_mm == pytest.approx(2.0, abs=tolerance_mm)  # of -2, 0 and 2 mm
    assert report.agreement_volume_ml == pytest.approx(4 / 3 * np.pi * 16**3 / 1000, rel=0.01)
    assert report.union_volume_ml == pytest.approx(4 / 3 * np.pi * 20**3 / 1000, rel=0.01)


@pytest.mark.parametrize(("spacing", "tolerance_mm"), [(ISO, 0.3), (THICK, 1.2)])
def test_two_balls_beside_one_another_have_the_overlap_of_a_lens(spacing: Spacing, tolerance_mm: float) -> None:
    centre = (2.0, 3.0, -6.0)  # 7 mm away
    (pair,) = compare_observers([ball(18, spacing), ball(14, spacing, centre)]).pairs
    assert pair.dice == pytest.approx(2 * lens_mm3(18, 14, 7) / (4 / 3 * np.pi * (18**3 + 14**3)), abs=0.005)
    assert pair.maximum_mm == pytest.approx(7 + 4, abs=tolerance_mm)
    assert pair.volume_difference_percent == pytest.approx(200 * (14**3 - 18**3) / (14**3 + 18**3), abs=0.6)


def test_the_mean_and_95th_percentile_are_those_of_the_balls_weighted_by_area() -> None:
    (pair,) = compare_observers([ball(18), ball(14, centre=(2.0, 3.0, -6.0))]).pairs
    cosine = (np.arange(20_000) + 0.5) / 10_000 - 1  # even in area
    to_small = np.abs(np.sqrt(18**2 + 7**2 - 2 * 18 * 7 * cosine) - 14)
    to_large = np.abs(np.sqrt(14**2 + 7**2 + 2 * 14 * 7 * cosine) - 18)
    share = 18**2 / (18**2 + 14**2)
    assert pair.mean_mm == pytest.approx(share * to_small.mean() + (1 - share) * to_large.mean(), abs=0.05)
    apart = np.concatenate([to_small, to_large])
    weight = np.repeat([share, 1 - share], 20_000)
    order = np.argsort(apart)
    p95 = apart[order][np.searchsorted(np.cumsum(weight[order]), 0.95 * weight.sum())]
    assert pair.p95_mm == pytest.approx(p95, abs=0.1)


def test_dice_and_volumes_agree_with_another_program() -> None:
    first, second = ball(18, THICK), ball(15, THICK, (4.0, 0.0, 5.0))
    other = sitk.LabelOverlapMeasuresImageFilter()
    other.Execute(*[sitk.GetImageFromArray(one.mask.array.astype(np.uint8)) for one in (second, first)])
    (pair,) = compare_observers([first, second]).pairs
    assert pair.dice == pytest.approx(other.GetDiceCoefficient())
    assert abs(pair.volume_difference_percent) == pytest.approx(100 * abs(other.GetVolumeSimilarity()))
    assert pair.volume_difference_percent < 0


def test_one_outline_drawn_twice_agrees_in_everything() -> None:
    report = compare_observers([ball(12), ball(12)])
    (pair,) = report.pairs
    assert (pair.dice, pair.volume_difference_percent) == (1.0, 0.0)
    assert (pair.mean_mm, pair.maximum_mm) == pytest.approx((0, 0), abs=1e-6)
    assert report.boundary_sd_mm == pytest.approx(0, abs=1e-6)
    assert report.agreement_volume_ml == report.union_volume_ml


def test_the_mean_mask_is_the_share_of_observers() -> None:
    segments = [ball(10), ball(12), ball(14)]
    share = compare_observers(segments).mean_mask.array
    assert share.dtype == np.float32
    assert set(np.unique(share)) == {np.float32(n / 3) for n in range(4)}
    assert share[segments[0].mask.array].min() == 1.0


def test_a_speck_that_one_observer_saw_counts_in_the_largest_distance() -> None:
    array = np.zeros((30, 40, 60), bool)
    array[10:20, 10:20, 10:20] = True
    more = array.copy()
    more[15, 15, 49] = True
    (pair,) = compare_observers([Segment("tumour", Volume(one, np.eye(4))) for one in (array, more)]).pairs
    assert pair.maximum_mm == pytest.approx(30, abs=0.6)


def test_outlines_of_specks_alone_are_compared() -> None:
    arrays = np.zeros((2, 9, 9, 20), bool)
    arrays[0, 4, 4, 4] = arrays[1, 4, 4, 14] = True
    report = compare_observers([Segment("tumour", Volume(one, np.eye(4))) for one in arrays])
    assert report.pairs[0].dice == 0
    assert report.pairs[0].mean_mm == pytest.approx(10, abs=1)
    assert np.isfinite(report.boundary_sd_mm)


def test_outlines_that_do_not_touch_are_compared() -> None:
    (pair,) = compare_observers([ball(6), ball(6, centre=(0, 0, 16.0))]).pairs
    assert pair.dice == 0
    assert pair.maximum_mm == pytest.approx(16, abs=0.4)


def test_the_report_does_not_depend_on_the_order_of_axes() -> None:
    drawn = [ball(12, THICK), ball(10, THICK, (2.0, 3.0, 1.0))]
    report = compare_observers(drawn)
    for order, flipped in REARRANGED:
        turned = compare_observers([Segment("tumour", rearranged(one.mask, order, flipped)) for one in drawn])
        assert turned.pairs[0].mean_mm == pytest.approx(report.pairs[0].mean_mm, abs=0.02)
        assert turned.pairs[0].maximum_mm == pytest.approx(report.pairs[0].maximum_mm, abs=0.05)
        assert turned.boundary_sd_mm == pytest.approx(report.boundary_sd_mm, abs=0.02)


def test_a_tumour_cut_by_the_field_of_view_is_a_finding_once() -> None:
    array = np.zeros((10, 20, 20), bool)
    array[:4, 5:15, 5:15] = True
    report = compare_observers([Segment("tumour", Volume(array, np.eye(4)))] * 2)
    assert report.findings == ("tumour reaches the first slice: what lies beyond is unknown",)


def test_a_report_says_what_matters_in_a_line() -> None:
    assert repr(compare_observers([ball(10), ball(12)])).startswith("<ObserverReport 1 pair(s), least Dice 0.7")


def test_what_cannot_be_compared_is_refused() -> None:
    with pytest.raises(PlanError, match="at least 2 outlines, got 1"):
        compare_observers([ball(10)])
    empty = Segment("tumour", Volume(np.zeros_like(ball(10).mask.array), ball(10).mask.affine))
    with pytest.raises(EmptyMaskError, match=r"outline 2 of 2: expected at least one voxel, found 0"):
        compare_observers([ball(10), empty])
    with pytest.raises(GeometryError, match=r"outlines 1 and 2: expected one grid"):
        compare_observers([ball(10), ball(10, THICK)])


def test_the_distance_to_triangles_is_that_to_their_nearest_of_many_points() -> None:
    rng = np.random.default_rng(0)
    corners, places = rng.normal(size=(12, 3, 3)), 2 * rng.normal(size=(40, 3))
    s, t = (share.ravel() for share in np.mgrid[0:1:151j, 0:1:151j])
    s, t = s[s + t <= 1], t[s + t <= 1]
    edges = corners[:, 1:] - corners[:, :1]
    points = corners[:, :1] + s[:, None] * edges[:, None, 0] + t[:, None] * edges[:, None, 1]
    nearest = np.linalg.norm(places[:, None] - points.reshape(-1, 3), axis=-1).min(axis=1)
    found = distance_to_triangles_mm(places, corners.reshape(-1, 3), np.arange(36, dtype=np.int32).reshape(-1, 3))
    assert found == pytest.approx(nearest, abs=5e-3)
    assert (found <= nearest + 1e-12).all()
