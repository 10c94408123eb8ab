"""What must hold between the fields of a spec: each check yields its faults, none stops the others. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any

from fargate_operator import names
from fargate_operator.checks.balancer import balancer_faults, network_faults
from fargate_operator.checks.changes import change_faults
from fargate_operator.checks.connect import connect_faults
from fargate_operator.checks.containers import container_faults
from fargate_operator.checks.deployment import deployment_faults
from fargate_operator.checks.drift import drift_faults
from fargate_operator.checks.events import EVENT_CHECKS
from fargate_operator.checks.functions import FUNCTION_CHECKS
from fargate_operator.checks.images import image_faults
from fargate_operator.checks.routing import routing_faults
from fargate_operator.checks.scaling import scaling_faults
from fargate_operator.checks.schedules import schedule_faults
from fargate_operator.checks.secrets import secret_faults
from fargate_operator.checks.sources import variable_faults
from fargate_operator.errors import Fault
from fargate_operator.fragments.network import Network
from fargate_operator.fragments.sizes import DEFAULT_CPU, DEFAULT_MEMORY, size_fault
from fargate_operator.fragments.values import seconds
from fargate_operator.model import RETENTION, App
from fargate_operator.workloads.function import FunctionSpec
from fargate_operator.workloads.scheduled_task import ScheduledTaskSpec
from fargate_operator.workloads.service import ServiceSpec


def spec_faults(app: App, raw: Mapping[str, Any]) -> list[Fault]:
    """Every fault between fields. `raw` is the spec as written, for names whose values are faulty themselves."""
    checks = (
        *FUNCTION_CHECKS,
        *EVENT_CHECKS,
        _raw,
        image_faults,
        _unknown_images,
        _sizes,
        _networks,
        _tags,
        _cluster,
        _logs,
        _collisions,
        _services,
        _functions,
        _durations,
        scaling_faults,
        deployment_faults,
        balancer_faults,
        network_faults,
        routing_faults,
        container_faults,
        connect_faults,
        secret_faults,
        variable_faults,
        schedule_faults,
        change_faults,
        drift_faults,
    )
    return [fault for check in checks for fault in check(app, raw)]


def _raw(app: App, _: Mapping[str, Any]) -> Iterable[Fault]:
    for name, body in (app.spec.resources or {}).items():
        if not isinstance(body.get("Type"), str):
            yield Fault(f"spec.resources.{name}.Type", "is required: a type such as AWS::SQS::Queue")


def _unknown_images(app: App, raw: Mapping[str, Any]) -> Iterable[Fault]:
    images = raw.get("images")
    known = sorted(map(str, images)) if isinstance(images, Mapping) else []
    for field, key, _workload in app.workloads():
        image = raw[field][key].get("image")
        if isinstance(image, str) and image and image not in known:
            right = f"one of {', '.join(known)}" if known else "a name in spec.images, which has none"
            yield Fault(f"spec.{field}.{key}.image", f"{image!r} is not in spec.images; must be {right}")


def _sizes(app: App, _: Mapping[str, Any]) -> Iterable[Fault]:
    spec = app.spec
    shared = (spec.cpu or DEFAULT_CPU, spec.memory or DEFAULT_MEMORY)
    if (spec.cpu or spec.memory) and (fault := size_fault(*shared)):
        yield Fault("spec.memory" if spec.memory else "spec.cpu", fault)
    for field, key, task in app.tasks():
        if (task.cpu or task.memory) and (fault := size_fault(task.cpu or shared[0], task.memory or shared[1])):
            yield Fault(f"spec.{field}.{key}.{'memory' if task.memory else 'cpu'}", fault)


def _networks(app: App, _: Mapping[str, Any]) -> Iterable[Fault]:
    networks: list[tuple[str, Network | None]] = [("spec.network", app.spec.network)]
    networks += [(f"spec.{field}.{key}.network", task.network) for field, key, task in app.tasks()]
    for path, network in networks:
        if network and network.subnet_ids and network.selector:
            yield Fault(f"{path}.selector", "excludes subnetIds; give one of the two")


def _tags(app: App, _: Mapping[str, Any]) -> Iterable[Fault]:
    places = [("spec.tags", app.spec.tags)]
    places += [(f"spec.{field}.{key}.tags", workload.tags) for field, key, workload in app.workloads()]
    for path, tags in places:
        for name in tags or {}:
            if name.startswith(("aws:", f"{names.DOMAIN}/")):
                yield Fault(f"{path}.{name}", f"tags may not start with aws: or {names.DOMAIN}/")


def _cluster(app: App, _: Mapping[str, Any]) -> Iterable[Fault]:
    cluster = app.spec.cluster
    if cluster and cluster.existing and (cluster.name or cluster.container_insights):
        yield Fault("spec.cluster.existing", "excludes name and containerInsights")


def _logs(app: App, _: Mapping[str, Any]) -> Iterable[Fault]:
    days = app.spec.logs.retention_in_days if app.spec.logs else None
    if days is not None and days not in RETENTION:
        yield Fault("spec.logs.retentionInDays", f"must be one of {', '.join(map(str, RETENTION))}")


def _collisions(app: App, _: Mapping[str, Any]) -> Iterable[Fault]:
    seen: dict[str, str] = {}
    for field, key, _workload in app.workloads():
        path, stem = f"spec.{field}.{key}", names.identifier(key)
        if stem in seen:
            yield Fault(path, f"collides with {seen[stem]}: both are {stem} as identifiers; rename one")
        seen.setdefault(stem, path)


def _services(app: App, _: Mapping[str, Any]) -> Iterable[Fault]:
    for key, service in (app.spec.services or {}).items():
        yield from (Fault(f"spec.services.{key}.{name}", message) for name, message in _service(service))
    for key, scheduled in (app.spec.scheduled_tasks or {}).items():
        yield from (Fault(f"spec.scheduledTasks.{key}.{name}", message) for name, message in _capacity(scheduled))


def _capacity(workload: ServiceSpec | ScheduledTaskSpec) -> Iterable[tuple[str, str]]:
    if workload.spot is not None and workload.capacity is not None:
        yield "capacity", "excludes spot; give one of the two"
    if workload.capacity and workload.capacity.on_demand_weight == 0 and workload.capacity.spot_weight == 0:
        yield "capacity", "onDemandWeight and spotWeight cannot both be 0"


def _service(service: ServiceSpec) -> Iterable[tuple[str, str]]:
    yield from _capacity(service)
    deployment = service.deployment
    if deployment and deployment.maximum_percent == 100 and deployment.minimum_healthy_percent in (None, 100):
        yield (
            "deployment",
            "with maximumPercent 100, minimumHealthyPercent must be below 100, or no task can be replaced",
        )


def _functions(app: App, _: Mapping[str, Any]) -> Iterable[Fault]:
    for key, function in (app.spec.functions or {}).items():
        yield from (Fault(f"spec.functions.{key}.{name}", message) for name, message in _function(function))


def _function(function: FunctionSpec) -> Iterable[tuple[str, str]]:
    stems: dict[str, str] = {}
    for name, event in (function.events or {}).items():
        if len(event.kinds()) != 1:
            yield f"events.{name}", "must have exactly one kind: httpApi, schedule, sqs, sns, eventBridge, stream or s3"
        stem = names.identifier(name)
        if stem in stems:
            yield f"events.{name}", f"collides with {stems[stem]}: both are {stem} as identifiers; rename one"
        stems.setdefault(stem, name)


def _durations(app: App, _: Mapping[str, Any]) -> Iterable[Fault]:
    for field, key, task in app.tasks():
        path = f"spec.{field}.{key}"
        yield from _bounded(f"{path}.stopTimeout", task.stop_timeout, 1, 120)
    for key, function in (app.spec.functions or {}).items():
        yield from _bounded(f"spec.functions.{key}.timeout", function.timeout, 1, 900)
        for name, event in (function.events or {}).items():
            window = event.sqs.batch_window if event.sqs else None
            yield from _bounded(f"spec.functions.{key}.events.{name}.sqs.batchWindow", window, 0, 300)


def _bounded(path: str, duration: str | None, least: int, most: int) -> Iterable[Fault]:
    if duration is not None and not least <= seconds(duration) <= most:
        yield Fault(path, f"is {seconds(duration)}s; must be {least}s to {most}s")
