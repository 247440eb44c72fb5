"""Frames of chance: what is right, bent in one place, and what never was right."""

import json
import random
import time
from dataclasses import dataclass
from typing import Any

from websockets.exceptions import ConnectionClosed

from tests.room.attempts import ORDER, ROLES, UNREADABLE, Stage
from tests.room.visiting import Visitor

_ODD: list[Any] = [
    None, True, -1, 0, 2**63, 1e308, "", "x" * 500, "\u0000", "\ud7ff", [], {}, [[]], {"a": None}, "__proto__",
    "4857773456", "b1", "case-1", "chair", "m2", [1, 2, 3], "' OR 1=1 --", "<script>", "../..", "\u202e",
]  # fmt: skip
_SECRET = "hidden-reason"


@dataclass
class Sent:
    """What came of it."""

    frames: int = 0
    acknowledged: int = 0
    refused: int = 0
    leaks: int = 0
    closed: int = 0


def fuzz(stage: Stage, *, seconds: float, seed: int) -> Sent:
    """Send frames of chance as a member and an observer, in the middle of a blind ballot."""
    rng, sent = random.Random(seed), Sent()
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        with Visitor(stage.folder, stage.address, rng.choice(["m2", "guest"])) as visitor:
            _some(visitor, rng, sent, ends)
        sent.leaks += _SECRET in json.dumps(visitor.heard)
    return sent


def _some(visitor: Visitor, rng: random.Random, sent: Sent, ends: float) -> None:
    """Some fifty on one connection, which the room may end."""
    try:
        for _ in range(50):
            if time.monotonic() > ends:
                return
            visitor.socket.send(_frame(rng))
            sent.frames += 1
            time.sleep(0.02)
        visitor.socket.send(json.dumps({"id": "last", "kind": "hello"}))
        while visitor.hear().get("id") != "last":
            pass
    except ConnectionClosed:
        sent.closed += 1
    finally:
        sent.acknowledged += sum(message["t"] == "ack" for message in visitor.heard)
        sent.refused += sum(message["t"] == "no" for message in visitor.heard)


def _frame(rng: random.Random) -> str | bytes:
    chance = rng.random()
    if chance < 0.1:
        return rng.choice(UNREADABLE)
    if chance < 0.2:
        return rng.randbytes(rng.randrange(1, 300))
    _, kind, body, _ = rng.choice([*ROLES, *ORDER])
    frame = {"id": rng.randrange(100), "kind": kind, "body": dict(body)}
    bent = rng.choice([frame, frame["body"] or frame])
    assert isinstance(bent, dict)
    bent[rng.choice([*bent, rng.choice(["by", "at", "kind", "extra"])])] = rng.choice(_ODD)
    text = json.dumps(frame)
    if rng.random() < 0.2:
        place = rng.randrange(len(text))
        text = text[:place] + chr(rng.randrange(32, 127)) + text[place + 1 :]
    return text
