"""What invokes a function: the spec of its events. Pure.

See https://docs.aws.amazon.com/lambda/latest/dg/lambda-services.html.
"""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from fargate_operator.fragments.schedule import Schedule
from fargate_operator.fragments.values import Arn, Duration, Flag, Int, Raw, Strict, Text, need, text

_MAPPING = "AWS::Lambda::EventSourceMapping"
_SCHEDULE = "AWS::Scheduler::Schedule"
_RULE = "AWS::Events::Rule"
_SUBSCRIPTION = "AWS::SNS::Subscription"
_FILTERS = "Event filter patterns, one of which must match; AWS's quota is 5 an event, 10 on request"
Filters = Annotated[list[Raw], Field(max_length=10)]


class HttpApiEvent(Strict):
    """A route of the app's HTTP API."""

    route: Annotated[
        str,
        Field(strict=True, max_length=256, pattern=r"^(\$default|(ANY|GET|HEAD|OPTIONS|PATCH|POST|PUT|DELETE) /.*)$"),
    ] = need("API Gateway's route key: GET /path, ANY /{proxy+}, $default", aws="AWS::ApiGatewayV2::Api Body.paths")
    authorizer: Text | None = text(
        "A name in httpApi.authorizers, or AWS_IAM",
        default="none: anybody may call",
        aws="AWS::ApiGatewayV2::Api Body.paths.security",
    )


class ScheduleEvent(Strict):
    """Invoked by EventBridge Scheduler."""

    expression: Schedule = need("rate(…), cron(…) or at(…)", aws=f"{_SCHEDULE} ScheduleExpression")
    time_zone: Text | None = text("IANA name", default="UTC", aws=f"{_SCHEDULE} ScheduleExpressionTimezone")
    input: Raw | None = text("The event that the function gets", default="the scheduler's own", aws=f"{_SCHEDULE} Target.Input")
    enabled: Flag | None = text("Whether it runs", default="true", aws=f"{_SCHEDULE} State")


class SqsEvent(Strict):
    """Messages of an SQS queue."""

    queue_arn: Arn = need("The queue; a FIFO one has batches of 10 at most and no batchWindow", aws=f"{_MAPPING} EventSourceArn")
    batch_size: Annotated[Int, Field(ge=1, le=10000)] | None = text(
        "Most messages an invocation; over 10 needs batchWindow", default="10", aws=f"{_MAPPING} BatchSize"
    )
    batch_window: Duration | None = text(
        "How long to gather a batch, up to 300s", default="none", aws=f"{_MAPPING} MaximumBatchingWindowInSeconds"
    )
    maximum_concurrency: Annotated[Int, Field(ge=2, le=1000)] | None = text(
        "Most invocations at once", default="none", aws=f"{_MAPPING} ScalingConfig.MaximumConcurrency"
    )
    partial_failures: Flag | None = text(
        "Whether the function reports which messages failed", default="false", aws=f"{_MAPPING} FunctionResponseTypes"
    )
    filters: Filters | None = text(_FILTERS, default="none", aws=f"{_MAPPING} FilterCriteria")


class SnsEvent(Strict):
    """Messages of an SNS topic."""

    topic_arn: Arn = need("The topic, a standard one", aws=f"{_SUBSCRIPTION} TopicArn")
    filter: Raw | None = text("Filter policy on the message's attributes", default="none", aws=f"{_SUBSCRIPTION} FilterPolicy")


class EventBridgeEvent(Strict):
    """Events of an EventBridge bus that match a pattern."""

    bus: Text | None = text("Name or ARN of the bus", default="default", aws=f"{_RULE} EventBusName")
    pattern: Raw = need("The event pattern", aws=f"{_RULE} EventPattern")


class StreamEvent(Strict):
    """Records of a Kinesis stream or a DynamoDB stream."""

    arn: Arn = need(
        "The stream; which of the two it is, its ARN or the resource that is referred to tells", aws=f"{_MAPPING} EventSourceArn"
    )
    starting_position: Literal["LATEST", "TRIM_HORIZON"] | None = text(
        "Where to begin", default="LATEST", aws=f"{_MAPPING} StartingPosition"
    )
    batch_size: Annotated[Int, Field(ge=1, le=10000)] | None = text(
        "Most records an invocation", default="100", aws=f"{_MAPPING} BatchSize"
    )
    batch_window: Duration | None = text(
        "How long to gather a batch, up to 300s", default="none", aws=f"{_MAPPING} MaximumBatchingWindowInSeconds"
    )
    partial_failures: Flag | None = text(
        "Whether the function reports which record failed", default="false", aws=f"{_MAPPING} FunctionResponseTypes"
    )
    filters: Filters | None = text(_FILTERS, default="none", aws=f"{_MAPPING} FilterCriteria")


class S3Event(Strict):
    """Events of an existing bucket that sends them to EventBridge."""

    bucket: Text = need(
        "The bucket's name; it must send its events to EventBridge", aws=f"{_RULE} EventPattern.detail.bucket.name"
    )
    events: Annotated[list[Text], Field(min_length=1, max_length=20)] | None = text(
        "EventBridge's detail types", default="Object Created", aws=f"{_RULE} EventPattern.detail-type"
    )
    prefix: Annotated[str, StringConstraints(strict=True, min_length=1, max_length=1024)] | None = text(
        "What the objects' keys begin with", default="any", aws=f"{_RULE} EventPattern.detail.object.key"
    )


class Event(Strict):
    """What invokes the function: one kind each."""

    http_api: HttpApiEvent | None = text("A route of the app's HTTP API", aws="AWS::ApiGatewayV2::Api")
    schedule: ScheduleEvent | None = text("A schedule", aws=_SCHEDULE)
    sqs: SqsEvent | None = text("An SQS queue", aws=_MAPPING)
    sns: SnsEvent | None = text("An SNS topic", aws=_SUBSCRIPTION)
    event_bridge: EventBridgeEvent | None = text("An EventBridge bus", aws=_RULE)
    stream: StreamEvent | None = text("A Kinesis or DynamoDB stream", aws=_MAPPING)
    s3: S3Event | None = text("An S3 bucket, through EventBridge", aws=_RULE)

    cel = [
        {
            "rule": "[has(self.httpApi), has(self.schedule), has(self.sqs), has(self.sns), has(self.eventBridge), "
            "has(self.stream), has(self.s3)].filter(kind, kind).size() == 1",
            "message": "an event has exactly one kind: httpApi, schedule, sqs, sns, eventBridge, stream or s3",
        }
    ]

    def kinds(self) -> list[str]:
        """The fields that are set: one, where the event is sound."""
        return [name for name in type(self).model_fields if getattr(self, name) is not None]
