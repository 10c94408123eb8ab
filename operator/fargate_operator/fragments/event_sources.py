"""A function's events as the Serverless Application Model has them. Pure.

See https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-property-function-eventsource.html.
"""

from collections.abc import Mapping
from typing import Any

from fargate_operator import names
from fargate_operator.fragments.arns import parts
from fargate_operator.fragments.events import (
    Event,
    EventBridgeEvent,
    HttpApiEvent,
    S3Event,
    ScheduleEvent,
    SnsEvent,
    SqsEvent,
    StreamEvent,
)
from fargate_operator.fragments.http_api import AWS_IAM
from fargate_operator.fragments.values import seconds
from fargate_operator.template import canonical

DEFAULT_BUS = "default"


def sources(events: Mapping[str, Event] | None, resources: Mapping[str, Any]) -> dict[str, Any]:
    """The Events of an AWS::Serverless::Function; `resources` are the app's raw ones."""
    return {names.identifier(name): _source(event, resources) for name, event in sorted((events or {}).items())}


def _source(event: Event, resources: Mapping[str, Any]) -> dict[str, Any]:
    if event.http_api:
        return _typed("HttpApi", _route(event.http_api))
    if event.schedule:
        return _typed("ScheduleV2", _schedule(event.schedule))
    if event.sqs:
        return _typed("SQS", _queue(event.sqs))
    if event.sns:
        return _typed("SNS", {"Topic": event.sns.topic_arn, **_policy(event.sns)})
    if event.event_bridge:
        return _typed("EventBridgeRule", _bus(event.event_bridge))
    if event.stream:
        kind = "DynamoDB" if parts(event.stream.arn, resources).service == "dynamodb" else "Kinesis"
        return _typed(kind, _stream(event.stream))
    return _typed("EventBridgeRule", {"Pattern": _files(event.s3)} if event.s3 else {})


def _typed(kind: str, properties: dict[str, Any]) -> dict[str, Any]:
    return {"Type": kind, "Properties": {name: value for name, value in properties.items() if value is not None}}


def _route(event: HttpApiEvent) -> dict[str, Any]:
    api: dict[str, Any] = {"ApiId": {"Ref": names.HTTP_API}}
    if event.route != "$default":
        api["Method"], api["Path"] = event.route.split(" ", 1)
    if event.authorizer:
        own = event.authorizer == AWS_IAM
        api["Auth"] = {"Authorizer": AWS_IAM if own else names.identifier(event.authorizer)}
    return api


def _schedule(schedule: ScheduleEvent) -> dict[str, Any]:
    return {
        "ScheduleExpression": schedule.expression,
        "State": "DISABLED" if schedule.enabled is False else "ENABLED",
        "OmitName": True,  # SAM's own is the same for every stack: two apps would contend for it
        "ScheduleExpressionTimezone": schedule.time_zone,
        "Input": canonical(schedule.input) if schedule.input is not None else None,
    }


def _queue(queue: SqsEvent) -> dict[str, Any]:
    most = queue.maximum_concurrency
    return {
        "Queue": queue.queue_arn,
        "BatchSize": queue.batch_size or 10,
        "ScalingConfig": {"MaximumConcurrency": most} if most else None,
        **_batching(queue),
    }


def _stream(stream: StreamEvent) -> dict[str, Any]:
    return {
        "Stream": stream.arn,
        "StartingPosition": stream.starting_position or "LATEST",
        "BatchSize": stream.batch_size or 100,
        **_batching(stream),
    }


def _batching(event: SqsEvent | StreamEvent) -> dict[str, Any]:
    patterns = [{"Pattern": canonical(pattern)} for pattern in event.filters or ()]
    return {
        "MaximumBatchingWindowInSeconds": seconds(event.batch_window) or None if event.batch_window else None,
        "FunctionResponseTypes": ["ReportBatchItemFailures"] if event.partial_failures else None,
        "FilterCriteria": {"Filters": patterns} if patterns else None,
    }


def _policy(event: SnsEvent) -> dict[str, Any]:
    return {"FilterPolicy": event.filter} if event.filter else {}


def _bus(event: EventBridgeEvent) -> dict[str, Any]:
    own = event.bus not in (None, DEFAULT_BUS)
    return {"EventBusName": event.bus if own else None, "Pattern": event.pattern}


def _files(event: S3Event) -> dict[str, Any]:
    """The events of one bucket; see https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html."""
    detail: dict[str, Any] = {"bucket": {"name": [event.bucket]}}
    if event.prefix:
        detail["object"] = {"key": [{"prefix": event.prefix}]}
    return {"source": ["aws.s3"], "detail-type": event.events or ["Object Created"], "detail": detail}
