"""Services off Spot and back: the facts of a turn as time and failures have it, and UpdateService where the stack is no help.

At the edge. `spot` decides. While a stack waits for a service that gets no capacity, no second update of it is possible, and it
may wait for hours: the service itself is moved at once, and the template follows when the operation has ended. ECS keeps the
deployment's minimumHealthyPercent while tasks move.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from fargate_operator import names
from fargate_operator.actions import Await, Halt, Nothing
from fargate_operator.aws import resources
from fargate_operator.aws.services import cluster_of
from fargate_operator.conditions import Reason
from fargate_operator.errors import ReconcileError, Waiting
from fargate_operator.facts import Fallback
from fargate_operator.fallback import carried, due, fallen, in_template, left, moved_beside, wanting
from fargate_operator.fragments import capacity
from fargate_operator.messages import without_log
from fargate_operator.observation import ServiceObservation, Share
from fargate_operator.plan import NEVER_UP, ROLLED_BACK, SETTLED, STUCK, busy
from fargate_operator.queue import Key
from fargate_operator.seen import Note, Seen
from fargate_operator.shortage import excerpt, lacks_capacity
from fargate_operator.spot import Case, Interruptions, counted, judge
from fargate_operator.spot_status import fallbacks, interruptions, recorded
from fargate_operator.turn import Turn, app_of, key_of
from fargate_operator.world import World

SOON = 0.5  # seconds until the template follows a service that was moved
_GOING = frozenset({"ROLLBACK_IN_PROGRESS", "DELETE_IN_PROGRESS"})  # the services are taken away
_GOING_BACK = frozenset({"UPDATE_ROLLBACK_IN_PROGRESS"}) | STUCK  # CloudFormation brings the strategy of before


class Rescue:
    """Holds the services of stacks that are being made, and the refusals that were told; a new operator finds both again."""

    def __init__(self, world: World, cooldown: float) -> None:
        self._world, self._cooldown = world, cooldown
        self._found: dict[Key, tuple[str, Mapping[str, str]]] = {}
        self._next: dict[Key, str] = {}  # the service that was asked for last: the next look goes on after it
        self._refused: dict[Key, dict[str, str]] = {}  # reasons by service

    def facts(self, turn: Turn) -> Turn:
        """Before the template is compiled: who is on demand now, and when to come again for it."""
        app, seen = app_of(turn), turn.seen
        assert turn.facts is not None  # noqa: S101  facts are resolved before
        known = carried(app, {**turn.facts.spot, **recorded(seen.previous)})
        known = due(self._failed(turn, known), seen.now, self._cooldown)
        facts = replace(turn.facts, spot=in_template(app, known))
        wait = left(known.values(), seen.now)
        return replace(turn, facts=facts, seen=_again(replace(seen, spot=known), wait))

    def _failed(self, turn: Turn, known: dict[str, Fallback]) -> dict[str, Fallback]:
        """With the service that the stack's last operation failed for, where CloudFormation says that it found no capacity."""
        stack, attempt = turn.seen.stack, turn.seen.attempt
        words = without_log(attempt.reason)
        if stack is None or stack.status not in NEVER_UP | ROLLED_BACK or not attempt.fresh or not lacks_capacity(words):
            return known
        for key in wanting(app_of(turn)):
            if attempt.reason.startswith(f"{names.identifier(key)}Service "):
                reason = excerpt(words)
                return {**known, key: fallen(known.get(key), turn.seen.now, self._cooldown, reason)}
        return known

    def arns(self, turn: Turn) -> dict[str, str]:
        """The ARNs of the app's services; of a busy stack, which has no outputs yet, those of services on Spot."""
        stack, app = turn.seen.stack, app_of(turn)
        assert stack is not None  # noqa: S101  the caller has looked
        outputs = {key: stack.outputs.get(names.service_output(key), "") for key in app.spec.services or {}}
        arns = {key: arn for key, arn in outputs.items() if arn}
        wanted = {key: names.service(key) for key in wanting(app) - arns.keys()}
        if not wanted or not busy(stack.status) or stack.status in _GOING:
            self._found.pop(key_of(turn), None)
            self._next.pop(key_of(turn), None)
            return arns
        of, known = self._found.get(key_of(turn), ("", {}))
        known = known if of == stack.id else {}
        missing = self._round(key_of(turn), {key: one for key, one in wanted.items() if key not in known})
        known = {**known, **resources.services(self._world.clients, turn.seen.region, stack.id, missing)}
        self._found[key_of(turn)] = stack.id, known
        return {**arns, **{key: arn for key, arn in known.items() if key in wanted}}

    def _round(self, key: Key, missing: Mapping[str, str]) -> dict[str, str]:
        """As many as one look asks for, each in its turn."""
        last = self._next.get(key, "")
        order = sorted(missing, key=lambda name: (name <= last, name))[: resources.MOST]
        if order:
            self._next[key] = order[-1]
        return {name: missing[name] for name in order}

    def act(self, turn: Turn) -> Turn:
        """When the services were read: count interruptions, judge, and move what must be moved.

        What AWS refuses to move stays as it is known, is told, and is judged anew by the next turn; all else goes on.
        """
        app, seen = app_of(turn), turn.seen
        wanted = wanting(app)
        if not wanted or seen.services is None or seen.stack is None:
            return turn
        known, counts, services = dict(fallbacks(seen)), dict(interruptions(seen.previous)), dict(seen.services)
        refused: dict[str, ReconcileError] = {}
        for key in sorted(wanted & services.keys()):
            counts[key] = counted(counts.get(key) or Interruptions(), services[key].stops, seen.now)
            if app.spec.suspend:
                continue
            kept = moved_beside(app) and isinstance(seen.action, Await | Halt)
            back = seen.stack.status in _GOING_BACK
            judged = judge(Case(services[key], known.get(key), settled(seen), seen.now, self._cooldown, kept, back))
            if judged.move and seen.stack.status not in _GOING:
                try:
                    services[key] = self._move(turn, key, services[key], back=judged.move == "Spot")
                except ReconcileError as error:
                    refused[key] = error
                    continue
            if judged.fallback:
                known[key] = judged.fallback
        moved = known != fallbacks(seen)
        notes = (*seen.notes, *self._told(key_of(turn), refused))
        seen = replace(seen, spot=known, interrupted=counts, services=services, notes=notes)
        return replace(turn, seen=_again(seen, SOON if moved else None))

    def restore(self, turn: Turn) -> Turn:
        """Before a failed rollback is tried again: services that want Spot run on what the stack's template says.

        CloudFormation sends the template's strategy, and ECS refuses another than the live one without a new deployment. If
        there is still no capacity, `act` moves them again when ECS says so. What is refused is told, and the rollback is tried.
        """
        seen = turn.seen
        wanted = wanting(seen.app) if seen.app else frozenset()
        if seen.stack is None or not wanted:
            return turn
        arns = {key: arn for key, arn in self.arns(turn).items() if key in wanted}
        if not arns:
            return turn
        told = self._world.template(seen.region, seen.stack).get("Resources", {})
        cluster = seen.stack.outputs.get(names.CLUSTER_OUTPUT) or cluster_of(next(iter(arns.values())))
        refused: dict[str, ReconcileError] = {}
        for key, service in self._world.services(seen.region).read(cluster, arns).items():
            strategy = _of_template(told.get(names.service(key)))
            if service.status != "ACTIVE" or strategy is None or set(strategy) == set(service.strategy):
                continue
            try:
                self._put(turn, key, service, strategy)
            except ReconcileError as error:
                refused[key] = error
        return replace(turn, seen=replace(seen, notes=(*seen.notes, *self._told(key_of(turn), refused))))

    def _move(self, turn: Turn, key: str, service: ServiceObservation, *, back: bool) -> ServiceObservation:
        spec = (app_of(turn).spec.services or {})[key]
        wanted = capacity.strategy(spec.capacity, spot=spec.spot) if back else capacity.ON_DEMAND
        return self._put(turn, key, service, shares(wanted))

    def _put(self, turn: Turn, key: str, service: ServiceObservation, strategy: tuple[Share, ...]) -> ServiceObservation:
        """UpdateService, of a service that is the stack's own: an output of an older spec may name anybody's."""
        stack, region = turn.seen.stack, turn.seen.region
        assert stack is not None  # noqa: S101  its services were read
        found = resources.services(self._world.clients, region, stack.id, {key: names.service(key)})
        if found.get(key) != service.service_arn:
            raise Waiting(Reason.ServiceMissing, f"{service.service_arn} is no service of the stack {stack.name}", after=5.0)
        self._world.services(region).move(service.cluster, service.service_arn, strategy)
        return replace(service, strategy=strategy)

    def forget(self, key: Key) -> None:
        """It is not to be looked after any more."""
        self._found.pop(key, None)
        self._next.pop(key, None)
        self._refused.pop(key, None)

    def _told(self, key: Key, refused: Mapping[str, ReconcileError]) -> list[Note]:
        """An Event for each refusal that was not told yet; one that is over may be told again."""
        before, now = self._refused.get(key, {}), {name: one.reason for name, one in refused.items()}
        self._refused[key] = now
        return [
            Note("Warning", Reason.SpotNotMoved, f"{name}: stays where it is: {one.message}")
            for name, one in refused.items()
            if before.get(name) != one.reason
        ]


def shares(strategy: Iterable[Mapping[str, Any]]) -> tuple[Share, ...]:
    """A CapacityProviderStrategy of a template, as ECS tells it."""
    return tuple(Share(one["CapacityProvider"], one.get("Weight", 0), one.get("Base", 0)) for one in strategy)


def _of_template(resource: Any) -> tuple[Share, ...] | None:
    """The strategy of a service in a template; None where it says none, or not plainly."""
    try:
        return shares(resource["Properties"]["CapacityProviderStrategy"])
    except (KeyError, TypeError, AttributeError):
        return None


def settled(seen: Seen) -> bool:
    """Whether the stack rests with the template that it is to have, so that no operation is about to move a service."""
    stack = seen.stack
    at_rest = stack is not None and stack.status in SETTLED | ROLLED_BACK and stack.template_digest == seen.template_digest
    return at_rest and isinstance(seen.action, Nothing)


def _again(seen: Seen, after: float | None) -> Seen:
    if after is None:
        return seen
    return replace(seen, again=after if seen.again is None else min(after, seen.again))
