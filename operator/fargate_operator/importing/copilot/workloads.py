"""Each kind of Copilot's workloads as one of ours."""

from collections.abc import Callable, Mapping
from typing import Any

from fargate_operator.fragments.overrides import merge_all
from fargate_operator.importing.copilot.draft import Draft
from fargate_operator.importing.copilot.http import http
from fargate_operator.importing.copilot.places import places
from fargate_operator.importing.copilot.scaling import count
from fargate_operator.importing.copilot.schedule import Inexact, expression
from fargate_operator.importing.copilot.target import own_port, target
from fargate_operator.importing.copilot.tasks import task
from fargate_operator.importing.copilot.topics import published, queue_of, subscribe
from fargate_operator.importing.copilot.values import text, texts
from fargate_operator.importing.cursor import Cursor

_AGAIN = (
    "the scheduler retries only the start of a task, in `retries`; a program that fails must be started again by itself, or by a "
    "Step Functions state machine in resources"
)
_TIMEOUT = "nothing ends a task after a time; let the program end itself, as by timeout(1) in its command"
_ALARMS = "make the alarms, and name them in deployment.alarms"


def load_balanced(top: Cursor, name: str, draft: Draft) -> None:
    """A Load Balanced Web Service."""
    _service(top, name, draft, internal=False)


def backend(top: Cursor, name: str, draft: Draft) -> None:
    """A Backend Service; with http behind an internal load balancer."""
    _service(top, name, draft, internal=True)


def worker(top: Cursor, name: str, draft: Draft) -> None:
    """A Worker Service and its queues."""
    variables = subscribe(top, name, draft)
    _service(top, name, draft, internal=True, variables=variables, queue=queue_of(name))


def job(top: Cursor, name: str, draft: Draft) -> None:
    """A Scheduled Job; without a schedule that EventBridge can have, or with none, a task to run on demand."""
    for field, message in (("retries", _AGAIN), ("timeout", _TIMEOUT)):
        if lost := top.get(field):
            lost.lose(message)
    written = top.get("on", "schedule")
    schedule = None
    if written and (found := text(written)) not in (None, "none"):
        try:
            schedule = expression(found or "")
        except Inexact as error:
            written.at(f"spec.tasks.{name}").lose(f"{error}; until then it is a task to run on demand")
    kind = "scheduledTasks" if schedule else "tasks"
    here = top.at(f"spec.{kind}.{name}")
    own = task(here, name, draft)
    own["environment"] |= published(name, draft)
    _put(draft, kind, name, {**own, **({"schedule": schedule} if schedule else {})}, top)


CONVERTERS: Mapping[str, Callable[[Cursor, str, Draft], None]] = {
    "Load Balanced Web Service": load_balanced,
    "Backend Service": backend,
    "Worker Service": worker,
    "Scheduled Job": job,
}
LOST = {
    "Request-Driven Web Service": "App Runner has no counterpart here; a service with http and scaling does its work",
    "Static Site": "a bucket behind CloudFront is no task; leave it where it is",
}


def _service(
    top: Cursor, name: str, draft: Draft, *, internal: bool, variables: Mapping[str, str] | None = None, queue: str = ""
) -> None:
    own = task(top, name, draft)
    own["environment"] |= {**(variables or {}), **published(name, draft)}
    to = target(top)
    reached = http(top, draft, to.port, internal=internal)
    if reached is not None:
        own["overrides"] = merge_all(own["overrides"], [to.overrides(name, own_port(top))])
    exec_ = top.get("exec")
    if exec_ and isinstance(exec_.node.value, dict):
        exec_ = exec_.get("enable")
    own |= {
        "port": to.port,
        "exec": True if exec_ and exec_.flag() else None,
        "deployment": _deployment(top.get("deployment")),
        "connect": _connect(top.get("network", "connect"), draft),
        **count(top.get("count"), queue),
        "http": reached,
    }
    _put(draft, "services", name, own, top)


def _put(draft: Draft, kind: str, name: str, own: Mapping[str, Any], top: Cursor) -> None:
    for field, node in places(top):
        draft.report.made(f"spec.{kind}.{name}{field}", node)
    known = {key: value for key, value in own.items() if value not in (None, [], {})}
    draft.part(kind)[name] = {**known, **({"http": own["http"]} if own.get("http") == {} else {})}


def _connect(cursor: Cursor | None, draft: Draft) -> dict[str, str] | None:
    """In a namespace of the app's own: that of Copilot's environment stays Copilot's."""
    if cursor is None:
        return None
    alias = text(cursor.get("alias"))
    if alias is None and not isinstance(cursor.node.value, dict) and not cursor.flag():
        return None
    stage = draft.options.stage
    namespace = f"{draft.name}-{stage}" if stage else draft.name
    return {"namespace": namespace, **({"name": alias} if alias else {})}


def _deployment(cursor: Cursor | None) -> dict[str, Any] | None:
    if cursor is None:
        return None
    found: dict[str, Any] = {}
    rolling, alarms = cursor.get("rolling"), cursor.get("rollback_alarms")
    strategy = (text(rolling) or "").lower() if rolling else "default"
    if strategy == "recreate":
        found = {"minimumHealthyPercent": 0, "maximumPercent": 100}
    elif rolling and strategy != "default":
        rolling.lose(rolling.why("must be default or recreate"))
    if alarms and isinstance(alarms.node.value, dict):
        alarms.lose(_ALARMS)
    elif alarms:
        found["alarms"] = texts(alarms)
    return found
