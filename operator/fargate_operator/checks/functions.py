"""Faults of functions: their code, what they are made with, and their own logical IDs. Pure."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from fargate_operator import names
from fargate_operator.errors import Fault
from fargate_operator.facts import Facts
from fargate_operator.fragments.arns import parts, references, referred
from fargate_operator.fragments.code import Code
from fargate_operator.fragments.values import seconds
from fargate_operator.model import App
from fargate_operator.workloads.function import ALIAS, DESTINATIONS, FunctionSpec, Url, logical_id

# See https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html and …/gettingstarted-limits.html
RESERVED = re.compile(
    r"_HANDLER|_X_AMZN_TRACE_ID|AWS_(DEFAULT_)?REGION|AWS_EXECUTION_ENV|AWS_LAMBDA_(FUNCTION_\w+|INITIALIZATION_TYPE|LOG_\w+_NAME)|"
    r"AWS_ACCESS_KEY(_ID)?|AWS_SECRET_ACCESS_KEY|AWS_SESSION_TOKEN|AWS_LAMBDA_RUNTIME_API|LAMBDA_(TASK_ROOT|RUNTIME_DIR)"
)
_VARIABLE = re.compile(r"[A-Za-z][A-Za-z0-9_]+")
MOST_ENVIRONMENT = 4096  # bytes
MOST_POLICY_NAME = 128
_METHODS = ("*", "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
_ECR = re.compile(r"[0-9]{12}\.dkr[.-]ecr(-fips)?\.(?P<region>[a-z0-9-]+)\.(amazonaws\.com(\.cn)?|on\.aws)/.+")


def _functions(app: App) -> Iterable[tuple[str, str, FunctionSpec]]:
    for key, function in sorted((app.spec.functions or {}).items()):
        yield f"spec.functions.{key}", key, function


def _code(app: App, raw: Mapping[str, Any]) -> Iterable[Fault]:
    for path, key, function in _functions(app):
        # what is there but faulty is told by itself
        written = {name for name, value in raw["functions"][key].items() if value is not None}
        if "image" in written and "code" in written:
            yield Fault(f"{path}.code", "excludes image; give one of the two")
        elif "image" not in written and "code" not in written:
            yield Fault(path, "has neither image nor code; it must have one of the two")
        if function.code:
            for field in ("command", "entryPoint"):
                if field in written:
                    yield Fault(f"{path}.{field}", "goes with an image only; code in S3 has code.handler")
            yield from _object(f"{path}.code", function.code)
        if function.layers and "image" in written and "code" not in written:
            yield Fault(f"{path}.layers", "go with code only; what an image needs is built into it")


def _object(path: str, code: Code) -> Iterable[Fault]:
    if code.sha256 and code.s3_object_version:
        yield Fault(f"{path}.sha256", "excludes s3ObjectVersion; give one of the two")
    for field, text in (("s3Bucket", code.s3_bucket), ("s3Key", code.s3_key)):
        unknown = [name for name in references(text) if name not in {"AWS::AccountId", "AWS::Partition", "AWS::Region"}]
        if unknown and not code.s3_object_version:
            right = "write it out, or give s3ObjectVersion"
            yield Fault(f"{path}.{field}", f"its version is looked up before the stack knows ${{{unknown[0]}}}; {right}")
    if code.s3_bucket.startswith(("arn:", "s3:")):
        yield Fault(f"{path}.s3Bucket", "must be the bucket's name alone")


def _images(app: App, _: Mapping[str, Any]) -> Iterable[Fault]:
    for path, _key, function in _functions(app):
        image = (app.spec.images or {}).get(function.image or "")
        written = image.written() if image and not image.build else ""
        if written and "${" not in written and not _ECR.fullmatch(written):
            wrong = f"is {written}; Lambda takes images only from a private repository of ECR"
            yield Fault(f"{path}.image", f"{wrong}, <account>.dkr.ecr.<region>.amazonaws.com/<repository>")


def image_region(written: str) -> str:
    """The region of an image in ECR; empty where it is not known."""
    match = _ECR.fullmatch(written)
    return match["region"] if match else ""


def _concurrency(app: App, _: Mapping[str, Any]) -> Iterable[Fault]:
    for path, _key, function in _functions(app):
        most, warm = function.reserved_concurrency, function.provisioned_concurrency
        if most is not None and warm is not None and warm > most:
            yield Fault(f"{path}.provisionedConcurrency", f"is {warm}, more than reservedConcurrency, {most}")
        for name, event in sorted((function.events or {}).items()):
            wanted = event.sqs.maximum_concurrency if event.sqs else None
            if most is not None and wanted is not None and wanted > most:
                wrong = f"is {wanted}, more than reservedConcurrency, {most}: messages would be taken and turned back"
                yield Fault(f"{path}.events.{name}.sqs.maximumConcurrency", wrong)


def _environment(app: App, _: Mapping[str, Any]) -> Iterable[Fault]:
    shared = app.spec
    for path, key, function in _functions(app):
        own_variables, own_secrets = function.environment or {}, function.secrets or {}
        variables = {**(shared.environment or {}), **own_variables}
        secrets = {**(shared.secrets or {}), **own_secrets}
        named = [(name, "environment", name in own_variables) for name in variables]
        named += [(name, "secrets", name in own_secrets) for name in secrets]
        for name, field, own in sorted(named):
            if RESERVED.fullmatch(name) or not _VARIABLE.fullmatch(name):
                wrong = "is Lambda's own" if RESERVED.fullmatch(name) else "is no name of a variable in Lambda"
                right = "must have letters, digits and underscores, begin with a letter, and be none of Lambda's own"
                yield Fault(f"{path if own else 'spec'}.{field}.{name}", f"{wrong}, so that {key} cannot have it; it {right}")


def environment_faults(app: App, resources: Mapping[str, Any], facts: Facts) -> Iterable[Fault]:
    """Environments that are too large, by what the finished resources have; of what only AWS knows the least counts."""
    place = f"{facts.region}:{facts.account_id}"
    known = {
        "AWS::Region": facts.region,
        "AWS::AccountId": facts.account_id,
        "AWS::Partition": facts.partition,
        # CloudFormation adds twelve characters to the name, Secrets Manager six
        names.COPIED_SECRET: f"arn:{facts.partition}:secretsmanager:{place}:secret:{names.COPIED_SECRET}-{'x' * 12}-{'x' * 6}",
    }
    for path, key, _function in _functions(app):
        properties = resources[logical_id(key)]["Properties"]
        variables = (properties.get("Environment") or {}).get("Variables") or {}
        size = sum(len(f"{name}{_least(value, known)}".encode()) for name, value in variables.items())
        if size > MOST_ENVIRONMENT:
            wrong = f"is {size} bytes with the shared ones and those of environmentFrom and secrets"
            yield Fault(f"{path}.environment", f"{wrong}; Lambda takes {MOST_ENVIRONMENT} in all")


def _least(value: Any, known: Mapping[str, str]) -> str:
    if isinstance(value, str):
        return value
    if "Fn::Join" in value:
        return "".join(_least(one, known) for one in value["Fn::Join"][1])
    return known.get(str(value.get("Ref")), "")


def _layers(app: App, _: Mapping[str, Any]) -> Iterable[Fault]:
    for path, _key, function in _functions(app):
        for number, arn in enumerate(function.layers or ()):
            told = parts(arn, app.spec.resources or {})
            whole = not told.resource or re.fullmatch(r"layer:[^:]+:[0-9]+", told.resource)
            if told.service not in ("", "lambda") or not whole:
                right = "must be a version of a layer, as in arn:aws:lambda:eu-west-1:123456789012:layer:tools:7"
                yield Fault(f"{path}.layers[{number}]", right)


def _destinations(app: App, _: Mapping[str, Any]) -> Iterable[Fault]:
    raw = app.spec.resources or {}
    for path, _key, function in _functions(app):
        if function.on_failure is None:
            continue
        if parts(function.on_failure, raw).service not in DESTINATIONS:
            right = "must be the ARN of an SQS queue, an SNS topic, a function or an event bus, or of one in spec.resources"
            yield Fault(f"{path}.onFailure", right)
        elif fifo(function.on_failure, raw):
            yield Fault(f"{path}.onFailure", "is FIFO; Lambda sends failed invocations only to standard queues and topics")


def fifo(arn: str, raw: Mapping[str, Any]) -> bool:
    """Whether a queue or topic keeps the order."""
    own = referred(arn, raw) or {}
    return arn.endswith(".fifo") or str(own.get("FifoQueue", own.get("FifoTopic", False))).lower() == "true"


def _urls(app: App, _: Mapping[str, Any]) -> Iterable[Fault]:
    for path, _key, function in _functions(app):
        yield from _url(f"{path}.url.cors", function.url) if function.url else ()


def _url(path: str, url: Url) -> Iterable[Fault]:
    for number, method in enumerate((url.cors.allow_methods if url.cors else None) or ()):
        if method not in _METHODS:
            yield Fault(f"{path}.allowMethods[{number}]", f"is {method!r}; a function URL takes {', '.join(_METHODS)}")
    if url.cors and url.cors.max_age and seconds(url.cors.max_age) > 86400:
        yield Fault(f"{path}.maxAge", f"is {seconds(url.cors.max_age)}s; must be 24h at most")


_OWN = (
    "",
    "Role",
    f"Alias{ALIAS}",
    "Url",
    "UrlPublicPermissions",
    "URLInvokeAllowPublicAccess",
    "EventInvokeConfig",
    "Integration",
)
_ENDINGS = {"http_api": ("Permission",), "schedule": ("", "Role"), "sqs": ("",), "stream": ("",)}
_PUSHED = ("", "Permission")


def _logical_ids(app: App, _: Mapping[str, Any]) -> Iterable[Fault]:
    """SAM makes IDs of words put together: an event named role would take the place of the function's role."""
    taken: dict[str, str] = {}
    for field, key, _task in app.tasks():
        taken |= {f"{names.identifier(key)}{ending}": f"spec.{field}.{key}" for ending in ("Task", "Service", "ScheduledTask")}
    for path, key, _function in _functions(app):
        taken |= {f"{names.identifier(key)}Function{ending}": path for ending in _OWN}
    for path, key, function in _functions(app):
        for name, event in sorted((function.events or {}).items()):
            stem, own = f"{names.identifier(key)}Function{names.identifier(name)}", f"{path}.events.{name}"
            kind = event.kinds()[0] if event.kinds() else ""
            if event.schedule and len(policy := f"{stem}LambdaPolicy") > MOST_POLICY_NAME:
                wrong = f"and its function's name make a policy's name of {len(policy)} characters, of which IAM takes"
                yield Fault(own, f"{wrong} {MOST_POLICY_NAME}; shorten one of the two")
            for made in (f"{stem}{ending}" for ending in _ENDINGS.get(kind, _PUSHED)):
                if taken.setdefault(made, own) != own:
                    yield Fault(own, f"collides with {taken[made]}: both make the resource {made}; rename it")


FUNCTION_CHECKS = (
    _code,
    _images,
    _concurrency,
    _environment,
    _layers,
    _destinations,
    _urls,
    _logical_ids,
)
