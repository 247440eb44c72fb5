"""A signature under a contact sheet: a role, a day, and exactly the files and the blanking that were seen."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, Literal, get_args

from sarcoma_review.errors import PrivacyError
from sarcoma_review.privacy.blanking import Blanking, Box, TextLine
from sarcoma_review.privacy.receipt import write_json

Role = Literal[
    "radiologist", "radiographer", "surgeon", "oncologist", "pathologist", "clinical nurse specialist",
    "information governance", "data manager",
]  # fmt: skip
"""Who may sign: a role of this list and never a name, for the signature goes with the case."""


@dataclass(frozen=True)
class Signature:
    """That a person has looked at pictures, and at what would be blanked in them.

    Attributes
    ----------
    by_role : str
    on : date
    seen : mapping of str to Blanking
        By the SHA-256 of each file as it was: a file that was changed since is not covered.
    """

    by_role: Role
    on: date
    seen: Mapping[str, Blanking] = field(repr=False)

    def covers(self, content: bytes) -> Blanking | None:
        """Give what goes from a file's pictures, or None if nobody has seen this very file."""
        return self.seen.get(hashlib.sha256(content).hexdigest())

    @property
    def digest(self) -> str:
        """SHA-256 over all that was seen."""
        return hashlib.sha256(_written(self.seen).encode()).hexdigest()

    def record(self) -> dict[str, str | int]:
        """Give what an audit keeps: no file, no picture, nothing that was read."""
        boxes = sum(not line.is_marker for blanking in self.seen.values() for line in blanking.lines)
        signed = {"role": self.by_role, "on": self.on.isoformat(), "seen_sha256": self.digest}
        return {**signed, "pictures": len(self.seen), "lines_blanked": boxes}

    def write(self, path: Path) -> None:
        """Keep the signature; its place is beside the key file, for it knows the source files by their hashes."""
        content = {"role": self.by_role, "on": self.on.isoformat(), "seen": json.loads(_written(self.seen))}
        write_json(path, content)

    @classmethod
    def read(cls, path: Path) -> "Signature":
        """Take up a signature that was kept.

        Raises
        ------
        PrivacyError
            If the file is none.
        """
        try:
            content = json.loads(path.read_text("utf-8"))
            seen = {str(name): _blanking(entry) for name, entry in content["seen"].items()}
            return cls(known_role(content["role"]), date.fromisoformat(content["on"]), seen)
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            if isinstance(error, PrivacyError):
                raise
            raise PrivacyError("the signature cannot be read") from None


def known_role(role: str) -> Role:
    """Take a role of the list; refuse a person's name."""
    for known in get_args(Role):
        if role == known:
            return known  # type: ignore[no-any-return]
    raise PrivacyError(f"a signature names a role and never a person: expected one of {', '.join(get_args(Role))}")


def _written(seen: Mapping[str, Blanking]) -> str:
    entries = {
        name: {"lines": [[*line.box, line.is_marker] for line in blanking.lines], "regions": list(blanking.regions)}
        for name, blanking in seen.items()
    }
    return json.dumps(entries, sort_keys=True)


def _blanking(entry: Mapping[str, Any]) -> Blanking:
    lines = tuple(TextLine(_box(box), "", is_marker=bool(marker)) for *box, marker in entry["lines"])
    return Blanking(lines, tuple(_box(box) for box in entry["regions"]))


def _box(edges: Any) -> Box:
    top, left, bottom, right = (int(edge) for edge in edges)
    return top, left, bottom, right
