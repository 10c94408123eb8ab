"""How requests reach one service: its target group, its rule on the listener, its part of the ECS service. Pure.

See https://docs.aws.amazon.com/elasticloadbalancing/latest/application/listener-rules.html and
https://docs.aws.amazon.com/AmazonECS/latest/developerguide/alb.html.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from fargate_operator import names
from fargate_operator.fragments.load_balancer import Http, HttpHealthCheck
from fargate_operator.fragments.network import Network
from fargate_operator.fragments.scope import Scope, tag_list
from fargate_operator.fragments.values import seconds
from fargate_operator.template import Resource

# Those of Copilot, which suit small services: AWS's own deregistration delay of 300s makes each deployment that much longer.
INTERVAL, TIMEOUT, HEALTHY, UNHEALTHY, GRACE, DELAY = 30, 5, 5, 2, 60, 60

Tags = Mapping[str, str] | None


def resources(
    key: str, http: Http, network: Network | None, tags: Tags, scope: Scope, actions: list[dict[str, Any]] | None = None
) -> Iterable[Resource]:
    """`<N>TargetGroup` and `<N>ListenerRule`; `actions` in place of sending everything to the target group."""
    group = target_group(names.target_group(key), http, network, tags, scope)
    yield group
    yield listener_rule(key, http, tags, scope, actions or forward({group.logical_id: 1}))


def service_properties(key: str, http: Http, port: int) -> dict[str, Any]:
    """What the AWS::ECS::Service has for it. It must depend on the rule: ECS refuses a target group that no listener uses."""
    target = {"ContainerName": key, "ContainerPort": port, "TargetGroupArn": {"Ref": names.target_group(key)}}
    check = http.health_check or HttpHealthCheck()
    return {"LoadBalancers": [target], "HealthCheckGracePeriodSeconds": _or(check.grace_period, GRACE)}


def target_group(logical_id: str, http: Http, network: Network | None, tags: Tags, scope: Scope) -> Resource:
    """A group of the service's tasks, by their addresses."""
    properties: dict[str, Any] = {
        "TargetType": "ip",
        "VpcId": scope.vpc(network),
        "Protocol": "HTTP",
        "Port": scope.target_port,
        **_health_check(http.health_check or HttpHealthCheck()),
        "TargetGroupAttributes": _attributes(http),
    }
    if listed := tag_list(scope.tags, tags):
        properties["Tags"] = listed
    return Resource(logical_id, "AWS::ElasticLoadBalancingV2::TargetGroup", properties)


def forward(groups: Mapping[str, int]) -> list[dict[str, Any]]:
    """The actions that share requests between target groups: logical ID → weight."""
    targets = [{"TargetGroupArn": {"Ref": logical_id}, "Weight": weight} for logical_id, weight in groups.items()]
    return [{"Type": "forward", "ForwardConfig": {"TargetGroups": targets}}]


def listener_rule(key: str, http: Http, tags: Tags, scope: Scope, actions: list[dict[str, Any]]) -> Resource:
    """Which requests the service gets."""
    properties: dict[str, Any] = {
        "ListenerArn": scope.listener,
        "Priority": scope.priorities[key],
        "Conditions": _conditions(http),
        "Actions": actions,
    }
    if listed := tag_list(scope.tags, tags):
        properties["Tags"] = listed
    return Resource(names.listener_rule(key), "AWS::ElasticLoadBalancingV2::ListenerRule", properties)


def route(http: Http) -> tuple[str, str]:
    """Host and path in the one form in which they are compared: host in lower case, path without a slash at its end."""
    host, path = http.host or "", (http.path or "/").rstrip("/") or "/"
    return (host if "${" in host else host.lower().rstrip(".")), path


def url(http: Http, scope: Scope) -> Any:
    """Where the service is reached: by its host where it names one, else by the load balancer's own name; None if not known."""
    host, path = route(http)
    if not scope.address or set(host) & {"*", "?"}:  # a wildcard is no address, and the balancer's own name would not match it
        return None
    scheme, name, port = scope.address
    parts = [scheme, host or name, port, path if path != "/" else ""]
    return {"Fn::Join": ["", [part for part in parts if part]]}


def _conditions(http: Http) -> list[dict[str, Any]]:
    host, path = route(http)
    conditions: list[dict[str, Any]] = []
    if host:
        conditions.append({"Field": "host-header", "HostHeaderConfig": {"Values": [host]}})
    if path != "/":
        conditions.append({"Field": "path-pattern", "PathPatternConfig": {"Values": [path, f"{path}/*"]}})
    elif not host:  # a rule must have a condition
        conditions.append({"Field": "path-pattern", "PathPatternConfig": {"Values": ["/*"]}})
    return conditions


def _health_check(check: HttpHealthCheck) -> dict[str, Any]:
    interval = _or(check.interval, INTERVAL)
    return {
        "HealthCheckPath": check.path or "/",
        "HealthCheckIntervalSeconds": interval,
        "HealthCheckTimeoutSeconds": _or(check.timeout, min(TIMEOUT, interval - 1)),
        "HealthyThresholdCount": check.healthy_threshold or HEALTHY,
        "UnhealthyThresholdCount": check.unhealthy_threshold or UNHEALTHY,
        "Matcher": {"HttpCode": check.codes or "200"},
    }


def _attributes(http: Http) -> list[dict[str, str]]:
    """Each always has a value: one that is taken out of a template stays as it was in AWS."""
    values = {
        "deregistration_delay.timeout_seconds": str(_or(http.deregistration_delay, DELAY)),
        "stickiness.enabled": "true" if http.stickiness else "false",
    }
    if http.stickiness:
        values |= {"stickiness.type": "lb_cookie", "stickiness.lb_cookie.duration_seconds": str(seconds(http.stickiness))}
    return [{"Key": name, "Value": value} for name, value in values.items()]


def _or(duration: str | None, default: int) -> int:
    return default if duration is None else seconds(duration)
