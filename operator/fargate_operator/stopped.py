"""Why tasks of a service stop, or cannot be started: of all that ECS tells the one that matters, in words for people. Pure.

ECS stops tasks for good reasons all the time, when it scales or rolls out: those say nothing. Codes and words:
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stopped-task-error-codes.html and
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from fargate_operator.observation import Container, Deployment, Ended, ServiceEvent, StoppedTask
from fargate_operator.task_wordings import brief

_ON_PURPOSE = re.compile(
    r"^(?:Scaling activity initiated by|Task stopped by \(?deployment|.*\bdeployment completed\b)", re.IGNORECASE
)
_UNHEALTHY = re.compile(r"(ELB|container) health checks", re.IGNORECASE)
_CODES = re.compile(r"reason (Health checks failed[^)]*|Request timed out|[^)]*)\)", re.IGNORECASE)
_PREFIX = re.compile(r"^\(?service [^)]*?\)?\s+(?=was|failed|is|\()", re.IGNORECASE)
_TELLING = re.compile(
    r"unable to place a task|failed to launch a task|unable to consistently start|is unhealthy in|failed container health",
    re.IGNORECASE,
)
EXITS = {
    0: "ended (exit code 0), which the container of a service must not",
    125: "could not be started (exit code 125)",
    126: "exited with 126: its command cannot be executed",
    127: "exited with 127: its command was not found in the image",
    134: "aborted itself (exit code 134, SIGABRT)",
    137: "was killed (exit code 137): out of memory, or not ended within stopTimeout",
    139: "crashed: segmentation fault (exit code 139)",
    143: "ended on SIGTERM (exit code 143)",
}
FORMAT = "cannot run on this processor (exec format error): built for another architecture"


def ended(
    tasks: Iterable[StoppedTask],
    events: Sequence[ServiceEvent] = (),
    since: datetime | None = None,
    deployments: Sequence[Deployment] = (),
) -> Ended | None:
    """Why the last task stopped that did not stop on purpose; else why none can be placed. Only what happened after `since`.

    Of a rollout that failed its own tasks tell why, not those of others; `deployments` are those that ECS still knows.
    """
    failed = [one for one in tasks if not _on_purpose(one) and (since is None or one.at is None or one.at >= since)]
    told = [one for one in events if since is None or one.at >= since]
    if failed:
        worst = max(failed, key=lambda one: (_blame(one, deployments), _rank(one), str(one.at or "")))
        return _of_task(worst, told)
    words = [one for one in told if _TELLING.search(one.message)]
    words.sort(key=lambda one: "consistently" in one.message)  # which only says that it goes on
    return _of_event(words[0]) if words else None


def _on_purpose(task: StoppedTask) -> bool:
    return task.code in {"ServiceSchedulerInitiated", "UserInitiated"} and bool(_ON_PURPOSE.search(task.reason))


def _blame(task: StoppedTask, deployments: Sequence[Deployment]) -> int:
    """2: of one that failed; 0: of another; 1: of one that ECS knows no longer, as of a rollout that was taken back."""
    failed, sound = ([one for one in deployments if one.failed is wanted] for wanted in (True, False))
    if task.deployment and task.deployment in {one.id for one in failed}:
        return 2
    if task.deployment and task.deployment in {one.id for one in sound}:
        return 0
    if task.definition and task.definition in {one.definition for one in failed}:
        return 2 if task.definition not in {one.definition for one in sound} else 1
    return 0 if task.definition and task.definition in {one.definition for one in sound} else 1


def _rank(task: StoppedTask) -> int:
    """A fault of the task's own before what somebody did to it."""
    return 0 if task.code in {"UserInitiated", "SpotInterruption", "TerminationNotice", "InfrastructureHealth"} else 1


def culprit(task: StoppedTask) -> Container | None:
    """The container that failed: one with words of its own, one that is unhealthy, one that exited badly, the first that ran."""

    def badness(one: Container) -> int:
        bad = one.exit_code not in (None, 0, 143)
        return 8 * bool(one.reason) + 4 * (one.health == "UNHEALTHY") + 2 * bad + (one.exit_code is not None)

    ran = sorted(task.containers, key=badness, reverse=True)  # stable: the workload's own comes first
    return ran[0] if ran else None


def _of_task(task: StoppedTask, events: Sequence[ServiceEvent]) -> Ended:
    container = culprit(task)
    words = _words(task, container)
    name = container.name if container else ""
    short = brief(words).replace("the container", f"container {name}" if name else "the container")
    short = short or _short(task, container, events)
    message = f"{short}\n{words}" if words and words != short else short
    return Ended(message, task.task_arn, name, container.exit_code if container else None, task.at)


def _words(task: StoppedTask, container: Container | None) -> str:
    """What ECS says of it: the task's reason, and the container's where that is another."""
    own = container.reason if container else ""
    parts = [task.reason] if not own or own not in task.reason else []
    told = [" ".join(one.split()) for one in (*parts, own) if one]
    return "; ".join(one.rstrip(".") for one in dict.fromkeys(told))


def _short(task: StoppedTask, container: Container | None, events: Sequence[ServiceEvent]) -> str:
    if found := _UNHEALTHY.search(task.reason):
        if found[1].lower() == "container":
            unwell = next((one.name for one in task.containers if one.health == "UNHEALTHY"), container.name if container else "")
            return f"container {unwell} failed its health check" if unwell else "the container's health check failed"
        return f"the load balancer's health check failed{_codes(events)}"
    if task.code in {"SpotInterruption", "TerminationNotice"}:
        return "Fargate Spot took the task back"
    if task.code == "UserInitiated":
        return f"somebody stopped the task: {task.reason}" if task.reason else "somebody stopped the task"
    if container is None or container.exit_code is None:
        return " ".join(task.reason.split()) or f"the task stopped ({task.code or 'no reason given'})"
    return exited(container)


def exited(container: Container) -> str:
    """What a container's exit code means."""
    return f"container {container.name} {EXITS.get(container.exit_code or 0, f'exited with {container.exit_code}')}"


def _codes(events: Sequence[ServiceEvent]) -> str:
    """What the load balancer got, which only the service's events tell."""
    unwell = next((one.message for one in events if "is unhealthy in" in one.message), "")
    found = _CODES.search(unwell)
    said = re.sub(r"^Health checks failed(?: with these codes:)?\s*", "", found[1]).strip() if found else ""
    return f": it got {said}" if said else ""


def _of_event(event: ServiceEvent) -> Ended:
    words = _PREFIX.sub("", " ".join(event.message.split())).rstrip(".")
    words = re.sub(r"\.? For more information, see.*$", "", words)
    if "is unhealthy in" in words:
        return Ended(f"the load balancer's health check failed{_codes([event])}\n{words}", at=event.at)
    short = brief(words)
    return Ended(f"{short}\n{words}" if short and short != words else words, at=event.at)


def with_log(one: Ended, lines: Sequence[str], marked: str) -> Ended:
    """With what the container wrote, marked; which may tell of a fault that ECS cannot see."""
    head, *rest = one.message.split("\n")
    if any("exec format error" in line.lower() for line in lines) and "exec format" not in head:
        rest = [head, *rest]
        head = f"container {one.container} {FORMAT}"
    return replace(one, message="\n".join([head, *rest, *([marked] if marked else [])]))
