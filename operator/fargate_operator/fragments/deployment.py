"""Deployments: how new tasks of a service replace old ones. Pure.

See https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_services.html.
"""

from typing import Annotated, Literal

from pydantic import Field

from fargate_operator.fragments.values import Duration, Flag, Int, Strict, Text, text

_CONFIGURATION = "AWS::ECS::Service DeploymentConfiguration"


class Deployment(Strict):
    """How new tasks replace old ones."""

    strategy: Literal["Rolling", "BlueGreen", "Linear", "Canary"] | None = text(
        "BlueGreen, Linear and Canary start all new tasks beside the old ones and move the traffic: at once, in steps, or a part "
        "first; they need http or connect",
        default="Rolling",
        aws=f"{_CONFIGURATION}.Strategy",
    )
    minimum_healthy_percent: Annotated[Int, Field(ge=0, le=100)] | None = text(
        "Of desiredCount, that keep running", default="100", aws=f"{_CONFIGURATION}.MinimumHealthyPercent"
    )
    maximum_percent: Annotated[Int, Field(ge=100, le=200)] | None = text(
        "Of desiredCount, that run at most", default="200", aws=f"{_CONFIGURATION}.MaximumPercent"
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
        "How long the old tasks stay after the traffic has moved, up to 24h; not with Rolling",
        default="ECS's own",
        aws=f"{_CONFIGURATION}.BakeTimeInMinutes",
    )

    cel = [
        {
            "rule": "!(has(self.maximumPercent) && self.maximumPercent == 100 && (!has(self.minimumHealthyPercent) || "
            "self.minimumHealthyPercent == 100))",
            "message": "with maximumPercent 100, minimumHealthyPercent must be below 100, or no task can be replaced",
        }
    ]
