"""When a reconcile is to come again: no reconcile waits for AWS, each says how long the world may go on without it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from fargate_operator.actions import Await, Discard, Halt, Nothing, Propose
from fargate_operator.conditions import Reason
from fargate_operator.errors import ReconcileError, Terminal, Transient, Waiting
from fargate_operator.fallback import wanting
from fargate_operator.observation import StackObservation
from fargate_operator.plan import OUTSIDE, busy
from fargate_operator.seen import Seen, condition
from fargate_operator.verdicts import trouble_of

ROLLOUT = 10.0  # seconds after which a rollout under CloudFormation is looked at first
PLANNING, MOST_PLANNING = 1.0, 30.0  # seconds between two looks at a change set that CloudFormation works on
WATCHED = 30.0  # seconds after which the services of a stack that is being made are looked at, should they fail
FIRST_LOOK = 60.0  # seconds until then, as a rule: before, there is nothing yet that could have failed
MOMENT = 1.0  # seconds: the least between two looks at what may be about to hang
SAFETY = 600.0  # seconds after which a busy stack is looked at, should the follower have missed it


@dataclass(frozen=True, slots=True)
class Outcome:
    """When to come again: `after` seconds (None: when told), or with backoff after a failure.

    `away` is the region whose AWS did not answer, where that was it; `woken`: to be brought forward when it answers again, as
    the call was kept back for others' failures. Who failed by itself waits for its own backoff. `result` and `reason` are for
    metrics: ready, reconciling, stalled, failed, unknown or gone; and Ready's reason.
    """

    after: float | None = None
    failed: bool = False
    away: str = ""
    woken: bool = False
    result: str = "gone"
    reason: str = ""


def outcome(seen: Seen, status: Mapping[str, Any], health: float, deadline: float) -> Outcome:
    """`status` is what was made of `seen`; `health` the seconds between two looks at services that are as they should be.

    `deadline`: seconds without an event after which a busy stack makes no progress.
    """
    error, action = seen.error, seen.action
    if isinstance(error, Terminal):
        return Outcome(OUTSIDE if error.outside else None)
    if isinstance(error, Waiting):
        return Outcome(error.after)
    if error is not None:
        away = isinstance(error, ReconcileError) and error.reason in {Reason.AwsUnavailable, Reason.Throttled}
        return Outcome(failed=True, away=seen.region if away else "", woken=isinstance(error, Transient) and error.refused)
    if isinstance(action, Halt):
        return Outcome(min(action.retry_after or health, health))
    conditions = {one["type"]: one for one in status["conditions"]}
    if isinstance(action, Propose | Discard) or (isinstance(action, Await) and not action.approval):
        return Outcome(min(MOST_PLANNING, max(PLANNING, _age(seen, conditions["Reconciling"]) / 4)))
    if isinstance(action, Await):
        return Outcome(health)
    if seen.stack and busy(seen.stack.status):
        return _busy(seen, seen.stack, status, conditions.get("Reconciling", conditions["Ready"]), deadline)
    return _at_rest(seen, conditions, health)


def told(outcome: Outcome, status: Mapping[str, Any]) -> Outcome:
    """With what the metrics count of it."""
    holds = {one["type"]: one["status"] for one in status["conditions"]}
    kinds = {"Stalled": "stalled", "Reconciling": "reconciling", "Ready": "ready"}
    result = next((word for kind, word in kinds.items() if holds.get(kind) == "True"), "unknown")
    return replace(outcome, result="failed" if outcome.failed else result, reason=condition(status, "Ready").get("reason", ""))


def _busy(
    seen: Seen, stack: StackObservation, status: Mapping[str, Any], reconciling: Mapping[str, Any], deadline: float
) -> Outcome:
    """The follower tells when the stack ends; until then, which may take a day, the rollouts are shown as they go on."""
    age = _age(seen, reconciling)
    on_spot = seen.app is not None and bool(wanting(seen.app))  # may find no capacity, for which the stack waits in vain
    rolls = on_spot or any(one.get("serviceArn") for one in status.get("services", {}).values())
    after = min(SAFETY, max(ROLLOUT, age / 4)) if rolls else _watched(seen)
    moved = max((one for one in (stack.event_at, stack.updated_at) if one), default=None)
    left = deadline - min(age, (seen.now - moved).total_seconds() if moved else age)
    return Outcome(min(after, max(MOMENT, left)) if left > 0 else after)


def _watched(seen: Seen) -> float:
    """Of a stack whose services are in no output yet: a look costs CloudFormation a call until they are found."""
    if seen.app is None or not seen.app.spec.services:
        return SAFETY
    age = working_for(seen)
    return FIRST_LOOK - age if age < WATCHED else min(SAFETY, max(WATCHED, age / 2))


def working_for(seen: Seen) -> float:
    """For how many seconds CloudFormation has been at work, as far as the status tells."""
    before = condition(seen.previous, "Reconciling") or condition(seen.previous, "Ready")
    return _age(seen, before) if before.get("lastTransitionTime") else 0.0


def _at_rest(seen: Seen, conditions: Mapping[str, Any], health: float) -> Outcome:
    """Nothing goes on in the stack."""
    if seen.stack is None:
        return Outcome(health)  # suspended before it had one: nothing is waited for
    lacking = bool(seen.waiting) or any(one.trouble for one in seen.images.values())
    services = seen.app.spec.services if seen.app else None
    nothing = isinstance(seen.action, Nothing) and not services and not lacking
    left = conditions["Ready"]["reason"] == Reason.RollbackSkipped  # which a person has to set right
    if conditions["Ready"]["status"] == "True" or nothing or left or _only_waits(seen):
        return Outcome(health)
    return Outcome(min(health, max(2.0, min(30.0, _age(seen, conditions["WorkloadsReady"]) / 4))))


def _only_waits(seen: Seen) -> bool:
    """Whether all that is wrong is an image that cannot be built as things are: its ref is looked at in its own time."""
    troubles = [one.trouble for one in seen.images.values() if one.trouble]
    waits = all(one.stalled or one.reason == Reason.RepositoryUnreachable for one in troubles)
    return bool(troubles) and waits and not any(trouble_of(one) for one in (seen.services or {}).values())


def _age(seen: Seen, condition: Mapping[str, Any]) -> float:
    """For how many seconds a condition has been as it is."""
    return (seen.now - datetime.fromisoformat(condition["lastTransitionTime"])).total_seconds()
