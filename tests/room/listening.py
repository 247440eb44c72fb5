"""Listeners who really come, by one link for all of them."""

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from sarcoma_review.room import Folder
from sarcoma_review.room.listening import listening_token
from tests.room.visiting import MEETING


def link(folder: Folder, lasts: timedelta = timedelta(hours=1)) -> str:
    """The token of a link."""
    return listening_token(folder.path, MEETING, ends=datetime.now(UTC) + lasts)


@contextlib.contextmanager
def listener(folder: Folder, address: str) -> Iterator[httpx.Client]:
    """Somebody who came in by the link, and reads below the feed's folder."""
    origin = "/".join(address.split("/")[:3])
    with httpx.Client(base_url=f"{address}feed/", headers={"origin": origin}, timeout=40) as http:
        http.post("join", json={"token": link(folder)}).raise_for_status()
        yield http


def state(http: httpx.Client) -> dict[str, Any]:
    """What the feed says now, as a whole."""
    found: dict[str, Any] = http.get("latest").raise_for_status().json()["messages"][0]["state"]
    return found


def until(http: httpx.Client, number: int, name: str) -> tuple[int, Any]:
    """Hear entries from this number until one changes this part of the state; its number, and the part."""
    while True:
        answer = http.get(str(number)).raise_for_status()
        for message in answer.json()["messages"] if answer.status_code == 200 else []:
            if name in message.get("state", {name: message.get(name)} if name in message else {}):
                return number, message["state"][name] if "state" in message else message[name]
        number += answer.status_code == 200
