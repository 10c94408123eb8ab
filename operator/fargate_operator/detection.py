"""Drift detections under way: begun when due and the gate lets them, asked after, read. At the edge: it asks AWS.

What is under way is held in memory only. An operator that starts anew detects anew, and waits for one that is still under way.
Nothing here fails a reconcile: that nobody can tell whether an app has drifted does not make it less ready.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from fargate_operator import spot_status
from fargate_operator.actions import Await, Nothing
from fargate_operator.aws.drift import Drifts
from fargate_operator.conditions import Reason
from fargate_operator.drift import AT_REST, Policy, ResourceDrift, due, excuses, followed, policy, somebodys, told
from fargate_operator.errors import ReconcileError, Waiting
from fargate_operator.gate import Gate
from fargate_operator.model import App
from fargate_operator.observation import StackObservation
from fargate_operator.plan import ROLLED_BACK
from fargate_operator.queue import Key
from fargate_operator.seen import Seen
from fargate_operator.world import World

FIRST, MOST = 2.0, 30.0  # seconds until a detection is asked after: first, and later
LONGEST = 3600.0  # seconds after which one is given up
REVERTING = 0.5  # seconds until what was found is put back
RETRY = 60.0  # seconds until what AWS could not answer is asked again
_PASSING = frozenset({Reason.Throttled, Reason.AwsUnavailable})


@dataclass(frozen=True, slots=True)
class Running:
    """A detection under way, and the stack as it was when it began."""

    detection_id: str
    since: datetime
    stack: tuple[str, datetime | None]


@dataclass(frozen=True, slots=True)
class Case:
    """An app whose stack is at rest, and what its spec wants to be done about drift."""

    key: Key
    seen: Seen
    app: App
    stack: StackObservation
    wanted: Policy

    def mark(self) -> tuple[str, datetime | None]:
        """Which stack it is, in which state."""
        return self.stack.id, self.stack.updated_at

    def again(self, after: float) -> Seen:
        """To come again, in so many seconds or earlier."""
        return replace(self.seen, again=after if self.seen.again is None else min(after, self.seen.again))

    def known(self) -> Mapping[str, Any]:
        """status.stack.drift so far."""
        return self.seen.drift or (self.seen.previous.get("stack") or {}).get("drift") or {}


class Detections:
    """All that are under way, at most one an app; at most one begins a second in an account."""

    def __init__(self, world: World, clock: Callable[[], float] = time.monotonic) -> None:
        self._world, self._clock = world, clock
        self._gates: dict[str, Gate] = {}
        self._running: dict[Key, Running] = {}
        self._asked: set[Key] = set()  # to reconcile now, which makes a detection due that may have to wait

    def look(self, key: Key, seen: Seen, *, asked: bool) -> Seen:
        """With what a detection found, where one has ended, and when to come again for it."""
        wanted = policy(seen.app)
        if wanted is None:
            self.forget(key)
            return seen
        if asked:
            self._asked.add(key)
        if not resting(seen) or seen.app is None or seen.stack is None:
            return seen
        case = Case(key, seen, seen.app, seen.stack, wanted)
        try:
            running = self._running.get(key)
            return self._ask(case, running) if running and running.stack == case.mark() else self._begin(case)
        except Waiting as error:
            return case.again(error.after)
        except ReconcileError as error:
            return case.again(RETRY) if error.reason in _PASSING else self._end(case, trouble=error.message)

    def forget(self, key: Key) -> None:
        """It is not to be looked after any more."""
        self._running.pop(key, None)
        self._asked.discard(key)
        for gate in list(self._gates.values()):  # other workers may add one
            gate.leave(key)

    def _begin(self, case: Case) -> Seen:
        seen, key = case.seen, case.key
        left = due(case.app.uid, case.wanted.interval, case.known(), case.stack.updated_at, seen.now)
        if left > 0 and key not in self._asked:
            return case.again(left)
        gate = self._gates.setdefault(seen.account_id, Gate(clock=self._clock))
        if wait := gate.wait(key):
            return case.again(wait)
        self._world.doubt(seen.region, case.stack.name)  # it may have been updated by hand
        detection = Drifts(self._world.clients, seen.region).detect(case.stack.id)
        self._asked.discard(key)
        self._running[key] = Running(detection, seen.now, case.mark())
        return case.again(FIRST)

    def _ask(self, case: Case, running: Running) -> Seen:
        drifts = Drifts(self._world.clients, case.seen.region)
        ended, age = drifts.ended(running.detection_id), (case.seen.now - running.since).total_seconds()
        if ended is None and age > LONGEST:
            return self._end(case, trouble="the detection does not end")
        if ended is None:
            return case.again(min(MOST, max(FIRST, age / 2)))
        return self._end(case, drifts.found(case.stack.id) if ended.drifted else (), ended.trouble)

    def _end(self, case: Case, found: tuple[ResourceDrift, ...] = (), trouble: str = "") -> Seen:
        self._running.pop(case.key, None)
        self._asked.discard(case.key)
        kept = (case.seen.pins.get("counts") or {}).keys()
        body = told(somebodys(found, excuses(case.app, kept, spot_status.excused(case.seen))), case.seen.now, trouble)
        body = followed(case.known(), body, case.seen.attempt.reason if case.stack.status in ROLLED_BACK else "")
        reverts = case.wanted.revert and body["state"] == "Drifted"
        return replace(case.again(REVERTING if reverts else case.wanted.interval), drift=body)


def resting(seen: Seen) -> bool:
    """Whether the stack is as the spec wants it, and nothing is done to it."""
    stack = seen.stack
    if stack is None or stack.status not in AT_REST or (seen.app and seen.app.spec.suspend):
        return False
    waits = isinstance(seen.action, Await) and stack.template_digest == seen.template_digest  # only drift is to be put back
    return isinstance(seen.action, Nothing) or waits
