from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from sarcoma_review.dicom import read_rtstruct, scan
from sarcoma_review.errors import EmptyMaskError, GeometryError, PlanError
from sarcoma_review.planning.interpolation import interpolate
from sarcoma_review.volume import Volume
from tests.planning.grids import REARRANGED, as_before, oblique, rearranged

Bools = NDArray[np.bool_]

SPACING = (3.0, 0.8, 0.8)
SLICES = 13


def discs(*pieces: tuple[Any, Any, Any], minus: bool = False, size: int = 140) -> Bools:
    """Discs (row mm, column mm, radius mm), each a number or one per slice."""
    row, column = np.mgrid[:size, :size] * SPACING[1]
    out = np.zeros((SLICES, size, size), bool)
    for number, piece in enumerate(pieces):
        y, x, radius = (np.broadcast_to(value, SLICES)[:, None, None] for value in piece)
        disc = (row - y) ** 2 + (column - x) ** 2 < np.where(radius > 0, radius, 0) ** 2
        out = out & ~disc if minus and number else out | disc
    return out


def every(array: Bools, gap: int) -> Volume:
    kept = np.zeros_like(array)
    kept[::gap] = array[::gap]
    return oblique(kept, SPACING)


def dice(first: Bools, second: Bools) -> float:
    return 2 * np.count_nonzero(first & second) / (np.count_nonzero(first) + np.count_nonzero(second))


def radii_mm(array: Bools) -> NDArray[np.float64]:
    radii: NDArray[np.float64] = np.sqrt(array.sum(axis=(1, 2)) * SPACING[1] * SPACING[2] / np.pi)
    return radii


ALONG = np.linspace(0, 1, SLICES)


@pytest.mark.parametrize("gap", [2, 4, 12])
def test_the_slices_of_a_cone_have_the_area_of_a_cone(gap: int) -> None:
    cone = discs((55, 55, 10 + 30 * ALONG))
    filled = interpolate(every(cone, gap), axis=0)
    assert radii_mm(filled.array) == pytest.approx(10 + 30 * ALONG, abs=0.25 * SPACING[1])


@pytest.mark.parametrize("gap", [3, 12])
def test_an_oblique_cylinder_stays_round_even_where_its_ends_do_not_overlap(gap: int) -> None:
    cylinder = discs((30 + 50 * ALONG, 40, 14.0))
    filled = interpolate(every(cylinder, gap), axis=0).array
    assert dice(filled, cylinder) > 0.98
    assert radii_mm(filled) == pytest.approx(np.full(SLICES, 14.0), abs=0.25 * SPACING[1])


def test_several_pieces_and_holes_are_followed_each_by_itself() -> None:
    pieces = discs((30, 30, 12 + 8 * ALONG), (80, 80, 20 - 10 * ALONG), (25, 90, 5.0))
    assert dice(interpolate(every(pieces, 6), axis=0).array, pieces) > 0.98
    ring = discs((55, 55, 40 - 10 * ALONG), (50 + 8 * ALONG, 55, 8 + 6 * ALONG), minus=True)
    assert dice(interpolate(every(ring, 6), axis=0).array, ring) > 0.98


def test_an_island_in_a_hole_stays() -> None:
    ring = discs((55, 55, 40.0)) & ~discs((55, 55, 25.0)) | discs((55, 55, 10.0))
    assert dice(interpolate(every(ring, 6), axis=0).array, ring) == 1.0


def test_a_piece_without_counterpart_runs_out_like_a_cone() -> None:
    ends = np.zeros((SLICES, 140, 140), bool)
    ends[[0, 12]] = discs((40, 40, 20.0))[[0, 12]]
    ends[0] |= discs((100, 100, 9.0))[0]
    filled = interpolate(oblique(ends, SPACING), axis=0).array[:, 100:, 100:]
    assert radii_mm(filled) == pytest.approx(9 * (1 - ALONG), abs=0.35 * SPACING[1])


def test_a_piece_that_splits_is_joined_up_to_the_split() -> None:
    ends = np.zeros((SLICES, 140, 140), bool)
    ends[0] = discs((55, 55, 25.0))[0]
    ends[12] = discs((40, 55, 9.0), (70, 55, 9.0))[0]
    filled = interpolate(oblique(ends, SPACING), axis=0).array
    assert filled.any(axis=(1, 2)).all()
    assert not (filled[1:12] & ~ends[0]).any()


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_slices_across_any_axis_are_filled_in_mm(axis: int) -> None:
    place = oblique(np.zeros((31, 61, 61), bool), SPACING)
    along = np.moveaxis(np.indices(place.shape), 0, -1) * SPACING
    along = along - np.array([45.0, 24.0, 24.0])
    ball = np.linalg.norm(along, axis=-1) < 20
    kept = np.zeros_like(ball)
    chosen = [slice(None)] * 3
    chosen[axis] = slice(1 if axis == 0 else 0, None, 2)  # the first and the last slice of the ball are outlined
    kept[tuple(chosen)] = ball[tuple(chosen)]
    filled = interpolate(Volume(kept, place.affine), axis=axis).array
    assert dice(filled, ball) > (0.97 if axis == 0 else 0.985)


def test_only_one_outlined_slice_is_refused() -> None:
    for array in (np.zeros((4, 4, 4), bool), np.pad(np.ones((1, 2, 2), bool), 1)):
        with pytest.raises(EmptyMaskError, match=r"at least 2 outlined slices, found [01]"):
            interpolate(Volume(array, np.eye(4)), axis=0)


def test_an_axis_that_is_none_is_refused() -> None:
    with pytest.raises(PlanError, match=r"index axis is 0 .* got 5"):
        interpolate(every(discs((40, 40, 9)), 2), axis=5)


def test_gantry_tilt_along_the_axis_does_no_harm_but_skewed_slices_are_refused() -> None:
    cone = every(discs((55, 55, 10 + 20 * ALONG)), 4)
    tilted = cone.affine.copy()
    tilted[:3, 0] += 0.3 * tilted[:3, 1]
    assert np.array_equal(interpolate(Volume(cone.array, tilted), axis=0).array, interpolate(cone, axis=0).array)
    with pytest.raises(GeometryError, match="sheared by"):
        interpolate(Volume(cone.array, tilted), axis=2)


@settings(max_examples=40, deadline=None)
@given(arrays(bool, st.tuples(st.integers(3, 7), st.integers(3, 7), st.integers(3, 7))), st.integers(0, 2))
def test_outlined_slices_stay_and_no_slice_between_them_is_lost_by_order_of_axes(array: Bools, axis: int) -> None:
    drawn = oblique(array)
    across = tuple({0, 1, 2} - {axis})
    outlined = array.any(axis=across)
    if outlined.sum() < 2:
        return
    filled = interpolate(drawn, axis=axis).array
    assert np.array_equal(np.moveaxis(filled, axis, 0)[outlined], np.moveaxis(array, axis, 0)[outlined])
    first, last = np.flatnonzero(outlined)[[0, -1]]
    beyond = np.moveaxis(filled, axis, 0)
    assert not beyond[:first].any()
    assert not beyond[last + 1 :].any()
    for order, flipped in REARRANGED:
        turned = interpolate(rearranged(drawn, order, flipped), axis=order.index(axis))
        assert np.array_equal(as_before(turned.array, order, flipped), filled)


@pytest.mark.real_data
def test_a_real_tumour_outlined_on_every_second_slice_is_found_again(shared: Path) -> None:
    folder = shared / "dicom" / "sts001_mr_t2_rtss"
    (spec,) = next(iter(scan(folder / "image").series.values())).volumes()
    structures = next(path for path in sorted(folder.rglob("*")) if path.is_file() and "rtstruct" in str(path.parent))
    tumour = next(one for one in read_rtstruct(structures, onto=spec.load()) if one.name == "GTV_Mass").mask
    outlined = np.flatnonzero(tumour.array.any(axis=(1, 2)))
    half = tumour.array.copy()
    half[outlined[1:-1:2]] = False
    filled = interpolate(Volume(half, tumour.affine), axis=0).array
    assert dice(filled, np.asarray(tumour.array, bool)) >= 0.95
    assert dice(filled[outlined[1:-1:2]], tumour.array[outlined[1:-1:2]]) >= 0.90
