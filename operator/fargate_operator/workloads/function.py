"""Functions: Lambda functions from images or from code in S3, through the AWS Serverless Application Model. Pure."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from fargate_operator import names
from fargate_operator.fragments.api import cors
from fargate_operator.fragments.arns import parts, references
from fargate_operator.fragments.code import Code
from fargate_operator.fragments.environment import Variables, variables
from fargate_operator.fragments.environment_from import EnvironmentFrom
from fargate_operator.fragments.event_sources import sources
from fargate_operator.fragments.events import Event
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
from fargate_operator.template import digest

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
    environment_from: EnvironmentFrom | None = text(
        "ConfigMaps and Secrets that give variables, over what is shared; of a Secret's key the function gets <KEY>_ARN: the "
        "value is in the JSON of that secret, under <Secret>/<KEY>",
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
        "Environments kept warm, on an alias that is published with each version, and that events and URL then lead to",
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
        "Where asynchronous invocations go that failed for good: a standard queue or topic, a function or an event bus",
        default="none",
        aws="AWS::Lambda::EventInvokeConfig DestinationConfig.OnFailure",
    )
    events: Annotated[dict[Key, Event], Field(max_length=20)] | None = text("By name; what invokes it", default="none")

    cel = [
        {"rule": "has(self.image) != has(self.code)", "message": "a function has either an image or code"},
        {
            "rule": "!has(self.code) || (!has(self.command) && !has(self.entryPoint))",
            "message": "command and entryPoint go with an image only",
        },
        {"rule": "!has(self.layers) || has(self.code)", "message": "layers go with code only"},
        {
            "rule": "!has(self.provisionedConcurrency) || !has(self.reservedConcurrency) || "
            "self.provisionedConcurrency <= self.reservedConcurrency",
            "message": "provisionedConcurrency cannot be more than reservedConcurrency",
        },
    ]


ALIAS = "live"
_ARN = "_ARN"  # the end of the variable that says where a secret is
# What a published version keeps of the function: when none of it changes, Lambda publishes no new one.
_SNAPSHOT = (
    "Architectures", "CodeUri", "Environment", "EphemeralStorage", "Handler", "ImageConfig", "ImageUri", "Layers",
    "LoggingConfig", "MemorySize", "Runtime", "Timeout", "Tracing", "VpcConfig",
)  # fmt: skip
DESTINATIONS = {"sqs": "SQS", "sns": "SNS", "lambda": "Lambda", "events": "EventBridge"}  # by service


def serverless(key: str, spec: FunctionSpec, scope: Scope, iam: Iam, resources: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """The AWS::Serverless::Function, by its logical ID; `resources` are the app's raw ones."""
    given, tags = variables(scope, spec, _ARN), {**scope.tags, **(spec.tags or {})}
    properties: dict[str, Any] = {
        **_code(key, spec, scope),
        "MemorySize": spec.memory or 1024,
        "Timeout": seconds(spec.timeout or "30s"),
        "EphemeralStorage": {"Size": spec.ephemeral_storage_mib} if spec.ephemeral_storage_mib else None,
        "Tracing": "Active" if spec.tracing else None,
        "VpcConfig": _vpc(scope) if spec.vpc else None,
        "Environment": _environment(given),
        "Policies": [*_policies(iam, given)] or None,
        "PermissionsBoundary": iam.permissions_boundary,
        "ReservedConcurrentExecutions": spec.reserved_concurrency,
        "FunctionUrlConfig": _url(spec.url) if spec.url else None,
        "EventInvokeConfig": _invoke(spec.on_failure, resources) if spec.on_failure else None,
        "LoggingConfig": {"LogGroup": scope.log_group},
        "Tags": tags or None,
        "PropagateTags": True if tags and _makes_more(spec) else None,
        "Events": sources(spec.events, resources) or None,
    }
    if architecture := spec.architecture or scope.architecture:
        properties["Architectures"] = ["arm64" if architecture == "ARM64" else "x86_64"]
    kept = {name: value for name, value in properties.items() if value is not None}
    if spec.provisioned_concurrency:
        kept |= _published(kept, spec.provisioned_concurrency, resources)
    return logical_id(key), {"Type": "AWS::Serverless::Function", "Properties": kept}


def logical_id(key: str) -> str:
    """`<N>Function`."""
    return f"{names.identifier(key)}Function"


def invoked(key: str, spec: FunctionSpec) -> dict[str, Any]:
    """The ARN by which the function is invoked: its alias's where it has one."""
    function = logical_id(key)
    return {"Ref": f"{function}Alias{ALIAS}"} if spec.provisioned_concurrency else {"Fn::GetAtt": [function, "Arn"]}


def outputs(key: str, spec: FunctionSpec) -> dict[str, Any]:
    """The function's ARN, and its URL where it has one."""
    function = logical_id(key)
    body: dict[str, Any] = {names.function_output(key): {"Value": {"Fn::GetAtt": [function, "Arn"]}}}
    if spec.url:
        body[names.function_url_output(key)] = {"Value": {"Fn::GetAtt": [f"{function}Url", "FunctionUrl"]}}
    return body


def routes(functions: Mapping[str, FunctionSpec] | None) -> list[tuple[str, str, Any]]:
    """The httpApi events of all functions as (function, event, its HttpApiEvent), in the order of the names."""
    return [
        (key, name, event.http_api)
        for key, one in sorted((functions or {}).items())
        for name, event in sorted((one.events or {}).items())
        if event.http_api
    ]


def _makes_more(spec: FunctionSpec) -> bool:
    """Whether its events make resources of their own, which take tags; a route is a part of the API."""
    return any(not event.http_api for event in (spec.events or {}).values())


def _code(key: str, spec: FunctionSpec, scope: Scope) -> dict[str, Any]:
    if spec.code is None:
        config = {name: words for name, words in (("Command", spec.command), ("EntryPoint", spec.entry_point)) if words}
        return {
            "PackageType": "Image",
            "ImageUri": scope.image(spec.image or "", spec.architecture),
            "ImageConfig": config or None,
        }
    code = spec.code
    version = code.s3_object_version or scope.facts.code[key]
    return {
        "PackageType": "Zip",
        "CodeUri": {"Bucket": code.s3_bucket, "Key": code.s3_key, "Version": version},
        "Handler": code.handler,
        "Runtime": code.runtime,
        "Layers": spec.layers,
    }


def _published(properties: Mapping[str, Any], warm: int, resources: Mapping[str, Any]) -> dict[str, Any]:
    """A version of just this code and configuration, behind an alias that has `warm` environments.

    SAM's own choice leaves out the command and the timeout, or takes in the tags, for which Lambda publishes no version. The
    digest stands in the function's description, too, so that what a reference leads to counts: of the app's own resources, by
    their bodies. The version before goes, as CDK has it: Lambda counts the code of each that stays against the account.
    """
    kept = {name: properties[name] for name in _SNAPSHOT if name in properties}
    stems = {name.split(".")[0] for name in references(str(kept))}
    snapshot = {"function": kept, "resources": {name: resources[name] for name in sorted(stems & resources.keys())}}
    return {
        "AutoPublishAlias": ALIAS,
        "AutoPublishCodeSha256": digest(snapshot).removeprefix("sha256:"),
        "VersionDeletionPolicy": "Delete",
        "ProvisionedConcurrencyConfig": {"ProvisionedConcurrentExecutions": warm},
    }


def _vpc(scope: Scope) -> dict[str, Any]:
    place = scope.awsvpc(None, always=True)
    return {"SubnetIds": place["Subnets"], "SecurityGroupIds": place["SecurityGroups"]}


def _invoke(arn: str, resources: Mapping[str, Any]) -> dict[str, Any]:
    kind = DESTINATIONS.get(parts(arn, resources).service, "SQS")
    return {"DestinationConfig": {"OnFailure": {"Type": kind, "Destination": arn}}}


def _environment(given: Variables) -> dict[str, Any] | None:
    body: dict[str, Any] = dict(sorted(given.plain.items()))
    body |= {f"{name}{_ARN}": secret_arn(value) for name, value in sorted(given.secrets.items())}
    return {"Variables": body} if body else None


def _policies(iam: Iam, given: Variables) -> list[Any]:
    statements = [*(iam.statements or ()), *secret_statements(given.secrets.values())]
    inline = [{"Version": "2012-10-17", "Statement": statements}] if statements else []
    return [*(iam.managed_policies or ()), *inline]


def _url(url: Url) -> dict[str, Any]:
    return {"AuthType": url.auth or "AWS_IAM", **({"Cors": cors(url.cors)} if url.cors else {})}
