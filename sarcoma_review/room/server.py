"""The meeting room's server: its own process, apart from any notebook's."""

import asyncio
import os
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from hashlib import sha256
from pathlib import Path
from socket import socket

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute

from sarcoma_review.errors import MeetingError
from sarcoma_review.room import door, transport
from sarcoma_review.room.folder import Folder
from sarcoma_review.room.frames import LONGEST
from sarcoma_review.room.guard import Guard, checked_origins, refused
from sarcoma_review.room.listeners import Listeners
from sarcoma_review.room.published import media_type
from sarcoma_review.room.rooms import Rooms

STATIC = Path(__file__).parent / "static"
_PIECE = 64 * 1024
_TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}


def app(folder: Folder, origins: Iterable[str], *, prefix: str = "") -> Starlette:
    """The room as an ASGI application, for one process: its state is in memory.

    Parameters
    ----------
    folder : Folder
    origins : iterable of str
        Exactly those under which browsers reach it, such as ``https://room.example.org``.
    prefix : str
        What stands before ``/room/`` in its addresses, such as ``/services/room`` behind a JupyterHub.

    Raises
    ------
    MeetingError
        ``origin`` if one of the origins is none.
    """

    @asynccontextmanager
    async def lifespan(running: Starlette) -> AsyncIterator[None]:
        running.state.rooms = rooms = Rooms(folder)
        tending = asyncio.create_task(rooms.tend())
        try:
            yield
        finally:
            tending.cancel()
            with suppress(asyncio.CancelledError):
                await tending
            await rooms.stop()

    return Starlette(
        routes=[Mount(f"{prefix}/room", routes=_routes())],
        middleware=[Middleware(Guard, origins=checked_origins(origins))],
        exception_handlers={MeetingError: _refused},
        lifespan=lifespan,
    )


def serve(
    folder: Folder, port: int, *, host: str = "127.0.0.1", origins: Sequence[str] = (), prefix: str = ""
) -> None:
    """Serve until stopped.

    Parameters
    ----------
    folder : Folder
    port : int
    host : str
        Address to listen on; keep it to loopback, and let a web server with TLS stand before it.
    origins : sequence of str
        As browsers see them; loopback at this port without any.
    prefix : str
    """
    known = origins or [f"http://127.0.0.1:{port}", f"http://localhost:{port}"]
    Server(app(folder, known, prefix=prefix), host, port).run()


class Server(uvicorn.Server):
    """Serves a room; when it is to end, whoever waits for something new is let go of first, and comes back.

    Parameters
    ----------
    running : Starlette
        See `app`.
    host : str
    port : int
    """

    def __init__(self, running: Starlette, host: str, port: int) -> None:
        super().__init__(_settings(running, host, port))
        self._running = running

    async def shutdown(self, sockets: list[socket] | None = None) -> None:
        """End; what is under way is finished."""
        self._running.state.rooms.end()
        await super().shutdown(sockets)


def _settings(running: Starlette, host: str, port: int) -> uvicorn.Config:
    """How the room is served: one process, small messages, and no log that could name anybody."""
    return uvicorn.Config(
        running,
        host=host,
        port=port,
        log_level="warning",
        access_log=False,
        server_header=False,
        ws="websockets-sansio",
        ws_max_size=4 * LONGEST,
        ws_ping_interval=15.0,
        ws_ping_timeout=15.0,
        ws_per_message_deflate=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=3,
        limit_concurrency=2000,
    )


def _routes() -> list[BaseRoute]:
    return [
        Route("/static/{name}", _static),
        Route("/{meeting}/", _page),
        Route("/{meeting}/health", _health),
        Route("/{meeting}/join", door.join, methods=["POST"]),
        Route("/{meeting}/leave", door.leave, methods=["POST"]),
        Route("/{meeting}/me", door.me),
        WebSocketRoute("/{meeting}/ws", transport.websocket),
        Route("/{meeting}/events", transport.events),
        Route("/{meeting}/poll", transport.poll),
        Route("/{meeting}/send", transport.send, methods=["POST"]),
        Route("/{meeting}/cases/{case}", _case),
        Route("/{meeting}/files/{name}", _file),
        Mount("/{meeting}/feed", routes=[Route("/", _listening), *Listeners().routes()]),
    ]


async def _refused(_: Request, refusal: Exception) -> Response:
    assert isinstance(refusal, MeetingError)
    return refused(refusal)


async def _health(_: Request) -> Response:
    return JSONResponse({"ok": True}, headers={"cache-control": "no-store"})


async def _page(request: Request) -> Response:
    door.meeting_of(request)
    return _shipped("page.html")


async def _listening(request: Request) -> Response:
    door.meeting_of(request)
    return _shipped("listen.html")


async def _static(request: Request) -> Response:
    return _shipped(str(request.path_params["name"]))


def _shipped(name: str) -> Response:
    """A file of the package, which a browser asks about anew each time: another version may have been installed."""
    place = STATIC / name
    if place.suffix not in _TYPES or place.parent != STATIC or not place.is_file():
        raise MeetingError("not_found", "there is no such page")
    return FileResponse(place, media_type=_TYPES[place.suffix], headers={"cache-control": "no-cache"})


async def _case(request: Request) -> Response:
    _, _, deeds = await door.enter(request)
    body = deeds.published.case(deeds.room.meeting, str(request.path_params["case"]))
    tag = f'"{sha256(body).hexdigest()}"'
    headers = {"etag": tag, "cache-control": "private, no-cache"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)


async def _file(request: Request) -> Response:
    _, _, deeds = await door.enter(request)
    name = str(request.path_params["name"])
    place = deeds.published.file(deeds.room.meeting, name)
    headers = {"etag": f'"{name}"', "cache-control": "private, max-age=31536000, immutable"}
    if request.headers.get("if-none-match") == headers["etag"]:
        return Response(status_code=304, headers=headers)
    kind = media_type(place)
    if "range" in request.headers:
        return FileResponse(place, media_type=kind, headers=headers)
    size = place.stat().st_size
    more = {"content-length": str(size), "accept-ranges": "bytes"}
    return StreamingResponse(_pieces(place, size), media_type=kind, headers=headers | more)


async def _pieces(place: Path, size: int) -> AsyncIterator[bytes]:
    """A file in pieces, each read as it is sent: a change of thread for each would cost more than the reading."""
    with place.open("rb", buffering=0) as file:
        for start in range(0, size, _PIECE):
            yield os.pread(file.fileno(), _PIECE, start)
            await asyncio.sleep(0)  # whoever points goes first
