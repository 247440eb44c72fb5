"""The room in a process of its own, as it is started in earnest, to be killed."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx

from tests.room.visiting import MEETING

_START = "from sarcoma_review.cli_room import room_app; room_app()"


class Process:
    """A server that can be killed and started again on the same port."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder, self.port = folder, port
        self.address = f"http://127.0.0.1:{port}/room/{MEETING}/"
        self.server = self._started()

    @property
    def pid(self) -> int:
        """Of the process that runs now."""
        return self.server.pid

    def kill(self) -> None:
        """End it without a word, as a power cut would."""
        os.kill(self.server.pid, signal.SIGKILL)
        self.server.wait(30)

    def restart(self) -> None:
        """Start it anew; it answers when this returns."""
        self.server = self._started()

    def _started(self) -> "subprocess.Popen[bytes]":
        words = ["serve", "--data", str(self.folder), "--port", str(self.port)]
        server = subprocess.Popen([sys.executable, "-c", _START, *words], stdout=subprocess.DEVNULL)
        for _ in range(1200):
            with contextlib.suppress(httpx.HTTPError):
                httpx.get(f"{self.address}health", timeout=5).raise_for_status()
                return server
            assert server.poll() is None, "the server ended at its start"
            time.sleep(0.05)
        raise AssertionError("the server did not answer within a minute")


@contextlib.contextmanager
def process(folder: Path, port: int) -> Iterator[Process]:
    """Run a server, and stop it afterwards."""
    made = Process(folder, port)
    try:
        yield made
    finally:
        made.server.terminate()
        made.server.wait(30)
