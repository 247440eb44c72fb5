"""The page and the package put every voxel in the same place."""

import numpy as np
import pytest

from sarcoma_review.present.section import plane_line, section
from sarcoma_review.volume import Grid
from tests.widgets.page_code import node

ASKING = """
import { anatomicalAxes, tiltDeg, toIndex, toMm } from "./js/geometry.js";
const grids = JSON.parse(process.argv[1]);
console.log(JSON.stringify(grids.map(({ affine, index }) => {
  const mm = toMm(affine, index);
  return { axes: anatomicalAxes(affine), tilt: tiltDeg(affine), mm, index: toIndex(affine, mm) };
})));
"""


CUTTING = """
import { planeLine } from "./js/cuts.js";
import { ownLattice } from "./js/views.js";
const given = JSON.parse(process.argv[1]);
console.log(JSON.stringify(given.map(({ affine, shape, view, slice, plane }) =>
  planeLine(ownLattice({ affine, shape }, view), slice, plane))));
"""


def _random_grids(count: int) -> list[Grid]:
    rng = np.random.default_rng(6)
    grids = []
    for n in range(count):
        turned, _ = np.linalg.qr(rng.normal(size=(3, 3)))
        affine = np.eye(4)
        # Every third grid is upright but stored in some other order; every second is sheared.
        directions = np.eye(3)[rng.permutation(3)] * rng.choice([-1, 1], 3) if n % 3 == 0 else turned
        affine[:3, :3] = directions * rng.uniform(0.3, 5, 3)
        affine[:3, 0] += (n % 2) * 0.4 * affine[:3, 1]
        affine[:3, 3] = rng.uniform(-300, 300, 3)
        grids.append(Grid((9, 10, 11), affine))
    return grids


def test_javascript_and_python_agree_on_axes_tilt_and_positions() -> None:
    grids, index = _random_grids(60), (3.25, 7.5, 1.125)
    answers = node(ASKING, [{"affine": grid.affine.ravel().tolist(), "index": index} for grid in grids])
    for grid, found in zip(grids, answers, strict=True):
        assert tuple(found["axes"]) == grid.anatomical_axes
        assert found["tilt"] == pytest.approx(grid.tilt_deg, abs=1e-9)
        assert found["mm"] == pytest.approx(grid.position_mm(index).tolist(), abs=1e-9)
        assert found["index"] == pytest.approx(index, abs=1e-9)


def test_javascript_and_python_draw_a_plane_that_ends_alike() -> None:
    rng, asked, expected = np.random.default_rng(8), [], []
    for grid in _random_grids(20):
        middle = grid.position_mm(rng.uniform(2, 7, 3))
        across, along, normal = np.linalg.qr(rng.normal(size=(3, 3)))[0].T
        turns = np.sort(rng.uniform(0, 2 * np.pi, 5))
        reach = 3.0 * max(grid.spacing_mm)
        corners = middle + reach * (np.outer(np.cos(turns), across) + np.outer(np.sin(turns), along))
        for view in ("axial", "coronal", "sagittal"):
            seen = section(grid, view)
            slice_number = round(float(grid.index(middle)[seen.through]))
            plane = {"name": "", "kerf_mm": 0, "point_mm": middle.tolist(), "normal": normal.tolist()}
            plane["patch_mm"] = corners.tolist()
            where = {"affine": grid.affine.ravel().tolist(), "shape": grid.shape, "view": view, "slice": slice_number}
            asked.append(where | {"plane": plane})
            expected.append(plane_line(grid, seen, slice_number, middle, normal, patch_mm=corners))
    drawn = 0
    for found, wanted in zip(node(CUTTING, asked), expected, strict=True):
        assert (found is None) == (wanted is None)
        if wanted is not None:
            drawn += 1
            assert sorted(map(tuple, found)) == pytest.approx(np.array(sorted(map(tuple, wanted))), abs=1e-7)
    assert drawn > 30


def test_a_plane_that_ends_is_drawn_within_the_line_of_the_endless_one() -> None:
    grid = Grid((9, 10, 11), np.array([[0, 0, 1.0, 0], [0, 1, 0, 0], [2, 0, 0, 0], [0, 0, 0, 1]]))
    seen = section(grid, "axial")
    point, normal = np.array([5.0, 4.0, 8.0]), np.array([1.0, 0.0, 0.0])
    patch = np.array([(5, 2, 0), (5, 6, 0), (5, 6, 16), (5, 2, 16)], float)
    line = plane_line(grid, seen, 4, point, normal, patch_mm=patch)
    assert line is not None
    assert sorted(map(tuple, line.tolist())) == [(5.0, 2.0), (5.0, 6.0)]
    endless = plane_line(grid, seen, 4, point, normal)
    assert endless is not None
    assert sorted(map(tuple, endless.tolist())) == [(5.0, -0.5), (5.0, 9.5)]
    assert plane_line(grid, seen, 4, point, normal, patch_mm=patch + np.array([0, 20, 0])) is None
    assert plane_line(grid, seen, 4, point, normal, patch_mm=patch - np.array([0, 0, 12])) is None
