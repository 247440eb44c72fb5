"""The outcome tracker: one case as a time line, what is due, and a new event in two clicks."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any, Self

import anywidget
from pydantic import ValidationError

from sarcoma_review.errors import ConflictError, PresentationError, SarcomaReviewError
from sarcoma_review.outcomes import Schedule, schedules
from sarcoma_review.registry import CaseRecord, Correction, Decision, Entry, Event, Execution, Registry
from sarcoma_review.registry.checks import check_case
from sarcoma_review.registry.events import EVENT, Fact
from sarcoma_review.registry.record import record_of
from sarcoma_review.widgets.time_line import Due, Line, day_words, due, fact_words, other_entries, time_line
from sarcoma_review.widgets.twin import Bundle, page, paragraph, table, with_html

STATIC = Path(__file__).parent / "static"
CHOICES: dict[str, tuple[str, dict[str, str]]] = {
    "seen_ned": ("Seen: no evidence of disease", {"kind": "follow_up_seen", "state": "no_evidence_of_disease"}),
    "seen_awd": ("Seen: alive with disease", {"kind": "follow_up_seen", "state": "alive_with_disease"}),
    "local_recurrence": ("Local recurrence", {"kind": "outcome", "type": "local_recurrence"}),
    "metastasis": ("Metastasis", {"kind": "outcome", "type": "metastasis"}),
    "infection_superficial": (
        "Wound infection, superficial",
        {"kind": "outcome", "type": "wound_infection", "depth": "superficial"},
    ),
    "infection_deep": ("Wound infection, deep", {"kind": "outcome", "type": "wound_infection", "depth": "deep"}),
    "infection_prosthesis": (
        "Wound infection, periprosthetic",
        {"kind": "outcome", "type": "wound_infection", "depth": "periprosthetic"},
    ),
    "loosening": ("Loosening", {"kind": "outcome", "type": "loosening"}),
    "loss_of_prosthesis": ("Loss of prosthesis", {"kind": "outcome", "type": "loss_of_prosthesis"}),
    "revision": ("Revision", {"kind": "outcome", "type": "revision"}),
    "amputation": ("Amputation", {"kind": "outcome", "type": "amputation"}),
    "death_disease": ("Death of disease", {"kind": "outcome", "type": "death", "cause": "disease"}),
    "death_other": ("Death of another cause", {"kind": "outcome", "type": "death", "cause": "other"}),
    "death_unknown": ("Death, cause not known", {"kind": "outcome", "type": "death", "cause": "unknown"}),
    "last_contact": ("Last contact", {"kind": "outcome", "type": "last_contact"}),
}
"""What can be added: key, words, and what is already known of the event."""
_CARRIED_OUT = {"yes": "carried out", "partly": "partly carried out", "no": "not carried out"}


class OutcomeTracker(anywidget.AnyWidget):
    """What was decided, done and achieved in one case, what happened since, and what is due.

    The first click chooses what happened, the second records it; the date, as far as it is known, and the certainty
    can be changed in between. Nothing is rewritten: a correction is an entry of its own, with its reason.

    Parameters
    ----------
    history : sequence of Entry
        Of the case, as `Registry.history` gives it.
    on : date
        The day from which is looked; also the date an event gets unless it is changed.
    record : callable, optional
        Takes an event and the version of the case it was made for, and writes it, or raises `ConflictError` where the
        case has moved on. Without it the case can be read only.
    reread : callable, optional
        Gives the history anew; needed with `record`.
    schedule : Schedule, optional
        Of follow-up.

    Raises
    ------
    PresentationError
        If there is no entry, or one of `record` and `reread` is missing.

    Notes
    -----
    The case lives in Python and is never stored in the notebook but for its time line; a page holds a copy. A second
    editor is shown what the first one wrote, and has to record anew.

    Examples
    --------
    >>> from sarcoma_review.registry import CaseOpened, Operation
    >>> registry = Registry.open(":memory:")
    >>> for event in (CaseOpened(question="?"), Operation(procedure="resection", on_date=date(2026, 1, 5))):
    ...     _ = registry.append("case-1", event)
    >>> tracker = OutcomeTracker.of(registry, "case-1", on=date(2026, 11, 22))
    >>> tracker.add("local_recurrence", date(2026, 10, 1), precision="month")
    >>> tracker
    <OutcomeTracker version 3, 3 entries; 3 overdue, 0 due.>
    """

    _esm = STATIC / "tracker.js"
    _css = STATIC / "tracker.css"

    def __init__(
        self,
        history: Sequence[Entry],
        *,
        on: date,
        record: Callable[[Event, int], object] | None = None,
        reread: Callable[[], Sequence[Entry]] | None = None,
        schedule: Schedule | None = None,
    ) -> None:
        if not history:
            raise PresentationError("a case has at least one entry; found none")
        if (record is None) != (reread is None):
            raise PresentationError("to record, the case must also be read anew: give both or neither")
        self._read(history)
        self._on, self._record, self._reread = on, record, reread
        self._schedule = schedule or schedules()["esmo-older-edition"]
        self._written = 0
        self._guard = threading.RLock()
        super().__init__()
        self.on_msg(self._hear)

    @classmethod
    def of(
        cls, registry: Registry, case_id: str, *, on: date, author: str = "", schedule: Schedule | None = None
    ) -> Self:
        """A tracker of a case that records in its registry, under a role or pseudonym."""
        return cls(
            registry.history(case_id),
            on=on,
            record=lambda event, expect: registry.append(case_id, event, expect, author=author),
            reread=lambda: registry.history(case_id),
            schedule=schedule,
        )

    @property
    def case(self) -> CaseRecord:
        """The case after every correction."""
        return self._case

    @property
    def lines(self) -> list[Line]:
        """The time line."""
        return time_line(self._history, self.case)

    @property
    def due(self) -> Due:
        """What the schedule asks for."""
        return due(self.case, self._schedule, on=self._on)

    @property
    def choices(self) -> dict[str, str]:
        """What can be added, in words: also whether a decision was carried out, where nobody said so yet."""
        answered = {done.decision_version for done in self.case.of(Execution)}
        open_ones = [v for v, fact in self.case.facts.items() if isinstance(fact, Decision) and v not in answered]
        done = {
            f"{answer}_{version}": f"Entry {version} {words}"
            for version in open_ones
            for answer, words in _CARRIED_OUT.items()
        }
        return done | {key: words for key, (words, _) in CHOICES.items()}

    def add(
        self,
        choice: str,
        on: date,
        *,
        precision: str = "day",
        certainty: str = "certain",
        note: str = "",
        expect: int | None = None,
    ) -> None:
        """Record an event.

        Parameters
        ----------
        choice : str
            A key of `choices`.
        on : date
        precision : {"day", "month", "year"}
        certainty : {"certain", "probable", "possible"}
        note : str
            For a decision that was not, or only partly, carried out: the reason.
        expect : int, optional
            Version of the case that the writer saw; the tracker's own without it.

        Raises
        ------
        ConflictError
            If somebody else has written since; the message says what, and the tracker shows it.
        PresentationError
            If there is no such choice, the event cannot be such, or the case is for reading only.
        """
        if choice not in self.choices:
            raise PresentationError("there is no such event to add")
        said, (answer, _, version) = note or None, choice.partition("_")
        if answer in _CARRIED_OUT and version.isdigit():
            known = {"kind": "execution", "decision_version": int(version), "carried_out": answer, "reason": said}
        else:
            known = {**CHOICES[choice][1], "note": said}
        self._write(_event(known, on=on, precision=precision, certainty=certainty), expect)

    def correct(
        self,
        version: int,
        *,
        reason: str,
        on: date | None = None,
        precision: str = "",
        certainty: str = "",
        expect: int | None = None,
    ) -> None:
        """Put another date or certainty in the place of an entry's, or, without a date, take the entry back.

        Precision and certainty stay as they are where they are not given.

        Raises
        ------
        ConflictError
            As `add`.
        PresentationError
            If the entry does not stand, has no date, or no reason is given.
        """
        fact = self.case.facts.get(version)
        if fact is None:
            raise PresentationError(f"entry {version} does not stand: there is nothing to correct")
        if not reason.strip():
            raise PresentationError("a correction needs its reason")
        made = None
        if on is not None:
            known = fact.model_dump()
            precision, certainty = precision or known.get("precision", ""), certainty or known.get("certainty", "")
            made = _event(known, on=on, precision=precision, certainty=certainty)
        self._write(
            _checked({"kind": "correction", "corrects": version, "reason": reason, "replacement": made}), expect
        )

    def __repr__(self) -> str:
        return f"<OutcomeTracker version {self.case.version}, {len(self.lines)} entries; {self.due.words}>"

    def _repr_mimebundle_(self, **options: Any) -> Bundle:
        return with_html(super()._repr_mimebundle_(**options), self._still())

    def _write(self, event: Event, expect: int | None) -> None:
        with self._guard:
            if self._record is None or self._reread is None:
                raise PresentationError("this case is for reading only")
            seen = self.case.version if expect is None else expect
            try:
                self._record(event, seen)
            except ConflictError:
                self._read(self._reread())
                self._tell()
                raise ConflictError(
                    f"the case has moved on. Written since: {self._since(seen)}. Look at it, and record anew if it "
                    "still holds"
                ) from None
            self._written += 1
            self._read(self._reread())
            self._tell()

    def _read(self, history: Sequence[Entry]) -> None:
        self._history = list(history)
        self._case = record_of("case", self._history)

    def _since(self, version: int) -> str:
        return "; ".join(_entry_words(entry) for entry in self._history if entry.version > version) or "nothing"

    def _tell(self) -> None:
        self.send({"t": "case", **self._state()})

    def _hear(self, _widget: object, said: dict[str, Any], _buffers: object) -> None:
        match said:
            case {"t": "hello", "page": str(to)}:
                self.send({"t": "case", "to": to, **self._state()})
            case {"t": "add", "page": str(to), "choice": str(choice), "version": int(expect)}:
                self._try(to, lambda: self.add(choice, expect=expect, note=str(said.get("note", "")), **_when(said)))
            case {"t": "correct", "page": str(to), "entry": int(n), "reason": str(why), "version": int(expect)}:
                self._try(to, lambda: self.correct(n, reason=why, expect=expect, **_when(said)))
            case {"t": "take_back", "page": str(to), "entry": int(n), "reason": str(why), "version": int(expect)}:
                self._try(to, lambda: self.correct(n, reason=why, expect=expect))

    def _try(self, to: str, change: Callable[[], None]) -> None:
        """Whatever stands in the way, a missing date or a full disk, is said on the page that asked."""
        before = self._written
        try:
            change()
        except Exception as problem:
            ours = isinstance(problem, SarcomaReviewError)
            done = "Not recorded" if self._written == before else "Recorded, but not read again"
            words = f"{done}: {problem if ours else 'an error in Python; see the log'}."
            self.send({"t": "refused", "to": to, "words": words})
            if not ours:
                raise

    def _state(self) -> dict[str, Any]:
        found = check_case(self.case, on=self._on)
        return {
            "version": self.case.version,
            "on": self._on.isoformat(),
            "lines": [self._line_words(line) for line in self.lines],
            "others": other_entries(self._history),
            "choices": [{"key": key, "words": words} for key, words in self.choices.items()],
            "writable": self._record is not None,
            "due": asdict(self.due),
            "findings": [f"entry {finding.version}: {finding.rule}: {finding.text}" for finding in found],
        }

    def _line_words(self, line: Line) -> dict[str, Any]:
        fact = self.case.facts.get(line.version)
        dated = fact is not None and getattr(fact, "on_date", None) is not None
        return {
            **asdict(line),
            "day": line.day.isoformat(),
            "precision": getattr(fact, "precision", "day"),
            "certainty": getattr(fact, "certainty", ""),
            "correctable": dated and line.group != "record",
        }

    def _still(self) -> str:
        rows = [
            (line.when, line.group, f"{line.words}{'' if line.stands else ' (taken back)'}", "; ".join(line.changes))
            for line in self.lines
        ]
        asked = [("due", words) for words in (self.due.words, *self.due.windows, self.due.source)]
        return page(
            "Outcomes of one case",
            table(("When", "What", "Entry", "Changed"), rows),
            *(paragraph(words) for _, words in asked),
        )


def _event(known: dict[str, Any], *, on: date, precision: str, certainty: str) -> Event:
    """An event with its date, and with precision and certainty as far as its kind has them."""
    fields = {"on_date": on, "precision": precision, "certainty": certainty}
    model = _MODELS[known["kind"]].model_fields
    if "on_date" not in model:
        raise PresentationError(f"an entry of the kind {known['kind'].replace('_', ' ')} has no date to correct")
    return _checked({name: value for name, value in (known | fields).items() if name in model})


def _checked(values: dict[str, Any]) -> Event:
    try:
        return EVENT.validate_python(values)
    except ValidationError as problem:
        raise PresentationError("; ".join(str(each["msg"]) for each in problem.errors())) from None


_MODELS: dict[str, type[Fact]] = {str(kind.model_fields["kind"].default): kind for kind in Fact.__args__}


def _when(said: dict[str, Any]) -> dict[str, Any]:
    """Date, precision and certainty as a page says them."""
    try:
        day = date.fromisoformat(str(said.get("on")))
    except ValueError:
        raise PresentationError("a date is needed, as far as it is known") from None
    return {"on": day, "precision": str(said.get("precision")), "certainty": str(said.get("certainty"))}


def _entry_words(entry: Entry) -> str:
    event, by = entry.event, f" by {entry.author}" if entry.author else ""
    if isinstance(event, Correction):
        return f"entry {event.corrects} {'taken back' if event.replacement is None else 'corrected'}{by}"
    day, precision = getattr(event, "on_date", None), getattr(event, "precision", "day")
    return f"{fact_words(event)}{f', {day_words(day, precision)}' if day else ''}{by}"
