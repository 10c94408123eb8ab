"""Scheduled tasks: an ECS task that EventBridge Scheduler starts. Pure."""

from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import Field

from fargate_operator import names
from fargate_operator.fragments.capacity import Capacity, stop_timeout, strategy
from fargate_operator.fragments.schedule import Schedule
from fargate_operator.fragments.scope import Scope
from fargate_operator.fragments.task import TaskSpec
from fargate_operator.fragments.task_definition import task_definition
from fargate_operator.fragments.values import Arn, Duration, Flag, Int, Text, need, seconds, text
from fargate_operator.template import Resource

_SCHEDULE = "AWS::Scheduler::Schedule"


class ScheduledTaskSpec(TaskSpec):
    """A task that is started by a schedule."""

    schedule: Schedule = need(
        "rate(5 minutes), cron(minutes hours day-of-month month day-of-week year) with ? for one of the days, or "
        "at(2027-01-01T03:00:00)",
        aws=f"{_SCHEDULE} ScheduleExpression",
    )
    time_zone: Text | None = text(
        "IANA name of the time zone of cron and at", default="UTC", aws=f"{_SCHEDULE} ScheduleExpressionTimezone"
    )
    enabled: Flag | None = text("Whether it is started", default="true", aws=f"{_SCHEDULE} State")
    task_count: Annotated[Int, Field(ge=1, le=10)] | None = text(
        "Tasks started each time", default="1", aws=f"{_SCHEDULE} Target.EcsParameters.TaskCount"
    )
    spot: Flag | None = text(
        "Run on Fargate Spot, which may stop it; without falling back to on-demand",
        default="false",
        aws=f"{_SCHEDULE} Target.EcsParameters.CapacityProviderStrategy",
    )
    capacity: Capacity | None = text(
        "A mix of on-demand and Spot instead of spot",
        default="none",
        aws=f"{_SCHEDULE} Target.EcsParameters.CapacityProviderStrategy",
    )
    flexible_window: Duration | None = text(
        "Start within this time after the schedule: whole minutes, 1m to 24h",
        default="at once",
        aws=f"{_SCHEDULE} FlexibleTimeWindow",
    )
    retries: Annotated[Int, Field(ge=0, le=185)] | None = text(
        "Of starting the task", default="185, as EventBridge has it", aws=f"{_SCHEDULE} Target.RetryPolicy.MaximumRetryAttempts"
    )
    dead_letter_queue_arn: Arn | None = text(
        "A standard SQS queue for starts that failed for good", default="none", aws=f"{_SCHEDULE} Target.DeadLetterConfig.Arn"
    )

    cel = [*TaskSpec.cel, {"rule": "!(has(self.spot) && has(self.capacity))", "message": "spot and capacity exclude each other"}]


def resources(key: str, spec: ScheduledTaskSpec, scope: Scope) -> Iterable[Resource]:
    """The task definition and the schedule."""
    definition = task_definition(key, spec, scope, {}, stop_timeout(spec.capacity, spot=spec.spot))
    yield definition
    properties: dict[str, Any] = {
        "ScheduleExpression": spec.schedule,
        "State": "DISABLED" if spec.enabled is False else "ENABLED",
        "FlexibleTimeWindow": _window(spec.flexible_window),
        "Target": _target(spec, scope, definition.logical_id),
    }
    if spec.time_zone:
        properties["ScheduleExpressionTimezone"] = spec.time_zone
    yield Resource(
        f"{names.identifier(key)}ScheduledTask",
        "AWS::Scheduler::Schedule",
        properties,
        tuple(spec.depends_on or ()),
    )


def outputs(key: str) -> dict[str, Any]:
    """The ARNs of the task definition and the schedule."""
    stem = names.identifier(key)
    return {
        names.task_output(key): {"Value": {"Ref": f"{stem}Task"}},
        names.scheduled_task_output(key): {"Value": {"Fn::GetAtt": [f"{stem}ScheduledTask", "Arn"]}},
    }


def _window(window: str | None) -> dict[str, Any]:
    if window is None:
        return {"Mode": "OFF"}
    return {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": max(1, seconds(window) // 60)}


def _target(spec: ScheduledTaskSpec, scope: Scope, definition: str) -> dict[str, Any]:
    capacity: dict[str, Any] = (
        {"CapacityProviderStrategy": strategy(spec.capacity, spot=spec.spot)}
        if spec.spot or spec.capacity
        else {"LaunchType": "FARGATE"}
    )
    target: dict[str, Any] = {
        "Arn": scope.cluster_arn,
        "RoleArn": {"Fn::GetAtt": [names.SCHEDULER_ROLE, "Arn"]},
        "EcsParameters": {
            "TaskDefinitionArn": {"Ref": definition},
            "TaskCount": spec.task_count or 1,
            **capacity,
            "NetworkConfiguration": {"AwsvpcConfiguration": scope.awsvpc(spec.network)},
            "PropagateTags": "TASK_DEFINITION",
        },
    }
    if spec.retries is not None:
        target["RetryPolicy"] = {"MaximumRetryAttempts": spec.retries}
    if spec.dead_letter_queue_arn:
        target["DeadLetterConfig"] = {"Arn": spec.dead_letter_queue_arn}
    return target
