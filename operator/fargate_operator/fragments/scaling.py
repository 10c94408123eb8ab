"""Scaling: what a spec says of how many tasks of a service run, by Application Auto Scaling. Pure.

`scaling_policies` compiles it. See
https://docs.aws.amazon.com/autoscaling/application/userguide/services-that-can-integrate-ecs.html.
"""

from typing import Annotated

from pydantic import Field

from fargate_operator.fragments.schedule import Schedule
from fargate_operator.fragments.values import Arn, Duration, Int, Key, Strict, Text, need, text

_TARGET = "AWS::ApplicationAutoScaling::ScalableTarget"
_POLICY = "AWS::ApplicationAutoScaling::ScalingPolicy"
Count = Annotated[Int, Field(ge=0, le=5000)]
Percent = Annotated[Int, Field(ge=1, le=100)]


class Queue(Strict):
    """Scale by the messages that wait in an SQS queue for each running task."""

    arn: Arn = need(
        "The queue, in the app's account and region", aws=f"{_POLICY} CustomizedMetricSpecification.Metrics: "
        "AWS/SQS ApproximateNumberOfMessagesVisible by AWS/ECS CPUUtilization's SampleCount",
    )  # fmt: skip
    backlog_per_task: Annotated[Int, Field(ge=1, le=1000000)] = need(
        "Messages for each running task that are aimed at", aws=f"{_POLICY} TargetValue"
    )


class ScheduledScaling(Strict):
    """New least and most counts at set times; they hold until the next entry changes them."""

    schedule: Schedule = need("rate(…), cron(…) or at(…)", aws=f"{_TARGET} ScheduledActions.Schedule")
    time_zone: Text | None = text("IANA name", default="UTC", aws=f"{_TARGET} ScheduledActions.Timezone")
    min: Count | None = text("From then on", default="as it is", aws=f"{_TARGET} ScheduledActions.MinCapacity")
    max: Count | None = text("From then on", default="as it is", aws=f"{_TARGET} ScheduledActions.MaxCapacity")


class Cooldown(Strict):
    """How long after a change no other is made in that direction."""

    in_: Duration | None = text(
        "Before tasks are taken away again, up to 1h", default="5m", aws=f"{_POLICY} ScaleInCooldown", alias="in"
    )
    out: Duration | None = text("Before tasks are added again, up to 1h", default="5m", aws=f"{_POLICY} ScaleOutCooldown")


class Scaling(Strict):
    """How many tasks run; desiredCount is left to it. At least one of cpu, memory, requests, queue and schedule says by what."""

    min: Count = need("Fewest tasks", aws=f"{_TARGET} MinCapacity")
    max: Count = need("Most tasks", aws=f"{_TARGET} MaxCapacity")
    cpu: Percent | None = text(
        "Average CPU use in percent that is aimed at", default="none", aws=f"{_POLICY} ECSServiceAverageCPUUtilization"
    )
    memory: Percent | None = text(
        "Average memory use in percent that is aimed at", default="none", aws=f"{_POLICY} ECSServiceAverageMemoryUtilization"
    )
    requests: Annotated[Int, Field(ge=1, le=1000000)] | None = text(
        "Requests for each task and minute that are aimed at; needs http",
        default="none",
        aws=f"{_POLICY} ALBRequestCountPerTarget",
    )
    queue: Queue | None = text("By a queue's backlog", default="none", aws=f"{_POLICY} CustomizedMetricSpecification")
    schedule: Annotated[dict[Key, ScheduledScaling], Field(max_length=20)] | None = text(
        "By name; least and most counts at set times", default="none", aws=f"{_TARGET} ScheduledActions"
    )
    cooldown: Cooldown | None = text(
        "Pauses between changes, of each of cpu, memory, requests and queue", default="5m each", aws=f"{_POLICY} ScaleInCooldown"
    )

    cel = [
        {"rule": "self.min <= self.max", "message": "min cannot be above max"},
        {
            "rule": "has(self.cpu) || has(self.memory) || has(self.requests) || has(self.queue) || has(self.schedule)",
            "message": "scaling needs at least one of cpu, memory, requests, queue and schedule, or nothing would scale",
        },
    ]
