"""What a process and all that it begins take: seconds of the processor, and the most memory each held."""

import os
import threading
import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

import psutil


@dataclass
class Watch:
    """Looks at this process and all below it, ten times a second, while a block runs.

    Parameters
    ----------
    wall_s, cpu_s : float
        Seconds of the clock; seconds of the processor of all processes.
    here_mb, worker_mb : float
        The most memory (RSS) that this process held, and the most that any other did.
    """

    wall_s: float = 0.0
    cpu_s: float = 0.0
    here_mb: float = 0.0
    worker_mb: float = 0.0
    _cpu: dict[int, float] = field(default_factory=dict)
    _end: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Self:
        self._look()
        self._before = dict(self._cpu)
        self._started = time.perf_counter()
        self._thread = threading.Thread(target=self._keep_looking)
        self._thread.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _problem: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.wall_s = time.perf_counter() - self._started
        self._end.set()
        self._thread.join()
        self._look()
        self.cpu_s = sum(used - self._before.get(pid, 0.0) for pid, used in self._cpu.items())

    def _keep_looking(self) -> None:
        while not self._end.wait(0.1):
            self._look()

    def _look(self) -> None:
        here = psutil.Process()
        for process in (here, *here.children(recursive=True)):
            try:
                times, megabytes = process.cpu_times(), process.memory_info().rss / 1e6
            except psutil.Error:
                continue
            if process.pid == os.getpid():
                self._cpu[process.pid] = time.process_time()  # finer than what is told of other processes
                self.here_mb = max(self.here_mb, megabytes)
            else:
                self._cpu[process.pid] = times.user + times.system
                self.worker_mb = max(self.worker_mb, megabytes)
