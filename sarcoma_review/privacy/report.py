"""What the check and the cleaner say, in values that are safe to print: no identifier, no source name."""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Outcome = Literal["open", "clean_first", "refuse"]

SHOWN = 10
_NEUTRAL_NAME = re.compile(
    r"(?:SR-[A-Z2-7]{10}/)?(?:(?:CT|MR|PT|SEG|RTSTRUCT|SR|KO|PR|US|SC|CR|DX|XA|RF)-\d{1,4}/)?"
    r"(?:(?:i|im|img|image|slice|ser|series|ct|mr|pt|seg|rtstruct)?[-_]?\d{1,4}"
    r"|rtstruct|seg|dicomdir|deidentification_receipt)"
    r"(?:\.(?:dcm|ima|json))?",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Fault:
    """One thing that keeps the gate shut.

    Attributes
    ----------
    file : str
        Relative name, or a counter such as ``"file 3"`` (third in sorted order) where it could hold an identifier.
    path : str
        Place in the data set, such as ``"(0008,0082)[0].(0008,0100)"``; empty for the file as a whole.
    keyword, rule : str
        DICOM keyword, and what decided.
    value : str
        Kind and length only, such as ``"PN, 9 characters"``.
    refuses : bool
        Cleaning would not help: this version withholds such a file.
    """

    file: str
    path: str
    keyword: str
    rule: str
    value: str
    refuses: bool = False

    def __str__(self) -> str:
        place = f" {self.path} {self.keyword}".rstrip()
        value = f" ({self.value})" if self.value else ""
        return f"{self.file}:{place}: {self.rule}{value}"


@dataclass(frozen=True, repr=False)
class PrivacyReport:
    """What `check` found.

    Attributes
    ----------
    outcome : {"open", "clean_first", "refuse"}
        Nothing to remove; `deidentify` has something to do; or something that this version cannot judge.
    faults : tuple of Fault
    files_checked : int
        DICOM files read.
    skipped : tuple of (str, str)
        Files that are not DICOM or cannot be read as such, each with the reason.
    """

    outcome: Outcome
    faults: tuple[Fault, ...]
    files_checked: int
    skipped: tuple[tuple[str, str], ...] = ()

    def __repr__(self) -> str:
        head = f"PrivacyReport({self.outcome!r}, {self.files_checked} files, {len(self.faults)} faults)"
        return "\n  ".join([head, *listed(self.faults)])


@dataclass(frozen=True, repr=False)
class DeidentificationReport:
    """What `deidentify` did.

    Attributes
    ----------
    written : tuple of str
        Names of the new files, relative to the destination.
    withheld : tuple of (str, str)
        Source files that were not released, each with the reason.
    actions : mapping of str to int
        How often each rule changed an element.
    case_id : tuple of str
        Pseudonym of each patient.
    receipt : Path
        Where the receipt lies.
    heads : tuple of (str, str)
        Series that may show a head, by folder, each with the reason: their export is closed until they are cropped
        below the orbits, or signed for with `sign_heads`.
    """

    written: tuple[str, ...]
    withheld: tuple[tuple[str, str], ...]
    actions: Mapping[str, int]
    case_id: tuple[str, ...]
    receipt: Path = field(compare=False)
    heads: tuple[tuple[str, str], ...] = ()

    def __repr__(self) -> str:
        reasons = Counter(reason for _, reason in self.withheld)
        head = f"DeidentificationReport({len(self.written)} files written, {len(self.withheld)} withheld)"
        withheld = (f"{count} x withheld: {reason}" for reason, count in sorted(reasons.items()))
        heads = (f"{series}: a head may be in view, export is closed: {reason}" for series, reason in self.heads)
        return "\n  ".join([head, *withheld, *heads])


def listed(faults: tuple[Fault, ...]) -> list[str]:
    """Describe the first faults and count the rest."""
    more = len(faults) - SHOWN
    return [str(fault) for fault in faults[:SHOWN]] + ([f"... and {more} more"] if more > 0 else [])


def safe_name(relative: str, number: int) -> str:
    """Give a file's own name where it is plainly neutral, and otherwise its number in sorted order.

    >>> safe_name("CT-3/0001.dcm", 7), safe_name("Smith_knee.dcm", 8)
    ('CT-3/0001.dcm', 'file 8')
    """
    return relative if _NEUTRAL_NAME.fullmatch(relative) else f"file {number}"
