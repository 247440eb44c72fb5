"""Who comes in: from a personal link to a session, and from its cookie to a member."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse, Response

from sarcoma_review.errors import MeetingError, RegistryError
from sarcoma_review.meeting import is_pseudonym
from sarcoma_review.room.access import key_of
from sarcoma_review.room.deeds import Deeds
from sarcoma_review.room.frames import LONGEST
from sarcoma_review.room.rooms import Rooms

COOKIE = "room"
_BODY_S = 15.0


class _Joining(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    token: str = Field(min_length=1, max_length=100)


def rooms_of(connection: HTTPConnection) -> Rooms:
    """What the server holds."""
    rooms: Rooms = connection.app.state.rooms
    return rooms


def meeting_of(connection: HTTPConnection) -> str:
    """The meeting of an address.

    Raises
    ------
    MeetingError
        ``not_found`` if it can be none.
    """
    meeting_id = str(connection.path_params["meeting"])
    if not is_pseudonym(meeting_id):
        raise MeetingError("not_found", "there is no such meeting")
    return meeting_id


async def enter(connection: HTTPConnection) -> tuple[str, str, Deeds]:
    """The member that a cookie stands for, the key of the session, and the room.

    Raises
    ------
    MeetingError
        ``no_session``, or ``revoked``.
    """
    meeting_id, cookie = meeting_of(connection), connection.cookies.get(COOKIE)
    member = rooms_of(connection).access.member_of(meeting_id, cookie)
    try:
        deeds = await rooms_of(connection).room(meeting_id)
    except RegistryError:
        raise MeetingError("not_found", "there is no such meeting") from None
    if member in deeds.room.meeting.revoked or member not in deeds.room.meeting.members:
        raise MeetingError("revoked", "the invitation was taken back")
    return member, key_of(cookie or ""), deeds


async def join(request: Request) -> Response:
    """Turn the token of a personal link into a cookie."""
    rooms, meeting_id = rooms_of(request), meeting_of(request)
    with trying(request):
        token = await token_in(request)
        member, cookie = await asyncio.to_thread(rooms.access.join, meeting_id, token)
    role = (await rooms.room(meeting_id)).room.meeting.members[member].role
    answer = _private({"me": {"id": member, "role": role}})
    is_safe = urlsplit(request.headers["origin"]).scheme == "https"
    path = request.url.path.removesuffix("join")
    answer.set_cookie(COOKIE, cookie, path=path, httponly=True, samesite="strict", secure=is_safe)
    return answer


async def me(request: Request) -> Response:
    """Who the cookie stands for."""
    member, _, deeds = await enter(request)
    return _private({"me": {"id": member, "role": deeds.room.meeting.members[member].role}})


async def leave(request: Request) -> Response:
    """End the session and its connections."""
    _, session, deeds = await enter(request)
    await asyncio.to_thread(rooms_of(request).access.end, request.cookies[COOKIE])
    deeds.room.close_where(lambda client: client.session == session)
    answer = _private({})
    answer.delete_cookie(COOKIE, path=request.url.path.removesuffix("leave"), httponly=True, samesite="strict")
    return answer


@contextmanager
def trying(request: Request) -> Iterator[None]:
    """Count links that do not open, by where they come from.

    Raises
    ------
    MeetingError
        ``too_fast`` after too many.
    """
    failures, now = rooms_of(request).failures, time.monotonic()
    address = request.client.host if request.client else ""
    if failures.is_empty(address) and not failures.take(address, now):
        raise MeetingError("too_fast", "too many links that do not open; wait a minute")
    try:
        yield
    except MeetingError:
        failures.take(address, now)
        raise


async def token_in(request: Request) -> str:
    """The token of a link, as the page sends it.

    Raises
    ------
    MeetingError
        ``malformed`` or ``too_large``.
    """
    try:
        return _Joining.model_validate_json(await small_body(request)).token
    except ValidationError:
        raise MeetingError("malformed", "expected a token") from None


async def small_body(request: Request) -> bytes:
    """The body of a request, which its header may have said to be smaller.

    Raises
    ------
    MeetingError
        ``too_large`` or ``too_slow``.
    """
    body = b""
    try:
        async with asyncio.timeout(_BODY_S):
            async for chunk in request.stream():
                body += chunk
                if len(body) > LONGEST:
                    raise MeetingError("too_large", f"expected a body of at most {LONGEST} bytes")
    except TimeoutError:
        raise MeetingError("too_slow", f"expected the body within {_BODY_S:g} s") from None
    return body


def _private(words: dict[str, object]) -> JSONResponse:
    return JSONResponse(words, headers={"cache-control": "no-store"})
