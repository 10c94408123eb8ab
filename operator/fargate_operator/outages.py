"""Which of AWS's endpoints do not answer, so that nobody waits for them in vain. Pure: it is told what came of each call.

An endpoint is down when some calls in a row have failed as calls to something dead do. Then all are refused at once, but for one
from time to time, which finds out whether it is back. So what is down costs few calls and at most one worker, whatever hangs.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

log = logging.getLogger(__name__)
Endpoint = tuple[str, str]  # service, region
IN_A_ROW = 3  # failures after which an endpoint is down
FIRST, MOST = 1.0, 10.0  # seconds until it is tried again
LOST = 120.0  # seconds after which a trial counts as lost that nobody has told the end of


@dataclass(slots=True)
class _Line:
    failures: int = 0
    down: bool = False
    since: float = 0.0
    why: str = ""
    pause: float = FIRST
    due: float = 0.0
    trial: float | None = None  # when the one that finds out began


class Outages:
    """By endpoint. `back` is called with the region of one that answers again."""

    def __init__(self, back: Callable[[str], None] = lambda _: None, clock: Callable[[], float] = time.monotonic) -> None:
        self._back, self._clock = back, clock
        self._lock = threading.Lock()
        self._lines: dict[Endpoint, _Line] = {}

    def refused(self, endpoint: Endpoint) -> str:
        """Before a call: why it may not begin; empty: go."""
        with self._lock:
            line = self._lines.get(endpoint)
            if line is None or not line.down:
                return ""
            now = self._clock()
            if now < line.due or (line.trial is not None and now - line.trial < LOST):
                return line.why
            line.trial = now
            return ""

    def answered(self, endpoint: Endpoint) -> None:
        """Whatever it said: it is there."""
        with self._lock:
            line = self._lines.pop(endpoint, None)
        if line is not None and line.down:
            log.info("%s in %s answers again after %.0f s", *endpoint, self._clock() - line.since)
            self._back(endpoint[1])

    def failed(self, endpoint: Endpoint, why: str) -> None:
        """It did not answer, or only that something is broken."""
        with self._lock:
            line = self._lines.setdefault(endpoint, _Line())
            line.failures, line.why = line.failures + 1, why
            now = self._clock()
            if line.down and line.trial is not None:
                line.pause, line.due, line.trial = min(MOST, line.pause * 2), now + min(MOST, line.pause * 2), None
            fresh = not line.down and line.failures >= IN_A_ROW
            if fresh:
                line.down, line.since, line.due = True, now, now + line.pause
        if fresh:
            log.warning(
                "%s in %s does not answer (%s); it is tried every few seconds, and nothing else waits for it", *endpoint, why
            )
