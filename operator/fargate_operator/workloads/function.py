"""Functions: Lambda functions from the app's images, through the AWS Serverless Application Model. Pure."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from fargate_operator import names
from fargate_operator.fragments.code import Code
from fargate_operator.fragments.events import Event, ScheduleEvent, SqsEvent
from fargate_operator.fragments.http_api import Cors
from fargate_operator.fragments.iam import Iam, secret_arn, secret_statements
from fargate_operator.fragments.scope import Scope
from fargate_operator.fragments.task import Architecture
from fargate_operator.fragments.values import (
    Arn,
    Duration,
    Environment,
    Flag,
    Int,
    Key,
    Secrets,
    Strict,
    Tags,
    Text,
    Words,
    seconds,
    text,
)
from fargate_operator.template import canonical

_FUNCTION = "AWS::Lambda::Function"


class Url(Strict):
    """A function URL."""

    auth: Literal["NONE", "AWS_IAM"] | None = text(
        "Who may call; NONE: anybody", default="AWS_IAM", aws="AWS::Lambda::Url AuthType, AWS::Lambda::Permission"
    )
    cors: Cors | None = text("Cross-origin requests", default="none", aws="AWS::Lambda::Url Cors")


class FunctionSpec(Strict):
    """A Lambda function from a container image, or from code in S3."""

    image: Text | None = text(
        "A name in images; Lambda takes images from ECR only. Either image or code is required",
        default="none: code",
        aws=f"{_FUNCTION} Code.ImageUri",
    )
    code: Code | None = text("A zip archive in S3, instead of image", default="none: image", aws=f"{_FUNCTION} Code")
    entry_point: Words | None = text(
        "Instead of the image's entry point; with image only", default="the image's", aws=f"{_FUNCTION} ImageConfig.EntryPoint"
    )
    command: Words | None = text(
        "Instead of the image's command; with image only", default="the image's", aws=f"{_FUNCTION} ImageConfig.Command"
    )
    architecture: Architecture | None = text(
        "Of the processor", default="the shared architecture", aws=f"{_FUNCTION} Architectures"
    )
    environment: Environment | None = text(
        "Environment variables, merged over the shared ones", default="the shared ones", aws=f"{_FUNCTION} Environment"
    )
    secrets: Secrets | None = text(
        "Merged over the shared ones; the function gets <NAME>_ARN and the right to read it",
        default="the shared ones",
        aws=f"{_FUNCTION} Environment, AWS::IAM::Role Policies",
    )
    tags: Tags | None = text("Merged over the shared tags", default="the shared tags", aws=f"{_FUNCTION} Tags")
    memory: Annotated[Int, Field(ge=128, le=10240)] | None = text("MiB", default="1024", aws=f"{_FUNCTION} MemorySize")
    timeout: Duration | None = text("Up to 15m", default="30s", aws=f"{_FUNCTION} Timeout")
    ephemeral_storage_mib: Annotated[Int, Field(ge=512, le=10240)] | None = text(
        "MiB of /tmp", default="512", aws=f"{_FUNCTION} EphemeralStorage.Size", alias="ephemeralStorageMiB"
    )
    reserved_concurrency: Annotated[Int, Field(ge=0, le=10000)] | None = text(
        "Invocations kept for it, and at most", default="none", aws=f"{_FUNCTION} ReservedConcurrentExecutions"
    )
    provisioned_concurrency: Annotated[Int, Field(ge=1, le=10000)] | None = text(
        "Environments kept warm, on an alias that is published with each version",
        default="none",
        aws="AWS::Lambda::Alias ProvisionedConcurrencyConfig, AWS::Lambda::Version",
    )
    tracing: Flag | None = text("Whether X-Ray traces it", default="false", aws=f"{_FUNCTION} TracingConfig")
    vpc: Flag | None = text(
        "Whether it runs in the app's network, where it has no public address", default="false", aws=f"{_FUNCTION} VpcConfig"
    )
    layers: Annotated[list[Arn], Field(min_length=1, max_length=5)] | None = text(
        "ARNs of layer versions; with code only", default="none", aws=f"{_FUNCTION} Layers"
    )
    url: Url | None = text("A function URL", default="none", aws="AWS::Lambda::Url")
    on_failure: Arn | None = text(
        "Where asynchronous invocations go that failed for good: a queue, topic, function or event bus",
        default="none",
        aws="AWS::Lambda::EventInvokeConfig DestinationConfig.OnFailure",
    )
    events: Annotated[dict[Key, Event], Field(max_length=20)] | None = text("By name; what invokes it", default="none")

    cel = [{"rule": "has(self.image) != has(self.code)", "message": "a function has either an image or code"}]


ALIAS = "live"


def serverless(key: str, spec: FunctionSpec, scope: Scope, iam: Iam) -> tuple[str, dict[str, Any]]:
    """The AWS::Serverless::Function, by its logical ID."""
    secrets = {**scope.secrets, **(spec.secrets or {})}
    config = {name: words for name, words in (("Command", spec.command), ("EntryPoint", spec.entry_point)) if words}
    properties: dict[str, Any] = {
        "PackageType": "Image",
        "ImageUri": scope.facts.images[spec.image or ""],
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
