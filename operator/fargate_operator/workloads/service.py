"""Services: long-running ECS services. Pure."""

from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import Field

from fargate_operator import names
from fargate_operator.fragments import routing, shifting
from fargate_operator.fragments.capacity import FORCED, ON_DEMAND, Capacity, immovable, may_be_interrupted, stop_timeout, strategy
from fargate_operator.fragments.connect import Connect, connect_configuration, connect_ingress, port_mapping
from fargate_operator.fragments.deployment import Deployment, configuration, shifts
from fargate_operator.fragments.load_balancer import Http
from fargate_operator.fragments.overrides import Overrides, merge_all
from fargate_operator.fragments.scaling import Scaling
from fargate_operator.fragments.scaling_policies import scaling_resources
from fargate_operator.fragments.scope import Scope, tag_list
from fargate_operator.fragments.task import TaskSpec
from fargate_operator.fragments.task_definition import task_definition
from fargate_operator.fragments.values import Flag, Int, seconds, text
from fargate_operator.template import Resource

_SERVICE = "AWS::ECS::Service"
_STRATEGY = f"{_SERVICE} CapacityProviderStrategy"


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
    spot: Flag | None = text(
        "Run on Fargate Spot, and on demand for a time when it cannot be had", default="false", aws=_STRATEGY
    )
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
        {"rule": "!has(self.http) || has(self.port)", "message": "http needs port"},
    ]


def resources(key: str, spec: ServiceSpec, scope: Scope) -> Iterable[Resource]:
    """The task definition, the service, and what scales it; with http or connect, what lets others reach it."""
    container: dict[str, Any] = {}
    if spec.port:
        container["PortMappings"] = [port_mapping(key, spec.port, spec.connect, http=bool(spec.http))]
    if spec.exec:
        container["LinuxParameters"] = {"InitProcessEnabled": True}  # reaps what exec'd shells leave behind
    definition = task_definition(key, spec, scope, container, stop_timeout(spec.capacity, spot=spec.spot))
    yield definition
    depends_on = list(spec.depends_on or ())
    if spec.http:
        routed = shifting if shifts(spec.deployment) else routing
        yield from routed.resources(key, _http(spec.http, spec), spec.network, spec.tags, scope)
        depends_on.append(names.listener_rule(key))
    yield Resource(
        names.service(key),
        "AWS::ECS::Service",
        _properties(key, spec, scope, definition.logical_id),
        tuple(depends_on),
    )
    if spec.connect and spec.port and (ingress := connect_ingress(key, spec.port, _place(spec, scope))):
        yield ingress
    if spec.scaling:
        counted = shifting.balancing(key, scope, both=shifts(spec.deployment)) if spec.http else None
        yield from scaling_resources(key, spec.scaling, scope.cluster, names.service(key), counted)


def outputs(key: str, spec: ServiceSpec, scope: Scope) -> dict[str, Any]:
    """The ARNs of the task definition and the service, and where it is reached."""
    stem = names.identifier(key)
    found = {
        names.task_output(key): {"Value": {"Ref": f"{stem}Task"}},
        names.service_output(key): {"Value": {"Ref": f"{stem}Service"}},
    }
    if spec.http and (url := routing.url(spec.http, scope)):
        found[names.service_url_output(key)] = {"Value": url}
    if spec.http and shifts(spec.deployment):
        found |= shifting.outputs(key)
    return found


def _properties(key: str, spec: ServiceSpec, scope: Scope, definition: str) -> dict[str, Any]:
    generated: dict[str, Any] = {
        "Cluster": scope.cluster,
        **_capacity(key, spec, scope),
        **_desired_count(key, spec, scope),
        "DeploymentConfiguration": configuration(spec.deployment, stated=key in scope.facts.weights),
        "TaskDefinition": {"Ref": definition},
        "NetworkConfiguration": {"AwsvpcConfiguration": _place(spec, scope)},
        "PropagateTags": "TASK_DEFINITION",
    }
    if spec.exec:
        generated["EnableExecuteCommand"] = True
    if spec.http and spec.port:  # checked: http needs port
        generated |= routing.service_properties(key, spec.http, spec.port)
        if shifts(spec.deployment):
            generated["LoadBalancers"] = [{**one, **shifting.advanced_configuration(key)} for one in generated["LoadBalancers"]]
    if tags := tag_list(scope.tags, spec.tags):
        generated["Tags"] = tags
    if spec.connect:
        generated["ServiceConnectConfiguration"] = connect_configuration(key, spec.port, spec.connect, scope)
    overrides = [one.service for one in (scope.overrides, spec.overrides) if one and one.service]
    if may_be_interrupted(spec.capacity, spot=spec.spot) and not any(map(immovable, overrides)):
        generated |= FORCED
    return merge_all(generated, overrides)


def _http(http: Http, spec: ServiceSpec) -> Http:
    """A task that Spot takes back is gone after its StopTimeout: the load balancer is to be done with it by then."""
    brief = spec.stop_timeout is not None and seconds(spec.stop_timeout) < routing.DELAY
    if brief and http.deregistration_delay is None and may_be_interrupted(spec.capacity, spot=spec.spot):
        return http.model_copy(update={"deregistration_delay": spec.stop_timeout})
    return http


def _place(spec: ServiceSpec, scope: Scope) -> dict[str, Any]:
    return scope.awsvpc(spec.network, always=bool(spec.http))


def _desired_count(key: str, spec: ServiceSpec, scope: Scope) -> dict[str, int]:
    """Left out while scaling is set, so that no update resets it; after that what ran, until the spec wants another count."""
    if spec.scaling:
        return {}
    count = scope.facts.counts.get(key)
    if count and count.kept is not None and count.declared == spec.desired_count:
        return {"DesiredCount": count.kept}
    return {"DesiredCount": 1 if spec.desired_count is None else spec.desired_count}


def _capacity(key: str, spec: ServiceSpec, scope: Scope) -> dict[str, Any]:
    """A cluster that is not the app's own may have no capacity providers, which plain Fargate does not need."""
    fallback = scope.facts.spot.get(key)
    if fallback and fallback.on_demand and may_be_interrupted(spec.capacity, spot=spec.spot):
        return {"CapacityProviderStrategy": ON_DEMAND}
    if scope.own_cluster or spec.spot or spec.capacity:
        return {"CapacityProviderStrategy": strategy(spec.capacity, spot=spec.spot)}
    return {"LaunchType": "FARGATE"}
