"""Answers to the questions of `gathering`: desired counts from ECS, weights of target groups from Elastic Load Balancing."""

from collections.abc import Mapping
from typing import Any

from botocore.exceptions import ClientError

from fargate_operator.aws.clients import Clients
from fargate_operator.aws.errors import code, translate, translated
from fargate_operator.gathering import Answers, Questions

_BATCH = 10  # services in one DescribeServices


def ask(clients: Clients, region: str, asked: Questions) -> Answers:
    """The answers; without questions, no call."""
    counts = _counts(clients.get("ecs", region), asked) if asked.services else {}
    rules = {key: _weights(clients.get("elbv2", region), *arns) for key, arns in sorted(asked.rules.items())}
    return Answers(counts, {key: weights for key, weights in rules.items() if weights})


def _counts(ecs: Any, asked: Questions) -> Mapping[str, int]:
    keys = sorted(asked.services)
    found: dict[str, int] = {}
    for start in range(0, len(keys), _BATCH):
        batch = {asked.services[key]: key for key in keys[start : start + _BATCH]}
        try:
            described = ecs.describe_services(cluster=asked.cluster, services=list(batch))["services"]
        except ClientError as error:
            if code(error) == "ClusterNotFoundException":
                return found
            raise translate(error, "DescribeServices") from error
        found |= {batch[one["serviceArn"]]: int(one["desiredCount"]) for one in described
                  if one["serviceArn"] in batch and one.get("status") == "ACTIVE"}  # fmt: skip
    return found


def _weights(elb: Any, rule: str, second: str) -> tuple[int, int] | None:
    """The weights of the first and the second target group; a group that is not named gets nothing, a lone one everything."""
    try:
        with translated("DescribeRules"):
            described = elb.describe_rules(RuleArns=[rule])["Rules"]
    except Exception as error:
        if isinstance(error.__cause__, ClientError) and code(error.__cause__) in {"RuleNotFound", "RuleNotFoundException"}:
            return None
        raise
    actions = [one for rule_ in described for one in rule_.get("Actions", ()) if one.get("Type") == "forward"]
    if not actions:
        return None
    groups = (actions[0].get("ForwardConfig") or {}).get("TargetGroups") or [actions[0]]
    weights = {one.get("TargetGroupArn"): int(one.get("Weight", 100)) for one in groups}
    return sum(weight for arn, weight in weights.items() if arn != second), weights.get(second, 0)
