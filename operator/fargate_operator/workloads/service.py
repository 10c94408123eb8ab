"""Services: long-running ECS services. Pure."""

from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import Field

from fargate_operator import names
from fargate_operator.fragments.connect import Connect, connect_configuration, connect_ingress, port_mapping
from fargate_operator.fragments.deployment import Deployment
from fargate_operator.fragments.load_balancer import Http
from fargate_operator.fragments.overrides import Overrides, merge_all
from fargate_operator.fragments.scaling import Scaling
from fargate_operator.fragments.scope import Scope, tag_list
from fargate_operator.fragments.task import TaskSpec
from fargate_operator.fragments.task_definition import task_definition
from fargate_operator.fragments.values import Flag, Int, Strict, text
from fargate_operator.template import Resource

_SERVICE = "AWS::ECS::Service"
_STRATEGY = f"{_SERVICE} CapacityProviderStrategy"


class Capacity(Strict):
    """A mix of on-demand and Spot capacity."""

    on_demand_base: Annotated[Int, Field(ge=0, le=100000)] | None = text(
        "Tasks that always run on demand", default="0", aws=f"{_STRATEGY}.Base"
    )
    on_demand_weight: Annotated[Int, Field(ge=0, le=1000)] | None = text(
        "Share of on-demand among the rest", default="1", aws=f"{_STRATEGY}.Weight"
    )
    spot_weight: Annotated[Int, Field(ge=0, le=1000)] | None = text(
        "Share of Spot among the rest", default="1", aws=f"{_STRATEGY}.Weight"
    )

    cel = [
        {
            "rule": "!(has(self.onDemandWeight) && self.onDemandWeight == 0 && has(self.spotWeight) && self.spotWeight == 0)",
            "message": "onDemandWeight and spotWeight cannot both be 0",
        }
    ]


class ServiceSpec(TaskSpec):
    """A long-running service."""

    desired_count: Annotated[Int, Field(ge=0, le=5000)] | None = text(
        "How many tasks run; left to scaling where that is set", default="1", aws=f"{_SERVICE} DesiredCount"
    )
    port: Annotated[Int, Field(ge=1, le=65535)] | None = text(
        "The port that the container listens on", default="none", aws="AWS::ECS::TaskDefinition ContainerDefinitions.PortMappings"
    )
    exec: Flag | None = text(
        "Whether ECS Exec is possible; a taskRoleArn must bring the rights",
        default="false",
        aws=f"{_SERVICE} EnableExecuteCommand",
    )
    spot: Flag | None = text("Run on Fargate Spot", default="false", aws=_STRATEGY)
    capacity: Capacity | None = text("A mix of on-demand and Spot instead of spot", default="none", aws=_STRATEGY)
    deployment: Deployment | None = text(
        "How new tasks replace old ones", default="Rolling, with the circuit breaker", aws=f"{_SERVICE} DeploymentConfiguration"
    )
    http: Http | None = text(
        "Reached through the app's load balancer; needs port", default="none",
        aws="AWS::ElasticLoadBalancingV2::TargetGroup, AWS::ElasticLoadBalancingV2::ListenerRule",
    )  # fmt: skip
    scaling: Scaling | None = text(
        "How many tasks run, by load and time", default="none", aws="AWS::ApplicationAutoScaling::ScalableTarget"
    )
    connect: Connect | None = text("ECS Service Connect", default="none", aws=f"{_SERVICE} ServiceConnectConfiguration")
    overrides: Overrides | None = text("Merged into the generated CloudFormation properties, last of all", default="none")

    cel = [
        *TaskSpec.cel,
        {"rule": "!(has(self.spot) && has(self.capacity))", "message": "spot and capacity exclude each other"},
    ]


def resources(key: str, spec: ServiceSpec, scope: Scope) -> Iterable[Resource]:
    """The task definition and the service, and what lets others reach it by Service Connect."""
    container: dict[str, Any] = {}
    if spec.port:
        container["PortMappings"] = [port_mapping(key, spec.port, spec.connect, http=bool(spec.http))]
    if spec.exec:
        container["LinuxParameters"] = {"InitProcessEnabled": True}  # reaps what exec'd shells leave behind
    definition = task_definition(key, spec, scope, container)
    yield definition
    properties = _properties(spec, scope, definition.logical_id)
    if spec.connect:
        properties = {"ServiceConnectConfiguration": connect_configuration(key, spec.port, spec.connect, scope), **properties}
    yield Resource(
        f"{names.identifier(key)}Service",
        "AWS::ECS::Service",
        merge_all(properties, (one.service for one in (scope.overrides, spec.overrides) if one)),
        tuple(spec.depends_on or ()),
    )
    if spec.connect and spec.port:
        ingress = connect_ingress(key, spec.port, scope.awsvpc(spec.network, always=bool(spec.http)))
        yield from [ingress] if ingress else []


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
        "NetworkConfiguration": {"AwsvpcConfiguration": scope.awsvpc(spec.network, always=bool(spec.http))},
        "PropagateTags": "TASK_DEFINITION",
    }
    if spec.exec:
        generated["EnableExecuteCommand"] = True
    if tags := tag_list(scope.tags, spec.tags):
        generated["Tags"] = tags
    return generated


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
