"""Margins to an arbitrary specimen: processor seconds, memory and error beside other programs, in one run.

A tumour with half axes of 30, 18 and 24 mm lies in a specimen of 44, 36 and 40 mm, cut out of a 512 x 512 x 300
volume at 0.8 mm; every program is given the same crop round both. Then the least margin of the closed form's phantoms
(a ball in a ball off centre; a breach; a ball in a box; a finger) over random tilts and offsets. Programs that are
not installed are left out with a line that says so: ``pip install medpy libigl`` in an environment of their own, and
its site-packages in PYTHONPATH.
"""

import importlib
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
from scipy.spatial.transform import Rotation

sys.path.insert(0, str(Path(__file__).parents[1]))

from sarcoma_review.planning import TumourSurface
from sarcoma_review.planning.distance import distance_to_triangles_mm
from sarcoma_review.planning.specimen import measure_specimen
from sarcoma_review.volume import Volume
from tests.planning.shapes import Ball, directions, mask
from tests.planning.solids import Box, Finger

SPACING_MM, REPEATS, SEEDS = 0.8, 5, 10


def main() -> None:
    speed()
    accuracy()


def speed() -> None:
    tumour, specimen = crops()
    surface, wall = TumourSurface.from_mask(tumour), TumourSurface.from_mask(specimen)
    print(f"{len(surface.points_mm)} points of the tumour, {len(wall.faces)} triangles of the specimen")
    ways: dict[str, Callable[[], object]] = {
        "distances alone, exact": lambda: distance_to_triangles_mm(surface.points_mm, wall.vertices, wall.faces),
        "specimen's mask to least margin": lambda: measure_specimen(surface, specimen),
    }
    medpy, igl = installed("medpy.metric.binary"), installed("igl")
    if medpy is not None:
        between = getattr(medpy, "__surface_distances")
        ways["MedPy, voxel to voxel"] = lambda: between(tumour.array, specimen.array, (SPACING_MM,) * 3)
    if igl is not None:
        faces = wall.faces.astype(np.int64)
        ways["libigl, distances alone"] = lambda: igl.point_mesh_squared_distance(
            surface.points_mm, wall.vertices, faces
        )
    seconds = {name: cpu_seconds(way) for name, way in ways.items()}
    reference = seconds.get("MedPy, voxel to voxel")
    print(f"{'':34}{'cpu s':>8}{'of MedPy':>10}{'peak MB':>10}")
    for name, way in ways.items():
        ratio = f"{seconds[name] / reference:10.2f}" if reference else f"{'-':>10}"
        print(f"{name:34}{seconds[name]:8.3f}{ratio}{peak_mb(way):10.0f}")
    if igl is not None:
        theirs = np.sqrt(igl.point_mesh_squared_distance(surface.points_mm, wall.vertices, faces)[0])
        ours = distance_to_triangles_mm(surface.points_mm, wall.vertices, wall.faces)
        print(f"largest difference to libigl {np.abs(ours - theirs).max():.1e} mm")


def crops() -> tuple[Volume, Volume]:
    shape = (300, 512, 512)
    centre = (np.array(shape) - 1) / 2
    half = np.array([44, 36, 40]) / SPACING_MM + 1  # the specimen's box, and one voxel round it
    box = tuple(slice(int(c - h), int(c + h) + 2) for c, h in zip(centre, half, strict=True))
    index = np.stack(np.mgrid[box], axis=-1)
    affine = np.diag([SPACING_MM] * 3 + [1.0])

    def ellipsoid(middle: np.ndarray, axes: tuple[float, ...]) -> Volume:
        return Volume((((index - middle) * SPACING_MM / axes) ** 2).sum(axis=-1) <= 1, affine)

    return ellipsoid(centre + np.array([4, 2, -5]), (30, 18, 24)), ellipsoid(centre, (44, 36, 40))


def installed(name: str) -> ModuleType | None:
    try:
        return importlib.import_module(name)
    except ImportError:
        print(f"{name} is not installed: left out")
        return None


def cpu_seconds(way: Callable[[], object]) -> float:
    found = []
    for _ in range(REPEATS):
        start = time.process_time()
        way()
        found.append(time.process_time() - start)
    return min(found)


def peak_mb(way: Callable[[], object]) -> float:
    tracemalloc.start()
    way()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak / 1e6


def accuracy() -> None:
    head = ("bias", "rms", "worst", "before", "err/sd", "fitted")
    print(f"\n{'least margin, mm':18}{'voxels, mm':16}" + "".join(f"{name:>8}" for name in head))
    for name in ("ball", "breach", "box", "finger 5", "finger 2.5"):
        for spacing in ((0.8, 0.8, 0.8), (3.0, 0.8, 0.8), (5.0, 1.0, 1.0)):
            rows = np.array([measured(name, spacing, seed) for seed in range(SEEDS)])
            error, before, sd, fitted = rows.T
            figures = [error.mean(), rms(error), np.abs(error).max(), rms(before), rms(error / sd), fitted.mean()]
            size = " x ".join(f"{mm:g}" for mm in spacing)
            print(f"{name:18}{size:16}" + "".join(f"{figure:8.3f}" for figure in figures))


def rms(values: np.ndarray) -> float:
    return float(np.sqrt((values**2).mean()))


def measured(name: str, spacing: tuple[float, float, float], seed: int) -> tuple[float, float, float, float]:
    rng = np.random.default_rng(seed)
    away, turn = directions(rng, 1)[0], Rotation.random(rng=rng).as_matrix()
    tumour, specimen, truth = {
        "ball": (Ball(7 * away, 20.0), Ball(np.zeros(3), 35.0), 8.0),
        "breach": (Ball(16 * away, 10.0), Ball(np.zeros(3), 22.0), -4.0),
        "box": (Ball(3 * turn[:, 0], 15.0), Box(turn, (25, 26, 28)), 7.0),
        "finger 5": (Finger(away, 18.0, 32.0, 5.0), Ball(np.zeros(3), 40.0), 3.0),
        "finger 2.5": (Finger(away, 18.0, 32.0, 2.5), Ball(np.zeros(3), 40.0), 5.5),
    }[name]
    lattice = int(rng.integers(1 << 30))
    masks = [mask(solid, np.random.default_rng(lattice), spacing, 42) for solid in (tumour, specimen)]
    found = measure_specimen(TumourSurface.from_mask(masks[0]), masks[1])
    return found.margin_mm - truth, found.unrefined_mm - truth, found.sd_mm, float(found.fitted)


if __name__ == "__main__":
    main()
