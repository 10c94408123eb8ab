"""A queue of a scheduled task's own, for the starts that found no Spot: the operator runs those on demand. Pure.

EventBridge Scheduler sends what it could not start to one standard queue, in the schedule's region:
https://docs.aws.amazon.com/scheduler/latest/UserGuide/configuring-schedule-dlq.html. A queue that the user has named gets what
failed for another reason by SQS itself, which wants it in the same account and region:
https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-dead-letter-queues.html.
"""

from typing import Any

from fargate_operator import names
from fargate_operator.fragments.capacity import Capacity
from fargate_operator.template import Resource

RETENTION = 4 * 24 * 3600  # seconds a start that could not be made up for is kept
# Seconds in which nobody else receives a message; until then one that the operator was killed over is not seen again.
VISIBILITY = 60
# Receives after which SQS hands a message on: the operator puts off what it cannot run yet, in the end by an hour, so that it has
# tried for some hours by then; what it will not run is received each minute, and handed on after ten.
MOST_RECEIVES = 10
# What EventBridge does by itself is 185 tries within a day, which is too late for most runs.
RETRIES, EVENT_AGE = 2, 300


def uses_spot(capacity: Capacity | None, *, spot: bool | None) -> bool:
    """Whether a workload with this `capacity` or `spot` may be placed on Fargate Spot."""
    return bool(capacity.spot_weight != 0 if capacity else spot)


def queue(key: str, letters: str | None, tags: list[dict[str, str]]) -> Resource:
    """The queue; `letters` is the ARN of the queue that the user has named."""
    properties: dict[str, Any] = {
        "MessageRetentionPeriod": RETENTION,
        "VisibilityTimeout": VISIBILITY,
        "SqsManagedSseEnabled": True,
    }
    if letters:
        properties["RedrivePolicy"] = {"deadLetterTargetArn": letters, "maxReceiveCount": MOST_RECEIVES}
    if tags:
        properties["Tags"] = tags
    return Resource(names.spot_queue(key), "AWS::SQS::Queue", properties)


def queue_arn(key: str) -> dict[str, Any]:
    """The queue's ARN."""
    return {"Fn::GetAtt": [names.spot_queue(key), "Arn"]}


def retry_policy(retries: int | None) -> dict[str, Any]:
    """How often Scheduler tries by itself before the queue gets it; what the user says wins."""
    if retries is not None:
        return {"MaximumRetryAttempts": retries}
    return {"MaximumRetryAttempts": RETRIES, "MaximumEventAgeInSeconds": EVENT_AGE}


def output(key: str, schedule: str, definition: str, cluster_arn: Any) -> dict[str, Any]:
    """``<queue URL>,<schedule ARN>,<task definition ARN>,<cluster>``: all that `runs` acts on, and from no author."""
    parts = [{"Ref": names.spot_queue(key)}, {"Fn::GetAtt": [schedule, "Arn"]}, {"Ref": definition}, cluster_arn]
    return {names.spot_runs_output(key): {"Value": {"Fn::Join": [",", parts]}}}
