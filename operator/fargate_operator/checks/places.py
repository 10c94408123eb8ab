"""Faults that show only where region and account are known: what functions and their API use must be there, too. Pure."""

from collections.abc import Iterable

from fargate_operator.checks.functions import image_region
from fargate_operator.errors import Fault
from fargate_operator.facts import Facts
from fargate_operator.fragments.arns import parts
from fargate_operator.fragments.events import Event
from fargate_operator.model import App
from fargate_operator.workloads.function import FunctionSpec


def function_places(app: App, facts: Facts) -> Iterable[Fault]:
    """ARNs and images of another region than the app's; a certificate of another account."""
    raw = app.spec.resources or {}
    for key, function in sorted((app.spec.functions or {}).items()):
        for field, arn in _arns(function):
            region = parts(arn, raw).region
            if region not in ("", facts.region):
                yield Fault(f"spec.functions.{key}.{field}", f"is in {region}; must be in the app's region, {facts.region}")
        region = image_region(facts.images.get(function.image or "", ""))
        if region not in ("", facts.region):
            wrong = f"is in ECR's {region}; Lambda takes images only from its own region, {facts.region}"
            yield Fault(f"spec.functions.{key}.image", f"{wrong}: replicate the repository there")
    if app.spec.http_api and app.spec.http_api.domain:
        told = parts(app.spec.http_api.domain.certificate_arn, raw)
        if told.region not in ("", facts.region) or told.account not in ("", facts.account_id):
            right = f"must be of the app's region and account, {facts.region} and {facts.account_id}"
            yield Fault("spec.httpApi.domain.certificateArn", f"is of {told.region} and {told.account}; {right}")


def _arns(function: FunctionSpec) -> Iterable[tuple[str, str]]:
    for number, arn in enumerate(function.layers or ()):
        yield f"layers[{number}]", arn
    if function.on_failure:
        yield "onFailure", function.on_failure
    for name, event in sorted((function.events or {}).items()):
        yield from ((f"events.{name}.{field}", arn) for field, arn in _event(event))


def _event(event: Event) -> Iterable[tuple[str, str]]:
    if event.sqs:
        yield "sqs.queueArn", event.sqs.queue_arn
    if event.sns:
        yield "sns.topicArn", event.sns.topic_arn
    if event.stream:
        yield "stream.arn", event.stream.arn
    if event.event_bridge and event.event_bridge.bus:
        yield "eventBridge.bus", event.event_bridge.bus
