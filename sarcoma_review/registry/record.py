"""A case as its journal tells it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from sarcoma_review.errors import RegistryError
from sarcoma_review.meeting import MeetingEntry
from sarcoma_review.registry.events import (
    CaseOpened,
    Correction,
    Decision,
    Event,
    Fact,
    ImagingReference,
    MarginPlan,
    Outcome,
)

Kind = TypeVar("Kind", bound=Fact)


@dataclass(frozen=True)
class Entry:
    """One line of the journal.

    Parameters
    ----------
    version : int
        1 for a case's first event.
    recorded_at : datetime
        UTC.
    event : Event
    hash : str
        SHA-256 over the event, its place and the hash before it.
    author : str
        Role or pseudonym of who wrote it; empty where none was given.
    """

    version: int
    recorded_at: datetime
    event: Event
    hash: str
    author: str = ""


@dataclass(frozen=True)
class CaseRecord:
    """A case as its journal tells it, after every correction.

    Parameters
    ----------
    case_id : str
    version : int
        Number of its last entry; give it to `Registry.append` as ``expect``.
    facts : dict of int to Event
        What stands, by the version it was first written as.
    """

    case_id: str
    version: int
    facts: dict[int, Fact]

    def of(self, kind: type[Kind]) -> tuple[Kind, ...]:
        """All facts of one kind, in the order they were recorded."""
        return tuple(fact for fact in self.facts.values() if isinstance(fact, kind))

    @property
    def opened(self) -> CaseOpened:
        """What the case is and what is asked."""
        return self.of(CaseOpened)[0]

    @property
    def imaging(self) -> tuple[ImagingReference, ...]:
        """The series it relies on."""
        return self.of(ImagingReference)

    @property
    def plans(self) -> tuple[MarginPlan, ...]:
        """Plans with their margins."""
        return self.of(MarginPlan)

    @property
    def decisions(self) -> tuple[Decision, ...]:
        """What meetings decided."""
        return self.of(Decision)

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """What happened."""
        return self.of(Outcome)


def effective(entries: Iterable[tuple[int, Event]]) -> dict[int, Fact]:
    """What stands of a case after every correction: version of the entry that was first, and the fact."""
    facts: dict[int, Fact] = {}
    for version, event in entries:
        if isinstance(event, MeetingEntry):
            raise RegistryError("this is a meeting, not a case; expected facts and corrections")
        if not isinstance(event, Correction):
            facts[version] = event
        elif event.replacement is None:
            facts.pop(event.corrects, None)
        else:
            facts[event.corrects] = event.replacement
    return dict(sorted(facts.items()))


def record_of(case_id: str, history: list[Entry]) -> CaseRecord:
    """The record that a history adds up to."""
    facts = effective((entry.version, entry.event) for entry in history)
    return CaseRecord(case_id, history[-1].version, facts)
