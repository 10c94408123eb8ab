"""Faults of what invokes a function, and of the HTTP API that functions share. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any

from fargate_operator import names
from fargate_operator.checks.functions import fifo
from fargate_operator.errors import Fault
from fargate_operator.fragments.arns import parts, references, referred
from fargate_operator.fragments.events import Event, EventBridgeEvent, SnsEvent, SqsEvent, StreamEvent
from fargate_operator.fragments.http_api import AWS_IAM
from fargate_operator.fragments.values import seconds
from fargate_operator.model import App
from fargate_operator.workloads.function import FunctionSpec, routes

DAY, HOUR = 86400, 3600
_QUEUE_TIMEOUT = 30  # seconds that SQS hides a message, where a queue does not say


def _events(app: App, _: Mapping[str, Any]) -> Iterable[Fault]:
    raw = app.spec.resources or {}
    for key, function in sorted((app.spec.functions or {}).items()):
        for name, event in sorted((function.events or {}).items()):
            faults = _event(event, function, raw)
            yield from (Fault(f"spec.functions.{key}.events.{name}.{field}", message) for field, message in faults)


def _event(event: Event, function: FunctionSpec, raw: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    if event.sqs:
        yield from _queue(event.sqs, function, raw)
    if event.sns:
        yield from _topic(event.sns, raw)
    if event.event_bridge:
        yield from _bus(event.event_bridge, raw)
    if event.stream:
        yield from _stream(event.stream, raw)
    if event.s3 and event.s3.bucket.startswith(("arn:", "s3:")):
        yield "s3.bucket", "must be the bucket's name alone"


def _queue(event: SqsEvent, function: FunctionSpec, raw: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    if parts(event.queue_arn, raw).service not in ("", "sqs"):
        yield "sqs.queueArn", "must be the ARN of an SQS queue"
    window = seconds(event.batch_window) if event.batch_window else 0
    size = event.batch_size or 10
    if fifo(event.queue_arn, raw):
        if size > 10:
            yield "sqs.batchSize", f"is {size}; must be 10 at most for a FIFO queue"
        if window:
            yield "sqs.batchWindow", "is not for a FIFO queue; leave it out"
    elif size > 10 and not window:
        yield "sqs.batchSize", f"is {size}; over 10 it needs batchWindow, of 1s or more"
    own = referred(event.queue_arn, raw)
    hidden = own.get("VisibilityTimeout", _QUEUE_TIMEOUT) if own is not None else None
    timeout = seconds(function.timeout or "30s")
    if isinstance(hidden, int) and hidden < timeout:
        yield "sqs.queueArn", f"is a queue whose VisibilityTimeout, {hidden}s, is less than the function's timeout, {timeout}s"


def _topic(event: SnsEvent, raw: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    if parts(event.topic_arn, raw).service not in ("", "sns"):
        yield "sns.topicArn", "must be the ARN of an SNS topic"
    elif fifo(event.topic_arn, raw):
        yield "sns.topicArn", "is a FIFO topic, which cannot invoke a function; put a queue between them"


def _bus(event: EventBridgeEvent, raw: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    bus = event.bus or ""
    told = parts(bus, raw)
    wrong = told.service not in ("", "events") or (told.resource and not told.resource.startswith("event-bus/"))
    if bus.startswith(("arn:", "${")) and wrong:
        yield "eventBridge.bus", "must be the name or the ARN of an event bus"
    if not event.pattern:
        yield "eventBridge.pattern", "must not be empty; {source: [{prefix: ''}]} matches everything"


def _stream(event: StreamEvent, raw: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    told = parts(event.arn, raw)
    table = told.service == "dynamodb"
    attribute = next(iter(references(event.arn)), "").partition(".")[2]
    whole = told.resource.partition("/")[2] if told.resource else attribute
    right = "must be the ARN of a Kinesis or a DynamoDB stream, or of one in spec.resources, as in ${Stream.Arn}"
    if told.service not in ("kinesis", "dynamodb"):
        yield "stream.arn", right
    elif table and "/stream/" not in whole and whole != "StreamArn" and (told.resource or event.arn.endswith("}")):
        yield "stream.arn", "is a table; its stream is meant, whose ARN ends in /stream/<time>, or ${Table.StreamArn}"
    if event.batch_window and seconds(event.batch_window) > 300:
        yield "stream.batchWindow", f"is {seconds(event.batch_window)}s; must be 300s at most"


def _routes(app: App, raw: Mapping[str, Any]) -> Iterable[Fault]:
    api = raw.get("httpApi")
    written = api.get("authorizers") if isinstance(api, Mapping) else None
    known = sorted(map(str, written)) if isinstance(written, Mapping) else []
    seen: dict[str, str] = {}
    for key, name, event in routes(app.spec.functions):
        path = f"spec.functions.{key}.events.{name}.httpApi"
        if "${" in event.route:
            yield Fault(f"{path}.route", "cannot hold a ${…} reference; write it out")
        elif seen.setdefault(event.route, path) != path:
            yield Fault(f"{path}.route", f"is {event.route}, which is {seen[event.route]}'s; each route has one function")
        if event.authorizer not in (None, AWS_IAM, *known):
            right = f"one of {', '.join([*known, AWS_IAM])}" if known else f"{AWS_IAM}, or a name in spec.httpApi.authorizers"
            yield Fault(f"{path}.authorizer", f"{event.authorizer!r} is not in spec.httpApi.authorizers; must be {right}")


def _authorizers(app: App, raw: Mapping[str, Any]) -> Iterable[Fault]:
    authorizers = (app.spec.http_api.authorizers if app.spec.http_api else None) or {}
    functions = raw.get("functions")
    known = sorted(map(str, functions)) if isinstance(functions, Mapping) else []
    stems: dict[str, str] = {}
    for name, one in sorted(authorizers.items()):
        path, stem = f"spec.httpApi.authorizers.{name}", names.identifier(name)
        if name == AWS_IAM or stem == "NONE":
            yield Fault(path, f"is a word with a meaning of its own; rename it ({AWS_IAM} needs no entry here)")
        if stems.setdefault(stem, name) != name:
            yield Fault(path, f"collides with {stems[stem]}: both are {stem} as identifiers; rename one")
        if (one.jwt is None) == (one.lambda_ is None):
            yield Fault(path, "must have exactly one kind: jwt or lambda")
        if one.lambda_ and one.lambda_.function not in known:
            right = f"one of {', '.join(known)}" if known else "a name in spec.functions, which has none"
            yield Fault(f"{path}.lambda.function", f"{one.lambda_.function!r} is not in spec.functions; must be {right}")
        if one.lambda_ and one.lambda_.ttl and seconds(one.lambda_.ttl) > HOUR:
            yield Fault(f"{path}.lambda.ttl", f"is {seconds(one.lambda_.ttl)}s; must be 1h at most")


def _api(app: App, _: Mapping[str, Any]) -> Iterable[Fault]:
    api = app.spec.http_api
    if api and api.cors and api.cors.max_age and seconds(api.cors.max_age) > DAY:
        yield Fault("spec.httpApi.cors.maxAge", f"is {seconds(api.cors.max_age)}s; must be 24h at most")
    if api and api.domain:
        if api.domain.name != api.domain.name.lower() or "." not in api.domain.name:
            yield Fault("spec.httpApi.domain.name", "must be a whole host name in lower case, as in api.example.com")
        if parts(api.domain.certificate_arn, app.spec.resources or {}).service not in ("", "acm"):
            yield Fault("spec.httpApi.domain.certificateArn", "must be the ARN of an ACM certificate")


EVENT_CHECKS = (_events, _routes, _authorizers, _api)
