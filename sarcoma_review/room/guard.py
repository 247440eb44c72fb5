"""What every request and every answer must carry, whatever it is about."""

from collections.abc import Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sarcoma_review.errors import MeetingError
from sarcoma_review.room.frames import LONGEST, status_of

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
    "font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "x-frame-options": "DENY",
}
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_READING = ("GET", "HEAD")


def checked_origins(origins: Iterable[str]) -> frozenset[str]:
    """The origins a room is reached under: https, or http on this machine alone.

    Raises
    ------
    MeetingError
        ``origin`` if one is not of the form ``https://host`` or ``https://host:port``.

    Examples
    --------
    >>> sorted(checked_origins(["https://room.example.org"]))
    ['https://room.example.org']
    """
    found = frozenset(origins)
    for origin in found:
        parts = urlsplit(origin)
        is_safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
        if not is_safe or not parts.hostname or origin != f"{parts.scheme}://{parts.netloc}" or "@" in origin:
            raise MeetingError("origin", "an origin is https://host or https://host:port, and http on loopback alone")
    return found


class Guard:
    """Refuses what comes from another page than the room's own, and tells browsers to ask nobody else.

    Parameters
    ----------
    app : ASGI application
    origins : frozenset of str
        Exactly those that may write or open a connection; a request without an origin may not.
    """

    def __init__(self, app: ASGIApp, origins: frozenset[str]) -> None:
        self._app, self._origins = app, origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it with a refusal."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_HEADERS)
            await send(message)

        try:
            self._check(scope)
        except MeetingError as refusal:
            if scope["type"] == "websocket":
                await send({"type": "websocket.close"})  # before it is accepted: 403
            else:
                await refused(refusal)(scope, receive, guarded)
            return
        await self._app(scope, receive, guarded)

    def _check(self, scope: Scope) -> None:
        headers = Headers(scope=scope)
        origins = headers.getlist("origin")
        reads = scope["type"] == "http" and scope["method"] in _READING
        if (origins or not reads) and (len(origins) != 1 or origins[0] not in self._origins):
            raise MeetingError("origin", "expected a request from the room's own page")
        if reads or scope["type"] == "websocket":
            return
        if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            raise MeetingError("not_json", "expected a body of application/json")
        length = headers.get("content-length", "0")
        if not length.isascii() or not length.isdigit() or int(length[:10]) > LONGEST:
            raise MeetingError("too_large", f"expected a body of at most {LONGEST} bytes")


def refused(refusal: MeetingError) -> JSONResponse:
    """A refusal as an answer of HTTP."""
    words = {"code": refusal.code, "why": str(refusal)}
    return JSONResponse(words, status_of(refusal.code), headers={"cache-control": "no-store"})
