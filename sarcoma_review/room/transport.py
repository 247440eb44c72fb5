"""The three ways in: websocket, then events with posts, then long polls. The same messages on each."""

import asyncio
import re
import time
from collections.abc import AsyncIterator, Awaitable
from contextlib import suppress
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.websockets import WebSocket, WebSocketDisconnect

from sarcoma_review.errors import MeetingError
from sarcoma_review.room.client import Client, Via
from sarcoma_review.room.deeds import Deeds
from sarcoma_review.room.door import enter, rooms_of, small_body
from sarcoma_review.room.live import Room, dumped
from sarcoma_review.room.rooms import Named

POLL_S = 20.0
_CLOSING_S = 2.0
_NAME = re.compile(r"[A-Za-z0-9]{8,40}")


async def websocket(socket: WebSocket) -> None:
    """Both directions in one connection."""
    try:
        member, session, deeds = await enter(socket)
        client = deeds.room.connect(member, session, "ws")
    except MeetingError:
        await socket.close()  # before it is accepted: 403, whatever the reason; a page asks `me`
        return
    try:
        await socket.accept()
        await _either(_write(socket, deeds.room, client), _listen(socket, deeds, client), client.ended.wait())
        if client.closed is not None:
            await asyncio.wait_for(socket.close(client.closed), _CLOSING_S)
    except (WebSocketDisconnect, TimeoutError, RuntimeError):
        pass  # it is gone, or stuck: either way it is let go of
    finally:
        deeds.room.disconnect(client)


async def events(request: Request) -> Response:
    """The messages down, as server-sent events."""
    held = await _new(request, "sse")
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(_stream(request, held), media_type="text/event-stream", headers=headers)


async def poll(request: Request) -> Response:
    """The messages down, as soon as there is one."""
    _, session, deeds = await enter(request)
    held = rooms_of(request).named.get((session, _name(request)))
    if held is None or held.client.via != "poll" or held.client.closed is not None:
        held = await _new(request, "poll")
    held.heard, held.asking = time.monotonic(), held.asking + 1
    try:
        with suppress(TimeoutError):
            await asyncio.wait_for(held.client.waiting(), POLL_S)
    finally:
        held.heard, held.asking = time.monotonic(), held.asking - 1
    if held.client.closed is not None:
        raise MeetingError("gone", "this connection is closed: begin again")
    body = '{"messages":[' + ",".join(deeds.room.take(held.client)) + "]}"
    return Response(body, media_type="application/json", headers={"cache-control": "no-store"})


async def send(request: Request) -> Response:
    """One message up; its answer is the answer."""
    _, session, deeds = await enter(request)
    held = rooms_of(request).named.get((session, _name(request)))
    if held is None or held.client.closed is not None:
        raise MeetingError("gone", "expected a connection that is open: begin again")
    answer: dict[str, Any] = await deeds.answer(held.client, await small_body(request)) or {}
    return JSONResponse(answer, answer.get("status", 200), headers={"cache-control": "no-store"})


async def _new(request: Request, via: Via) -> Named:
    """A connection in pieces; one that had the name before is closed."""
    member, session, deeds = await enter(request)
    rooms, name = rooms_of(request), (session, _name(request))
    before = rooms.named.pop(name, None)
    if before is not None:
        before.deeds.room.disconnect(before.client)
    if via == "poll" and deeds.room.is_full(member):
        rooms.forget_a_poll(session)
    held = Named(deeds.room.connect(member, session, via), deeds, time.monotonic())
    rooms.named[name] = held
    return held


async def _stream(request: Request, held: Named) -> AsyncIterator[str]:
    client, room = held.client, held.deeds.room
    try:
        while client.closed is None:
            await client.waiting()
            for text in room.take(client):
                yield f"data: {text}\n\n"
        yield f"event: end\ndata: {client.closed}\n\n"
    finally:
        room.disconnect(client)
        name = (client.session, _name(request))
        if rooms_of(request).named.get(name) is held:
            del rooms_of(request).named[name]


async def _write(socket: WebSocket, room: Room, client: Client) -> None:
    while client.closed is None:
        await client.waiting()
        for text in room.take(client):
            await socket.send_text(text)


async def _listen(socket: WebSocket, deeds: Deeds, client: Client) -> None:
    while True:
        message = await socket.receive()
        if message["type"] == "websocket.disconnect":
            return
        answer = await deeds.answer(client, message.get("text") or message.get("bytes") or "")
        if answer is not None:
            client.answer(dumped(answer))


async def _either(*works: Awaitable[object]) -> None:
    """Until the first of them ends; its fault, if it had one, is ours."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()


def _name(request: Request) -> str:
    name = request.query_params.get("client", "")
    if not _NAME.fullmatch(name):
        raise MeetingError("malformed", "expected ?client= with 8 to 40 letters and digits")
    return name
