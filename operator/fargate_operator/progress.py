"""What is stuck in a stack, where that is worth a call: an operation past the deadline, a rollback or deletion that failed.

At the edge. Since when nothing has moved comes of the stack's own events, and of what ECS tells of the services that it waits for
(`motion`), which is in the status: so that another operator finds the same.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from fargate_operator import motion, names, operations
from fargate_operator.aws.services import cluster_of
from fargate_operator.observation import Piece, ServiceObservation, StackObservation
from fargate_operator.plan import busy
from fargate_operator.queue import Key
from fargate_operator.seen import Seen, condition, news
from fargate_operator.world import World

STUCK = frozenset({"DELETE_FAILED", "UPDATE_ROLLBACK_FAILED"})
DEADLINE = 900.0  # seconds
PATIENCE = 4  # times the deadline: for kinds of resources that take long in good order


class Progress:
    """`deadline`: seconds without an event after which an operation makes no progress."""

    def __init__(self, world: World, deadline: float = DEADLINE) -> None:
        self._world, self._deadline = world, deadline
        self._stuck: dict[Key, StackObservation] = {}  # read once for each failure

    def look(self, key: Key, uid: str, seen: Seen, stack: StackObservation) -> StackObservation:
        """The stack with what is stuck in it, of the turn whose `seen` it is; `uid` is the object's."""
        stack = replace(stack, pieces=(), event_at=None, still=False, ours=False, slow=False)
        if stack.status in STUCK:
            return self._failed(key, seen, stack)
        self._stuck.pop(key, None)
        return self._busy(uid, seen, stack) if busy(stack.status) else stack

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

    def _busy(self, uid: str, seen: Seen, stack: StackObservation) -> StackObservation:
        waits = condition(seen.previous, "Reconciling")
        since = datetime.fromisoformat(waits["lastTransitionTime"]) if waits else seen.now
        if seen.now - max(filter(None, (since, stack.updated_at))) < timedelta(seconds=self._deadline):
            return stack
        found = self._world.stacks(seen.region).last_operation(stack, pages=1)
        own = next((one.piece.status for one in found if one.own), stack.status)
        if own != stack.status:  # it has gone on to another state
            self._world.doubt(seen.region, stack.name)
        at = found[0].at if found else stack.updated_at
        pieces = operations.under_way(found)
        stack = replace(stack, pieces=pieces, event_at=at, ours=operations.begun_by(found, uid, _attempted(seen)))
        if at is None or not self._over(seen, at):
            return stack
        services = self._services(seen, pieces)  # as they are now: what is told of them may be minutes old
        moved = motion.moved_at(seen.previous, services, seen.now)
        goes_on = bool(services) and all(map(motion.waits, services.values()))
        still = not goes_on and (moved is None or self._over(seen, moved))
        return replace(stack, still=still, slow=operations.slow(pieces) and not self._over(seen, at, PATIENCE))

    def _over(self, seen: Seen, since: datetime, times: int = 1) -> bool:
        return seen.now - since >= timedelta(seconds=times * self._deadline)

    def _services(self, seen: Seen, pieces: tuple[Piece, ...]) -> dict[str, ServiceObservation]:
        """The services that are under way, by key; those that the app does not know by logical ID."""
        declared = {*(seen.previous.get("services") or {}), *((seen.app.spec.services if seen.app else None) or {})}
        keys = {names.service(key): key for key in declared}
        under_way = [one for one in pieces if one.type == operations.SERVICE and one.physical_id.startswith("arn:")]
        arns = {keys.get(one.logical_id, one.logical_id): one.physical_id for one in under_way}
        if not arns:
            return {}
        return self._world.services(seen.region).read(cluster_of(next(iter(arns.values()))), arns)


def _attempted(seen: Seen) -> str:
    return str((seen.previous.get("stack") or {}).get("attemptedDigest", ""))
