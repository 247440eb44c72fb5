"""How far measured margins lie from the closed form, beside the ways of measuring that papers use, in one run.

Phantoms: a ball of radius 20 mm and an ellipsoid of 30, 18 and 14 mm, on grids turned by up to 35 degrees and
shifted by up to half a voxel; the plane lies 8 mm off the solid in 12 random directions. Peers: voxel centres (the
outermost one, as a distance map of the specimen gives it) and marching cubes on the bare mask.
"""

import sys
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation
from skimage.measure import marching_cubes

sys.path.insert(0, str(Path(__file__).parents[1]))

from sarcoma_review.planning import Plane, ResectionPlan, TumourSurface, resection_margins
from tests.planning.shapes import Ball, Ellipsoid, directions, mask

MARGIN_MM, SEEDS = 8.0, 10


def main() -> None:
    print(f"{'voxels, mm':16}{'solid':12}{'measured by':22}{'bias':>8}{'rms':>8}{'worst':>8}   mm")
    for spacing in ((0.8, 0.8, 0.8), (3.0, 0.8, 0.8), (5.0, 1.0, 1.0)):
        for name in ("ball", "ellipsoid"):
            errors = [measured(name, spacing, seed) for seed in range(SEEDS)]
            for way in errors[0]:
                found = np.concatenate([error[way] for error in errors])
                size = " x ".join(f"{mm:g}" for mm in spacing)
                rms = np.sqrt((found**2).mean())
                print(f"{size:16}{name:12}{way:22}{found.mean():8.3f}{rms:8.3f}{np.abs(found).max():8.3f}")


def measured(name: str, spacing: tuple[float, float, float], seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    solid: Ball | Ellipsoid = Ball(rng.uniform(-1, 1, 3), 20.0)
    if name == "ellipsoid":
        solid = Ellipsoid(rng.uniform(-1, 1, 3), (30, 18, 14), Rotation.random(rng=rng).as_matrix())
    volume = mask(solid, rng, spacing, 36)
    centres = volume.position_mm(np.argwhere(volume.array))
    bare = volume.position_mm(marching_cubes(np.pad(volume.array, 1).astype(float), 0.5)[0] - 1)
    surface = TumourSurface.from_mask(volume)
    found: dict[str, list[float]] = {"this package": [], "marching cubes, bare": [], "voxel centres": []}
    for normal in directions(rng, 12):
        plane = Plane(normal * (solid.reach(normal) + MARGIN_MM), normal)
        found["this package"].append(resection_margins(surface, ResectionPlan([plane])).minimum_mm - MARGIN_MM)
        found["marching cubes, bare"].append(-float(plane.distance_mm(bare).max()) - MARGIN_MM)
        found["voxel centres"].append(-float(plane.distance_mm(centres).max()) - MARGIN_MM)
    return {way: np.array(values) for way, values in found.items()}


if __name__ == "__main__":
    main()
