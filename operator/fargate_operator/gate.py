"""The gate before something that may happen only so often: one after the other, in the order in which they asked. Pure.

Nobody waits at it. Who cannot go yet is told when to come again, each at another time, so that no herd comes back at once.
"""

import threading
import time
from collections.abc import Callable, Hashable

FORGOTTEN = 60.0  # seconds after which a turn is given up that nobody came for


class Gate:
    """At most one in `spacing` seconds passes."""

    def __init__(self, spacing: float = 1.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._spacing, self._clock = spacing, clock
        self._lock = threading.Lock()
        self._last = float("-inf")
        self._turns: dict[Hashable, float] = {}  # by time

    def wait(self, key: Hashable) -> float:
        """0: go, now. Else the seconds after which to ask again; the turn is kept."""
        with self._lock:
            now = self._clock()
            self._turns = {one: turn for one, turn in self._turns.items() if one == key or now - turn < FORGOTTEN}
            turn = self._turns.setdefault(key, max(now, self._last + self._spacing, self._latest(key) + self._spacing))
            if turn > now:
                return turn - now
            if now >= self._last + self._spacing:
                del self._turns[key]
                self._last = now
                return 0.0
            before = sum(one < turn for one in self._turns.values())  # they are late, as this one is, and come first
            return self._last + self._spacing * (before + 1) - now

    def leave(self, key: Hashable) -> None:
        """It will not come."""
        with self._lock:
            self._turns.pop(key, None)

    def _latest(self, key: Hashable) -> float:
        return max((turn for one, turn in self._turns.items() if one != key), default=float("-inf"))
