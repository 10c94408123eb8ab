"""The work queue: each key once, and by one worker at a time. No I/O; the clock is passed in."""

import heapq
import random
import threading
import time
from collections.abc import Callable

Key = tuple[str, str]  # namespace, name

BASE, MOST = 1.0, 300.0  # seconds of backoff


class Queue:
    """De-duplicating, delaying, backing off. A key that is added while a worker has it comes again when the worker is done."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._ready = threading.Condition()
        self._due: dict[Key, float] = {}
        self._heap: list[tuple[float, Key]] = []
        self._working: set[Key] = set()
        self._failures: dict[Key, int] = {}
        self._closed = False

    def add(self, key: Key, after: float = 0.0) -> None:
        """Due in `after` seconds, or earlier where it was already."""
        due = self._clock() + after
        with self._ready:
            if self._due.get(key, float("inf")) <= due:
                return
            self._due[key] = due
            heapq.heappush(self._heap, (due, key))
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
        later: list[tuple[float, Key]] = []
        found: Key | float | None = None
        while self._heap:
            due, key = heapq.heappop(self._heap)
            if self._due.get(key) != due:
                continue  # it was added anew for another time
            if due > self._clock():
                heapq.heappush(self._heap, (due, key))
                found = due - self._clock()
                break
            if key in self._working:
                later.append((due, key))
                continue
            del self._due[key]
            self._working.add(key)
            found = key
            break
        for item in later:
            heapq.heappush(self._heap, item)
        return found

    def done(self, key: Key, *, failed: bool = False) -> None:
        """The worker is through with it; after a failure it comes again with backoff and jitter."""
        with self._ready:
            self._working.discard(key)
            count = self._failures.pop(key, 0)
            if failed:
                self._failures[key] = count + 1
            self._ready.notify()
        if failed:
            self.add(key, min(MOST, BASE * 2.0 ** min(count, 16)) * random.uniform(0.5, 1.0))  # noqa: S311  no secret

    def close(self) -> None:
        """Workers that wait get None."""
        with self._ready:
            self._closed = True
            self._ready.notify_all()
