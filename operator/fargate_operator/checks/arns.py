"""ARNs of the wrong service, region or account. Pure.

What a reference (``${…}``) stands for is CloudFormation's to know: it passes.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from fargate_operator.errors import Fault
from fargate_operator.facts import Place
from fargate_operator.fragments.events import Event
from fargate_operator.fragments.task import TaskSpec
from fargate_operator.model import App
from fargate_operator.workloads.function import FunctionSpec
from fargate_operator.workloads.scheduled_task import ScheduledTaskSpec
from fargate_operator.workloads.service import ServiceSpec


@dataclass(frozen=True, slots=True)
class Kind:
    """What an ARN must be of: `resources` are services with what their resource part begins with; none: whatever.

    `region` and `account`: whether it must be in the app's own.
    """

    what: str
    resources: tuple[tuple[str, str], ...]
    region: bool = True
    account: bool = True


ROLE = Kind("an IAM role", (("iam", "role/"),), region=False)
POLICY = Kind("an IAM policy", (("iam", "policy/"),), region=False)
ALARM = Kind("a CloudWatch alarm", (("cloudwatch", "alarm:"),))
CLUSTER = Kind("an ECS cluster", (("ecs", "cluster/"),))
CERTIFICATE = Kind("an ACM certificate", (("acm", "certificate/"),))
SERVER_CERTIFICATE = Kind("an ACM or IAM server certificate", (("acm", "certificate/"), ("iam", "server-certificate/")))
LISTENER = Kind("a listener of an Application Load Balancer", (("elasticloadbalancing", "listener/app/"),))
METERED_QUEUE = Kind("an SQS queue", (("sqs", ""),))  # its metrics are in the account's own CloudWatch
REDRIVEN_QUEUE = Kind("the queue that SQS hands on to what found no Spot", (("sqs", ""),))
QUEUE = Kind("an SQS queue", (("sqs", ""),), account=False)
NAMESPACE = Kind("a Cloud Map namespace", (("servicediscovery", "namespace/"),), account=False)
# Of which service these are is judged with the rest of a function's events (`checks.events`), where references count as well.
SOURCE = Kind("what a function's event comes from", (), account=False)
DESTINATION = Kind("a function's destination", (), account=False)
LAYER = Kind("a layer's version", (), account=False)

Named = tuple[str, str | None, Kind]


def arn_faults(app: App, place: Place) -> Iterable[Fault]:
    """A fault for each ARN that cannot be what its field wants; what `place` leaves empty is not judged."""
    for path, arn, kind in named_arns(app):
        if arn and "${" not in arn and arn.startswith("arn:") and (wrong := _wrong(arn, kind, place)):
            yield Fault(path, wrong)


def _wrong(arn: str, kind: Kind, place: Place) -> str:
    """The first thing that is wrong with it, and what would be right."""
    parts = arn.split(":", 5)
    service, begin = kind.resources[0] if kind.resources else ("…", "")
    example = f"arn:{place.partition or 'aws'}:{service}:…:{begin}…"
    if len(parts) < 6 or not parts[5]:
        return f"{arn!r} is no whole ARN; must be that of {kind.what}: {example}"
    _, partition, service, region, account, resource = parts
    if kind.resources and not any(service == one and resource.startswith(begin) for one, begin in kind.resources):
        return f"{arn!r} is not the ARN of {kind.what}; must begin {example}"
    if place.partition and partition != place.partition:
        return f"{arn!r} is of the partition {partition}; the app's is {place.partition}"
    if kind.region and place.region and region not in ("", place.region):
        return f"{arn!r} is in {region or 'no region'}; {kind.what} must be in the app's region {place.region}"
    if kind.account and place.account_id and account not in ("", "aws", place.account_id):
        return f"{arn!r} is of account {account}; {kind.what} must be of the app's account {place.account_id}"
    return ""


def named_arns(app: App) -> Iterator[Named]:
    """Every ARN of the spec with its path and what it must be."""
    spec = app.spec
    if spec.cluster:
        yield "spec.cluster.existing", spec.cluster.existing, CLUSTER
    if spec.changes:
        yield from _each("spec.changes.alarms", spec.changes.alarms, ALARM)
    if iam := spec.iam:
        yield "spec.iam.taskRoleArn", iam.task_role_arn, ROLE
        yield "spec.iam.executionRoleArn", iam.execution_role_arn, ROLE
        yield "spec.iam.permissionsBoundary", iam.permissions_boundary, POLICY
        yield from _each("spec.iam.managedPolicies", iam.managed_policies, POLICY)
    if balancer := spec.load_balancer:
        yield "spec.loadBalancer.listenerArn", balancer.listener_arn, LISTENER
        yield from _each("spec.loadBalancer.certificateArns", balancer.certificate_arns, SERVER_CERTIFICATE)
    if spec.http_api and spec.http_api.domain:
        yield "spec.httpApi.domain.certificateArn", spec.http_api.domain.certificate_arn, CERTIFICATE
    for field, key, workload in app.workloads():
        path = f"spec.{field}.{key}"
        yield from _task(path, workload) if isinstance(workload, TaskSpec) else _function(path, workload)


def _each(path: str, arns: Iterable[str] | None, kind: Kind) -> Iterator[Named]:
    yield from ((f"{path}[{number}]", arn, kind) for number, arn in enumerate(arns or ()))


def _task(path: str, task: TaskSpec) -> Iterator[Named]:
    yield f"{path}.taskRoleArn", task.task_role_arn, ROLE
    yield f"{path}.executionRoleArn", task.execution_role_arn, ROLE
    if isinstance(task, ScheduledTaskSpec):
        yield f"{path}.deadLetterQueueArn", task.dead_letter_queue_arn, REDRIVEN_QUEUE if task.on_spot() else QUEUE
    if isinstance(task, ServiceSpec) and task.connect:
        yield f"{path}.connect.namespace", task.connect.namespace, NAMESPACE
    if isinstance(task, ServiceSpec) and task.scaling and task.scaling.queue:
        yield f"{path}.scaling.queue.arn", task.scaling.queue.arn, METERED_QUEUE


def _function(path: str, function: FunctionSpec) -> Iterator[Named]:
    yield from _each(f"{path}.layers", function.layers, LAYER)
    yield f"{path}.onFailure", function.on_failure, DESTINATION
    for name, event in sorted((function.events or {}).items()):
        yield from _event(f"{path}.events.{name}", event)


def _event(path: str, event: Event) -> Iterator[Named]:
    if event.sqs:
        yield f"{path}.sqs.queueArn", event.sqs.queue_arn, SOURCE
    if event.sns:
        yield f"{path}.sns.topicArn", event.sns.topic_arn, SOURCE
    if event.stream:
        yield f"{path}.stream.arn", event.stream.arn, SOURCE
    if event.event_bridge:
        yield f"{path}.eventBridge.bus", event.event_bridge.bus, SOURCE
