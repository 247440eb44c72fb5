"""An index kept on disk, so that a large folder is looked through again without reading its files.

It holds what stacking needs of each file and nothing else of the headers: no name, birth date or record number; but
the names of files and folders, UIDs, descriptions and times of day, which may identify a patient where the folder was
not yet de-identified. So it stands only where the caller says, readable by its owner alone, and is to be treated as
the images are. It is plain JSON under a checksum: reading it runs nothing.
"""

import contextlib
import hashlib
import json
import os
import tempfile
import time
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sarcoma_review.dicom.instance import Instance, made
from sarcoma_review.errors import DicomError

_KIND = "sarcoma_review index"
_FORMAT = 1
_SETTLED_NS = 2_000_000_000  # a file may change again without its time changing: some disks count in 2 s
_PLACE = ("row_direction", "column_direction", "position_mm")
_COLUMNS = tuple(f.name for f in fields(Instance) if f.name not in ("path", "home", "stamp", *_PLACE))
_REVIVED = {"spacing_mm": tuple, "split_values": tuple}

State = tuple[int, int, int]
"""Size, and times of change of content and of entry in ns: one of them moves when a file is replaced."""


@dataclass(frozen=True, eq=False)
class _Series:
    """Images of one series as they were kept: a value that all share stands once."""

    shared: dict[str, Any]
    each: dict[str, list[Any]]
    places: NDArray[np.float64]
    names: list[str]
    files: Mapping[str, str]


class Kept(NamedTuple):
    """An image that is known and not yet put together: most of a large folder is never asked for."""

    series: _Series
    at: int

    @property
    def series_uid(self) -> str:
        """Of the series it belongs to."""
        uid: str = self.series.shared["series_uid"]
        return uid

    def instance(self) -> Instance:
        """Put it together."""
        each = {name: values[self.at] for name, values in self.series.each.items()}
        place = dict(zip(_PLACE, self.series.places[self.at], strict=True))
        path = Path(self.series.files[self.series.names[self.at]])
        return made({"path": path, "home": None, **self.series.shared, **place, **each})


@dataclass(frozen=True)
class Stored:
    """What was found in files that are looked up by their name below the folder.

    Attributes
    ----------
    images : dict of str to Instance or Kept
    refused : dict of str to str
        The reason why a file was skipped.
    states : dict of str to State
        Of both.
    """

    images: dict[str, Instance | Kept] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    states: dict[str, State] = field(default_factory=dict)

    def look_up(self, name: str, state: State) -> Instance | Kept | str | None:
        """What was found in this file; None where it is new or may have changed since."""
        if self.states.get(name) != state:
            return None
        return self.images.get(name) or self.refused.get(name)

    def keep(self, name: str, state: State, found: Instance | Kept | str) -> None:
        """Remember what was found, where the file stood still while it was read."""
        if isinstance(found, str):
            self.refused[name] = found
        elif isinstance(found, Kept) or found.stamp == state[:2]:
            self.images[name] = found
        else:
            return
        self.states[name] = state

    def updated(self, fresh: "Stored", names: Set[str]) -> "Stored":
        """What is known now, of the files that are still there."""
        updated = Stored()
        for source, among in ((self, names - fresh.states.keys()), (fresh, names)):
            for name in source.states.keys() & among:
                updated.keep(name, source.states[name], source.images.get(name) or source.refused[name])
        return updated


def state_of(status: os.stat_result) -> State:
    """What has to hold for a stored entry to be believed."""
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns


def load(file: Path, folder: Path, files: Mapping[str, str]) -> Stored:
    """Read the index of this folder; empty where there is none, or it is damaged, older or of another folder.

    Parameters
    ----------
    file : Path
        Where it is kept.
    folder : Path
    files : mapping of str to str
        Paths of what the folder holds now, by the names under which the index keeps them.

    Raises
    ------
    DicomError
        If the file is something else: it would be written over.
    """
    try:
        head, _, body = file.read_bytes().partition(b"\n")
    except FileNotFoundError:
        return Stored()
    if head and _KIND.encode() not in head[:40]:
        raise DicomError("the file named for the index is not an index of this program; it stays as it is")
    if head != _head(body, folder):
        return Stored()
    try:
        return _unpacked(json.loads(body), files)
    except (ValueError, TypeError, KeyError, AttributeError):
        return Stored()


def save(stored: Stored, file: Path, folder: Path) -> None:
    """Write the index whole or not at all, for its owner's eyes only.

    What changed within the last two seconds is left out: it could change again unseen.
    """
    settled = time.time_ns() - _SETTLED_NS
    names = {name for name, (_, *changed) in stored.states.items() if max(changed) < settled}
    body = json.dumps(_packed(stored, names), separators=(",", ":")).encode()
    handle, scratch = tempfile.mkstemp(dir=file.parent, prefix=".index-")  # made with mode 0600
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(_head(body, folder) + b"\n" + body)
        Path(scratch).replace(file)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(scratch).unlink()
        raise


def _head(body: bytes, folder: Path) -> bytes:
    """First line: what this is and of which folder (which is not named), and the checksum of the rest."""
    where = hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()
    layout = hashlib.sha256(" ".join(_COLUMNS).encode()).hexdigest()[:16]
    said = {"kind": _KIND, "format": _FORMAT, "layout": layout, "folder": where}
    return json.dumps(said | {"sha256": hashlib.sha256(body).hexdigest()}).encode()


def _packed(stored: Stored, names: set[str]) -> dict[str, Any]:
    series: dict[str, list[str]] = {}
    for name in sorted(names & stored.images.keys()):
        series.setdefault(stored.images[name].series_uid, []).append(name)
    refused = {name: (reason, stored.states[name]) for name, reason in stored.refused.items() if name in names}
    return {"series": [_packed_series(stored, members) for members in series.values()], "refused": refused}


def put_together(found: Instance | Kept) -> Instance:
    """The instance itself."""
    return found.instance() if isinstance(found, Kept) else found


def _packed_series(stored: Stored, names: Sequence[str]) -> dict[str, Any]:
    instances = [put_together(stored.images[name]) for name in names]
    return {
        "names": names,
        "states": [number for name in names for number in stored.states[name]],
        "places": [mm for image in instances for part in _PLACE for mm in getattr(image, part).tolist()],
        "columns": [_packed_column([getattr(image, column) for image in instances]) for column in _COLUMNS],
    }


def _packed_column(values: list[Any]) -> dict[str, Any]:
    """One value for all images of a series, or one for each."""
    return {"all": values[:1]} if all(value == values[0] for value in values) else {"each": values}


def _unpacked(body: dict[str, Any], files: Mapping[str, str]) -> Stored:
    stored = Stored()
    for packed in body["series"]:
        numbers = iter(packed["states"])
        states = list(zip(numbers, numbers, numbers, strict=True))
        series = _unpacked_series(packed, states, files)
        stored.states.update(zip(series.names, states, strict=True))
        stored.images.update((name, Kept(series, at)) for at, name in enumerate(series.names))
    for name, (reason, (size, changed, entry)) in body["refused"].items():
        stored.refused[name] = str(reason)
        stored.states[name] = size, changed, entry
    return stored


def _unpacked_series(packed: dict[str, Any], states: list[State], files: Mapping[str, str]) -> _Series:
    columns = dict(zip(_COLUMNS, packed["columns"], strict=True))
    shared = {name: _revived(name, column["all"])[0] for name, column in columns.items() if "all" in column}
    each = {name: _revived(name, column["each"]) for name, column in columns.items() if "each" in column}
    each["stamp"] = [state[:2] for state in states]
    places = np.array(packed["places"], np.float64).reshape(len(states), len(_PLACE), 3)
    return _Series(shared, each, places, packed["names"], files)


def _revived(name: str, values: list[Any]) -> list[Any]:
    return [_REVIVED[name](value) for value in values] if name in _REVIVED else values
