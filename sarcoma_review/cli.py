"""The command line: ``sarcoma-review COMMAND``. Exit 0 good, 1 a finding, 2 bad use."""

import json
import shutil
import sys
import tempfile
import time
from collections import Counter
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from tqdm.auto import tqdm

from sarcoma_review.cli_batch import batch
from sarcoma_review.cli_case import Home, case, margins, prepared
from sarcoma_review.cli_registry import outcomes_app, registry_app
from sarcoma_review.cli_room import room_app
from sarcoma_review.errors import NotDicomError, PrivacyError, SarcomaReviewError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sarcoma_review.dicom import Index
    from sarcoma_review.phantom import Patient

app = typer.Typer(
    add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False, help=__doc__, rich_markup_mode=None
)
_SAMPLES = Path("sample_dicom")
# readable=False: the library's own check would print the path, and a folder may be called after a patient.
Place = Annotated[Path, typer.Argument(readable=False)]
Study = Annotated[
    Path | None, typer.Option(readable=False, help="A folder of DICOM files; the shipped sample patient without it.")
]
Outline = Annotated[str, typer.Option(help="Name of the tumour's outline in the study.")]


def main() -> None:
    """Run the command line; every failure is one line without values from the data."""
    try:
        code = app(standalone_mode=False)
    except typer.Abort:
        code = 2
    except SarcomaReviewError as problem:
        _fail(str(problem))
        code = 2 if isinstance(problem, NotDicomError) else 1
    except Exception as problem:  # the last line of defence: a traceback could print a patient's name
        code = _say_bad_use_or_fault(problem)
    sys.exit(int(code or 0))


def _say_bad_use_or_fault(problem: Exception) -> int:
    if hasattr(problem, "format_message"):  # how the command-line library words bad use
        _fail(problem.format_message())
        return 2
    from sarcoma_review.privacy.faults import words_of

    _fail(words_of(problem))
    return 2


# Imports stand inside the commands, so that each pays only for what it uses and --help answers at once.


def _fail(text: str) -> None:
    print(f"sarcoma-review: {text}", file=sys.stderr)


class _Progress:
    """A progress bar that appears once the number of files is known."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._bars: list[Any] = []

    def __call__(self, done: int, total: int) -> None:
        if not self._bars:
            self._bars.append(tqdm(total=total, desc=self._what, unit="file", leave=False, disable=None))
        self._bars[0].update(done - self._bars[0].n)
        if done >= total:
            self._bars.pop().close()


@app.command()
def scan(
    path: Place,
    as_json: Annotated[bool, typer.Option("--json", help="For a program to read.")] = False,
    cache: Annotated[
        Path | None,
        typer.Option(readable=False, help="A file that keeps the index of a folder. Treat it as the images."),
    ] = None,
) -> None:
    """List the volumes of a folder or zip archive, by geometry, and what is left out. No patient data is printed."""
    from sarcoma_review.dicom.scan import scan as scan_folder

    index = scan_folder(path, cache=cache, progress=_Progress("scanning"))
    found = _found(index)
    if as_json:
        print(json.dumps(found, indent=1))
    else:
        _print_found(found)
    if not index.series:
        raise NotDicomError(f"expected DICOM files, found {len(index.skipped)} other file(s)")
    if not found["volumes"]:
        _fail("no volume: nothing here can be stacked")
    raise typer.Exit(0 if found["volumes"] else 1)


def _found(index: "Index") -> dict[str, Any]:
    """What a scan found, without a word of what the files say of the patient."""
    specs = [spec for entry in index.series.values() for spec in entry.volumes()]
    left = [(entry.modality, reason) for entry in index.series.values() for _, reason in entry.residue]
    return {
        "volumes": [
            {
                "modality": spec.modality,
                "shape": list(spec.grid.shape),
                "spacing_mm": [round(mm, 4) for mm in spec.grid.spacing_mm],
                "refused": str(spec.fault) if spec.fault else None,
                "issues": list(spec.issues),
            }
            for spec in specs
        ],
        "left_out": [{"modality": m, "reason": r, "images": n} for (m, r), n in sorted(Counter(left).items())],
        "skipped": dict(sorted(Counter(reason for _, reason in index.skipped).items())),
        "notes": dict(sorted(Counter(note for _, note in index.notes).items())),
    }


def _print_found(found: dict[str, Any]) -> None:
    for volume in found["volumes"]:
        spacing = " x ".join(f"{mm:.2f}" for mm in volume["spacing_mm"])
        said = f": refused, {volume['refused']}" if volume["refused"] else "".join(f"; {i}" for i in volume["issues"])
        print(f"{volume['modality']} {' x '.join(map(str, volume['shape']))} voxels of {spacing} mm{said}")
    for left in found["left_out"]:
        print(f"{left['modality']} left out: {left['images']} image(s), {left['reason']}")
    for reason, count in found["skipped"].items():
        print(f"skipped: {count} file(s), {reason}")
    for note, count in found["notes"].items():
        print(f"noted: {count} file(s), {note}")


@app.command()
def check(
    path: Place, as_json: Annotated[bool, typer.Option("--json", help="For a program to read.")] = False
) -> None:
    """Say whether a folder holds anything that could name a patient. Values are masked."""
    from sarcoma_review.privacy import check as check_folder

    report = check_folder(path)
    if as_json:
        faults = [asdict(fault) for fault in report.faults]
        answer = {"outcome": report.outcome, "files_checked": report.files_checked, "faults": faults}
        print(json.dumps(answer | {"skipped": report.skipped}, indent=1))
    else:
        print(report)
    raise typer.Exit(0 if report.outcome == "open" else 1)


@app.command()
def deidentify(
    source: Place,
    destination: Place,
    key_file: Annotated[Path, typer.Option(readable=False, help="Kept apart from both; made where it is not there.")],
    profile: Annotated[str, typer.Option(help="peer-learning or basic")] = "peer-learning",
    jobs: Annotated[int, typer.Option(help="Processes that work side by side.")] = 1,
    signature: Annotated[
        Path | None, typer.Option(readable=False, help="What `sheet --sign` wrote: releases the pictures it covers.")
    ] = None,
    heads_signed: Annotated[
        str, typer.Option(help="Role of the person who answers for showing the heads in the images.")
    ] = "",
    forget: Annotated[
        bool, typer.Option("--forget-key", help="Destroy the key file after: nobody can lead the case back by it.")
    ] = False,
) -> None:
    """Write a de-identified copy of a folder. All of it or nothing: the original stays as it is.

    A run that is broken off goes on where it stopped when it is started again.
    """
    from sarcoma_review.privacy import deidentify as deidentify_folder
    from sarcoma_review.privacy import sign_heads
    from sarcoma_review.privacy.identity import forget_key
    from sarcoma_review.privacy.signature import Signature, known_role

    role = known_role(heads_signed) if heads_signed else ""
    signed = Signature.read(signature) if signature else None
    bar, today = _Progress("de-identifying"), date.today()
    report = deidentify_folder(
        source, destination, key_file=key_file, profile=profile, signature=signed, jobs=jobs, on=today, progress=bar
    )
    print(report)
    if role and report.heads:
        print(f"heads signed for by a {role}: {sign_heads(destination, role, today)} image(s)")
    if forget:
        forget_key(key_file)
        print("the key file is destroyed")
    raise typer.Exit(1 if report.withheld else 0)


@app.command()
def sheet(
    source: Place,
    out: Annotated[Path, typer.Option(readable=False, help="A folder for the pages, PNG. Delete them after.")],
    sign: Annotated[str, typer.Option(help="Role of the person who has looked at every page.")] = "",
    signature: Annotated[
        Path | None, typer.Option(readable=False, help="Takes the signature; keep it beside the key file.")
    ] = None,
) -> None:
    """Write the contact sheet of a folder's pictures, with what would be blanked in them; then sign it.

    Twice: first without --sign, to look at the pages; then with it. What is signed is what the pages show.
    """
    from sarcoma_review.privacy.contact_sheet import ContactSheet
    from sarcoma_review.privacy.signature import known_role

    if bool(sign) != (signature is not None):
        raise typer.BadParameter("--sign ROLE and --signature FILE go together")
    role = known_role(sign) if sign else ""
    if out.resolve().is_relative_to(source.resolve()):
        raise PrivacyError("the pages may not lie among the images: name another folder")
    pictures = ContactSheet.of(source, progress=_Progress("reading"))
    for reason, count in sorted(Counter(reason for _, reason in pictures.unseen).items()):
        print(f"{count} x not on the sheet: {reason}")
    if signature is None:
        print(f"{len(pictures.pictures)} picture(s) on {len(pictures.write(out))} page(s): look at each, then sign")
    elif not pictures.is_written(out):
        raise PrivacyError("the pages are not those of these pictures: write them anew without --sign, and look")
    else:
        pictures.sign(role, date.today()).write(signature)
        print(f"{len(pictures.pictures)} picture(s) signed by a {role}")


@app.command()
def demo(study: Study = None, segment: Outline = "tumour", out: Path = Path("output/demo")) -> None:
    """Walk one case from DICOM to a deck: gate, volumes, margin, pathway, registry, deck."""
    from sarcoma_review.demo import walk

    started = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        folder = study or _sample(Path(scratch))
        with Console(stderr=True).status("working ..."):
            walk(folder, out, segment=segment, today=date.today(), say=print, progress=_Progress("reading"))
    print(f"done in    {time.monotonic() - started:.1f} s")


@app.command()
def deck(
    out: Annotated[Path, typer.Option(help="Ending in .html (to show), .pptx (to edit) or .pdf (to hand out).")],
    of: Annotated[
        Path | None,
        typer.Argument(readable=False, metavar="[CASE]", help="Images of a case, as the workbench opened them."),
    ] = None,
    as_demo: Annotated[bool, typer.Option("--demo", help="Of the shipped sample patient.")] = False,
    reveal: Annotated[bool, typer.Option("--reveal", help="With what came after the opinions.")] = False,
    template: Annotated[
        Path | None, typer.Option(readable=False, help="A hospital's own .pptx, whose design the slides take.")
    ] = None,
    home: Home = Path("cases"),
) -> None:
    """Write a deck: to show, edit or hand out. What came after the opinions stays out of it without --reveal."""
    from sarcoma_review.demo import sample_case
    from sarcoma_review.present.write import checked_place, write

    if as_demo == (of is not None):
        raise typer.BadParameter("name a case, or say --demo for the sample patient")
    checked_place(out)
    with tempfile.TemporaryDirectory() as scratch:
        made = prepared(of, home) if of else sample_case(_sample(Path(scratch)), date.today())
        print(write(made, out, reveal=reveal, template=template))


@app.command()
def phantom(
    folder: Place, replace: Annotated[bool, typer.Option(help="Take away what stands there.")] = False
) -> None:
    """Write the synthetic patients as DICOM, each in a folder of its own."""
    from sarcoma_review.phantom import PATIENTS

    if not replace and any((folder / make.__name__).exists() for make in PATIENTS):
        raise PrivacyError("a patient's folder exists already; nothing was written (--replace takes it away)")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        for make in PATIENTS:
            _draw(make, Path(scratch))
        for study in sorted(Path(scratch).iterdir()):
            if (folder / study.name).exists():
                shutil.rmtree(folder / study.name)
            shutil.move(study, folder / study.name)
            print(folder / study.name)


pathway = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Documents of rules: list them, or lint one.")
app.add_typer(pathway, name="pathway")
app.add_typer(registry_app, name="registry")
app.add_typer(outcomes_app, name="outcomes")
app.add_typer(room_app, name="room")
app.command()(batch)
app.command()(case)
app.command()(margins)


@pathway.command("list")
def pathway_list() -> None:
    """List the documents that can be loaded, with their versions and review dates."""
    from sarcoma_review.pathways import load_pathway, pathways

    for name in pathways():
        document = load_pathway(name)
        print(f"{name}: {document.title}; {document.notice(date.today())}")


@pathway.command("lint")
def pathway_lint(
    file: Annotated[Path, typer.Argument(readable=False, help="A document of your own, ending in .toml.")],
    as_json: Annotated[bool, typer.Option("--json", help="For a program to read.")] = False,
) -> None:
    """Say what is wrong or doubtful in a document of rules, line by line."""
    from sarcoma_review.pathways.lint import lint

    try:
        findings = lint(file.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        raise typer.BadParameter("expected a text file in UTF-8") from None
    if as_json:
        print(json.dumps([asdict(finding) for finding in findings], indent=1))
    else:
        print(*findings, sep="\n") if findings else print("nothing found")
    raise typer.Exit(1 if findings else 0)


def _sample(scratch: Path) -> Path:
    """The shipped sample patient; made anew where the package is installed without it."""
    from sarcoma_review.demo import SAMPLE

    if (_SAMPLES / SAMPLE).is_dir():
        return _SAMPLES / SAMPLE
    from sarcoma_review.phantom import distal_femur_osteosarcoma

    print("sample_dicom/ is not here; making the sample patient, half a minute ...")
    return _draw(distal_femur_osteosarcoma, scratch)


def _draw(make: "Callable[[], Patient]", folder: Path) -> Path:
    """Make a synthetic patient and write it to a folder of its own, with what was taken later beside it."""
    from sarcoma_review.dicom.sample import write_patient

    with Console(stderr=True).status("drawing a patient ..."):
        patient = make()
    return write_patient(patient, folder, progress=_Progress("writing"))


if __name__ == "__main__":
    main()
