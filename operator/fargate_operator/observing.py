"""What is there of an app in AWS: its stack, and what runs of its services. At the edge: it asks the world."""

from dataclasses import replace

from fargate_operator import names
from fargate_operator.actions import Await, Discard, Halt, Nothing, Propose, Wait
from fargate_operator.approval import prefix
from fargate_operator.aws.services import cluster_of
from fargate_operator.conditions import Reason
from fargate_operator.event_index import EventIndex
from fargate_operator.explaining import Explainer
from fargate_operator.fallback import wanting
from fargate_operator.follower import Follower
from fargate_operator.homes import told
from fargate_operator.looks import Looks
from fargate_operator.observation import Failure, StackObservation
from fargate_operator.plan import busy
from fargate_operator.progress import Progress
from fargate_operator.rescue import Rescue
from fargate_operator.seen import Seen, attempt, condition, left, news
from fargate_operator.turn import Turn, abandoned, app_of, key_of
from fargate_operator.world import World


class Observer:
    """Reads the stack and the services of a turn, and has the follower know of what is under way.

    `survey`: seconds between two looks at all stacks for the sake of apps without services, whose absence nothing else tells of.
    """

    def __init__(
        self,
        world: World,
        follower: Follower,
        rescue: Rescue,
        looks: Looks,
        events: EventIndex,
        explainer: Explainer,
        progress: Progress,
        survey: float,
    ) -> None:
        self._world, self._follower, self._rescue, self._progress, self._survey = world, follower, rescue, progress, survey
        self._looks, self._events, self._explainer = looks, events, explainer

    def stack(self, turn: Turn) -> Turn:
        """With the stack as it is, and what was tried with it."""
        if abandoned(turn):
            return turn
        seen = turn.seen
        stalled = condition(seen.previous, "Stalled").get("reason")
        if not seen.deleting and not app_of(turn).spec.services:
            self._world.survey(seen.region, self._survey)
        if turn.reconcile_now or (seen.deleting and stalled) or stalled == Reason.StackNameTaken:
            self._world.doubt(seen.region, seen.stack_name)
        stack = self._claimed(turn, self._there(seen))
        if stack is not None and stack.owner != turn.owner:  # somebody else's: what it holds is not to be told
            stack = replace(stack, outputs={}, input_digest="", template_digest="")
            return turn.with_seen(stack=stack, owned=False, attempt=attempt(seen.previous, None, None))
        failure: Failure | None = None
        if stack is not None and news(seen.previous, stack):
            failure = self._explainer.failure(turn, stack)
        if stack is not None:
            stack = self._progress.look(key_of(turn), turn.item["metadata"]["uid"], seen, stack)
        if stack is not None and busy(stack.status):
            self._follower.follow(seen.region, stack.id, stack.name, key_of(turn))
        else:  # or gone: there is nothing to follow
            known = stack.id if stack else str((seen.previous.get("stack") or {}).get("id", ""))
            self._follower.rests(seen.region, known)
        absent = stack is None and self._world.gone(seen.region, seen.stack_name, told(seen))
        tried = attempt(seen.previous, stack, failure, left(seen), absent=absent)
        return turn.with_seen(stack=stack, absent=absent, owned=True, attempt=tried)

    def _there(self, seen: Seen) -> StackObservation | None:
        """The stack as it was seen last. That there is none any more is believed only of one that was asked for by its id.

        A deletion sees to that itself, before it lets the object go.
        """
        stack = self._world.stack(seen.region, seen.stack_name)
        if (
            stack is None
            and not seen.deleting
            and (known := told(seen))
            and not self._world.gone(seen.region, seen.stack_name, known)
        ):
            self._world.doubt(seen.region, seen.stack_name, known)
            return self._world.stack(seen.region, seen.stack_name)
        return stack

    def _claimed(self, turn: Turn, stack: StackObservation | None) -> StackObservation | None:
        """A stack that waits for its first change set has no tags yet: it is known by the names of its change sets."""
        if stack is None or stack.owner is not None or stack.status != "REVIEW_IN_PROGRESS":
            return stack
        ours = (turn.seen.previous.get("stack") or {}).get("id") == stack.id
        found = () if ours else tuple(self._world.stacks(turn.seen.region).change_sets.names(stack.name))
        # a shell without any is claimed where its name is the operator's own, which nobody else comes upon
        derived = not found and not (turn.item.get("spec") or {}).get("stackName")
        if ours or derived or any(name.startswith(prefix(turn.owner)) for name in found):
            return self._world.put(turn.seen.region, replace(stack, owner=turn.owner))
        return stack

    def services(self, turn: Turn) -> Turn:
        """With the services, where they can be known."""
        stack, app = turn.seen.stack, app_of(turn)
        if (
            stack is None
            or not isinstance(turn.seen.action, Nothing | Halt | Wait | Await | Propose | Discard | None)
            or stack.owner != turn.owner
        ):
            return turn
        arns = self._explainer.arns(turn, {**_still(turn), **self._rescue.arns(turn)})
        self._events.register(key_of(turn), "spot", arns.values())  # those of a stack that is made are in no output yet
        if not arns:
            return turn if busy(stack.status) else turn.with_seen(services={})
        if (known := self._looks.services(key_of(turn), turn.seen)) is not None:
            return turn.with_seen(services=known)
        cluster = stack.outputs.get(names.CLUSTER_OUTPUT) or cluster_of(next(iter(arns.values())))
        services = self._world.services(turn.seen.region).read(cluster, arns, wanting(app))
        if services.keys() != arns.keys() and not busy(stack.status):
            self._world.doubt(turn.seen.region, turn.seen.stack_name)  # has somebody deleted the stack?
        return turn.with_seen(services=self._explainer.services(turn, services))


def _still(turn: Turn) -> dict[str, str]:
    """The services that an operation without progress waits for, which may be in no output yet."""
    pieces = (
        {one.logical_id: one.physical_id for one in turn.seen.stack.pieces} if turn.seen.stack and turn.seen.stack.still else {}
    )
    found = {key: pieces.get(names.service(key), "") for key in app_of(turn).spec.services or {}}
    return {key: arn for key, arn in found.items() if arn.startswith("arn:")}
