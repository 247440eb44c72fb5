"""Listeners without a vote: a folder of addresses of its own, which only read, and which a web server may cache."""

import asyncio
from datetime import UTC, datetime
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route

from sarcoma_review.errors import MeetingError, RegistryError
from sarcoma_review.room import door
from sarcoma_review.room.deeds import Deeds
from sarcoma_review.room.feed import Feed
from sarcoma_review.room.listening import require_listener
from sarcoma_review.room.live import Room
from sarcoma_review.room.public import public_meeting
from sarcoma_review.room.published import media_type

COOKIE = "listener"
"""Its value is the same for all who came by one link: a cache that has it in its key asks once for all of them."""
WAIT_S = 25.0
_FILES_S, _ENTRY_S, _SHORT_S = 60, 10, 1
"""For how long a web server before the room may answer by itself; also to a link that was taken back."""


class Listeners:
    """What listeners ask of the rooms of one server."""

    def __init__(self) -> None:
        self._feeds: WeakKeyDictionary[Room, Feed] = WeakKeyDictionary()

    def routes(self) -> list[BaseRoute]:
        """Below ``/{meeting}/feed``; the page itself is the server's."""
        return [
            Route("/join", self.join, methods=["POST"]),
            Route("/latest", self.latest),
            Route("/{number:int}", self.entry),
            Route("/cases/{case}", self.case),
            Route("/files/{name}", self.file),
        ]

    async def join(self, request: Request) -> Response:
        """Turn the token of a listening link into a cookie."""
        rooms, meeting_id = door.rooms_of(request), door.meeting_of(request)
        with door.trying(request):
            token = await door.token_in(request)
            left = require_listener(rooms.folder.path, meeting_id, token, now=datetime.now(UTC))
        answer = JSONResponse({}, headers={"cache-control": "no-store"})
        is_safe = urlsplit(request.headers["origin"]).scheme == "https"
        path = request.url.path.removesuffix("join")
        age = int(left.total_seconds())
        answer.set_cookie(COOKIE, token, age, path=path, secure=is_safe, httponly=True, samesite="strict")
        return answer

    async def latest(self, request: Request) -> Response:
        """Where to begin."""
        deeds = await _enter(request)
        return _answer(self._feed(deeds.room).latest(), held_s=_SHORT_S)

    async def entry(self, request: Request) -> Response:
        """One entry, once it is there; 204 where it did not come."""
        deeds = await _enter(request)
        found = await self._feed(deeds.room).entry(int(request.path_params["number"]), WAIT_S)
        _require(request)  # it may have been taken back meanwhile
        if found is None:
            return Response(status_code=204, headers=_kept(_SHORT_S))
        return _answer(found, held_s=_ENTRY_S)

    async def case(self, request: Request) -> Response:
        """The pages and scenes of a case that was opened, as far as they may be seen now."""
        deeds = await _enter(request)
        case_id = str(request.path_params["case"])
        body = await asyncio.to_thread(deeds.published.case, public_meeting(deeds.room.meeting), case_id)
        return _answer(body, held_s=_SHORT_S)

    async def file(self, request: Request) -> Response:
        """A file of such a case; its name is the hash of what is in it."""
        deeds = await _enter(request)
        place = deeds.published.file(public_meeting(deeds.room.meeting), str(request.path_params["name"]))
        headers = {"cache-control": "private, max-age=31536000, immutable", "x-accel-expires": str(_FILES_S)}
        return FileResponse(place, media_type=media_type(place), headers=headers)

    def _feed(self, room: Room) -> Feed:
        if room not in self._feeds:
            self._feeds[room] = Feed(room)
        return self._feeds[room]


async def _enter(request: Request) -> Deeds:
    meeting_id = _require(request)
    try:
        return await door.rooms_of(request).room(meeting_id)
    except RegistryError:
        raise MeetingError("not_found", "there is no such meeting") from None


def _require(request: Request) -> str:
    meeting_id, token = door.meeting_of(request), request.cookies.get(COOKIE, "")
    require_listener(door.rooms_of(request).folder.path, meeting_id, token, now=datetime.now(UTC))
    return meeting_id


def _answer(body: bytes, held_s: int) -> Response:
    return Response(body, media_type="application/json", headers=_kept(held_s))


def _kept(seconds: int) -> dict[str, str]:
    """Kept by the web server that stands before the room, which knows the cookie, and by nobody else."""
    return {"cache-control": "private, no-cache", "x-accel-expires": str(seconds)}
