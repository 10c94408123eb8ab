"""summarize: all that was seen of an app as its status, and the Events that tell of what changed. Pure, idempotent."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from fargate_operator import drift, incidents, motion, names, spot_status
from fargate_operator.actions import Await, Cancel, Create, Delete, Execute, Halt, Nothing, Recover, Recreate, Update, Wait
from fargate_operator.approval import in_order
from fargate_operator.conditions import Reason
from fargate_operator.errors import Terminal
from fargate_operator.messages import about, fit
from fargate_operator.observation import ServiceObservation, StackObservation
from fargate_operator.plan import ROLLED_BACK, SETTLED, STUCK, backoff, busy
from fargate_operator.recovery import CANCEL, RECREATE
from fargate_operator.seen import Seen, Status, condition, failed, timestamp, updated_at, warnings
from fargate_operator.verdicts import conditions, trouble_of

_TRIED = frozenset({Reason.CreateFailed, Reason.UpdateFailed, Reason.DeleteFailed})  # a Halt for these is followed by a try
MOST_CHANGES = 50  # shown in status.plan; the rest is counted


def summarize(seen: Seen) -> dict[str, Any]:
    """The whole new status."""
    status: dict[str, Any] = {
        "observedGeneration": seen.generation,
        "region": seen.region,
        "accountId": seen.account_id,
        "lastHandledReconcileAt": seen.reconcile_at if _through(seen) else seen.previous.get("lastHandledReconcileAt"),
        "conditions": conditions(seen),
        "stack": _stack(seen),
        "plan": _plan(seen),
        **_workloads(seen),
    }
    return {name: value for name, value in status.items() if value not in ("", None, {}, [])}


def _through(seen: Seen) -> bool:
    """Whether this reconcile came to an end of its own; one that was cut off has not handled a request to reconcile now."""
    return seen.error is None or isinstance(seen.error, Terminal)


def _stack(seen: Seen) -> dict[str, Any]:
    old = seen.previous.get("stack") or {}
    body: dict[str, Any] = {"name": seen.stack_name}
    stack = seen.stack
    if stack is not None and seen.owned:
        body |= {"id": stack.id, "status": stack.status, "updatedAt": _updated_at(seen, old, stack)}
        body["templateDigest"] = stack.template_digest
        body["inputDigest"] = stack.input_digest
        if isinstance(seen.action, Nothing) and stack.template_digest == seen.template_digest:
            body["inputDigest"] = seen.input_digest or old.get("inputDigest")
    elif seen.absent and stack is None:
        body |= {"id": old["id"], "status": "DELETE_COMPLETE"}
    elif seen.action is None:
        body |= {name: old[name] for name in ("id", "status", "updatedAt", "templateDigest", "inputDigest") if name in old}
    body["attemptedDigest"], body["failures"] = _attempted(seen, old)
    if body["failures"]:
        body["failure"] = fit(seen.attempt.reason)
    tried = isinstance(seen.action, Create | Update | Execute)
    body["attemptedGeneration"] = seen.generation if tried else old.get("attemptedGeneration")
    body |= _undone(seen, old)
    body["annotations"], body["skipped"] = incidents.remembered(seen), incidents.skipped(seen)
    if stack is not None and busy(stack.status):
        body["movedAt"] = timestamp(motion.moved_at(seen.previous, seen.services or {}, seen.now))
    elif seen.action is None and not seen.absent:  # the turn was cut off
        body["movedAt"] = old.get("movedAt")
    body["drift"] = _drift(seen, old, body)
    body["warnings"] = warnings(seen)
    return {name: value for name, value in body.items() if value not in ("", None, 0, {}, [])}


def _updated_at(seen: Seen, old: Status, stack: StackObservation) -> str | None:
    """When it was updated last; what somebody else has done to it is no news only once it is taken back."""
    taken_back = isinstance(seen.action, Update | Execute) and seen.error is None
    return old.get("updatedAt") if seen.attempt.touched and not taken_back else updated_at(seen.previous, stack)


def _undone(seen: Seen, old: Status) -> dict[str, Any]:
    """What the operator itself takes back, and what it has passed over for that: for as long as it goes on."""
    action, stack = seen.action, seen.stack
    if stack is None and (action is None or seen.absent):  # it was not read, or has gone
        return {name: old.get(name) for name in ("undoing", "passedOver", "recoveries", "retryAt")}
    waits = isinstance(action, Wait | Halt | Recover | Delete | Recreate | None)
    waits = waits or (isinstance(action, Nothing) and stack is not None and busy(stack.status))  # suspended meanwhile
    undoing = RECREATE if isinstance(action, Recreate) else CANCEL if isinstance(action, Cancel) else None
    passed = action.skip if isinstance(action, Recover) else action.retain if isinstance(action, Delete | Recreate) else ()
    goes_on = stack is not None and (stack.status in STUCK or stack.status == "UPDATE_ROLLBACK_IN_PROGRESS")
    tries = int(old.get("recoveries", 0)) if goes_on and not isinstance(action, Cancel) else 0
    # a cancel is over once the stack rests: what fails after that is a failure
    over = old.get("undoing") == CANCEL and stack is not None and stack.status in SETTLED | ROLLED_BACK
    return {
        "undoing": undoing or (old.get("undoing") if waits and not over else None),
        "passedOver": list(passed) or (old.get("passedOver") if waits else None),
        "recoveries": tries + (isinstance(action, Recover) and seen.error is None),
        "retryAt": _retry_at(seen, old),
    }


def _retry_at(seen: Seen, old: Status) -> str | None:
    """When what failed is tried again, which no other turn may do earlier."""
    action = seen.action
    if isinstance(action, Halt) and action.reason in _TRIED and action.retry_after:
        return timestamp(seen.now + timedelta(seconds=action.retry_after))
    if action is not None:
        return None
    # the failure is counted by now, and the turn was cut off before anybody said how long to wait
    return timestamp(seen.now + timedelta(seconds=backoff(seen.attempt.failed))) if seen.attempt.fresh else old.get("retryAt")


def _drift(seen: Seen, old: Status, new: Status) -> Status:
    """What a detection found last, of this very stack, for as long as the spec wants it known."""
    if seen.app and drift.policy(seen.app) is None:
        return {}
    return seen.drift or (old.get("drift") if old.get("id") == new.get("id") else None) or {}


def _plan(seen: Seen) -> Status | None:
    """The change set that waits for approval; what was not looked at this time stays, but not for another spec."""
    if isinstance(seen.action, Await) and seen.action.approval:
        change_set = seen.action.change_set
        listed = in_order(change_set.changes)
        shown = [
            {"action": one.action, "logicalId": one.logical_id, "type": one.type}
            | ({"replacement": one.replacement} if one.replacement else {})
            for one in listed[:MOST_CHANGES]
        ]
        return {"changeSetId": change_set.id, "changes": shown, "omitted": len(listed) - len(shown)}
    current = seen.stack is not None and seen.stack.template_digest == seen.template_digest
    suspended = isinstance(seen.action, Nothing) and not current
    same = seen.action is None and seen.previous.get("observedGeneration") == seen.generation
    return seen.previous.get("plan") if suspended or same else None


def _attempted(seen: Seen, old: Status) -> tuple[str, int]:
    """The digest that was sent last, and how often it failed. A stack deleted to be made again leaves the digest open.

    A stack that failed before there was this object failed with some other template.
    """
    if isinstance(seen.action, Create | Update | Execute):
        makes = isinstance(seen.action, Create) or (isinstance(seen.action, Execute) and seen.action.create)
        same = seen.attempt.digest in (seen.template_digest, seen.planned) if seen.attempt.digest else makes
        return seen.template_digest, seen.attempt.failed if same else 0
    if isinstance(seen.action, Recreate):
        return "", seen.attempt.failed
    if isinstance(seen.action, Nothing) and not seen.deleting and seen.stack and not failed(seen.stack):
        current = seen.stack.template_digest == seen.template_digest
        return seen.template_digest if current else str(old.get("attemptedDigest", "")), 0
    return seen.attempt.digest, seen.attempt.failed


_KEPT = (
    "clusterArn", "images", "network", "pins", "services", "scheduledTasks", "tasks", "functions", "httpApi", "outputs",
    "summary",
)  # fmt: skip


def _kept(seen: Seen) -> dict[str, Any]:
    """What stays where nothing new was seen. What was looked up for an older spec is no pin for this one.

    What AWS changes by itself is carried from spec to spec: a faulty one in between must not make it forgotten.
    """
    kept = {name: seen.previous[name] for name in _KEPT if name in seen.previous}
    if seen.previous.get("observedGeneration") != seen.generation:
        pins = {
            name: value for name, value in kept.pop("pins", {}).items() if name in {"counts", "weights", "spot", "interrupted"}
        }
        kept = {name: value for name, value in kept.items() if name not in {"images", "network"}} | {"pins": pins}
    return kept


def _workloads(seen: Seen) -> dict[str, Any]:
    if seen.app is None or seen.stack is None:
        gone = seen.stack is None and (seen.action is not None or seen.absent)  # looked, and there is none
        return {"pins": spot_status.pins(replace(seen, pins={}))} if gone else _kept(seen)
    spec, outputs = seen.app.spec, seen.stack.outputs
    previous = seen.previous.get("services") or {}
    services = {key: _service(key, seen, previous.get(key) or {}) for key in sorted(spec.services or {})}
    counts = [(one.running, one.desired) for one in (seen.services or {}).values()]
    return {
        "summary": f"{sum(a for a, _ in counts)}/{sum(b for _, b in counts)}" if counts else _summary(seen),
        "clusterArn": outputs.get(names.CLUSTER_OUTPUT),
        "images": {name: _image(name, seen) for name in sorted(spec.images or {}) if _image(name, seen)},
        "pins": spot_status.pins(seen),
        "network": dict(seen.network),
        "services": services,
        "scheduledTasks": {
            key: _present(scheduleArn=names.scheduled_task_output(key), taskDefinitionArn=names.task_output(key), of=outputs)
            | _spot(key, seen, outputs)
            for key in sorted(spec.scheduled_tasks or {})
        },
        "tasks": {key: _present(taskDefinitionArn=names.task_output(key), of=outputs) for key in sorted(spec.tasks or {})},
        "functions": {
            key: _present(functionArn=names.function_output(key), url=names.function_url_output(key), of=outputs)
            for key in sorted(spec.functions or {})
        },
        "httpApi": _present(
            id=names.HTTP_API_ID_OUTPUT,
            url=names.HTTP_API_URL_OUTPUT,
            domainTarget=names.HTTP_API_TARGET_OUTPUT,
            domainHostedZoneId=names.HTTP_API_ZONE_OUTPUT,
            of=outputs,
        ),
        "outputs": {name: outputs[name] for name in sorted(spec.outputs or {}) if name in outputs},
    }


def _summary(seen: Seen) -> Any:
    """Of services that were not looked at this time."""
    return seen.previous.get("summary") if seen.services is None else None


def _image(name: str, seen: Seen) -> dict[str, str]:
    one = seen.images.get(name)
    commit = (seen.pins.get("commits") or {}).get(name, "")
    before = (seen.previous.get("images") or {}).get(name) or {}
    same = one is not None and before.get("commit", "") == commit
    body = {
        "uri": (seen.pins.get("images") or {}).get(name, ""),
        "commit": commit,
        "repository": one.repository if one else "",
        "build": (one.build if one else "") or (before.get("build", "") if same else ""),
    }
    return {field: value for field, value in body.items() if value}


def _present(*, of: Mapping[str, str], **fields: str) -> dict[str, str]:
    return {field: of[output] for field, output in fields.items() if output in of}


def _spot(key: str, seen: Seen, outputs: Mapping[str, str]) -> dict[str, Any]:
    """How often a scheduled task was run on demand for want of Spot."""
    if names.spot_runs_output(key) not in outputs:
        return {}
    known = ((seen.previous.get("scheduledTasks") or {}).get(key) or {}).get("spot") or {}
    fresh = seen.reruns.get(key) or {}
    told = fresh if fresh.get("rescued", 0) > known.get("rescued", 0) else known
    return {"spot": dict(told)} if told else {}


def _service(key: str, seen: Seen, previous: Status) -> dict[str, Any]:
    outputs = seen.stack.outputs if seen.stack else {}
    arns = {"serviceArn": names.service_output(key), "taskDefinitionArn": names.task_output(key)}
    body: dict[str, Any] = _present(**arns, url=names.service_url_output(key), of=outputs)
    body |= {"spot": spot} if (spot := spot_status.told(key, seen, previous)) else {}
    one = (seen.services or {}).get(key)
    if one is None:  # not looked at this time: what was seen last stays
        kept = {name: value for name, value in previous.items() if name not in {"url", "spot"}}
        return {**kept, **body} if seen.services is None else body
    trouble = trouble_of(one)
    body |= {"desired": one.desired, "running": one.running, "pending": one.pending, "taskDefinitionArn": one.task_definition_arn}
    message = fit(trouble[1]) if trouble else ""
    extras: dict[str, Any] = {"taskArns": list(one.task_arns), "rollout": one.stage or one.rollout, "message": message}
    extras["stopped"] = _ended(one, previous)
    return body | {name: value for name, value in extras.items() if value}


def _ended(service: ServiceObservation, previous: Status) -> Status:
    """Why a task stopped last; known until all is well again, since ECS forgets it, and the stack may take the service away."""
    well = service.status == "ACTIVE" and service.rollout in ("", "COMPLETED") and trouble_of(service) is None
    if service.ended is None:
        return {} if well else previous.get("stopped") or {}
    one = service.ended
    body = {
        "message": fit(one.message),
        "at": timestamp(one.at),
        "taskArn": one.task_arn,
        "container": one.container,
        "exitCode": one.exit_code,
    }
    return {name: value for name, value in body.items() if value not in ("", None)}


# ── Events ──────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class EventNote:
    """A Kubernetes Event to be: type Normal or Warning."""

    type: str
    reason: str
    message: str


def transitions(old: Status, new: Status) -> list[EventNote]:
    """The Events that tell what changed: when Ready's status, reason or message did, for each drift, of Spot and of quotas."""
    before, after = condition(old, "Ready"), condition(new, "Ready")
    still = after.get("reason") == Reason.NoProgress  # is told once, however what it waits for changes
    same = all(before.get(name) == after.get(name) for name in ("status", "reason"))
    same = same and (still or about(before.get("message", "")) == about(after.get("message", "")))  # counts, logs are no news
    others = [EventNote(*one) for one in drift.news(*((one.get("stack") or {}).get("drift") or {} for one in (old, new)))]
    others += [EventNote(*one) for one in spot_status.news(old, new)]
    told, tell = ((one.get("stack") or {}).get("warnings") or () for one in (old, new))
    others += [EventNote("Warning", Reason.QuotaNear, one) for one in tell if one not in told]
    if same or not after:
        return others
    bad = still or bool(condition(new, "Stalled")) or (after["status"] != "True" and not condition(new, "Reconciling"))
    stack = (new.get("stack") or {}).get("name", "")
    message: str = after["message"] or f"{after['reason']} the stack {stack}".strip()
    return [EventNote("Warning" if bad else "Normal", after["reason"], message), *others]
