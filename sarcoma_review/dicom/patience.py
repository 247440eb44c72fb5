"""Asking an archive again that says it is busy: later each time, and not before it says."""

import random
import time
from http import HTTPStatus
from typing import Any

import httpx

_BUSY = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
_FIRST_PAUSE_S = 0.5
_SPREAD = 0.5  # of a pause, added at random, so that those who were refused together do not come back together


class Patient(httpx.HTTPTransport):
    """A transport that backs off on 429 and 503.

    Parameters
    ----------
    patience_s : float
        How long a request waits in all; then the refusal itself is the answer. Pauses double from half a second, and
        are at least what the archive asks for in Retry-After.
    **settings
        Of `httpx.HTTPTransport`.
    """

    def __init__(self, patience_s: float, **settings: Any) -> None:
        super().__init__(**settings)
        self._patience_s = patience_s

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request until it is taken or patience ends."""
        until, pause_s = time.monotonic() + self._patience_s, _FIRST_PAUSE_S
        while True:
            answer = super().handle_request(request)
            wait_s = max(pause_s, _asked_for_s(answer)) * (1 + _SPREAD * random.random())
            if answer.status_code not in _BUSY or time.monotonic() + wait_s > until:
                return answer
            answer.close()
            time.sleep(wait_s)
            pause_s *= 2


def _asked_for_s(answer: httpx.Response) -> float:
    """Retry-After in seconds; its other form, a date, needs a clock that agrees with the archive's."""
    stated = answer.headers.get("Retry-After", "")
    return float(stated) if stated.isdecimal() else 0.0
