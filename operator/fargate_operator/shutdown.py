"""How `run` ends: within 10 seconds, whatever AWS or the API server do.

First nothing new is begun and nobody waits: what a worker is doing may come to its end. Then no call may begin any more, and a
worker that still hangs in one can do nothing after it. Only then the lease is let go, so that no two operators ever write. A
reconcile that was cut off is done anew by the next operator, as after a kill -9.
"""

import logging
import os
import threading
import time
from collections.abc import Callable, Iterable

from fargate_operator.stopping import Stop

log = logging.getLogger(__name__)
FINISH, ABANDON = 3.0, 4.0  # seconds after the beginning: until when calls may begin, and workers are waited for
LINGER = 0.5  # seconds until the process ends that has let go of the lease: what watches holds nothing, and takes its time to end


class Shutdown:
    """Begun once, by a signal or the end of the watch, and carried out by a thread of its own: the others may hang."""

    def __init__(self, stop: Stop, release: Callable[[], None], end: Callable[[int], object] = os._exit) -> None:
        self._stop, self._release, self._end = stop, release, end
        self._workers: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._began = 0.0
        self._released = threading.Event()

    def watch(self, workers: Iterable[threading.Thread]) -> None:
        """Whom to wait for."""
        self._workers += workers

    def begin(self, code: int = 0) -> None:
        """`code` is that of the process, should it not come to its end by itself."""
        with self._lock:
            if self._began:
                return
            self._began = time.monotonic()
        self._stop.ask()
        threading.Thread(target=self._drain, args=(code,), name="shutdown", daemon=True).start()

    def wait(self) -> None:
        """Until the lease is let go."""
        self._released.wait(ABANDON + 4.0)

    def _drain(self, code: int) -> None:
        self._join(FINISH)
        self._stop.shut()
        if left := self._join(ABANDON):
            log.warning("%d reconciles hang in a call and are abandoned; the next operator does them anew", left)
        try:
            self._release()
        except Exception:
            log.exception("releasing the lease")
        self._released.set()
        time.sleep(LINGER)
        self._end(code)

    def _join(self, until: float) -> int:
        """How many are left then."""
        for one in self._workers:
            if one.is_alive():
                one.join(max(0.0, self._began + until - time.monotonic()))
        return sum(one.is_alive() for one in self._workers)
