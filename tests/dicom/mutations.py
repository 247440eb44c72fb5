"""Files as disks, networks and bad programs leave them: seeded, so that a failure can be had again."""

import random
from collections.abc import Iterator


def mutations(whole: bytes, count: int, *, seed: int, within: int = 4096) -> Iterator[bytes]:
    """The same file flipped, cut, filled in, doubled and with lengths overwritten, near its beginning."""
    rng = random.Random(seed)
    for _ in range(count):
        data = bytearray(whole)
        for _ in range(rng.choice((1, 1, 1, 2, 5))):
            at = rng.randrange(min(len(data), within)) if data else 0
            _CHANGES[rng.randrange(len(_CHANGES))](data, at, rng)
        yield bytes(data)


def _flip(data: bytearray, at: int, rng: random.Random) -> None:
    data[at : at + 1] = bytes([rng.randrange(256)])


def _cut_short(data: bytearray, at: int, rng: random.Random) -> None:
    del data[at + rng.randrange(200) :]


def _take_out(data: bytearray, at: int, rng: random.Random) -> None:
    del data[at : at + rng.randrange(1, 30)]


def _put_in(data: bytearray, at: int, rng: random.Random) -> None:
    data[at:at] = rng.randbytes(rng.randrange(1, 30))


def _say_another_length(data: bytearray, at: int, rng: random.Random) -> None:
    length = rng.choice((b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"\0\0\0\0", b"\xff\xff", b"\x01\0"))
    data[at : at + len(length)] = length


def _double(data: bytearray, at: int, rng: random.Random) -> None:
    data[at:at] = data[at : at + rng.randrange(1, 300)]


_CHANGES = (_flip, _flip, _cut_short, _take_out, _put_in, _say_another_length, _double)
