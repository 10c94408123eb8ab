"""verdicts: each condition of an app, judged by what was seen of it; here and nowhere else. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fargate_operator import incidents, names, recovery, spot_status
from fargate_operator.actions import (
    Await,
    Cancel,
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
    Wait,
)
from fargate_operator.approval import told
from fargate_operator.conditions import Reason
from fargate_operator.errors import InvalidSpec, ReconcileError, Terminal
from fargate_operator.fragments.changes import Changes
from fargate_operator.messages import details, fit, headline, joined, listed, named
from fargate_operator.model import App
from fargate_operator.observation import ImageTrouble, ServiceObservation, StackObservation
from fargate_operator.plan import ROLLED_BACK, SETTLED, busy
from fargate_operator.seen import Seen, failed, timestamp, warnings

MOST_WAITING = 5  # workloads named in the message of an image that they wait for
MOST_TOLD = 600  # characters of what a plan does: an Event ends at 1,024, and the id must be in it


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer of one condition."""

    status: str
    reason: str
    message: str = ""


def verdicts_of(seen: Seen) -> dict[str, Verdict]:
    """The verdict of each condition that is there."""
    verdicts: dict[str, Verdict] = {}
    if isinstance(seen.error, InvalidSpec):
        verdicts["SpecValid"] = Verdict("False", seen.error.reason, _message(seen.error))
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


def _message(error: ReconcileError) -> str:
    return listed([str(fault) for fault in error.faults]) if isinstance(error, InvalidSpec) else error.message


def _stack_ready(seen: Seen) -> Verdict:
    stack = seen.stack
    if stack is None:
        if seen.action is None and not seen.absent:
            return Verdict("Unknown", Reason.NotRead, "the stack was not read")
        creating = isinstance(seen.action, Create | Execute)
        return Verdict("False", Reason.Creating if creating else Reason.Absent, "there is no stack")
    if _skipped(seen):
        return Verdict("False", Reason.RollbackSkipped, recovery.left(_skipped(seen)))
    reason = stack.status.title().replace("_", "")
    current = not seen.template_digest or stack.template_digest == seen.template_digest
    if stack.status in SETTLED | ROLLED_BACK and current and not isinstance(seen.action, Update):
        return Verdict("True", reason, "; ".join(warnings(seen)))
    if failed(stack):
        return Verdict("False", reason, seen.attempt.reason or stack.status_reason)
    message = "" if busy(stack.status) else "the stack does not have the template of this spec"
    return Verdict("False", reason, message)


def _workloads_ready(seen: Seen) -> Verdict:
    waiting = {path for paths in seen.waiting.values() for path in paths}
    services = {key: one for key, one in _declared(seen).items() if f"services.{key}" not in waiting}
    if lacking := _images(seen):
        return lacking
    if seen.app and not services:
        return Verdict("True", Reason.NoServices)
    if seen.services is None:
        return Verdict("Unknown", Reason.NotRead, "the services were not read")
    troubles = [(key, *trouble) for key, one in sorted(seen.services.items()) if (trouble := trouble_of(one))]
    working = seen.stack is not None and busy(seen.stack.status)  # what it makes is not there yet
    missing = [] if working else sorted(services.keys() - seen.services.keys())
    troubles += [(key, Reason.ServiceMissing, "ECS has no such service") for key in missing]
    recovering = spot_status.recovering(seen)
    if not troubles:
        return Verdict("True", Reason.AllRunning, "; ".join(recovering))
    rank = [Reason.RolloutFailed, Reason.ServiceMissing, Reason.TasksNotRunning, Reason.RollingOut]
    reason = min((trouble[1] for trouble in troubles), key=rank.index)
    worst = sorted(troubles, key=lambda one: rank.index(one[1]))
    return Verdict("False", reason, joined([*(named(key, message) for key, _, message in worst), *recovering]))


def _declared(seen: Seen) -> Mapping[str, Any]:
    return (seen.app.spec.services if seen.app else None) or {}


_IMAGE_RANK = (
    Reason.BuildFailed, Reason.DockerfileMissing, Reason.RefNotFound, Reason.RepositoryUnreachable, Reason.ImageMissing,
    Reason.Building,
)  # fmt: skip


def troubles(seen: Seen) -> list[tuple[str, ImageTrouble]]:
    """What is wrong with the images that are built, the worst first."""
    found = [(name, one.trouble) for name, one in sorted(seen.images.items()) if one.trouble]
    return sorted(found, key=lambda one: _IMAGE_RANK.index(Reason(one[1].reason)))


def _images(seen: Seen) -> Verdict | None:
    """Images that are not there, or not as the spec wants them, and who waits for them."""
    found = troubles(seen)
    if seen.stack is not None and busy(seen.stack.status) and not seen.stack.outputs:
        return None
    if not found and seen.waiting:  # the stack was seen before it told of its repositories
        paths = sorted({path for paths in seen.waiting.values() for path in paths})
        unseen = f"{', '.join(sorted(seen.waiting))}: the repository was not seen yet{_waits(paths)}"
        return Verdict("Unknown", Reason.NotRead, unseen)
    if not found:
        return None
    told = [_with(f"{name}: {one.message}", _waits(seen.waiting.get(name, ()))) for name, one in found]
    return Verdict("False", found[0][1].reason, joined(told))


def _with(message: str, more: str) -> str:
    """`more` in the first line."""
    return "\n".join([headline(message) + more, *details(message)])


def _waits(paths: Sequence[str]) -> str:
    if not paths:
        return ""
    shown = ", ".join(paths[:MOST_WAITING]) + (f" and {len(paths) - MOST_WAITING} more" if len(paths) > MOST_WAITING else "")
    return f" ({shown} {'waits' if len(paths) == 1 else 'wait'} for it)"


def trouble_of(service: ServiceObservation) -> tuple[Reason, str] | None:
    """What is not as it should be with a service, or None."""
    if service.status != "ACTIVE":
        return Reason.ServiceMissing, f"the service is {service.status}"
    count = f"{service.running} of {service.desired} tasks run"
    because = f": {service.stopped}" if service.stopped else ""
    if service.rollout == "FAILED":
        return Reason.RolloutFailed, _rollout_failed(service, count)
    if service.rollout == "IN_PROGRESS":
        stage = f" ({service.stage})" if service.stage else ""
        going = f"the rollout is under way{stage}, {count}"
        if service.stopped:
            return Reason.RollingOut, _with_reason(f"{going}{because}", service.rollout_reason)
        return Reason.RollingOut, f"{going}: {service.rollout_reason}" if service.rollout_reason else going
    if service.running < service.desired:
        return Reason.TasksNotRunning, f"{count}{because}"
    return None


def _rollout_failed(service: ServiceObservation, count: str) -> str:
    """Why the tasks failed; that ECS's circuit breaker was triggered is no cause."""
    if not service.stopped:
        return f"the rollout failed: {service.rollout_reason or count}"
    return _with_reason(f"the rollout failed: {service.stopped}", service.rollout_reason)


def _with_reason(message: str, reason: str) -> str:
    """With what ECS says of the rollout behind the first line, which tells the cause."""
    return "\n".join([headline(message), *([reason] if reason else []), *details(message)])


def _stalled(seen: Seen) -> Verdict | None:
    if isinstance(seen.action, Halt):
        return Verdict("True", seen.action.reason, seen.action.message)
    if isinstance(seen.error, Terminal):
        return Verdict("True", seen.error.reason, _message(seen.error))
    if seen.error is None and (hopeless := [f"{name}: {one.message}" for name, one in troubles(seen) if one.stalled]):
        return Verdict("True", troubles(seen)[0][1].reason, joined(hopeless))
    if seen.error is None and isinstance(seen.action, Nothing) and _skipped(seen):
        return Verdict("True", Reason.RollbackSkipped, recovery.left(_skipped(seen)))
    return None


def _skipped(seen: Seen) -> list[str]:
    """What is not as the template of a stack at rest says, for it was skipped in a rollback."""
    rests = seen.stack is not None and seen.owned and seen.stack.status in ROLLED_BACK and not seen.deleting
    return incidents.skipped(seen) if rests else []


_DOING: dict[type[Any], Reason] = {
    Create: Reason.Creating,
    Update: Reason.Updating,
    Recover: Reason.Recovering,
    Rollback: Reason.RollingBack,
    Cancel: Reason.Cancelling,
    Recreate: Reason.Recreating,
    Propose: Reason.Planning,
    Discard: Reason.Planning,
    Delete: Reason.Deleting,
}


def _reconciling(seen: Seen, verdicts: Mapping[str, Verdict]) -> Verdict | None:
    if isinstance(seen.error, ReconcileError):
        return Verdict("True", seen.error.reason, _message(seen.error))
    if seen.action is not None and type(seen.action) in _DOING:
        return Verdict("True", _DOING[type(seen.action)], recovery.instead(seen.action))
    if isinstance(seen.action, Execute):
        return Verdict("True", Reason.Creating if seen.action.create else Reason.Updating, "")
    if isinstance(seen.action, Await):
        return Verdict("True", *_awaiting(seen.action))
    if seen.stack and seen.stack.still:
        lacks = seen.action.lacks if isinstance(seen.action, Wait) else ""
        return Verdict("True", Reason.NoProgress, "\n".join([_stillness(seen, seen.stack), *([lacks] if lacks else [])]))
    if seen.stack and busy(seen.stack.status):
        return Verdict("True", Reason.Progressing, f"the stack is in {seen.stack.status}")
    if seen.deleting:
        return Verdict("True", Reason.Deleting, "")
    if isinstance(seen.action, Nothing) and seen.stack is None:
        return None  # suspended before there was a stack: there is nothing to read, and nothing goes on
    workloads = verdicts["WorkloadsReady"]
    if workloads.reason in {Reason.RollingOut, Reason.NotRead, Reason.Building} and seen.error is None:
        return Verdict("True", workloads.reason, workloads.message)
    return None


def _stillness(seen: Seen, stack: StackObservation) -> str:
    """What a stack waits for, of a service what that lacks."""
    troubles = {names.service(key): trouble for key, one in (seen.services or {}).items() if (trouble := trouble_of(one))}
    changes = (seen.app.spec.changes if seen.app else None) or Changes()
    alone = (changes.approval or "Automatic") == "Automatic" and changes.rollback is not False and not seen.deleting
    alone = alone and stack.ours and not stack.slow
    since = timestamp(stack.event_at)
    return recovery.still(stack, since or "its beginning", {one: told for one, (_, told) in troubles.items()}, alone=alone)


def _awaiting(action: Await) -> tuple[Reason, str]:
    if not action.approval:
        return Reason.Planning, "CloudFormation works out what the change set would do"
    what = told(action.change_set.changes)[:MOST_TOLD]
    return Reason.AwaitingApproval, f"{what}; approve with the annotation {names.DOMAIN}/approve={action.change_set.id}"


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


TYPES = ("Ready", "Reconciling", "Stalled", "SpecValid", "StackReady", "WorkloadsReady")


def conditions(seen: Seen) -> list[dict[str, Any]]:
    """All conditions, in the order in which people read them; a transition is only one of the status."""
    verdicts = verdicts_of(seen)
    old = {one.get("type"): one for one in seen.previous.get("conditions") or ()}
    conditions = []
    for name in TYPES:
        if name not in verdicts:
            continue
        verdict, before = verdicts[name], old.get(name, {})
        changed = before.get("status") != verdict.status
        conditions.append(
            {
                "type": name,
                "status": verdict.status,
                "reason": str(verdict.reason),
                "message": fit(verdict.message),
                "observedGeneration": seen.generation,
                "lastTransitionTime": timestamp(seen.now) if changed else before["lastTransitionTime"],
            }
        )
    return conditions
