"""Find the DICOM files of a folder or an archive and sort them into series."""

import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain
from pathlib import Path

from pydicom.errors import InvalidDicomError

from sarcoma_review.dicom import stored_index
from sarcoma_review.dicom.container import (
    ARCHIVE_START,
    DIRECTORY_NAME,
    Progress,
    Unpacked,
    differences,
    is_archive,
    unpack,
)
from sarcoma_review.dicom.elements import BROKEN, OUTLINES, read_with_pydicom
from sarcoma_review.dicom.header import read_header, require_inflatable
from sarcoma_review.dicom.instance import Instance, from_header
from sarcoma_review.dicom.stack import Stacking, VolumeSpec, stack
from sarcoma_review.dicom.stored_index import Kept, Stored, put_together, state_of
from sarcoma_review.errors import NotDicomError

_Found = tuple[str | Path, Instance | Kept | str]
_NO_DATA_SET = "DICOM header without SOP instance UID: a directory, or truncated"
_DISK = "cannot be read"


@dataclass(frozen=True, eq=False)
class SeriesEntry:
    """One series of an index.

    Parameters
    ----------
    uid, study_uid, modality, description : str
    found : sequence of Instance or Kept
        What was found, in order of file name; `instances` puts it together where that was not done.
    """

    uid: str
    study_uid: str
    modality: str
    description: str
    found: Sequence[Instance | Kept]

    @cached_property
    def instances(self) -> tuple[Instance, ...]:
        """The images or other objects of this series, in order of file name."""
        return tuple(map(put_together, self.found))

    @cached_property
    def _stacking(self) -> Stacking:
        return stack([image for image in self.instances if image.modality not in OUTLINES])

    def volumes(self) -> list[VolumeSpec]:
        """Volumes of this series, from geometry alone; what cannot be read as it is refuses at `load`."""
        return list(self._stacking.volumes)

    @property
    def projections(self) -> list[Instance]:
        """Plain films of this series, which lie nowhere in the patient; `load_projection` reads them."""
        return list(self._stacking.projections)

    @property
    def residue(self) -> list[tuple[Path, str]]:
        """Images that belong to no volume, each with the reason."""
        return list(self._stacking.residue)

    def __repr__(self) -> str:
        return f"<SeriesEntry {self.modality} …{self.uid[-8:]}, {len(self.found)} instance(s)>"


@dataclass(frozen=True, eq=False)
class Index:
    """What a folder holds. Not gated: nothing here may be shown before the privacy gate has seen it.

    Parameters
    ----------
    series : dict of str to SeriesEntry
        By series instance UID.
    skipped : list of (Path, str)
        Files that were left out, each with the reason.
    notes : list of (Path, str)
        Files on which a DICOMDIR and the disk disagree, each with what is wrong. The disk is believed.
    home : Unpacked or None
        The temporary folder of an unpacked archive.
    """

    series: dict[str, SeriesEntry] = field(default_factory=dict)
    skipped: list[tuple[Path, str]] = field(default_factory=list)
    notes: list[tuple[Path, str]] = field(default_factory=list)
    home: Unpacked | None = None

    def __repr__(self) -> str:
        return f"<Index {len(self.series)} series, {len(self.skipped)} file(s) skipped>"


def scan(path: str | Path, *, cache: str | Path | None = None, progress: Progress | None = None) -> Index:
    """Index every DICOM file of a folder and the folders below it, of a zip archive, or one file.

    Headers only; names and extensions of files mean nothing. A DICOMDIR is a hint and no more: the folder in which
    it lies is scanned, and where the two disagree stands in `Index.notes`. An archive is unpacked into a temporary
    folder, which only its owner can read and which lives as long as the index or any part of it.

    Parameters
    ----------
    path : path-like
    cache : path-like, optional
        A file in which the index of a folder is kept for the next scan; files whose size and times of change hold
        are not read again. It holds the names of files, UIDs, descriptions and times of day: keep it as the images
        themselves are kept. Without it nothing is kept. An archive is always read anew.
    progress : callable, optional
        Called with files done and files in all, first with none done; of an archive, once over for unpacking.

    Returns
    -------
    Index

    Raises
    ------
    NotDicomError
        If the path does not exist.
    DicomError
        If an archive is damaged, encrypted or not to be trusted; if `cache` names a file that is not an index.
    """
    place, home = place_of(path, progress=progress)
    if cache is not None and home is None and place.is_dir():
        return _scan_with(Path(cache), place, progress)
    return index_files(files_of(place).values(), progress=progress, home=home)


def place_of(path: str | Path, *, progress: Progress | None = None) -> tuple[Path, Unpacked | None]:
    """Where to look for the files of a path: it, the folder of a DICOMDIR, or an archive's temporary folder.

    Raises
    ------
    NotDicomError, DicomError
        As `scan`.
    """
    place = Path(path)
    if not place.exists():
        raise NotDicomError("no such file or folder; expected a folder of DICOM files")
    if not place.is_file():
        return place, None
    if is_archive(place):
        home = unpack(place, progress=progress)
        return home.folder, home
    return place.parent if place.name.upper() == DIRECTORY_NAME else place, None


def _scan_with(cache: Path, folder: Path, progress: Progress | None) -> Index:
    files = files_of(folder)
    known, fresh = stored_index.load(cache, folder, files), Stored()
    index = _index(_remembered(files, known, fresh), len(files), progress)
    if fresh.states or known.states.keys() - files.keys():
        stored_index.save(known.updated(fresh, files.keys()), cache, folder)
    return index


def _remembered(files: dict[str, str], known: Stored, fresh: Stored) -> Iterator[_Found]:
    """What is known of each file, where that still holds; else what it says now, which `fresh` collects."""
    for name, file in files.items():
        try:
            state = state_of(os.stat(file))  # noqa: PTH116 - many files, and their paths are text yet
        except OSError:
            yield file, read_instance(Path(file))
            continue
        found = known.look_up(name, state)
        if found is None:
            found = read_instance(Path(file))
            if isinstance(found, Instance) or not found.startswith(_DISK):
                fresh.keep(name, state, found)
        yield file, found


def index_files(
    files: Collection[str | Path], *, progress: Progress | None = None, home: Unpacked | None = None
) -> Index:
    """Index these files; see `scan`. `home`, where they were unpacked, is kept by whatever is found."""
    read = ((file, read_instance(Path(file), home=home)) for file in files)
    damaged = home.damaged if home else []
    return replace(_index(chain(read, damaged), len(files) + len(damaged), progress), home=home)


def _index(every: Iterable[_Found], total: int, progress: Progress | None) -> Index:
    grouped: dict[str, list[Instance | Kept]] = {}
    index = Index()
    if progress:
        progress(0, total)
    for done, (file, found) in enumerate(every, start=1):
        if isinstance(found, str):
            index.skipped.append((Path(file), found))
        else:
            grouped.setdefault(found.series_uid, []).append(found)
        if progress:
            progress(done, total)
    index.series.update((uid, _entry(uid, found)) for uid, found in grouped.items())
    index.notes.extend(_disagreements(index))
    return index


def _disagreements(index: Index) -> list[tuple[Path, str]]:
    listings = [file for file, _ in index.skipped if file.name.upper() == DIRECTORY_NAME]
    images = [image.path for entry in index.series.values() for image in entry.instances] if listings else []
    return [note for listing in listings for note in differences(listing, images, dict(index.skipped))]


def files_of(path: Path) -> dict[str, str]:
    """Paths of files by their names below a folder, in order, those of a folder before those of the folders in it.

    Links to folders are not followed; they, and folders that cannot be looked into, are given as if files, so that
    reading them fails and is listed.
    """
    files: dict[str, str] = {}
    folders = [(os.fspath(path), "")]
    while folders:
        folder, name = folders.pop()
        try:
            with os.scandir(folder) as listed:
                entries = sorted((entry.name, entry.path, entry.is_dir(follow_symlinks=False)) for entry in listed)
        except OSError:
            files[name] = folder
            continue
        folders += [(inside, f"{name}{inner}/") for inner, inside, is_folder in reversed(entries) if is_folder]
        files.update((name + inner, inside) for inner, inside, is_folder in entries if not is_folder)
    return files


def read_instance(file: Path, *, home: object = None) -> Instance | str:
    """The instance, or the reason why there is none; the reason never quotes a value of the file."""
    try:
        header, stamp = read_header(file)
        if header is None:
            require_inflatable(file)
            header = read_with_pydicom(file)
        if "SOPInstanceUID" not in header.texts or "SOPClassUID" not in header.texts:
            return _NO_DATA_SET
        return from_header(header, file, stamp, home=home)
    except InvalidDicomError:
        return _kind(file)
    except (OSError, *BROKEN) as problem:  # pydicom, too, raises OSError, without its number
        if isinstance(problem, OSError) and problem.errno:
            return f"{_DISK}: {problem.strerror}"
        return f"broken or truncated DICOM header ({type(problem).__name__})"


def _kind(file: Path) -> str:
    with file.open("rb") as opened:
        inside = opened.read(len(ARCHIVE_START)) == ARCHIVE_START
    return "an archive among the files, not opened" if inside else "not DICOM"


def _entry(uid: str, found: Sequence[Instance | Kept]) -> SeriesEntry:
    first = put_together(found[0])
    return SeriesEntry(uid, first.study_uid, first.modality, first.description, found)
