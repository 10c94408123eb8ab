"""How many calls a second: a token bucket, which is told the time. Pure: it says how long to wait, and waits for nothing."""

import threading
import time
from collections.abc import Callable

BURST = 2.0  # seconds' worth of calls that may go at once after a pause


class Bucket:
    """`rate` calls a second, and `burst` at once. In any `t` seconds no more than ``burst + rate * t`` are let go.

    Whoever asks gets the next free moment, in the order of asking: nobody is overtaken.
    """

    def __init__(self, rate: float, burst: float | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._burst, self._clock = rate, max(1.0, rate * BURST if burst is None else burst), clock
        self._lock = threading.Lock()
        self._tokens, self._filled = self._burst, clock()

    def take(self) -> float:
        """The seconds after which the call may begin; the token is taken, whether it will or not."""
        with self._lock:
            now = self._clock()
            self._tokens = min(self._burst, self._tokens + (now - self._filled) * self._rate)
            self._filled = now
            self._tokens -= 1.0
            return max(0.0, -self._tokens / self._rate)
