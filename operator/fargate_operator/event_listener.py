"""The thread that takes events from the queue and says which apps have to look. It knows nothing of AWS and decides nothing.

Without it everything works by sweeps; with it nothing does otherwise, only sooner. So whatever ails the queue is said in the log
now and then, and holds up nothing.
"""

import logging
import random
import threading
import time
from collections.abc import Callable
from typing import Protocol

from fargate_operator.errors import ReconcileError
from fargate_operator.event_index import EventIndex
from fargate_operator.events import Hint, Message, hint
from fargate_operator.queue import Key

log = logging.getLogger(__name__)
PACE = 1.0  # seconds between two turns of an app for the sake of events
BASE, MOST = 1.0, 60.0  # seconds of backoff
QUICK = 1.0  # seconds: a poll that ends sooner and has nothing did not wait
AGAIN, COUNTED = 600.0, 60.0  # seconds between two lines: of a queue that cannot be read, of messages that are no events


class Source(Protocol):
    """The queue. Both raise ReconcileErrors."""

    def receive(self) -> list[Message]:
        """The next messages; waits for some seconds where there are none."""

    def delete(self, messages: list[Message]) -> None:
        """They are done with."""


class Listener(threading.Thread):
    """Calls `doubt` with each app that an event is about: is it news? If so the app comes: `add`, with a delay in seconds."""

    def __init__(
        self,
        source: Source,
        index: EventIndex,
        doubt: Callable[[Key, Hint], bool],
        add: Callable[[Key, float], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(name="listener", daemon=True)
        self._source, self._index, self._doubt, self._add, self._clock = source, index, doubt, add, clock
        self._stopped = threading.Event()
        self._due: dict[Key, float] = {}  # when an app comes, or came, for the sake of events
        self._failures = 0
        self._told: float | None = None  # when it was said that the queue cannot be read
        self._odd, self._counted = 0, float("-inf")

    def run(self) -> None:
        pause = 0.0
        while not self._stopped.wait(pause):
            pause = self.once()

    def stop(self) -> None:
        """End with the poll that is under way: what that brings stays in the queue for the next operator."""
        self._stopped.set()

    def once(self) -> float:
        """One poll, and what it brought handed over; the seconds to wait before the next."""
        began = self._clock()
        try:
            messages = self._source.receive()
            if messages and not self._stopped.is_set():
                self._source.delete(self._handed_over(messages))
        except ReconcileError as error:
            return self._failed(error.message)
        except Exception:
            log.exception("the event queue")
            return self._failed("a bug")
        self._well()
        return QUICK if not messages and self._clock() - began < QUICK else 0.0

    def _handed_over(self, messages: list[Message]) -> list[Message]:
        """What can be deleted: all but what meets a bug, which SQS sets aside after some tries."""
        done, keys = [], dict[Key, None]()
        for message in messages:
            try:
                keys |= dict.fromkeys(self._news(message.body))
            except Exception:
                log.exception("a message of the event queue")
                continue
            done.append(message)
        now = self._clock()
        self._due = {key: due for key, due in self._due.items() if due + PACE > now}
        for key in keys:
            self._add(key, self._after(key, now))
        return done

    def _news(self, body: str) -> list[Key]:
        found = hint(body)
        if found is None:
            self._count(1)
            return []
        keys = [key for key in sorted(self._index.of(found.about)) if self._doubt(key, found)]
        for key in keys:
            log.debug("%s/%s: %s", *key, found.kind)
        return keys

    def _after(self, key: Key, now: float) -> float:
        """At once, unless events have brought the app just now."""
        due = self._due.get(key, float("-inf"))
        self._due[key] = due if due > now else max(now, due + PACE)
        return self._due[key] - now

    def _count(self, odd: int) -> None:
        self._odd += odd
        now = self._clock()
        if self._odd and now - self._counted >= COUNTED:
            log.warning("the event queue had %d messages that are no events of AWS as the operator knows them", self._odd)
            self._odd, self._counted = 0, now

    def _failed(self, message: str) -> float:
        """Longer from time to time, and told now and then."""
        self._failures += 1
        now = self._clock()
        if self._told is None or now - self._told >= AGAIN:
            log.warning("the event queue cannot be used, all goes by sweeps meanwhile: %s", message)
            self._told = now
        return min(MOST, BASE * 2.0 ** min(self._failures - 1, 10)) * random.uniform(0.5, 1.0)  # noqa: S311  no secret

    def _well(self) -> None:
        self._count(0)
        if self._told is not None:
            log.info("the event queue can be used again")
        self._failures, self._told = 0, None
