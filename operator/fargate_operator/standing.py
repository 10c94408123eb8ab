"""How the apps stand, and how long a change takes until it is Ready: from what the watch tells. Pure; the clock is passed in."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from fargate_operator.previous import sound
from fargate_operator.queue import Key
from fargate_operator.seen import condition
from fargate_operator.verdicts import TYPES

STATUSES = {"True", "False", "Unknown"}


class Standing:
    """What is kept of an app is its conditions' statuses, and since when its newest spec waits."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()  # the watch writes, scrapes read
        self._conditions: dict[Key, tuple[tuple[str, str], ...]] = {}
        self._specs: dict[Key, tuple[str, int]] = {}  # uid and generation
        self._since: dict[Key, float] = {}

    def saw(self, key: Key, body: Mapping[str, Any], *, new: bool) -> float | None:
        """An object as it is now; `new`: it was made just now. The seconds that its newest spec took, once it is Ready.

        Of a spec that was there before the operator nobody knows since when: it is not told of.
        """
        metadata, status = body["metadata"], sound(body.get("status"))
        spec = (str(metadata["uid"]), int(metadata.get("generation") or 0))
        ready = condition(status, "Ready").get("status") == "True" and status.get("observedGeneration") == spec[1]
        found = tuple((kind, value) for kind in TYPES if (value := str(condition(status, kind).get("status"))) in STATUSES)
        with self._lock:
            self._conditions[key] = _SHARED.setdefault(found, found)
            before = self._specs.get(key)
            if before != spec:
                self._specs[key] = spec
                if before is not None or new:
                    self._since[key] = self._clock()
            if metadata.get("deletionTimestamp"):
                self._since.pop(key, None)
            return self._clock() - self._since.pop(key) if ready and key in self._since else None

    def forget(self, key: Key) -> None:
        """The object is gone."""
        with self._lock:
            for kept in (self._conditions, self._specs, self._since):
                kept.pop(key, None)

    def counts(self) -> Counter[tuple[str, str]]:
        """How many apps have a condition with a status."""
        with self._lock:
            return Counter(one for found in self._conditions.values() for one in found)


_SHARED: dict[tuple[tuple[str, str], ...], tuple[tuple[str, str], ...]] = {}  # thousands of apps stand alike
