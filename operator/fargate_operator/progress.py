"""What is stuck in a stack, where that is worth a call: an operation past the deadline, a rollback or deletion that failed.

At the edge. Since when nothing has moved comes of the stack's own events, so that another operator finds the same.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from fargate_operator import operations
from fargate_operator.observation import StackObservation
from fargate_operator.plan import busy
from fargate_operator.queue import Key
from fargate_operator.seen import Seen, condition, news
from fargate_operator.world import World

STUCK = frozenset({"DELETE_FAILED", "UPDATE_ROLLBACK_FAILED"})


DEADLINE = 900.0  # seconds


class Progress:
    """`deadline`: seconds without an event after which an operation makes no progress."""

    def __init__(self, world: World, deadline: float = DEADLINE) -> None:
        self._world, self._deadline = world, deadline
        self._stuck: dict[Key, StackObservation] = {}  # read once for each failure

    def look(self, key: Key, seen: Seen, stack: StackObservation) -> StackObservation:
        """The stack with what is stuck in it, of the turn whose `seen` it is."""
        stack = replace(stack, pieces=(), event_at=None, still=False)
        if stack.status in STUCK:
            return self._failed(key, seen, stack)
        self._stuck.pop(key, None)
        return self._busy(seen, stack) if busy(stack.status) else stack

    def forget(self, key: Key) -> None:
        """It is not to be looked after any more."""
        self._stuck.pop(key, None)

    def _failed(self, key: Key, seen: Seen, stack: StackObservation) -> StackObservation:
        known = self._stuck.get(key)
        if known is None or news(seen.previous, stack) or (known.id, known.status) != (stack.id, stack.status):
            found = self._world.stacks(seen.region).last_operation(stack)
            at = found[0].at if found else None
            known = replace(stack, pieces=operations.stuck(stack.status, found), event_at=at)
            self._stuck[key] = known
        return replace(stack, pieces=known.pieces, event_at=known.event_at)

    def _busy(self, seen: Seen, stack: StackObservation) -> StackObservation:
        waits = condition(seen.previous, "Reconciling")
        since = datetime.fromisoformat(waits["lastTransitionTime"]) if waits else seen.now
        if seen.now - max(filter(None, (since, stack.updated_at))) < timedelta(seconds=self._deadline):
            return stack
        found = self._world.stacks(seen.region).last_operation(stack, pages=1)
        own = next((one.piece.status for one in found if one.own), stack.status)
        if own != stack.status:  # it has gone on to another state
            self._world.doubt(seen.region, stack.name)
        at = found[0].at if found else stack.updated_at
        still = at is not None and seen.now - at >= timedelta(seconds=self._deadline)
        return replace(stack, pieces=operations.under_way(found), event_at=at, still=still)
