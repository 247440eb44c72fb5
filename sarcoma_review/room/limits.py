"""How much one may send: so many at once, and so many a second."""

from collections import OrderedDict
from dataclasses import dataclass, field

_MOST_KEPT = 4096


@dataclass
class Bucket:
    """Fills with `rate` a second up to `burst`; each message takes one out.

    Examples
    --------
    >>> bucket = Bucket(rate=1.0, burst=2.0)
    >>> [bucket.take(now) for now in (0.0, 0.0, 0.0, 1.0)]
    [True, True, False, True]
    """

    rate: float
    burst: float
    level: float = field(init=False)
    seen: float = field(default=float("-inf"), init=False)

    def __post_init__(self) -> None:
        self.level = self.burst

    def take(self, now: float) -> bool:
        """Whether one more may pass now, in seconds of any clock that goes on."""
        self.level = min(self.burst, self.level + self.rate * max(0.0, now - max(self.seen, now - 3600.0)))
        self.seen = now
        if self.level < 1.0:
            return False
        self.level -= 1.0
        return True


class Buckets:
    """A bucket for each name; the names not heard of for longest are forgotten."""

    def __init__(self, rate: float, burst: float) -> None:
        self._rate, self._burst = rate, burst
        self._held: OrderedDict[str, Bucket] = OrderedDict()

    def take(self, name: str, now: float) -> bool:
        """Whether one more may pass under this name."""
        bucket = self._held.setdefault(name, Bucket(self._rate, self._burst))
        self._held.move_to_end(name)
        if len(self._held) > _MOST_KEPT:
            self._held.popitem(last=False)
        return bucket.take(now)

    def is_empty(self, name: str) -> bool:
        """Whether nothing is left under this name, as far as it was last looked at."""
        return name in self._held and self._held[name].level < 1.0
