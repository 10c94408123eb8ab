"""The work queue: each key once, and by one worker at a time. No I/O; the clock is passed in."""

import heapq
import random
import threading
import time
from collections.abc import Callable

from fargate_operator.turns import Key, Turns

__all__ = ["Key", "Queue"]
BASE, MOST = 1.0, 300.0  # seconds of backoff
FULL = 5  # failures that count at most where something is away: its own backoff is not to begin at minutes afterwards
AWAY = 30.0  # seconds of backoff at most, where the cause is that something is away, which says nothing about the key
CALM = 10.0  # such keys that come a second, at most, all together


class Queue:
    """De-duplicating, delaying, backing off, fair between namespaces.

    A key that is added while a worker has it comes again when the worker is done.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._ready = threading.Condition()
        self._due: dict[Key, float] = {}
        self._heap: list[tuple[float, Key]] = []
        self._turns = Turns()  # those that are due
        self._urgent: set[Key] = set()
        self._working: dict[Key, bool] = {}  # and whether it came as urgent
        self._again: set[Key] = set()  # due, and still being worked on
        self._failures: dict[Key, int] = {}
        self._parked: dict[Key, tuple[str, bool]] = {}  # what is away, and whether it is woken
        self._closed = False

    def __len__(self) -> int:
        """The keys that are to come, at once or later."""
        return len(self._due)

    def waiting(self) -> tuple[int, float]:
        """How many keys wait for a worker, and for how many seconds the first of them does."""
        with self._ready:
            now = self._clock()
            due = [at for at in self._due.values() if at <= now]
            return len(due), now - min(due, default=now)

    def add(self, key: Key, after: float = 0.0, *, urgent: bool = False) -> None:
        """Due in `after` seconds, or earlier where it was already. `urgent`: somebody waits for it (`turns`)."""
        due = self._clock() + after
        with self._ready:
            if urgent:
                self._urgent.add(key)
                if key in self._turns:
                    self._turns.add(key, urgent=True)
            if self._due.get(key, float("inf")) <= due:
                return
            self._put(key, due)

    def _put(self, key: Key, due: float) -> None:
        self._due[key] = due
        heapq.heappush(self._heap, (due, key))
        if len(self._heap) > 2 * len(self._due) + 64:  # what was added anew for an earlier time is there twice
            self._heap = [(at, one) for one, at in self._due.items()]
            heapq.heapify(self._heap)
        self._ready.notify()

    def get(self) -> Key | None:
        """The next key that is due; blocks. None when the queue is closed."""
        with self._ready:
            while not self._closed:
                found = self._next()
                if isinstance(found, tuple):
                    return found
                self._ready.wait(found)
            return None

    def _next(self) -> Key | float | None:
        """A key, or how long to wait for one (None: until told)."""
        now = self._clock()
        while self._heap and (self._heap[0][0] <= now or self._due.get(self._heap[0][1]) != self._heap[0][0]):
            due, key = heapq.heappop(self._heap)
            if self._due.get(key) != due:
                continue  # it was added anew for another time, or has come
            if key in self._working:
                self._again.add(key)
            else:
                self._turns.add(key, urgent=key in self._urgent)
        if (found := self._turns.take()) is not None:
            del self._due[found]
            self._working[found] = found in self._urgent
            self._urgent.discard(found)
            return found
        return self._heap[0][0] - now if self._heap else None

    def done(self, key: Key, *, failed: bool = False, away: str = "", woken: bool = True) -> None:
        """The worker is through with it; after a failure it comes again with backoff and jitter.

        `away` tells what could not be reached; `woken` whether the key is among those that `wake` brings forward.
        """
        with self._ready:
            urgent = self._working.pop(key, False)
            if key in self._again:
                self._again.discard(key)
                self._turns.add(key, urgent=key in self._urgent)
            count = self._failures.pop(key, 0)
            self._parked.pop(key, None)
            if failed:
                self._failures[key] = max(count, min(count + 1, FULL)) if away else count + 1
            if failed and away:
                self._parked[key] = (away, woken)
            most = max(AWAY, len(self._parked) / CALM) if away else MOST
            self._ready.notify()
        if failed:
            self.add(key, min(MOST, most, self._backoff(count, away)) * random.uniform(0.5, 1.0), urgent=urgent)  # noqa: S311  no secret

    def _backoff(self, count: int, away: str) -> float:
        longer = BASE * 2.0 ** min(count, 16)
        return max(longer, len(self._parked) / CALM) if away else longer

    def wake(self, away: str) -> None:
        """What was away is back: who waited for it comes sooner, in random order and not all at once.

        Their failures count on: of a key that fails again nobody else's answers make a first failure.
        """
        with self._ready:
            woken = [key for key, one in self._parked.items() if one == (away, True)]
            now, spread = self._clock(), len(woken) / CALM
            for key in woken:
                del self._parked[key]
                due = now + spread * random.random()  # noqa: S311  no secret
                if due < self._due.get(key, float("-inf")):
                    self._put(key, due)

    def close(self) -> None:
        """Workers that wait get None."""
        with self._ready:
            self._closed = True
            self._ready.notify_all()
