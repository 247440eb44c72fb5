"""Find the DICOM files of a folder and sort them into series."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from pydicom import dcmread
from pydicom.errors import InvalidDicomError

from sarcoma_review.dicom.instance import BROKEN, TAGS, Instance, from_dataset
from sarcoma_review.dicom.stack import Stacking, VolumeSpec, stack
from sarcoma_review.errors import NotDicomError

Progress = Callable[[int, int], None]
"""Called with files done and files in all."""


@dataclass(frozen=True, eq=False)
class SeriesEntry:
    """One series of an index.

    Parameters
    ----------
    uid, study_uid, modality, description : str
    instances : tuple of Instance
        In order of file name.
    """

    uid: str
    study_uid: str
    modality: str
    description: str
    instances: tuple[Instance, ...]

    @cached_property
    def _stacking(self) -> Stacking:
        return stack([image for image in self.instances if image.modality not in ("SEG", "RTSTRUCT")])

    def volumes(self) -> list[VolumeSpec]:
        """Volumes of this series, from geometry alone; what cannot be read as it is refuses at `load`."""
        return list(self._stacking.volumes)

    @property
    def residue(self) -> list[tuple[Path, str]]:
        """Images that belong to no volume, each with the reason."""
        return list(self._stacking.residue)

    def __repr__(self) -> str:
        return f"<SeriesEntry {self.modality} …{self.uid[-8:]}, {len(self.instances)} instance(s)>"


@dataclass(frozen=True, eq=False)
class Index:
    """What a folder holds. Not gated: nothing here may be shown before the privacy gate has seen it.

    Parameters
    ----------
    series : dict of str to SeriesEntry
        By series instance UID.
    skipped : list of (Path, str)
        Files that were left out, each with the reason.
    """

    series: dict[str, SeriesEntry] = field(default_factory=dict)
    skipped: list[tuple[Path, str]] = field(default_factory=list)

    def __repr__(self) -> str:
        return f"<Index {len(self.series)} series, {len(self.skipped)} file(s) skipped>"


def scan(path: str | Path, *, progress: Progress | None = None) -> Index:
    """Index every DICOM file of a folder and the folders below it, or one file.

    Headers only; names and extensions of files mean nothing.

    Parameters
    ----------
    path : path-like
    progress : callable, optional
        Called with files done and files in all.

    Returns
    -------
    Index

    Raises
    ------
    NotDicomError
        If the path does not exist.
    """
    if not Path(path).exists():
        raise NotDicomError("no such file or folder; expected a folder of DICOM files")
    return index_files(list(_files(Path(path))), progress=progress)


def index_files(files: Sequence[Path], *, progress: Progress | None = None) -> Index:
    """Index these files; see `scan`."""
    grouped: dict[str, list[Instance]] = {}
    skipped: list[tuple[Path, str]] = []
    for done, file in enumerate(files, start=1):
        instance = _read_header(file)
        if isinstance(instance, str):
            skipped.append((file, instance))
        else:
            grouped.setdefault(instance.series_uid, []).append(instance)
        if progress:
            progress(done, len(files))
    return Index({uid: _entry(uid, instances) for uid, instances in grouped.items()}, skipped)


def _files(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
    closed: list[OSError] = []
    for folder, folders, names in os.walk(path, onerror=closed.append):
        folders.sort()
        yield from (Path(folder, name) for name in sorted(names))
    yield from (Path(problem.filename) for problem in closed)  # reading such a folder fails, and is listed


def _read_header(file: Path) -> Instance | str:
    """The instance, or the reason why there is none; the reason never quotes a value of the file."""
    try:
        dataset = dcmread(file, stop_before_pixels=True, specific_tags=list(TAGS))
        if "SOPInstanceUID" not in dataset or "SOPClassUID" not in dataset:
            return "DICOM header without SOP instance UID: a directory, or truncated"
        return from_dataset(dataset, file)
    except InvalidDicomError:
        return "not DICOM"
    except OSError as problem:
        return f"cannot be read: {problem.strerror or type(problem).__name__}"
    except BROKEN as problem:
        return f"broken or truncated DICOM header ({type(problem).__name__})"


def _entry(uid: str, instances: list[Instance]) -> SeriesEntry:
    first = instances[0]
    return SeriesEntry(uid, first.study_uid, first.modality, first.description, tuple(instances))
