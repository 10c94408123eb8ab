"""Services: long-running ECS services. Pure."""

from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import Field

from fargate_operator import names
from fargate_operator.fragments.overrides import Overrides, merge_all
from fargate_operator.fragments.scope import Scope, tag_list
from fargate_operator.fragments.task import TaskSpec
from fargate_operator.fragments.task_definition import task_definition
from fargate_operator.fragments.values import Flag, Int, Strict, text
from fargate_operator.template import Resource


class Capacity(Strict):
    """A mix of on-demand and Spot capacity."""

    on_demand_base: Annotated[Int, Field(ge=0, le=100000)] | None = text("Tasks that always run on demand; default 0")
    on_demand_weight: Annotated[Int, Field(ge=0, le=1000)] | None = text("Share of on-demand among the rest; default 1")
    spot_weight: Annotated[Int, Field(ge=0, le=1000)] | None = text("Share of Spot among the rest; default 1")

    cel = [
        {
            "rule": "!(has(self.onDemandWeight) && self.onDemandWeight == 0 && has(self.spotWeight) && self.spotWeight == 0)",
            "message": "onDemandWeight and spotWeight cannot both be 0",
        }
    ]


class Deployment(Strict):
    """How new tasks replace old ones."""

    minimum_healthy_percent: Annotated[Int, Field(ge=0, le=100)] | None = text("Default 100")
    maximum_percent: Annotated[Int, Field(ge=100, le=200)] | None = text("Default 200")
    circuit_breaker: Flag | None = text("Whether a deployment that fails is rolled back by ECS; default true")

    cel = [
        {
            "rule": "!(has(self.maximumPercent) && self.maximumPercent == 100 && (!has(self.minimumHealthyPercent) || "
            "self.minimumHealthyPercent == 100))",
            "message": "with maximumPercent 100, minimumHealthyPercent must be below 100, or no task can be replaced",
        }
    ]


class ServiceSpec(TaskSpec):
    """A long-running service."""

    desired_count: Annotated[Int, Field(ge=0, le=5000)] | None = text("How many tasks run; default 1")
    port: Annotated[Int, Field(ge=1, le=65535)] | None = text("The port that the container listens on")
    exec: Flag | None = text("Whether ECS Exec is possible; default false")
    spot: Flag | None = text("Run on Fargate Spot; default false")
    capacity: Capacity | None = text("A mix of on-demand and Spot instead of spot")
    deployment: Deployment | None = text("How new tasks replace old ones")
    overrides: Overrides | None = text("Merged into the generated CloudFormation properties, last of all")

    cel = [
        *TaskSpec.cel,
        {"rule": "!(has(self.spot) && has(self.capacity))", "message": "spot and capacity exclude each other"},
    ]


def resources(key: str, spec: ServiceSpec, scope: Scope) -> Iterable[Resource]:
    """The task definition and the service."""
    container: dict[str, Any] = {}
    if spec.port:
        container["PortMappings"] = [{"ContainerPort": spec.port, "Protocol": "tcp"}]
    if spec.exec:
        container["LinuxParameters"] = {"InitProcessEnabled": True}  # reaps what exec'd shells leave behind
    definition = task_definition(key, spec, scope, container)
    yield definition
    yield Resource(
        f"{names.identifier(key)}Service",
        "AWS::ECS::Service",
        _properties(spec, scope, definition.logical_id),
        tuple(spec.depends_on or ()),
    )


def outputs(key: str) -> dict[str, Any]:
    """The ARNs of the task definition and the service."""
    stem = names.identifier(key)
    return {
        names.task_output(key): {"Value": {"Ref": f"{stem}Task"}},
        names.service_output(key): {"Value": {"Ref": f"{stem}Service"}},
    }


def _properties(spec: ServiceSpec, scope: Scope, definition: str) -> dict[str, Any]:
    deployment = spec.deployment or Deployment()
    minimum = deployment.minimum_healthy_percent
    breaker = deployment.circuit_breaker is not False
    generated: dict[str, Any] = {
        "Cluster": scope.cluster,
        "CapacityProviderStrategy": _strategy(spec),
        "DesiredCount": 1 if spec.desired_count is None else spec.desired_count,
        "DeploymentConfiguration": {
            "MaximumPercent": deployment.maximum_percent or 200,
            "MinimumHealthyPercent": 100 if minimum is None else minimum,
            "DeploymentCircuitBreaker": {"Enable": breaker, "Rollback": breaker},
        },
        "TaskDefinition": {"Ref": definition},
        "NetworkConfiguration": {"AwsvpcConfiguration": scope.awsvpc(spec.network)},
        "PropagateTags": "TASK_DEFINITION",
    }
    if spec.exec:
        generated["EnableExecuteCommand"] = True
    if tags := tag_list(scope.tags, spec.tags):
        generated["Tags"] = tags
    return merge_all(generated, (one.service for one in (scope.overrides, spec.overrides) if one))


def _strategy(spec: ServiceSpec) -> list[dict[str, Any]]:
    if spec.capacity is None:
        return [{"CapacityProvider": "FARGATE_SPOT" if spec.spot else "FARGATE", "Weight": 1}]
    capacity = spec.capacity
    on_demand = 1 if capacity.on_demand_weight is None else capacity.on_demand_weight
    spot = 1 if capacity.spot_weight is None else capacity.spot_weight
    return [
        {"CapacityProvider": "FARGATE", "Base": capacity.on_demand_base or 0, "Weight": on_demand},
        {"CapacityProvider": "FARGATE_SPOT", "Weight": spot},
    ]
