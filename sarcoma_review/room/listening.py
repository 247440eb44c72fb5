"""Listening links: one for everybody who may hear a meeting, signed, with an end, and taken back as a whole."""

import hmac
import os
import secrets
from datetime import datetime, timedelta
from pathlib import Path

from sarcoma_review.errors import MeetingError


def listening_token(folder: Path, meeting_id: str, *, ends: datetime) -> str:
    """The token of a listening link; as long as the key is the same it may be made again for another end.

    Parameters
    ----------
    folder : Path
        The data folder of the room, which holds a key for each meeting that is listened to.
    meeting_id : str
    ends : datetime
        Until when it opens.
    """
    place = _place(folder, meeting_id)
    if not place.exists():
        part = place.with_suffix(f".{os.getpid()}.part")
        part.touch(mode=0o600)
        part.write_bytes(secrets.token_bytes(32))
        part.replace(place)
    return _signed(place.read_bytes(), meeting_id, int(ends.timestamp()))


def stop_listening(folder: Path, meeting_id: str) -> None:
    """Take back every listening link of a meeting; links made from now on are others."""
    _place(folder, meeting_id).unlink(missing_ok=True)


def require_listener(folder: Path, meeting_id: str, token: str, *, now: datetime) -> timedelta:
    """Refuse whoever holds no listening link of a meeting; for how long it still opens.

    Parameters
    ----------
    folder : Path
    meeting_id : str
        A pseudonym: it becomes part of the name of a file.
    token : str
    now : datetime

    Raises
    ------
    MeetingError
        ``bad_token``, also for one that was taken back, or ``expired``.
    """
    try:
        key, ends = _place(folder, meeting_id).read_bytes(), int(token.partition(".")[0], 16)
    except (OSError, ValueError):
        raise MeetingError("bad_token", "expected a listening link of this meeting that was not taken back") from None
    if not hmac.compare_digest(_signed(key, meeting_id, ends).encode(), token.encode()):
        raise MeetingError("bad_token", "expected a listening link of this meeting that was not taken back")
    left = ends - now.timestamp()
    if left <= 0:
        raise MeetingError("expired", "this listening link is past its time")
    return timedelta(seconds=left)


def _place(folder: Path, meeting_id: str) -> Path:
    return folder / f"listen-{meeting_id}.key"


def _signed(key: bytes, meeting_id: str, ends: int) -> str:
    words = f"listen {meeting_id} {ends}"
    return f"{ends:x}.{hmac.digest(key, words.encode(), 'sha256').hex()}"
