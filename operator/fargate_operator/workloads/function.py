"""Functions: Lambda functions from the app's images, through the AWS Serverless Application Model. Pure."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from fargate_operator import names
from fargate_operator.fragments.iam import Iam, secret_arn, secret_statements
from fargate_operator.fragments.schedule import Schedule
from fargate_operator.fragments.scope import Scope
from fargate_operator.fragments.task import Architecture
from fargate_operator.fragments.values import (
    Arn,
    Duration,
    Environment,
    Flag,
    Int,
    Key,
    Raw,
    Secrets,
    Strict,
    Tags,
    Text,
    Words,
    seconds,
    text,
)
from fargate_operator.template import canonical

Texts = Annotated[list[Text], Field(max_length=100)]


class Cors(Strict):
    """Cross-origin requests."""

    allow_origins: Texts | None = text("Origins that may call")
    allow_methods: Texts | None = text("Methods that may be used")
    allow_headers: Texts | None = text("Headers that may be sent")
    max_age: Duration | None = text("How long a browser may remember the answer")


class Url(Strict):
    """A function URL."""

    auth: Literal["NONE", "AWS_IAM"] | None = text("Who may call; default AWS_IAM")
    cors: Cors | None = text("Cross-origin requests")


class HttpApiEvent(Strict):
    """A route of the app's HTTP API."""

    route: Annotated[
        str,
        Field(strict=True, max_length=256, pattern=r"^(\$default|(ANY|GET|HEAD|OPTIONS|PATCH|POST|PUT|DELETE) /.*)$"),
    ] = Field(description="API Gateway's route key: GET /path, ANY /{proxy+}, $default")


class ScheduleEvent(Strict):
    """Invoked by EventBridge Scheduler."""

    expression: Schedule = Field(description="rate(…), cron(…) or at(…)")
    time_zone: Text | None = text("IANA name; default UTC")
    input: Raw | None = text("The event that the function gets")
    enabled: Flag | None = text("Default true")


class SqsEvent(Strict):
    """Messages of an SQS queue."""

    queue_arn: Arn = Field(description="The queue")
    batch_size: Annotated[Int, Field(ge=1, le=10000)] | None = text("Most messages an invocation; default 10")
    batch_window: Duration | None = text("How long to gather a batch, up to 300s")
    maximum_concurrency: Annotated[Int, Field(ge=2, le=1000)] | None = text("Most invocations at once")
    partial_failures: Flag | None = text("Whether the function reports which messages failed; default false")
    filters: Annotated[list[Raw], Field(max_length=10)] | None = text("Event filter patterns")


class Event(Strict):
    """What invokes the function: one kind each."""

    http_api: HttpApiEvent | None = text("A route of the app's HTTP API")
    schedule: ScheduleEvent | None = text("A schedule")
    sqs: SqsEvent | None = text("An SQS queue")

    cel = [
        {
            "rule": "(has(self.httpApi) ? 1 : 0) + (has(self.schedule) ? 1 : 0) + (has(self.sqs) ? 1 : 0) == 1",
            "message": "an event has exactly one kind: httpApi, schedule or sqs",
        }
    ]


class FunctionSpec(Strict):
    """A Lambda function from a container image."""

    image: Text = Field(description="A name in images; Lambda takes images from ECR only")
    entry_point: Words | None = text("Instead of the image's entry point")
    command: Words | None = text("Instead of the image's command")
    architecture: Architecture | None = text("Of the processor; default: the shared architecture")
    environment: Environment | None = text("Environment variables, merged over the shared ones")
    secrets: Secrets | None = text("Merged over the shared ones; the function gets <NAME>_ARN and the right to read it")
    tags: Tags | None = text("Merged over the shared tags")
    memory: Annotated[Int, Field(ge=128, le=10240)] | None = text("MiB; default 1024")
    timeout: Duration | None = text("Up to 15m; default 30s")
    reserved_concurrency: Annotated[Int, Field(ge=0, le=10000)] | None = text("Invocations kept for it, and at most")
    provisioned_concurrency: Annotated[Int, Field(ge=1, le=10000)] | None = text(
        "Environments kept warm, on an alias that is published with each version"
    )
    url: Url | None = text("A function URL")
    events: Annotated[dict[Key, Event], Field(max_length=20)] | None = text("By name; what invokes it")


ALIAS = "live"


def serverless(key: str, spec: FunctionSpec, scope: Scope, iam: Iam) -> tuple[str, dict[str, Any]]:
    """The AWS::Serverless::Function, by its logical ID."""
    secrets = {**scope.secrets, **(spec.secrets or {})}
    config = {name: words for name, words in (("Command", spec.command), ("EntryPoint", spec.entry_point)) if words}
    properties: dict[str, Any] = {
        "PackageType": "Image",
        "ImageUri": scope.facts.images[spec.image],
        "ImageConfig": config or None,
        "MemorySize": spec.memory or 1024,
        "Timeout": seconds(spec.timeout or "30s"),
        "Environment": _environment({**scope.environment, **(spec.environment or {})}, secrets),
        "Policies": [*_policies(iam, secrets)] or None,
        "PermissionsBoundary": iam.permissions_boundary,
        "ReservedConcurrentExecutions": spec.reserved_concurrency,
        "FunctionUrlConfig": _url(spec.url) if spec.url else None,
        "LoggingConfig": {"LogGroup": scope.log_group},
        "Tags": {**scope.tags, **(spec.tags or {})} or None,
        "Events": {names.identifier(name): _event(event) for name, event in sorted((spec.events or {}).items())} or None,
    }
    if architecture := spec.architecture or scope.architecture:
        properties["Architectures"] = ["arm64" if architecture == "ARM64" else "x86_64"]
    if spec.provisioned_concurrency:
        properties["AutoPublishAlias"] = ALIAS
        properties["ProvisionedConcurrencyConfig"] = {"ProvisionedConcurrentExecutions": spec.provisioned_concurrency}
    kept = {name: value for name, value in properties.items() if value is not None}
    return logical_id(key), {"Type": "AWS::Serverless::Function", "Properties": kept}


def logical_id(key: str) -> str:
    """`<N>Function`."""
    return f"{names.identifier(key)}Function"


def outputs(key: str, spec: FunctionSpec) -> dict[str, Any]:
    """The function's ARN, and its URL where it has one."""
    function = logical_id(key)
    body: dict[str, Any] = {names.function_output(key): {"Value": {"Fn::GetAtt": [function, "Arn"]}}}
    if spec.url:
        body[names.function_url_output(key)] = {"Value": {"Fn::GetAtt": [f"{function}Url", "FunctionUrl"]}}
    return body


def uses_http_api(spec: FunctionSpec) -> bool:
    """Whether one of its events is a route."""
    return any(event.http_api for event in (spec.events or {}).values())


def _environment(environment: Mapping[str, str], secrets: Mapping[str, str]) -> dict[str, Any] | None:
    variables: dict[str, Any] = dict(sorted(environment.items()))
    variables |= {f"{name}_ARN": secret_arn(value) for name, value in sorted(secrets.items())}
    return {"Variables": variables} if variables else None


def _policies(iam: Iam, secrets: Mapping[str, str]) -> list[Any]:
    statements = [*(iam.statements or ()), *secret_statements(secrets.values())]
    inline = [{"Version": "2012-10-17", "Statement": statements}] if statements else []
    return [*(iam.managed_policies or ()), *inline]


def _url(url: Url) -> dict[str, Any]:
    body: dict[str, Any] = {"AuthType": url.auth or "AWS_IAM"}
    if url.cors:
        cors = url.cors
        values: dict[str, Any] = {
            "AllowOrigins": cors.allow_origins,
            "AllowMethods": cors.allow_methods,
            "AllowHeaders": cors.allow_headers,
            "MaxAge": seconds(cors.max_age) if cors.max_age else None,
        }
        body["Cors"] = {name: value for name, value in values.items() if value}
    return body


def _event(event: Event) -> dict[str, Any]:
    if event.http_api:
        return {"Type": "HttpApi", "Properties": _route(event.http_api.route)}
    if event.schedule:
        return {"Type": "ScheduleV2", "Properties": _schedule(event.schedule)}
    return {"Type": "SQS", "Properties": _queue(event.sqs) if event.sqs else {}}


def _route(route: str) -> dict[str, Any]:
    api: dict[str, Any] = {"ApiId": {"Ref": names.HTTP_API}}
    if route == "$default":
        return api
    method, path = route.split(" ", 1)
    return {**api, "Method": method, "Path": path}


def _schedule(schedule: ScheduleEvent) -> dict[str, Any]:
    body: dict[str, Any] = {
        "ScheduleExpression": schedule.expression,
        "State": "DISABLED" if schedule.enabled is False else "ENABLED",
    }
    if schedule.time_zone:
        body["ScheduleExpressionTimezone"] = schedule.time_zone
    if schedule.input is not None:
        body["Input"] = canonical(schedule.input)
    return body


def _queue(queue: SqsEvent) -> dict[str, Any]:
    body: dict[str, Any] = {"Queue": queue.queue_arn, "BatchSize": queue.batch_size or 10}
    if queue.batch_window:
        body["MaximumBatchingWindowInSeconds"] = seconds(queue.batch_window)
    if queue.maximum_concurrency:
        body["ScalingConfig"] = {"MaximumConcurrency": queue.maximum_concurrency}
    if queue.partial_failures:
        body["FunctionResponseTypes"] = ["ReportBatchItemFailures"]
    if queue.filters:
        body["FilterCriteria"] = {"Filters": [{"Pattern": canonical(pattern)} for pattern in queue.filters]}
    return body
