"""What is kept of the work on a case: a folder of its own, whose name and files say nothing of the patient."""

import hashlib
import json
import os
import string
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from sarcoma_review.errors import PresentationError
from sarcoma_review.present import KeyImage

VERSION = 1
_FILE, _STILLS = "case.json", "key_images"


def case_key(series_uids: Iterable[str]) -> str:
    """Eight letters for a study, the same wherever it lies.

    Examples
    --------
    >>> case_key(["1.2.3", "1.2.4"]) == case_key(["1.2.4", "1.2.3"])
    True
    """
    told = hashlib.sha256("\n".join(sorted(series_uids)).encode()).digest()
    return "".join(string.ascii_lowercase[byte % 26] for byte in told[:8])


class CaseFolder:
    """Words and settings by name in one file, written whole or not at all, and key images beside it.

    Parameters
    ----------
    path : Path
        Made when the first thing is kept.

    Attributes
    ----------
    finding : str
        That the file was damaged, and was put aside; empty where it was not.

    Examples
    --------
    >>> import tempfile
    >>> folder = CaseFolder(Path(tempfile.mkdtemp(), "case"))
    >>> folder.keep("tab", "plan")
    >>> CaseFolder(folder.path).get("tab", "browse")
    'plan'
    """

    def __init__(self, path: Path) -> None:
        self.path, self.finding = path, ""
        self._held: dict[str, Any] = {}
        file = path / _FILE
        if not file.exists():
            return
        try:
            held = json.loads(file.read_text(encoding="utf-8"))
            if held.pop("workbench") != VERSION:
                raise ValueError("another version")
            self._held = held
        except (ValueError, KeyError, AttributeError):
            file.replace(file.with_suffix(".aside"))
            self.finding = "what was kept of this case could not be read; it was put aside, and the case begins anew"

    def get(self, name: str, default: Any) -> Any:
        """What was kept by this name."""
        return self._held.get(name, default)

    def keep(self, name: str, value: Any) -> None:
        """Keep what JSON can hold.

        Raises
        ------
        PresentationError
            If it cannot be written.
        """
        if self._held.get(name) == value:
            return
        held = {**self._held, name: value}
        self._write(_FILE, json.dumps({"workbench": VERSION, **held}, indent=1).encode())
        self._held = held

    def keep_images(self, name: str, images: Sequence[KeyImage]) -> None:
        """Keep the key images of one viewer, each picture in a file named after what it shows.

        Raises
        ------
        PresentationError
            If they cannot be written.
        """
        words = []
        for image in images:
            file = f"{_STILLS}/{hashlib.sha256(image.png).hexdigest()[:16]}.png"
            if not (self.path / file).exists():
                self._write(file, image.png)
            words.append({"file": file, "caption": image.caption, "alt": image.alt})
        self.keep(f"key images of {name}", words)

    def images(self, name: str) -> tuple[KeyImage, ...]:
        """The key images of one viewer; those whose picture is gone are left out."""
        kept = self.get(f"key images of {name}", [])
        there = [words for words in kept if (self.path / words["file"]).exists()]
        return tuple(
            KeyImage((self.path / words["file"]).read_bytes(), words["caption"], words["alt"]) for words in there
        )

    def made(self) -> Path:
        """The folder, made where it is not there.

        Raises
        ------
        PresentationError
            If it cannot be made.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise PresentationError(f"the case's folder cannot be made: {error.strerror}") from error
        return self.path

    def _write(self, name: str, content: bytes) -> None:
        file = self.made() / name
        half = file.with_name(file.name + ".part")
        try:
            file.parent.mkdir(exist_ok=True)
            with half.open("wb") as out:
                out.write(content)
                out.flush()
                os.fsync(out.fileno())
            half.replace(file)
        except OSError as error:
            raise PresentationError(f"the work on the case was not kept: {error.strerror}") from error
