"""De-identify a case: every file rewritten from scratch, checked by the gate, and released whole or not at all."""

import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from importlib.metadata import version as installed_version
from pathlib import Path

from sarcoma_review.errors import PrivacyError
from sarcoma_review.privacy.audit import write_audit
from sarcoma_review.privacy.heads import with_heads
from sarcoma_review.privacy.identity import keep_secret, load_secret
from sarcoma_review.privacy.journal import Journal
from sarcoma_review.privacy.profile import Profile, profile_named
from sarcoma_review.privacy.receipt import RECEIPT_NAME, write_receipt
from sarcoma_review.privacy.report import DeidentificationReport
from sarcoma_review.privacy.sampling import withheld_for_text
from sarcoma_review.privacy.signature import Signature
from sarcoma_review.privacy.sources import Source, nothing_found, sources
from sarcoma_review.privacy.tokens import Tokens
from sarcoma_review.privacy.work import Done, Task, first_tokens, worked

Progress = Callable[[int, int], None]


def deidentify(
    source: str | Path,
    destination: str | Path,
    *,
    key_file: str | Path,
    profile: str | Profile = "peer-learning",
    signature: Signature | None = None,
    jobs: int = 1,
    on: date | None = None,
    progress: Progress | None = None,
) -> DeidentificationReport:
    """Write a de-identified copy of a case.

    The result is pseudonymised: whoever holds the key file can lead it back to the patient. Faces in the field of
    view are not removed: series that may show a head are listed, and stay closed to export. Kinds of picture that
    habitually carry text are withheld unless somebody has signed for them. A run that is broken off leaves a hidden
    folder beside the destination, with clean files only, and the next run with the same settings goes on from there.

    Parameters
    ----------
    source : path
        A DICOM file, or a folder with its subfolders; it is only read.
    destination : path
        A folder that does not exist or is empty.
    key_file : path
        Secret from which pseudonyms, identifiers and shifts of time are drawn; made where it does not exist. The same
        key gives the same result again. It may lie neither in the source nor in the destination.
    profile : {"peer-learning", "basic"} or Profile
        Keep cleaned descriptions, shifted dates, sex and banded age; or none of them. A `Profile` may also leave out
        the look at some slices of each series, which takes a second a slice; the audit says so.
    signature : Signature, optional
        That a person has looked at the pictures of a `ContactSheet`: these are released, their text blanked.
    jobs : int
        Processes that work side by side.
    on : date, optional
        To be noted in receipt and audit; nothing is noted without one.
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
    if jobs < 1:
        raise PrivacyError(f"expected at least one process, found {jobs}")
    secret = load_secret(Path(key_file), apart_from=(origin, target))
    is_new_key = not Path(key_file).exists()
    folder = _existing(target) / f".{target.name or 'case'}.deidentified"
    task = Task(secret, chosen, installed_version("sarcoma_review"), folder, Tokens(), signature)
    keep_secret(secret, Path(key_file))  # before the work, so that a run that is stopped can go on with it
    try:
        done = _finished(sources(origin), task, jobs, progress)
        release = _placed(done, folder)
        noted = on.isoformat() if on else ""
        write_receipt(release.folder, release.entries, profile=chosen, version=task.version, on=noted)
        write_audit(release.folder, done, task, names=release.names, on=noted)
        _release(release.folder, target)
    except Exception:  # a run that was stopped by hand goes on where it was: its folder stays
        shutil.rmtree(folder, ignore_errors=True)
        if is_new_key:
            Path(key_file).unlink(missing_ok=True)
        raise
    shutil.rmtree(folder, ignore_errors=True)
    released = [one for one in done if not one.reason]
    return DeidentificationReport(
        written=tuple(sorted(release.entries)),
        withheld=tuple((one.name, one.reason) for one in done if one.reason),
        actions=dict(sorted(sum((Counter(one.actions) for one in released), Counter()).items())),
        case_id=tuple(sorted({one.case for one in released if one.case})),
        receipt=target / RECEIPT_NAME,
        heads=_heads(release.entries),
    )


def _heads(entries: Mapping[str, Mapping[str, object]]) -> tuple[tuple[str, str], ...]:
    """The series that may show a head, by folder, each with the reason."""
    return tuple(
        sorted({(name.rpartition("/")[0], str(one["head"])) for name, one in entries.items() if one.get("head")})
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


def _finished(files: list[Source], task: Task, jobs: int, progress: Progress | None) -> list[Done]:
    """Work on all files; once more where a later file told of a name that an earlier one was not cleaned of."""
    numbered = list(enumerate(files, 1))
    task = replace(task, tokens=first_tokens(files))
    journal = Journal.opened(task)
    results = journal.noted(worked(numbered, replace(task, earlier=journal.earlier), jobs))
    done = list(_shown(results, len(files), progress))
    everything = Tokens()
    for one in done:
        everything.add(one.tokens)
    if not everything.within(task.tokens) and _remains(done, everything, task.folder):
        done = list(worked(numbered, replace(task, tokens=everything), jobs))
    read = withheld_for_text(done, task.folder, samples=task.profile.samples_slices)
    return _judged(with_heads(read, task.folder))


def _shown(results: Iterable[Done], total: int, progress: Progress | None) -> Iterator[Done]:
    for count, one in enumerate(results, 1):
        yield one
        if progress is not None:
            progress(count, total)


def _remains(done: list[Done], tokens: Tokens, folder: Path) -> bool:
    """Say whether a file that was written holds what another file calls the patient."""
    written = (Source(folder / one.file, one.name) for one in done if not one.reason)
    return any(tokens.left_in(source.read()) for source in written)


def _judged(done: list[Done]) -> list[Done]:
    """Withhold the second file of each identifier; refuse where there is nothing to release."""
    strangers = sum(one.not_dicom for one in done)
    if strangers == len(done):
        raise nothing_found(strangers)
    seen: set[str] = set()
    judged = []
    for one in done:
        judged.append(replace(one, reason=_TWICE) if one.instance in seen and not one.reason else one)
        seen |= {one.instance} - {""}
    if all(one.reason for one in judged):
        reasons = "; ".join(sorted({one.reason for one in judged}))
        raise PrivacyError(f"nothing could be released: {reasons}")
    return judged


_TWICE = "its SOP instance UID is that of another file"


@dataclass(frozen=True)
class _Placed:
    """Files in the places in which they are released."""

    folder: Path
    names: dict[int, str]
    entries: dict[str, dict[str, str | int]]


def _placed(done: list[Done], folder: Path) -> _Placed:
    """Name new files by counters alone: patient, where there are several, then modality and series, then image."""
    released = [one for one in done if not one.reason]
    several = len({one.case for one in released}) > 1
    series: dict[tuple[str, str], str] = {}
    images: Counter[str] = Counter()
    placed = _Placed(folder / "case", {}, {})
    shutil.rmtree(placed.folder, ignore_errors=True)  # of a run that was stopped while it placed
    for one in released:
        of_case = sum(case == one.case for case, _ in series)
        home = series.setdefault((one.case, one.series), f"{one.kind}-{of_case + 1}")
        home = f"{one.case}/{home}" if several else home
        images[home] += 1
        name = f"{home}/{images[home]:04d}.dcm"
        placed.names[one.number], placed.entries[name] = name, one.entry
        (placed.folder / home).mkdir(parents=True, exist_ok=True)
        (folder / one.file).rename(placed.folder / name)
    return placed


def _release(folder: Path, destination: Path) -> None:
    destination.parent.mkdir(parents=True, exist_ok=True)
    if destination.exists():
        destination.rmdir()
    shutil.move(folder, destination)
