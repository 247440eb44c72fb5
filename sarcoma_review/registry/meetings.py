"""From a meeting into its cases: what was decided becomes an event of the case, once, and so does each correction."""

from collections.abc import Sequence
from dataclasses import dataclass

from sarcoma_review.errors import RegistryError
from sarcoma_review.meeting import AddAction, Decided, Meeting, attended, replay
from sarcoma_review.registry.events import Action, Correction, DecidedAt, Decision, Event
from sarcoma_review.registry.journal import Registry
from sarcoma_review.registry.record import Entry


@dataclass(frozen=True)
class Kept:
    """What `keep_decisions` wrote.

    Parameters
    ----------
    written : dict of str to tuple of int
        Case and the versions written to it now; a case whose decisions were there already is not in it.
    absent : tuple of str
        Cases of the agenda with decisions that are not in this registry: theirs are in the minutes alone.
    """

    written: dict[str, tuple[int, ...]]
    absent: tuple[str, ...]


def decisions_of(meeting: Meeting, meeting_id: str) -> dict[str, list[Decision]]:
    """A meeting's decisions as events of their cases, as they read now.

    An action that names no decision goes with the last one on its case. Who attended is told by profession, or by
    role where no profession is recorded.

    Parameters
    ----------
    meeting : Meeting
    meeting_id : str

    Returns
    -------
    dict of str to list of Decision
        By case, in order of their numbers; cases without a decision are not in it.
    """
    found: dict[str, list[Decision]] = {}
    for decided in meeting.decisions:
        found.setdefault(decided.case_id, []).append(_decision(meeting, meeting_id, decided))
    return found


def keep_decisions(registry: Registry, meeting_id: str) -> Kept:
    """Write the decisions of a signed meeting into its cases; a second time writes only what was corrected since.

    Raises
    ------
    RegistryError
        If there is no such meeting, or its minutes are not signed.
    ConflictError
        If somebody wrote to a case meanwhile; what was written to other cases stays, and is not written twice.
    """
    meeting = replay(registry.meeting(meeting_id))
    if meeting.signed_at is None:
        raise RegistryError("expected signed minutes, found a meeting that is not signed: nothing was written")
    here = set(registry.cases())
    written = {}
    decisions = decisions_of(meeting, meeting_id)
    for case_id in [case_id for case_id in decisions if case_id in here]:
        history = registry.history(case_id)
        known = _known(history, meeting_id)
        events = [event for each in decisions[case_id] if (event := _to_write(meeting, each, known)) is not None]
        if events:
            last = registry.append_all(case_id, events, expect=len(history), author=meeting.chair or "")
            written[case_id] = tuple(range(last - len(events) + 1, last + 1))
    return Kept(written, tuple(case_id for case_id in decisions if case_id not in here))


def _decision(meeting: Meeting, meeting_id: str, decided: Decided) -> Decision:
    text = decided.decision
    last = max(each.number for each in meeting.decisions if each.case_id == decided.case_id)
    actions = [each for each in meeting.cases[decided.case_id].actions if (each.number or last) == decided.number]
    return Decision(
        modality=text.modality,
        decision=text.decision,
        rationale=text.rationale,
        agreement=text.agreement,
        dissent=text.dissent,
        evidence=text.evidence,
        on_date=meeting.on_date,
        alternatives=text.alternatives,
        attendee_roles=tuple(sorted({_profession(meeting, member) for member in attended(meeting)})),
        actions=tuple(_action(each) for each in actions),
        decided_at=DecidedAt(
            meeting_id=meeting_id, number=decided.number, corrections=len(decided.earlier), ballot_id=text.ballot_id
        ),
    )


def _profession(meeting: Meeting, member: str) -> str:
    return meeting.members[member].profession or meeting.members[member].role


def _action(each: AddAction) -> Action:
    return Action(text=f"{each.system}: {each.action}", owner_role=each.owner_role, due=each.review_on)


def _known(history: Sequence[Entry], meeting_id: str) -> dict[int, tuple[int, int]]:
    """By its number at the meeting: where the case holds a decision, and how often that one was corrected."""
    known = {}
    for entry in history:
        fact = entry.event.replacement if isinstance(entry.event, Correction) else entry.event
        if isinstance(fact, Decision) and fact.decided_at and fact.decided_at.meeting_id == meeting_id:
            place = entry.event.corrects if isinstance(entry.event, Correction) else entry.version
            known[fact.decided_at.number] = (place, fact.decided_at.corrections)
    return known


def _to_write(meeting: Meeting, decision: Decision, known: dict[int, tuple[int, int]]) -> Event | None:
    at = decision.decided_at
    if at is None or at.number not in known:
        return decision
    place, corrections = known[at.number]
    if corrections >= at.corrections:
        return None
    reason = meeting.decisions[at.number - 1].earlier[-1][1]
    return Correction(corrects=place, reason=reason, replacement=decision)
