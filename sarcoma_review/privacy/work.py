"""The work on single files, in one process or several: read, rewrite, check what was written, note what was done."""

import contextlib
import hashlib
import hmac
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from pydicom.dataset import Dataset

from sarcoma_review.errors import NotDicomError, PrivacyError, UnsupportedError
from sarcoma_review.privacy.clean import Cleaning
from sarcoma_review.privacy.gate import Gate
from sarcoma_review.privacy.head_words import WORD_TAGS, named
from sarcoma_review.privacy.identity import Keyed
from sarcoma_review.privacy.memo import Memo
from sarcoma_review.privacy.objects import KINDS, SECTIONS, TELLING, needs_reading, refusal
from sarcoma_review.privacy.profile import Profile
from sarcoma_review.privacy.receipt import entry
from sarcoma_review.privacy.report import listed
from sarcoma_review.privacy.rewrite import Manner, Picture, rewritten
from sarcoma_review.privacy.signature import Signature
from sarcoma_review.privacy.sources import Source, quietly
from sarcoma_review.privacy.structure import Layout, layout
from sarcoma_review.privacy.tokens import Tokens
from sarcoma_review.privacy.treatments import PARSE_ERRORS

BATCH = 32
FEWEST = 8
"""Files up to this number are done in one process: to start another takes longer."""


@dataclass(frozen=True)
class Task:
    """What is the same for every file of a case.

    Attributes
    ----------
    secret : bytes
        Content of the key file.
    profile : Profile
    version : str
        Of this program.
    folder : Path
        Takes the new files, by number.
    tokens : Tokens
        What the source calls the patient, as far as it is known.
    signature : Signature or None
    earlier : mapping of int to Done
        Files done by a run that was broken off, by number.
    """

    secret: bytes = field(repr=False)
    profile: Profile
    version: str
    folder: Path
    tokens: Tokens
    signature: Signature | None = None
    earlier: Mapping[int, "Done"] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Done:
    """What became of one file; no value of it.

    Attributes
    ----------
    number : int
        Of the file, in sorted order.
    name : str
        As reports call it.
    source_hash : str
        Keyed hash (HMAC-SHA-256) of the source file.
    reason : str
        Why it is withheld; empty if it was written.
    not_dicom : bool
        Withheld as something other than DICOM.
    case, kind, series, instance : str
        Pseudonym, modality, and new identifiers, of a file that was written.
    entry : dict
        For the receipt.
    actions : dict of str to int
        How often each rule changed an element.
    tokens : Tokens
        What this file calls the patient.
    """

    number: int
    name: str
    source_hash: str = ""
    reason: str = ""
    not_dicom: bool = False
    case: str = ""
    kind: str = ""
    series: str = ""
    instance: str = ""
    entry: dict[str, Any] = field(default_factory=dict)
    actions: dict[str, int] = field(default_factory=dict)
    tokens: Tokens = field(default_factory=Tokens, repr=False)

    @property
    def file(self) -> str:
        """Name of the new file before it is placed."""
        return f"{self.number:06d}"


def first_tokens(files: list[Source]) -> Tokens:
    """Gather what the first file of each folder calls the patient."""
    tokens, last = Tokens(), None
    for source in files:
        if source.path.parent != last:
            last = source.path.parent
            with quietly(), contextlib.suppress(*PARSE_ERRORS):
                tokens.gather(source.read().dataset())
    return tokens


def worked(numbered: list[tuple[int, Source]], task: Task, jobs: int) -> Iterator[Done]:
    """Work on files in some processes; results come in order.

    Raises
    ------
    PrivacyError
        If one that should have been released cannot be, or did not pass the check.
    """
    bench = Bench.ready(task)
    # What the first file teaches, the processes start with.
    here = numbered if jobs == 1 or len(numbered) <= FEWEST else numbered[:1]
    for number, source in here:
        yield bench.done(number, source)
    rest = numbered[len(here) :]
    if rest:
        size = min(BATCH, -(-len(rest) // (4 * jobs)))
        batches = [rest[start : start + size] for start in range(0, len(rest), size)]
        with ProcessPoolExecutor(jobs, initializer=_sit_down, initargs=(bench,)) as pool:
            for results in pool.map(_batch, batches):
                yield from results


_SEAT: list["Bench"] = []


def _sit_down(bench: "Bench") -> None:
    """Begin in a process of its own: what it learns from one batch, it knows in the next."""
    _SEAT[:] = [bench]


def _batch(numbered: list[tuple[int, Source]]) -> list[Done]:
    return [_SEAT[0].done(number, source) for number, source in numbered]


@dataclass(frozen=True)
class Bench:
    """One process at work: what it has cleaned and judged is remembered from file to file.

    Parameters
    ----------
    task : Task
    """

    task: Task
    gate: Gate = field(default_factory=Gate)
    tokens: Tokens = field(default_factory=Tokens)
    seen: set[bytes] = field(default_factory=set)
    memos: dict[str, Memo] = field(default_factory=dict)
    heads: dict[tuple[bytes, ...], str] = field(default_factory=dict)

    @classmethod
    def ready(cls, task: Task) -> "Bench":
        """Make ready to work, with the tokens that are known."""
        bench = cls(task)
        bench.tokens.add(task.tokens)
        return bench

    def done(self, number: int, source: Source) -> Done:
        """Work on one file."""
        content = b""
        with quietly():
            try:
                content = source.content()
                return self._rewritten(number, source.name, content)
            except (NotDicomError, UnsupportedError) as error:
                not_dicom = isinstance(error, NotDicomError)
                return Done(number, source.name, self._keyed(content), str(error), not_dicom)
            except PARSE_ERRORS as error:
                if isinstance(error, PrivacyError):
                    raise
                # What pydicom says may quote the value.
                kind = type(error).__name__
                raise PrivacyError(f"{source.name} could not be rewritten ({kind}): the case is withheld") from None

    def _keyed(self, content: bytes) -> str:
        return hmac.new(self.task.secret, content, hashlib.sha256).hexdigest()

    def _rewritten(self, number: int, name: str, content: bytes) -> Done:
        taken = layout(content)
        header = taken.part(TELLING)
        signature = self.task.signature
        blanking = signature.covers(content) if signature else None
        tokens = self._gathered(taken)
        earlier = self.task.earlier.get(number)
        if earlier and self._is_done(earlier, content):
            return replace(earlier, tokens=tokens)
        if reason := refusal(header, taken, signed=blanking is not None):
            return Done(number, name, self._keyed(content), reason, tokens=tokens)
        manner = self._manner(taken)
        picture = _without_text(taken, blanking) if blanking is not None else None
        new = rewritten(taken, header, manner, picture)
        self._check(name, new, signed=picture is not None)
        (self.task.folder / f"{number:06d}").write_bytes(new)
        identity = manner.run.identity
        return Done(
            number,
            name,
            self._keyed(content),
            case=identity.pseudonym(""),
            kind=KINDS[header.SOPClassUID],
            series=identity.uid(str(header.get("SeriesInstanceUID", ""))),
            instance=identity.uid(taken.instance),
            entry=entry(new, signature=signature.digest if signature and picture else "") | self._told(taken, header),
            actions=dict(Counter(change.rule for change in manner.run.changes)),
            tokens=tokens,
        )

    def _told(self, taken: Layout, header: Dataset) -> dict[str, str]:
        """For the entry of a slice: what its words say of a head, and whether it needs reading."""
        if KINDS[header.SOPClassUID] not in SECTIONS:
            return {}
        words = taken.raw(WORD_TAGS)
        if words not in self.heads:
            self.heads[words] = named(taken.part(WORD_TAGS))
        return {"head": self.heads[words]} | ({"made": "from others"} if needs_reading(header) else {})

    def _is_done(self, earlier: Done, content: bytes) -> bool:
        """Say whether an earlier run has written this very file, and what it wrote still stands."""
        path = self.task.folder / earlier.file
        whole = earlier.reason or (path.is_file() and entry(path.read_bytes())["sha256"] == earlier.entry["sha256"])
        return bool(whole) and hmac.compare_digest(earlier.source_hash, self._keyed(content))

    def _gathered(self, taken: Layout) -> Tokens:
        tokens = Tokens()
        tokens.gather_new(taken, self.seen)
        if not tokens.within(self.tokens):
            # What was cleaned without knowing them does not count.
            self.memos.clear()
            self.tokens.add(tokens)
        return tokens

    def _manner(self, taken: Layout) -> Manner:
        header = taken.part(TELLING)
        patient = str(header.get("PatientID") or header.get("PatientName") or "").strip()
        run = Cleaning(
            Keyed(self.task.secret, patient),
            self.task.profile,
            sop_class=str(header.SOPClassUID),
            is_own=self.tokens.names_patient,
        )
        return Manner(run, self.memos.setdefault(patient, Memo()), self.task.version)

    def _check(self, name: str, content: bytes, *, signed: bool) -> None:
        """Look at what was written as the gate does, and for the source's names and numbers in it."""
        written = layout(content)
        if faults := self.gate.judged(name, written, signed=signed, read=True):
            raise PrivacyError(
                "\n  ".join(["the result did not pass the gate: the case is withheld", *listed(tuple(faults))])
            )
        places = self.tokens.left_in(written)
        if places:
            where = ", ".join(places[:10])
            raise PrivacyError(f"{name}: something of the source's identity remains at {where}: the case is withheld")


def _without_text(taken: Layout, blanking: Any) -> Picture:
    # Decoders of pictures are loaded only where pictures are blanked.
    from sarcoma_review.privacy.pictures import without_text

    return Picture(*without_text(taken, taken.dataset(), blanking))
