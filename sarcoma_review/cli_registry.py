"""The commands ``registry`` and ``outcomes``. Exit 0 good, 1 a finding, 2 bad use."""

import json
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

registry_app = typer.Typer(no_args_is_help=True, help="The journal of cases: verify, back up, check, exchange.")
outcomes_app = typer.Typer(no_args_is_help=True, help="Estimates from the journal, for use inside the centre.")
Place = Annotated[str, typer.Argument(help="The registry's SQLite file, or postgresql://...")]
New = Annotated[Path, typer.Argument(readable=False, help="A file that is not there yet.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
On = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day to look from; today without it.")]

# Imports stand inside the commands, so that --help answers at once.


def _open(place: str) -> Any:
    from sarcoma_review.errors import RegistryError
    from sarcoma_review.registry import Registry

    if "://" not in place and not Path(place).is_file():
        raise RegistryError("there is no registry in this place")
    return Registry.open(place)


def _say(value: Any, lines: list[str], as_json: bool) -> None:
    typer.echo(json.dumps(value, default=str, sort_keys=True) if as_json else "\n".join(lines))


def _day(on: datetime | None) -> date:
    return date.today() if on is None else on.date()


@registry_app.command()
def verify(place: Place, as_json: Json = False) -> int:
    """Recompute every hash, and say what does not fit."""
    problems = _open(place).verify()
    _say(problems, problems or ["whole: every entry fits the one before it"], as_json)
    return 1 if problems else 0


@registry_app.command()
def checkpoint(place: Place, as_json: Json = False) -> int:
    """Print how far the journal goes and the hash over it: for the minutes."""
    made = _open(place).checkpoint()
    _say(vars(made), [f"entry {made.sequence}, {made.chain}"], as_json)
    return 0


@registry_app.command()
def backup(place: Place, out: New) -> int:
    """Copy a registry that may be in use, and verify the copy."""
    _open(place).backup(out)
    typer.echo("the copy is whole")
    return 0


@registry_app.command()
def restore(place: Annotated[str, typer.Argument(help="An empty or new registry.")], source: Path) -> int:
    """Fill an empty registry from a backup."""
    from sarcoma_review.registry import Registry

    typer.echo(f"{Registry.open(place).restore(source)} entries restored")
    return 0


@registry_app.command()
def rebuild(place: Place) -> int:
    """Make all projections anew from the journal."""
    _open(place).rebuild()
    return 0


@registry_app.command()
def check(place: Place, on: On = None, as_json: Json = False) -> int:
    """Say what in the cases cannot be, or is missing."""
    from sarcoma_review.registry.cohort import check_registry

    findings = check_registry(_open(place), on=_day(on))
    lines = [f"{f.case_id}, version {f.version}: {f.rule}: {f.text}" for f in findings]
    _say([vars(finding) for finding in findings], lines or ["nothing found"], as_json)
    return 1 if findings else 0


@registry_app.command()
def due(place: Place, schedule: str = "esmo-older-edition", on: On = None, as_json: Json = False) -> int:
    """Count follow-up windows overdue. Not an appointment."""
    from sarcoma_review.errors import RegistryError
    from sarcoma_review.outcomes import schedules
    from sarcoma_review.registry.cohort import overdue

    known = schedules()
    if schedule not in known:
        raise RegistryError(f"no such schedule; there are {', '.join(sorted(known))}")
    found = overdue(_open(place), known[schedule], on=_day(on))
    lines = [f"{case_id}: {count} overdue" for case_id, count in found.items()]
    _say(found, [*lines, f"source: {known[schedule].source}"], as_json)
    return 1 if found else 0


@registry_app.command("key")
def new_key(out: New) -> int:
    """Write a new signing key, and print the public one to hand to other centres."""
    from sarcoma_review.registry.bundle import make_key

    typer.echo(make_key(out))
    return 0


@registry_app.command()
def export(
    place: Place,
    out: New,
    key_file: Annotated[Path | None, typer.Option(readable=False, help="The signing key of this centre.")] = None,
    fhir: Annotated[bool, typer.Option("--fhir", help="FHIR R4B as JSON instead, for inside the centre.")] = False,
) -> int:
    """Write all cases into one signed bundle for another centre, or as FHIR R4B."""
    from sarcoma_review.errors import RegistryError
    from sarcoma_review.registry.bundle import export as write_bundle
    from sarcoma_review.registry.fhir import bundle

    if fhir:
        if out.exists():
            raise RegistryError("the file exists already; nothing was written")
        out.write_text(json.dumps(bundle(_open(place)), indent=1), encoding="utf-8")
        return 0
    if key_file is None:
        raise RegistryError("a bundle is signed: give --key-file, or --fhir for use inside the centre")
    made = write_bundle(_open(place), out, key_file=key_file)
    typer.echo(f"{made.cases} cases, {made.entries} entries; {len(made.refused)} left out as their patient refused")
    return 0


@registry_app.command("import")
def read(
    place: Place, bundle: Path, trust: Annotated[list[str], typer.Option(help="NAME=PUBLIC_KEY of a centre.")]
) -> int:
    """Add what a signed bundle holds; forks are reported and left."""
    from sarcoma_review.registry.bundle import import_

    trusted = dict(pair.split("=", 1) for pair in trust if "=" in pair)
    done = import_(_open(place), bundle, trusted=trusted)
    typer.echo(f"from {done.signer}: {done.new} entries new, {done.same} here already, {len(done.forks)} forks")
    for case_id in done.forks:
        typer.echo(f"fork: {case_id}")
    return 1 if done.forks else 0


@registry_app.command()
def redcap(place: Place, out: Annotated[Path, typer.Argument(help="Folder for the two files.")]) -> int:
    """Write REDCap's data dictionary and the data: for inside the centre."""
    from sarcoma_review.registry import redcap as tables

    registry = _open(place)
    out.mkdir(parents=True, exist_ok=True)
    (out / "dictionary.csv").write_text(tables.dictionary(), encoding="utf-8")
    (out / "data.csv").write_text(tables.data(registry), encoding="utf-8")
    return 0


@outcomes_app.command()
def curve(
    place: Place,
    endpoint: Annotated[str, typer.Argument(help="local_recurrence, metastasis, implant, infection, ...")],
    on: On = None,
    as_json: Json = False,
) -> int:
    """Risk of an endpoint at 1, 2, 5 and 10 years where other causes compete, with numbers at risk."""
    from sarcoma_review.registry.report import curve_report

    _say(*curve_report(_open(place), endpoint, as_of=_day(on)), as_json)
    return 0


@outcomes_app.command()
def centres(
    place: Place,
    endpoint: str,
    benchmark: Annotated[float, typer.Option(help="The rate to compare with.")],
    source: Annotated[str, typer.Option(help="Where that rate comes from.")],
    within_days: Annotated[int, typer.Option(help="Only the event within so many days counts.")] = 730,
    on: On = None,
    as_json: Json = False,
) -> int:
    """Centres against a benchmark, with the false-alarm rate and the power to see a doubling; not a ranking."""
    from sarcoma_review.registry.report import centre_report

    found = centre_report(
        _open(place), endpoint, as_of=_day(on), benchmark=benchmark, source=source, within_days=within_days
    )
    _say(*found, as_json)
    return 0


@outcomes_app.command()
def concordance(place: Place, as_json: Json = False) -> int:
    """How decisions were carried out, by modality."""
    from sarcoma_review.registry.cohort import concordance as counted

    found = counted(_open(place))
    lines = [f"{modality}: " + ", ".join(f"{k} {n}" for k, n in counts.items()) for modality, counts in found.items()]
    _say(found, lines, as_json)
    return 0
