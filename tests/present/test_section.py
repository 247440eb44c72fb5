import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from sarcoma_review.present.section import plane_line, section
from sarcoma_review.volume import Grid
from tests.conftest import require

AXIAL = np.array([[0, 0, 0.8, -80], [0, 0.8, 0, -60], [3.0, 0, 0, 10], [0, 0, 0, 1]])
VIEWS = ("axial", "coronal", "sagittal")


def oblique(turn: tuple[float, ...], lean: float = 0.0) -> Grid:
    matrix = AXIAL.copy()
    matrix[1, 0] += lean
    matrix[:3, :3] = Rotation.from_euler("zyx", turn, degrees=True).as_matrix() @ matrix[:3, :3]
    return Grid((20, 50, 40), matrix)


def test_a_plain_axial_scan_shows_the_patients_right_on_the_left_and_the_front_on_top() -> None:
    grid = Grid((20, 50, 40), AXIAL)
    assert section(grid, "axial").letters == {"left": "R", "right": "L", "top": "A", "bottom": "P"}
    assert section(grid, "coronal").letters == {"left": "R", "right": "L", "top": "S", "bottom": "I"}
    assert section(grid, "sagittal").letters == {"left": "A", "right": "P", "top": "S", "bottom": "I"}


def test_a_scan_lying_the_other_way_round_is_turned_not_relabelled() -> None:
    flipped = AXIAL.copy()
    flipped[:, 2] *= -1
    flipped[:, 0] *= -1
    grid = Grid((20, 50, 40), flipped)
    assert section(grid, "axial").letters["left"] == "R"
    assert section(grid, "coronal").letters["top"] == "S"
    assert section(grid, "axial").to_picture[0, 0] < 0


def test_an_oblique_scan_says_so_in_two_letters() -> None:
    letters = section(oblique((30, 0, 0)), "axial").letters
    assert letters == {"left": "RA", "right": "LP", "top": "AL", "bottom": "PR"}


@given(st.tuples(*[st.floats(-40, 40)] * 3), st.sampled_from(VIEWS), st.floats(-2, 2))
def test_distances_on_the_picture_are_distances_in_the_patient(
    turn: tuple[float, ...], view: str, lean: float
) -> None:
    grid = oblique(turn, lean)
    seen = section(grid, view)  # type: ignore[arg-type]
    ends = np.zeros((2, 3))
    ends[1, seen.horizontal], ends[1, seen.vertical] = 11.0, 7.0
    in_patient = np.linalg.norm(np.diff(grid.position_mm(ends), axis=0))
    assert np.linalg.norm(seen.to_picture @ (11.0, 7.0)) == pytest.approx(in_patient, abs=1e-9)


@given(
    st.tuples(*[st.floats(-40, 40)] * 3),
    st.sampled_from(VIEWS),
    st.tuples(*[st.floats(-1, 1)] * 3).filter(lambda n: np.linalg.norm(n) > 0.1),
    st.integers(0, 19),
)
def test_a_plane_line_lies_in_the_plane_and_on_the_edge(
    turn: tuple[float, ...], view: str, normal: tuple[float, ...], number: int
) -> None:
    grid = oblique(turn)
    seen = section(grid, view)  # type: ignore[arg-type]
    unit = np.array(normal) / np.linalg.norm(normal)
    point = grid.position_mm((10, 25, 20))
    line = plane_line(grid, seen, number, point, unit)
    if line is None:
        return
    index = np.zeros((2, 3))
    index[:, seen.through], index[:, seen.horizontal], index[:, seen.vertical] = number, line[:, 0], line[:, 1]
    assert np.abs((grid.position_mm(index) - point) @ unit).max() < 1e-6
    sides = {-0.5, grid.shape[seen.horizontal] - 0.5}, {-0.5, grid.shape[seen.vertical] - 0.5}
    for h, v in line:
        assert min(abs(h - s) for s in sides[0]) < 1e-5 or min(abs(v - s) for s in sides[1]) < 1e-5


SCRIPT = """
import { sliceView } from "./js/geometry.js";
const cases = JSON.parse(process.argv[1]);
console.log(JSON.stringify(cases.map(([affine, view]) => {
  const s = sliceView(affine, view);
  return [s.through, s.horizontal, s.vertical, s.letters, s.hh, s.vh, s.vv];
})));
"""


def test_the_viewer_in_the_browser_places_slices_as_the_stills_do() -> None:
    node = shutil.which("node")
    require(node is not None, "node")
    rng = np.random.default_rng(4)
    grids = [oblique(tuple(rng.uniform(-40, 40, 3)), rng.uniform(-1, 1)) for _ in range(40)]
    grids += [Grid((20, 50, 40), AXIAL[:, [a, b, c, 3]]) for a, b, c in ((0, 1, 2), (1, 2, 0), (2, 0, 1))]
    cases = [(grid, view) for grid in grids for view in VIEWS]
    given_to_node = json.dumps([(grid.affine.ravel().tolist(), view) for grid, view in cases])
    command = [str(node), "--input-type=module", "-e", SCRIPT, given_to_node]
    root = Path(__file__).parents[2]
    answer = subprocess.run(command, capture_output=True, text=True, check=True, cwd=root).stdout
    for (grid, view), (through, horizontal, vertical, letters, hh, vh, vv) in zip(
        cases, json.loads(answer), strict=True
    ):
        seen = section(grid, view)  # type: ignore[arg-type]
        assert (seen.through, seen.horizontal, seen.vertical) == (through, horizontal, vertical)
        assert seen.letters == letters
        assert seen.to_picture == pytest.approx(np.array([[hh, vh], [0, vv]]), abs=1e-9)
