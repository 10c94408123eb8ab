"""Which of AWS's endpoints do not answer, so that nobody waits for them in vain. Pure: it is told what came of each call.

An endpoint is down when some calls in a row have failed as calls to something dead do. Then all are refused at once, but for one
from time to time, which finds out whether it is back. So what is down costs few calls and at most one worker, whatever hangs.
What botocore repeats is one call: it is for the caller to tell of it once. The one that finds out is known by its thread.
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
    trier: int = 0  # its thread


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
            now, caller = self._clock(), threading.get_ident()
            if line.trial is not None and line.trier == caller:
                return ""  # it asks again after it has waited for its turn
            if now < line.due or (line.trial is not None and now - line.trial < LOST):
                return line.why
            line.trial, line.trier = now, caller
            return ""

    def answered(self, endpoint: Endpoint) -> None:
        """Whatever it said: it is there."""
        with self._lock:
            line = self._lines.pop(endpoint, None)
        if line is not None and line.down:
            log.info("%s in %s answers again after %.0f s", *endpoint, self._clock() - line.since)
            self._back(endpoint[1])

    def failed(self, endpoint: Endpoint, why: str, *, again: bool = False) -> None:
        """It did not answer, or only that it is not there. `again`: the call is one that has been told of already."""
        with self._lock:
            line = self._lines.setdefault(endpoint, _Line())
            line.failures, line.why = line.failures + (not again), why
            now = self._clock()
            self._end_trial(line, now)
            fresh = not line.down and line.failures >= IN_A_ROW
            if fresh:
                line.down, line.since, line.due = True, now, now + line.pause
        if fresh:
            log.warning(
                "%s in %s does not answer (%s); it is tried every few seconds, and nothing else waits for it", *endpoint, why
            )

    def undecided(self, endpoint: Endpoint) -> None:
        """The call has ended without a word on the endpoint: were it the one that finds out, another must."""
        with self._lock:
            if line := self._lines.get(endpoint):
                self._end_trial(line, self._clock())

    def _end_trial(self, line: _Line, now: float) -> None:
        """Were it the trial that has ended: a call from before it puts nothing off."""
        if line.trial is not None and line.trier == threading.get_ident():
            line.pause = min(MOST, line.pause * 2)
            line.due, line.trial = now + line.pause, None
