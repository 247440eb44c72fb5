"""The data folder of a room: journal, invitations, images, and the key of the receipts, for its owner alone."""

import os
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sarcoma_review.errors import ConflictError, MeetingError
from sarcoma_review.meeting import (
    SERVER,
    Action,
    Invite,
    Meeting,
    MeetingEntry,
    Member,
    OpenMeeting,
    Revoke,
    act,
    replay,
)
from sarcoma_review.registry import Registry
from sarcoma_review.room.access import Access

_ATTEMPTS = 5


_KEY = "receipt.key"


def is_room(path: Path) -> bool:
    """Whether a meeting was ever opened in this folder."""
    return (path / _KEY).is_file()


@dataclass(frozen=True)
class Folder:
    """Where a room keeps what it must not lose.

    Parameters
    ----------
    path : Path
        Made where it is not there, with its owner's rights alone.
    journal : str, optional
        The registry, where it is another than the folder's own: a file, or the address of a server.
    """

    path: Path
    journal: str | None = None

    def __post_init__(self) -> None:
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)

    def registry(self) -> Registry:
        """The one journal, which meetings and cases share."""
        return Registry.open(self.journal or self.path / "registry.sqlite")

    def access(self) -> Access:
        """The invitations and sessions."""
        return Access(self.path / "access.sqlite")

    def receipt_key(self) -> bytes:
        """What receipts are made with; made once, and kept outside the journal."""
        place = self.path / _KEY
        if not place.exists():
            part = place.with_suffix(f".{os.getpid()}.part")
            part.touch(mode=0o600)
            part.write_bytes(secrets.token_bytes(32))
            part.replace(place)
        return place.read_bytes()

    def open_meeting(self, meeting_id: str, opening: OpenMeeting) -> None:
        """Write down a meeting with its agenda and its members.

        Raises
        ------
        MeetingError
            ``open_already`` if there is one of this id.
        """
        self.receipt_key()
        chair = next(member.id for member in opening.members if member.role == "chair")
        registry = self.registry()
        try:
            before = registry.meeting(meeting_id) if meeting_id in registry.meetings() else []
            entry = MeetingEntry(action=opening, by=chair, at=datetime.now(UTC))
            replay([*before, entry])
            registry.append(meeting_id, entry, expect=len(before))
        finally:
            registry.close()

    def invite(self, meeting_id: str, member: Member | str, lasts: timedelta) -> str:
        """Make a personal link's token for a member; a new one is added to the meeting first.

        Raises
        ------
        MeetingError
            If there is no such meeting or member, the invitation was taken back, or a new member cannot be taken in.
        """
        member_id = member if isinstance(member, str) else member.id
        meeting = self.meeting(meeting_id)
        if member_id in meeting.revoked:
            raise MeetingError("revoked", "the invitation was taken back; a pseudonym is not invited twice")
        if isinstance(member, Member) and member.id not in meeting.members:
            meeting = self._do(meeting_id, Invite(member=member))
        if member_id not in meeting.members:
            raise MeetingError("not_a_member", "expected a member of the meeting, or a role and a unit for a new one")
        access = self.access()
        try:
            return access.invite(meeting_id, member_id, lasts)
        finally:
            access.close()

    def revoke(self, meeting_id: str, member_id: str) -> None:
        """Take an invitation back; a room that is in use closes the member's connections within half a second.

        Raises
        ------
        MeetingError
            If there is no such meeting or member, or it is the chair.
        """
        self._do(meeting_id, Revoke(member=member_id))
        access = self.access()
        try:
            access.revoke(meeting_id, member_id)
        finally:
            access.close()

    def meeting(self, meeting_id: str) -> Meeting:
        """A meeting as its journal tells it.

        Raises
        ------
        MeetingError
            ``not_open`` if there is none.
        """
        registry = self.registry()
        try:
            return _meeting(registry, meeting_id)
        finally:
            registry.close()

    def _do(self, meeting_id: str, action: Action) -> Meeting:
        """Let the room itself act, beside a server that may be writing."""
        registry = self.registry()
        try:
            for _ in range(_ATTEMPTS):
                meeting, at = _meeting(registry, meeting_id), datetime.now(UTC)
                after = act(meeting, action, by=SERVER, at=at)
                entry = MeetingEntry(action=action, by=SERVER, at=at)
                try:
                    registry.append(meeting_id, entry, expect=meeting.entries)
                except ConflictError:
                    continue
                return after
            raise MeetingError("not_kept", "others write in this journal all the time; nothing was kept")
        finally:
            registry.close()


def _meeting(registry: Registry, meeting_id: str) -> Meeting:
    if meeting_id not in registry.meetings():
        raise MeetingError("not_open", "expected a meeting of this journal, found another id")
    return replay(registry.meeting(meeting_id))
