"""Deployments: how new tasks of a service replace old ones. Pure.

See https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_services.html.
"""

from typing import Annotated, Any, Literal

from pydantic import Field

from fargate_operator.fragments.values import Duration, Flag, Int, Strict, Text, seconds, text

_CONFIGURATION = "AWS::ECS::Service DeploymentConfiguration"
DEFAULT_BAKE = "15m"  # ECS's own


class Deployment(Strict):
    """How new tasks replace old ones."""

    strategy: Literal["Rolling", "BlueGreen", "Linear", "Canary"] | None = text(
        "BlueGreen, Linear and Canary start all new tasks beside the old ones and move the traffic: at once, in steps, or a part "
        "first; they need http or connect",
        default="Rolling",
        aws=f"{_CONFIGURATION}.Strategy",
    )
    minimum_healthy_percent: Annotated[Int, Field(ge=0, le=100)] | None = text(
        "Of desiredCount, that run on while tasks are replaced", default="100", aws=f"{_CONFIGURATION}.MinimumHealthyPercent"
    )
    maximum_percent: Annotated[Int, Field(ge=100, le=200)] | None = text(
        "Of desiredCount, that run at most while tasks are replaced; the other strategies replace only unhealthy ones so",
        default="200",
        aws=f"{_CONFIGURATION}.MaximumPercent",
    )
    circuit_breaker: Flag | None = text(
        "Whether ECS rolls back a deployment that fails; Rolling only",
        default="true with Rolling",
        aws=f"{_CONFIGURATION}.DeploymentCircuitBreaker",
    )
    alarms: Annotated[list[Text], Field(min_length=1, max_length=10)] | None = text(
        "Names of CloudWatch alarms that end and roll back a deployment", default="none", aws=f"{_CONFIGURATION}.Alarms"
    )
    bake_time: Duration | None = text(
        "How long the old tasks stay after the traffic has moved, in whole minutes up to 24h; not with Rolling",
        default=DEFAULT_BAKE,
        aws=f"{_CONFIGURATION}.BakeTimeInMinutes",
    )

    cel = [
        {
            "rule": "!(has(self.maximumPercent) && self.maximumPercent == 100 && (!has(self.minimumHealthyPercent) || "
            "self.minimumHealthyPercent == 100))",
            "message": "with maximumPercent 100, minimumHealthyPercent must be below 100, or no task can be replaced",
        },
        {
            "rule": "!has(self.bakeTime) || (has(self.strategy) && self.strategy != 'Rolling')",
            "message": "bakeTime is for BlueGreen, Linear and Canary",
        },
        {
            "rule": "!has(self.strategy) || self.strategy == 'Rolling' || !has(self.circuitBreaker) || !self.circuitBreaker",
            "message": "circuitBreaker is for Rolling",
        },
    ]


def shifts(deployment: Deployment | None) -> bool:
    """Whether traffic is moved from old tasks to new ones that run beside them: everything but Rolling."""
    return bool(deployment and deployment.strategy not in (None, "Rolling"))


_STRATEGIES = {"Rolling": "ROLLING", "BlueGreen": "BLUE_GREEN", "Linear": "LINEAR", "Canary": "CANARY"}


def configuration(deployment: Deployment | None, *, stated: bool) -> dict[str, Any]:
    """The DeploymentConfiguration. `stated`: Rolling is written out, too, because the service had another strategy before.

    Linear and Canary take ECS's own steps (10 % every 6 minutes; 5 % for 10 minutes): LinearConfiguration and CanaryConfiguration
    are not required, and `overrides.service` can set them.
    """
    deployment = deployment or Deployment()
    minimum = deployment.minimum_healthy_percent
    breaker = deployment.circuit_breaker is not False
    body: dict[str, Any] = {
        "MaximumPercent": deployment.maximum_percent or 200,
        "MinimumHealthyPercent": 100 if minimum is None else minimum,
    }
    if not shifts(deployment):
        body["DeploymentCircuitBreaker"] = {"Enable": breaker, "Rollback": breaker}  # ECS takes it with Rolling only
    if deployment.strategy or stated:
        body["Strategy"] = _STRATEGIES[deployment.strategy or "Rolling"]
    if shifts(deployment):
        body["BakeTimeInMinutes"] = seconds(deployment.bake_time or DEFAULT_BAKE) // 60  # which BlueGreen must have
    if deployment.alarms:
        body["Alarms"] = {"AlarmNames": deployment.alarms, "Enable": True, "Rollback": True}
    return body
