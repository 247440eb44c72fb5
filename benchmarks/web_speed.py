"""How long a series of a DICOMweb archive takes to become an array, beside fetching its bytes and beside pydicom.

A real Orthanc on loopback holds a synthetic CT of 300 slices, 512 x 512, plain and as JPEG-LS. Medians of five, the
ways taken in turn; seconds of the clock, for the archive works too, and of this process.
"""

import io
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import numpy as np
from load_speed import JPEG_LS, PLAIN, write_series
from pydicom import dcmread

from sarcoma_review.dicom.multipart import bodies, boundary_of, joined
from sarcoma_review.dicom.scan import scan
from sarcoma_review.dicom.web import Archive
from tests.servers import orthanc

SLICES, REPEATS, STUDY = 300, 5, "2.25.1"
ACCEPT = {"Accept": 'multipart/related; type="application/dicom"; transfer-syntax=*'}


def put(address: str, folder: Path) -> str:
    """Send a series past the privacy gate, which a benchmark's own phantom does not need; give its UID."""
    files = sorted(folder.iterdir())
    for start in range(0, len(files), 20):
        body = joined([file.read_bytes() for file in files[start : start + 20]], b"edge")
        kind = 'multipart/related; type="application/dicom"; boundary=edge'
        httpx.post(f"{address}/studies", content=body, headers={"Content-Type": kind}, timeout=60).raise_for_status()
    return str(dcmread(files[0], stop_before_pixels=True).SeriesInstanceUID)


def bytes_only(address: str, series: str) -> int:
    with httpx.stream("GET", f"{address}/studies/{STUDY}/series/{series}", headers=ACCEPT, timeout=60) as answer:
        return sum(len(chunk) for chunk in answer.iter_raw())


def to_array(address: str) -> int:
    here = Archive(address).fetch(STUDY)
    (series,) = scan(here.folder).series.values()
    (spec,) = series.volumes()
    return spec.load().array.nbytes


def by_pydicom(address: str, series: str) -> int:
    with httpx.stream("GET", f"{address}/studies/{STUDY}/series/{series}", headers=ACCEPT, timeout=60) as answer:
        boundary = boundary_of(answer.headers["Content-Type"])
        slices = [dcmread(io.BytesIO(part)).pixel_array for part in bodies(answer.iter_raw(), boundary)]
    return np.stack(slices).nbytes


def timed(work: Callable[[], int]) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def main() -> None:
    """Print medians for each coding."""
    slices = int(sys.argv[1]) if len(sys.argv) > 1 else SLICES
    for name, syntax in (("plain", PLAIN), ("JPEG-LS", JPEG_LS)):
        with tempfile.TemporaryDirectory() as folder, orthanc.running(Path(folder)) as address:
            write_series(Path(folder) / "ct", slices, syntax)
            series = put(address, Path(folder) / "ct")
            ways: dict[str, Callable[[], int]] = {
                "bytes only": lambda address=address, series=series: bytes_only(address, series),
                "to an array": lambda address=address: to_array(address),
                "pydicom": lambda address=address, series=series: by_pydicom(address, series),
            }
            taken: dict[str, list[tuple[float, float]]] = {way: [] for way in ways}
            for _ in range(REPEATS):
                for way, work in ways.items():
                    taken[way].append(timed(work))
        print(f"{name}, {slices} slices")
        floor = statistics.median(wall for wall, _ in taken["bytes only"])
        for way, runs in taken.items():
            wall, cpu = (statistics.median(column) for column in zip(*runs, strict=True))
            print(f"  {way:12} {wall:6.2f} s of the clock ({wall / floor:.2f} x), {cpu:6.2f} s of processor")


if __name__ == "__main__":
    main()
