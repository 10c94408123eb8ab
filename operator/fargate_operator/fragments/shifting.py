"""How ECS moves a service's requests from old tasks to new ones: a second target group, and a rule that weighs the two. Pure.

Needed by BlueGreen, Linear and Canary with http. ECS writes the rule's weights by itself, with a role that it is given.
See https://docs.aws.amazon.com/AmazonECS/latest/developerguide/alb-resources-for-blue-green.html.
"""

from collections.abc import Iterable
from typing import Any

from fargate_operator import names
from fargate_operator.fragments import routing
from fargate_operator.fragments.load_balancer import Http
from fargate_operator.fragments.network import Network
from fargate_operator.fragments.scaling_policies import Balancing
from fargate_operator.fragments.scope import Scope
from fargate_operator.template import Resource

FIRST = (100, 0)  # weights of a new rule: ECS starts with the first target group


def resources(key: str, http: Http, network: Network | None, tags: routing.Tags, scope: Scope) -> Iterable[Resource]:
    """Both target groups, and the rule with the weights that ECS has given it."""
    weights = scope.facts.weights.get(key)
    first, second = (weights.first, weights.second) if weights else FIRST
    yield routing.target_group(names.alternate_target_group(key), http, network, tags, scope)
    groups = {names.target_group(key): first, names.alternate_target_group(key): second}
    yield from routing.resources(key, http, network, tags, scope, routing.forward(groups))


def advanced_configuration(key: str) -> dict[str, Any]:
    """What ECS must know to do it."""
    return {
        "AdvancedConfiguration": {
            "AlternateTargetGroupArn": {"Ref": names.alternate_target_group(key)},
            "ProductionListenerRule": {"Ref": names.listener_rule(key)},
            "RoleArn": {"Fn::GetAtt": [names.INFRASTRUCTURE_ROLE, "Arn"]},
        }
    }


def outputs(key: str) -> dict[str, Any]:
    """Where the live weights are read."""
    return {
        names.rule_output(key): {"Value": {"Ref": names.listener_rule(key)}},
        names.alternate_group_output(key): {"Value": {"Ref": names.alternate_target_group(key)}},
    }


def balancing(key: str, scope: Scope, *, both: bool) -> Balancing:
    """Where CloudWatch counts the service's requests; `both`: at two target groups."""
    groups = [names.target_group(key), *([names.alternate_target_group(key)] if both else [])]
    full = tuple({"Fn::GetAtt": [group, "TargetGroupFullName"]} for group in groups)
    return Balancing(_load_balancer(scope.listener), full)


def _load_balancer(listener: Any) -> Any:
    """``app/<name>/<id>``: of the app's own, or out of the ARN of an existing listener, which ends with it and an id."""
    if not isinstance(listener, str):
        return {"Fn::GetAtt": [names.LOAD_BALANCER, "LoadBalancerFullName"]}
    if "${" not in listener:
        return "/".join(listener.split("/")[1:4])
    return {"Fn::Join": ["/", [{"Fn::Select": [number, {"Fn::Split": ["/", listener]}]} for number in (1, 2, 3)]]}
