"""High-throughput JPEG 2000, whose decoder breaks off within a bad stream, leaves zeros and raises nothing.

imagecodecs tells such an error to `sys.unraisablehook` alone, so that is where it is caught: in a hook that stands
only while frames are being decoded, in any number of threads, and hands on whatever is not its own.
"""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray

from sarcoma_review.errors import DecodeError

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

_lock = threading.Lock()
_standing: list[Any] = []
"""The hook that was there before, once for each decoding under way."""
_thread = threading.local()


def decode(frame: bytes, *, out: NDArray[np.unsignedinteger] | None = None) -> Any:
    """Decode a frame, into its place where one is given.

    Raises
    ------
    DecodeError
        If the decoder breaks off.
    RuntimeError, ValueError
        As imagecodecs, of a header that is broken or says another size.
    """
    with _listening():
        decoded = imagecodecs.htj2k_decode(frame, out=out)
    if _thread.failed:
        raise DecodeError("a high-throughput stream is broken: its decoder stopped")
    return decoded


@contextmanager
def _listening() -> Iterator[None]:
    _thread.failed = False
    with _lock:
        _standing.append(_standing[0] if _standing else sys.unraisablehook)
        sys.unraisablehook = _told
    try:
        yield
    finally:
        with _lock:
            before = _standing.pop()
            if not _standing:
                sys.unraisablehook = before


def _told(problem: "UnraisableHookArgs") -> None:
    if "htj2k" in str(problem.object):
        _thread.failed = True
        return
    before = _standing[0] if _standing else sys.__unraisablehook__
    before(problem)
