"""What a batch of many studies holds in memory, early and late, beside what one study takes alone.

python benchmarks/batch_memory.py [STUDIES]

The sample patient's studies are linked, not copied. The task opens all images of a study and measures its margins.
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil
from audit import SAMPLE, write_plans

from sarcoma_review import batch

STUDIES = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
WORKERS = 2
OUTPUT = Path(__file__).parents[1] / "output"
ONE = (
    "import resource, sys; from pathlib import Path; from sarcoma_review.batch.work import work;"
    "from sarcoma_review.batch.plans import measured; from sarcoma_review.dicom import open_study;"
    "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss;"
    "measured(open_study(sys.argv[1]), 'tumour', Path(sys.argv[2]));"
    "print(before, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
)


def sampled(found: list[tuple[float, float]], end: threading.Event) -> None:
    """Megabytes of this process and of the largest that works, twice a second."""
    here = psutil.Process()
    while not end.wait(0.5):
        sizes = []
        for child in here.children(recursive=True):
            try:
                sizes.append(child.memory_info().rss / 1e6)
            except psutil.Error:
                continue
        found.append((here.memory_info().rss / 1e6, max(sizes, default=0.0)))


def main() -> None:
    OUTPUT.mkdir(exist_ok=True)
    home = Path(tempfile.mkdtemp(dir=OUTPUT))  # where the patient's files can be linked to
    plans = write_plans(home)
    command = [sys.executable, "-c", ONE, str(SAMPLE / "dicom"), str(plans)]
    bare, alone = (int(kb) / 1e3 for kb in subprocess.check_output(command, text=True).split())
    for number in range(STUDIES):
        shutil.copytree(SAMPLE / "dicom", home / "studies" / f"{number:04d}", copy_function=os.link)
    found, end = list[tuple[float, float]](), threading.Event()
    watcher = threading.Thread(target=sampled, args=(found, end))
    watcher.start()
    began = time.perf_counter()
    made = batch.run(
        "margins", home / "studies", workers=WORKERS, out=home / "margins.csv", options=batch.Options(plans=plans)
    )
    lasted = time.perf_counter() - began
    end.set()
    watcher.join()
    shutil.rmtree(home)
    assert made.done == STUDIES, made
    print(f"one study alone: {bare:.0f} MB once imported, {alone:.0f} MB at its peak")
    fifth = len(found) // 5
    for name, column in (("this process", 0), ("the largest worker", 1)):
        early, late = (
            statistics.median(row[column] for row in part) for part in (found[fifth : 2 * fifth], found[-fifth:])
        )
        peak = max(row[column] for row in found)
        print(f"{name}: {early:.0f} MB in the second fifth, {late:.0f} MB in the last, {peak:.0f} MB at most")
    print(f"{STUDIES} studies in {lasted:.0f} s with {WORKERS} workers: {1000 * lasted / STUDIES:.0f} ms a study")


if __name__ == "__main__":
    main()
