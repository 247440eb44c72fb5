"""The gate: a study may be opened when the cleaner would find nothing to do in it.

Rules, table and vocabulary are those of the cleaner (`clean`), run with an identity that recognises and does not
replace.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple

from pydicom.dataset import Dataset
from pydicom.tag import Tag
from pydicom.uid import PYDICOM_IMPLEMENTATION_UID

from sarcoma_review.errors import NotDeidentifiedError, NotDicomError, UnsupportedError
from sarcoma_review.privacy import markers, pixels, text
from sarcoma_review.privacy.clean import Change, Cleaning
from sarcoma_review.privacy.identity import Recognised
from sarcoma_review.privacy.memo import Memo, cleaned_elements
from sarcoma_review.privacy.objects import TELLING, UNREAD, needs_reading, refusal
from sarcoma_review.privacy.profile import PEER_LEARNING
from sarcoma_review.privacy.receipt import RECEIPT_NAME, Receipt
from sarcoma_review.privacy.report import Fault, Outcome, PrivacyReport, listed
from sarcoma_review.privacy.sources import Source, nothing_found, quietly, sources
from sarcoma_review.privacy.structure import BIG_ENDIAN, DEFLATED, Layout
from sarcoma_review.privacy.treatments import PARSE_ERRORS

Clearance = Literal["receipt", "checked"]

# Group length, version, SOP class and instance, transfer syntax, implementation class and name.
_META_TAGS = frozenset((0x00020000, 0x00020001, 0x00020002, 0x00020003, 0x00020010, 0x00020012, 0x00020013))
_RECEIPT_DEPTH = 3


@dataclass(frozen=True)
class Admission:
    """What the gate let through.

    Attributes
    ----------
    clearance : {"receipt", "checked"}
        Every file clean and named by a receipt that matches; or clean by its content alone.
    files : tuple of Path
        The files that may be opened.
    skipped : tuple of (str, str)
        Files that are not DICOM or cannot be read as such, each with the reason; they are not to be opened.
    heads : mapping of str to str
        Of images that a receipt knows, why they may show a head; empty where nothing says so or somebody signed for
        it. Images that are not named here are still to be looked at.
    """

    clearance: Clearance
    files: tuple[Path, ...]
    skipped: tuple[tuple[str, str], ...]
    heads: Mapping[str, str] = field(default_factory=dict)


def check(path: str | Path) -> PrivacyReport:
    """Say whether a file or folder holds what could name a patient.

    Pixels are not looked at. Kinds of object that habitually carry burned-in text are refused instead; slices made
    from others (reformats, reports) are to be cleaned first, unless a receipt says that their series was read for
    text, that this reading was left out by decision, or that somebody has signed for them. First-hand slices are
    taken to bear none: without a receipt that is an assumption and no finding.

    Parameters
    ----------
    path : path
        A DICOM file, or a folder with its subfolders.

    Raises
    ------
    NotDicomError
        If there is no DICOM file at all.
    """
    return _looked_through(Path(path)).report


def admit(path: str | Path) -> Admission:
    """Let a study through, or say why not.

    Raises
    ------
    NotDeidentifiedError
        If there is any fault; the message lists the first ones, with values by kind and length only.
    NotDicomError
        If there is no DICOM file at all.
    """
    looked = _looked_through(Path(path))
    report, files = looked.report, looked.files
    if report.outcome != "open":
        remedy = "de-identify it first" if report.outcome == "clean_first" else "this version cannot clean all of it"
        head = f"the study is not de-identified ({len(report.faults)} faults): {remedy}"
        raise NotDeidentifiedError("\n  ".join([head, *listed(report.faults)]))
    return Admission("receipt" if looked.is_sealed else "checked", files, report.skipped, looked.heads)


_BROKEN = "a DICOM file that cannot be read, and so not be judged"


class _Looked(NamedTuple):
    """A report, the DICOM files it is about, what sealed receipts say of heads in them, and whether they name all."""

    report: PrivacyReport
    files: tuple[Path, ...]
    heads: dict[str, str]
    is_sealed: bool


def _looked_through(path: Path) -> _Looked:
    place = path.resolve()
    receipts = [Receipt.of(folder) for folder in _folders(place)]
    sealed = {file for receipt in receipts for file in receipt.sealed}
    signed = {file for receipt in receipts for file in receipt.signed}
    sampled = {file for receipt in receipts for file in receipt.read}
    faults: list[Fault] = []
    skipped: list[tuple[str, str]] = []
    read: list[Path] = []
    gate, last = Gate(), Path()
    with quietly():
        for source in sources(place):
            # What a sealed receipt names is known, but for one file in each folder, which is looked into.
            file, before, last = str(source.path), last, source.path.parent
            known = file in sealed and last == before
            try:
                faults += [] if known else gate.faults(source, signed=file in signed, read=file in sampled)
                faults += [] if source.has_plain_name else [Fault(source.name, "", "", "the name of the file", "")]
                read.append(source.path)
            except NotDicomError as error:
                skipped.append((source.name, str(error)))
                faults += [Fault(source.name, "", "", _BROKEN, "")] if source.is_marked else []
    if not read:
        raise nothing_found(len(skipped))
    problems = (problem for receipt in receipts for problem in receipt.problems)
    faults += [Fault("the receipt", "", "", problem, "") for problem in problems]
    heads = {file: reason for receipt in receipts for file, reason in receipt.heads.items()}
    report = PrivacyReport(_outcome(faults), tuple(faults), len(read), tuple(skipped))
    return _Looked(report, tuple(read), heads, all(str(file) in sealed for file in read))


def _outcome(faults: list[Fault]) -> Outcome:
    if any(fault.refuses for fault in faults):
        return "refuse"
    return "clean_first" if faults else "open"


@dataclass(frozen=True)
class Gate:
    """One look through files; what was judged in one is remembered for the others.

    Attributes
    ----------
    memo : Memo
    marks : dict
        What `markers.missing` says, by the bytes of the marks.
    """

    memo: Memo = field(default_factory=Memo)
    marks: dict[tuple[bytes, ...], list[Change]] = field(default_factory=dict)

    def faults(self, source: Source, *, signed: bool = False, read: bool = False) -> list[Fault]:
        """Give everything in one file that the cleaner would change.

        Raises
        ------
        NotDicomError
            If the file cannot be read as DICOM.
        """
        return self.judged(source.name, source.read(), signed=signed, read=read)

    def judged(self, name: str, layout: Layout, *, signed: bool = False, read: bool = False) -> list[Fault]:
        """Give everything in a file taken apart that the cleaner would change."""
        try:
            return self._judged(name, layout, signed=signed, read=read or signed)
        except UnsupportedError as error:
            return [Fault(name, "", "", str(error), "", refuses=True)]
        except NotDicomError:
            raise
        except PARSE_ERRORS:
            raise NotDicomError("a header that cannot be parsed") from None

    def _judged(self, name: str, layout: Layout, *, signed: bool, read: bool) -> list[Fault]:
        header = layout.part(TELLING)
        if reason := refusal(header, layout, signed=signed):
            return [Fault(name, "", "", reason, "", refuses=True)]
        run = Cleaning(Recognised(), PEER_LEARNING, sop_class=str(header.SOPClassUID), building=False)
        cleaned_elements(layout, run, self.memo)
        changes = [
            *_unread(header, read),
            *_meta(layout),
            *run.changes,
            *self._missing_marks(layout),
            *_around_pixels(layout, header),
        ]
        outside = [Fault(name, "", "", finding, "") for finding in layout.outside]
        return outside + [Fault(name, *change) for change in changes]

    def _missing_marks(self, layout: Layout) -> list[Change]:
        raw = tuple(layout.data[start:end] for tag, start, end in layout.elements if tag in _MARKS)
        if raw not in self.marks:
            self.marks[raw] = markers.missing(layout.part(_MARKS))
        return self.marks[raw]


_MARKS = frozenset((0x00100010, 0x00100020, 0x00120062, 0x00120063, 0x00120064, 0x00280303))


def _unread(header: Dataset, read: bool) -> list[Change]:
    """Pixels are not looked at here: a slice that somebody may have written on counts only if a receipt says so."""
    return [] if read or not needs_reading(header) else [Change("(0008,0008)", "ImageType", UNREAD, "")]


def _meta(layout: Layout) -> list[Change]:
    extra = [tag for tag in layout.meta if tag not in _META_TAGS and layout.meta[tag]]
    found = [Change(str(Tag(tag)), "", "file meta", f"{len(layout.meta[tag])} bytes") for tag in extra]
    if layout.meta_text(0x00020003) != layout.instance:
        found.append(Change(str(Tag(0x00020003)), "MediaStorageSOPInstanceUID", "differs from the data set", ""))
    return [*found, *_program(layout), *_encoding(layout)]


def _program(layout: Layout) -> list[Change]:
    found = []
    implementation, version = layout.meta_text(0x00020012), layout.meta_text(0x00020013)
    if implementation != PYDICOM_IMPLEMENTATION_UID and Recognised().uid(implementation) != implementation:
        masked = f"UI, {len(implementation)} characters"
        found.append(Change(str(Tag(0x00020012)), "ImplementationClassUID", "uid", masked))
    if text.technical(version) != version:
        masked = f"SH, {len(version)} characters"
        found.append(Change(str(Tag(0x00020013)), "ImplementationVersionName", "technical", masked))
    return found


def _encoding(layout: Layout) -> list[Change]:
    if layout.transfer_syntax not in (BIG_ENDIAN, DEFLATED):
        return []
    return [Change(str(Tag(0x00020010)), "TransferSyntaxUID", "written anew as explicit little endian", "")]


def _around_pixels(layout: Layout, header: Dataset) -> list[Change]:
    if layout.pixels is None:
        return []
    if layout.encapsulated:
        whole = pixels.is_stripped(header, layout.pixels, layout.transfer_syntax)
    else:
        whole = len(layout.pixels) == len(pixels.native(header, layout.pixels)) and _zero_padded(layout, header)
    return [] if whole else [Change("(7FE0,0010)", "PixelData", "bytes that are not picture", "")]


def _zero_padded(layout: Layout, header: Dataset) -> bool:
    return not any((layout.pixels or b"")[pixels.native_length(header) :])


def _folders(path: Path) -> list[Path]:
    """Folders with a receipt: below a folder, and at or some levels above it."""
    above = path.parents[:_RECEIPT_DEPTH]
    below = [found.parent for found in path.rglob(RECEIPT_NAME)] if path.is_dir() else []
    return sorted({folder for folder in [path, *above, *below] if (folder / RECEIPT_NAME).is_file()})
