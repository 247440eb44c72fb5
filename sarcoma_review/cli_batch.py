"""The command ``batch``. Exit 0 good, 1 a study failed, 2 bad use."""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

# Imports stand inside the command, so that --help answers at once.


class TaskName(StrEnum):
    """What can be done with many studies."""

    SCAN = "scan"
    CHECK = "check"
    DEIDENTIFY = "deidentify"
    MARGINS = "margins"
    DECK = "deck"


_KINDS: Mapping[str, Callable[[str], Any]] = {
    "into": Path,
    "key_file": Path,
    "profile": str,
    "segment": str,
    "plans": str,
    "requests": int,
    "workers": int,
}
_SETTINGS = (
    "into=FOLDER (deidentify, deck), key_file=FILE, profile=NAME (deidentify), segment=NAME, plans=FILE (margins, "
    "deck: a registry or a .json of planes by pseudonym), requests=N (archive), workers=N. May be repeated."
)


def batch(
    task: TaskName,
    studies: Annotated[str, typer.Argument(help="A folder of studies, or dicomweb+https://SERVICE.")],
    out: Annotated[Path, typer.Option(readable=False, help="Table, .csv or .parquet; FILE.store stands beside it.")],
    engine: Annotated[str, typer.Option(help="local, or tcp://HOST:PORT of a Dask scheduler")] = "local",
    settings: Annotated[list[str] | None, typer.Option("--set", metavar="NAME=VALUE", help=_SETTINGS)] = None,
    record: Annotated[str | None, typer.Option(help="margins: a registry that gets them as events.")] = None,
    headers: Annotated[
        Path | None, typer.Option(readable=False, help="A .json of headers for the archive, such as Authorization.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For a program to read.")] = False,
) -> int:
    """Do one task for many studies. A run that was stopped goes on; one that is repeated works on what changed."""
    from sarcoma_review.batch import Options, run
    from sarcoma_review.dicom import Archive
    from sarcoma_review.dicom.address import SCHEME
    from sarcoma_review.registry import Registry

    given = {"on": date.today()} | _settings(settings or [])
    workers = given.pop("workers", None)
    source = studies if headers is None else Archive(studies.removeprefix(SCHEME), _headers(headers))
    journal = None if record is None else Registry.open(record)
    made = run(task, source, engine=engine, out=out, options=Options(**given), workers=workers, registry=journal)
    errors = Counter(row.error for row in made.rows() if row.error)
    _say(
        {
            "task": str(task), "done": made.done, "failed": made.failed, "known": made.known,
            "left_out": made.left_out, "recorded": made.recorded, "unknown_cases": made.unknown_cases,
            "errors": dict(sorted(errors.items())),
        },
        as_json,
    )  # fmt: skip
    return 1 if made.failed else 0


def _settings(stated: Sequence[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for each in stated:
        name, _, value = each.partition("=")
        if name not in _KINDS or not value:
            raise typer.BadParameter(f"--set takes NAME=VALUE of {', '.join(_KINDS)}")
        try:
            found[name] = _KINDS[name](value)
        except ValueError:
            raise typer.BadParameter(f"--set {name}=... takes a whole number") from None
    return found


def _headers(path: Path) -> dict[str, str]:
    try:
        stated = json.loads(path.read_text("utf-8"))
        return {str(name): str(value) for name, value in stated.items()}
    except (OSError, ValueError, AttributeError):
        raise typer.BadParameter("the file of headers cannot be read: expected JSON, value by name") from None


def _say(found: dict[str, Any], as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(found, indent=1))
        return
    typer.echo(f"{found['done']} done, {found['failed']} failed; {found['known']} of them were known before")
    for error, count in found["errors"].items():
        typer.echo(f"failed: {count} x {error}")
    if found["left_out"]:
        typer.echo(f"left out: {found['left_out']} file(s) beside the studies")
    if found["recorded"] or found["unknown_cases"]:
        typer.echo(f"registry: {found['recorded']} new event(s); {found['unknown_cases']} case(s) it does not hold")
