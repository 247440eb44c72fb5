"""The page and the package put every voxel in the same place."""

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from sarcoma_review.volume import Grid
from tests.conftest import require

ROOT = Path(__file__).parents[2]
ASKING = """
import { anatomicalAxes, tiltDeg, toIndex, toMm } from "./js/geometry.js";
const grids = JSON.parse(process.argv[1]);
console.log(JSON.stringify(grids.map(({ affine, index }) => {
  const mm = toMm(affine, index);
  return { axes: anatomicalAxes(affine), tilt: tiltDeg(affine), mm, index: toIndex(affine, mm) };
})));
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
    node = shutil.which("node")
    require(node is not None, "node")
    assert node is not None
    grids, index = _random_grids(60), (3.25, 7.5, 1.125)
    asked = json.dumps([{"affine": grid.affine.ravel().tolist(), "index": index} for grid in grids])
    run = subprocess.run(
        [node, "--input-type=module", "--eval", ASKING, asked], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for grid, found in zip(grids, json.loads(run.stdout), strict=True):
        assert tuple(found["axes"]) == grid.anatomical_axes
        assert found["tilt"] == pytest.approx(grid.tilt_deg, abs=1e-9)
        assert found["mm"] == pytest.approx(grid.position_mm(index).tolist(), abs=1e-9)
        assert found["index"] == pytest.approx(index, abs=1e-9)
