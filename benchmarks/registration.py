"""How far a registration lies from the known truth at the tumour, and whether it says so, over random poses.

The synthetic patient's CT is the fixed image. Moving are its T1 MR (4 mm slices) and its CT after the operation,
each moved by a known shift of up to 15 mm and a turn of up to 10 degrees; for the latter only what lies beyond the
planned cut counts, and the error is that at the cut. A voxel is the larger in-plane spacing of the two images,
0.8 mm. Then the cut is measured, and set against the truth. Give a number of poses, 20 by default.
"""

import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from sarcoma_review.errors import GeometryError
from sarcoma_review.phantom import Patient, distal_femur_osteosarcoma
from sarcoma_review.planning import Plane, ResectionPlan
from sarcoma_review.planning.achieved import compare_achieved
from sarcoma_review.planning.alignment import moved, turned
from sarcoma_review.planning.registration import Registration, register
from sarcoma_review.volume import Volume

VOXEL_MM = 0.8


@dataclass(frozen=True)
class Task:
    """One pair of images."""

    name: str
    moving: Volume
    truth: np.ndarray
    focus: Volume | None
    target: Volume | np.ndarray


def main(poses: int) -> None:
    patient = distal_femur_osteosarcoma()
    print(
        f"{'pair':18}{'refused':>8}{'mean':>8}{'worst':>8}{'voxels':>8}{'estimate':>10}{'<= 2 est.':>10}{'cpu s':>8}"
    )
    cuts = []
    for task in tasks(patient):
        rows, refused = [], 0
        for seed in range(poses):
            try:
                row, found, after = run(patient, task, seed)
            except GeometryError as problem:
                refused += 1
                print(f"{task.name}, pose {seed}: {problem}")
                continue
            rows.append(row)
            if task.focus is not None:
                cuts.append(cut(patient, found, after))
        error, estimate, seconds = np.array(rows).T
        print(
            f"{task.name:18}{refused:8}{error.mean():8.3f}{error.max():8.3f}{error.max() / VOXEL_MM:8.2f}"
            f"{estimate.mean():10.3f}{(error <= 2 * estimate).mean():10.2f}{seconds.mean():8.1f}"
        )
    print_cuts(patient, np.array(cuts))


def tasks(patient: Patient) -> list[Task]:
    ct, mr, after = (image.volume for image in patient.images)
    achieved, planned = patient.truth["achieved"], patient.truth["planes"][0]
    index = np.stack(np.meshgrid(*[np.arange(n) for n in ct.shape], indexing="ij"), axis=-1)
    beyond = (ct.position_mm(index) - planned["point_mm"]) @ planned["normal"] > 4.0
    at_cut = np.array(achieved["planes"][0]["point_mm"])
    return [
        Task("CT <- MR", mr, np.eye(4), None, patient.segments[0].mask),
        Task(
            "CT <- CT after",
            after,
            np.array(achieved["to_postoperative"]),
            Volume(beyond, ct.affine, ct.frame_of_reference_uid),
            at_cut,
        ),
    ]


def run(patient: Patient, task: Task, seed: int) -> tuple[tuple[float, float, float], Registration, Volume]:
    rng, ct = np.random.default_rng(seed), patient.images[0].volume
    turn, shift = (part / np.linalg.norm(part) for part in rng.normal(size=(2, 3)))
    about = moved(task.truth, ct.position_mm((np.array(ct.shape) - 1) / 2))
    pose = turned(np.radians(rng.uniform(0, 10)) * turn, rng.uniform(0, 15) * shift, about)
    moving = replace(task.moving, affine=pose @ task.moving.affine)
    began = time.process_time()
    found = register(ct, moving, focus=task.focus, target_mm=task.target)
    seconds = time.process_time() - began
    away = found.to_moving(found.target_mm) - moved(pose @ task.truth, found.target_mm)
    return (float(np.sqrt((away**2).sum(axis=1).mean())), found.error_mm, seconds), found, moving


def cut(patient: Patient, found: Registration, after: Volume) -> tuple[float, float, bool]:
    plan = ResectionPlan([Plane(p["point_mm"], p["normal"], name=p["name"]) for p in patient.truth["planes"][:1]])
    made = compare_achieved(plan, after, registration=found).planes[0]
    low, high = made.deviation_mean_mm.interval
    true_mm = patient.truth["achieved"]["planes"][0]["bone_section"]["mean_mm"]
    return made.deviation_mean_mm.value - true_mm, made.angle_deg.value, low <= true_mm <= high


def print_cuts(patient: Patient, cuts: np.ndarray) -> None:
    made = patient.truth["achieved"]["planes"][0]
    location, angle, held = cuts.T
    print(f"\nproximal cut: {made['bone_section']['mean_mm']:.2f} mm and {made['angle_deg']:.1f} degrees in truth")
    print(f"  mean location, error: mean {location.mean():+.3f}, worst {np.abs(location).max():.3f} mm")
    print(f"  angle, error: worst {np.abs(angle - made['angle_deg']).max():.3f} degrees")
    print(f"  95 % interval of the location holds the truth in {100 * held.mean():.0f} %")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20)
