"""Listeners behind Debian's nginx with the documented configuration: what they hear, and what reaches the room."""

import asyncio
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from sarcoma_review.room import Folder, publish
from sarcoma_review.room.listening import stop_listening
from tests.conftest import require
from tests.room.listening import link
from tests.room.test_publication import pages, volume
from tests.room.visiting import MEETING, Visitor, made
from tests.servers.listening import Behind, behind_nginx, stream

LISTENERS = 50
pytestmark = pytest.mark.servers


@pytest.fixture
def behind(tmp_path: Path) -> Iterator[tuple[Folder, Behind]]:
    """A meeting's folder, and where it is listened to."""
    nginx = shutil.which("nginx") or "/usr/sbin/nginx"
    require(Path(nginx).exists(), "nginx (make test-servers)")
    folder = made(tmp_path / "data")
    with behind_nginx(nginx, folder.path, tmp_path) as found:
        yield folder, found


def client(folder: Folder, where: Behind) -> httpx.AsyncClient:
    limits = httpx.Limits(max_connections=None)
    headers = {"cookie": f"listener={link(folder)}"}
    return httpx.AsyncClient(base_url=where.address, headers=headers, limits=limits, timeout=60)


def test_fifty_who_wait_for_an_entry_are_one_request_to_the_room(behind: tuple[Folder, Behind]) -> None:
    folder, where = behind
    with Visitor(folder, where.room, "chair") as chair:

        async def hear() -> list[httpx.Response]:
            async with client(folder, where) as http:
                number = (await http.get("latest")).json()["n"] + 1
                waiting = [asyncio.create_task(http.get(str(number))) for _ in range(LISTENERS)]
                await asyncio.sleep(1.0)
                await asyncio.to_thread(chair.must, "open_case", case_id="case-1")
                return list(await asyncio.gather(*waiting))

        chair.until_state(you=chair.state["you"] | {"present": True})
        answers = asyncio.run(hear())
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert where.asked(str(answers[0].json()["n"])).count("MISS") == 1


def test_fifty_who_fetch_images_are_one_request_for_each_file(behind: tuple[Folder, Behind]) -> None:
    folder, where = behind
    manifest = publish(pages(volume()), folder.path, case_id="case-1").manifest
    with Visitor(folder, where.room, "chair") as chair:
        chair.must("publish_images", case_id="case-1", manifest=manifest, looked=True)
        chair.must("open_case", case_id="case-1")

    async def fetch() -> str:
        async with client(folder, where) as http:
            case = (await http.get("cases/case-1")).json()
            name: str = case["scenes"][0]["files"][0]
            answers = await asyncio.gather(*(http.get(f"files/{name}") for _ in range(LISTENERS)))
            assert {answer.content for answer in answers} == {(folder.path / "images" / name).read_bytes()}
            return name

    name = asyncio.run(fetch())
    assert where.asked(f"files/{name}").count("MISS") == 1
    assert httpx.get(f"{where.address}files/{name}").status_code == 401


def test_fifty_streams_hear_the_same_entries_in_order_until_the_link_is_taken_back(
    behind: tuple[Folder, Behind],
) -> None:
    folder, where = behind
    heard = asyncio.run(_fifty(folder, where))
    assert len(heard) == LISTENERS
    for entries in heard:
        assert entries[0]["messages"][0]["t"] == "snap"
        numbers = [entry["n"] for entry in entries if entry["messages"]]
        assert numbers == list(range(numbers[0], numbers[-1] + 1))
        views = [message["view"] for entry in entries for message in entry["messages"] if "view" in message]
        assert views[-1]["crosshair_mm"] == [9.0, 0.0, 0.0]


async def _fifty(folder: Folder, where: Behind) -> list[list[dict[str, Any]]]:
    cookie, heard = link(folder), [list[dict[str, Any]]() for _ in range(LISTENERS)]

    async def listen(entries: list[dict[str, Any]]) -> None:
        async for words in stream(where.port, cookie):
            entries.append(json.loads(words))

    listening = [asyncio.create_task(listen(entries)) for entries in heard]
    while not all(heard):
        await asyncio.sleep(0.05)
    await asyncio.to_thread(_present, folder, where)
    await asyncio.sleep(1.0)
    stop_listening(folder.path, MEETING)
    await asyncio.to_thread(_present, folder, where)  # what comes next ends what waits
    await asyncio.wait_for(asyncio.gather(*listening), 60)
    return heard


def _present(folder: Folder, where: Behind) -> None:
    with Visitor(folder, where.room, "chair") as chair, Visitor(folder, where.room, "shows") as shows:
        if chair.state["open_case"] is None:
            chair.must("open_case", case_id="case-1")
        for step in range(10):
            shows.must("view.set", case_id="case-1", crosshair_mm=[float(step), 0.0, 0.0])
            shows.socket.ping().wait(0.1)
