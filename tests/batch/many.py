"""Many small studies, each of its own content, of invented patients."""

from pathlib import Path

import numpy as np
from pydicom import Dataset

from sarcoma_review.batch.studies import Place, state_of
from sarcoma_review.batch.tasks import Options
from sarcoma_review.batch.work import Job
from tests.dicom.series import COLUMNS, ROWS, image, save

SLICES = 3
NAME = "Szczebrzeszynska"


def study(seed: int) -> list[Dataset]:
    """A CT of a few slices, whose pixels and UIDs follow from the seed."""
    pixels = np.random.default_rng(seed).integers(0, 1000, (SLICES, ROWS * COLUMNS), dtype=np.int16)
    uids = {"StudyInstanceUID": f"1.2.3.{seed}", "SeriesInstanceUID": f"1.2.4.{seed}", "PatientID": f"P{seed}"}
    return [
        image((0, 0, 3 * k), k, SOPInstanceUID=f"1.2.5.{seed}.{k}", PixelData=pixels[k].tobytes(), **uids)
        for k in range(SLICES)
    ]


def studies(count: int, folder: Path) -> Path:
    """Folders that are called after patients."""
    for seed in range(count):
        save(study(seed), folder / f"{NAME}_{seed:04d}")
    return folder


def jobs(folder: Path, task: str = "scan", options: Options | None = None) -> list[Job]:
    """What a process is told of each study of a folder."""
    places = [Place(str(path)) for path in sorted(folder.iterdir())]
    return [
        Job(number, place, state_of(place, None), task, options or Options(), None, "run", b"secret")
        for number, place in enumerate(places)
    ]
