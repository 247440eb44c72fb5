"""Archives and DICOMDIR: what holds or lists DICOM files without being one.

An archive is not trusted. It is unpacked into a temporary folder that only its owner can read, and that goes when
nothing refers to it any more.
"""

import io
import os
import re
import shutil
import stat
import struct
import tempfile
import weakref
import zipfile
import zlib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import BinaryIO

from pydicom import dcmread
from pydicom.errors import InvalidDicomError

from sarcoma_review.dicom.elements import BROKEN, BoundedFile
from sarcoma_review.dicom.header import require_inflatable
from sarcoma_review.errors import DicomError, UnsupportedError
from sarcoma_review.privacy.sources import quietly

ARCHIVE_START = b"PK\x03\x04"
DIRECTORY_NAME = "DICOMDIR"

_LARGEST_BYTES = 64 * 1024**3
_LARGEST_RATIO = 100
_ALWAYS_ALLOWED_BYTES = 256 * 1024**2  # an empty mask packs a thousandfold and is no bomb
_LARGEST_LIST_BYTES = 64 * 1024**2
_CHUNK = 1024 * 1024
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_END = struct.Struct("<4s4H2IH")
_DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    UnicodeDecodeError,
    struct.error,
    ValueError,
)


Progress = Callable[[int, int], None]
"""Called with what is done and what there is in all."""


class Unpacked:
    """The temporary folder of an archive; it is taken away with the last object that refers to it.

    Attributes
    ----------
    folder : Path
    damaged : list of (Path, str)
        Members that could not be unpacked, each with the reason.
    """

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="sarcoma_review-"))  # made with mode 0700
        self.damaged: list[tuple[Path, str]] = []
        weakref.finalize(self, shutil.rmtree, self.folder, ignore_errors=True)


def is_archive(path: Path) -> bool:
    """Whether a file is a zip archive; a DICOM file never is, whatever hangs behind it."""
    with path.open("rb") as file:
        start = file.read(132)
    return start[128:] != b"DICM" and zipfile.is_zipfile(path)


def unpack(path: Path, *, progress: Progress | None = None) -> Unpacked:
    """Unpack a zip archive into a temporary folder.

    Parameters
    ----------
    path : Path
    progress : callable, optional
        Called with members done and members in all.

    Raises
    ------
    DicomError
        If the archive is damaged, encrypted, holds a link or a name that leads out of it, two members of one name,
        or unpacks to far more than it could honestly hold: 64 GiB, or above 256 MiB a hundred times its own size.
    UnsupportedError
        If a member is packed in another way than deflate.
    """
    try:
        with path.open("rb") as file:
            _require_short_list(file)
            with zipfile.ZipFile(file) as archive:
                return _unpacked(archive, path.stat().st_size, progress)
    except DicomError:
        raise
    except _DAMAGED:
        raise DicomError("the archive is damaged: its list of members cannot be read") from None


def _require_short_list(file: BinaryIO) -> None:
    """Refuse a list of members that would fill the memory; its length stands at the end of the archive."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - 65_557))
    tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or len(tail) - at < _END.size:
        raise DicomError("the archive is damaged: it has no end")
    lengths = [_END.unpack_from(tail, at)[5]]
    if tail[at - 20 : at - 16] == b"PK\x06\x07":  # the larger form, which stands before and at the place it names
        place = struct.unpack("<Q", tail[at - 12 : at - 4])[0]
        end = max(0, size - len(tail)) + at
        lengths = [_large_length(file, start) for start in (end - 76, place) if 0 <= start < size]
    file.seek(0)
    if max(lengths, default=0) > _LARGEST_LIST_BYTES:
        raise DicomError(f"the archive's list of members takes {max(lengths) / 1e6:.0f} MB; expected at most 67 MB")


def _large_length(file: BinaryIO, start: int) -> int:
    file.seek(start)
    length: int = struct.unpack("<40xQ8x", file.read(56).ljust(56, b"\0"))[0]
    return length


def _unpacked(archive: zipfile.ZipFile, size: int, progress: Progress | None) -> Unpacked:
    members = [(member, _within(member)) for member in archive.infolist() if not member.is_dir()]
    home = Unpacked()
    left = min(_LARGEST_BYTES, max(_ALWAYS_ALLOWED_BYTES, size * _LARGEST_RATIO))
    for done, (member, name) in enumerate(members, start=1):
        target = home.folder / name
        try:
            left -= _write(archive, member, target, left)
        except DicomError:
            raise
        except (OSError, *_DAMAGED) as problem:
            if not isinstance(problem, _DAMAGED):
                raise DicomError(_disk_refusal(problem)) from None
            target.unlink(missing_ok=True)
            home.damaged.append((target, "damaged in the archive"))
        if progress:
            progress(done, len(members))
    return home


def _disk_refusal(problem: OSError) -> str:
    if isinstance(problem, FileExistsError | NotADirectoryError | IsADirectoryError):
        return "the archive holds two members of one name"
    return f"the archive cannot be unpacked into the temporary folder: {problem.strerror or 'the disk refused'}"


def _within(member: zipfile.ZipInfo) -> Path:
    """Where a member goes below the folder."""
    parts = re.split(r"[\\/]", member.filename)
    if parts[0] == "" or ".." in parts or any(part[1:2] == ":" for part in parts):
        raise DicomError("the archive holds a name that leads out of it; nothing was unpacked")
    if member.flag_bits & 0x1:
        raise DicomError("the archive is encrypted; unpack it first")
    if stat.S_IFMT(member.external_attr >> 16) not in (0, stat.S_IFREG):
        raise DicomError("the archive holds a link or a device; nothing was unpacked")
    if member.compress_type not in _METHODS:
        raise UnsupportedError(f"the archive is packed by method {member.compress_type}; expected stored or deflate")
    return Path(*parts)


def _write(archive: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path, left: int) -> int:
    """Unpack one member; what it says of its size is not believed."""
    target.parent.mkdir(parents=True, exist_ok=True)
    written = 0
    with target.open("xb") as out, archive.open(member) as packed:
        while chunk := packed.read(_CHUNK):
            written += len(chunk)
            if written > left:
                raise DicomError("the archive unpacks to far more than its size allows; it was not read")
            out.write(chunk)
    return written


def differences(listing: Path, files: list[Path], left_out: Mapping[Path, str]) -> list[tuple[Path, str]]:
    """Where a DICOMDIR and the DICOM files below its folder disagree, each file with the reason.

    What was found and left out, with its reason, is named only where the DICOMDIR names it.

    Names are compared without regard to case: a disk may show them either way. No file is opened by its listed name.
    """
    named = _named(listing)
    if named is None:
        return [(listing, "a DICOMDIR that cannot be read")]
    folder = listing.parent
    there, refused = _below(folder, files), _below(folder, left_out)
    missing = [
        (refused[name], f"named by the DICOMDIR and left out: {left_out[refused[name]]}")
        if name in refused
        else (folder.joinpath(*name), "named by the DICOMDIR and not there")
        for name in named - there.keys()
    ]
    unnamed = [(there[name], "there and not named by the DICOMDIR") for name in there.keys() - named]
    return sorted(missing) + sorted(unnamed)


def _below(folder: Path, files: Iterable[Path]) -> dict[tuple[str, ...], Path]:
    """Files of a folder by their names in it."""
    return {_parts(file.relative_to(folder).parts): file for file in files if file.is_relative_to(folder)}


def _named(listing: Path) -> frozenset[tuple[str, ...]] | None:
    try:
        require_inflatable(listing)
        with quietly(), BoundedFile(io.FileIO(listing)) as file:
            records = dcmread(file).get("DirectoryRecordSequence") or []
            names = [record.get("ReferencedFileID") for record in records]
    except (OSError, InvalidDicomError, *BROKEN):
        return None
    return frozenset(_parts([name] if isinstance(name, str) else name) for name in names if name)


def _parts(name: Iterable[str]) -> tuple[str, ...]:
    return tuple(str(part).upper() for part in name)
