"""Follows stacks in progress: one sweep a region for all of them, and none while nothing is in progress.

Each region has a thread of its own: one that does not answer holds up its own sweeps alone.
"""

import logging
import threading
import time
from collections.abc import Callable

from fargate_operator.errors import ReconcileError
from fargate_operator.queue import Key

log = logging.getLogger(__name__)


class Follower(threading.Thread):
    """Calls `ended` with the key of each stack that CloudFormation works on no longer."""

    def __init__(
        self, in_progress: Callable[[str], frozenset[str]], ended: Callable[[Key, str, str], None], interval: float
    ) -> None:
        super().__init__(name="follower", daemon=True)
        self._in_progress, self._ended, self._interval = in_progress, ended, interval
        self._lock = threading.Lock()
        self._stacks: dict[str, dict[str, tuple[Key, str, float]]] = {}  # region → stack id → whose, name, since when
        self._swept: dict[str, float] = {}  # by region, when the last sweep began that went well
        self._stopped = threading.Event()

    def follow(self, region: str, stack_id: str, stack_name: str, key: Key) -> None:
        """Tell when the stack has ended."""
        with self._lock:
            self._stacks.setdefault(region, {}).setdefault(stack_id, (key, stack_name, time.monotonic()))

    def rests(self, region: str, stack_id: str) -> None:
        """It is known already that the stack has ended."""
        with self._lock:
            self._stacks.get(region, {}).pop(stack_id, None)

    def run(self) -> None:
        begun = set[str]()
        while not self._stopped.wait(self._interval):
            with self._lock:
                new = self._stacks.keys() - begun
            for region in new:
                threading.Thread(target=self._sweeps, args=(region,), name=f"follower-{region}", daemon=True).start()
            begun |= new

    def _sweeps(self, region: str) -> None:
        trouble = ""  # said once, until it goes well again
        while not self._stopped.is_set():
            try:
                self._sweep(region)
            except ReconcileError as error:
                if trouble != error.reason:
                    log.warning("sweep of %s: %s", region, error.message)
                trouble = error.reason
            except Exception:
                log.exception("sweep of %s", region)
            else:
                trouble = ""
            self._stopped.wait(self._interval)

    def _sweep(self, region: str) -> None:
        began = time.monotonic()
        with self._lock:
            # a stack that began just now may not be in the list yet
            followed = {
                one: (key, name) for one, (key, name, since) in self._stacks[region].items() if since < began - self._interval / 2
            }
        if not followed:
            return
        ended = followed.keys() - self._in_progress(region)
        with self._lock:
            self._swept[region] = began
            for one in ended:
                self._stacks[region].pop(one, None)
        for one in ended:
            key, name = followed[one]
            self._ended(key, region, name)

    def lag(self) -> dict[str, float]:
        """The seconds since the last sweep that went well, by region; 0 where nothing is followed."""
        now = time.monotonic()
        with self._lock:
            begun = {region: min((since for _, _, since in of.values()), default=now) for region, of in self._stacks.items()}
            return {
                region: now - max(self._swept.get(region, 0.0), first) if self._stacks[region] else 0.0
                for region, first in begun.items()
            }

    def stop(self) -> None:
        """End the thread."""
        self._stopped.set()
