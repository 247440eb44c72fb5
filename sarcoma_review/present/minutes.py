"""The minutes of a meeting: what its journal says, for those who were there and those who were not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sarcoma_review.errors import RegistryError
from sarcoma_review.meeting import Meeting, MeetingEntry, replay
from sarcoma_review.registry import Checkpoint, Decision, Entry, Execution, PathwaySeen, Registry
from sarcoma_review.registry.record import effective

FOR_LEARNING = (
    "For learning; not for appraisal, complaint or litigation. No clinician is named here and no order of voting is "
    "kept; report incidents by your own organisation's way."
)


@dataclass(frozen=True)
class Minutes:
    """All that the minutes are made of; the same value makes the same files.

    Parameters
    ----------
    meeting_id : str
    meeting : Meeting
    head : str
        Hash of the meeting's last entry.
    checkpoint : Checkpoint, optional
        How far the whole journal went when the minutes were read; None where it was not asked for.
    problems : tuple of str
        What verifying the journal found; empty where all is whole.
    rules : mapping of str to tuple of PathwaySeen
        By case: what each pathway said of it when it was last looked at before the meeting ended.
    executions : mapping of int to Execution
        By number of the decision: whether it was carried out, as the case says now.
    """

    meeting_id: str
    meeting: Meeting
    head: str
    checkpoint: Checkpoint | None = None
    problems: tuple[str, ...] = ()
    rules: Mapping[str, tuple[PathwaySeen, ...]] = field(default_factory=dict)
    executions: Mapping[int, Execution] = field(default_factory=dict)

    def __repr__(self) -> str:
        return f"<Minutes, {len(self.meeting.cases)} case(s), {len(self.meeting.decisions)} decision(s)>"


def minutes_of(
    history: Sequence[Entry],
    *,
    meeting_id: str,
    checkpoint: Checkpoint | None = None,
    problems: Sequence[str] = (),
    cases: Mapping[str, Sequence[Entry]] | None = None,
) -> Minutes:
    """The minutes that a journal adds up to.

    Parameters
    ----------
    history : sequence of Entry
        Of the meeting.
    meeting_id : str
    checkpoint : Checkpoint, optional
    problems : sequence of str
        As `Registry.verify` found them.
    cases : mapping of str to sequence of Entry, optional
        Histories of the cases that are in the same registry.

    Raises
    ------
    RegistryError
        If the history is not one of a meeting.
    MeetingError
        If an entry of it could not have been written.
    """
    entries = [entry.event for entry in history if isinstance(entry.event, MeetingEntry)]
    if not entries or len(entries) != len(history):
        raise RegistryError("minutes are made of the history of a meeting, found another")
    known = cases or {}
    return Minutes(
        meeting_id=meeting_id,
        meeting=replay(entries),
        head=history[-1].hash,
        checkpoint=checkpoint,
        problems=tuple(problems),
        rules={case_id: _rules(case, until=history[-1]) for case_id, case in known.items()},
        executions={n: each for case in known.values() for n, each in _executions(case, meeting_id).items()},
    )


def read_minutes(registry: Registry, meeting_id: str) -> Minutes:
    """The minutes of a meeting kept in a registry, with its journal verified and a checkpoint made now.

    Raises
    ------
    RegistryError
        If there is no such meeting.
    """
    history = registry.history(meeting_id)
    agenda = replay(registry.meeting(meeting_id)).cases
    cases = {case_id: registry.history(case_id) for case_id in registry.cases() if case_id in agenda}
    return minutes_of(
        history,
        meeting_id=meeting_id,
        checkpoint=registry.checkpoint(),
        problems=registry.verify(),
        cases=cases,
    )


def _rules(history: Sequence[Entry], *, until: Entry) -> tuple[PathwaySeen, ...]:
    seen = {
        entry.event.pathway: entry.event
        for entry in history
        if isinstance(entry.event, PathwaySeen) and entry.recorded_at <= until.recorded_at
    }
    return tuple(seen[pathway] for pathway in sorted(seen))


def _executions(history: Sequence[Entry], meeting_id: str) -> dict[int, Execution]:
    facts = effective((entry.version, entry.event) for entry in history)
    numbers = {
        version: fact.decided_at.number
        for version, fact in facts.items()
        if isinstance(fact, Decision) and fact.decided_at and fact.decided_at.meeting_id == meeting_id
    }
    done = [fact for fact in facts.values() if isinstance(fact, Execution)]
    return {numbers[each.decision_version]: each for each in done if each.decision_version in numbers}
