"""Which studies a run is about, and by what each is known: its place, its state, its content."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import file_digest, sha256
from pathlib import Path
from typing import NamedTuple

from sarcoma_review.dicom.address import SCHEME, archive_and_study
from sarcoma_review.dicom.container import is_archive
from sarcoma_review.dicom.scan import files_of
from sarcoma_review.dicom.web import Archive
from sarcoma_review.errors import BatchError

Studies = str | Path | Archive | Sequence[str | Path]

_MOST_STUDIES = 1_000_000
_HEAD_BYTES = 16 * 1024  # as much as a scan reads of a file


@dataclass(frozen=True, slots=True)
class Place:
    """Where a study lies: a path, or the UID of a study of an archive.

    Parameters
    ----------
    name : str
        May name a patient; it stays in the store.
    images : int or None
        What an archive says the study holds; of a path None.
    """

    name: str
    images: int | None = None


@dataclass(frozen=True)
class Listing:
    """The studies of a run.

    Parameters
    ----------
    places : sequence of Place
    archive : Archive or None
        In which they lie; else they are paths.
    left_out : int
        Files and hidden folders that lie beside the studies and are none.
    """

    places: Sequence[Place]
    archive: Archive | None = None
    left_out: int = 0


def listed(studies: Studies) -> Listing:
    """Find the studies.

    Parameters
    ----------
    studies : path-like, sequence of path-like, Archive or str
        A folder, in which each folder and each zip archive is a study, or, where there is none, itself; such folders
        or archives one by one; or an archive, or its address, ``dicomweb+https://SERVICE``, with
        ``/studies/UID`` for one study.

    Raises
    ------
    BatchError
        If there is no such folder.
    ArchiveError
        If the archive refuses.
    """
    if isinstance(studies, Archive):
        found = studies.studies(limit=_MOST_STUDIES)
        return Listing([Place(study.uid, study.images) for study in found], studies)
    if isinstance(studies, str) and studies.startswith(SCHEME):
        if "/studies/" not in studies:
            return listed(Archive(studies.removeprefix(SCHEME)))
        service, uid = archive_and_study(studies)
        return Listing([Place(uid)], Archive(service))
    if isinstance(studies, str | Path):
        return _below(Path(studies))
    return Listing([Place(os.fspath(Path(path).absolute())) for path in studies])


def _below(folder: Path) -> Listing:
    if folder.is_file():
        return Listing([Place(os.fspath(folder.absolute()))])
    if not folder.is_dir():
        raise BatchError("no such folder; expected one that holds the studies")
    inside = sorted(folder.absolute().iterdir())
    studies = [path for path in inside if not path.name.startswith(".") and (path.is_dir() or _is_zip(path))]
    if not studies:
        return Listing([Place(os.fspath(folder.absolute()))])
    return Listing([Place(os.fspath(path)) for path in studies], left_out=len(inside) - len(studies))


def _is_zip(path: Path) -> bool:
    try:
        return is_archive(path)
    except OSError:
        return False


def state_of(place: Place, archive: Archive | None) -> str:
    """What shows that a study is as it was, without reading it; empty where nothing does.

    Of files, their names, sizes and times of change; of a study of an archive, its UID and how many images it has.
    """
    if archive is not None:
        return "" if place.images is None else hashed([archive.url, place.name, str(place.images)])
    return hashed(_traces(files_of(Path(place.name))))


def _traces(files: dict[str, str]) -> Iterable[str]:
    for name, file in files.items():
        try:
            status = os.stat(file)  # noqa: PTH116 - many files, and their paths are text yet
        except OSError:
            yield f"{name} cannot be seen"
        else:
            yield f"{name} {status.st_size} {status.st_mtime_ns}"


class Content(NamedTuple):
    """Hashes of what the files of a study hold: of their heads and sizes, and of all of it where that was read."""

    heads: str
    whole: str


def content_of(folder: Path, *, heads_only: bool) -> Content:
    """Hash the files of a study, whatever they are called and in whatever order they lie.

    Parameters
    ----------
    folder : Path
        Or one file.
    heads_only : bool
        Read of each file the first 16 KiB alone: enough for a task that reads headers.

    Raises
    ------
    OSError
        If a file cannot be read.
    """
    paths = files_of(folder).values() if folder.is_dir() else [os.fspath(folder)]
    each = [_of_file(Path(path), heads_only=heads_only) for path in paths]
    return Content(hashed(sorted(one.heads for one in each)), hashed(sorted(one.whole for one in each)))


def _of_file(path: Path, *, heads_only: bool) -> Content:
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        heads = sha256(file.read(_HEAD_BYTES) + size.to_bytes(8, "big")).hexdigest()
        file.seek(0)
        return Content(heads, heads if heads_only else file_digest(file, "sha256").hexdigest())


def hashed(parts: Iterable[str]) -> str:
    """One hash of several texts, which keeps apart where one ends and the next begins."""
    digest = sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogateescape")
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()
