"""The receipt: what a run of the de-identifier wrote, file by file, so that a later change is seen."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from sarcoma_review.errors import PrivacyError
from sarcoma_review.privacy.profile import Profile, edition

RECEIPT_NAME = "deidentification_receipt.json"
_CHUNK = 1 << 20


def write_receipt(folder: Path, names: Iterable[str], *, profile: Profile, version: str, on: str = "") -> Path:
    """Write the receipt of files already in place.

    Parameters
    ----------
    folder : Path
        Where the files lie and the receipt goes.
    names : iterable of str
        Relative to `folder`, with forward slashes.
    profile : Profile
        What was applied.
    version : str
        Of this program.
    on : str
        A date to note; nothing is noted without one.
    """
    entries = {name: _entry(folder / name) for name in sorted(names)}
    content: dict[str, Any] = {
        "tool": "sarcoma_review",
        "version": version,
        "profile": profile.name,
        "table_edition": edition(),
        "files_count": len(entries),
        "files": entries,
    }
    path = folder / RECEIPT_NAME
    path.write_text(json.dumps(content | ({"date": on} if on else {}), indent=1) + "\n", encoding="utf-8")
    return path


def _entry(path: Path) -> dict[str, str | int]:
    return {"sha256": _sha256(path), "size": path.stat().st_size}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


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
