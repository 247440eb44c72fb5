"""Processor time and memory of a margin in a large image, beside its peers in the same run; and of dragging a plane.

A ball of 25 mm in a 300 x 512 x 512 image of 0.8 mm voxels, three planes, and the specimen they cut out of a ball of
44 mm. MedPy and surface-distance are given tumour and specimen cut to the specimen's box; SimpleITK the whole image,
as it is commonly called, and the box. Memory is the peak resident size of a process of its own while it measures, as
Linux counts it, over what it held with image and libraries loaded. Times are the least of several runs, as other work
on the machine only ever adds.
"""

import gc
import multiprocessing
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import peers
from sarcoma_review.planning import PlanDrag, Plane, ResectionPlan, TumourSurface, resection_margins
from sarcoma_review.volume import Volume

SPACING, SHAPE, RUNS = 0.8, (300, 512, 512), 7
AFFINE = np.array([[0, 0, SPACING, 0], [0, SPACING, 0, 0], [SPACING, 0, 0, 0], [0, 0, 0, 1.0]])
CENTRE = AFFINE[:3, :3] @ (140, 240, 250)
ROOM = tuple(slice(n - 57, n + 58) for n in (140, 240, 250))
ROOM_CORNER = np.array([part.start for part in ROOM])
PLANES = [
    Plane(CENTRE + (25 + mm) * np.array(way) / np.linalg.norm(way), way, name=f"{mm} mm")
    for mm, way in ((8, (0.3, 0.1, 1)), (12, (1, 0.2, 0.1)), (5, (0.1, -1, 0.2)))
]


def images(kind: type) -> tuple[np.ndarray, np.ndarray]:
    """Tumour and specimen."""
    index = np.stack(np.meshgrid(*[np.arange(part.start, part.stop) for part in ROOM], indexing="ij"), axis=-1)
    at = index @ AFFINE[:3, :3].T
    distance = np.linalg.norm(at - CENTRE, axis=-1)
    behind = np.all([plane.distance_mm(at) < 0 for plane in PLANES], axis=0)
    tumour, specimen = np.ones((2, *SHAPE), kind)  # ones, so that every page of memory is taken
    tumour[:], specimen[:] = 0, 0
    tumour[ROOM], specimen[ROOM] = distance < 25, (distance < 44) & behind
    return tumour, specimen


def box(specimen: np.ndarray) -> tuple[slice, ...]:
    """The specimen's, one voxel wider."""
    first, last = ROOM_CORNER + np.argwhere(specimen[ROOM]).min(axis=0), np.argwhere(specimen[ROOM]).max(axis=0)
    return tuple(slice(int(a) - 1, int(b) + 2) for a, b in zip(first, last + ROOM_CORNER, strict=True))


def this_package(tumour: np.ndarray, _: np.ndarray) -> float:
    surface = TumourSurface.from_mask(Volume(tumour, AFFINE))
    return resection_margins(surface, ResectionPlan(PLANES)).minimum_mm


def medpy(tumour: np.ndarray, specimen: np.ndarray) -> float:
    return float(peers.medpy_map(tumour, specimen, (SPACING,) * 3)[1].min())


def surface_distance(tumour: np.ndarray, specimen: np.ndarray) -> float:
    return peers.surface_distance_least(tumour, specimen, (SPACING,) * 3)


def simpleitk(tumour: np.ndarray, specimen: np.ndarray) -> float:
    return float(peers.simpleitk_map(tumour, specimen, (SPACING,) * 3)[1].min())


@dataclass(frozen=True)
class Way:
    """One way of measuring: what it is called, runs, kind of voxel, and whether it is given the box alone."""

    measure: Callable[[np.ndarray, np.ndarray], float]
    kind: type = bool
    boxed: bool = True
    runs: int = RUNS

    @property
    def name(self) -> str:
        """What it is called in the table."""
        return self.measure.__name__.replace("_", " ") + (", in the box" if self.boxed else ", whole image")


WAYS = (
    Way(this_package, boxed=False),
    Way(this_package, boxed=False, kind=np.int8),
    Way(medpy),
    Way(surface_distance),
    Way(simpleitk),
    Way(simpleitk, boxed=False, runs=2),
)


def measured(number: int) -> tuple[float, float, float]:
    """Processor seconds, rise of the peak resident size in MB, and the margin found; for a process of its own."""
    way = WAYS[number]
    tumour, specimen = images(way.kind)
    if way.boxed:
        part = box(specimen)
        tumour, specimen = (np.ascontiguousarray(one[part]) for one in (tumour, specimen))
    before_mb = peak_mb(anew=True)
    times = []
    for _ in range(way.runs):
        began = time.process_time()
        found = way.measure(tumour, specimen)
        times.append(time.process_time() - began)
    return min(times), peak_mb() - before_mb, found


def peak_mb(*, anew: bool = False) -> float:
    """Peak resident size; `anew` counts from what is held now."""
    if anew:
        gc.collect()
        Path("/proc/self/clear_refs").write_text("5")
    (line,) = (line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return float(line.split()[1]) / 1024


def main() -> None:
    print(
        f"{'measured by':36}{'voxels':8}{'cpu s':>8}{'ratio':>8}{'memory, MB':>12}{'margin, mm':>12}   (truth 5.00)"
    )
    ours = 0.0
    for number, way in enumerate(WAYS):
        with multiprocessing.get_context("spawn").Pool(1) as alone:
            seconds, memory_mb, found = alone.apply(measured, (number,))
        ours = ours or seconds
        print(f"{way.name:36}{way.kind.__name__:8}{seconds:8.3f}{seconds / ours:8.1f}{memory_mb:12.0f}{found:12.2f}")
    print(f"\n{'dragging one of 3 planes':28}{'cpu ms':>8}{'wall ms':>9}   (median)")
    for count in (50_000, 1_000_000):
        cpu_ms, wall_ms = dragged(count)
        print(f"{f'{count} vertices':28}{cpu_ms:8.2f}{wall_ms:9.2f}")


def dragged(count: int) -> tuple[float, float]:
    """Median processor and wall time in ms of one move: margins, least margin and its place, shares of the area."""
    surface = ball(count)
    drag = PlanDrag(surface, PLANES)
    rng = np.random.default_rng(0)
    times = []
    for turn in range(60):
        plane = PLANES[turn % 3]
        moved = Plane(plane.point_mm + rng.normal(size=3), plane.normal + 0.05 * rng.normal(size=3))
        began = time.process_time(), time.perf_counter()
        drag.update(turn % 3, moved)
        times.append((time.process_time() - began[0], time.perf_counter() - began[1]))
    cpu, wall = np.median(times[10:], axis=0) * 1000
    return float(cpu), float(wall)


def ball(count: int) -> TumourSurface:
    """A ball's surface of about `count` vertices."""
    radius = np.sqrt(count / (4 * np.pi * 1.5))  # in voxels; a voxel's area of surface holds some 1.5 vertices
    steps = np.arange(-int(radius) - 2, int(radius) + 3)
    z, y, x = np.meshgrid(steps, steps, steps, indexing="ij", sparse=True)
    affine = np.diag([25 / radius] * 3 + [1.0])
    affine[:3, 3] = CENTRE - (len(steps) // 2) * 25 / radius
    return TumourSurface.from_mask(Volume(z * z + y * y + x * x < radius * radius, affine))


if __name__ == "__main__":
    main()
