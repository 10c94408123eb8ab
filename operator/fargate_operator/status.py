"""summarize: all that was seen of an app as its status; conditions are computed here and nowhere else. Pure, idempotent."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from fargate_operator import drift, names
from fargate_operator.approval import in_order, told
from fargate_operator.conditions import Reason
from fargate_operator.errors import InvalidSpec, ReconcileError, Terminal
from fargate_operator.model import App
from fargate_operator.observation import Failure, ServiceObservation, StackObservation
from fargate_operator.plan import (
    NEVER_UP,
    ROLLED_BACK,
    SETTLED,
    STUCK,
    Action,
    Attempt,
    Await,
    Create,
    Delete,
    Discard,
    Execute,
    Halt,
    Nothing,
    Propose,
    Recover,
    Recreate,
    Rollback,
    Update,
    busy,
)

Status = Mapping[str, Any]
MOST_CHANGES = 50  # shown in status.plan; the rest is counted
MOST_MESSAGE = 2000  # characters; an API server refuses conditions of 32,768, and people read fewer


@dataclass(frozen=True, slots=True)
class Seen:
    """What one reconcile saw and did. `error` ended it early; `action` is None when it did not come to a plan."""

    previous: Status
    generation: int
    now: datetime
    region: str = ""
    account_id: str = ""
    stack_name: str = ""
    app: App | None = None
    action: Action | None = None
    error: Exception | None = None
    stack: StackObservation | None = None
    attempt: Attempt = field(default_factory=Attempt)
    services: Mapping[str, ServiceObservation] | None = None
    pins: Mapping[str, Any] = field(default_factory=dict)  # `facts.record`: what was looked up
    network: Mapping[str, Any] = field(default_factory=dict)
    template_digest: str = ""
    planned: str = ""  # the template's digest before live facts were put into it, where they changed it
    input_digest: str = ""
    reconcile_at: str = ""
    deleting: bool = False
    drift: Mapping[str, Any] | None = None  # `drift.told`: what a detection that ended just now found
    again: float | None = None  # seconds after which drift wants another turn


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer of one condition."""

    status: str
    reason: str
    message: str = ""


# ── what was tried ──────────────────────────────────────────────────────────────


def failed(stack: StackObservation) -> bool:
    """Whether the stack rests where a failed operation left it."""
    return stack.status in ROLLED_BACK | NEVER_UP | STUCK | {"DELETE_FAILED"}


def news(previous: Status, stack: StackObservation | None) -> bool:
    """Whether the stack came to rest after a failure that the previous status does not tell of yet."""
    if stack is None or not failed(stack):
        return False
    old = previous.get("stack") or {}
    return (old.get("id"), old.get("status"), old.get("updatedAt")) != (stack.id, stack.status, _time(stack.updated_at))


def attempt(previous: Status, stack: StackObservation | None, failure: Failure | None) -> Attempt:
    """What was tried last, with this observation counted once."""
    old = previous.get("stack") or {}
    reason, count = str(old.get("failure", "")), int(old.get("failures", 0))
    fresh = news(previous, stack)
    if fresh and stack is not None:
        count += 1
        reason = explain(failure) or stack.status_reason or stack.status
    return Attempt(str(old.get("attemptedDigest", "")), count, reason, passing=passes(reason), fresh=fresh)


def explain(failure: Failure | None) -> str:
    """``WebService (AWS::ECS::Service): reason``."""
    return f"{failure.logical_id} ({failure.resource_type}): {failure.reason}" if failure else ""


_PASSING = ("throttl", "rate exceeded", "limit exceeded", "quota", "capacity is unavailable", "insufficient capacity",
            "cannot be assumed", "unable to assume", "internal failure", "service unavailable", "timed out")  # fmt: skip


def passes(reason: str) -> bool:
    """Whether a failure's reason is one that time may mend: quota, throttling, a role not yet visible, capacity."""
    return any(word in reason.lower() for word in _PASSING)


# ── conditions ──────────────────────────────────────────────────────────────────


def summarize(seen: Seen) -> dict[str, Any]:
    """The whole new status."""
    verdicts = _verdicts(seen)
    status: dict[str, Any] = {
        "observedGeneration": seen.generation,
        "region": seen.region,
        "accountId": seen.account_id,
        "lastHandledReconcileAt": seen.reconcile_at if _through(seen) else seen.previous.get("lastHandledReconcileAt"),
        "conditions": _conditions(seen, verdicts),
        "stack": _stack(seen),
        "plan": _plan(seen),
        **_workloads(seen),
    }
    return {name: value for name, value in status.items() if value not in ("", None, {}, [])}


def _through(seen: Seen) -> bool:
    """Whether this reconcile came to an end of its own; one that was cut off has not handled a request to reconcile now."""
    return seen.error is None or isinstance(seen.error, Terminal)


def _verdicts(seen: Seen) -> dict[str, Verdict]:
    verdicts: dict[str, Verdict] = {}
    if isinstance(seen.error, InvalidSpec):
        verdicts["SpecValid"] = Verdict("False", seen.error.reason, seen.error.message)
    elif seen.app:
        verdicts["SpecValid"] = Verdict("True", Reason.Valid)
    verdicts["StackReady"] = _stack_ready(seen)
    verdicts["WorkloadsReady"] = _workloads_ready(seen)
    stalled, reconciling = _stalled(seen), _reconciling(seen, verdicts)
    if stalled:
        verdicts["Stalled"] = stalled
    elif reconciling:
        verdicts["Reconciling"] = reconciling
    verdicts["Ready"] = _ready(seen, verdicts)
    return verdicts


def _stack_ready(seen: Seen) -> Verdict:
    stack = seen.stack
    if stack is None:
        if seen.action is None:
            return Verdict("Unknown", Reason.NotRead, "the stack was not read")
        creating = isinstance(seen.action, Create | Execute)
        return Verdict("False", Reason.Creating if creating else Reason.Absent, "there is no stack")
    reason = stack.status.title().replace("_", "")
    current = not seen.template_digest or stack.template_digest == seen.template_digest
    if stack.status in SETTLED | ROLLED_BACK and current and not isinstance(seen.action, Update):
        return Verdict("True", reason)
    if failed(stack):
        return Verdict("False", reason, seen.attempt.reason or stack.status_reason)
    message = "" if busy(stack.status) else "the stack does not have the template of this spec"
    return Verdict("False", reason, message)


def _workloads_ready(seen: Seen) -> Verdict:
    services = seen.app.spec.services if seen.app else None
    if seen.app and not services:
        return Verdict("True", Reason.NoServices)
    if seen.services is None:
        return Verdict("Unknown", Reason.NotRead, "the services were not read")
    troubles = [(key, *trouble) for key, one in sorted(seen.services.items()) if (trouble := trouble_of(one))]
    working = seen.stack is not None and busy(seen.stack.status)  # what it makes is not there yet
    missing = [] if working else sorted((services or {}).keys() - seen.services.keys())
    troubles += [(key, Reason.ServiceMissing, "ECS has no such service") for key in missing]
    if not troubles:
        return Verdict("True", Reason.AllRunning)
    rank = [Reason.RolloutFailed, Reason.ServiceMissing, Reason.TasksNotRunning, Reason.RollingOut]
    reason = min((trouble[1] for trouble in troubles), key=rank.index)
    return Verdict("False", reason, "; ".join(f"{key}: {message}" for key, _, message in troubles))


def trouble_of(service: ServiceObservation) -> tuple[Reason, str] | None:
    """What is not as it should be with a service, or None."""
    if service.status != "ACTIVE":
        return Reason.ServiceMissing, f"the service is {service.status}"
    count = f"{service.running} of {service.desired} tasks run"
    because = f": {service.stopped}" if service.stopped else ""
    if service.rollout == "FAILED":
        return Reason.RolloutFailed, f"the rollout failed: {service.rollout_reason or count}{because}"
    if service.rollout == "IN_PROGRESS":
        stage = f" ({service.stage})" if service.stage else ""
        told = f": {service.rollout_reason}" if service.rollout_reason else ""
        return Reason.RollingOut, f"the rollout is under way{stage}, {count}{told}{because}"
    if service.running < service.desired:
        return Reason.TasksNotRunning, f"{count}{because}"
    return None


def _stalled(seen: Seen) -> Verdict | None:
    if isinstance(seen.action, Halt):
        return Verdict("True", seen.action.reason, seen.action.message)
    if isinstance(seen.error, Terminal):
        return Verdict("True", seen.error.reason, seen.error.message)
    return None


_DOING: dict[type[Any], Reason] = {
    Create: Reason.Creating,
    Update: Reason.Updating,
    Recover: Reason.Recovering,
    Rollback: Reason.RollingBack,
    Recreate: Reason.Recreating,
    Propose: Reason.Planning,
    Discard: Reason.Planning,
    Delete: Reason.Deleting,
}


def _reconciling(seen: Seen, verdicts: Mapping[str, Verdict]) -> Verdict | None:
    if isinstance(seen.error, ReconcileError):
        return Verdict("True", seen.error.reason, seen.error.message)
    if seen.action is not None and type(seen.action) in _DOING:
        return Verdict("True", _DOING[type(seen.action)], "")
    if isinstance(seen.action, Execute):
        return Verdict("True", Reason.Creating if seen.action.create else Reason.Updating, "")
    if isinstance(seen.action, Await):
        return Verdict("True", *_awaiting(seen.action))
    if seen.stack and busy(seen.stack.status):
        return Verdict("True", Reason.Progressing, f"the stack is in {seen.stack.status}")
    if seen.deleting:
        return Verdict("True", Reason.Deleting, "")
    workloads = verdicts["WorkloadsReady"]
    if workloads.reason in {Reason.RollingOut, Reason.NotRead} and seen.error is None:
        return Verdict("True", workloads.reason, workloads.message)
    return None


def _awaiting(action: Await) -> tuple[Reason, str]:
    if not action.approval:
        return Reason.Planning, "CloudFormation works out what the change set would do"
    return (
        Reason.AwaitingApproval,
        f"{told(action.change_set.changes)}; approve with the annotation {names.DOMAIN}/approve={action.change_set.id}",
    )


def _ready(seen: Seen, verdicts: Mapping[str, Verdict]) -> Verdict:
    if seen.error is not None and not isinstance(seen.error, ReconcileError):
        return Verdict("Unknown", Reason.InternalError, f"{type(seen.error).__name__}; the operator's log has the traceback")
    for name in ("Stalled", "Reconciling"):
        if name in verdicts:
            return Verdict("False", verdicts[name].reason, verdicts[name].message)
    if isinstance(seen.action, Nothing) and verdicts["StackReady"].status != "True":
        return Verdict("False", Reason.Suspended, "suspended; what the spec says is not applied")
    for name in ("StackReady", "WorkloadsReady"):
        if verdicts[name].status != "True":
            return Verdict("False", verdicts[name].reason, verdicts[name].message)
    return Verdict("True", Reason.Succeeded, _counted(seen.app))


def _counted(app: App | None) -> str:
    if app is None:
        return ""
    spec = app.spec
    kinds = (
        (spec.services, "service"),
        (spec.scheduled_tasks, "scheduled task"),
        (spec.tasks, "task"),
        (spec.functions, "function"),
    )
    counts = [f"{len(one)} {word}{'s' if len(one) > 1 else ''}" for one, word in kinds if one]
    return ", ".join(counts)


_ORDER = ("Ready", "Reconciling", "Stalled", "SpecValid", "StackReady", "WorkloadsReady")


def _conditions(seen: Seen, verdicts: Mapping[str, Verdict]) -> list[dict[str, Any]]:
    old = {one.get("type"): one for one in seen.previous.get("conditions") or ()}
    conditions = []
    for name in _ORDER:
        if name not in verdicts:
            continue
        verdict, before = verdicts[name], old.get(name, {})
        changed = before.get("status") != verdict.status
        conditions.append(
            {
                "type": name,
                "status": verdict.status,
                "reason": str(verdict.reason),
                "message": verdict.message[:MOST_MESSAGE],
                "observedGeneration": seen.generation,
                "lastTransitionTime": _time(seen.now) if changed else before["lastTransitionTime"],
            }
        )
    return conditions


# ── the rest of the status ──────────────────────────────────────────────────────


def _stack(seen: Seen) -> dict[str, Any]:
    old = seen.previous.get("stack") or {}
    body: dict[str, Any] = {"name": seen.stack_name}
    stack = seen.stack
    if stack is not None:
        body |= {"id": stack.id, "status": stack.status, "updatedAt": _time(stack.updated_at)}
        body["templateDigest"] = stack.template_digest
        body["inputDigest"] = stack.input_digest
        if isinstance(seen.action, Nothing) and stack.template_digest == seen.template_digest:
            body["inputDigest"] = seen.input_digest or old.get("inputDigest")
    elif seen.action is None:
        body |= {name: old[name] for name in ("id", "status", "updatedAt", "templateDigest", "inputDigest") if name in old}
    body["attemptedDigest"], body["failures"] = _attempted(seen, old)
    if body["failures"]:
        body["failure"] = seen.attempt.reason[:MOST_MESSAGE]
    body["drift"] = _drift(seen, old, body)
    return {name: value for name, value in body.items() if value not in ("", None, 0, {})}


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
    looked = seen.action is not None and (current or not isinstance(seen.action, Nothing))  # not while suspended
    return None if looked or seen.previous.get("observedGeneration") != seen.generation else seen.previous.get("plan")


def _attempted(seen: Seen, old: Status) -> tuple[str, int]:
    """The digest that was sent last, and how often it failed. A stack deleted to be made again leaves the digest open."""
    if isinstance(seen.action, Create | Update | Execute):
        same = seen.attempt.digest in ("", seen.template_digest, seen.planned)
        return seen.template_digest, seen.attempt.failed if same else 0
    if isinstance(seen.action, Recreate):
        return "", seen.attempt.failed
    if isinstance(seen.action, Nothing) and not seen.deleting and seen.stack and not failed(seen.stack):
        return str(old.get("attemptedDigest", "")), 0
    return seen.attempt.digest or str(old.get("attemptedDigest", "")), seen.attempt.failed


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
        pins = {name: value for name, value in kept.pop("pins", {}).items() if name in {"counts", "weights"}}
        kept = {name: value for name, value in kept.items() if name not in {"images", "network"}} | {"pins": pins}
    return kept


def _workloads(seen: Seen) -> dict[str, Any]:
    if seen.app is None or seen.stack is None:
        gone = seen.action is not None and seen.stack is None  # looked, and there is none
        return {} if gone else _kept(seen)
    spec, outputs = seen.app.spec, seen.stack.outputs
    previous = seen.previous.get("services") or {}
    services = {key: _service(key, seen, previous.get(key) or {}) for key in sorted(spec.services or {})}
    counts = [(one.running, one.desired) for one in (seen.services or {}).values()]
    return {
        "summary": f"{sum(a for a, _ in counts)}/{sum(b for _, b in counts)}" if counts else seen.previous.get("summary"),
        "clusterArn": outputs.get(names.CLUSTER_OUTPUT),
        "images": {name: {"uri": uri} for name, uri in sorted((seen.pins.get("images") or {}).items())},
        "pins": {name: value for name, value in seen.pins.items() if name != "images"},
        "network": dict(seen.network),
        "services": services,
        "scheduledTasks": {
            key: _present(scheduleArn=names.scheduled_task_output(key), taskDefinitionArn=names.task_output(key), of=outputs)
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


def _present(*, of: Mapping[str, str], **fields: str) -> dict[str, str]:
    return {field: of[output] for field, output in fields.items() if output in of}


def _service(key: str, seen: Seen, previous: Status) -> dict[str, Any]:
    outputs = seen.stack.outputs if seen.stack else {}
    arns = {"serviceArn": names.service_output(key), "taskDefinitionArn": names.task_output(key)}
    body: dict[str, Any] = _present(**arns, url=names.service_url_output(key), of=outputs)
    one = (seen.services or {}).get(key)
    if one is None:  # not looked at this time: what was seen last stays
        kept = {name: value for name, value in previous.items() if name != "url"}
        return {**kept, **body} if seen.services is None else body
    trouble = trouble_of(one)
    body |= {"desired": one.desired, "running": one.running, "pending": one.pending, "taskDefinitionArn": one.task_definition_arn}
    message = trouble[1][:MOST_MESSAGE] if trouble else ""
    extras = {"taskArns": list(one.task_arns), "rollout": one.stage or one.rollout, "message": message}
    return body | {name: value for name, value in extras.items() if value}


def _time(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None


# ── Events ──────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class EventNote:
    """A Kubernetes Event to be: type Normal or Warning."""

    type: str
    reason: str
    message: str


def transitions(old: Status, new: Status) -> list[EventNote]:
    """The Events that tell what changed: one when Ready's status, reason or message did, and one for each drift."""
    before, after = _condition(old, "Ready"), _condition(new, "Ready")
    same = all(before.get(name) == after.get(name) for name in ("status", "reason", "message"))
    drifts = [EventNote(*one) for one in drift.news(*((one.get("stack") or {}).get("drift") or {} for one in (old, new)))]
    if same or not after:
        return drifts
    bad = bool(_condition(new, "Stalled")) or (after["status"] != "True" and not _condition(new, "Reconciling"))
    stack = (new.get("stack") or {}).get("name", "")
    message = after["message"] or f"{after['reason']} the stack {stack}".strip()
    return [EventNote("Warning" if bad else "Normal", after["reason"], message), *drifts]


def _condition(status: Status, name: str) -> Mapping[str, Any]:
    return next((one for one in status.get("conditions") or () if one.get("type") == name), {})
