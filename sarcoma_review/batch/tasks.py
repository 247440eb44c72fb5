"""What can be done with each of many studies: what it takes, and the columns it gives."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import NamedTuple

from filelock import FileLock

from sarcoma_review.batch.plans import measured
from sarcoma_review.dicom.scan import scan
from sarcoma_review.dicom.study import open_study
from sarcoma_review.errors import BatchError, NotDicomError
from sarcoma_review.privacy import check, deidentify
from sarcoma_review.privacy.receipt import Receipt
from sarcoma_review.registry import MarginPlan
from sarcoma_review.registry.planned import margin_plan

Cell = str | int | float | None


@dataclass(frozen=True)
class Options:
    """What tasks need besides the study.

    Parameters
    ----------
    into : Path, optional
        Folder for what `deidentify` and `deck` write, a folder or file for each study.
    key_file : Path, optional
        Of `deidentify`: one for the whole run, so that a patient has one pseudonym in all studies.
    profile : str
        Of `deidentify`: ``"peer-learning"`` or ``"basic"``.
    segment : str
        Name of the tumour's outline, of `margins` and `deck`.
    plans : Path or str, optional
        Stored plans, of `margins` and `deck`: a registry, or a JSON file of planes by pseudonym,
        ``{"SR-...": {"planes": [{"name": ..., "point_mm": ..., "normal": ..., "kerf_mm": ...}]}}``.
    on : date, optional
        Of `deck`: the day on which it is prepared.
    requests : int
        Studies of an archive that are fetched side by side, each with one request at a time.
    """

    into: Path | None = None
    key_file: Path | None = None
    profile: str = "peer-learning"
    segment: str = "tumour"
    plans: Path | str | None = None
    on: date | None = None
    requests: int = 4


class Found(NamedTuple):
    """What a task found in a study: its cells, and, where it has one, an event for the case of this pseudonym."""

    cells: Mapping[str, Cell]
    case_id: str = ""
    event: MarginPlan | None = None


class Task(NamedTuple):
    """A task.

    Attributes
    ----------
    run : callable
        Takes folder or file of the study, the options, and the study's name in the table.
    columns : mapping of str to type
    needs : tuple of str
        The options without which it cannot begin.
    heads_only : bool
        Whether it reads headers alone.
    """

    run: Callable[[Path, Options, str], Found]
    columns: Mapping[str, type]
    needs: tuple[str, ...] = ()
    heads_only: bool = False


def task_named(name: str, options: Options) -> Task:
    """Find a task, if the options hold what it needs.

    Raises
    ------
    BatchError
    """
    if name not in TASKS:
        raise BatchError(f"expected one of the tasks {', '.join(TASKS)}, found {name!r:.40}")
    absent = [need for need in TASKS[name].needs if getattr(options, need) is None]
    if absent:
        raise BatchError(f"the task {name} needs {' and '.join(absent)}")
    return TASKS[name]


def _scan(folder: Path, _options: Options, _name: str) -> Found:
    index = scan(folder)
    if not index.series:
        raise NotDicomError(f"expected DICOM files, found {len(index.skipped)} other file(s)")
    specs = [spec for entry in index.series.values() for spec in entry.volumes()]
    left = [reason for entry in index.series.values() for _, reason in entry.residue]
    refused = [str(spec.fault) for spec in specs if spec.fault]
    return Found(
        {
            "series": len(index.series),
            "images": sum(len(entry.instances) for entry in index.series.values()),
            "volumes": len(specs),
            "modalities": _counted(spec.modality for spec in specs),
            "refused": len(refused),
            "left_out": len(left),
            "skipped": len(index.skipped),
            "notes": _counted([*refused, *left, *(reason for _, reason in index.skipped)]),
        }
    )


def _check(folder: Path, _options: Options, _name: str) -> Found:
    report = check(folder)
    return Found(
        {
            "gate": report.outcome,
            "files": report.files_checked,
            "faults": len(report.faults),
            "skipped": len(report.skipped),
            "rules": _counted(fault.rule for fault in report.faults),
        }
    )


def _deidentify(folder: Path, options: Options, name: str) -> Found:
    assert options.into is not None
    lock = options.into / f".{name}.lock"
    with FileLock(lock):  # the same study may lie there twice, and be worked on at once
        found = _released(folder, options.into / name, options)
        with suppress(OSError):  # whoever waits for it finds the study released
            lock.unlink()
    return found


def _released(folder: Path, target: Path, options: Options) -> Found:
    if target.is_dir() and any(target.iterdir()):  # released whole, by another or by a run that was stopped
        return Found({"files": len(Receipt.of(target).sealed), "withheld": None, "notes": "released earlier"})
    assert options.key_file is not None
    report = deidentify(folder, target, key_file=options.key_file, profile=options.profile)
    return Found(
        {
            "files": len(report.written),
            "withheld": len(report.withheld),
            "notes": _counted([*(reason for _, reason in report.withheld), *(why for _, why in report.heads)]),
        }
    )


def _margins(folder: Path, options: Options, _name: str) -> Found:
    assert options.plans is not None
    study = open_study(folder)
    tumour, plan, report = measured(study, options.segment, Path(options.plans))
    low, high = report.interval_mm
    return Found(
        {
            "case": study.pseudonym,
            "segment": tumour.name,
            "volume_ml": tumour.volume_ml,
            "minimum_mm": report.minimum_mm,
            "low_mm": low,
            "high_mm": high,
            "closest": report.closest.name,
            "planes": "; ".join(
                f"{row.name} {row.margin_mm:.2f} mm ({row.interval_mm[0]:.2f} to {row.interval_mm[1]:.2f})"
                for row in report.planes
            ),
            "findings": "; ".join([*report.findings, *tumour.findings]),
        },
        study.pseudonym,
        margin_plan(plan, report, tumour.name),
    )


def _deck(folder: Path, options: Options, name: str) -> Found:
    from sarcoma_review.batch.deck import case_of  # brings what draws, which no other task needs
    from sarcoma_review.present import write

    assert options.into is not None
    assert options.on is not None
    case = case_of(open_study(folder), options)
    made = write(case, options.into / f"{name}.html")
    return Found({"case": case.case_id, "file": made.name, "findings": "; ".join(case.findings)})


def _counted(reasons: Iterable[str]) -> str:
    return "; ".join(f"{count} x {reason}" for reason, count in sorted(Counter(reasons).items()))


TASKS: Mapping[str, Task] = {
    "scan": Task(
        _scan,
        {
            "series": int, "images": int, "volumes": int, "modalities": str, "refused": int, "left_out": int,
            "skipped": int, "notes": str,
        },
        heads_only=True,
    ),
    "check": Task(_check, {"gate": str, "files": int, "faults": int, "skipped": int, "rules": str}),
    "deidentify": Task(_deidentify, {"files": int, "withheld": int, "notes": str}, ("into", "key_file")),
    "margins": Task(
        _margins,
        {
            "case": str, "segment": str, "volume_ml": float, "minimum_mm": float, "low_mm": float, "high_mm": float,
            "closest": str, "planes": str, "findings": str,
        },
        ("plans",),
    ),
    "deck": Task(_deck, {"case": str, "file": str, "findings": str}, ("into", "on")),
}  # fmt: skip
"""By name; the modalities and reasons of a cell stand with their counts."""
