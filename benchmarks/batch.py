"""How much sooner two workers are done with many studies than a plain loop, on this machine's processes and on Dask.

Copies of the sample patient, whose tumour's margins to the stored plan are measured anew: an audit. Each way works on
few studies and on many, and the difference is what it takes for each further study, its start left out. The ways take
turns. Seconds of the clock say little on a machine that works on something else: its load stands beside them.
"""

import os
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import dask
from audit import SAMPLE, write_plans
from distributed import LocalCluster
from watch import Watch

from sarcoma_review import batch
from sarcoma_review.batch.plans import measured
from sarcoma_review.dicom import open_study

MANY, ROUNDS = (int(word) for word in (*sys.argv[1:], *("48", "3")[len(sys.argv) - 1 :]))
FEW = MANY // 4
# Dask's own setting hands every freed array back to the system, and every new one is dear: see docs/scale.md.
KEPT = {"OMP_NUM_THREADS": 1, "MALLOC_TRIM_THRESHOLD_": 2**27, "MALLOC_MMAP_THRESHOLD_": 2**27}

Way = Callable[[Path], object]


def copies(study: Path, count: int, folder: Path) -> Path:
    for number in range(count):
        shutil.copytree(study, folder / f"{number:04d}")
    return folder


def ways(plans: Path, scheduler: str) -> dict[str, Way]:
    def loop(folder: Path) -> None:
        for study in sorted(folder.iterdir()):
            measured(open_study(study), "tumour", plans)

    def through(engine: str, workers: int | None = None) -> Way:
        options = batch.Options(plans=plans)

        def way(folder: Path) -> None:
            made = batch.run("margins", folder, engine=engine, workers=workers, options=options)
            assert made.done == len(list(folder.iterdir())), made

        return way

    return {
        "plain loop": loop,
        "1 process": through("local", 1),
        "2 processes": through("local", 2),
        "Dask, 2 workers": through(scheduler),
    }


def main() -> None:
    home = Path(tempfile.mkdtemp())
    study, plans = SAMPLE / "dicom", write_plans(home)
    few, many = copies(study, FEW, home / "few"), copies(study, MANY, home / "many")
    seen: dict[str, list[tuple[float, float]]] = {}
    dask.config.set({"distributed.nanny.pre-spawn-environ": KEPT})
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        for number in range(ROUNDS + 1):  # the first is to bring everything up
            for name, way in ways(plans, cluster.scheduler_address).items():
                with Watch() as short:
                    way(few)
                if number:
                    with Watch() as long:
                        way(many)
                    further = MANY - FEW
                    seen.setdefault(name, []).append(
                        ((long.wall_s - short.wall_s) / further, (long.cpu_s - short.cpu_s) / further)
                    )
    report({name: [statistics.median(column) for column in zip(*rows, strict=True)] for name, rows in seen.items()})
    shutil.rmtree(home)


def report(middle: dict[str, list[float]]) -> None:
    print(f"each further study of {FEW} to {MANY}; {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}")
    base = middle["plain loop"]
    for name, (wall_s, cpu_s) in middle.items():
        print(
            f"{name:<16} {wall_s:6.3f} s of the clock ({base[0] / wall_s:.2f} x the loop), "
            f"{cpu_s:6.3f} s of a processor ({100 * (cpu_s / base[1] - 1):+.0f} %)"
        )
    dask, local = middle["Dask, 2 workers"], middle["2 processes"]
    print(
        f"Dask over processes: {100 * (dask[0] / local[0] - 1):+.0f} % of the clock, "
        f"{100 * (dask[1] / local[1] - 1):+.0f} % of the processors"
    )


if __name__ == "__main__":
    main()
