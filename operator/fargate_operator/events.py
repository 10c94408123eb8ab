"""What AWS tells of by an event: a message's body as the hint that it is, and the names by which apps are found. Pure and total.

An event is never the truth: it comes late, twice, out of order or not at all, and whoever may send to the queue can forge one.
All that is taken from it is what to look at; whose that is only an app that has registered it says (`event_index`).
https://docs.aws.amazon.com/eventbridge/latest/ref/events.html
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from fargate_operator import names
from fargate_operator.fragments.ecr import ecr_image
from fargate_operator.plan import busy
from fargate_operator.seen import Seen

LARGEST = 256 * 1024  # characters of a body; what EventBridge sends is smaller
MOST_BRACKETS = 5000  # and so are the levels of a document: json would take as many as the thread's stack does not have


class Kind(StrEnum):
    """What an event tells of."""

    Stack = "CloudFormation Stack Status Change"
    Task = "ECS Task State Change"
    Service = "ECS Service Action"
    Deployment = "ECS Deployment State Change"
    Build = "CodeBuild Build State Change"
    Push = "ECR Image Action"


ECS = frozenset({Kind.Task, Kind.Service, Kind.Deployment})
_SOURCES = {Kind.Stack: "aws.cloudformation", Kind.Build: "aws.codebuild", Kind.Push: "aws.ecr"} | dict.fromkeys(ECS, "aws.ecs")
_TOLD = {"RUNNING", "STOPPED"}  # lastStatus; a task that Spot takes away is told of once more while it runs


@dataclass(frozen=True, slots=True)
class Message:
    """A message of the queue, and the handle by which it is deleted."""

    body: str
    receipt: str


@dataclass(frozen=True, slots=True)
class Hint:
    """What `about` names is to be looked at, in the order in which to ask whose it is: the first that is anybody's counts.

    Empty where the event tells of nothing that matters. `busy`: CloudFormation has begun to work on the stack, or goes on.
    """

    kind: Kind
    about: tuple[str, ...]
    busy: bool = False


def hint(body: str) -> Hint | None:
    """None: not an event of these kinds."""
    event = _document(body)
    detail = event.get("detail")
    try:
        kind = Kind(event.get("detail-type", ""))
    except (ValueError, TypeError):
        return None
    if not isinstance(detail, Mapping) or event.get("source") != _SOURCES[kind]:
        return None
    about = tuple(one for one in _READ[kind](event, detail) if one)
    return Hint(kind, about, kind is Kind.Stack and busy(_text(_map(detail, "status-details"), "status")))


def _document(body: str) -> Mapping[str, Any]:
    if len(body) > LARGEST or body.count("[") + body.count("{") > MOST_BRACKETS:
        return {}
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _text(node: Mapping[str, Any], name: str) -> str:
    found = node.get(name)
    return found if isinstance(found, str) else ""


def _map(node: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = node.get(name)
    return found if isinstance(found, Mapping) else {}


def _stack(_: Mapping[str, Any], detail: Mapping[str, Any]) -> tuple[str, ...]:
    """https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/event-detail-stack-status-change.html."""
    arn = _text(detail, "stack-id")
    return (arn,) if place(arn) else ()


def _task(_event: Mapping[str, Any], detail: Mapping[str, Any]) -> tuple[str, ...]:
    """By its service, else by its task definition, else by its cluster, which is one app's own or nobody's.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_task_events.html
    """
    if _text(detail, "lastStatus") not in _TOLD:
        return ()
    cluster = _text(detail, "clusterArn")
    group, _, name = _text(detail, "group").partition(":")
    arn = f"{cluster.replace(':cluster/', ':service/', 1)}/{name}" if group == "service" else ""
    return arn, _text(detail, "taskDefinitionArn"), cluster


def _service(event: Mapping[str, Any], _: Mapping[str, Any]) -> tuple[str, ...]:
    """https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service_events.html."""
    resources = event.get("resources")
    return tuple(one for one in resources if isinstance(one, str))[:1] if isinstance(resources, list) else ()


def _build(event: Mapping[str, Any], detail: Mapping[str, Any]) -> tuple[str, ...]:
    """https://docs.aws.amazon.com/codebuild/latest/userguide/sample-build-notifications-ref.html."""
    return (project(_text(event, "region"), _text(event, "account"), _text(detail, "project-name")),)


def _push(event: Mapping[str, Any], detail: Mapping[str, Any]) -> tuple[str, ...]:
    """A tag that was pushed; children of a manifest list come without one.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html
    """
    if (_text(detail, "action-type"), _text(detail, "result")) != ("PUSH", "SUCCESS") or not _text(detail, "image-tag"):
        return ()
    return (repository(_text(event, "region"), _text(event, "account"), _text(detail, "repository-name")),)


_READ: dict[Kind, Callable[[Mapping[str, Any], Mapping[str, Any]], tuple[str, ...]]] = {
    Kind.Stack: _stack,
    Kind.Task: _task,
    Kind.Service: _service,
    Kind.Deployment: _service,
    Kind.Build: _build,
    Kind.Push: _push,
}


def project(region: str, account: str, name: str) -> str:
    """By what a CodeBuild project is registered; empty where one of the three is."""
    return f"codebuild:{region}:{account}:{name}" if region and account and name else ""


def repository(region: str, account: str, name: str) -> str:
    """By what an ECR repository is registered; empty where one of the three is."""
    return f"ecr:{region}:{account}:{name}" if region and account and name else ""


def repository_of(uri: str) -> str:
    """By what the repository of an image is registered, from its URI; empty where it is not in ECR."""
    found = ecr_image(uri)
    return repository(found.region, found.account, found.name) if found else ""


_STACK = re.compile(r"arn:[a-z-]+:cloudformation:(?P<region>[a-z0-9-]+):[0-9]{12}:stack/(?P<name>[A-Za-z][A-Za-z0-9-]*)/[^/\s]+")


def place(stack_id: str) -> tuple[str, str] | None:
    """Region and name of a stack, from its id; None where it is none."""
    found = _STACK.fullmatch(stack_id)
    return (found["region"], found["name"]) if found else None


def of_stack(seen: Seen) -> frozenset[str]:
    """What an app's own stack has that AWS tells of: itself, its cluster, its services, its task definitions."""
    stack, app = seen.stack, seen.app
    if stack is None or not seen.owned:
        return frozenset()
    outputs = [] if app is None or (app.spec.cluster and app.spec.cluster.existing) else [names.CLUSTER_OUTPUT]
    if app is not None:
        outputs += [names.service_output(key) for key in app.spec.services or {}]
        kinds = (app.spec.services, app.spec.scheduled_tasks, app.spec.tasks)
        outputs += [names.task_output(key) for kind in kinds for key in kind or {}]
    return frozenset({stack.id, *(stack.outputs[one] for one in outputs if stack.outputs.get(one))})
