"""Who may come in: personal links and the sessions made of them. Only hashes of tokens are kept."""

import hashlib
import secrets
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sarcoma_review.errors import MeetingError

SESSION = timedelta(hours=24)
UNAUTHORISED = frozenset({"bad_token", "expired", "revoked", "no_session"})
"""Codes of `MeetingError` that say that somebody may not come in (401 of HTTP)."""

_TABLES = """
CREATE TABLE IF NOT EXISTS invitation (token_hash TEXT PRIMARY KEY, meeting TEXT NOT NULL, member TEXT NOT NULL,
  expires_at REAL NOT NULL, revoked INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS session (cookie_hash TEXT PRIMARY KEY, token_hash TEXT NOT NULL REFERENCES invitation,
  expires_at REAL NOT NULL);
"""
_SESSIONS = """
SELECT session.cookie_hash, invitation.meeting, invitation.member FROM session JOIN invitation USING (token_hash)
WHERE revoked = 0 AND session.expires_at > ? AND invitation.expires_at > ?
"""


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Access:
    """The invitations and sessions of a room, in a file that the room and its command line share.

    Parameters
    ----------
    path : path-like
        Of a SQLite file, made where there is none, readable by its owner alone.
    clock : callable, optional
    """

    def __init__(self, path: str | Path, clock: Callable[[], datetime] = _utc_now) -> None:
        self._clock = clock
        Path(path).touch(mode=0o600)
        # Writes go through threads of the server's pool, one at a time; the loop reads, and waits for none of them.
        self._guard, self._read_guard = threading.Lock(), threading.Lock()
        self._connection, self._reader = _connected(path), _connected(path)
        self._connection.executescript(_TABLES)

    def invite(self, meeting: str, member: str, lasts: timedelta) -> str:
        """Make a personal link's token; it is not kept and cannot be shown again."""
        token = secrets.token_urlsafe(32)
        ends = (self._clock() + lasts).timestamp()
        with self._writing() as connection:
            connection.execute(
                "INSERT INTO invitation (token_hash, meeting, member, expires_at) VALUES (?, ?, ?, ?)",
                (_hash(token), meeting, member, ends),
            )
        return token

    def join(self, meeting: str, token: str) -> tuple[str, str]:
        """Turn the token of a link into a session; the member and the cookie.

        Raises
        ------
        MeetingError
            ``bad_token``, ``revoked`` or ``expired``.
        """
        now = self._clock()
        with self._writing() as connection:
            found = connection.execute(
                "SELECT member, expires_at, revoked FROM invitation WHERE token_hash = ? AND meeting = ?",
                (_hash(token), meeting),
            ).fetchone()
            member, ends = _standing(found, now.timestamp())
            cookie = secrets.token_urlsafe(32)
            until = min(ends, (now + SESSION).timestamp())
            connection.execute("DELETE FROM session WHERE expires_at <= ?", (now.timestamp(),))
            connection.execute("INSERT INTO session VALUES (?, ?, ?)", (_hash(cookie), _hash(token), until))
        return member, cookie

    def member_of(self, meeting: str, cookie: str | None) -> str:
        """Whose session a cookie is.

        Raises
        ------
        MeetingError
            ``no_session`` if it is none, is over, or belongs to another meeting.
        """
        now = self._clock().timestamp()
        with self._read_guard:
            found = self._reader.execute(
                f"{_SESSIONS} AND cookie_hash = ?", (now, now, _hash(cookie or ""))
            ).fetchone()
        if found is None or found[1] != meeting:
            raise MeetingError("no_session", "expected a session of this meeting: open your personal link again")
        return str(found[2])

    def standing(self) -> frozenset[str]:
        """The keys of all sessions that hold now; see `key_of`."""
        now = self._clock().timestamp()
        with self._read_guard:
            return frozenset(row[0] for row in self._reader.execute(_SESSIONS, (now, now)))

    def end(self, cookie: str) -> None:
        """End one session."""
        with self._writing() as connection:
            connection.execute("DELETE FROM session WHERE cookie_hash = ?", (_hash(cookie),))

    def revoke(self, meeting: str, member: str) -> int:
        """Take back every link of a member, and with them the sessions; how many links there were."""
        with self._writing() as connection:
            found = connection.execute(
                "UPDATE invitation SET revoked = 1 WHERE meeting = ? AND member = ? AND revoked = 0",
                (meeting, member),
            )
            return found.rowcount

    def close(self) -> None:
        """Let go of the file."""
        with self._guard, self._read_guard:
            self._connection.close()
            self._reader.close()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._guard:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")


def _connected(path: str | Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)
    for statement in ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", "PRAGMA secure_delete=ON"):
        connection.execute(statement).fetchall()
    return connection


def key_of(cookie: str) -> str:
    """What a session is known by where its cookie must not be kept."""
    return _hash(cookie)


def _standing(found: tuple[str, float, int] | None, now: float) -> tuple[str, float]:
    if found is None:
        raise MeetingError("bad_token", "expected a personal link of this meeting; this one is not known")
    member, ends, revoked = found
    if revoked:
        raise MeetingError("revoked", "this personal link was taken back")
    if ends <= now:
        raise MeetingError("expired", "this personal link is past its day; ask the chair for another")
    return member, ends


def _hash(secret: str) -> str:
    # Secrets of 256 bits of chance need no salt and no slow hash.
    return hashlib.sha256(secret.encode()).hexdigest()
