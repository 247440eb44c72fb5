"""What a run has done so far, beside its files, so that a run that was broken off can go on. No identifier in it."""

import dataclasses
import hashlib
import hmac
import json
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sarcoma_review.privacy.receipt import RULES
from sarcoma_review.privacy.work import Done, Task

_NAME: Final = "journal"
_KEPT: Final = tuple(one.name for one in dataclasses.fields(Done) if one.name != "tokens")


@dataclass(frozen=True)
class Journal:
    """The journal of a run.

    Attributes
    ----------
    path : Path
    earlier : dict of int to Done
        What an earlier run with the same settings has done, by number of the file.
    """

    path: Path
    earlier: dict[int, Done]

    @classmethod
    def opened(cls, task: Task) -> "Journal":
        """Take up the journal of the task's folder; a folder of other settings is taken away."""
        path = task.folder / _NAME
        settings = _settings(task)
        earlier = _read(path, settings)
        if not earlier:
            shutil.rmtree(task.folder, ignore_errors=True)
            task.folder.mkdir(mode=0o700)
            path.write_text(settings + "\n", encoding="ascii")
        return cls(path, earlier)

    def noted(self, results: Iterable[Done]) -> Iterator[Done]:
        """Note each result as it comes, and hand it on."""
        with self.path.open("a", encoding="utf-8") as file:
            for one in results:
                file.write(json.dumps({name: getattr(one, name) for name in _KEPT}) + "\n")
                file.flush()
                yield one


def _settings(task: Task) -> str:
    signed = task.signature.digest if task.signature else ""
    settings = json.dumps([repr(task.profile), task.version, RULES, signed])
    return hmac.new(task.secret, settings.encode(), hashlib.sha256).hexdigest()


def _read(path: Path, settings: str) -> dict[int, Done]:
    try:
        first, *lines = path.read_text("utf-8").splitlines()
    except (OSError, ValueError):
        return {}
    if not hmac.compare_digest(first.encode(), settings.encode()):
        return {}
    return {one.number: one for one in map(_done, lines) if one is not None}


def _done(line: str) -> Done | None:
    try:
        stated: dict[str, Any] = json.loads(line)
        return Done(**stated)
    except (ValueError, TypeError):
        return None  # the last line of a run that was broken off
