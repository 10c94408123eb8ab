"""What one reconcile saw and did, and what was tried before. Pure: `status` and `verdicts` are made of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from fargate_operator.actions import Action
from fargate_operator.facts import Fallback
from fargate_operator.failure import told
from fargate_operator.messages import fit, without_log
from fargate_operator.model import App
from fargate_operator.observation import Failure, ImageObservation, ServiceObservation, StackObservation
from fargate_operator.plan import NEVER_UP, OUTSIDE, ROLLED_BACK, SETTLED, STUCK, Attempt
from fargate_operator.recovery import CANCEL, RECREATE
from fargate_operator.shortage import lacks_capacity

Status = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Note:
    """An Event to be: type is Normal or Warning."""

    type: str
    reason: str
    message: str


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
    absent: bool = False  # CloudFormation was asked for the very stack that the status tells of, and has it no more
    attempt: Attempt = field(default_factory=Attempt)
    services: Mapping[str, ServiceObservation] | None = None
    images: Mapping[str, ImageObservation] = field(default_factory=dict)  # those that are built
    waiting: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # image → the workloads that wait for it
    pins: Mapping[str, Any] = field(default_factory=dict)  # `facts.record`: what was looked up
    network: Mapping[str, Any] = field(default_factory=dict)
    template_digest: str = ""
    planned: str = ""  # the template's digest before live facts were put into it, where they changed it
    input_digest: str = ""
    reconcile_at: str = ""
    asked: Mapping[str, str] = field(default_factory=dict)  # annotations that let resources go: `incidents`
    deleting: bool = False
    owned: bool = True  # the stack is the app's own: of another nothing is told
    drift: Mapping[str, Any] | None = None  # `drift.told`: what a detection that ended just now found
    again: float | None = None  # seconds after which drift, Spot or a git ref wants another turn
    spot: Mapping[str, Fallback] | None = None  # by service; None: the turn did not come to it
    interrupted: Mapping[str, Any] | None = None  # `spot.Interruptions` by service; None: they were not counted
    reruns: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)  # status.scheduledTasks.<key>.spot, where there is news
    warnings: tuple[str, ...] | None = None  # quotas that are near; None: nobody looked, and what was told last stays
    notes: tuple["Note", ...] = ()  # Events of what happened, which the status does not tell of


def sooner(seen: Seen, after: float | None) -> Seen:
    """To come again in so many seconds, or earlier; None: nothing calls for it."""
    return seen if after is None or (seen.again is not None and seen.again <= after) else replace(seen, again=after)


def warnings(seen: Seen) -> list[str]:
    """Which quotas are near, as of the last write."""
    if seen.warnings is not None:
        return list(seen.warnings)
    return [str(one) for one in (seen.previous.get("stack") or {}).get("warnings") or ()]


def failed(stack: StackObservation) -> bool:
    """Whether the stack rests where a failed operation left it."""
    return stack.status in ROLLED_BACK | NEVER_UP | STUCK | {"DELETE_FAILED"}


def news(previous: Status, stack: StackObservation | None) -> bool:
    """Whether the stack came to rest after a failure that the previous status does not tell of yet."""
    if stack is None or not failed(stack):
        return False
    old = previous.get("stack") or {}
    return (old.get("id"), old.get("status"), old.get("updatedAt")) != (stack.id, stack.status, updated_at(previous, stack))


def left(seen: Seen) -> float:
    """Seconds until what failed is due for its next try; 0 where it is. An object that has changed is not waited for."""
    due = (seen.previous.get("stack") or {}).get("retryAt")
    if not due or seen.previous.get("observedGeneration") != seen.generation:
        return 0.0
    return min(OUTSIDE, max(0.0, (datetime.fromisoformat(due) - seen.now).total_seconds()))


def attempt(
    previous: Status, stack: StackObservation | None, failure: Failure | None, left: float = 0.0, *, absent: bool = False
) -> Attempt:
    """What was tried last, with this observation counted once. What the operator itself has cancelled is no try that failed.

    `left`: seconds until the next try is due. `absent`: as in `Seen`.
    """
    old = previous.get("stack") or {}
    undoing = str(old.get("undoing", ""))
    if undoing == CANCEL and stack is not None and stack.status in ROLLED_BACK:
        return Attempt()
    reason, count = str(old.get("failure", "")), int(old.get("failures", 0))
    digest = str(old.get("attemptedDigest", ""))
    fresh = news(previous, stack)
    if fresh and stack is not None:
        count += 1
        reason = fit(told(failure) or stack.status_reason or stack.status)
    if stack is not None and stack.status in SETTLED:  # whoever's the last operation was, it went well
        count, reason = 0, ""
    elif absent and undoing != RECREATE:  # whoever had it deleted: what failed went with it
        digest, count, reason = "", 0, ""
    elif stack is not None and stack.status == "DELETE_FAILED":  # which is no failure of a template
        digest = ""
    return Attempt(
        digest,
        count,
        reason,
        passing=passes(without_log(reason)),
        fresh=fresh,
        left=left,
        recoveries=int(old.get("recoveries", 0)),
        undoing=undoing,
        touched=touched(previous, stack),
    )


def touched(previous: Status, stack: StackObservation | None) -> bool:
    """Whether somebody else has updated the stack since it was seen at rest; an operator that was killed is somebody else."""
    old = previous.get("stack") or {}
    if stack is None or stack.status not in SETTLED or old.get("status") not in SETTLED | ROLLED_BACK:
        return False
    return old.get("id") == stack.id and "updatedAt" in old and old["updatedAt"] != updated_at(previous, stack)


def gone(previous: Status) -> bool:
    """Whether a stack that is there no more was one, as the last status had it, that somebody else has taken away."""
    old = previous.get("stack") or {}
    return bool(old.get("id")) and old.get("undoing") != RECREATE


_PASSING = ("throttl", "rate exceeded", "limit exceeded", "quota",
            "cannot be assumed", "unable to assume", "internal failure", "service unavailable", "timed out")  # fmt: skip


def passes(reason: str) -> bool:
    """Whether a failure's reason is one that time may mend: quota, throttling, a role not yet visible, capacity."""
    return lacks_capacity(reason) or any(word in reason.lower() for word in _PASSING)


def timestamp(moment: datetime | None) -> str | None:
    """As Kubernetes writes times."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None


def updated_at(previous: Status, stack: StackObservation) -> str | None:
    """When CloudFormation last created or updated the stack: two updates may come in one second.

    In whole seconds where that is how the previous status has it, as versions before did: no update of somebody else's.
    """
    moment, whole = stack.updated_at, timestamp(stack.updated_at)
    if moment is None or (previous.get("stack") or {}).get("updatedAt") == whole:
        return whole
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def condition(status: Status, kind: str) -> Mapping[str, Any]:
    """A condition of a status; empty where it has none of the kind."""
    return next((one for one in status.get("conditions") or () if one.get("type") == kind), {})
