"""Why something failed, gathered from everywhere that knows: CloudFormation's events, ECS, what the container wrote. At the edge.

CloudFormation says of a service that its circuit breaker was triggered, and takes service and cluster away when it rolls back: so
services of a busy stack are looked at now and then, and what was seen is remembered in the status (`services.<key>.stopped`).
"""

import logging
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache

from fargate_operator import names
from fargate_operator.aws import resources
from fargate_operator.aws.task_logs import Stream, TaskLogs, read
from fargate_operator.errors import ReconcileError
from fargate_operator.known_values import hidden
from fargate_operator.log_lines import safe
from fargate_operator.messages import LOG, details, headline, logged
from fargate_operator.observation import Ended, Failure, ServiceObservation, StackObservation
from fargate_operator.pace import WATCHED, working_for
from fargate_operator.queue import Key
from fargate_operator.seen import Status
from fargate_operator.sources import Sources
from fargate_operator.stopped import with_log
from fargate_operator.turn import Turn, app_of, key_of
from fargate_operator.wordings import trimmed
from fargate_operator.world import World

log = logging.getLogger(__name__)
LINES = 20  # of a container's log
LATE = timedelta(seconds=30)  # after a task has stopped its last lines may still come
Values = Callable[[], list[str] | None]  # of the app's Secrets; None where they cannot all be known
_LOOKED_AT = {"CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS"}
_WAITED = re.compile(r"circuit breaker|stabili[sz]|deployment alarm|timed? ?out|exceeded attempts|steady state", re.IGNORECASE)


_Operation = tuple[str, datetime | None]  # the stack's id, and when it was updated: each may make a resource anew


class Explainer:
    """Remembers which services of a busy stack there are, the log groups of stacks, and what was told of a log."""

    def __init__(self, world: World, sources: Sources, lines: int = LINES) -> None:
        self._world, self._sources, self._lines = world, sources, lines
        self._logs = TaskLogs()
        self._made: dict[Key, tuple[_Operation, Mapping[str, str]]] = {}
        self._groups: dict[Key, tuple[_Operation, str]] = {}

    def arns(self, turn: Turn, known: Mapping[str, str]) -> dict[str, str]:
        """`known` with the services that a busy stack has made and tells of in no output yet, once it takes its time."""
        stack, seen = turn.seen.stack, turn.seen
        missing = {key: names.service(key) for key in (app_of(turn).spec.services or {}) if key not in known}
        if stack is None or not missing or stack.status not in _LOOKED_AT:
            return dict(known)
        if not turn.reconcile_now and working_for(seen) < WATCHED:
            return dict(known)
        made = self._resources(key_of(turn), seen.region, stack, fresh=missing.values())
        return {**known, **{key: made[one] for key, one in missing.items() if made.get(one, "").startswith("arn:")}}

    def failure(self, turn: Turn, stack: StackObservation) -> Failure | None:
        """Why the stack's last operation failed; of a service that did not come up, why its tasks did not."""
        found = self._world.stacks(turn.seen.region).events.failure(stack)
        if found is None:
            return None
        values = self._values(turn)
        if found.before:
            found = replace(found, before=self._deeper(turn, stack, found.before, values))
        return self._deeper(turn, stack, found, values)

    def _deeper(self, turn: Turn, stack: StackObservation, failure: Failure, values: Values) -> Failure:
        failure = self._hidden(turn, failure, values)
        if failure.resource_type != "AWS::ECS::Service" or not _WAITED.search(failure.reason):
            return failure
        live = self._live(turn, stack, failure, values)
        known = live is not None and live.task_arn  # what only an event says may be less than what was seen of a task
        one = live if known else _remembered(turn.seen.previous, failure) or live
        if one is None:
            return failure
        told = details(one.message)
        words = [line for line in told if not line.startswith(LOG)] + [trimmed(failure.reason)]
        lines = [line for line in told if line.startswith(LOG)]
        return replace(failure, cause="\n".join([headline(one.message), *words, *lines]))

    def _hidden(self, turn: Turn, failure: Failure, values: Values) -> Failure:
        """Without values of the app's Secrets, as far as they are known: a custom resource's reason is some program's words."""
        try:
            known = values() or ()
        except ReconcileError as error:
            log.debug("%s/%s: the Secrets, to be hidden: %s", *key_of(turn), error)
            return failure
        return replace(
            failure, reason=hidden(failure.reason, known), others=tuple(hidden(other, known) for other in failure.others)
        )

    def _live(self, turn: Turn, stack: StackObservation, failure: Failure, values: Values) -> Ended | None:
        if ":service/" not in failure.physical_id:
            return None
        try:
            one = self._world.services(turn.seen.region).why(failure.physical_id, failure.began)
        except ReconcileError as error:  # the failure itself is known, and is told
            log.debug("%s/%s: why %s failed: %s", *key_of(turn), failure.logical_id, error)
            return None
        return self._logged(turn, stack, one, values) if one else None

    def services(self, turn: Turn, services: Mapping[str, ServiceObservation]) -> dict[str, ServiceObservation]:
        """The services with what the containers wrote that failed. Of one that is gone the successor is to be found."""
        self._renew(turn, services)
        stack, values = turn.seen.stack, self._values(turn)
        outputs = set(stack.outputs.values()) if stack and stack.status in _LOOKED_AT else None
        told = {
            key: one for key, one in services.items() if outputs is None or one.status != "INACTIVE" or one.service_arn in outputs
        }
        return {key: self._service(turn, one, values) for key, one in told.items()}

    def _renew(self, turn: Turn, services: Mapping[str, ServiceObservation]) -> None:
        """What was known of the stack's resources is read anew where a service of it is there no longer."""
        _, known = self._made.get(key_of(turn), (None, {}))
        there = {key for key, one in services.items() if one.status != "INACTIVE"}
        if any(names.service(key) in known for key in (app_of(turn).spec.services or {}) if key not in there):
            self.forget(key_of(turn))

    def _service(self, turn: Turn, service: ServiceObservation, values: Values) -> ServiceObservation:
        stack = turn.seen.stack
        if service.ended is None or stack is None:
            return service
        one = self._logged(turn, stack, service.ended, values)
        return replace(service, ended=one, stopped=one.message)

    def _logged(self, turn: Turn, stack: StackObservation, one: Ended, values: Values) -> Ended:
        """With the last lines of its log, of a container that has run. That they cannot be read takes nothing away."""
        if not self._lines or not one.task_arn or one.exit_code is None or turn.seen.app is None:
            return one
        settled = one.at is None or turn.seen.now >= one.at + LATE
        try:
            lines = self._logs.last(
                Stream(turn.seen.region, one.task_arn, one.container),
                read=lambda stream: self._read(turn, stack, stream),
                told=lambda raw: None if (known := values()) is None else safe(raw, known),
                settled=settled,
            )
        except ReconcileError as error:
            log.debug("%s/%s: the log of %s: %s", *key_of(turn), one.task_arn, error)
            return one
        return with_log(one, lines, logged(lines)) if lines else one

    def _read(self, turn: Turn, stack: StackObservation, stream: Stream) -> list[str] | None:
        key, clients = key_of(turn), self._world.clients
        of, group = self._groups.get(key, (None, ""))
        if of != _operation(stack):
            group = resources.physical_id(clients, stream.region, stack.id, names.LOG_GROUP)
            if not group:
                return None  # it is still to be made, or was taken away
            self._groups[key] = _operation(stack), group
        return read(clients, group, stream, self._lines)

    def _values(self, turn: Turn) -> Values:
        """What is known of the app's Secrets; read once in a look, and only where there is something to hide it in."""
        app = turn.seen.app
        return cache(lambda: None if app is None else self._sources.secrets(app))

    def _resources(self, key: Key, region: str, stack: StackObservation, fresh: Iterable[str] = ()) -> Mapping[str, str]:
        """The stack's resources as of its last operation; anew where one of `fresh` is not among those that are known."""
        of, known = self._made.get(key, (None, {}))
        if of != _operation(stack) or any(one not in known for one in fresh):
            known = resources.made(self._world.clients, region, stack.id)
            self._made[key] = _operation(stack), known
        return known

    def forget(self, key: Key) -> None:
        """It is not to be looked after any more."""
        self._made.pop(key, None)
        self._groups.pop(key, None)


def _remembered(previous: Status, failure: Failure) -> Ended | None:
    """What was seen last of the service's tasks, in this very operation."""
    for key, service in (previous.get("services") or {}).items():
        told = service.get("stopped") or {}
        if names.service(key) != failure.logical_id or not told.get("message"):
            continue
        at = datetime.fromisoformat(told["at"]) if told.get("at") else None
        if at is None or failure.began is None or at >= failure.began:
            return Ended(told["message"], told.get("taskArn", ""), told.get("container", ""), told.get("exitCode"), at)
    return None


def _operation(stack: StackObservation) -> _Operation:
    return stack.id, stack.updated_at
