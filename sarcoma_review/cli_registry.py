"""The commands ``registry`` and ``outcomes``. Exit 0 good, 1 a finding, 2 bad use."""

import json
from contextlib import closing
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
def verify(
    place: Place,
    each_centre: Annotated[
        bool, typer.Option("--each-centre", help="Of several, each one's: for the owner.")
    ] = False,
    as_json: Json = False,
) -> int:
    """Recompute every hash, and say what does not fit."""
    from sarcoma_review.registry.centres import verify_each

    with closing(_open(place)) as registry:
        found = verify_each(registry) if each_centre else {"": registry.verify()}
    problems = [f"{role}: {line}".removeprefix(": ") for role, lines in found.items() for line in lines]
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
    counts = overdue(_open(place), known[schedule], on=_day(on))
    found = {case_id: count for case_id, count in counts.items() if count}
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
        registry = _open(place)
        out.write_text(json.dumps(bundle(registry), indent=1), encoding="utf-8")
        _say_refused(registry)
        return 0
    if key_file is None:
        raise RegistryError("a bundle is signed: give --key-file, or --fhir for use inside the centre")
    made = write_bundle(_open(place), out, key_file=key_file)
    typer.echo(f"{made.cases} cases, {made.entries} entries; {len(made.refused)} left out as their patient refused")
    if made.restricted:
        typer.echo(f"{len(made.restricted)} of them refused a meeting or an audit: the refusal goes with the case")
    return 0


def _say_refused(registry: Any) -> None:
    from sarcoma_review.registry.consent import IN_A_FILE, refused

    typer.echo(f"{len(refused(registry, *IN_A_FILE))} cases left out as their patient refused an audit or sharing")


@registry_app.command("import")
def read(
    place: Place, bundle: Path, trust: Annotated[list[str], typer.Option(help="NAME=PUBLIC_KEY of a centre.")]
) -> int:
    """Add what a signed bundle holds; forks are reported and left."""
    from sarcoma_review.registry.bundle import import_

    pairs = [pair.partition("=") for pair in trust]
    if not all(name and key for name, _, key in pairs):
        raise typer.BadParameter(
            "--trust is NAME=PUBLIC_KEY, the key as the other centre's `registry key` printed it"
        )
    trusted = {name: key for name, _, key in pairs}
    if len(trusted) < len(pairs):
        raise typer.BadParameter("--trust names each centre once: two keys of one centre need two names")
    done = import_(_open(place), bundle, trusted=trusted)
    typer.echo(f"from {done.signer}: {done.new} entries new, {done.same} here already, {len(done.forks)} forks")
    for case_id in done.forks:
        typer.echo(f"fork: {case_id}")
    return 1 if done.forks else 0


@registry_app.command("centres")
def set_up_centres(
    address: Annotated[str, typer.Argument(help="postgresql://... with the role that owns the database.")],
    centre: Annotated[list[str], typer.Option(help="Code of a centre, as AB; once for each.")],
    as_json: Json = False,
) -> int:
    """Make a PostgreSQL registry one of several centres, each with a role of its own, or add centres to it."""
    from sarcoma_review.registry.centres import establish

    made = establish(address, centre)
    lines = [f"{code}: role {role}, case ids {code}-..." for code, role in made.centres.items()]
    lines.append(f"suppressed counts: role {made.reader}")
    _say(vars(made), [*lines, "each logs in once an administrator has set its password or certificate"], as_json)
    return 0


@registry_app.command()
def shared(place: Place, as_json: Json = False) -> int:
    """List the cases that other centres share with this one."""
    from sarcoma_review.registry.centres import shared_cases

    with closing(_open(place)) as registry:
        found = shared_cases(registry)
    _say(found, found or ["no case is shared by another centre"], as_json)
    return 0


@registry_app.command()
def publish(
    place: Place,
    by: Annotated[str, typer.Argument(help="sex, age_band or milestone")],
    role: Annotated[str, typer.Option(help="Who releases the table.")],
    as_json: Json = False,
) -> int:
    """Count the network's cases by centre, and release the counts to all after suppression: for the owner."""
    from typing import cast, get_args

    from sarcoma_review.registry import centres

    if by not in get_args(centres.Counted):
        raise typer.BadParameter(f"cases are counted by {', '.join(get_args(centres.Counted))}")
    with closing(_open(place)) as registry:
        shown = centres.publish(registry, cast("centres.Counted", by), role=role)
    lines = [f"{centre}: " + ", ".join(f"{label} {n}" for label, n in row.items()) for centre, row in shown.items()]
    _say(shown, lines, as_json)
    return 0


@registry_app.command()
def redcap(place: Place, out: Annotated[Path, typer.Argument(help="Folder for the two files.")]) -> int:
    """Write REDCap's data dictionary and the data: for inside the centre."""
    from sarcoma_review.registry import redcap as tables

    registry = _open(place)
    out.mkdir(parents=True, exist_ok=True)
    (out / "dictionary.csv").write_text(tables.dictionary(), encoding="utf-8")
    (out / "data.csv").write_text(tables.data(registry), encoding="utf-8")
    _say_refused(registry)
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
