"""The journal of outlining: one line of JSON a step, after a first line that says what it was begun on.

It holds places in mm, segments' names and checksums: nothing that came with the images.
"""

import contextlib
import json
import os
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sarcoma_review.errors import PlanError
from sarcoma_review.volume import Volume
from sarcoma_review.widgets.fingerprint import fingerprint
from sarcoma_review.widgets.outline_bits import Outlines

VERSION = 1


def first_line(volume: Volume, outlines: Outlines) -> str:
    """Say what a journal is begun on: grid, names, and checksums of the voxels and of the outlines."""
    words = {
        "journal": VERSION,
        **fingerprint(volume),
        "segments": outlines.names,
        "outlines": zlib.crc32(outlines.bits.data),
    }
    return written(words)


def written(words: object) -> str:
    """One line, as short as JSON can be."""
    return json.dumps(words, separators=(",", ":"))


def steps_of(journal: str, first: str) -> list[dict[str, Any]]:
    """The steps of a journal.

    Raises
    ------
    PlanError
        If it was begun on another image or other outlines, or a line is no step.
    """
    lines = journal.splitlines()
    if not lines:
        return []
    _require_same(lines[0], first)
    return [_step(line, number) for number, line in enumerate(lines[1:], 2)]


def _require_same(found: str, first: str) -> None:
    try:
        same = json.loads(found) == json.loads(first)
    except ValueError:
        same = False
    if not same:
        raise PlanError(
            "the journal was begun on something else: expected the same grid, voxels and segments as here"
        )


def _step(line: str, number: int) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise PlanError(f"line {number} of the journal is no step of outlining")
    return found


class JournalFile:
    """A journal on disk, to which every step is added before it counts.

    Parameters
    ----------
    path : Path
        Begun anew if it is not there.
    first : str
        What `first_line` says of the image and the outlines at hand.

    Attributes
    ----------
    text : str
        What the file held when it was opened.
    findings : tuple of str
        A last line that was cut off, and left aside, is told here.

    Raises
    ------
    PlanError
        If the file was begun on something else.
    """

    def __init__(self, path: Path, first: str) -> None:
        self._path = path
        held = path.read_bytes() if path.exists() else b""
        whole = _whole_lines(held)
        if whole:
            _require_same(whole.split(b"\n", 1)[0].decode("utf-8", "replace"), first)
        elif held and not first.encode().startswith(held):
            raise PlanError(f"{path.name} is no journal of outlining: another file is needed for autosave")
        self.text = whole.decode("utf-8", "replace")
        self.findings: Sequence[str] = ()
        if held != whole:
            cut = len(held) - len(whole)
            self.findings = (f"the journal's last line was cut off: {cut} bytes were left aside, the rest is kept",)
            path.with_name(path.name + ".aside").write_bytes(held[len(whole) :])
            with path.open("r+b") as file:
                file.truncate(len(whole))
        self._size = len(whole)
        if not whole:
            self.add(first)

    def add(self, line: str) -> None:
        """Write a line through to the disk.

        Raises
        ------
        PlanError
            If somebody else has written to the file, or it cannot be written.
        """
        try:
            with self._path.open("ab") as file:
                if file.tell() != self._size:
                    raise PlanError("this outline is saved by another outliner by now: go on there")
                file.write(line.encode() + b"\n")
                file.flush()
                os.fsync(file.fileno())
                self._size = file.tell()
        except OSError as error:
            with contextlib.suppress(OSError):
                os.truncate(self._path, self._size)  # half a line of a full disk
            raise PlanError(f"the step was not saved, and was not taken: {error.strerror}") from error


def _whole_lines(held: bytes) -> bytes:
    """What is left without a last line that was cut off: one without an end, or that is no JSON."""
    whole = held[: held.rfind(b"\n") + 1]
    last = whole[:-1].rsplit(b"\n", 1)[-1]
    try:
        json.loads(last)
    except ValueError:
        return whole[: len(whole) - len(last) - 1] if whole else whole
    return whole
