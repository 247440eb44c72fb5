"""The audit of a case: what went in, what was done by which rule, who signed for what; for a program and for people.

It holds no identifier: source files stand in it by a hash that only the holder of the key file can make.
"""

import html
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from sarcoma_review.privacy import codes
from sarcoma_review.privacy.markers import CLEAN_PIXELS
from sarcoma_review.privacy.profile import edition
from sarcoma_review.privacy.receipt import AUDIT_NAMES, write_json
from sarcoma_review.privacy.work import Done, Task

_STYLE = "body{font:16px sans-serif;max-width:60em;margin:2em auto}td,th{text-align:left;padding:.2em 1em .2em 0}"
_NOTE = (
    "The files are pseudonymised, not anonymous: whoever holds the key file can lead them back to the patient. "
    "Hashes of source files are keyed (HMAC-SHA-256) and can be checked with the key file alone."
)


def write_audit(folder: Path, done: list[Done], task: Task, *, names: Mapping[int, str], on: str = "") -> None:
    """Write the audit of a case into its folder, as JSON and as a page.

    Parameters
    ----------
    folder : Path
        Takes both files.
    done : list of Done
        What became of each source file.
    task : Task
        How it was done.
    names : mapping of int to str
        Names of the new files, by number of the source file.
    on : str
        A date to note; nothing is noted without one.
    """
    _write(folder, audit(done, task, names=names) | ({"date": on} if on else {}))


def note_heads(folder: Path, signed: Mapping[str, Any]) -> None:
    """Write into the audit of a case who signed for its heads, when, and for how many images."""
    said = json.loads((folder / AUDIT_NAMES[0]).read_text("utf-8"))
    _write(folder, said | {"heads_signed": [*said.get("heads_signed", ()), signed]})


def _write(folder: Path, said: Mapping[str, Any]) -> None:
    as_json, as_page = (folder / name for name in AUDIT_NAMES)
    write_json(as_json, said)
    as_page.write_text(page(said), encoding="utf-8")


def audit(done: list[Done], task: Task, *, names: Mapping[int, str]) -> dict[str, Any]:
    """Give the audit as plain values."""
    released = [one for one in done if one.number in names]
    reasons = Counter(one.reason for one in done if one.reason)
    is_signed = any(one.entry.get("signature") for one in released)
    options = (*task.profile.codes, *((CLEAN_PIXELS,) if is_signed else ()))
    return {
        "tool": "sarcoma_review",
        "version": task.version,
        "profile": task.profile.name,
        "options": {code: codes.meaning("DCM", code, "") for code in sorted(options)},
        "table_edition": edition(),
        "slices_sampled_for_text": "yes" if any(one.entry.get("read") == "sampled" for one in released) else "no",
        "cases": sorted({one.case for one in released}),
        "files_read": len(done),
        "files_released": len(released),
        "withheld": dict(sorted(reasons.items())),
        "changes_by_rule": dict(sorted(sum((Counter(one.actions) for one in released), Counter()).items())),
        "heads_in_view": dict(sorted(Counter(filter(None, (one.entry.get("head") for one in released))).items())),
        "signatures": [task.signature.record()] if task.signature else [],
        "files": [
            {"name": names[one.number], "sha256": one.entry["sha256"], "source_hmac_sha256": one.source_hash}
            for one in sorted(released, key=lambda one: names[one.number])
        ],
        "withheld_files": [
            {"source_hmac_sha256": one.source_hash, "reason": one.reason} for one in done if one.reason
        ],
    }


def page(said: Mapping[str, Any]) -> str:
    """Give an audit as a page to be read."""
    signatures = [(sign["role"], sign["on"], sign["pictures"], sign["lines_blanked"]) for sign in said["signatures"]]
    heads = said.get("heads_in_view", {}).items()
    signed_heads = [(sign["role"], sign["on"], sign["images"]) for sign in said.get("heads_signed", ())]
    parts = [
        "<h1>De-identification audit</h1>",
        f"<p>{_NOTE}</p>",
        _table("Case", (), [(label, _shown(said[key])) for label, key in _HEADS if key in said]),
        _table("Options of PS3.15 Annex E done", ("DCM code", "meaning"), said["options"].items()),
        _table("Signed contact sheets", ("role", "day", "pictures", "lines blanked"), signatures),
        _table("Images that may show a head; their export is closed unless signed for", ("reason", "images"), heads),
        _table("Signed for heads", ("role", "day", "images"), signed_heads),
        _table("Elements changed", ("rule", "times"), said["changes_by_rule"].items()),
        _table("Withheld", ("reason", "files"), said["withheld"].items()),
        _table("Released", ("file", "SHA-256"), [(one["name"], one["sha256"]) for one in said["files"]]),
    ]
    head = f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Audit</title><style>{_STYLE}</style>'
    return head + "\n".join(part for part in parts if part) + "</html>\n"


_HEADS = (
    ("Pseudonyms", "cases"),
    ("Date", "date"),
    ("Program", "tool"),
    ("Version", "version"),
    ("Profile", "profile"),
    ("Edition of the table", "table_edition"),
    ("Some slices of each series read for text", "slices_sampled_for_text"),
    ("Files read", "files_read"),
    ("Files released", "files_released"),
)


def _shown(value: Any) -> str:
    return ", ".join(value) if isinstance(value, list) else str(value)


def _table(title: str, heads: tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> str:
    lines = ["<tr>" + "".join(f"<td>{html.escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows]
    head = "".join(f'<th scope="col">{html.escape(one)}</th>' for one in heads)
    body = f"<table>{f'<tr>{head}</tr>' if head else ''}{''.join(lines)}</table>" if lines else "<p>none</p>"
    return f"<h2>{html.escape(title)}</h2>{body}"
