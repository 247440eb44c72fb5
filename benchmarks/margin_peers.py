"""How far margins measured by this package and by others lie from the closed form, all in one run.

Phantoms, the same masks for all ways, 20 of each (give another number): B, a ball of 20 mm, 7 mm off the middle of a
round specimen of 35 mm; C, an ellipsoid of 30, 18 and 14 mm behind three planes 8, 12.5 and 3.2 mm off it, in a ball
of 44 mm. Grids are turned by up to 35 degrees, or lie along the axes (in C the planes then too: the least margin is
then a whole number of voxels of 0.8 mm, which favours voxels), and are shifted by up to half a voxel. The least
margin of B is measured to the plane that touches the specimen there. Its map is measured to the specimen's mask, so
that it holds two surfaces' errors, and to the specimen as it is, in brackets. In C, surfaces are measured to the
planes and voxels to the specimen's mask. A map's error is that at each sample of the tumour's surface, against the
margin at the place of the true surface nearest to it; root mean square, by area.
"""

import multiprocessing
import sys
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import peers
from sarcoma_review.planning import Plane, ResectionPlan, TumourSurface, resection_margins
from sarcoma_review.planning.distance import distance_to_triangles_mm
from sarcoma_review.volume import Volume
from tests.planning.shapes import Ball, Ellipsoid, directions

SPACINGS = ((0.8, 0.8, 0.8), (3.0, 0.8, 0.8), (5.0, 1.0, 1.0))
OURS, SLICER, MEDPY, MAURER, DEEPMIND = "this package", "Slicer's default", "MedPy", "SimpleITK", "surface-distance"
HALF_MM = 46
GROUPS = [(name, mm, turned) for mm in SPACINGS for name in "BC" for turned in (True, False)]
Errors = dict[str, tuple[float, float, float]]
"""By way: error of the least margin; mean squared error of the map, and of that to the specimen as it is.

NaN where a way tells no positions.
"""


def main(seeds: int) -> None:
    cases = [(name, mm, turned, seed) for name, mm, turned in GROUPS for seed in range(seeds)]
    with multiprocessing.Pool() as pool:
        found = dict(zip(cases, pool.map(measured, cases, chunksize=1), strict=True))
    print(f"{'':34}{'least margin, mm':^28}{'map, mm':>9}{'over':>8}")
    print(f"{'voxels, mm':16}{'phantom':11}{'by':20}{'bias':>7}{'rms':>7}{'worst':>7}{'rms':>9}{'ours':>8}")
    for name, mm, turned in GROUPS:
        show(
            mm, f"{name} {'turned' if turned else 'along'}", [found[name, mm, turned, seed] for seed in range(seeds)]
        )


def show(spacing_mm: tuple[float, ...], name: str, errors: list[Errors]) -> None:
    ours = np.nan
    for way in (OURS, SLICER, MEDPY, MAURER, DEEPMIND):
        least, squared, alone = np.array([error[way] for error in errors]).T
        whole_map, alone_map = np.sqrt(squared.mean()), np.sqrt(alone.mean())
        ours = whole_map if way == OURS else ours
        bracket = "" if np.isnan(alone_map) else f" ({alone_map:.3f})"
        print(
            f"{' x '.join(f'{mm:g}' for mm in spacing_mm):16}{name:11}{way:20}{least.mean():7.3f}"
            f"{np.sqrt((least**2).mean()):7.3f}{np.abs(least).max():7.3f}"
            f"{whole_map:9.3f}{whole_map / ours:8.1f}{bracket}"
        )


def measured(case: tuple[str, tuple[float, float, float], bool, int]) -> Errors:
    name, spacing_mm, turned, seed = case
    rng = np.random.default_rng(seed)
    phantom = BallInBall(rng) if name == "B" else BehindPlanes(rng, turned=turned)
    volume = grid(rng, spacing_mm, turned=turned)
    at = volume.position_mm(np.moveaxis(np.indices(volume.shape), 0, -1))
    tumour, specimen = (Volume(level(at) < 0, volume.affine) for level in (phantom.tumour, phantom.outside))
    return {**surfaces(phantom, tumour, specimen), **voxels(phantom, tumour, specimen)}


def surfaces(phantom: "BallInBall | BehindPlanes", tumour: Volume, specimen: Volume) -> Errors:
    surface = TumourSurface.from_mask(tumour)
    plan = ResectionPlan(phantom.planes)
    vertices, faces = peers.slicer_surface(tumour)
    least = {
        OURS: resection_margins(surface, plan).minimum_mm,
        SLICER: min(-float(plane.distance_mm(vertices).max()) for plane in phantom.planes),
    }
    meshes = {OURS: (surface.vertices, surface.faces), SLICER: (vertices, faces)}
    found = {}
    for way, (points, triangles) in meshes.items():
        if isinstance(phantom, BehindPlanes):
            margins = phantom.margin(points)
        elif way == OURS:
            outer = TumourSurface.from_mask(specimen)
            margins = distance_to_triangles_mm(points, outer.vertices, outer.faces)
        else:
            margins = distance_to_triangles_mm(points, *peers.slicer_surface(specimen))
        truth, areas = phantom.margin(phantom.nearest(points)), areas_mm2(points, triangles)
        squared, alone = (
            np.average((each - truth) ** 2, weights=areas) for each in (margins, phantom.margin(points))
        )
        found[way] = (least[way] - phantom.least_mm, float(squared), float(alone))
    return found


def voxels(phantom: "BallInBall | BehindPlanes", tumour: Volume, specimen: Volume) -> Errors:
    masks = tumour.array, specimen.array, tumour.spacing_mm
    found = {DEEPMIND: (peers.surface_distance_least(*masks) - phantom.least_mm, np.nan, np.nan)}
    for way, measure in ((MEDPY, peers.medpy_map), (MAURER, peers.simpleitk_map)):
        index, margins = measure(*masks)
        truth = phantom.margin(phantom.nearest(tumour.position_mm(index)))
        found[way] = (float(margins.min()) - phantom.least_mm, float(((margins - truth) ** 2).mean()), np.nan)
    return found


def grid(rng: np.random.Generator, spacing_mm: tuple[float, ...], *, turned: bool) -> Volume:
    angles = rng.uniform(-35, 35, 3) * turned
    turn = Rotation.from_euler("zyx", angles, degrees=True).as_matrix()
    shape = tuple(int(2 * HALF_MM / mm) + 1 for mm in spacing_mm)
    affine = np.eye(4)
    affine[:3, :3] = turn[:, ::-1] * spacing_mm
    affine[:3, 3] = -affine[:3, :3] @ ((np.array(shape) - 1) / 2 + rng.uniform(-0.5, 0.5, 3))
    return Volume(np.zeros(shape, bool), affine)


class BallInBall:
    """Phantom B."""

    least_mm = 35.0 - 20.0 - 7.0

    def __init__(self, rng: np.random.Generator) -> None:
        away = directions(rng, 1)[0]
        self.tumour, self.outside = Ball(7.0 * away, 20.0), Ball(np.zeros(3), 35.0)
        self.planes = [Plane(35.0 * away, away)]

    def margin(self, at: np.ndarray) -> np.ndarray:
        """Within the specimen."""
        return -self.outside(at)

    def nearest(self, at: np.ndarray) -> np.ndarray:
        """On the tumour's surface."""
        off = at - self.tumour.centre
        return self.tumour.centre + 20.0 * off / np.linalg.norm(off, axis=-1, keepdims=True)


class BehindPlanes:
    """Phantom C."""

    least_mm = 3.2

    def __init__(self, rng: np.random.Generator, *, turned: bool) -> None:
        self.tumour = Ellipsoid(rng.uniform(-1, 1, 3), (30, 18, 14), Rotation.random(rng=rng).as_matrix())
        tilts = np.radians((20, 15, 25)) * turned
        self.planes = []
        for axis, (tilt, mm) in enumerate(zip(tilts, (8.0, 12.5, 3.2), strict=True)):
            side, around = rng.choice((-1, 1)), rng.uniform(0, 2 * np.pi)
            across = np.sin(tilt) * np.array([np.cos(around), np.sin(around)])
            normal = np.roll([side * np.cos(tilt), *across], axis)
            self.planes.append(Plane(normal * (self.tumour.reach(normal) + mm), normal, name=f"{mm} mm"))

    def outside(self, at: np.ndarray) -> np.ndarray:
        """Below 0 within the specimen."""
        return -self.margin(at)

    def margin(self, at: np.ndarray) -> np.ndarray:
        """Within the specimen."""
        return np.min([44.0 - np.linalg.norm(at, axis=-1), *(-one.distance_mm(at) for one in self.planes)], axis=0)

    def nearest(self, at: np.ndarray) -> np.ndarray:
        """Along the level's gradient, renewed a few times: the places begin within a few mm of the surface."""
        inverse, place = np.linalg.inv(self.tumour.a), at.copy()
        for _ in range(6):
            off = place - self.tumour.centre
            gradient = off @ inverse
            normal = gradient / np.linalg.norm(gradient, axis=1, keepdims=True)
            height = ((off * gradient).sum(axis=1) - 1) / (2 * np.linalg.norm(gradient, axis=1))
            place = place - height[:, None] * normal
            along = at - place
            place = at - (along * normal).sum(axis=1, keepdims=True) * normal
        return place


def areas_mm2(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """Area that each vertex stands for."""
    corners = vertices[faces]
    areas = np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1) / 6
    return np.bincount(faces.ravel(), np.repeat(areas, 3), len(vertices))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
