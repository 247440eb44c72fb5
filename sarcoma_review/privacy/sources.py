"""The files of a folder, in a fixed order, read one at a time: DICOM, or listed with the reason why not."""

import contextlib
import logging
import os
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pydicom.config

from sarcoma_review.errors import NotDicomError
from sarcoma_review.privacy.content import is_plain_name
from sarcoma_review.privacy.receipt import AUDIT_NAMES, RECEIPT_NAME
from sarcoma_review.privacy.report import safe_name
from sarcoma_review.privacy.structure import PREFIX_END, Layout, is_dicom, layout


@dataclass(frozen=True)
class Source:
    """One file, the name by which reports call it, and whether its own name can say nothing about a person."""

    path: Path
    name: str
    has_plain_name: bool = True

    def read(self) -> Layout:
        """Take the file apart.

        Raises
        ------
        NotDicomError
            If it is not DICOM, is not whole or cannot be read.
        """
        return layout(self.content())

    @property
    def is_marked(self) -> bool:
        """Whether the file says that it is DICOM, be it readable or not."""
        try:
            with self.path.open("rb") as file:
                return is_dicom(file.read(PREFIX_END))
        except OSError:
            return False

    def content(self) -> bytes:
        """Read the file; of one that is not DICOM only the head.

        Raises
        ------
        NotDicomError
            If it cannot be read.
        """
        try:
            with self.path.open("rb") as file:
                head = file.read(PREFIX_END)
                file.seek(0)
                return file.read() if is_dicom(head) else head
        except OSError:
            raise NotDicomError("the file cannot be read from the disk") from None


def sources(path: Path) -> list[Source]:
    """List a file, or all files of a folder and the folders in it, sorted by name; receipts and audits apart."""
    if path.is_file():
        return [_source(path, path.name, 1)]
    found = sorted(p for p in _within(path) if p.name not in (RECEIPT_NAME, *AUDIT_NAMES))
    return [_source(p, p.relative_to(path).as_posix(), n) for n, p in enumerate(found, 1)]


def _source(path: Path, relative: str, number: int) -> Source:
    return Source(path, safe_name(relative, number), is_plain_name(relative))


def _within(path: Path) -> Iterator[Path]:
    """Every file below a folder, and each folder that cannot be looked into: reading it fails, and shows."""
    closed: list[OSError] = []
    for folder, _, names in os.walk(path, onerror=closed.append):
        yield from (place for name in names if (place := Path(folder, name)).is_file())
    yield from (Path(problem.filename) for problem in closed if problem.filename)


def nothing_found(others: int) -> NotDicomError:
    """Say that there was no DICOM file at all; the folder itself is not named, it may be called after a patient."""
    return NotDicomError(
        f'no DICOM file in the place given: expected files with "DICM" at byte 128, found {others} other files'
    )


@contextlib.contextmanager
def quietly() -> Iterator[None]:
    """Read values as they are: pydicom's warnings and log quote them, and the rules judge them anyway."""
    logger = logging.getLogger("pydicom")
    was_disabled, logger.disabled = logger.disabled, True
    try:
        with warnings.catch_warnings(), pydicom.config.disable_value_validation():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.disabled = was_disabled
