"""The receipt: what a run of the de-identifier wrote, file by file, so that a later change is seen."""

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from sarcoma_review.errors import PrivacyError
from sarcoma_review.privacy.profile import Profile, edition

RECEIPT_NAME = "deidentification_receipt.json"
AUDIT_NAMES = ("deidentification_audit.json", "deidentification_audit.html")
RULES = 2
"""Counts the editions of the rules: files cleaned by an older one are looked through in full."""


def write_receipt(
    folder: Path, files: Mapping[str, Mapping[str, str | int]], *, profile: Profile, version: str, on: str = ""
) -> Path:
    """Write the receipt of files in place.

    Parameters
    ----------
    folder : Path
        Where the files lie and the receipt goes.
    files : mapping of str to mapping
        What `entry` gives, by name relative to `folder` with forward slashes.
    profile : Profile
        What was applied.
    version : str
        Of this program.
    on : str
        A date to note; nothing is noted without one.
    """
    content: dict[str, Any] = {
        "tool": "sarcoma_review",
        "version": version,
        "profile": profile.name,
        "table_edition": edition(),
        "files_count": len(files),
        "files": {name: dict(files[name]) for name in sorted(files)},
    }
    return _sealed(folder, content | ({"date": on} if on else {}))


def restate(folder: Path, files: Mapping[str, Mapping[str, object]]) -> None:
    """Write the receipt of a folder anew, with other words about the same files."""
    content = json.loads((folder / RECEIPT_NAME).read_text("utf-8"))
    del content["seal"]
    _sealed(folder, content | {"files": {name: dict(files[name]) for name in sorted(files)}})


def _sealed(folder: Path, content: Mapping[str, Any]) -> Path:
    path = folder / RECEIPT_NAME
    write_json(path, {**content, "seal": _seal(content)})
    return path


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write what is kept beside a case, so that people can read it too."""
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def entry(content: bytes, *, signature: str = "") -> dict[str, str | int]:
    """Describe a file that was written: its hash and size, and the contact sheet under which it was released."""
    found: dict[str, str | int] = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
    return found | ({"signature": signature} if signature else {})


def _seal(content: Mapping[str, Any]) -> str:
    """A checksum over all that the receipt says.

    It shows an edit by hand. It is no proof against somebody who reads this line: what a receipt saves is time, and
    samples of what it names are looked into all the same.
    """
    whole = json.dumps(content, sort_keys=True).encode()
    return hmac.new(f"sarcoma_review receipt {RULES}".encode(), whole, hashlib.sha256).hexdigest()


@dataclass(frozen=True)
class Receipt:
    """What a receipt says about the files of its folder, compared with them.

    Attributes
    ----------
    problems : tuple of str
        As `verify_receipt` gives them.
    sealed : frozenset of str
        Paths of the files that are as the receipt, itself as it was written, names them.
    signed : frozenset of str
        Those of them that were released under a signed contact sheet.
    read : frozenset of str
        Slices among them of series of which some were read for text, or whose reading was left out by decision.
    heads : mapping of str to str
        Of each image among them, why it may show a head; empty where nothing says so, or somebody signed for it.
    """

    problems: tuple[str, ...]
    sealed: frozenset[str] = frozenset()
    signed: frozenset[str] = frozenset()
    read: frozenset[str] = frozenset()
    heads: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, folder: Path) -> "Receipt":
        """Read a receipt, and every file that it names."""
        problems = tuple(verify_receipt(folder))
        if problems or not is_sealed(folder):
            return cls(problems)
        entries = read_entries(folder)
        signed = (name for name, stated in entries.items() if stated.get("signature"))
        heads = {
            str(folder / name): "" if stated.get("head_signed") else str(stated["head"])
            for name, stated in entries.items()
            if "head" in stated
        }
        read = (name for name, stated in entries.items() if stated.get("read"))
        return cls((), _paths(folder, entries), _paths(folder, signed), _paths(folder, read), heads)


def _paths(folder: Path, names: Iterable[str]) -> frozenset[str]:
    return frozenset(str(folder / name) for name in names)


def verify_receipt(folder: Path) -> list[str]:
    """Compare the files of a folder with its receipt.

    Files that the receipt does not name are not covered by it, and no problem here.

    Returns
    -------
    list of str
        One line per problem, by the number of the entry; empty when all named files are as they were written.
    """
    try:
        entries = read_entries(folder)
    except PrivacyError as error:
        return [str(error)]
    return [problem for n, name in enumerate(entries, 1) if (problem := _problem(folder, name, entries[name], n))]


def is_sealed(folder: Path) -> bool:
    """Say whether a receipt stands as it was written, by this edition of the rules."""
    try:
        content = json.loads((folder / RECEIPT_NAME).read_text("utf-8"))
        seal = str(content.pop("seal"))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return False
    return hmac.compare_digest(seal.encode(), _seal(content).encode())


def read_entries(folder: Path) -> Mapping[str, Mapping[str, object]]:
    """Read what a receipt says about each file.

    Raises
    ------
    PrivacyError
        If there is no receipt, or it is not one.
    """
    path = folder / RECEIPT_NAME
    if not path.is_file():
        raise PrivacyError("no receipt in the folder")
    try:
        content = json.loads(path.read_text("utf-8"))
        entries = {str(name): dict(entry) for name, entry in content["files"].items()}
        whole = content["tool"] == "sarcoma_review" and content["files_count"] == len(entries)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise PrivacyError("the receipt cannot be read") from None
    if not whole:
        raise PrivacyError("the receipt does not hold the number of files that it states")
    return entries


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _problem(folder: Path, name: str, entry: Mapping[str, object], number: int) -> str:
    relative = PurePosixPath(name)
    if relative.is_absolute() or ".." in relative.parts:
        return f"entry {number} of the receipt points outside its folder"
    path = folder / relative
    if not path.is_file():
        return f"entry {number} of the receipt: the file is absent"
    if path.stat().st_size != entry.get("size") or _sha256(path) != entry.get("sha256"):
        return f"entry {number} of the receipt: the file was changed"
    return ""
