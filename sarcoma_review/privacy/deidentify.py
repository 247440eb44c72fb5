"""De-identify a case: every file rewritten from scratch, checked by the gate, and released whole or not at all."""

import shutil
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import version as installed_version
from pathlib import Path

from pydicom.dataset import Dataset

from sarcoma_review.errors import NotDicomError, PrivacyError, UnsupportedError
from sarcoma_review.privacy.clean import Cleaning
from sarcoma_review.privacy.gate import check
from sarcoma_review.privacy.identity import Keyed, keep_secret, load_secret
from sarcoma_review.privacy.objects import ADMITTED, refusal
from sarcoma_review.privacy.profile import Profile, profile_named
from sarcoma_review.privacy.receipt import RECEIPT_NAME, write_receipt
from sarcoma_review.privacy.report import DeidentificationReport, listed
from sarcoma_review.privacy.rewrite import rewritten, write
from sarcoma_review.privacy.sources import Source, nothing_found, quietly, sources
from sarcoma_review.privacy.structure import Layout
from sarcoma_review.privacy.tokens import Tokens
from sarcoma_review.privacy.treatments import PARSE_ERRORS

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class _Run:
    """What gathers while one case is worked on."""

    secret: bytes
    profile: Profile
    version: str
    folder: Path
    withheld: list[tuple[str, str]] = field(default_factory=list)
    actions: Counter[str] = field(default_factory=Counter)
    cases: set[str] = field(default_factory=set)
    instances: set[str] = field(default_factory=set)
    series: dict[tuple[str, str], Path] = field(default_factory=dict)
    images: Counter[Path] = field(default_factory=Counter)
    tokens: Tokens = field(default_factory=Tokens)


def deidentify(
    source: str | Path,
    destination: str | Path,
    *,
    key_file: str | Path,
    profile: str = "peer-learning",
    progress: Progress | None = None,
) -> DeidentificationReport:
    """Write a de-identified copy of a case.

    The result is pseudonymised: whoever holds the key file can lead it back to the patient. Text burned into pixels
    and faces in the field of view are not looked for; kinds of object that habitually carry such text are withheld.

    Parameters
    ----------
    source : path
        A DICOM file, or a folder with its subfolders; it is only read.
    destination : path
        A folder that does not exist or is empty.
    key_file : path
        Secret from which pseudonyms, identifiers and shifts of time are drawn; made where it does not exist. The same
        key gives the same result again. It may lie neither in the source nor in the destination.
    profile : {"peer-learning", "basic"}
        Keep cleaned descriptions, shifted dates, sex and banded age; or none of them.
    progress : callable, optional
        Called with the number of files done and of all files.

    Raises
    ------
    PrivacyError
        If a place or profile is wrong, nothing could be released, or a check of the result failed. Nothing is then
        left behind.
    NotDicomError
        If there is no DICOM file in the source.
    """
    chosen, origin, target = profile_named(profile), Path(source), Path(destination)
    _refuse_places(origin, target)
    files = sources(origin)
    secret = load_secret(Path(key_file), apart_from=(origin, target))
    with tempfile.TemporaryDirectory(prefix=".deidentified-", dir=_existing(target)) as temporary:
        run = _Run(secret, chosen, installed_version("sarcoma_review"), Path(temporary) / "case")
        with quietly():
            _write_all(files, run, progress)
            names = _settled(run)
            _self_check(run, names)
        write_receipt(run.folder, names, profile=chosen, version=run.version)
        keep_secret(secret, Path(key_file))
        _release(run.folder, target)
    return DeidentificationReport(
        written=tuple(names),
        withheld=tuple(run.withheld),
        actions=dict(sorted(run.actions.items())),
        case_id=tuple(sorted(run.cases)),
        receipt=target / RECEIPT_NAME,
    )


def _refuse_places(source: Path, destination: Path) -> None:
    if not source.exists():
        raise PrivacyError("the source does not exist")
    inner, outer = destination.resolve(), source.resolve()
    if inner.is_relative_to(outer) or outer.is_relative_to(inner):
        raise PrivacyError("source and destination lie one in the other: keep them apart")
    if destination.exists() and (not destination.is_dir() or any(destination.iterdir())):
        raise PrivacyError("the destination holds something: expected a folder that is empty or does not exist")


def _existing(folder: Path) -> Path:
    """Find the nearest folder above that exists, so that a run that fails leaves no new ones."""
    return next(above for above in folder.resolve().parents if above.is_dir())


def _write_all(files: list[Source], run: _Run, progress: Progress | None) -> None:
    strangers = 0
    for done, source in enumerate(files, 1):
        try:
            layout = source.read()
        except NotDicomError as error:
            strangers += 1
            run.withheld.append((source.name, str(error)))
        else:
            _write_one(source, layout, run)
        if progress is not None:
            progress(done, len(files))
    if strangers == len(files):
        raise nothing_found(strangers)
    if not run.cases:
        reasons = "; ".join(sorted({reason for _, reason in run.withheld}))
        raise PrivacyError(f"nothing could be released: {reasons}")


def _write_one(source: Source, layout: Layout, run: _Run) -> None:
    try:
        header = layout.dataset()
        run.tokens.gather(header)
        reason = refusal(header, layout) or _collision(header, run) or _written(layout, header, run)
    except (NotDicomError, UnsupportedError) as error:
        reason = str(error)
    except PARSE_ERRORS as error:
        # What pydicom says may quote the value.
        kind = type(error).__name__
        raise PrivacyError(f"{source.name} could not be rewritten ({kind}): the case is withheld") from None
    if reason:
        run.withheld.append((source.name, reason))


def _collision(header: Dataset, run: _Run) -> str:
    instance = str(header.SOPInstanceUID)
    if instance in run.instances:
        return "its SOP instance UID is that of another file"
    run.instances.add(instance)
    return ""


def _written(layout: Layout, header: Dataset, run: _Run) -> str:
    identity = Keyed(run.secret, _patient(header))
    cleaning = Cleaning(identity, run.profile, is_own=run.tokens.names_patient)
    dataset = rewritten(layout, header, cleaning, version=run.version)
    run.actions.update(change.rule for change in cleaning.changes)
    run.cases.add(dataset.PatientID)
    write(dataset, _place(dataset, run), layout)
    return ""


def _patient(header: Dataset) -> str:
    return str(header.get("PatientID") or header.get("PatientName") or "").strip()


def _place(dataset: Dataset, run: _Run) -> Path:
    """Name a new file by counters alone: patient, modality and series, image."""
    case = run.folder / dataset.PatientID
    series = (str(dataset.PatientID), str(dataset.get("SeriesInstanceUID", "")))
    if series not in run.series:
        number = 1 + sum(patient == series[0] for patient, _ in run.series)
        run.series[series] = case / f"{ADMITTED[dataset.SOPClassUID]}-{number}"
    folder = run.series[series]
    run.images[folder] += 1
    return folder / f"{run.images[folder]:04d}.dcm"


def _settled(run: _Run) -> list[str]:
    """Take a single patient's folder away; give the names of all files."""
    if len(run.cases) == 1:
        only = run.folder / next(iter(run.cases))
        for series in only.iterdir():
            series.rename(run.folder / series.name)
        only.rmdir()
    return sorted(path.relative_to(run.folder).as_posix() for path in run.folder.rglob("*.dcm"))


def _self_check(run: _Run, names: list[str]) -> None:
    report = check(run.folder)
    if report.outcome != "open" or report.files_checked != len(names):
        raise PrivacyError(
            "\n  ".join(["the result did not pass the gate: the case is withheld", *listed(report.faults)])
        )
    for name in names:
        layout = Source(run.folder / name, name).read()
        places = run.tokens.places(layout.dataset(), layout.data + b"".join(layout.meta.values()))
        if places:
            where = ", ".join(places[:10])
            raise PrivacyError(f"{name}: something of the source's identity remains at {where}: the case is withheld")


def _release(folder: Path, destination: Path) -> None:
    destination.parent.mkdir(parents=True, exist_ok=True)
    if destination.exists():
        destination.rmdir()
    shutil.move(folder, destination)
