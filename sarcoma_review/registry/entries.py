"""One entry of the journal: what may be written where, and how it is chained to what stands before it."""

import json
from typing import Any

from sqlalchemy import Connection, insert, select

from sarcoma_review.errors import ConflictError, RegistryError
from sarcoma_review.meeting import MeetingEntry, OpenMeeting, is_pseudonym
from sarcoma_review.registry.chain import entry_hash, link
from sarcoma_review.registry.events import CaseOpened, Correction, Event, Execution
from sarcoma_review.registry.projections import project
from sarcoma_review.registry.tables import CHECKPOINT, JOURNAL, MEETING

_EVERY = 100  # entries between the checkpoints that the registry makes by itself


def write(connection: Connection, case_id: str, event: Event, *, expect: int | None, author: str, now: str) -> int:
    """Write one entry in a transaction that is the only writer; the case's new version."""
    last = connection.execute(
        select(JOURNAL.c.version, JOURNAL.c.hash)
        .where(JOURNAL.c.case_id == case_id)
        .order_by(JOURNAL.c.version.desc())
        .limit(1)
    ).first()
    version, previous = (last.version, last.hash) if last else (0, "")
    _require_expected(connection, case_id, version, expect)
    require_place(connection, case_id, version, event=event)
    body = canonical(event)
    own = entry_hash(case_id, version + 1, now, body=body, previous=previous, author=author)
    append_row(
        connection,
        {
            "case_id": case_id,
            "version": version + 1,
            "kind": event.kind,
            "recorded_at": now,
            "author": author,
            "body": body,
            "previous_hash": previous,
            "hash": own,
        },
    )
    project(connection, case_id, version + 1, event=event, recorded_at=now)
    return int(version) + 1


def append_row(connection: Connection, values: dict[str, Any]) -> None:
    """Put one entry at the end of the chain through all entries."""
    end = last_entry(connection)
    number, chain_before = (end.id, end.chain) if end else (0, "")
    longer = link(chain_before, values["hash"])
    connection.execute(insert(JOURNAL).values(id=number + 1, chain=longer, **values))
    if (number + 1) % _EVERY == 0:
        keep_checkpoint(connection, number + 1, longer, values["recorded_at"])


def canonical(event: Event) -> str:
    """The text of an event that is stored and hashed."""
    return json.dumps(event.model_dump(mode="json"), sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def last_entry(connection: Connection) -> Any:
    """Number and chain of the last entry of all; None in an empty registry."""
    query = select(JOURNAL.c.id, JOURNAL.c.chain).order_by(JOURNAL.c.id.desc()).limit(1)
    return connection.execute(query).first()


def keep_checkpoint(connection: Connection, sequence: int, reached: str, now: str) -> None:
    """Write down how far the chain reached at an entry."""
    connection.execute(insert(CHECKPOINT).values(sequence=sequence, chain=reached, made_at=now))


def require_pseudonyms(case_id: str, author: str) -> None:
    """Refuse a case id or an author that could name or number a person.

    Raises
    ------
    RegistryError
        If one of them could.
    """
    _require_pseudonym(case_id, "case id")
    if author:
        _require_pseudonym(author, "author")


def _require_pseudonym(name: str, what: str) -> None:
    if not isinstance(name, str) or not is_pseudonym(name):
        article = "an" if what == "author" else "a"
        raise RegistryError(
            f"{article} {what} is a pseudonym of letters, digits, - and _, with no number of six digits or more"
        )


def _require_expected(connection: Connection, case_id: str, version: int, expect: int | None) -> None:
    if expect is None or expect == version:
        return
    query = select(JOURNAL.c.kind).where(JOURNAL.c.case_id == case_id, JOURNAL.c.version > expect)
    kinds = [row.kind for row in connection.execute(query.order_by(JOURNAL.c.version))]
    since = ", ".join(kinds) or "nothing"
    raise ConflictError(f"expected version {expect} of the case, found {version}; written since: {since}")


def require_place(connection: Connection, case_id: str, version: int, *, event: Event) -> None:
    """Refuse an event that cannot follow version `version` of its case, or of its meeting.

    Raises
    ------
    RegistryError
        If the case or the meeting is not open or open already, the event names an entry that is not there, or belongs
        to a case where a meeting stands, or the other way about.
    """
    if isinstance(event, MeetingEntry):
        _require_meeting(connection, case_id, version, event=event)
        return
    if version and _kind_at(connection, case_id, version) == MEETING:
        raise RegistryError(f"this is a meeting, which takes entries of a meeting alone; found {event.kind}")
    _require_order(version, event)
    _require_target(connection, case_id, event)


def _require_meeting(connection: Connection, meeting_id: str, version: int, *, event: MeetingEntry) -> None:
    opens = isinstance(event.action, OpenMeeting)
    if not version and not opens:
        raise RegistryError(f"the first entry of a meeting is open_meeting, found {event.action.kind}")
    if version and _kind_at(connection, meeting_id, version) != MEETING:
        raise RegistryError("this is a case, which takes no entry of a meeting")
    if version and opens:
        raise RegistryError("the meeting is open already; a meeting is opened once")


def _require_order(version: int, event: Event) -> None:
    if not version and not isinstance(event, CaseOpened):
        raise RegistryError(f"the first event of a case is case_opened, found {event.kind}")
    if version and isinstance(event, CaseOpened):
        raise RegistryError("the case is open already; a case is opened once")


def _require_target(connection: Connection, case_id: str, event: Event) -> None:
    """An event that names another entry names one that is there, and of the right kind."""
    if isinstance(event, Execution):
        _require_decision(connection, case_id, event.decision_version)
    if isinstance(event, Correction):
        _require_correctable(connection, case_id, event)
        if isinstance(event.replacement, Execution):
            _require_decision(connection, case_id, event.replacement.decision_version)


def _require_decision(connection: Connection, case_id: str, version: int) -> None:
    found = _kind_at(connection, case_id, version)
    if found != "decision":
        raise RegistryError(f"version {version} of the case is to be a decision, found {found}")


def _require_correctable(connection: Connection, case_id: str, event: Correction) -> None:
    found = _kind_at(connection, case_id, event.corrects)
    if event.replacement is None:
        if found in ("no entry", "correction", "case_opened"):
            raise RegistryError(f"version {event.corrects} of the case cannot be taken back: found {found}")
    elif found != event.replacement.kind:
        raise RegistryError(f"version {event.corrects} of the case is to be {event.replacement.kind}, found {found}")


def _kind_at(connection: Connection, case_id: str, version: int) -> str:
    query = select(JOURNAL.c.kind).where(JOURNAL.c.case_id == case_id, JOURNAL.c.version == version)
    return connection.execute(query).scalar() or "no entry"
