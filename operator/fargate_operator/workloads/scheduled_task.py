"""Scheduled tasks: an ECS task that EventBridge Scheduler starts. Pure."""

from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import Field

from fargate_operator import names
from fargate_operator.fragments.capacity import Capacity, stop_timeout, strategy
from fargate_operator.fragments.schedule import Schedule
from fargate_operator.fragments.scope import Scope, tag_list
from fargate_operator.fragments.spot_queue import output, queue, queue_arn, retry_policy, uses_spot
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
        "Run on Fargate Spot, which may stop it; a run that finds no Spot is run on demand, once",
        default="false",
        aws=f"{_SCHEDULE} Target.EcsParameters.CapacityProviderStrategy",
    )
    capacity: Capacity | None = text(
        "A mix of on-demand and Spot instead of spot; a task that finds no Spot is run on demand, once",
        default="none",
        aws=f"{_SCHEDULE} Target.EcsParameters.CapacityProviderStrategy",
    )
    flexible_window: Duration | None = text(
        "Start within this time after the schedule: whole minutes, 1m to 24h",
        default="at once",
        aws=f"{_SCHEDULE} FlexibleTimeWindow",
    )
    retries: Annotated[Int, Field(ge=0, le=185)] | None = text(
        "Of starting the task, before it is run on demand or given up",
        default="185, as EventBridge has it; 2 within 5 minutes on Spot",
        aws=f"{_SCHEDULE} Target.RetryPolicy.MaximumRetryAttempts",
    )
    dead_letter_queue_arn: Arn | None = text(
        "A standard SQS queue for starts that failed for good; on Spot of the app's own account",
        default="none",
        aws=f"{_SCHEDULE} Target.DeadLetterConfig.Arn, AWS::SQS::Queue RedrivePolicy",
    )

    cel = [*TaskSpec.cel, {"rule": "!(has(self.spot) && has(self.capacity))", "message": "spot and capacity exclude each other"}]

    def on_spot(self) -> bool:
        """Whether its tasks may be placed on Spot, and so find none."""
        return uses_spot(self.capacity, spot=self.spot)


def resources(key: str, spec: ScheduledTaskSpec, scope: Scope) -> Iterable[Resource]:
    """The task definition and the schedule."""
    definition = task_definition(key, spec, scope, {}, stop_timeout(spec.capacity, spot=spec.spot))
    yield definition
    properties: dict[str, Any] = {
        "ScheduleExpression": spec.schedule,
        "State": "DISABLED" if spec.enabled is False else "ENABLED",
        "FlexibleTimeWindow": _window(spec.flexible_window),
        "Target": _target(key, spec, scope, definition.logical_id),
    }
    if spec.on_spot():
        yield queue(key, spec.dead_letter_queue_arn, tag_list(scope.tags, spec.tags))
    if spec.time_zone:
        properties["ScheduleExpressionTimezone"] = spec.time_zone
    yield Resource(
        f"{names.identifier(key)}ScheduledTask",
        "AWS::Scheduler::Schedule",
        properties,
        tuple(spec.depends_on or ()),
    )


def outputs(key: str, spec: ScheduledTaskSpec, scope: Scope) -> dict[str, Any]:
    """The ARNs of the task definition and the schedule; on Spot, how to run it on demand."""
    stem = names.identifier(key)
    return {
        names.task_output(key): {"Value": {"Ref": f"{stem}Task"}},
        names.scheduled_task_output(key): {"Value": {"Fn::GetAtt": [f"{stem}ScheduledTask", "Arn"]}},
        **(output(key, f"{stem}ScheduledTask", f"{stem}Task", scope.cluster_arn) if spec.on_spot() else {}),
    }


def letters(key: str, spec: ScheduledTaskSpec) -> Any:
    """The ARN of the queue that Scheduler sends to what it could not start; None where there is none."""
    return queue_arn(key) if spec.on_spot() else spec.dead_letter_queue_arn


def _window(window: str | None) -> dict[str, Any]:
    if window is None:
        return {"Mode": "OFF"}
    return {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": max(1, seconds(window) // 60)}


def _target(key: str, spec: ScheduledTaskSpec, scope: Scope, definition: str) -> dict[str, Any]:
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
    if spec.on_spot():
        target["RetryPolicy"] = retry_policy(spec.retries)
    elif spec.retries is not None:
        target["RetryPolicy"] = {"MaximumRetryAttempts": spec.retries}
    if arn := letters(key, spec):
        target["DeadLetterConfig"] = {"Arn": arn}
    return target
